"""Choices: arguments that name one of the things shown, where it may be that none of them will do.

A release is filed for a window, a ticket goes to a queue: if what the view shows of every window speaks against it, the
call can't be made right by choosing another, and a person is asked. That takes evidence: sessions in which nothing
shown would do, and in which the tool was never accepted for the same rest of the call afterwards, beside sessions in
which another thing would have done, and in which it was; and that somebody was turned to in the former.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from bridle.statistics import fisher
from bridle.synthesis.learner.authority import speaks_of_authority
from bridle.synthesis.learner.condition import Condition, Reading
from bridle.synthesis.learner.example import Example, longest
from bridle.synthesis.learner.helpers import alternatives
from bridle.synthesis.learner.premise import Given
from bridle.synthesis.learner.rule import STATEFUL, Choice, Rule
from bridle.synthesis.learner.term import Field, Size, Term
from bridle.synthesis.learner.wording import tame

ENOUGH = 5
"""Cases in which nothing shown would do, and cases in which several things would, from which on it is a choice."""

CHANCE = 0.01
"""The probability, at most, that as few of them would have gone well later if that made no difference."""

OFTEN = 3
"""Of so many sessions in which nothing would do, one at least has to turn to somebody, to say whom to ask."""

Case: TypeAlias = tuple[str, str]
"""A scenario, and the things that a call of the tool is about whatever it chooses."""


def choices(rules: Sequence[Rule], examples: Sequence[Example]) -> tuple[Choice, ...]:
    """Where a person is to be asked, tool by tool."""
    by_tool: dict[str, list[Example]] = {}
    for example in examples:
        by_tool.setdefault(example.tool, []).append(example)
    views = longest(examples)
    found: list[Choice] = []
    for tool, members in sorted(by_tool.items()):
        mine = [rule for rule in rules if rule.kind in STATEFUL and rule.concerns(tool)]
        for argument in sorted({name for rule in mine for name in about(rule.condition) if name.isidentifier()}):
            telling = [rule for rule in mine if argument in about(rule.condition)]
            others = [rule for rule in mine if rule not in telling]
            sound = [e for e in members if not _objects(others, tool, e.view, e.arguments)]
            cases = _Cases.of(tool, argument, telling, sound, views)
            if cases.hopeless_for_good and (whom := cases.whom(views)):
                names = tuple(rule.id for rule in telling)
                found.append(Choice(tool=tool, argument=argument, whom=whom, rules=names, dead=len(cases.dead)))
                break
    return tuple(found)


def choosing_last(rules: Sequence[Rule], found: Sequence[Choice]) -> tuple[Rule, ...]:
    """The rules, those about choices behind the others: a call is left to a person if nothing else is wrong with it."""
    names = {name for choice in found for name in choice.rules}
    return tuple(sorted(rules, key=lambda rule: rule.id in names))


def about(condition: Condition) -> set[str]:
    """The arguments whose things a condition reads."""
    read = [term.of if isinstance(term, Size) else term for term in _terms(condition)]
    return {term.argument for term in read if isinstance(term, Field)}


def _terms(condition: Condition) -> tuple[Term, ...]:
    """The terms that a condition speaks of."""
    if isinstance(condition, Given):
        return (*_terms(condition.premise), *_terms(condition.condition))
    return condition.terms if isinstance(condition, Reading) else ()


@dataclass(frozen=True, kw_only=True)
class _Cases:
    """What became of a tool's calls that choose one thing for another.

    `dead`: the moment from which on nothing shown would do; `alive`: the first at which something would; `free`: the
    cases in which several things would; `accepted`: the last moment at which the tool was accepted.
    """

    dead: Mapping[Case, int]
    alive: Mapping[Case, int]
    free: frozenset[Case]
    accepted: Mapping[Case, int]

    @staticmethod
    def of(
        tool: str, argument: str, rules: Sequence[Rule], examples: Sequence[Example], views: Mapping[str, Any]
    ) -> _Cases:
        """From the examples of the tool with which nothing else is wrong, and from the sessions that they are from."""
        first: dict[bool, dict[Case, int]] = {True: {}, False: {}}
        accepted: dict[Case, int] = {}
        free: set[Case] = set()
        for example in examples:
            about_what = _rest(example.arguments, argument, example.view)
            if not about_what:
                continue
            case, moment = (example.scenario, about_what), len(example.view["calls"])
            made = _last_made(tool, argument, about_what, views[example.scenario])
            accepted[case] = max(moment if example.accepted else -1, accepted.get(case, -1), made)
            others = alternatives(example.view, example.arguments, argument)
            fine = sum(not _objects(rules, tool, example.view, other) for other in others)
            if len(others) > 1:  # one thing is no choice
                first[not fine][case] = min(moment, first[not fine].get(case, moment))
                free |= {case} if fine > 1 else set()
        alive = {case: moment for case, moment in first[False].items() if case not in first[True]}
        return _Cases(dead=first[True], alive=alive, free=frozenset(free), accepted=accepted)

    @property
    def hopeless_for_good(self) -> bool:
        """Whether calls for which nothing would do never went well later, and those for which something would did."""
        dead = [self.accepted.get(case, -1) >= moment for case, moment in self.dead.items()]
        alive = [self.accepted.get(case, -1) >= moment for case, moment in self.alive.items()]
        if len(dead) < ENOUGH or len(self.free) < ENOUGH or any(dead):
            return False
        return fisher(sum(alive), len(alive), 0, len(dead)) <= CHANCE

    def whom(self, views: Mapping[str, Any]) -> str:
        """The listed value that calls stated afterwards where nothing would do, and hardly elsewhere; empty for none.

        So whoever was turned to then is known by the name that the system has for them.
        """
        theirs = _stated({scenario: moment for (scenario, _), moment in self.dead.items()}, views)
        others = _stated({scenario: moment for (scenario, _), moment in self.alive.items()}, views)
        dead, alive = len({s for s, _ in self.dead}), len({s for s, _ in self.alive})
        often = [word for word, count in theirs.items() if count * OFTEN >= dead]
        rare = [word for word in often if fisher(theirs[word], dead, others[word], alive) <= CHANCE]
        return max(rare, key=lambda word: (theirs[word], word), default="")


def _stated(moments: Mapping[str, int], views: Mapping[str, Any]) -> Counter[str]:
    """In how many sessions a successful call after a moment stated each of the values that its tool lists."""
    counted: Counter[str] = Counter()
    for scenario, moment in moments.items():
        view = views[scenario]
        counted.update({word for call in view["calls"][moment:] if call["ok"] for word in _listed(view, call)})
    return counted


def _listed(view: Mapping[str, Any], call: Mapping[str, Any]) -> Iterator[str]:
    forms = view.get("tools", {}).get(call["tool"], {}).get("schema", {}).get("properties", {})
    arguments = call["arguments"] if isinstance(call["arguments"], dict) else {}
    for name, value in arguments.items():
        listed = isinstance(value, str) and tame(value) and value in forms.get(name, {}).get("enum", ())
        if listed and not speaks_of_authority(name) and not speaks_of_authority(value):
            yield value


def _objects(rules: Sequence[Rule], tool: str, view: Mapping[str, Any], arguments: Any) -> bool:
    return any(rule.condition.wrong(view, tool, arguments) for rule in rules)


def _last_made(tool: str, argument: str, about_what: str, view: Mapping[str, Any]) -> int:
    """The place of the session's last successful call of a tool about the same things; -1 where there was none."""
    for place in range(len(view["calls"]) - 1, -1, -1):
        call = view["calls"][place]
        if call["ok"] and call["tool"] == tool and _rest(call["arguments"], argument, view) == about_what:
            return place
    return -1


def _rest(arguments: Any, argument: str, view: Mapping[str, Any]) -> str:
    """The other things that a call names: what it is about, whatever it chose. Empty where it chooses for nothing."""
    if not isinstance(arguments, dict) or argument not in arguments or "calls" not in view:
        return ""
    resources = view.get("resources", {})
    named = {
        name: value
        for name, value in arguments.items()
        if name != argument and isinstance(value, str) and value in resources
    }
    return json.dumps(named, sort_keys=True) if named else ""
