"""A condition that routes: which value goes with which, by a table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bridle.synthesis.learner.condition import View, last
from bridle.synthesis.learner.helpers import misplaced
from bridle.synthesis.learner.term import Term
from bridle.synthesis.learner.wording import Scalar, python, said


@dataclass(frozen=True)
class Table:
    """A term has the value that goes with another term's; of what is in no row nothing is said."""

    left: Term
    key: Term
    rows: tuple[tuple[str | bool, Scalar], ...]

    @property
    def terms(self) -> tuple[Term, ...]:
        """What it reads."""
        return (self.left, self.key)

    def wrong(self, view: View, tool: str, arguments: Any) -> list[Any] | None:
        """Values that go with another key; None where there is no value, or no row for the key."""
        return self.offending(self.left.read(view, arguments), self.key.read(view, arguments))

    def offending(self, left: list[Any], there: list[Any]) -> list[Any] | None:
        """Of what was read."""
        table = dict(self.rows)
        keys = [k for k in there if isinstance(k, (str, bool)) and k in table]
        return list(misplaced(left, keys, table)) if left and keys else None

    @property
    def name(self) -> str:
        """The last names on both paths."""
        return f"{last(self.left)}-for-{last(self.key)}"

    @property
    def code(self) -> str:
        """As Python."""
        return f"misplaced({self.left.code}, {self.key.code}, {python(dict(self.rows))})"

    @property
    def words(self) -> str:
        """As English."""
        pairs = ", ".join(f"{said(value)} for {said(key)}" for key, value in self.rows)
        return f"{self.left.words} to go with {self.key.words}: {pairs}"
