"""A condition that only counts in some cases."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bridle.synthesis.learner.comparison import Compare, OneOf
from bridle.synthesis.learner.condition import Condition, View
from bridle.synthesis.learner.term import Term


def subject(premise: OneOf | Compare) -> Term:
    """The term that a premise is about."""
    return premise.term if isinstance(premise, OneOf) else premise.left


@dataclass(frozen=True)
class Given:
    """A condition that only counts where a term has a value, or a number from or up to a bound."""

    premise: OneOf | Compare
    condition: Condition

    def wrong(self, view: View, tool: str, arguments: Any) -> list[Any] | None:
        """What offends the condition; it does not apply where the premise does not hold, or is not known to."""
        return None if self.premise.wrong(view, tool, arguments) != [] else self.condition.wrong(view, tool, arguments)

    @property
    def name(self) -> str:
        """What both are about."""
        return f"{self.premise.name}-{self.condition.name}"

    @property
    def holds(self) -> str:
        """As Python: whether the premise is known to hold."""
        return f"{self.premise.applies} and not {self.premise.code}"

    @property
    def code(self) -> str:
        """As Python."""
        return f"{self.condition.code} if {self.holds} else []"

    @property
    def words(self) -> str:
        """As English."""
        return f"{self.condition.words}, if {self.premise.words.replace(' to be ', ' is ')}"
