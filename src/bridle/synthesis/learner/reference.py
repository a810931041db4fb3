"""Conditions on what an argument names: something that was shown, or at least spoken of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bridle.synthesis.learner.condition import View
from bridle.synthesis.learner.helpers import found, spoken
from bridle.synthesis.learner.term import noun
from bridle.synthesis.learner.wording import python


@dataclass(frozen=True)
class Shown:
    """An argument names a resource that was shown in this session."""

    argument: str

    def wrong(self, view: View, tool: str, arguments: Any) -> list[Any] | None:
        """Values that name none."""
        there = found(arguments, self.argument)
        shown = view.get("resources", {})
        return [v for v in there if not isinstance(v, str) or v not in shown] if there else None

    @property
    def name(self) -> str:
        """The argument."""
        return f"{noun(self.argument)}-shown"

    @property
    def code(self) -> str:
        """As Python."""
        there = f"found(arguments, {python(self.argument)})"
        return f'[v for v in {there} if not isinstance(v, str) or v not in view["resources"]]'

    @property
    def words(self) -> str:
        """As English."""
        return f"`{self.argument}` to name a thing that was shown in this session"


@dataclass(frozen=True)
class Mentioned:
    """An argument is something that the task or a result spoke of: not invented."""

    argument: str

    def wrong(self, view: View, tool: str, arguments: Any) -> list[Any] | None:
        """Values that nothing spoke of."""
        there = found(arguments, self.argument)
        words = spoken(view) if there else set()
        return [value for value in there if str(value) not in words] if there else None

    @property
    def name(self) -> str:
        """The argument."""
        return f"{noun(self.argument)}-mentioned"

    @property
    def code(self) -> str:
        """As Python."""
        return f"[v for v in found(arguments, {python(self.argument)}) if str(v) not in spoken(view)]"

    @property
    def words(self) -> str:
        """As English."""
        return f"`{self.argument}` to be something that the task or an earlier result spoke of"
