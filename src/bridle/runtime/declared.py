"""A tool's declaration from a Python callable: its name, its docstring, and the JSON Schema of its type hints.

Hints that say it: `str`, `int`, `float`, `bool`, `None`, `Literal`, unions, `list[T]`, `dict[str, T]`, `TypedDict`, and
`Any` for anything. `Annotated[T, {…}]` adds keywords of JSON Schema, `Annotated[T, "…"]` a description. Other types are
refused: a tool is given JSON, and has to say so. A call states every argument by name, also what a function takes by
position only; `*values` are a list of that name.
"""

from __future__ import annotations

import collections.abc
import inspect
import types
import typing
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

from bridle.arguments import sound
from bridle.errors import UsageError
from bridle.trace import Tool, ToolEffect

_PLAIN: Mapping[Any, dict[str, Any]] = {
    str: {"type": "string"},
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: {"type": "number"},
    type(None): {"type": "null"},
    None: {"type": "null"},
    list: {"type": "array"},
    dict: {"type": "object"},
    Any: {},
    object: {},
    inspect.Parameter.empty: {},
}
_LISTS = (list, collections.abc.Sequence, collections.abc.Iterable)
_DICTS = (dict, collections.abc.Mapping)


_ELSEWHERE = frozenset(("allOf", "anyOf", "oneOf", "$ref"))
"""Keywords by which a schema may require arguments elsewhere."""

_GENERATORS = (inspect.isgeneratorfunction, inspect.isasyncgenfunction)


def declared(
    function: Callable[..., Any],
    *,
    effect: ToolEffect | str,
    name: str = "",
    description: str = "",
    schema: Mapping[str, Any] | None = None,
    compensation: str | None = None,
    idempotency_key: str | None = None,
    identity: str = "id",
) -> Tool:
    """The declaration of `function` as a tool. What it does to the world has to be said; the rest can be read off.

    Raises:
        UsageError: there is no such effect, the schema is none, or the hints don't say what JSON the function takes.
    """
    called = name or getattr(function, "__name__", "") or type(function).__name__
    try:
        stated = ToolEffect(effect)
    except ValueError:
        raise UsageError(f"There is no effect {effect!r}; say one of {', '.join(ToolEffect)} of {called}.") from None
    found = dict(schema) if schema is not None else arguments_schema(function, called)
    sound(found, f"The schema of {called}")
    if any(is_one(one) for one in (function, type(function).__call__) for is_one in _GENERATORS):
        raise UsageError(f"{called} is a generator, whose code nobody would run; let it return a list.")
    if schema is not None:
        _takes(function, found, called)
    if idempotency_key is not None and idempotency_key not in found.get("properties", {}):
        raise UsageError(f"{called} takes no argument {idempotency_key}, so that can't be its idempotency key.")
    return Tool(
        name=called,
        description=description or inspect.getdoc(function) or "",
        schema=found,
        effect=stated,
        compensation=compensation,
        idempotency_key=idempotency_key,
        identity=identity,
    )


def arguments_schema(function: Callable[..., Any], called: str) -> dict[str, Any]:
    """The JSON Schema of a function's arguments; UsageError where its hints don't say it."""
    try:
        signature = inspect.signature(function)
        hinted = function if inspect.isroutine(function) else type(function).__call__
        hints = typing.get_type_hints(hinted, include_extras=True)
    except (TypeError, ValueError, NameError) as error:
        raise UsageError(f"The hints of {called} can't be read ({error}); give its schema.") from None
    try:
        return _of_parameters(signature, hints, called)
    except RecursionError:
        raise UsageError(f"A hint of {called} is within itself; give its schema.") from None


def _of_parameters(signature: inspect.Signature, hints: Mapping[str, Any], called: str) -> dict[str, Any]:
    properties, required, more = {}, [], False
    if next(iter(signature.parameters), "") == "self":
        raise UsageError(f"{called} is a method of no object; give the bound one.")
    for parameter in signature.parameters.values():
        if parameter.kind is parameter.VAR_KEYWORD:
            more = True
            continue
        hint = hints.get(parameter.name, parameter.empty)
        stated = _schema(hint, f"{parameter.name} of {called}")
        if parameter.kind is parameter.VAR_POSITIONAL:
            properties[parameter.name] = {"type": "array", "items": stated}
            continue
        properties[parameter.name] = stated
        if parameter.default is parameter.empty:
            required.append(parameter.name)
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": more}


def _takes(function: Callable[..., Any], schema: Mapping[str, Any], called: str) -> None:
    """UsageError where a function can't be called with what the schema that somebody gave for it lets through."""
    try:
        parameters = inspect.signature(function, follow_wrapped=False).parameters.values()
    except (TypeError, ValueError):
        return  # Some of C's have none.
    stated, named = schema.get("properties", {}), {p.name: p for p in parameters}
    unknown = [name for name in stated if name not in named]
    if unknown and not any(p.kind is p.VAR_KEYWORD for p in named.values()):
        raise UsageError(f"The schema of {called} has {', '.join(unknown)}, which it does not take; mend one of them.")
    if not stated or schema.keys() & _ELSEWHERE:
        return
    needed = [
        p.name for p in named.values() if p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
    ]
    if missing := [name for name in needed if name not in schema.get("required", ())]:
        raise UsageError(f"{called} needs {', '.join(missing)}, which its schema does not require; mend one of them.")


def by_name(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function as one that takes every argument by its name, as a call states them; itself where it does already.

    What it takes by position only is put there, and what it takes any number of (`*values`) is a list.
    """
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return function  # Some of C's have none: whoever gives their schema says that it is theirs.
    kinds = {parameter.kind for parameter in signature.parameters.values()}
    if not kinds & {inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.VAR_POSITIONAL}:
        return function
    more = next((p.name for p in signature.parameters.values() if p.kind is p.VAR_KEYWORD), None)

    def placed(**named: Any) -> Any:
        bound = inspect.BoundArguments(signature, OrderedDict())
        for name, value in named.items():
            if name in signature.parameters and name != more:
                bound.arguments[name] = value
            elif more is not None:
                bound.arguments.setdefault(more, {})[name] = value
            else:
                raise TypeError(f"there is no argument {name}")
        bound.apply_defaults()
        return function(*bound.args, **bound.kwargs)

    return placed


def asynchronous(function: Callable[..., Any]) -> bool:
    """Whether its answer has to be awaited, as far as that can be told without calling it."""
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(type(function).__call__)


def _schema(hint: Any, where: str) -> dict[str, Any]:
    try:
        return dict(_PLAIN[hint])
    except (KeyError, TypeError):  # TypeError: not hashable, and so none of the plain ones
        pass
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Annotated:
        return _schema(inner[0], where) | _notes(inner[1:], where)
    if origin in (typing.Required, typing.NotRequired):
        return _schema(inner[0], where)
    if origin is typing.Literal:
        return {"enum": list(inner)}
    if origin in (typing.Union, types.UnionType):
        return {"anyOf": [_schema(member, where) for member in inner]}
    if origin in _LISTS and len(inner) == 1:
        return {"type": "array", "items": _schema(inner[0], where)}
    if origin in _DICTS and len(inner) == 2 and inner[0] is str:
        return {"type": "object", "additionalProperties": _schema(inner[1], where)}
    if typing.is_typeddict(hint):
        hints = typing.get_type_hints(hint, include_extras=True)
        return {
            "type": "object",
            "properties": {name: _schema(member, f"{name} in {where}") for name, member in hints.items()},
            "required": sorted(hint.__required_keys__),
            "additionalProperties": False,
        }
    raise UsageError(f"The hint {hint!r} of {where} is no JSON type; hint one that is, or give the tool's schema.")


def _notes(notes: tuple[Any, ...], where: str) -> dict[str, Any]:
    """What `Annotated` adds: keywords of JSON Schema, or a description. Notes of other kinds are somebody else's."""
    found: dict[str, Any] = {}
    for note in notes:
        if isinstance(note, Mapping):
            found |= note
        elif isinstance(note, str):
            found["description"] = note
    return found
