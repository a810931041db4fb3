"""How involved a condition is."""

from __future__ import annotations

from bridle.synthesis.learner.comparison import Among, Compare, OneOf, Stated
from bridle.synthesis.learner.condition import Condition
from bridle.synthesis.learner.form import Fits
from bridle.synthesis.learner.premise import Given
from bridle.synthesis.learner.table import Table
from bridle.synthesis.learner.term import Calls

SWEEPING = 50
"""What is added where a tool is not to be called a second time on anything, rather than on the same thing: it forbids
more than was seen."""


def complexity(condition: Condition) -> int:
    """How involved a condition is; of two that explain as much the simpler one is kept."""
    if isinstance(condition, Given):
        return 100 + complexity(condition.premise) + complexity(condition.condition)
    if isinstance(condition, Table):
        return 60 + len(condition.rows)
    kinds_ = (OneOf, Among, Stated, Compare)
    kind = next((place for place, cls in enumerate(kinds_) if isinstance(condition, cls)), 0)
    constant = isinstance(condition, Compare) and isinstance(condition.right, (int, float, str))
    if isinstance(condition, Fits) and condition.value == "integer":
        kind += 10  # a number, as far as anybody knows
    if isinstance(condition, Compare) and condition.relation == "<=" and isinstance(condition.left, Calls):
        kind += 0 if condition.left.argument else SWEEPING
    return 10 * (len(condition.code) // 10) + kind + 2 * constant
