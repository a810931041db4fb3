"""Untried values: what a field was seen to say, and no call with it was ever refused for it. They are not refused.

Where agents work under a policy, whole states are never tried: what the policy denies is censored, so that there is
neither an accepted call nor a counterexample. A rule that refused such calls would keep a laxer policy from permitting
them: it would have learned authority by what it never saw. Spared is what lists of a field's values refuse; of rules
that only count in some cases nothing is made longer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from bridle.synthesis.learner.cases import Cases
from bridle.synthesis.learner.comparison import OneOf
from bridle.synthesis.learner.example import longest
from bridle.synthesis.learner.helpers import seen
from bridle.synthesis.learner.induction import Finding
from bridle.synthesis.learner.rule import LeftOut
from bridle.synthesis.learner.term import Field
from bridle.synthesis.learner.ways import Shape, shapes
from bridle.synthesis.learner.wording import tame

STATES = 16
"""Values that a field may have and still tell a state: one with more names things."""


def spared(findings: Iterable[Finding], cases: Mapping[str, Cases], left_out: list[LeftOut]) -> list[Finding]:
    """The findings, lists of a field's values made longer by those that no counterexample had; each is noted."""
    kept = []
    things: Mapping[Shape, Sequence[tuple[Mapping[str, Any], str]]] | None = None
    for finding in findings:
        condition = finding.condition
        if isinstance(condition, OneOf) and isinstance(condition.term, Field):
            things = _things(cases) if things is None else things
            untried = _untried(condition, condition.term, [cases[tool] for tool in finding.tools], things)
            if untried:
                tools, words = ", ".join(finding.tools), condition.term.words
                what = f"{tools} where {words} is {' or '.join(map(str, untried))}"
                left_out.append(LeftOut(what=what, why="never seen refused, nor accepted", count=0))
                longer = OneOf(condition.term, (*condition.values, *untried))
                finding = replace(finding, condition=longer)
        kept.append(finding)
    return kept


def _untried(
    condition: OneOf,
    term: Field,
    among: Sequence[Cases],
    things: Mapping[Shape, Sequence[tuple[Mapping[str, Any], str]]],
) -> list[str | bool]:
    """The values that things of the kind were seen to have, and that no refused call of these tools was about."""
    refused: set[Any] = set()
    kinds: set[Shape] = set()
    for cases in among:
        for example, values in zip(cases.examples, cases.column(term), strict=True):
            kinds.update(shapes(example, term.argument))
            if not example.accepted:
                refused.update(value for value in values if isinstance(value, (str, bool)))
    known: set[Any] = {
        value
        for shape in kinds
        for view, identity in things.get(shape, ())
        for value in seen(view, [identity], term.path)
        if isinstance(value, bool) or (isinstance(value, str) and tame(value))
    }
    known |= set(condition.values)
    return sorted(known - refused - set(condition.values), key=str) if len(known) <= STATES else []


def _things(cases: Mapping[str, Cases]) -> Mapping[Shape, Sequence[tuple[Mapping[str, Any], str]]]:
    """Every thing that was shown in some session, by kind: the view, and its id."""
    found: dict[Shape, list[tuple[Mapping[str, Any], str]]] = {}
    for view in longest(example for them in cases.values() for example in them.examples).values():
        for identity, thing in view.get("resources", {}).items():
            if isinstance(thing, dict):
                found.setdefault(frozenset(thing), []).append((view, identity))
    return found
