"""The examples of one tool, with sets of them as bit masks: bit i is example i."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import Any, NamedTuple, TypeAlias

from bridle.synthesis.learner.condition import Condition, Reading
from bridle.synthesis.learner.example import Example
from bridle.synthesis.learner.helpers import found, spoken
from bridle.synthesis.learner.premise import Given
from bridle.synthesis.learner.reference import Mentioned
from bridle.synthesis.learner.term import Term

Predicate: TypeAlias = Callable[[Example], bool]


class Reach(NamedTuple):
    """The examples that a condition applies to, and those that violate it, as masks."""

    applies: int
    violated: int


class Cases:
    """The readable examples of one tool."""

    def __init__(self, tool: str, examples: Sequence[Example]) -> None:
        """Nothing is looked at yet."""
        self.tool, self.examples = tool, examples
        self._reached: dict[Condition, Reach] = {}
        self._columns: dict[Term, list[list[Any]]] = {}

    @cached_property
    def accepted(self) -> int:
        """Accepted, in training."""
        return self.mask(lambda e: e.accepted and not e.withheld)

    @cached_property
    def rejected(self) -> int:
        """Rejected, in training."""
        return self.mask(lambda e: not e.accepted and not e.withheld)

    @cached_property
    def withheld_accepted(self) -> int:
        """Accepted, withheld."""
        return self.mask(lambda e: e.accepted and e.withheld)

    @cached_property
    def withheld_rejected(self) -> int:
        """Rejected, withheld."""
        return self.mask(lambda e: not e.accepted and e.withheld)

    @cached_property
    def by_agent(self) -> int:
        """Proposed by an agent in its episode."""
        return self.mask(lambda e: e.by_agent)

    @cached_property
    def by_class(self) -> dict[str, int]:
        """The rejected ones in training by their error class."""
        masks: dict[str, int] = {}
        for place, example in enumerate(self.examples):
            if self.rejected >> place & 1:
                masks[example.error_class] = masks.get(example.error_class, 0) | 1 << place
        return dict(sorted(masks.items()))

    def mask(self, keep: Predicate) -> int:
        """The examples that a predicate keeps."""
        return sum(1 << place for place, example in enumerate(self.examples) if keep(example))

    def members(self, mask: int) -> list[Example]:
        """The examples of a mask, in order."""
        return [example for place, example in enumerate(self.examples) if mask >> place & 1]

    def scenarios(self, mask: int) -> set[str]:
        """The scenarios that the examples of a mask are from."""
        found: set[str] = set()
        place = 0
        while mask:
            skipped = (mask & -mask).bit_length() - 1
            mask, place = mask >> skipped + 1, place + skipped
            found.add(self.examples[place].scenario)
            place += 1
        return found

    def reach(self, condition: Condition) -> Reach:
        """Where a condition applies and where it is violated; looked at once."""
        if condition not in self._reached:
            self._reached[condition] = self._look(condition)
        return self._reached[condition]

    def column(self, term: Term) -> list[list[Any]]:
        """What a term reads in each example; read once."""
        if term not in self._columns:
            self._columns[term] = [term.read(example.view, example.arguments) for example in self.examples]
        return self._columns[term]

    def _look(self, condition: Condition) -> Reach:
        if isinstance(condition, Mentioned):
            return self._mentioned(condition)
        if isinstance(condition, Given):
            premise, needed = self.reach(condition.premise), self.reach(condition.condition)
            holds = premise.applies & ~premise.violated
            return Reach(holds & needed.applies, holds & needed.violated)
        applies = violated = 0
        for place, wrong in enumerate(self._wrong(condition)):
            if wrong is not None:
                applies |= 1 << place
                if wrong:
                    violated |= 1 << place
        return Reach(applies, violated)

    def _wrong(self, condition: Condition) -> Iterator[list[Any] | None]:
        """What offends a condition in each example; what it reads is not read again for every condition."""
        if isinstance(condition, Reading):
            columns = [self.column(term) for term in condition.terms]
            return (condition.offending(*row) for row in zip(*columns, strict=True))
        return (condition.wrong(e.view, e.tool, e.arguments) for e in self.examples)

    def _mentioned(self, condition: Mentioned) -> Reach:
        """As `_look`, reading each view once."""
        words: dict[int, set[str]] = {}
        applies = violated = 0
        for place, example in enumerate(self.examples):
            values = found(example.arguments, condition.argument)
            if not values:
                continue
            applies |= 1 << place
            view = id(example.view)
            if view not in words:
                words[view] = spoken(example.view)
            if any(str(value) not in words[view] for value in values):
                violated |= 1 << place
        return Reach(applies, violated)
