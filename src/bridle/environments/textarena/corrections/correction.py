"""A correction: small named edits of one game's source, with the reason."""

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
    """A defect of one family of games, why it is one, and the edits that mend it.

    `file` is the module of the game's folder that is edited; `helper` is a method added to the class (indented as one)
    that the edits use. `always` marks what applies under `corrections=none` too: what a game needs in order to run at
    all, and what nobody can see.
    """

    family: str
    name: str
    reason: str
    edits: tuple[Edit, ...]
    file: str = "env"
    helper: str = ""
    always: bool = False

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
        if self.helper:
            step = "    def step(self, action"
            source = source.replace(step, self.helper.strip("\n") + "\n\n" + step, 1)
        return source
