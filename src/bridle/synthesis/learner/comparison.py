"""Conditions on what a term says: its values, that it is stated, how it compares, that it is in a list."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from bridle.synthesis.learner.condition import View, last
from bridle.synthesis.learner.helpers import couples
from bridle.synthesis.learner.term import Calls, Size, Term, noun
from bridle.synthesis.learner.wording import Scalar, either, python, said

Operator: TypeAlias = Literal["==", "!=", "<=", "<", ">=", ">"]

HOLDS: Mapping[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<=": operator.le,
    "<": operator.lt,
    ">=": operator.ge,
    ">": operator.gt,
}
_SAID = {
    "==": "to be",
    "!=": "not to be",
    "<=": "to be at most",
    "<": "to be below",
    ">=": "to be at least",
    ">": "to be above",
}


@dataclass(frozen=True)
class OneOf:
    """A term has one of some values."""

    term: Term
    values: tuple[Scalar, ...]

    @property
    def terms(self) -> tuple[Term, ...]:
        """What it reads."""
        return (self.term,)

    def wrong(self, view: View, tool: str, arguments: Any) -> list[Any] | None:
        """Values that are none of them."""
        return self.offending(self.term.read(view, arguments))

    def offending(self, there: Sequence[Any]) -> list[Any] | None:
        """Of what was read."""
        return [value for value in there if value not in self.values] if there else None

    @property
    def name(self) -> str:
        """The last name on the path."""
        return last(self.term)

    @property
    def code(self) -> str:
        """As Python."""
        return f"[v for v in {self.term.code} if v not in {python(self.values)}]"

    @property
    def applies(self) -> str:
        """As Python: truthy where there is something to be said."""
        return self.term.code

    @property
    def words(self) -> str:
        """As English."""
        return f"{self.term.words} to be {either(self.values)}"


@dataclass(frozen=True)
class Stated:
    """A term is there (not null), or, where `empty`, null."""

    term: Term
    empty: bool = False

    @property
    def terms(self) -> tuple[Term, ...]:
        """What it reads."""
        return (self.term,)

    def wrong(self, view: View, tool: str, arguments: Any) -> list[Any] | None:
        """The values that are null, or are not."""
        return self.offending(self.term.read(view, arguments))

    def offending(self, there: Sequence[Any]) -> list[Any] | None:
        """Of what was read."""
        return [value for value in there if (value is None) != self.empty] if there else None

    @property
    def name(self) -> str:
        """The last name on the path."""
        return last(self.term)

    @property
    def code(self) -> str:
        """As Python."""
        return f"[v for v in {self.term.code} if v is {'not ' if self.empty else ''}None]"

    @property
    def words(self) -> str:
        """As English."""
        return f"{self.term.words} to be {'empty' if self.empty else 'stated'}"


@dataclass(frozen=True)
class Compare:
    """Two terms, or a term and a constant, stand in a relation. Only what can be put in order is compared by order."""

    left: Term
    relation: Operator
    right: Term | int | float | str

    @property
    def terms(self) -> tuple[Term, ...]:
        """What it reads."""
        return (self.left,) if isinstance(self.right, (int, float, str)) else (self.left, self.right)

    def wrong(self, view: View, tool: str, arguments: Any) -> list[Any] | None:
        """The right hand sides for which it does not hold; the left ones where the right is a constant."""
        return self.offending(*(term.read(view, arguments) for term in self.terms))

    def offending(self, left: list[Any], other: list[Any] | None = None) -> list[Any] | None:
        """Of what was read; of a constant there is nothing to be read."""
        constant = other is None
        right = [self.right] if other is None else other
        pairs = couples(left, right) if self.ordering else [(a, b) for a in left for b in right]
        holds = HOLDS[self.relation]
        return [a if constant else b for a, b in pairs if not holds(a, b)] if pairs else None

    @property
    def ordering(self) -> bool:
        """Whether the relation needs an order."""
        return self.relation not in ("==", "!=")

    @property
    def name(self) -> str:
        """The last names on both paths."""
        return last(self.left) if isinstance(self.right, (int, float, str)) else f"{last(self.left)}-{last(self.right)}"

    @property
    def code(self) -> str:
        """As Python."""
        constant = isinstance(self.right, (int, float, str))
        right = f"[{python(self.right)}]" if isinstance(self.right, (int, float, str)) else self.right.code
        shown = "a" if constant else "b"
        if self.ordering:
            return f"[{shown} for a, b in couples({self.left.code}, {right}) if not a {self.relation} b]"
        if constant:
            return f"[a for a in {self.left.code} if not a {self.relation} {python(self.right)}]"
        return f"[b for a in {self.left.code} for b in {right} if not a {self.relation} b]"

    @property
    def applies(self) -> str:
        """As Python: truthy where there is something to be compared."""
        right = f"[{python(self.right)}]" if isinstance(self.right, (int, float, str)) else self.right.code
        return f"couples({self.left.code}, {right})" if self.ordering else f"{self.left.code} and {right}"

    @property
    def words(self) -> str:
        """As English; about counts of calls in plain words."""
        if isinstance(self.left, Calls):
            on = f" on the {noun(self.left.argument)}" if self.left.argument else ""
            if (self.relation, self.right) == (">=", 1):
                return f"a successful call of {self.left.tool}{on} before it"
            if (self.relation, self.right) == ("<=", 0):
                return f"that {self.left.tool} was not called{on} before"
        if (self.relation, self.right) == (">=", 1) and isinstance(self.left, Size):
            return f"{self.left.of.words} not to be empty"
        if (self.relation, self.right) == ("<=", 0) and isinstance(self.left, Size):
            return f"{self.left.of.words} to be empty"
        right = said(self.right) if isinstance(self.right, (int, float, str)) else self.right.words
        return f"{self.left.words} {_SAID[self.relation]} {right}"


@dataclass(frozen=True)
class Among:
    """A term is one of the things in a list that the view shows."""

    left: Term
    options: Term

    @property
    def terms(self) -> tuple[Term, ...]:
        """What it reads."""
        return (self.left, self.options)

    def wrong(self, view: View, tool: str, arguments: Any) -> list[Any] | None:
        """Values that are not in the list."""
        return self.offending(self.left.read(view, arguments), self.options.read(view, arguments))

    def offending(self, left: Sequence[Any], there: Sequence[Any]) -> list[Any] | None:
        """Of what was read."""
        lists = [value for value in there if isinstance(value, list)]
        return [value for value in left for options in lists if value not in options] if left and lists else None

    @property
    def name(self) -> str:
        """The last names on both paths."""
        return f"{last(self.left)}-{last(self.options)}"

    @property
    def code(self) -> str:
        """As Python."""
        return (
            f"[v for v in {self.left.code} for options in {self.options.code} "
            "if isinstance(options, list) and v not in options]"
        )

    @property
    def words(self) -> str:
        """As English."""
        return f"{self.left.words} to be one of {self.options.words}"
