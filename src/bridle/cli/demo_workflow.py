"""The demo's first part: a workflow, a simulated agent, the rule learner, and a policy that decides."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from bridle.cli.comparison import figures, tell

if TYPE_CHECKING:
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
        print()
        tell(record)
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
