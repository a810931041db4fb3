"""How an agent gets a call wrong, from nothing but the call and its tool's schema: no noun or state is known here.

Simulated agents make these mistakes; foreign actions and judged tables are full of them.
"""

from __future__ import annotations

import random
import re
from collections.abc import Container, Mapping
from typing import Any

from bridle.trace import parts

ToolCall = dict[str, Any]

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_ID = re.compile(r"(\S*?[A-Za-z]\S*?)([0-9]+)")


def distortions(rng: random.Random, call: ToolCall, schema: Mapping[str, Any]) -> list[ToolCall]:
    """A few different wrong versions of a call: left out, respelt, of a wrong type, or with too much."""
    found = [omitted(rng, call, schema), respelt(rng, call, schema), mistyped(rng, call, schema), padded(rng, call)]
    return [variant for variant in found if variant is not None]


def omitted(rng: random.Random, call: ToolCall, schema: Mapping[str, Any]) -> ToolCall | None:
    """The call without one of its required arguments; None where it has none."""
    name, arguments = parts(call)
    required = [key for key in schema.get("required", ()) if key in arguments]
    if not required:
        return None
    left_out = rng.choice(required)
    return {"tool": name, "arguments": {key: value for key, value in arguments.items() if key != left_out}}


def respelt(rng: random.Random, call: ToolCall, schema: Mapping[str, Any]) -> ToolCall | None:
    """The call with one argument in another spelling of the same value: `"12.50"` for 12.5, `" req-7"` for `REQ-7`."""
    name, arguments = parts(call)
    properties = schema.get("properties", {})
    spelt = {
        key: spellings for key, value in arguments.items() if (spellings := _spellings(value, properties.get(key, {})))
    }
    if not spelt:
        return None
    key = rng.choice(list(spelt))
    return {"tool": name, "arguments": {**arguments, key: rng.choice(spelt[key])}}


def mistyped(rng: random.Random, call: ToolCall, schema: Mapping[str, Any]) -> ToolCall | None:
    """The call with one argument of another type or outside its values; None where it has no argument."""
    name, arguments = parts(call)
    if not arguments:
        return None
    key = rng.choice(list(arguments))
    wrong: list[Any] = [None, [arguments[key]], {"value": arguments[key]}]
    declared = schema.get("properties", {}).get(key, {})
    if declared.get("type") in ("number", "integer"):
        wrong += ["about a dozen", -1]
    elif "enum" in declared or "pattern" in declared:
        wrong += ["other", ""]
    else:
        wrong += [17]
    return {"tool": name, "arguments": {**arguments, key: rng.choice(wrong)}}


def padded(rng: random.Random, call: ToolCall) -> ToolCall:
    """The call with an argument that its tool does not have."""
    name, arguments = parts(call)
    extra = rng.choice((("confirm", True), ("priority", "high"), ("comment", "as discussed"), ("force", "yes")))
    return {"tool": name, "arguments": {**arguments, extra[0]: extra[1]}}


def near_miss(rng: random.Random, call: ToolCall) -> ToolCall | None:
    """The call with one digit of an id changed; None where no argument looks like an id."""
    name, arguments = parts(call)
    ids = {key: match for key, value in arguments.items() if isinstance(value, str) and (match := _ID.fullmatch(value))}
    if not ids:
        return None
    key = rng.choice(list(ids))
    stem, digits = ids[key][1], ids[key][2]
    place = rng.randrange(len(digits))
    other = rng.choice([digit for digit in "0123456789" if digit != digits[place]])
    return {"tool": name, "arguments": {**arguments, key: f"{stem}{digits[:place]}{other}{digits[place + 1 :]}"}}


def unknown_tool(rng: random.Random, call: ToolCall, tools: Container[str]) -> ToolCall:
    """The call under a name that no tool has."""
    name, arguments = parts(call)
    verb, _, noun = name.partition("_")
    names = (f"{noun}_{verb}" if noun else f"do_{name}", f"{name}s", name.replace("_", "-") + "-v2", name.title())
    fitting = [other for other in names if other not in tools]
    return {"tool": rng.choice(fitting), "arguments": arguments}


def _spellings(value: Any, schema: Mapping[str, Any]) -> list[Any]:
    """Other spellings of a value that a reader would take for the same, and the schema does not."""
    if isinstance(value, bool):
        return [str(value).lower(), "yes" if value else "no"]
    if isinstance(value, int | float):
        whole = float(value).is_integer()
        return [f"{value:.2f}", f"{value:g}"] if not isinstance(value, int) or not whole else [str(value), f" {value}"]
    if not isinstance(value, str):
        return []
    if _DATE.fullmatch(value):
        return [value.replace("-", "/"), value.replace("-", ".")]
    if "enum" in schema:
        spellings = [value.upper(), value.title(), value.lower(), f" {value}", value.replace("_", " "), f"{value}\n"]
    elif _ID.fullmatch(value):
        spellings = [value.lower(), value.upper(), f" {value}", f"{value} ", value.replace("-", "_")]
    else:
        return []
    return [spelling for spelling in dict.fromkeys(spellings) if spelling != value]
