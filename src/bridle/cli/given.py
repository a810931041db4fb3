"""What a command is given by a path: a harness's file, or the folder of a run."""

from __future__ import annotations

import ast
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bridle.harness import Contract, Harness
    from bridle.synthesis.run import Record


def harness_file(path: Path) -> Path:
    """The file itself, or that of the best harness where a run's folder is named."""
    return path / "harness.py" if path.is_dir() else path


def read_harness(path: Path, contract: Contract) -> Harness:
    """The harness in a file or a run's folder, parsed and not run.

    Raises:
        UsageError: there is no such file, it is no text or no Python, or it is for another contract.
    """
    from bridle import harness as harnesses
    from bridle.errors import UsageError

    file = harness_file(path)
    try:
        found = harnesses.read(file.read_text("utf-8"), contract)
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise UsageError(f"The harness {file} can't be read ({why}); name its file, or a run's folder.") from None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(found.source)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = f"line {error.lineno}: " if isinstance(error, SyntaxError) and error.lineno else ""
        why = error.msg if isinstance(error, SyntaxError) else str(error)
        raise UsageError(f"The harness {file} is no Python ({line}{why}); mend it, or name another file.") from None
    return found


def run_folder(path: Path) -> Path:
    """The folder of a search's run, which may be under way.

    Raises:
        UsageError: there is no run, or something else's journal.
    """
    from bridle.errors import UsageError
    from bridle.synthesis.run import JOURNAL

    if not (path / JOURNAL).is_file():
        raise UsageError(f"There is no run in {path}; name the folder of one, such as .bridle/runs/NAME.")
    if _holds(path, "evaluation.started") and not _holds(path, "run.started"):
        raise UsageError(
            f"{path} holds an evaluation and no search; its report is {path / 'report.html'}, and  bridle evaluate  "
            "with the same options goes on with it."
        )
    return path


def measured(path: Path) -> Record:
    """The run in a folder, of which the root at least was measured.

    Raises:
        UsageError: there is no run, or nothing of it was measured yet.
    """
    from bridle.errors import UsageError
    from bridle.synthesis.run import read

    record = read(run_folder(path))
    if not len(record.tree):
        raise UsageError(f"The run in {path} has measured nothing yet; wait, or go on with  bridle resume {path}")
    return record


def free_for(path: Path, *, evaluation: bool) -> None:
    """UsageError where a folder holds the other kind of journal: what one writes would replace the other's files."""
    from bridle.errors import UsageError
    from bridle.synthesis.run import JOURNAL

    other = "run.started" if evaluation else "evaluation.started"
    if (path / JOURNAL).is_file() and _holds(path, other):
        raise UsageError(f"{path} holds {'a search' if evaluation else 'an evaluation'}; name another folder.")


def _holds(path: Path, kind: str) -> bool:
    from bridle.journal import Journal
    from bridle.synthesis.run import JOURNAL

    with Journal(path / JOURNAL, write=False) as journal:
        return journal.last(kind) is not None
