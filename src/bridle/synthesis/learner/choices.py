"""Choices: arguments that name one of the things shown, where it may be that none of them will do.

A release is filed for a window, a ticket goes to a queue: if what the view shows of every window speaks against it, the
call can't be made right by choosing another, and a person is asked. That takes evidence: sessions in which nothing
shown would do, and in which the tool was never accepted for the same rest of the call afterwards; beside sessions in
which another thing would have done, and in which it was.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from math import comb
from typing import Any

from bridle.synthesis.learner.comparison import Among, Compare, OneOf, Stated
from bridle.synthesis.learner.condition import Condition
from bridle.synthesis.learner.example import Example
from bridle.synthesis.learner.helpers import alternatives
from bridle.synthesis.learner.premise import Given
from bridle.synthesis.learner.rule import STATEFUL, Rule
from bridle.synthesis.learner.table import Table
from bridle.synthesis.learner.term import Field, Size

ENOUGH = 5
"""Cases in which nothing shown would do, and cases in which several things would, from which on it is a choice."""

CHANCE = 0.01
"""The probability, at most, that as few of them would have gone well later if that made no difference."""


def choices(rules: Sequence[Rule], examples: Sequence[Example]) -> tuple[Rule, ...]:
    """The rules, with the argument noted whose thing they are about where a person is to be asked if none will do.

    Those come last: a call is only left to a person if nothing else is wrong with it.
    """
    by_tool: dict[str, list[Example]] = {}
    for example in examples:
        by_tool.setdefault(example.tool, []).append(example)
    chosen: dict[str, str] = {}
    for tool, members in sorted(by_tool.items()):
        mine = [rule for rule in rules if rule.kind in STATEFUL and rule.tools == (tool,)]
        for argument in sorted({name for rule in mine for name in about(rule.condition) if name.isidentifier()}):
            telling = [rule for rule in mine if argument in about(rule.condition)]
            others = [rule for rule in mine if rule not in telling]
            sound = [e for e in members if not _objects(others, tool, e.view, e.arguments)]
            if _hopeless_for_good(tool, argument, telling, sound):
                chosen.update((rule.id, argument) for rule in telling)
    marked = (replace(rule, choice=chosen.get(rule.id, "")) for rule in rules)
    return tuple(sorted(marked, key=lambda rule: bool(rule.choice)))


def about(condition: Condition) -> set[str]:
    """The arguments whose things a condition reads."""
    return {term.argument for term in _terms(condition) if isinstance(term, Field)}


def _terms(condition: Condition) -> Iterator[Any]:
    """The terms that a condition speaks of."""
    if isinstance(condition, Given):
        yield from (*_terms(condition.premise), *_terms(condition.condition))
    parts = {OneOf: ("term",), Stated: ("term",), Compare: ("left", "right"), Among: ("left", "options")}
    for name in parts.get(type(condition), ("left", "key") if isinstance(condition, Table) else ()):
        term = getattr(condition, name)
        yield term.of if isinstance(term, Size) else term


def _hopeless_for_good(tool: str, argument: str, rules: Sequence[Rule], examples: Sequence[Example]) -> bool:
    """Whether calls for which nothing shown would do never went well later, and those for which something would did."""
    first: dict[bool, dict[tuple[str, str], int]] = {True: {}, False: {}}
    accepted: dict[tuple[str, str], int] = {}
    free: set[tuple[str, str]] = set()
    for example in examples:
        about_what = _rest(example, argument)
        if not about_what:
            continue
        case, moment = (example.scenario, about_what), len(example.view["calls"])
        if example.accepted:
            accepted[case] = max(moment, accepted.get(case, 0))
        others = alternatives(example.view, example.arguments, argument)
        fine = sum(not _objects(rules, tool, example.view, other) for other in others)
        if len(others) > 1:  # one thing is no choice
            first[not fine][case] = min(moment, first[not fine].get(case, moment))
            free |= {case} if fine > 1 else set()
    later = {
        dead: [accepted.get(case, -1) >= moment for case, moment in cases.items() if dead or case not in first[True]]
        for dead, cases in first.items()
    }
    if len(later[True]) < ENOUGH or len(free) < ENOUGH or any(later[True]):
        return False
    return _by_chance(later[True], later[False]) <= CHANCE


def _by_chance(dead: Sequence[bool], alive: Sequence[bool]) -> float:
    """The probability that none of the first went well if both were alike. Fisher's exact test, one-sided."""
    everything, well = len(dead) + len(alive), sum(alive)
    return comb(everything - well, len(dead)) / comb(everything, len(dead))


def _objects(rules: Sequence[Rule], tool: str, view: Mapping[str, Any], arguments: Any) -> bool:
    return any(rule.condition.wrong(view, tool, arguments) for rule in rules)


def _rest(example: Example, argument: str) -> str:
    """The other things that a call names: what it is about, whatever it chose. Empty where it chooses for nothing."""
    if example.arguments is None or argument not in example.arguments or "calls" not in example.view:
        return ""
    resources = example.view.get("resources", {})
    named = {
        name: value
        for name, value in example.arguments.items()
        if name != argument and isinstance(value, str) and value in resources
    }
    return json.dumps(named, sort_keys=True) if named else ""
