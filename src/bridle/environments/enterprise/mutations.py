"""What a vendor changes about a workflow between two releases, each change named and declared as data.

A mutation translates between the workflow as it was (nominal) and as it is now. The system behind stays the same case,
so that a mutated scenario is the exact sibling of the nominal one, and its truth is as exact.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from bridle.environments.enterprise.workflow import System, ToolCall
from bridle.harness import JSON
from bridle.trace import Tool


@dataclass(frozen=True, kw_only=True)
class Mutation:
    """One change; this base class changes nothing.

    `summary` is the vendor's release note. `turns` are further turns that an episode gets, where the work grows.
    """

    name: str
    summary: str
    turns: int = 0

    def tools(self, tools: Sequence[Tool]) -> tuple[Tool, ...]:
        """The tools as they are now."""
        return tuple(tools)

    def mapping(self, mapping: Mapping[str, Any]) -> Mapping[str, Any]:
        """The request mapping as it has to be now."""
        return mapping

    def inward(self, call: ToolCall) -> ToolCall:
        """A call that fits the tools of now, as it was before."""
        return call

    def outward(self, call: ToolCall) -> ToolCall:
        """A call of before, as it has to be now."""
        return call

    def shown(self, result: JSON) -> JSON:
        """A result of before, as it is shown now: fresh JSON."""
        return result

    def read(self, shown: JSON) -> JSON:
        """What is shown now, as it was before."""
        return shown

    def told(self, sentence: str) -> str:
        """An error's sentence as it is now."""
        return sentence

    def revised(self, system: System) -> System:
        """The system with the rules of now, still in the words of before."""
        return system

    def planned(self, plan: Sequence[ToolCall], view: Mapping[str, Any]) -> list[ToolCall]:
        """A plan of before, as it has to be now; `view` is the view of now."""
        return [self.outward(call) for call in plan]


@dataclass(frozen=True, kw_only=True)
class ArgumentRenamed(Mutation):
    """An argument has another name, in every tool that had it."""

    name: str = "argument-renamed"
    argument: str
    to: str

    def tools(self, tools: Sequence[Tool]) -> tuple[Tool, ...]:
        """With the new name in each schema."""
        return tuple(self._renamed(tool) for tool in tools)

    def mapping(self, mapping: Mapping[str, Any]) -> Mapping[str, Any]:
        """Reading the new name."""
        changed: Mapping[str, Any] = _replaced(mapping, "from", self.argument, self.to)
        return changed

    def inward(self, call: ToolCall) -> ToolCall:
        """Under the old name."""
        return _with_key(call, self.to, self.argument)

    def outward(self, call: ToolCall) -> ToolCall:
        """Under the new name."""
        return _with_key(call, self.argument, self.to)

    def told(self, sentence: str) -> str:
        """Speaking of the new name."""
        return re.sub(rf"\b{re.escape(self.argument)}\b", self.to, sentence)

    def _renamed(self, tool: Tool) -> Tool:
        properties = tool.schema.get("properties", {})
        if self.argument not in properties:
            return tool
        schema = {
            **tool.schema,
            "properties": {(self.to if key == self.argument else key): value for key, value in properties.items()},
            "required": [self.to if key == self.argument else key for key in tool.schema.get("required", ())],
        }
        key = self.to if tool.idempotency_key == self.argument else tool.idempotency_key
        return replace(tool, schema=schema, idempotency_key=key)


@dataclass(frozen=True, kw_only=True)
class ArgumentRequired(Mutation):
    """A tool asks for an argument that it did not have; the work itself is the same.

    `value` is what somebody who reads the tool's schema would state.
    """

    name: str = "argument-required"
    tool: str
    argument: str
    schema: Mapping[str, Any]
    value: JSON

    def tools(self, tools: Sequence[Tool]) -> tuple[Tool, ...]:
        """With the argument, required."""
        return tuple(self._asking(tool) if tool.name == self.tool else tool for tool in tools)

    def inward(self, call: ToolCall) -> ToolCall:
        """Without it."""
        if call["tool"] != self.tool:
            return call
        arguments = {key: value for key, value in call["arguments"].items() if key != self.argument}
        return {"tool": self.tool, "arguments": arguments}

    def outward(self, call: ToolCall) -> ToolCall:
        """With it."""
        if call["tool"] != self.tool:
            return call
        return {"tool": self.tool, "arguments": {**call["arguments"], self.argument: self.value}}

    def _asking(self, tool: Tool) -> Tool:
        schema = {
            **tool.schema,
            "properties": {**tool.schema["properties"], self.argument: dict(self.schema)},
            "required": [*tool.schema["required"], self.argument],
        }
        return replace(tool, schema=schema)


@dataclass(frozen=True, kw_only=True)
class FieldRenamed(Mutation):
    """A field of what tools show has another name."""

    name: str = "field-renamed"
    field_name: str
    to: str

    def shown(self, result: JSON) -> JSON:
        """Under the new name."""
        return translated(result, lambda key, value: (self.to if key == self.field_name else key, value))

    def read(self, shown: JSON) -> JSON:
        """Under the old name."""
        return translated(shown, lambda key, value: (self.field_name if key == self.to else key, value))


@dataclass(frozen=True, kw_only=True)
class Reformatted(Mutation):
    """Fields of what tools show are written in another way: by field, how to write it and how to read it back."""

    name: str = "observation-reformatted"
    fields: Mapping[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]]

    def shown(self, result: JSON) -> JSON:
        """As they are written now."""
        return self._each(result, 0)

    def read(self, shown: JSON) -> JSON:
        """As they were written before."""
        return self._each(shown, 1)

    def _each(self, result: JSON, way: int) -> JSON:
        def field_as(key: str, value: Any) -> tuple[str, Any]:
            return key, self.fields[key][way](value) if key in self.fields and value is not None else value

        return translated(result, field_as)


@dataclass(frozen=True, kw_only=True)
class Reworded(Mutation):
    """Errors say the same in other words: pairs of a pattern and what stands in its place."""

    name: str = "message-reworded"
    summary: str = "Errors are worded anew."
    wording: Sequence[tuple[str, str]]

    def told(self, sentence: str) -> str:
        """In the new words."""
        for pattern, words in self.wording:
            sentence = re.sub(pattern, words, sentence)
        return sentence


@dataclass(frozen=True, kw_only=True)
class Moved(Mutation):
    """A threshold of the rules is another; `move` changes it in a system that was just made."""

    name: str = "threshold-moved"
    move: Callable[[Any], None] = field(repr=False)

    def revised(self, system: System) -> System:
        """The same system, with the threshold moved."""
        self.move(system)
        return system


def by_name(*mutations: Mutation) -> Mapping[str, Mutation]:
    """The mutations of a workflow, in the order in which scenarios take turns with them."""
    return {mutation.name: mutation for mutation in mutations}


def translated(value: JSON, change: Callable[[str, Any], tuple[str, Any]]) -> JSON:
    """A copy of a JSON value in which each field of each object, at any depth, is what `change` makes of it."""
    if isinstance(value, dict):
        return dict(change(key, translated(inner, change)) for key, inner in value.items())
    if isinstance(value, list):
        return [translated(inner, change) for inner in value]
    return value


def _with_key(call: ToolCall, old: str, new: str) -> ToolCall:
    arguments = call["arguments"]
    if not isinstance(arguments, dict) or old not in arguments:
        return call
    return {
        "tool": call["tool"],
        "arguments": {(new if key == old else key): value for key, value in arguments.items()},
    }


def _replaced(value: Any, key: str, old: str, new: str) -> Any:
    """A copy in which `old` under `key`, at any depth, is `new`."""

    def change(name: str, inner: Any) -> tuple[str, Any]:
        return name, new if name == key and inner == old else inner

    return translated(value, change)
