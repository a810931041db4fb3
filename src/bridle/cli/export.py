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
    """Write what a run's candidates got wrong as tests.

    A pytest file, its data, and the best harness. The tests pass on this harness and fail on its failed ancestors;
    they need no environment and no model, and the harness runs in the sandbox.

    Example:  bridle export .bridle/runs/TicTacToe-v0-1 --to tests/tictactoe
    """
    from bridle.cli.given import measured
    from bridle.errors import UsageError
    from bridle.synthesis.export import DATA, TEST
    from bridle.synthesis.export import export as write
    from bridle.synthesis.run import HARNESS

    measured(run)
    if to.exists() and not to.is_dir():
        raise UsageError(f"{to} is a file; name a folder to write to.")
    if not (to / DATA).exists() and (lying := [name for name in (HARNESS, TEST) if (to / name).exists()]):
        raise UsageError(f"{to / lying[0]} would be replaced, and no export wrote it; name another folder.")
    try:
        found = write(run, to)
    except OSError as error:
        raise UsageError(f"{to} can't be written ({error.strerror}); name another folder.") from None
    if json:
        ancestors = {str(node): failed for node, failed in found.ancestors.items()}
        emit({"folder": str(to), "cases": found.cases, "open": found.open, "ancestors": ancestors})
        return
    print(f"{found.cases} counterexamples; run them with  pytest {to / TEST}")
    if found.open:
        print(f"The harness itself fails on {found.open} of them: they are marked as expected failures.")
    for node, failed in found.ancestors.items():
        print(f"Its ancestor {node} fails on {failed} of the others.")
