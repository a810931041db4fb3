"""The demo's second part: a game, a recorded search, and a careless player."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bridle.cli.console import table

if TYPE_CHECKING:
    from bridle.environment import Environment
    from bridle.harness import Loaded
    from bridle.synthesis.plan import Plan

GAME = "textarena/PegJump-v0"
REPLAY = Path(__file__).parent / "replays" / "pegjump.jsonl"
MATCHES = 100


def plan() -> Plan:
    """The plan that the recorded answers belong to."""
    from bridle.synthesis.plan import Plan

    return Plan(environment=GAME, objective="verifier", model=f"replay:{REPLAY}", weight=1.0)


def show(folder: Path, *, seed: int, quiet: bool) -> dict[str, Any]:
    """Search (replayed), check on sealed scenarios, put the harness in front of a careless player, and tell."""
    from bridle.cli import check as checking
    from bridle.cli.progress import Progress
    from bridle.environments.catalog import resolve
    from bridle.evaluation.check import check
    from bridle.harness import Limits
    from bridle.report.html import write_report
    from bridle.rollout import Trial
    from bridle.sandbox import LocalSandbox
    from bridle.synthesis import run as runs

    chosen = plan()
    if not quiet:
        print(f"\n{GAME}: a model wrote a harness from feedback alone. Its answers are replayed, the games are live.\n")
    with Progress(chosen, quiet=quiet) as progress:
        outcome = runs.start(chosen, folder, hooks=progress.hooks)
    write_report(folder)
    environment = resolve(GAME)
    harness = outcome.best.harness(environment.contract)
    trial = Trial(split="sealed", seed=seed, offset=seed * 1_000_003 % 400_000_000)
    with LocalSandbox() as sandbox:
        found = check(environment, harness, sandbox, trial=trial, rows=1000, limits=Limits())
        with sandbox.load(harness, Limits()) as loaded:
            players = careless(environment, loaded, seed=seed)
    record = {"reached": outcome.reached and found.clean, "environment": GAME, "harness": harness.digest}
    record |= {**found.record(), "players": players}
    if not quiet:
        print()
        checking.tell(record)
        print()
        rows = [[p["player"], str(p["matches"]), str(p["turns"]), p["illegal turns"], p["ended so"]] for p in players]
        columns = ["player", "matches", "turns", "illegal turns", "matches with an illegal turn"]
        table("A careless player (simulated) on sealed scenarios", columns, rows)
    return record


def careless(environment: Environment, loaded: Loaded, *, seed: int) -> list[dict[str, Any]]:
    """The same simulated player on the same scenarios, without a harness and with it as verifier."""
    from bridle.evaluation.matches import alone, play, simulated_player
    from bridle.runtime.modes import verifier
    from bridle.statistics import wilson

    scenarios = environment.scenarios("sealed")[seed * MATCHES : (seed + 1) * MATCHES]
    rows = []
    for name, mode in (("without harness", alone), ("with harness (verifier)", partial(verifier, attempts=50))):
        played = [play(environment, s, simulated_player, mode=mode, loaded=loaded, seed=seed) for s in scenarios]
        turns, illegal = sum(m.turns for m in played), sum(m.illegal for m in played)
        interval = wilson(illegal, turns)
        rows.append(
            {
                "player": f"simulated, {name}",
                "matches": len(played),
                "turns": turns,
                "illegal turns": f"{illegal / turns:.3f} [{interval.low:.3f}, {interval.high:.3f}]",
                "ended so": f"{sum(m.illegal > 0 for m in played)} of {len(played)}",
            }
        )
    return rows
