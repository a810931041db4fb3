"""Loosening: a bound says no more than it must.

When a bound is proposed, much is unexplained that other rules explain later, and what lies next to it on the far side
may be theirs. So at the end each bound is put where it still refuses all that nothing else refuses: at the roundest
number between the accepted calls and those.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from math import inf

from bridle.synthesis.learner.bounds import greatest, lower, upper
from bridle.synthesis.learner.cases import Cases
from bridle.synthesis.learner.comparison import Compare
from bridle.synthesis.learner.condition import Condition
from bridle.synthesis.learner.form import Fits
from bridle.synthesis.learner.helpers import order
from bridle.synthesis.learner.induction import Finding
from bridle.synthesis.learner.merit import Demands, weigh
from bridle.synthesis.learner.premise import Given
from bridle.synthesis.learner.term import Argument, Term

LOW, HIGH = ("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")


def loosened(findings: Sequence[Finding], cases: Mapping[str, Cases], demands: Demands) -> list[Finding]:
    """The findings, in their order; those with a bound that could refuse less say less, if that has merit as well."""
    kept = list(findings)
    for place, finding in enumerate(kept):
        among = [cases[tool] for tool in finding.tools]
        alone = {them.tool: _alone(finding, kept, them) for them in among}
        for other in _others(finding.condition, among, alone):
            covers = all(not alone[them.tool] & ~them.reach(other).violated for them in among)
            merit = weigh(other, among, finding.merit.explained, demands)
            if covers and not merit.problem:
                kept[place] = replace(finding, condition=other, merit=merit)
    return kept


def _alone(finding: Finding, findings: Sequence[Finding], them: Cases) -> int:
    """The rejected calls of a tool that this finding refuses and no other does."""
    others = 0
    for other in findings:
        if other is not finding and them.tool in other.tools:
            others |= them.reach(other.condition).violated
    return them.reach(finding.condition).violated & them.rejected & ~others


def _others(condition: Condition, among: Sequence[Cases], alone: Mapping[str, int]) -> Iterator[Condition]:
    """The same condition with another bound, and the same with another bound in its premise."""
    fine = {them.tool: them.accepted & them.reach(condition).applies for them in among}
    if not isinstance(condition, Given):
        yield from _rebounded(condition, among, fine, alone)
        return
    yield from (Given(condition.premise, inner) for inner in _rebounded(condition.condition, among, fine, alone))
    premise = condition.premise
    if isinstance(premise, Compare) and premise.relation in (">=", "<=") and isinstance(premise.right, (int, float)):
        spared = {them.tool: them.accepted & them.reach(condition.condition).violated for them in among}
        mine, theirs = _numbers(premise.left, among, spared), _numbers(premise.left, among, alone)
        sign = 1 if premise.relation == ">=" else -1
        least, most = max((sign * n for n in mine), default=inf), min((sign * n for n in theirs), default=-inf)
        if least < most and (bound := greatest(least, most)) > sign * premise.right:
            yield Given(Compare(premise.left, premise.relation, sign * bound + 0), condition.condition)


def _rebounded(
    condition: Condition, among: Sequence[Cases], fine: Mapping[str, int], alone: Mapping[str, int]
) -> Iterator[Condition]:
    """A condition with a looser bound, between the accepted numbers and those of calls that nothing else refuses."""
    term: Term
    old: object
    if isinstance(condition, Fits) and condition.keyword in (*LOW, *HIGH):
        term, low, old = Argument(condition.argument), condition.keyword in LOW, condition.value
    elif isinstance(condition, Compare) and condition.ordering:
        term, low, old = condition.left, condition.relation in (">=", ">"), condition.right
    else:
        return
    mine, theirs = _numbers(term, among, fine), _numbers(term, among, alone)
    bound = (lower(mine, theirs) if low else upper(mine, theirs)) if mine and theirs else None
    if bound is None or not isinstance(old, (int, float)) or (bound.number >= old if low else bound.number <= old):
        return
    if isinstance(condition, Fits):
        yield replace(condition, keyword=(LOW if low else HIGH)[bound.strict], value=bound.number)
    elif low:
        yield Compare(term, ">" if bound.strict else ">=", bound.number)
    else:
        yield Compare(term, "<" if bound.strict else "<=", bound.number)


def _numbers(term: Term, among: Sequence[Cases], masks: Mapping[str, int]) -> list[float]:
    """What a term reads in the examples of some masks, as far as it is a number."""
    rows = (row for them in among for place, row in enumerate(them.column(term)) if masks[them.tool] >> place & 1)
    return [value for row in rows for value in row if order(value) == "number"]
