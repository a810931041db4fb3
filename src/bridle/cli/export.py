"""`bridle export`: a run's counterexamples as regression tests."""

from __future__ import annotations

from pathlib import Path

import typer

from bridle.cli.console import JSON_OPTION, emit


def export(
    run: Path = typer.Argument(..., help="The run's folder."),
    to: Path = typer.Option(..., help="The folder to write to, such as tests/harness."),
    json: bool = JSON_OPTION,
) -> None:
    """Write what a run's candidates got wrong as tests for its best harness.

    A pytest file, its data, and the harness. The tests pass on this harness and fail on its failed ancestors; they need
    no environment and no model, and the harness runs in the sandbox.

    Example:  bridle export .bridle/runs/TicTacToe-v0-1 --to tests/tictactoe
    """
    from bridle.synthesis.export import TEST
    from bridle.synthesis.export import export as write

    found = write(run, to)
    if json:
        ancestors = {str(node): failed for node, failed in found.ancestors.items()}
        emit({"folder": str(to), "cases": found.cases, "open": found.open, "ancestors": ancestors})
        return
    print(f"{found.cases} counterexamples; run them with  pytest {to / TEST}")
    if found.open:
        print(f"The harness itself fails on {found.open} of them: they are marked as expected failures.")
    for node, failed in found.ancestors.items():
        print(f"Its ancestor {node} fails on {failed} of the others.")
