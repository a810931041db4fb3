"""Hypotheses about the shape of a call: which arguments it states, and how they are written.

First what the tools declare themselves, then what only examples show.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from math import sqrt
from typing import Any

from bridle.synthesis.learner.authority import speaks_of_authority
from bridle.synthesis.learner.bounds import lower, upper
from bridle.synthesis.learner.cases import Cases
from bridle.synthesis.learner.condition import Condition
from bridle.synthesis.learner.form import DECLARED, Declared, Fits, Only, Required
from bridle.synthesis.learner.helpers import found, kinds, order
from bridle.synthesis.learner.wording import tame, tame_name

MOST_VALUES = 10
"""Values that an enumeration may have."""

NEGLIGIBLE = 0.01
"""The share of accepted calls that may be noise: hypotheses may leave them out, and are weighed with what they cost."""

LONGEST_PATTERN = 80
"""Characters of an induced pattern."""

ENOUGH = 8
"""Accepted values from which a form is induced at all."""

_RUN = re.compile(r"[A-Z]+|[a-z]+|[0-9]+|.", re.DOTALL)


def declared() -> list[Declared]:
    """What a declared schema can be wrong or right about, in the order of checking."""
    return [Declared(group) for group in ("required", "others", *DECLARED)]


def induced(cases: Cases, unexplained: int) -> Iterator[Condition]:
    """Hypotheses from the calls of one tool; each is violated by (nearly) no accepted call."""
    calls = [example.arguments for example in cases.members(cases.accepted)]
    rejected = [example.arguments for example in cases.members(unexplained)]
    for inside, objects in sorted(_objects(calls).items()):
        counted = Counter(name for inner in objects for name in inner if tame_name(name))
        for name in sorted(counted):
            if negligible(len(objects) - counted[name], len(objects)) and not speaks_of_authority(name):
                yield Required(name, inside)
        usual = [name for name, count in counted.items() if not negligible(count, len(objects))]
        for names in (counted, usual) if len(usual) < len(counted) else (usual,):
            yield Only(tuple(sorted(names)), inside)
    for path in sorted(paths(calls)):
        if not speaks_of_authority(path):
            seen = [(e.scenario, v) for e in cases.members(cases.accepted) for v in found(e.arguments, path)]
            values = [value for _, value in seen]
            spread = Counter(text for _, text in {(where, text) for where, text in seen if isinstance(text, str)})
            yield from forms(path, values, [value for call in rejected for value in found(call, path)], spread)


def negligible(count: int, total: int) -> bool:
    """Whether so few may be noise, of a small number by two standard errors of half that share; nothing always is."""
    return count <= max(NEGLIGIBLE * total, NEGLIGIBLE / 2 * total + 2 * sqrt(NEGLIGIBLE / 2 * total))


def structural(condition: Condition) -> bool:
    """Whether a hypothesis is about which arguments there are and of what type, not about how they are written."""
    return isinstance(condition, (Required, Only)) or (isinstance(condition, Fits) and condition.keyword == "type")


def forms(path: str, values: Sequence[Any], rejected: Sequence[Any], spread: Counter[str]) -> Iterator[Condition]:
    """Forms that all the values have, and some of the rejected ones perhaps not.

    `spread` says in how many scenarios each text stands: only what recurs is one of a list.
    """
    counted = Counter(map(_type, values))
    types = {name for name, count in counted.items() if not negligible(count, len(values))}
    if types == {"integer"}:
        yield Fits(path, "type", "number")
    if {"integer", "number"} <= types:
        types.discard("integer")
    yield Fits(path, "type", types.pop() if len(types) == 1 else tuple(sorted(types)))
    if len(values) < ENOUGH:
        return
    if all(isinstance(value, str) for value in values):
        yield from _text_forms(path, spread, [value for value in rejected if isinstance(value, str)])
    elif all(order(value) == "number" for value in values):
        others = [value for value in rejected if order(value) == "number"]
        if min(values) > 0 in others:
            yield Fits(path, "exclusiveMinimum", 0)
        if (low := lower(values, others)) is not None:
            yield Fits(path, "exclusiveMinimum" if low.strict else "minimum", low.number)
        if (high := upper(values, others)) is not None:
            yield Fits(path, "exclusiveMaximum" if high.strict else "maximum", high.number)


def _text_forms(path: str, counted: Counter[str], rejected: list[str]) -> Iterator[Condition]:
    if len(counted) <= MOST_VALUES and counted.total() >= 3 * len(counted) and all(map(tame, counted)):
        yield Fits(path, "enum", tuple(sorted(counted)))
    if (pattern := written(sorted(counted))) is not None:
        yield Fits(path, "pattern", pattern)
    lengths, others = [len(text) for text in counted], [len(text) for text in rejected]
    if (low := lower(lengths, others)) is not None:
        yield Fits(path, "minLength", low.number + low.strict)
    if (high := upper(lengths, others)) is not None:
        yield Fits(path, "maxLength", high.number - high.strict)


def written(texts: Sequence[str]) -> str | None:
    """The pattern that all texts follow, run by run: letters as they are where all have the same, digits counted."""
    split = [_RUN.findall(text) for text in texts]
    shapes = {tuple(_shape(run) for run in runs) for runs in split}
    if len(texts) < 2 or len(shapes) != 1 or not all(map(tame, texts)):
        return None
    shape = shapes.pop()
    if all(kind == "a" for kind in shape) or not any(kind in "Aa9" for kind in shape):
        return None
    parts = []
    for place, kind in enumerate(shape):
        runs = {runs[place] for runs in split}
        lengths = {len(run) for run in runs}
        count = f"{{{lengths.pop()}}}" if len(lengths) == 1 else "+"
        if kind == "9":
            parts.append(f"[0-9]{count}")
        elif len(runs) == 1:
            parts.append(re.escape(runs.pop()).replace(r"\-", "-"))
        else:
            parts.append(("[A-Z]" if kind == "A" else "[a-z]") + count)
    pattern = f"^{''.join(parts)}$"
    return pattern if len(pattern) <= LONGEST_PATTERN else None


def paths(calls: Sequence[Any]) -> set[str]:
    """Every path at which a call's arguments hold something, lists gone through."""
    found_paths: set[str] = set()
    for call in calls:
        waiting = [("", call)]
        while waiting:
            path, value = waiting.pop()
            if path:
                found_paths.add(path)
            if isinstance(value, dict) and path.count(".") < 3:
                dot = f"{path}." if path else ""
                waiting += [(dot + name, inner) for name, inner in value.items() if tame_name(name)]
            elif isinstance(value, list):
                waiting += [(f"{path}[]", inner) for inner in value]
    return found_paths


def _objects(calls: Sequence[Any]) -> dict[str, list[dict[str, Any]]]:
    """The objects in the calls' arguments by their path; the arguments themselves stand at the empty one."""
    objects = {"": [call for call in calls if isinstance(call, dict)]}
    for path in paths(calls):
        if inner := [value for call in calls for value in found(call, path) if isinstance(value, dict)]:
            objects[path] = inner
    return {path: found_there for path, found_there in objects.items() if found_there}


def _type(value: Any) -> str:
    names = sorted(kinds(value))
    return names[0] if names else "null"


def _shape(run: str) -> str:
    if run[0].isdigit():
        return "9"
    if run[0].isascii() and run[0].isalpha():
        return "A" if run[0].isupper() else "a"
    return run
