"""Gaps: what a thing lacks and nothing was ever seen to fill in. There a person has to be asked.

A value that a call needs and that no tool can bring about can't be inferred safely: every guess is refused, and an
agent that goes on guessing does harm.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from bridle.synthesis.learner.comparison import Compare, Stated
from bridle.synthesis.learner.example import Example, sessions
from bridle.synthesis.learner.rule import Rule
from bridle.synthesis.learner.term import Field
from bridle.synthesis.learner.ways import Shape, kinds_named, snapshots
from bridle.synthesis.learner.wording import tame

ENOUGH = 5
"""Sessions in which a thing has to be seen again with the same gap."""

Gaps: TypeAlias = frozenset[tuple[Shape, str]]
"""For a kind of things, the fields that stay empty once they are."""


def gaps(examples: Iterable[Example]) -> Gaps:
    """What stays empty, from the sessions that the examples are from."""
    stayed: Counter[tuple[Shape, str]] = Counter()
    filled: set[tuple[Shape, str]] = set()
    for view in sessions(examples):
        known: dict[str, Mapping[str, Any]] = {}
        again: set[tuple[Shape, str]] = set()
        for call in view["calls"]:
            if not call["ok"] or not tame(call["tool"]):
                continue
            shown = dict(snapshots(call["result"], view["resources"]))
            for identity, after in shown.items():
                for name, value in known.get(identity, {}).items():
                    if value is None and name in after:
                        key = frozenset(after), name
                        (filled if after[name] is not None else again).add(key)
            known |= shown
        stayed.update(again)
    return frozenset(key for key, count in stayed.items() if count >= ENOUGH and key not in filled)


def needs_person(rule: Rule, found: Gaps, examples: Sequence[Example]) -> bool:
    """Whether the rule asks for a field, or for what a field says, that stays empty where it is."""
    field = _asked(rule)
    return field is not None and any(
        (shape, field.path) in found for shape in kinds_named(rule, field.argument, examples)
    )


def _asked(rule: Rule) -> Field | None:
    """The field that a rule needs to be there."""
    condition = rule.condition
    if isinstance(condition, Stated) and not condition.empty and isinstance(condition.term, Field):
        return condition.term
    if isinstance(condition, Compare) and condition.relation == "==" and isinstance(condition.right, Field):
        return condition.right
    return None
