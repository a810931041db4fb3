"""Corrections of TextArena 0.7.4's games: small named edits of their source, applied to a private copy.

The installed files are never touched. An edit is exact text, expected a stated number of times, so it can't silently
miss. `needed=True` marks what a game needs in order to run at all on a supported Python; those apply
under `corrections=none` too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from bridle.errors import EnvironmentFault

Corrections: TypeAlias = Literal["applied", "none"]
VERSION = "0.7.4"
"""The version of TextArena that the edits were written against."""


@dataclass(frozen=True, kw_only=True)
class Edit:
    """Replace `old`, which occurs exactly `times` times, by `new`."""

    old: str
    new: str
    times: int = 1


@dataclass(frozen=True, kw_only=True)
class Correction:
    """A defect of one family of games, why it is one, and the edits that mend it."""

    family: str
    name: str
    reason: str
    edits: tuple[Edit, ...]
    needed: bool = False

    def apply(self, source: str) -> str:
        """The corrected source.

        Raises:
            EnvironmentFault: the source is not the one that the correction was written for.
        """
        for edit in self.edits:
            found = source.count(edit.old)
            if found != edit.times:
                raise EnvironmentFault(
                    f"The correction {self.family}/{self.name} was written for TextArena {VERSION} and does not fit "
                    f"the installed one (expected {edit.times}, found {found}: {edit.old[:60]!r}); "
                    f"install textarena=={VERSION}."
                )
            source = source.replace(edit.old, edit.new)
        return source


def _nested_quotes(family: str, *edits: Edit) -> Correction:
    reason = "Nests the same quotes inside an f-string, a syntax error before Python 3.12."
    return Correction(family=family, name="nested-quotes", reason=reason, edits=edits, needed=True)


CORRECTIONS: tuple[Correction, ...] = (
    _nested_quotes(
        "Chess",
        Edit(
            old="""for move in self.state.game_state["board"].legal_moves])}\"#""",
            new="""for move in self.state.game_state['board'].legal_moves])}\"#""",
        ),
    ),
    _nested_quotes(
        "Checkers",
        Edit(
            old="""{self.state.game_state["board"][row][col]} \"""",
            new="""{self.state.game_state['board'][row][col]} \"""",
        ),
    ),
    _nested_quotes(
        "ReverseTicTacToe",
        Edit(
            old="""f" {self.state.game_state["board"][r][c]} " if self.state.game_state["board"][r][c] else""",
            new="""f" {self.state.game_state['board'][r][c]} " if self.state.game_state['board'][r][c] else""",
        ),
    ),
)


def corrections_of(family: str, which: Corrections) -> list[Correction]:
    """The corrections of a family that apply: all of them, or only what the game needs to run at all."""
    return [c for c in CORRECTIONS if c.family == family and (which == "applied" or c.needed)]
