"""A board laid out anew: the same letters, digits and marks in the same order, other spaces and lines between them.

The rules know no game. Three or more lines in a row that look like rows of a board are a board; all its lines get
their extra spaces in the same columns, so that what stood under an index still does.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

INDENT = "  "
"""What every line of a board is moved to the right by."""

FRAME = "="
"""What the line above a board and the one below are made of."""

LEAST_ROWS = 3
"""Lines that look like rows, one after another, that make a board."""

LEAST_CELLS = 3
"""Cells of a row without upright lines between them, and characters of a border."""

LONGEST_CELL = 3
"""Characters of a cell with a letter in it; what is longer is a word."""

LONGEST_NUMBER = 6
"""Digits of a cell that is a number."""

_UPRIGHT, _LINES = frozenset("|│"), frozenset("-=─")
_LEVEL = _LINES | frozenset("+┼┌┬┐├┤└┴┘")


def reformatted(message: str) -> str:
    """A game's message with a blank line before it, its boards indented, framed, and with wider columns.

    `message` starts with the line break that separates it from the one before.
    """
    told: list[str] = []
    rows: list[str] = []
    for line in message.split("\n"):
        if is_row(line):
            rows.append(line)
            continue
        told += _board(rows)
        rows = []
        told.append(line)
    return "\n" + "\n".join(told + _board(rows))


def is_row(line: str) -> bool:
    """Whether a line looks like a row, a border or the indices of a board: several short cells, or none but marks."""
    cells = [cell for cell in re.split(r"[\s|│+]+", line) if cell]
    if not all(map(_is_cell, cells)):
        return False
    border = len(line.strip()) >= LEAST_CELLS and _LEVEL.issuperset(line.strip())
    return len(cells) >= LEAST_CELLS or border or any(mark in _UPRIGHT for mark in line)


def _is_cell(text: str) -> bool:
    if len(text) <= LONGEST_CELL or not any(map(str.isalnum, text)):
        return True
    return text.isdigit() and len(text) <= LONGEST_NUMBER


def _board(rows: Sequence[str]) -> list[str]:
    """The rows with wider columns in a frame; as they are where they are too few for a board."""
    if len(rows) < LEAST_ROWS:
        return list(rows)
    width = max(map(len, rows))
    gaps = [place for place in range(1, width) if _opens(rows, place)]
    wide = [INDENT + _widened(row, gaps) for row in rows]
    frame = INDENT + FRAME * (width + len(gaps))
    return [frame, *wide, frame]


def _opens(rows: Sequence[str], place: int) -> bool:
    """Whether a column may go in before this place: after a mark of some row, and tearing nothing apart."""
    marked = False
    for row in rows:
        if place >= len(row):
            continue
        before, after = row[place - 1], row[place]
        if not _apart(before, after):
            return False
        marked = marked or not (before.isspace() or before in _LEVEL)
    return marked


def _apart(before: str, after: str) -> bool:
    pair = {before, after}
    return before.isspace() or after.isspace() or not pair.isdisjoint(_UPRIGHT) or pair <= _LEVEL


def _widened(row: str, gaps: Sequence[int]) -> str:
    """The row with a space in every gap, or a piece of the border where the gap is in a border."""
    parts, start = list[str](), 0
    for place in gaps:
        if place >= len(row):
            break
        before, after = row[place - 1], row[place]
        between = " "
        if before in _LEVEL and after in _LEVEL:
            between = before if before in _LINES else after
        parts += [row[start:place], between]
        start = place
    return "".join([*parts, row[start:]])
