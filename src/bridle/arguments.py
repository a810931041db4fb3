"""The first check of every call: is the tool known, and do the arguments fit its schema?

A schema says what fits by itself: nothing is fetched for it, and what can't be applied (a reference that leads nowhere
or round in a circle) fits nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import jsonschema
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT202012, EMPTY_REGISTRY

from bridle.environment import Truth
from bridle.errors import UsageError, told
from bridle.harness import Action
from bridle.trace import Tool

SHOWN = 80
"""Characters of an offending value that an error sentence quotes."""


class Misfit(NamedTuple):
    """What does not fit a schema, as the validator says it: where in the value, and what it was held to.

    `held_to` is the keyword and its value; None where the schema itself can't be applied.
    """

    where: str
    message: str
    value: Any
    held_to: tuple[str, Any] | None = None


class Schema:
    """A JSON Schema (draft 2020-12), compiled. Safe to use from several threads."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        """Compile it; `sound` says beforehand whether it makes sense."""
        self._validator = jsonschema.Draft202012Validator(dict(schema), registry=EMPTY_REGISTRY)

    def misfit(self, value: Any) -> Misfit | None:
        """The first thing in a JSON value that does not fit; None where all does."""
        try:
            error: jsonschema.ValidationError | None = next(self._validator.iter_errors(value), None)
        except Exception as fault:  # A schema may fail in more ways than its library names.
            return Misfit("arguments", f"the schema can't be applied ({type(fault).__name__}: {told(fault)})", value)
        if error is None:
            return None
        where = ".".join(str(part) for part in error.absolute_path) or "arguments"
        return Misfit(where, error.message, error.instance, (str(error.validator), error.validator_value))


def sound(schema: Mapping[str, Any], whose: str) -> None:
    """UsageError where `schema` is no JSON Schema, or refers to what is not in it; `whose` begins the sentence."""
    try:
        jsonschema.Draft202012Validator.check_schema(dict(schema))
    except jsonschema.SchemaError as error:
        raise UsageError(f"{whose} is not a JSON Schema: {error.message}.") from None
    root = EMPTY_REGISTRY.resolver_with_root(DRAFT202012.create_resource(dict(schema)))
    for reference in _references(schema):
        try:
            root.lookup(reference)
        except Unresolvable:
            raise UsageError(f"{whose} refers to {reference}, which is not in it; put it there.") from None


def _references(schema: Any) -> Iterator[str]:
    """Every reference in a schema. Those in a part with an id of its own mean that part's, and are not looked up."""
    if isinstance(schema, Mapping):
        for name, inner in schema.items():
            if name == "$ref" and isinstance(inner, str):
                yield inner
            elif name not in ("const", "enum", "default", "examples") and not _named(inner):
                yield from _references(inner)
    elif isinstance(schema, list):
        for inner in schema:
            yield from _references(inner)


def _named(schema: Any) -> bool:
    return isinstance(schema, Mapping) and isinstance(schema.get("$id"), str)


class ArgumentCheck:
    """The schemas of some tools, compiled once. Safe to use from several threads."""

    def __init__(self, tools: Sequence[Tool]) -> None:
        """Compile the tools' schemas (JSON Schema, draft 2020-12)."""
        self._schemas = {tool.name: Schema(tool.schema) for tool in tools}
        self._names = ", ".join(sorted(self._schemas))

    def __call__(self, call: Action) -> Truth:
        """Whether the call has a known tool and arguments that fit: error class `schema` or `unknown_tool` if not."""
        if not isinstance(call, dict) or call.keys() != {"tool", "arguments"}:
            return _wrong("A call is an object with exactly two fields, tool and arguments.")
        name, arguments = call["tool"], call["arguments"]
        if not isinstance(name, str):
            return _wrong(f"tool: {_quoted(name)} is not a string.")
        schema = self._schemas.get(name)
        if schema is None:
            return Truth(False, f"There is no tool {_quoted(name)}; there are {self._names}.", "unknown_tool")
        misfit = schema.misfit(arguments)
        if misfit is not None:
            return _wrong(_sentence(misfit))
        if not isinstance(arguments, dict):
            return _wrong(f"arguments: {_quoted(arguments)} is no object of arguments by name.")
        return Truth(True)


def _sentence(misfit: Misfit) -> str:
    """The validator's own word, with the path of the argument in front and the offending value cut short."""
    if misfit.held_to is None or len(misfit.message) <= 2 * SHOWN:
        return f"{misfit.where}: {misfit.message}."
    keyword, wanted = misfit.held_to
    return f"{misfit.where}: {_quoted(misfit.value)} does not satisfy {keyword} {_quoted(wanted)}."


def _quoted(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


def _wrong(message: str) -> Truth:
    return Truth(False, message, "schema")
