"""`bridle demo`: what Bridle does, in a few minutes, without any model."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import typer

from bridle.cli.console import JSON_OPTION, emit, leave


def demo(
    seed: int = typer.Option(0, help="Which scenarios are searched and played; the figures change with it."),
    keep: Path = typer.Option(None, help="Keep the runs in this folder (default: a temporary one)."),
    json: bool = JSON_OPTION,
) -> None:
    """Show what Bridle does, in a few minutes, without any model.

    First a workflow: a simulated agent fails in an expense system; the rule learner synthesises a harness; the same
    agent works on sealed scenarios without it, with it, and behind a perfect probe, with a policy deciding every call.
    Then a game: a recorded search is replayed, and its harness is checked on sealed scenarios.

    Example:  bridle demo --seed 7
    """
    from bridle.cli import demo_game, demo_workflow

    with tempfile.TemporaryDirectory(prefix="bridle-demo-") as temporary:
        folder = keep or Path(temporary)
        parts: list[dict[str, Any]] = [
            demo_workflow.show(folder / "workflow", seed=seed, quiet=json),
            demo_game.show(folder / "game", seed=seed, quiet=json),
        ]
    if json:
        emit({"workflow": parts[0], "game": parts[1]})
    elif keep is not None:
        print(f"\nThe reports: {keep / 'workflow' / 'report.html'} and {keep / 'game' / 'report.html'}")
    leave(0 if all(part["reached"] for part in parts) else 3)
