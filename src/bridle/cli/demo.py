"""`bridle demo`: what Bridle does, in a few minutes, without any model."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from bridle.cli.console import JSON_OPTION, emit, table

if TYPE_CHECKING:
    from bridle.environment import Environment
    from bridle.harness import Harness, Sandbox

GAME = "textarena/Othello-v0"
MATCHES = 30


def demo(
    seed: int = typer.Option(0, help="Which sealed scenarios are played."),
    keep: Path = typer.Option(None, help="Keep the run in this folder (default: a temporary one)."),
    json: bool = JSON_OPTION,
) -> None:
    """Show what Bridle does, in a few minutes, without any model.

    Replays a recorded search on a game, checks the harness on sealed scenarios, and puts it in front of a simulated
    player.

    Example:  bridle demo --seed 7
    """
    with tempfile.TemporaryDirectory(prefix="bridle-demo-") as temporary:
        record = game(keep or Path(temporary) / "run", seed=seed, quiet=json)
    if json:
        emit(record)


def game(folder: Path, *, seed: int, quiet: bool) -> dict[str, Any]:
    """The game's part: search (replayed), sealed check, a careless player without and with the harness."""
    from bridle.cli.check import tell
    from bridle.cli.progress import Progress
    from bridle.environments.catalog import resolve
    from bridle.evaluation.check import check
    from bridle.harness import Limits
    from bridle.report.html import write_report
    from bridle.rollout import Trial
    from bridle.sandbox import LocalSandbox
    from bridle.synthesis import run as runs

    def say(text: str) -> None:
        if not quiet:
            print(text, flush=True)

    plan = demo_plan()
    say(f"\n{GAME}: a model writes a harness from feedback alone (recorded answers, live games).\n")
    with Progress(plan, quiet=quiet) as progress:
        outcome = runs.start(plan, folder, hooks=progress.hooks)
    write_report(folder)
    environment = resolve(GAME)
    harness = outcome.best.harness(environment.contract)
    sandbox = LocalSandbox()
    try:
        trial = Trial(split="sealed", seed=seed, offset=seed * 1_000_003 % 400_000_000)
        found = check(environment, harness, sandbox, trial=trial, rows=1000, limits=Limits())
        players = careless(environment, harness, sandbox, seed=seed)
    finally:
        sandbox.close()
    record = {"environment": GAME, "harness": harness.digest, **found.record(), "players": players}
    if not quiet:
        tell(record)
        say("")
        rows = [[p["player"], str(p["matches"]), str(p["turns"]), p["illegal"], p["lost"]] for p in players]
        table(
            "A careless player (simulated), sealed scenarios",
            ["player", "matches", "turns", "illegal turns", "matches ended by one"],
            rows,
        )
    return record


def demo_plan() -> Any:
    """The plan that the recorded answers belong to."""
    from bridle.synthesis.plan import Plan

    replay = Path(__file__).parent / "replays" / "othello.jsonl"
    return Plan(environment=GAME, model=f"replay:{replay}")


def careless(environment: Environment, harness: Harness, sandbox: Sandbox, *, seed: int) -> list[dict[str, Any]]:
    """The same simulated player on the same scenarios, without a harness and with it as verifier."""
    from functools import partial

    from bridle.evaluation.matches import alone, play, simulated_player
    from bridle.harness import Limits
    from bridle.runtime.modes import verifier
    from bridle.statistics import wilson

    loaded = sandbox.load(harness, Limits())
    scenarios = environment.scenarios("sealed")[seed : seed + MATCHES]
    rows = []
    for name, mode in (("without harness", alone), ("with harness (verifier)", partial(verifier, attempts=50))):
        played = [
            play(environment, scenario, simulated_player, mode=mode, loaded=loaded, seed=seed) for scenario in scenarios
        ]
        turns, illegal = sum(m.turns for m in played), sum(m.illegal for m in played)
        lost = sum(m.illegal > 0 for m in played)
        interval = wilson(illegal, turns)
        rows.append(
            {
                "player": f"simulated, {name}",
                "matches": len(played),
                "turns": turns,
                "illegal": f"{illegal / turns:.3f} [{interval.low:.3f}, {interval.high:.3f}]",
                "lost": f"{lost} of {len(played)}",
            }
        )
    loaded.close()
    return rows
