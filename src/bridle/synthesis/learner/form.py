"""Conditions on the form of a call: which arguments it states, and how they are written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bridle.synthesis.learner.condition import View
from bridle.synthesis.learner.helpers import fits, found, misfits, surplus, unstated
from bridle.synthesis.learner.wording import Scalar, either, python, said


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
