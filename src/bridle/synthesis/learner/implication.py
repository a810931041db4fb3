"""Subsumption and contradiction, found on the conditions themselves: no example is looked at.

Sound, not complete: what is said here holds for every view and call, and there is more that nobody sees this way.
"""

from __future__ import annotations

from math import inf

from bridle.synthesis.learner.comparison import Compare, OneOf, Stated
from bridle.synthesis.learner.condition import Condition
from bridle.synthesis.learner.form import Fits
from bridle.synthesis.learner.premise import Given
from bridle.synthesis.learner.reference import Mentioned, Shown
from bridle.synthesis.learner.table import Table
from bridle.synthesis.learner.term import Term

_WEAKER = {"==": ("<=", ">="), "<": ("<=", "!="), ">": (">=", "!=")}
_LOW = {"minimum", "exclusiveMinimum", "minLength"}
_HIGH = {"maximum", "exclusiveMaximum", "maxLength"}


def implies(one: Condition, other: Condition) -> bool:
    """Whether every call that keeps `one`, where both apply, keeps `other` as well: `other` adds nothing."""
    if one == other:
        return True
    if isinstance(other, Given):
        if isinstance(one, Given):
            return implies(other.premise, one.premise) and implies(one.condition, other.condition)
        if isinstance(one, Table) and isinstance(other.condition, OneOf) and isinstance(other.premise, OneOf):
            return _routes(one, other.premise, other.condition)
        return implies(one, other.condition)
    if isinstance(one, OneOf) and isinstance(other, OneOf):
        return one.term == other.term and set(map(_typed, one.values)) <= set(map(_typed, other.values))
    if isinstance(one, OneOf) and isinstance(other, Stated):
        return one.term == other.term and all((value is None) == other.empty for value in one.values)
    if isinstance(one, Shown) and isinstance(other, Mentioned):
        return one.argument == other.argument
    if isinstance(one, Fits) and isinstance(other, Fits):
        return one.argument == other.argument and _narrower(one, other)
    if isinstance(one, Compare) and isinstance(other, Compare):
        return one.left == other.left and _tighter(one, other)
    return False


def contradict(one: Condition, other: Condition) -> bool:
    """Whether no call to which both apply can keep both."""
    if isinstance(one, Given) or isinstance(other, Given):
        if not (isinstance(one, Given) and isinstance(other, Given)) or one.premise != other.premise:
            return False
        return contradict(one.condition, other.condition)
    if isinstance(one, OneOf) and isinstance(other, OneOf):
        return one.term == other.term and not set(map(_typed, one.values)) & set(map(_typed, other.values))
    if isinstance(one, Stated) and isinstance(other, Stated):
        return one.term == other.term and one.empty != other.empty
    if isinstance(one, Stated) and isinstance(other, OneOf):
        return one.term == other.term and all((value is None) != one.empty for value in other.values)
    if isinstance(one, OneOf) and isinstance(other, Stated):
        return contradict(other, one)
    mine, theirs = _range(one), _range(other)
    if mine is None or theirs is None or mine[0] != theirs[0]:
        return False
    low, high = max(mine[1], theirs[1]), min(mine[2], theirs[2])
    return low[0] > high[0] or (low[0] == high[0] and bool(low[1] or high[1]))


def _routes(table: Table, premise: OneOf, condition: OneOf) -> bool:
    """Whether a table says at least what a rule about one of its keys does."""
    rows = dict(table.rows)
    if premise.term != table.key or condition.term != table.left:
        return False
    return all(
        isinstance(value, (str, bool)) and value in rows and rows[value] in condition.values for value in premise.values
    )


def _narrower(one: Fits, other: Fits) -> bool:
    if one.keyword == other.keyword == "enum" and isinstance(one.value, tuple) and isinstance(other.value, tuple):
        return set(map(_typed, one.value)) <= set(map(_typed, other.value))
    bounds = one.value, other.value
    if one.keyword != other.keyword or not all(isinstance(b, (int, float)) for b in bounds):
        return False
    return (
        _number(one.value) >= _number(other.value)
        if one.keyword in _LOW
        else (one.keyword in _HIGH and _number(one.value) <= _number(other.value))
    )


def _tighter(one: Compare, other: Compare) -> bool:
    """Of two comparisons of the same term: whether the first says at least what the second does."""
    if one.right == other.right:
        return other.relation in _WEAKER.get(one.relation, ())
    mine, theirs = _range(one), _range(other)
    if mine is None or theirs is None:
        return False
    return mine[1] >= theirs[1] and mine[2] <= theirs[2] if other.relation not in ("==", "!=") else False


def _range(condition: Condition) -> tuple[Term, tuple[float, int], tuple[float, int]] | None:
    """The term that a comparison with a number bounds, with its bounds.

    A bound is a number, and 1 or -1 beside it where the number itself lies outside.
    """
    if not isinstance(condition, Compare) or not isinstance(condition.right, (int, float)):
        return None
    bound = float(condition.right)
    low = {">=": (bound, 0), ">": (bound, 1), "==": (bound, 0)}.get(condition.relation, (-inf, 0))
    high = {"<=": (bound, 0), "<": (bound, -1), "==": (bound, 0)}.get(condition.relation, (inf, 0))
    return None if condition.relation == "!=" else (condition.left, low, high)


def _typed(value: object) -> tuple[bool, object]:
    """A value that is told from its like of another type: true is not 1."""
    return isinstance(value, bool), value


def _number(value: object) -> float:
    return float(value) if isinstance(value, (int, float)) else 0.0
