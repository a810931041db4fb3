"""Whose code an unexpected exception comes from: an environment is anybody's, and its mistakes are not Bridle's."""

from __future__ import annotations

import re
import sysconfig
import traceback
from pathlib import Path

import bridle
from bridle.errors import told

_FRAME = re.compile(r'File "([^"]+)", line (\d+), in (\S+)')


def theirs(error: BaseException) -> str | None:
    """The exception as a sentence that names the place in the user's own code; None where none of it was running.

    Looks through what a worker process told of its stack as well.
    """
    places = [(frame.filename, frame.lineno, frame.name) for frame in traceback.extract_tb(error.__traceback__)]
    if error.__cause__ is not None:
        places += [(file, int(line), name) for file, line, name in _FRAME.findall(str(error.__cause__))]
    own = [place for place in places if not _ours(place[0])]
    if not own:
        return None
    file, line, name = own[-1]
    said = f": {text}" if (text := told(error)) else ""
    where = f"{_short(file)}, line {line}, in {name}"
    return (
        f"Code of yours raised {type(error).__name__}{said} ({where}). If it is an environment's, "
        "`bridle environments --check ID` tries all of it."
    )


def _ours(file: str) -> bool:
    """Whether a file is Bridle's, an installed package's or Python's own."""
    if file.startswith("<"):
        return True
    roots = [
        Path(bridle.__file__).parent,
        *(Path(sysconfig.get_path(name)) for name in ("stdlib", "purelib", "scripts")),
    ]
    return any(Path(file).resolve().is_relative_to(root.resolve()) for root in roots)


def _short(file: str) -> str:
    """The path as seen from the current folder, where it lies in it."""
    path = Path(file).resolve()
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
