"""Calls that could be made: what the view shows, put into what the tools' schemas ask for. They are data, not advice.

An argument is tried with the constants of its schema, with what the view's resources hold under its name, where it is
text with the ids of the resources, and where its schema has a pattern with every word of the task and of the resources
that fits. Numbers and sentences that stand nowhere in the view are the agent's to state.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bridle.arguments import ArgumentCheck, Schema
from bridle.trace import Tool, strings

_WORD = re.compile(r"[\w-]+")
"""A word, or an id such as INV-12."""


class Candidates:
    """Makes candidates from views. Safe to use from several threads."""

    def __init__(self, tools: Sequence[Tool], *, most: int = 64, values: int = 16) -> None:
        """At most so many calls, taken from all tools in turn, and so many values for one argument."""
        self._tools, self._fits, self._most, self._values = tuple(tools), ArgumentCheck(tools), most, values

    def __call__(self, view: Any) -> list[dict[str, Any]]:
        """The candidates in a fixed order, each of which fits its tool's schema."""
        shown = view.get("resources") if isinstance(view, Mapping) else None
        resources = shown if isinstance(shown, Mapping) else {}
        said = [view.get("task"), *resources.values()] if isinstance(view, Mapping) else []
        words = dict.fromkeys(word for text in strings(said) for word in _WORD.findall(text))
        lines = [self._calls(tool, resources, list(words)) for tool in self._tools]
        found: list[dict[str, Any]] = []
        while lines and len(found) < self._most:
            going_on = []
            for line in lines:
                call = next(line, None)
                if call is not None and len(found) < self._most:
                    found.append(call)
                    going_on.append(line)
            lines = going_on
        return found

    def _calls(self, tool: Tool, resources: Mapping[str, Any], words: list[str]) -> Iterator[dict[str, Any]]:
        properties = tool.schema.get("properties", {})
        required = [str(name) for name in tool.schema.get("required", ())]
        named = {part: tool.schema[part] for part in ("$defs", "definitions") if part in tool.schema}
        stated = [properties.get(name, {}) for name in required]
        columns = [
            self._tried(name, {**named, **schema} if isinstance(schema, Mapping) else named, resources, words)
            for name, schema in zip(required, stated, strict=True)
        ]
        # Bounded also where nothing fits: a schema may refuse every combination.
        for values in itertools.islice(itertools.product(*columns), self._values * self._values):
            call = {"tool": tool.name, "arguments": dict(zip(required, values, strict=True))}
            if self._fits(call):
                yield call

    def _tried(self, name: str, stated: Mapping[str, Any], resources: Mapping[str, Any], words: list[str]) -> list[Any]:
        """Values for one argument, best first: constants, then what has its name, then ids, then words."""
        if "const" in stated:
            return [stated["const"]]
        if isinstance(stated.get("enum"), list):
            return list(stated["enum"])[: self._values]
        if stated.get("type") == "boolean":
            return [True, False]
        alike = [known[name] for known in resources.values() if isinstance(known, Mapping) and name in known]
        ids: list[Any] = list(resources) if stated.get("type", "string") == "string" else []
        fits = Schema(stated)
        found: list[Any] = []
        for value in [*alike, *ids, *(words if "pattern" in stated else [])]:
            if len(found) < self._values and value not in found and fits.misfit(value) is None:
                found.append(value)
        return found
