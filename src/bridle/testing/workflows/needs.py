"""The pool that a tool's further needs are drawn from: about states, arguments, earlier calls and each other."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from bridle.testing.workflows.blueprint import Field, Plan, Slot, Thing
from bridle.testing.workflows.rules import (
    Answer,
    Compared,
    Count,
    Exists,
    Filled,
    Given,
    Kind,
    Listed,
    Need,
    Of,
    Stated,
    When,
    Within,
)
from bridle.testing.workflows.slots import draw_slot
from bridle.testing.workflows.words import Words


class Wanted(NamedTuple):
    """Needs that belong together, and the arguments that they are about: (kind, need, tool that helps, person)."""

    rules: tuple[tuple[Kind, Need, str, bool], ...]
    slots: tuple[Slot, ...] = ()


class Pool:
    """Draws needs so that every sort is drawn once before one is drawn again."""

    def __init__(
        self, rng: random.Random, words: Words, main: Thing, other: Thing, plans: Sequence[Plan], other_slot: Slot
    ) -> None:
        """For tools about things of `main`; `other_slot` names a thing of the other kind."""
        self._rng, self._words, self._main, self._other = rng, words, main, other
        self._plans, self._other_slot = plans, other_slot
        self._sorts: list[Callable[[str], Wanted]] = []

    def some(self, count: int, plan: Plan) -> Iterator[Wanted]:
        """A few needs for a tool, of different sorts."""
        taken: list[Callable[[str], Wanted]] = []
        for _ in range(count):
            if not [sort for sort in self._sorts if sort not in taken]:
                self._sorts += self._rng.sample(self._all(), len(self._all()))
            sort = next(sort for sort in self._sorts if sort not in taken)
            self._sorts.remove(sort)
            taken.append(sort)
            yield sort(plan.subject)

    def _all(self) -> list[Callable[[str], Wanted]]:
        return [
            self._flag,
            self._recorded,
            self._listed,
            self._at_most,
            self._same_code,
            self._day,
            self._brought_together,
            self._span,
            self._mode,
            self._answered,
            self._looked_into,
            self._in_category,
            self._from_number,
        ]

    def _field(self, sort: str, place: int = 0) -> Field:
        return [field for field in self._main.fields if field.sort == sort][place]

    def _tool(self, deed: str, field: str = "") -> Plan:
        return next(p for p in self._plans if p.deed == deed and field in ("", p.field))

    def _slot(self, sort: str, *, required: bool = True) -> Slot:
        return draw_slot(self._rng, self._words, sort, required=required)

    def _flag(self, subject: str) -> Wanted:
        flag = self._field("flag", self._rng.randrange(2)).name
        return Wanted((("state", Within(Of(subject, flag), (True,)), self._tool("set", flag).name, False),))

    def _recorded(self, subject: str) -> Wanted:
        """A record that a tool can fill."""
        record = self._field("record", 1).name
        return Wanted((("state", Filled(Of(subject, record)), self._tool("fill", record).name, False),))

    def _listed(self, subject: str) -> Wanted:
        options, slot = self._field("list"), self._slot("option")
        slot = Slot(name=slot.name, sort="option", form={"type": "string", "enum": list(options.values)})
        return Wanted((("comparison", Listed(Given(slot.name), Of(subject, options.name)), "", False),), (slot,))

    def _at_most(self, subject: str) -> Wanted:
        slot = self._slot("whole")
        need = Compared(Given(slot.name), "<=", Of(subject, self._field("number").name))
        return Wanted((("comparison", need, "", False),), (slot,))

    def _same_code(self, subject: str) -> Wanted:
        """A record that nobody but a person has, where it is missing."""
        slot = self._slot("text")
        need = Compared(Given(slot.name), "==", Of(subject, self._field("record").name))
        return Wanted((("comparison", need, "", True),), (slot,))

    def _day(self, subject: str) -> Wanted:
        slot, date = self._slot("date"), self._field("date").name
        need = Compared(Given(slot.name), self._rng.choice(("<=", ">=")), Of(subject, date))
        return Wanted((("comparison", need, "", False),), (slot,))

    def _brought_together(self, subject: str) -> Wanted:
        """Another thing, which has to be there, in order, and of the same category or big enough."""
        slot = self._other_slot
        flag = next(field.name for field in self._other.fields if field.sort == "flag")
        category, number = self._field("category").name, self._field("number").name
        agree = self._rng.choice(
            (
                Compared(Of(slot.name, category), "==", Of(subject, category)),
                Compared(Of(slot.name, number), ">=", Of(subject, number)),
            )
        )
        return Wanted(
            (
                ("reference", Exists(slot.name), "", False),
                ("state", Within(Of(slot.name, flag), (True,)), "", False),
                ("comparison", agree, "", False),
            ),
            (slot,),
        )

    def _span(self, subject: str) -> Wanted:
        """Two arguments in an order."""
        sort = self._rng.choice(("date", "whole"))
        first, last = self._slot(sort), self._slot(sort)
        need = Compared(Given(first.name), "<=", Given(last.name))
        return Wanted((("cross-field", need, "", False),), (first, last))

    def _mode(self, subject: str) -> Wanted:
        """An argument that is needed where another one has a value."""
        mode, more = self._slot("option"), self._slot("whole", required=False)
        chosen = self._rng.choice(mode.form["enum"])
        need = When(Within(Given(mode.name), (chosen,)), Stated(more.name))
        return Wanted((("cross-field", need, "", False),), (mode, more))

    def _answered(self, subject: str) -> Wanted:
        """A number that another tool answered."""
        slot, tool = self._slot("whole"), self._tool("answer")
        need = Compared(Given(slot.name), "==", Answer(tool.name, subject, tool.field))
        return Wanted((("cross-call", need, tool.name, False),), (slot,))

    def _looked_into(self, subject: str) -> Wanted:
        tool = self._tool("answer")
        return Wanted((("order", Compared(Count(tool.name, subject), ">=", 1), tool.name, False),))

    def _in_category(self, subject: str) -> Wanted:
        """A flag, but only in one category."""
        category, flag = self._field("category"), self._field("flag", self._rng.randrange(2)).name
        premise = Within(Of(subject, category.name), (self._rng.choice(category.values),))
        need = When(premise, Within(Of(subject, flag), (True,)))
        return Wanted((("conditional", need, self._tool("set", flag).name, False),))

    def _from_number(self, subject: str) -> Wanted:
        """A flag, but only from a number on."""
        flag = self._field("flag", self._rng.randrange(2)).name
        premise = Compared(Of(subject, self._field("number").name), ">=", self._rng.choice((100, 150, 200)))
        need = When(premise, Within(Of(subject, flag), (True,)))
        return Wanted((("conditional", need, self._tool("set", flag).name, False),))
