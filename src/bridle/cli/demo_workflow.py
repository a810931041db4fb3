"""The demo's first part: a workflow, a simulated agent, the rule learner, and a policy that decides."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from bridle.cli.console import table

if TYPE_CHECKING:
    from bridle.evaluation.comparison import Comparison
    from bridle.statistics import Estimate
    from bridle.synthesis.plan import Plan

ENVIRONMENT = "enterprise/expense"
PROFILE, POLICY = "small", "strict"
LANES, EPISODES = 10, 30


def show(folder: Path, *, seed: int, quiet: bool) -> dict[str, Any]:
    """Synthesise, compare on sealed scenarios, and tell."""
    from bridle.cli.progress import Progress
    from bridle.environments.catalog import resolve
    from bridle.evaluation.comparison import compare
    from bridle.harness import Limits
    from bridle.report.html import write_report
    from bridle.rollout import Trial
    from bridle.sandbox import LocalSandbox
    from bridle.synthesis import run as runs

    chosen = plan(seed)
    if not quiet:
        print(f"{ENVIRONMENT}: a simulated agent fails, and the rule learner writes a harness. No model is asked.\n")
    with Progress(chosen, quiet=quiet) as progress:
        outcome = runs.start(chosen, folder, hooks=progress.hooks)
    write_report(folder)
    environment = resolve(ENVIRONMENT)
    harness = outcome.best.harness(environment.contract)
    trial = Trial(split="sealed", lanes=LANES, steps=100_000, seed=seed, offset=seed * 7919)
    with LocalSandbox() as sandbox, sandbox.load(harness, Limits()) as loaded:
        comparison = compare(
            environment, harness, loaded, profile=PROFILE, policy=POLICY, trial=trial, episodes=EPISODES
        )
    record = {"reached": outcome.reached, "harness": harness.digest, **figures(comparison, seed=seed)}
    if not quiet:
        tell(record, comparison)
    return record


def plan(seed: int) -> Plan:
    """The search of the demo."""
    from bridle.synthesis.budget import Limit
    from bridle.synthesis.plan import Plan

    return Plan(
        environment=ENVIRONMENT,
        model="rules",
        objective="workflow",
        seed=seed,
        lanes=LANES,
        steps=150,
        target=0.97,
        limit=Limit(iterations=6),
    )


def figures(comparison: Comparison, *, seed: int) -> dict[str, Any]:
    """The comparison as a JSON object; a figure without data is None."""
    from bridle.evaluation.comparison import RATES
    from bridle.evaluation.metrics import decisions

    return {
        "environment": ENVIRONMENT,
        "agents": comparison.agents,
        "policy": comparison.policy,
        "conditions": {
            condition.name: {
                "episodes": len(condition.episodes),
                "proposals": condition.proposals,
                "decisions": decisions(condition.episodes),
                **{name: _record(rate(condition.episodes)) for name, rate in RATES.items()},
            }
            for condition in comparison.conditions
        },
        "gain in completion": _record(comparison.gain(seed=seed)),
        "share of the headroom": _record(comparison.headroom(seed=seed)),
    }


def tell(record: dict[str, Any], comparison: Comparison) -> None:
    """The table."""
    from bridle.evaluation.comparison import RATES

    columns = ["", *(condition.name for condition in comparison.conditions)]
    played = record["conditions"]
    rows = [
        [name, *(str(played[condition.name][name]) for condition in comparison.conditions)]
        for name in ("episodes", "proposals")
    ]
    rows += [
        [name, *(_shown(rate(condition.episodes)) for condition in comparison.conditions)]
        for name, rate in RATES.items()
    ]
    for word in ("permit", "deny"):
        counts = [played[condition.name]["decisions"].get(word, 0) for condition in comparison.conditions]
        rows.append([f"policy engine said {word}", *map(str, counts)])
    title = f"{ENVIRONMENT}, sealed scenarios; agent {comparison.agents}; Cedar policy “{comparison.policy}”"
    print()
    table(title, columns, rows)
    print(f"Gain in completion, paired by scenario: {_interval(record['gain in completion'])}.")
    print(f"Share of the headroom that the harness took: {_interval(record['share of the headroom'])}.")


def _record(estimate: Estimate | None) -> dict[str, Any] | None:
    return None if estimate is None else dict(estimate._asdict())


def _shown(estimate: Estimate | None) -> str:
    return "no data" if estimate is None else f"{estimate.value:.3f} [{estimate.low:.3f}, {estimate.high:.3f}]"


def _interval(record: dict[str, Any] | None) -> str:
    return "no data" if record is None else f"{record['value']:+.3f} [{record['low']:+.3f}, {record['high']:+.3f}]"
