"""Excerpts: how what comes from an environment is shown to a refiner. Fenced as data, cut at seams, never silently."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from bridle.evaluation.causes import text_of

OBSERVATION_CHARS = 6000
"""The most of one observation that is shown: its end. Also the most of what all observations begin with."""

TEXT_CHARS = 2000
"""The most of an action, a sentence or a failure that is shown: its beginning and its end."""

MESSAGE = re.compile(r"\[[A-Za-z]{3,}[\w ]*\]")
"""How a message begins in many environments' histories: `[GAME]`, `[Player 1]`."""


@dataclass(frozen=True, kw_only=True)
class Room:
    """How much a prompt has room for. As it is, whatever today's prompts show; less where a context is small.

    `observation` and `text` are characters of one observation and of one action, sentence or failure; `share` is the
    share of the examples that are shown, at least one of each group; `attempts` how many earlier attempts are listed;
    `groups` how many tools and verdicts of judged calls; `second` whether a second program is shown.
    """

    observation: int = OBSERVATION_CHARS
    text: int = TEXT_CHARS
    share: float = 1.0
    attempts: int | None = None
    groups: int = 120
    second: bool = True

    @property
    def note(self) -> str:
        """What was left out, for the reader."""
        listed = f"the last {self.attempts} earlier attempts" if self.attempts is not None else "all earlier attempts"
        return (
            "This page was shortened to fit: of an observation the last "
            f"{self.observation} characters are shown, of other texts {self.text}, of the examples of each kind "
            f"{'one' if self.share == 0 else f'{self.share:.0%}'}, and {listed}"
            f"{'' if self.second else '; a second program is left out'}."
        )


FULL = Room()

SMALLER = (
    Room(observation=3000, text=1000, groups=80),
    Room(observation=2000, text=800, share=0.5, attempts=16, groups=40),
    Room(observation=1000, text=500, share=0.25, attempts=8, groups=20),
    Room(observation=500, text=300, share=0.0, attempts=4, groups=10, second=False),
)
"""What is tried in turn where a prompt is too long: older history goes first, then examples."""


def shared_openings(seen: Sequence[tuple[int, Any]], room: Room = FULL) -> dict[int, str]:
    """For each player the messages with which all shown observations (player, view) begin: the rules, printed once."""
    views: dict[int, list[str]] = {}
    for player, view in seen:
        views.setdefault(player, []).append(text_of(view))
    openings = {}
    for player, texts in views.items():
        alike = takewhile(lambda letters: len({*letters}) == 1, zip(*texts, strict=False))
        shared = min(sum(1 for _ in alike), room.observation)
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


def shown(player: int, view: Any, rules: dict[int, str], room: Room = FULL) -> str:
    """An observation: without the opening that was printed once, and only its end where it is long."""
    text, notes = text_of(view), []
    opening = rules.get(player, "")
    if opening and text.startswith(opening):
        text = text[len(opening) :]
        notes.append("(after the opening above)\n")
    if len(text) > room.observation:
        cut = latest(text, room.observation)
        notes.append(f"(only the end is shown: {cut} characters of history come before it)\n")
        text = text[cut:]
    return "".join(notes) + fence(text)


def latest(text: str, most: int) -> int:
    """Where the part of a long observation begins that is shown: at a seam, else at a line, if enough is left of it."""
    first = len(text) - most
    for places in (seams(text), line_starts(text)):
        place = min((place for place in places if place >= first), default=len(text))
        if len(text) - place >= most // 4:
            return place
    return first


def clipped(text: str, room: Room = FULL) -> str:
    """A text between markers; of a long one the beginning and the end, saying so."""
    if len(text) <= room.text:
        return fence(text)
    half = room.text // 2
    note = f"(its beginning and its end; {len(text) - 2 * half} characters between them are left out)"
    return f"{note}\n{fence(text[:half])}\n{fence(text[-half:])}"


def fence(text: str) -> str:
    """The text between markers that it can't close itself: data, not instructions."""
    ticks = "~" * max(3, max((len(run) for run in re.findall(r"~+", text)), default=0) + 1)
    return f"\n{ticks}text\n{text}\n{ticks}"
