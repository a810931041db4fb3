"""Excerpts: how what comes from an environment is shown to a refiner. Fenced as data, cut at seams, never silently."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import takewhile
from typing import Any

from bridle.evaluation.causes import text_of

OBSERVATION_CHARS = 6000
"""The most of one observation that is shown: its end. Also the most of what all observations begin with."""

TEXT_CHARS = 2000
"""The most of an action, a sentence or a failure that is shown: its beginning and its end."""

MESSAGE = re.compile(r"\[[A-Za-z]{3,}[\w ]*\]")
"""How a message begins in many environments' histories: `[GAME]`, `[Player 1]`."""


def shared_openings(seen: Sequence[tuple[int, Any]]) -> dict[int, str]:
    """For each player the messages with which all shown observations (player, view) begin: the rules, printed once."""
    views: dict[int, list[str]] = {}
    for player, view in seen:
        views.setdefault(player, []).append(text_of(view))
    openings = {}
    for player, texts in views.items():
        alike = takewhile(lambda letters: len({*letters}) == 1, zip(*texts, strict=False))
        shared = min(sum(1 for _ in alike), OBSERVATION_CHARS)
        end = max((place for place in set.intersection(*map(seams, texts)) if place <= shared), default=0)
        if len(texts) > 1 and end > 200:
            openings[player] = texts[0][:end]
    return openings


def seams(text: str) -> set[int]:
    """Where an observation can be cut: before its messages, else after its empty lines, else before keys of JSON."""
    starts = line_starts(text)
    messages = {start for start in starts if MESSAGE.match(text, start)}
    after_empty = {start for start in starts if start > 1 and text.startswith("\n\n", start - 2)}
    return messages or after_empty or {start for start in starts if text.startswith(' "', start)}


def line_starts(text: str) -> set[int]:
    """Where the lines of a text begin."""
    return {0, *(match.end() for match in re.finditer("\n", text))}


def shown(player: int, view: Any, rules: dict[int, str]) -> str:
    """An observation: without the opening that was printed once, and only its end where it is long."""
    text, notes = text_of(view), []
    opening = rules.get(player, "")
    if opening and text.startswith(opening):
        text = text[len(opening) :]
        notes.append("(after the opening above)\n")
    if len(text) > OBSERVATION_CHARS:
        cut = latest(text)
        notes.append(f"(only the end is shown: {cut} characters of history come before it)\n")
        text = text[cut:]
    return "".join(notes) + fence(text)


def latest(text: str) -> int:
    """Where the part of a long observation begins that is shown: at a seam, else at a line, if enough is left of it."""
    first = len(text) - OBSERVATION_CHARS
    for places in (seams(text), line_starts(text)):
        place = min((place for place in places if place >= first), default=len(text))
        if len(text) - place >= OBSERVATION_CHARS // 4:
            return place
    return first


def clipped(text: str) -> str:
    """A text between markers; of a long one the beginning and the end, saying so."""
    if len(text) <= TEXT_CHARS:
        return fence(text)
    half = TEXT_CHARS // 2
    note = f"(its beginning and its end; {len(text) - 2 * half} characters between them are left out)"
    return f"{note}\n{fence(text[:half])}\n{fence(text[-half:])}"


def fence(text: str) -> str:
    """The text between markers that it can't close itself: data, not instructions."""
    ticks = "~" * max(3, max((len(run) for run in re.findall(r"~+", text)), default=0) + 1)
    return f"\n{ticks}text\n{text}\n{ticks}"
