"""The first check of every call: is the tool known, and do the arguments fit its schema?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jsonschema

from bridle.environment import Truth
from bridle.harness import Action
from bridle.trace import Tool

SHOWN = 80
"""Characters of an offending value that an error sentence quotes."""


class ArgumentCheck:
    """The schemas of some tools, compiled once. Safe to use from several threads."""

    def __init__(self, tools: Sequence[Tool]) -> None:
        """Compile the tools' schemas (JSON Schema, draft 2020-12)."""
        self._validators = {tool.name: jsonschema.Draft202012Validator(dict(tool.schema)) for tool in tools}
        self._names = ", ".join(sorted(self._validators))

    def __call__(self, call: Action) -> Truth:
        """Whether the call has a known tool and arguments that fit: error class `schema` or `unknown_tool` if not."""
        if not isinstance(call, dict) or call.keys() != {"tool", "arguments"}:
            return _wrong("A call is an object with exactly two fields, tool and arguments.")
        name, arguments = call["tool"], call["arguments"]
        if not isinstance(name, str):
            return _wrong(f"tool: {_quoted(name)} is not a string.")
        validator = self._validators.get(name)
        if validator is None:
            return Truth(False, f"There is no tool {_quoted(name)}; there are {self._names}.", "unknown_tool")
        error: jsonschema.ValidationError | None = next(validator.iter_errors(arguments), None)
        if error is None:
            return Truth(True)
        return _wrong(_sentence(error))


def _sentence(error: jsonschema.ValidationError) -> str:
    """The validator's own word, with the path of the argument in front and the offending value cut short."""
    where = ".".join(str(part) for part in error.absolute_path) or "arguments"
    if len(error.message) <= 2 * SHOWN:
        return f"{where}: {error.message}."
    return f"{where}: {_quoted(error.instance)} does not satisfy {error.validator} {_quoted(error.validator_value)}."


def _quoted(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


def _wrong(message: str) -> Truth:
    return Truth(False, message, "schema")
