"""Ways: which tool leads from a state in which a call is refused toward one in which it is not.

Read from what calls have shown: a resource that had one value of a field before a call of a tool and another after it.
A way is the first step of a shortest path; it is advice in a hint, and refuses nothing.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, TypeAlias

from bridle.synthesis.learner.comparison import OneOf
from bridle.synthesis.learner.example import Example, sessions
from bridle.synthesis.learner.helpers import found
from bridle.synthesis.learner.rule import Rule
from bridle.synthesis.learner.term import Field
from bridle.synthesis.learner.wording import Scalar, tame

Shape: TypeAlias = frozenset[str]
"""The names of a resource's fields: what tells kinds of resources apart."""

Moves: TypeAlias = Mapping[tuple[Shape, str], Counter[tuple[Scalar, str, Scalar]]]
"""For each kind of resource and field, how often a tool took it from one value to another: (before, tool, after)."""

OFTEN = 2
"""Times that a move has to be seen."""

LOOKED_AT = 50
"""Examples that are looked at to see which kinds of resources a rule is about."""


def moves(examples: Iterable[Example]) -> Moves:
    """The moves in the sessions that the examples are from."""
    counted: dict[tuple[Shape, str], Counter[tuple[Scalar, str, Scalar]]] = {}
    for view in sessions(examples):
        known: dict[str, Mapping[str, Any]] = {}
        for call in view["calls"]:
            fine = call["ok"] and tame(call["tool"])
            shown = dict(snapshots(call["result"], view["resources"])) if fine else {}
            for identity, after in shown.items():
                for name, value in after.items():
                    before = known.get(identity, {}).get(name, value)
                    if _telling(before) and _telling(value) and before != value:
                        key = frozenset(after), name
                        counted.setdefault(key, Counter())[before, call["tool"], value] += 1
            known |= shown
    return counted


def ways(rule: Rule, moved: Moves, examples: Sequence[Example]) -> tuple[tuple[Scalar, str], ...] | None:
    """For each value that the rule refuses, the tool that leads on; None where the rule has nothing to do with that."""
    condition = rule.condition
    if not isinstance(condition, OneOf) or not isinstance(condition.term, Field):
        return None
    counts: Counter[tuple[Scalar, str, Scalar]] = Counter()
    for shape in kinds_named(rule, condition.term.argument, examples):
        counts += moved.get((shape, condition.term.path), Counter())
    edges = [move for move, count in counts.items() if count >= OFTEN]
    if not edges:
        return None
    first: dict[Scalar, str] = {}
    waiting = deque(condition.values)
    reached = set(condition.values)
    while waiting:
        goal = waiting.popleft()
        arriving = sorted((m for m in edges if m[2] == goal), key=lambda m: (-counts[m], m[1]))
        for before, tool, _ in arriving:
            if before not in reached:
                reached.add(before)
                first[before] = tool
                waiting.append(before)
    return tuple(sorted(first.items(), key=lambda pair: str(pair[0]))) or None


def kinds_named(rule: Rule, argument: str, examples: Sequence[Example]) -> set[Shape]:
    """The kinds of resources that the rule's argument names."""
    concerned = (example for example in examples if rule.concerns(example.tool))
    return {shape for example in islice(concerned, LOOKED_AT) for shape in shapes(example, argument)}


def shapes(example: Example, argument: str) -> Iterator[Shape]:
    """The kinds of the resources that an argument of a call names."""
    resources = example.view.get("resources", {})
    for identity in found(example.arguments, argument):
        if isinstance(identity, str) and isinstance(resources.get(identity), dict):
            yield frozenset(resources[identity])


def snapshots(result: Any, resources: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The objects in a result that are resources of the view, with their ids; inner ones first."""
    if isinstance(result, list):
        for item in result:
            yield from snapshots(item, resources)
    elif isinstance(result, dict):
        for inner in result.values():
            yield from snapshots(inner, resources)
        for value in result.values():
            if isinstance(value, str) and value in resources and resources[value].keys() == result.keys():
                yield value, result


def _telling(value: Any) -> bool:
    return isinstance(value, bool) or (isinstance(value, str) and tame(value))
