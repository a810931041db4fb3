"""`bridle report`: a run's report, made anew from its journal."""

from __future__ import annotations

from pathlib import Path

import typer

from bridle.cli.console import JSON_OPTION, emit


def report(
    run: Path = typer.Argument(..., help="The run's folder."),
    json: bool = JSON_OPTION,
) -> None:
    """Write a run's report from its journal.

    Works on a run that is under way, too.

    Example:  bridle report .bridle/runs/TicTacToe-v0-1
    """
    from bridle.cli.given import run_folder
    from bridle.report.html import write_report
    from bridle.synthesis.run import read

    record = read(run_folder(run))
    path = write_report(run)
    if json:
        emit({"run": str(run), "report": str(path), "stop": record.stop, "nodes": [n.record() for n in record.tree]})
    else:
        print(path)
