"""`bridle check`: a harness on sealed scenarios."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import typer

from bridle.cli.console import JSON_OPTION, emit, leave, table

if TYPE_CHECKING:
    from bridle.environment import Environment
    from bridle.harness import Harness
    from bridle.rollout import Trial


def check(
    harness: Path = typer.Argument(..., help="The harness's file, or its run's folder."),
    environment: str = typer.Argument(..., help="The environment's id."),
    lanes: int = typer.Option(10, min=1, help="Seeds."),
    steps: int = typer.Option(1000, min=1, help="Steps for each seed."),
    rows: int = typer.Option(2000, min=0, help="Judged rows for false acceptance and rejection; 0 for none."),
    policy: str = typer.Option(
        None, help="Tool calls: the environment's policy that decides every call (default: its first)."
    ),
    profile: str = typer.Option("small", help="Tool calls: the simulated agent that proposes."),
    seed: int = typer.Option(0, help="Which sealed scenarios."),
    variants: bool = typer.Option(False, "--variants", help="Games: also reformatted and reworded, side by side."),
    json: bool = JSON_OPTION,
) -> None:
    """Check a harness on sealed scenarios.

    Games: legality of the code's own actions, and false acceptance and rejection of foreign ones; exit code 0 when
    every planned step was played and legal, else 3. Tool calls: a simulated agent without the harness, with it, and
    behind a perfect probe; exit code 0 when completion with it is higher, by an interval that excludes 0, and the
    interval of its false acceptance ends below one half, else 3.

    With --variants a game is played as it is, with its boards laid out otherwise, and with its sentences reworded.
    Where the figures differ, the harness depends on layout or words; exit code 0 when all three are clean, else 3.

    Example:  bridle check .bridle/runs/TicTacToe-v0-1/harness.py textarena/TicTacToe-v0
    """
    from bridle.cli.given import read_harness
    from bridle.environments.catalog import resolve
    from bridle.errors import UsageError
    from bridle.evaluation.check import check as measure
    from bridle.harness import Limits
    from bridle.rollout import Trial
    from bridle.sandbox import LocalSandbox

    opened = resolve(environment)
    if variants and opened.contract.name == "tool-call":
        raise UsageError("--variants are of games; for workflows use bridle evaluate, which plays theirs.")
    loaded = read_harness(harness, opened.contract)
    if opened.contract.name == "tool-call":
        _check_calls(opened, loaded, policy=policy, profile=profile, seed=seed, json=json)
    trial = Trial(split="sealed", lanes=lanes, steps=steps, seed=seed, offset=seed * 1_000_003 % 400_000_000)
    if variants:
        _check_variants(environment, loaded, trial=trial, rows=rows, json=json)
    sandbox = LocalSandbox(pinned=False)  # nothing else is measured beside it
    try:
        found = measure(opened, loaded, sandbox, trial=trial, rows=rows, limits=Limits())
    finally:
        sandbox.close()
    record = {"harness": loaded.digest, "environment": environment, "split": "sealed", **found.record()}
    if json:
        emit(record)
    else:
        tell(record)
    leave(0 if found.clean else 3)


def _check_calls(
    environment: Environment, harness: Harness, *, policy: str | None, profile: str, seed: int, json: bool
) -> NoReturn:
    """A tool-call harness in front of a simulated agent, on 300 sealed episodes."""
    from bridle.cli import comparison
    from bridle.environments.enterprise.governance import GovernedEnvironment
    from bridle.evaluation.comparison import compare
    from bridle.harness import Limits
    from bridle.rollout import Trial
    from bridle.sandbox import LocalSandbox

    policies = environment.policies if isinstance(environment, GovernedEnvironment) else ()
    policy = policy if policy is not None else next(iter(policies), "")
    trial = Trial(split="sealed", lanes=10, steps=100_000, seed=seed, offset=seed * 7919)
    with LocalSandbox(pinned=False) as sandbox, sandbox.load(harness, Limits()) as loaded:
        found = compare(environment, harness, loaded, profile=profile, policy=policy, trial=trial, episodes=30)
    record = {"harness": harness.digest, "split": "sealed", **comparison.figures(found, seed=seed)}
    if json:
        emit(record)
    else:
        comparison.tell(record)
    leave(0 if found.of_use(seed=seed) else 3)


def _check_variants(environment_id: str, harness: Harness, *, trial: Trial, rows: int, json: bool) -> NoReturn:
    """A game's harness on the game and on its variants."""
    from bridle.evaluation.dependence import dependence, siblings
    from bridle.harness import Limits
    from bridle.sandbox import LocalSandbox

    environments = siblings(environment_id)
    with LocalSandbox(pinned=False) as sandbox:
        found = dependence(environments, harness, sandbox, trial=trial, rows=rows, limits=Limits())
    record = {"harness": harness.digest, "environment": environment_id, "split": "sealed", **found.record()}
    if json:
        emit(record)
    else:
        tell_variants(record)
    leave(0 if found.clean else 3)


def tell_variants(record: dict[str, Any]) -> None:
    """The variants side by side, and beneath each figure its difference from the nominal one."""
    names = list(record["variants"])
    found = list(record["variants"].values())
    rows = [["planned steps played legally", *(f"{one['played']:.4f}" for one in found)], _apart("played", found)]
    for name in ("false_acceptance", "false_rejection"):
        rows += [[name.replace("_", " "), *(_rate_of(one["foreign"], name) for one in found)], _apart(name, found)]
    failed = [str(one["foreign"]["failed_calls"]) if one["foreign"] else "no data" for one in found]
    rows += [["failed calls", *failed]]
    table(f"{record['environment']}, sealed", ["what", *names], rows)


def _rate_of(foreign: dict[str, Any] | None, name: str) -> str:
    rate = None if foreign is None else foreign[name]
    return "no data" if rate is None else f"{rate['rate']:.4f} ({rate['count']} of {rate['n']})"


def _apart(name: str, found: list[dict[str, Any]]) -> list[str]:
    """The row of paired differences under a figure."""
    apart = [one["difference"][name] for one in found[1:]]
    told = [
        "no data" if one is None else f"{one['value']:+.4f} [{one['low']:+.4f}, {one['high']:+.4f}]" for one in apart
    ]
    return ["  against nominal, paired", "", *told]


def tell(record: dict[str, Any]) -> None:
    """The record as a table."""
    legality, foreign = record["legality"], record["foreign"]
    rows = [
        ["own actions", f"{legality['illegal']} illegal", f"{legality['attempted']} of {legality['planned']} planned"]
    ]
    if foreign is None:
        rows.append(["foreign actions", "no data", "the environment can't tell the truth about them"])
    else:
        for name in ("false_acceptance", "false_rejection"):
            rate = foreign[name]
            shown = "no data" if rate is None else f"{rate['rate']:.4f} [{rate['low']:.4f}, {rate['high']:.4f}]"
            rows.append([name.replace("_", " "), shown, "" if rate is None else f"{rate['count']} of {rate['n']}"])
    table(f"{record['environment']}, sealed", ["what", "result", "of"], rows)
