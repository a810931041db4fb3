"""Conditions: what has to hold for a call to be accepted. Declarative values, a small family.

`wrong` gives the values that offend, an empty list where the condition holds, and None where it does not apply (the
view does not show what it speaks of). `code` is the same as a Python expression, for a harness; `words` completes the
sentence "the tool needs …".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeAlias, runtime_checkable

from bridle.synthesis.learner.term import Calls, Earlier, Listing, Size, Term

View: TypeAlias = Mapping[str, Any]


class Condition(Protocol):
    """One condition on a call in a view. Compares and hashes by value."""

    def wrong(self, view: View, tool: str, arguments: Any) -> list[Any] | None:
        """The offending values; None where the condition does not apply."""

    @property
    def name(self) -> str:
        """What it is about, for the rule's id."""

    @property
    def code(self) -> str:
        """A Python expression over `view`, `tool` and `arguments`: the offending values, as a list."""

    @property
    def words(self) -> str:
        """What is needed."""


@runtime_checkable
class Reading(Condition, Protocol):
    """A condition on what some terms read: it can be told without looking at the view again."""

    @property
    def terms(self) -> tuple[Term, ...]:
        """What it reads."""

    @property
    def offending(self) -> Callable[..., list[Any] | None]:
        """As `wrong`, of what each term has read."""


def last(term: Term) -> str:
    """A short name for a term."""
    if isinstance(term, Size):
        return last(term.of)
    if isinstance(term, Calls):
        return f"after-{term.tool}"
    if isinstance(term, Listing):
        return f"listed-by-{term.tool}"
    if isinstance(term, Earlier):
        return f"{term.tool}-{term.path.split('.')[-1]}"
    return term.path.replace("[]", "").replace(">", ".").split(".")[-1]
