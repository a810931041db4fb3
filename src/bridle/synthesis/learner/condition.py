"""Conditions: what has to hold for a call to be accepted. Declarative values, a small family.

`wrong` gives the values that offend, an empty list where the condition holds, and None where it does not apply (the
view does not show what it speaks of). `code` is the same as a Python expression, for a harness; `words` completes the
sentence "the tool needs …".
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeAlias

from bridle.synthesis.learner.helpers import couples, fits, found, misfits, spoken, surplus, unstated
from bridle.synthesis.learner.term import Calls, Size, Term, noun
from bridle.synthesis.learner.wording import Scalar, either, python, said

View: TypeAlias = Mapping[str, Any]
Operator: TypeAlias = Literal["==", "!=", "<=", "<", ">=", ">"]

HOLDS: Mapping[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<=": operator.le,
    "<": operator.lt,
    ">=": operator.ge,
    ">": operator.gt,
}
_SAID = {
    "==": "to be",
    "!=": "not to be",
    "<=": "to be at most",
    "<": "to be below",
    ">=": "to be at least",
    ">": "to be above",
}


class Condition(Protocol):
    """One condition on a call in a view. Compares and hashes by value."""

    def wrong(self, view: View, tool: str, arguments: Any) -> list[Any] | None:
        """The offending values; None where the condition does not apply."""

    @property
    def name(self) -> str:
        """What it is about, for the rule's id."""

    @property
    def code(self) -> str:
        """A Python expression over `view`, `tool` and `arguments`: the offending values, as a list."""

    @property
    def words(self) -> str:
        """What is needed."""


@dataclass(frozen=True)
class OneOf:
    """A term has one of some values."""

    term: Term
    values: tuple[Scalar, ...]

    def wrong(self, view: View, tool: str, arguments: Any) -> list[Any] | None:
        """Values that are none of them."""
        there = self.term.read(view, arguments)
        return [value for value in there if value not in self.values] if there else None

    @property
    def name(self) -> str:
        """The last name on the path."""
        return last(self.term)

    @property
    def code(self) -> str:
        """As Python."""
        return f"[v for v in {self.term.code} if v not in {python(self.values)}]"

    @property
    def words(self) -> str:
        """As English."""
        return f"{self.term.words} to be {either(self.values)}"


@dataclass(frozen=True)
class Stated:
    """A term is there (not null), or, where `empty`, null."""

    term: Term
    empty: bool = False

    def wrong(self, view: View, tool: str, arguments: Any) -> list[Any] | None:
        """The values that are null, or are not."""
        there = self.term.read(view, arguments)
        return [value for value in there if (value is None) != self.empty] if there else None

    @property
    def name(self) -> str:
        """The last name on the path."""
        return last(self.term)

    @property
    def code(self) -> str:
        """As Python."""
        return f"[v for v in {self.term.code} if v is {'not ' if self.empty else ''}None]"

    @property
    def words(self) -> str:
        """As English."""
        return f"{self.term.words} to be {'empty' if self.empty else 'stated'}"


@dataclass(frozen=True)
class Compare:
    """Two terms, or a term and a constant, stand in a relation. Only what can be put in order is compared by order."""

    left: Term
    relation: Operator
    right: Term | int | float | str

    def wrong(self, view: View, tool: str, arguments: Any) -> list[Any] | None:
        """The right hand sides for which it does not hold; the left ones where the right is a constant."""
        left = self.left.read(view, arguments)
        constant = isinstance(self.right, (int, float, str))
        right = [self.right] if isinstance(self.right, (int, float, str)) else self.right.read(view, arguments)
        pairs = couples(left, right) if self.ordering else [(a, b) for a in left for b in right]
        holds = HOLDS[self.relation]
        return [a if constant else b for a, b in pairs if not holds(a, b)] if pairs else None

    @property
    def ordering(self) -> bool:
        """Whether the relation needs an order."""
        return self.relation not in ("==", "!=")

    @property
    def name(self) -> str:
        """The last names on both paths."""
        return last(self.left) if isinstance(self.right, (int, float, str)) else f"{last(self.left)}-{last(self.right)}"

    @property
    def code(self) -> str:
        """As Python."""
        constant = isinstance(self.right, (int, float, str))
        right = f"[{python(self.right)}]" if isinstance(self.right, (int, float, str)) else self.right.code
        shown = "a" if constant else "b"
        if self.ordering:
            return f"[{shown} for a, b in couples({self.left.code}, {right}) if not a {self.relation} b]"
        if constant:
            return f"[a for a in {self.left.code} if not a {self.relation} {python(self.right)}]"
        return f"[b for a in {self.left.code} for b in {right} if not a {self.relation} b]"

    @property
    def words(self) -> str:
        """As English; about counts of calls in plain words."""
        if isinstance(self.left, Calls):
            on = f" on the {noun(self.left.argument)}" if self.left.argument else ""
            if (self.relation, self.right) == (">=", 1):
                return f"a successful call of {self.left.tool}{on} before it"
            if (self.relation, self.right) == ("<=", 0):
                return f"that {self.left.tool} was not called{on} before"
        if (self.relation, self.right) == (">=", 1) and isinstance(self.left, Size):
            return f"{self.left.of.words} not to be empty"
        if (self.relation, self.right) == ("<=", 0) and isinstance(self.left, Size):
            return f"{self.left.of.words} to be empty"
        right = said(self.right) if isinstance(self.right, (int, float, str)) else self.right.words
        return f"{self.left.words} {_SAID[self.relation]} {right}"


@dataclass(frozen=True)
class Among:
    """A term is one of the things in a list that the view shows."""

    left: Term
    options: Term

    def wrong(self, view: View, tool: str, arguments: Any) -> list[Any] | None:
        """Values that are not in the list."""
        lists = [value for value in self.options.read(view, arguments) if isinstance(value, list)]
        left = self.left.read(view, arguments)
        return [value for value in left for options in lists if value not in options] if left and lists else None

    @property
    def name(self) -> str:
        """The last names on both paths."""
        return f"{last(self.left)}-{last(self.options)}"

    @property
    def code(self) -> str:
        """As Python."""
        return (
            f"[v for v in {self.left.code} for options in {self.options.code} "
            "if isinstance(options, list) and v not in options]"
        )

    @property
    def words(self) -> str:
        """As English."""
        return f"{self.left.words} to be one of {self.options.words}"


@dataclass(frozen=True)
class Given:
    """A condition that only counts where a term has a value."""

    premise: OneOf
    condition: Condition

    def wrong(self, view: View, tool: str, arguments: Any) -> list[Any] | None:
        """What offends the condition; it does not apply where the premise does not hold, or is not known to."""
        return None if self.premise.wrong(view, tool, arguments) != [] else self.condition.wrong(view, tool, arguments)

    @property
    def name(self) -> str:
        """What both are about."""
        return f"{self.premise.name}-{self.condition.name}"

    @property
    def code(self) -> str:
        """As Python."""
        premise = f"any(v in {python(self.premise.values)} for v in {self.premise.term.code})"
        return f"{self.condition.code} if {premise} else []"

    @property
    def words(self) -> str:
        """As English."""
        return f"{self.condition.words}, if {self.premise.words.replace(' to be ', ' is ')}"


@dataclass(frozen=True)
class Shown:
    """An argument names a resource that was shown in this session."""

    argument: str

    def wrong(self, view: View, tool: str, arguments: Any) -> list[Any] | None:
        """Values that name none."""
        there = found(arguments, self.argument)
        shown = view.get("resources", {})
        return [v for v in there if not isinstance(v, str) or v not in shown] if there else None

    @property
    def name(self) -> str:
        """The argument."""
        return f"{noun(self.argument)}-shown"

    @property
    def code(self) -> str:
        """As Python."""
        there = f"found(arguments, {python(self.argument)})"
        return f'[v for v in {there} if not isinstance(v, str) or v not in view["resources"]]'

    @property
    def words(self) -> str:
        """As English."""
        return f"`{self.argument}` to name a thing that was shown in this session"


@dataclass(frozen=True)
class Mentioned:
    """An argument is something that the task or a result spoke of: not invented."""

    argument: str

    def wrong(self, view: View, tool: str, arguments: Any) -> list[Any] | None:
        """Values that nothing spoke of."""
        there = found(arguments, self.argument)
        words = spoken(view) if there else set()
        return [value for value in there if str(value) not in words] if there else None

    @property
    def name(self) -> str:
        """The argument."""
        return f"{noun(self.argument)}-mentioned"

    @property
    def code(self) -> str:
        """As Python."""
        return f"[v for v in found(arguments, {python(self.argument)}) if str(v) not in spoken(view)]"

    @property
    def words(self) -> str:
        """As English."""
        return f"`{self.argument}` to be something that the task or an earlier result spoke of"


@dataclass(frozen=True)
class Fits:
    """An argument has a form, by one keyword of JSON Schema that was induced from examples."""

    argument: str
    keyword: str
    value: Scalar | tuple[Scalar, ...]

    @property
    def form(self) -> dict[str, Any]:
        """As JSON Schema."""
        return {self.keyword: list(self.value) if isinstance(self.value, tuple) else self.value}

    def wrong(self, view: View, tool: str, arguments: Any) -> list[Any] | None:
        """Values without it."""
        there, form = found(arguments, self.argument), self.form
        return [value for value in there if not fits(value, form)] if there else None

    @property
    def name(self) -> str:
        """The argument and the keyword."""
        return f"{self.argument.replace('[]', '')}-{self.keyword}"

    @property
    def code(self) -> str:
        """As Python."""
        return f"[v for v in found(arguments, {python(self.argument)}) if not fits(v, {python(self.form)})]"

    @property
    def words(self) -> str:
        """As English."""
        phrases = {
            "type": "to be of type {}",
            "enum": "to be {}",
            "pattern": "to be written as {}",
            "minimum": "to be at least {}",
            "exclusiveMinimum": "to be above {}",
            "maximum": "to be at most {}",
            "exclusiveMaximum": "to be below {}",
            "minLength": "to have at least {} characters",
            "maxLength": "to have at most {} characters",
        }
        value = either(self.value) if isinstance(self.value, tuple) else said(self.value)
        each = "every one of " if self.argument.endswith("[]") else ""
        return f"{each}`{self.argument.replace('[]', '')}` {phrases[self.keyword].format(value)}"


@dataclass(frozen=True)
class Required:
    """A call states an argument. `inside` is the path of the object that it belongs to; empty at the top."""

    argument: str
    inside: str = ""

    def wrong(self, view: View, tool: str, arguments: Any) -> list[Any] | None:
        """Its name, once for each object without it."""
        holders = found(arguments, self.inside) if self.inside else [arguments]
        objects = [holder for holder in holders if isinstance(holder, dict)]
        return [self.argument for holder in objects if self.argument not in holder] if objects else None

    @property
    def name(self) -> str:
        """The argument."""
        return f"{self.argument}-stated"

    @property
    def code(self) -> str:
        """As Python."""
        holders = f"found(arguments, {python(self.inside)})" if self.inside else "[arguments]"
        return (
            f"[{python(self.argument)} for h in {holders} if isinstance(h, dict) and {python(self.argument)} not in h]"
        )

    @property
    def words(self) -> str:
        """As English."""
        return f"`{self.argument}`{f' in `{self.inside}`' if self.inside else ''}"


@dataclass(frozen=True)
class Only:
    """A call states none but these arguments."""

    arguments: tuple[str, ...]
    inside: str = ""

    def wrong(self, view: View, tool: str, arguments: Any) -> list[Any] | None:
        """The others."""
        holders = found(arguments, self.inside) if self.inside else [arguments]
        objects = [holder for holder in holders if isinstance(holder, dict)]
        return [name for holder in objects for name in holder if name not in self.arguments] if objects else None

    @property
    def name(self) -> str:
        """What it is about."""
        return "arguments" if not self.inside else f"{self.inside}-arguments"

    @property
    def code(self) -> str:
        """As Python."""
        holders = f"found(arguments, {python(self.inside)})" if self.inside else "[arguments]"
        return f"[n for h in {holders} if isinstance(h, dict) for n in h if n not in {python(self.arguments)}]"

    @property
    def words(self) -> str:
        """As English."""
        where = f" in {self.inside}" if self.inside else ""
        return f"no other arguments{where} than {', '.join(self.arguments) or 'none'}"


DECLARED: Mapping[str, tuple[tuple[str, ...], str]] = {
    "type": (("type", "anyOf"), "every argument to be of the type that its tool declares"),
    "values": (("enum", "const"), "every argument to have a value that its tool declares"),
    "pattern": (("pattern",), "every argument to be written as its tool declares"),
    "range": (
        ("minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum"),
        "every number to be in the range that its tool declares",
    ),
    "length": (
        ("minLength", "maxLength", "minItems", "maxItems"),
        "every text and list to have a length that its tool declares",
    ),
}
"""What of a declared schema can be a rule by itself: its keywords, and the rule in words."""


@dataclass(frozen=True)
class Declared:
    """The arguments fit the schema that the view declares for their tool, as far as one group of keywords goes."""

    group: str

    def wrong(self, view: View, tool: str, arguments: Any) -> list[Any] | None:
        """The arguments that don't, with what they should be."""
        if not isinstance(arguments, dict) or tool not in view.get("tools", {}):
            return None
        if self.group == "required":
            return list(unstated(view, tool, arguments))
        if self.group == "others":
            return list(surplus(view, tool, arguments))
        return list(misfits(view, tool, arguments, DECLARED[self.group][0]))

    @property
    def name(self) -> str:
        """The group."""
        return f"declared-{self.group}"

    @property
    def code(self) -> str:
        """As Python."""
        if self.group == "required":
            return "unstated(view, tool, arguments)"
        if self.group == "others":
            return "surplus(view, tool, arguments)"
        return f"misfits(view, tool, arguments, {python(DECLARED[self.group][0])})"

    @property
    def words(self) -> str:
        """As English."""
        if self.group == "required":
            return "every argument that its tool declares as required"
        if self.group == "others":
            return "no argument that its tool does not declare"
        return DECLARED[self.group][1]


@dataclass(frozen=True)
class KnownTool:
    """The view declares the tool."""

    def wrong(self, view: View, tool: str, arguments: Any) -> list[Any] | None:
        """The tool's name, where there is no such tool."""
        return [] if tool in view.get("tools", {}) else [tool]

    @property
    def name(self) -> str:
        """What it is about."""
        return "known-tool"

    @property
    def code(self) -> str:
        """As Python."""
        return '[] if tool in view["tools"] else [tool]'

    @property
    def words(self) -> str:
        """As English."""
        return "to be one of the tools that there are"


def last(term: Term) -> str:
    """A short name for a term."""
    if isinstance(term, Size):
        return last(term.of)
    if isinstance(term, Calls):
        return f"after-{term.tool}"
    return term.path.replace("[]", "").replace(">", ".").split(".")[-1]


def complexity(condition: Condition) -> int:
    """How involved a condition is; of two that explain as much the simpler one is kept."""
    if isinstance(condition, Given):
        return 100 + complexity(condition.premise) + complexity(condition.condition)
    kinds_ = (OneOf, Among, Stated, Compare)
    kind = next((place for place, cls in enumerate(kinds_) if isinstance(condition, cls)), 0)
    constant = isinstance(condition, Compare) and isinstance(condition.right, (int, float, str))
    if isinstance(condition, Fits) and condition.value == "integer":
        kind += 10  # a number, as far as anybody knows
    return 10 * (len(condition.code) // 10) + kind + 2 * constant
