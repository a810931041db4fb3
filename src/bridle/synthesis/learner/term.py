"""Terms: what a condition can speak about. Each reads values from a view and a call's arguments.

`read` gives every value that stands there (none where the view does not show it, several where the path goes through a
list); a condition holds when it holds for all of them. `code` is the same as Python for a harness.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from bridle.synthesis.learner.helpers import called, earlier, found, listed_by, seen, sizes
from bridle.synthesis.learner.wording import python


def noun(argument: str) -> str:
    """What an argument is called when its resource is meant: `request_id` and `requestId` are the request."""
    last = argument.split(".")[-1].removesuffix("[]")
    return re.sub(r"(_ids?|Ids?|_no|_number)$", "", last) or last


@dataclass(frozen=True, order=True)
class Argument:
    """What the call says at a path of its arguments."""

    path: str

    def read(self, view: Mapping[str, Any], arguments: Any) -> list[Any]:
        """The values."""
        return found(arguments, self.path)

    @property
    def code(self) -> str:
        """As Python."""
        return f"found(arguments, {python(self.path)})"

    @property
    def words(self) -> str:
        """As part of a sentence."""
        return f"`{self.path.replace('[]', '')}`"


@dataclass(frozen=True, order=True)
class Field:
    """A field of the resource that an argument names, as last seen; `>` in the path follows a reference."""

    argument: str
    path: str

    def read(self, view: Mapping[str, Any], arguments: Any) -> list[Any]:
        """The values."""
        return seen(view, found(arguments, self.argument), self.path)

    @property
    def code(self) -> str:
        """As Python."""
        return f"seen(view, found(arguments, {python(self.argument)}), {python(self.path)})"

    @property
    def words(self) -> str:
        """As part of a sentence."""
        *references, field = self.path.replace("[]", "").split(">")
        owners = "".join(f"{noun(reference)}'s " for reference in references)
        return f"the {noun(self.argument)}'s {owners}`{field}`"


@dataclass(frozen=True, order=True)
class Size:
    """How many things a list has."""

    of: Argument | Field

    def read(self, view: Mapping[str, Any], arguments: Any) -> list[Any]:
        """The lengths."""
        return list(sizes(self.of.read(view, arguments)))

    @property
    def code(self) -> str:
        """As Python."""
        return f"sizes({self.of.code})"

    @property
    def words(self) -> str:
        """As part of a sentence."""
        return f"the number of {self.of.words.removeprefix('the ')}"


@dataclass(frozen=True, order=True)
class Calls:
    """How often a tool was called successfully: naming the same value as an argument, or at all where that is empty."""

    tool: str
    argument: str = ""

    def read(self, view: Mapping[str, Any], arguments: Any) -> list[Any]:
        """The counts."""
        return list(called(view, self.tool, found(arguments, self.argument) if self.argument else None))

    @property
    def code(self) -> str:
        """As Python."""
        named = f", found(arguments, {python(self.argument)})" if self.argument else ""
        return f"called(view, {python(self.tool)}{named})"

    @property
    def words(self) -> str:
        """As part of a sentence."""
        return f"the number of calls of {self.tool}" + (f" on the {noun(self.argument)}" if self.argument else "")


@dataclass(frozen=True, order=True)
class Earlier:
    """What the last successful call of a tool that named the same value said or answered.

    `path` begins with `arguments.` or `result.`.
    """

    tool: str
    argument: str
    path: str

    def read(self, view: Mapping[str, Any], arguments: Any) -> list[Any]:
        """The values."""
        return list(earlier(view, self.tool, found(arguments, self.argument), self.path))

    @property
    def code(self) -> str:
        """As Python."""
        return f"earlier(view, {python(self.tool)}, found(arguments, {python(self.argument)}), {python(self.path)})"

    @property
    def words(self) -> str:
        """As part of a sentence."""
        part, _, name = self.path.partition(".")
        verb = "said" if part == "arguments" else "answered"
        return f"the `{name}` that {self.tool} last {verb} about the {noun(self.argument)}"


@dataclass(frozen=True, order=True)
class Listing:
    """What a tool that takes no arguments last listed, and calls have told of since: one list, of all things alike."""

    tool: str

    def read(self, view: Mapping[str, Any], arguments: Any) -> list[Any]:
        """The list."""
        return list(listed_by(view, self.tool))

    @property
    def code(self) -> str:
        """As Python."""
        return f"listed_by(view, {python(self.tool)})"

    @property
    def words(self) -> str:
        """As part of a sentence."""
        return f"what {self.tool} last listed, or calls have told of since"


Term: TypeAlias = "Argument | Field | Size | Calls | Earlier | Listing"
