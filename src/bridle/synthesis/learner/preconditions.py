"""Hypotheses about the state that a call needs: fields of the resources it names, comparisons, and what came before."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from bridle.synthesis.learner.authority import speaks_of_authority
from bridle.synthesis.learner.bounds import lower, upper
from bridle.synthesis.learner.cases import Cases
from bridle.synthesis.learner.comparison import Among, Compare, OneOf, Operator, Stated
from bridle.synthesis.learner.condition import Condition
from bridle.synthesis.learner.example import Example
from bridle.synthesis.learner.helpers import found, kinds, order
from bridle.synthesis.learner.reference import Mentioned, Shown
from bridle.synthesis.learner.shapes import NEGLIGIBLE, negligible, paths
from bridle.synthesis.learner.table import Table
from bridle.synthesis.learner.term import Argument, Calls, Earlier, Field, Listing, Size, Term
from bridle.synthesis.learner.wording import tame, tame_name

MOST_VALUES = 8
"""Values that a state may have among accepted calls."""

RESOURCES = 60
"""Resources that are looked into for each argument, to see which fields there are."""

DEEPEST = 3
"""Steps into a resource."""

OFTEN = 3
"""Scenarios in which a key has to be seen before anything is said of what goes with it."""

PATIENCE = 12
"""Examples after which a pair of terms that compare in every way is given up."""

_ID = re.compile(r"[A-Za-z]+[-_/ ][0-9]{2,}")
_ORDERED = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ].*)?")


def references(path: str) -> tuple[Condition, Condition]:
    """Hypotheses about an argument that may name something: that the thing was shown, or at least spoken of."""
    return Shown(path), Mentioned(path)


def listings(path: str, among: Sequence[Cases], sessions: Sequence[Mapping[str, Any]]) -> list[Condition]:
    """Hypotheses about a text that may name one of the things that a tool lists when it is asked for nothing."""
    accepted = [example.arguments for cases in among for example in cases.members(cases.accepted)]
    if speaks_of_authority(path) or not all(isinstance(v, str) for call in accepted for v in found(call, path)):
        return []
    calls = [call for view in sessions for call in view["calls"] if call["ok"] and not call["arguments"]]
    tools = {call["tool"] for call in calls if _lists(call["result"])}
    return [
        Among(Argument(path), Listing(tool)) for tool in sorted(tools) if tame(tool) and not speaks_of_authority(tool)
    ]


def _lists(result: Any) -> bool:
    """Whether a result is a list, or holds one beside other things."""
    return any(isinstance(part, list) for part in (result.values() if isinstance(result, dict) else (result,)))


@dataclass(frozen=True, eq=False)
class Columns:
    """The values of some terms in some accepted and some rejected examples, read once."""

    accepted: Sequence[Example]
    rejected: Sequence[Example]
    read: Mapping[Term, tuple[list[list[Any]], list[list[Any]]]]

    def where(self, holds: Callable[[Example], bool]) -> Columns:
        """Only the examples for which a predicate holds."""
        mine = [place for place, example in enumerate(self.accepted) if holds(example)]
        theirs = [place for place, example in enumerate(self.rejected) if holds(example)]
        read = {
            term: ([accepted[place] for place in mine], [rejected[place] for place in theirs])
            for term, (accepted, rejected) in self.read.items()
        }
        return Columns([self.accepted[place] for place in mine], [self.rejected[place] for place in theirs], read)

    @staticmethod
    def of(accepted: Sequence[Example], rejected: Sequence[Example], terms: Sequence[Term]) -> Columns:
        """Read the terms in some accepted and some rejected examples."""
        read = {
            term: (
                [term.read(e.view, e.arguments) for e in accepted],
                [term.read(e.view, e.arguments) for e in rejected],
            )
            for term in terms
        }
        return Columns(accepted, rejected, read)

    def values(self, term: Term) -> tuple[list[Any], list[Any]]:
        """All values of a term: in accepted examples, in rejected ones."""
        accepted, rejected = self.read[term]
        return [v for row in accepted for v in row], [v for row in rejected for v in row]

    def spread(self, term: Term) -> Counter[Any]:
        """In how many scenarios an accepted call had each value of a term."""
        rows = zip(self.accepted, self.read[term][0], strict=True)
        return Counter(value for _, value in {(example.scenario, value) for example, row in rows for value in row})


def state_terms(cases: Cases) -> list[Term]:
    """What a call of this tool can be compared with: its arguments, and the fields of the resources that they name."""
    arguments = [example.arguments for example in cases.examples if example.arguments is not None]
    terms: list[Term] = []
    for path in sorted(paths(arguments)):
        if speaks_of_authority(path):
            continue
        terms.append(Argument(path))
        for inner, listed in sorted(_fields(cases, path).items()):
            terms.append(Field(path, inner))
            if listed:
                terms.append(Size(Field(path, inner)))
    return terms


def order_terms(cases: Cases, tools: Sequence[str]) -> list[Term]:
    """How often each tool was called before: at all, and on the same thing."""
    arguments = [example.arguments for example in cases.members(cases.accepted)]
    texts = [
        path
        for path in sorted(paths(arguments))
        if not speaks_of_authority(path)
        and all(isinstance(value, str) for call in arguments for value in found(call, path))
    ]
    return [Calls(tool, path) for tool in tools for path in (*texts, "")]


def earlier_terms(state: Sequence[Term], sessions: Sequence[Mapping[str, Any]]) -> list[Term]:
    """What earlier calls on the same thing answered beside the things that they showed, or said by the same name."""
    told: dict[str, set[str]] = {}
    things = sorted({term.argument for term in state if isinstance(term, Field)})
    mine = {term.path for term in state if isinstance(term, Argument)} - set(things)
    for view in sessions:
        for call in view["calls"]:
            if call["ok"] and tame(call["tool"]) and isinstance(call["arguments"], dict):
                there = told.setdefault(call["tool"], set())
                there.update(f"result.{name}" for name in _leaves(call["result"], view["resources"]))
                there.update(f"arguments.{name}" for name in mine & set(call["arguments"]))
    return [Earlier(tool, thing, path) for tool in sorted(told) for thing in things for path in sorted(told[tool])]


def _leaves(value: Any, resources: Mapping[str, Any]) -> Iterator[str]:
    """The names in an object, and in one inside, under which texts and numbers stand; things are no part of it."""
    if not isinstance(value, dict) or any(isinstance(v, str) and v in resources for v in value.values()):
        return
    for name, inner in value.items():
        if not tame_name(name) or speaks_of_authority(name):
            continue
        if isinstance(inner, dict):
            yield from (f"{name}.{deeper}" for deeper in _leaves(inner, resources) if "." not in deeper)
        elif isinstance(inner, (str, int, float)) and not isinstance(inner, bool):
            yield name


def hypotheses(columns: Columns) -> Iterator[Condition]:
    """What the accepted examples have in common and some rejected ones don't."""
    for term in columns.read:
        yield from single(term, columns)
    fields = [term for term in columns.read if isinstance(term, Field)]
    arguments = [term for term in columns.read if isinstance(term, Argument)]
    for argument in arguments:
        for field in fields:
            if field.argument != argument.path:
                yield from _pair(argument, field, columns)
        for field in fields:
            if field.argument != argument.path:
                yield from _table(argument, field, columns)
        for beside in arguments:
            if beside != argument:
                yield from _table(argument, beside, columns)
    for former, latter in combinations(arguments, 2):
        yield from _pair(former, latter, columns)
    for one, other in combinations(fields, 2):
        yield from _pair(one, other, columns)
        if one.argument != other.argument:
            yield from _pair(other, one, columns)


def recalled(columns: Columns) -> Iterator[Condition]:
    """How what the call says compares with what was said or answered before."""
    arguments = [term for term in columns.read if isinstance(term, Argument)]
    for earlier in columns.read:
        if isinstance(earlier, Earlier):
            for argument in arguments:
                if argument.path != earlier.argument:
                    yield from _pair(argument, earlier, columns)


def single(term: Term, columns: Columns) -> Iterator[OneOf | Stated | Compare]:
    """Hypotheses about one term."""
    accepted, rejected = columns.values(term)
    if not accepted or not rejected:
        return
    empty = sum(value is None for value in accepted)
    if negligible(empty, len(accepted)) and None in rejected:
        yield Stated(term)
    if negligible(len(accepted) - empty, len(accepted)) and any(value is not None for value in rejected):
        yield Stated(term, empty=True)
    if all(value is None or isinstance(value, (str, bool)) for value in accepted):
        yield from _values(term, columns.spread(term))
    numbers = sorted(value for value in accepted if order(value) == "number")
    others = [value for value in rejected if order(value) == "number"]
    if numbers and others and len(numbers) == len(accepted):
        for beyond in sorted({0, int(NEGLIGIBLE * len(numbers)), int(negligible(1, len(numbers)))}):
            yield from _bounds(term, numbers[beyond : len(numbers) - beyond], others)


def _bounds(term: Term, numbers: Sequence[float], others: Sequence[float]) -> Iterator[Compare]:
    """Bounds that the numbers of accepted calls keep, and some of the others don't."""
    if not numbers:
        return
    if min(numbers) > 0 in others:
        whole = all("integer" in kinds(n) for n in (*numbers, *others))
        yield Compare(term, ">=", 1) if whole else Compare(term, ">", 0)
    if (low := lower(numbers, others)) is not None:
        yield Compare(term, ">" if low.strict else ">=", low.number)
    if (high := upper(numbers, others)) is not None:
        yield Compare(term, "<" if high.strict else "<=", high.number)


def _values(term: Term, counted: Counter[Any]) -> Iterator[OneOf]:
    """The values of accepted calls; and those of nearly all of them, in case the rest is noise.

    Only what recurs from scenario to scenario is a kind of thing: an id or a title is not.
    """
    total = counted.total()
    common = Counter({value: count for value, count in counted.items() if not negligible(count, total)})
    nearly_all = len(common) < len(counted) and negligible(total - common.total(), total)
    for values in (counted, common) if nearly_all else (counted,):
        telling = any(value is not None for value in values) and len(values) <= MOST_VALUES
        if telling and total >= 3 * len(values) and all(not isinstance(v, str) or _kind(v) for v in values):
            yield OneOf(term, tuple(sorted(values, key=lambda v: (str(type(v)), str(v)))))


def _kind(text: str) -> bool:
    """Whether a text may be a value that several things have, and is no single thing's id: letters before digits."""
    return tame(text) and _ID.fullmatch(text) is None


def _table(left: Term, key: Term, columns: Columns) -> Iterator[Table]:
    """Which value goes with which, where (nearly) every accepted call with a key has the same."""
    counted: dict[str | bool, Counter[Any]] = {}
    seen: set[tuple[str, Any, Any]] = set()
    rows = zip(columns.accepted, columns.read[left][0], columns.read[key][0], strict=True)
    for example, values, keys in rows:
        if len(values) != 1 or len(keys) != 1 or not isinstance(keys[0], (str, bool)) or not isinstance(values[0], str):
            continue
        if (row := (example.scenario, keys[0], values[0])) not in seen:
            seen.add(row)
            counted.setdefault(keys[0], Counter())[values[0]] += 1
            if len(counted) > MOST_VALUES:
                return
    table: dict[str | bool, str] = {}
    for value, counts in counted.items():
        usual, count = counts.most_common(1)[0]
        if counts.total() >= OFTEN:
            if not negligible(counts.total() - count, counts.total()):
                return
            table[value] = usual
    plain = all(tame(text) for pair in table.items() for text in pair if isinstance(text, str))
    if len(table) > 1 and len(set(table.values())) > 1 and plain:
        yield Table(left, key, tuple(sorted(table.items(), key=str)))


def _pair(left: Term, right: Term, columns: Columns) -> Iterator[Condition]:
    """Hypotheses about how two terms compare."""
    mine, theirs = columns.read[left], columns.read[right]
    counted: Counter[str] = Counter()
    rows = listed = 0
    for a, b in zip(mine[0], theirs[0], strict=True):
        if not a or not b:
            continue
        rows += 1
        if rows == PATIENCE and len(counted) > 2 and not listed:
            return
        if isinstance(b[0], list) and not isinstance(a[0], (list, dict)):
            listed += all(value in options for value in a for options in b if isinstance(options, list))
        counted.update({_sign(x, y) for x in a for y in b})
    if not rows:
        return
    if negligible(rows - listed, rows):
        yield Among(left, right)
    against = {_sign(x, y) for a, b in zip(mine[1], theirs[1], strict=True) for x in a for y in b}
    usual = {sign for sign, count in counted.items() if not negligible(count, rows)}
    for signs in (set(counted), usual) if usual != set(counted) else (usual,):
        relation = _relation(signs)
        if relation is None:
            continue
        if relation in ("<=", ">=") and "=" in against and "=" not in signs:
            yield Compare(left, "<" if relation == "<=" else ">", right)
        if against - signs:
            yield Compare(left, relation, right)


def _relation(signs: set[str]) -> Operator | None:
    """The relation that stands for what was seen."""
    if signs == {"="}:
        return "=="
    if signs and signs <= {"<", "="}:
        return "<="
    if signs and signs <= {">", "="}:
        return ">="
    return "!=" if signs and "=" not in signs else None


def _sign(a: Any, b: Any) -> str:
    """How two values compare: < = >, or ≠ where they have no order."""
    if a == b and isinstance(a, bool) == isinstance(b, bool):
        return "="
    if order(a) == "number" and order(b) == "number":
        return "<" if a < b else ">"
    if isinstance(a, str) and isinstance(b, str) and _ORDERED.fullmatch(a) and _ORDERED.fullmatch(b):
        return "<" if a < b else ">"
    return "≠"


def _fields(cases: Cases, path: str) -> dict[str, bool]:
    """The paths in the resources that an argument names, each with whether a list stands there."""
    fields: dict[str, bool] = {}
    looked_into: set[tuple[str, int]] = set()
    for example in cases.examples:
        resources = example.view.get("resources", {})
        for identity in found(example.arguments, path):
            if not isinstance(identity, str) or identity not in resources:
                continue
            key = (identity, id(resources[identity]))
            if key in looked_into:
                continue
            looked_into.add(key)
            _walk(resources[identity], "", resources, fields)
            if len(looked_into) >= RESOURCES:
                return fields
    return fields


def _walk(
    resource: Any, path: str, resources: Mapping[str, Any], fields: dict[str, bool], *, hopped: bool = False
) -> None:
    """Note every field below a path, and behind the first reference to another resource."""
    if not isinstance(resource, dict) or len(re.split(r"[.>]", path)) > DEEPEST:
        return
    for name, value in resource.items():
        here = f"{path}{name}"
        if not tame_name(name) or speaks_of_authority(name):
            continue
        fields[here] = fields.get(here, False) or isinstance(value, list)
        _walk(value, f"{here}.", resources, fields, hopped=hopped)
        if isinstance(value, list):
            for item in value[:5]:
                _walk(item, f"{here}[].", resources, fields, hopped=hopped)
        elif isinstance(value, str) and not hopped and value in resources and resources[value] is not resource:
            _walk(resources[value], f"{here}>", resources, fields, hopped=True)
