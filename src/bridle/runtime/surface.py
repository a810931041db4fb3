"""The surface of a release: the tools, and the ranges of their arguments, that it may touch at all.

Data, tool by tool, each with a JSON Schema that the final call's arguments have to fit besides the tool's own:

    {"approve_expense": {"properties": {"amount": {"maximum": 500}}}, "get_expense": {}}

A range of numbers, or of texts, holds those and nothing else: `"80"` lies outside of a maximum of 500 just as 800 does.
A null is an argument that is not stated. A call outside of the surface is none of the release's business: it is neither
reviewed nor executed, and a person is asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bridle.arguments import Schema, sound
from bridle.harness import digest


class Surface:
    """What a release may touch. Immutable."""

    def __init__(self, tools: Mapping[str, Mapping[str, Any]]) -> None:
        """`tools` as above; UsageError where a schema is none."""
        for name, schema in tools.items():
            sound(schema, f"The surface of {name}")
        self._ranges = {name: Schema(_typed(schema)) for name, schema in tools.items()}
        self.digest = digest({name: dict(schema) for name, schema in tools.items()})

    def holds(self, tool: str) -> bool:
        """Whether the release may touch this tool at all."""
        return tool in self._ranges

    def outside(self, tool: str, arguments: Any) -> str:
        """Why a final call lies outside; empty where it lies inside."""
        if tool not in self._ranges:
            return f"the release may not touch {tool}"
        misfit = self._ranges[tool].misfit(arguments)
        return "" if misfit is None else f"the release may not touch {tool} with this {misfit.where}: {misfit.message}"


_OF = {
    "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    "string": ("pattern", "minLength", "maxLength"),
}
"""Keywords by the only type of which they say anything; JSON Schema lets them hold of everything else."""


def _typed(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema with the type that each argument's range is about."""
    properties = schema.get("properties", {})
    return {**schema, "properties": {name: _ranged(stated) for name, stated in properties.items()}}


def _ranged(stated: Any) -> Any:
    if not isinstance(stated, Mapping) or "type" in stated:
        return stated
    types = [kind for kind, keywords in _OF.items() if not stated.keys().isdisjoint(keywords)]
    return {**stated, "type": [*types, "null"]} if types else stated
