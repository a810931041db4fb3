"""Idempotency keys: the argument by which a service recognises a repeated call, where a tool takes one.

The guard fills it in where the agent did not. The key is a digest of the session and of the call without it, with the
number of times that the same call has already been settled in this session: an automatic repeat, and the same call
proposed again after an unknown outcome, carry the same key; a second payment that is meant as one carries another.
A harness never has a say in it.
"""

from __future__ import annotations

from typing import Any

from bridle.environment import Observation
from bridle.harness import digest
from bridle.runtime.frozen import FrozenCall, freeze
from bridle.trace import ERROR_CLASSES, UNKNOWN_OUTCOME, Tool, parts

NOTHING_HAPPENED = frozenset(ERROR_CLASSES) - UNKNOWN_OUTCOME
"""Error classes after which the same call is another one. A word that nobody here knows leaves its outcome open."""


def keyed(tool: Tool | None, session: str, observation: Observation, asked: Any, final: FrozenCall) -> FrozenCall:
    """The final call with its key: that of `asked`, the call before review, where it has one, else one made here.

    Without a name for the session none is made: two sessions would make the same.
    """
    argument = key_argument(tool)
    if tool is None or argument is None or not isinstance(final.arguments, dict):
        return final
    _, stated = parts(asked)
    key = stated.get(argument) if isinstance(stated, dict) else None
    if not key and session:
        key = _made(session, argument, observation, final)
    if key == final.arguments.get(argument):
        return final
    arguments = {name: value for name, value in final.arguments.items() if name != argument}
    if key:
        arguments[argument] = key
    with_key = freeze({**final.call, "arguments": arguments})
    return with_key if isinstance(with_key, FrozenCall) else final


def key_argument(tool: Tool | None) -> str | None:
    """The tool's argument for a key, where it declares one that its schema has."""
    if tool is None or tool.idempotency_key is None:
        return None
    return tool.idempotency_key if tool.idempotency_key in tool.schema.get("properties", {}) else None


def without_key(tool: Tool | None, call: dict[str, Any]) -> dict[str, Any]:
    """The call without its key."""
    argument, arguments = key_argument(tool), call.get("arguments")
    if argument is None or not isinstance(arguments, dict) or argument not in arguments:
        return call
    return {**call, "arguments": {name: value for name, value in arguments.items() if name != argument}}


def same_key(tool: Tool | None, one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether both calls carry the same key, so that the service takes them for one."""
    argument = key_argument(tool)
    if argument is None:
        return False
    keys = [call.get("arguments", {}).get(argument) for call in (one, other)]
    return bool(keys[0]) and keys[0] == keys[1]


def _made(session: str, argument: str, observation: Observation, final: FrozenCall) -> str:
    bare = {name: value for name, value in final.arguments.items() if name != argument}
    view = observation.view if isinstance(observation.view, dict) else {}
    settled = sum(
        call.get("tool") == final.tool
        and isinstance(call.get("arguments"), dict)
        and {name: value for name, value in call["arguments"].items() if name != argument} == bare
        and (call.get("ok") is True or call.get("error", {}).get("class") in NOTHING_HAPPENED)
        for call in view.get("calls", ())
        if isinstance(call, dict)
    )
    return digest([session, final.tool, bare, settled])[:32]
