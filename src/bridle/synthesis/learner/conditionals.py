"""Hypotheses that only count in some cases: where a term has a value, or a number from or up to a bound."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from bridle.synthesis.learner.bounds import greatest
from bridle.synthesis.learner.cases import Cases
from bridle.synthesis.learner.comparison import Compare, OneOf, Stated
from bridle.synthesis.learner.condition import Condition
from bridle.synthesis.learner.example import Example
from bridle.synthesis.learner.form import Required
from bridle.synthesis.learner.helpers import order
from bridle.synthesis.learner.preconditions import MOST_VALUES, Columns, single
from bridle.synthesis.learner.premise import Given
from bridle.synthesis.learner.shapes import negligible
from bridle.synthesis.learner.term import Argument, Calls, Field, Size, Term
from bridle.synthesis.learner.wording import tame, tame_name

FEWEST = 3
"""Rejected calls that have to lie beyond a bound."""


def conditional(cases: Cases, unexplained: int, terms: Sequence[Term]) -> Iterator[Condition]:
    """Hypotheses about one term that only count where another has a value: what is needed there, and not elsewhere."""
    columns = Columns.of(cases.members(cases.accepted), cases.members(unexplained), terms)
    for premise in _premises(columns):
        holding = columns.where(_meeting(premise))
        if len(holding.rejected) < FEWEST or not holding.accepted:
            continue
        for term in terms:
            if term != premise.term:
                found = [condition for condition in single(term, holding) if _telling(condition, term, holding)]
                yield from (Given(premise, condition) for condition in found)
        yield from (Given(premise, condition) for condition in _stated(holding))
    for condition in _simple(columns):
        yield from _bounded(condition, cases, unexplained, columns)


def _premises(columns: Columns) -> Iterator[OneOf]:
    """Values that are common enough, of arguments and fields that have few."""
    for term in columns.read:
        accepted, rejected = columns.values(term)
        values = Counter(v for v in (*accepted, *rejected) if isinstance(v, (str, bool)))
        if isinstance(term, (Argument, Field)) and len(values) <= MOST_VALUES and len(values) > 1:
            there = {value for value in rejected if isinstance(value, (str, bool))}
            for value in sorted(there, key=str):
                if not isinstance(value, str) or tame(value):
                    yield OneOf(term, (value,))


def _telling(condition: OneOf | Stated | Compare, term: Term, columns: Columns) -> bool:
    """Whether some rejected calls violate it: most hypotheses are given up by this look at what was read already."""
    rows = columns.read[term][1]
    if isinstance(condition, OneOf):
        return sum(any(value not in condition.values for value in row) for row in rows) >= FEWEST
    if isinstance(condition, Stated):
        return sum(any((value is None) != condition.empty for value in row) for row in rows) >= FEWEST
    return True


def _meeting(premise: OneOf) -> Callable[[Example], bool]:
    """Whether an example is known to meet a premise."""
    return lambda example: premise.wrong(example.view, example.tool, example.arguments) == []


def _stated(columns: Columns) -> Iterator[Required]:
    """Arguments that (nearly) all the accepted calls state, and some of the rejected ones don't."""
    counted = Counter(name for example in columns.accepted for name in example.arguments if tame_name(name))
    total = len(columns.accepted)
    for name in sorted(counted):
        if negligible(total - counted[name], total) and any(name not in e.arguments for e in columns.rejected):
            yield Required(name)


def _simple(columns: Columns) -> Iterator[Condition]:
    """What may be needed from, or up to, a bound: a value of a flag, something stated, a call before."""
    for term in columns.read:
        accepted, rejected = columns.values(term)
        if isinstance(term, Calls):
            yield Compare(term, ">=", 1)
        elif not isinstance(term, Size):
            both = {True, False} <= _plain(accepted) and _plain(rejected)
            yield from (OneOf(term, (value,)) for value in (True, False) if both)
            if None in rejected and any(value is not None for value in accepted):
                yield Stated(term)
    names = {name for example in columns.accepted for name in example.arguments if tame_name(name)}
    yield from (Required(name) for name in sorted(names) if any(name not in e.arguments for e in columns.accepted))


def _bounded(condition: Condition, cases: Cases, unexplained: int, columns: Columns) -> Iterator[Given]:
    """A condition that all its accepted violations are on one side of a number about, and rejected ones beyond it."""
    violated = cases.reach(condition).violated
    if (violated & unexplained).bit_count() < FEWEST or not violated & cases.accepted:
        return
    against = {id(example) for example in cases.members(violated)}
    fine = [place for place, example in enumerate(columns.accepted) if id(example) in against]
    wrong = [place for place, example in enumerate(columns.rejected) if id(example) in against]
    for term, (accepted, rejected) in columns.read.items():
        if not isinstance(term, (Argument, Field)) or term == getattr(condition, "term", None):
            continue
        mine, theirs = _numbers(accepted, fine), _numbers(rejected, wrong)
        if not mine or not theirs:
            continue
        above, below = [n for n in theirs if n > max(mine)], [n for n in theirs if n < min(mine)]
        if len(above) >= FEWEST:
            yield Given(Compare(term, ">=", greatest(max(mine), min(above))), condition)
        if len(below) >= FEWEST:
            yield Given(Compare(term, "<=", -greatest(-min(mine), -max(below)) + 0), condition)


def _numbers(rows: Sequence[Sequence[Any]], places: Sequence[int]) -> list[float]:
    return [value for place in places for value in rows[place] if order(value) == "number"]


def _plain(values: Sequence[object]) -> set[bool]:
    return {value for value in values if isinstance(value, bool)}
