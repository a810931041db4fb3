"""The object that is digested is the object that is executed, and nobody who holds another can change it.

A call is made anew of JSON's own types and turned into canonical JSON (RFC 8785) once; its digest is over those bytes,
and what goes on from there is read back from the same bytes.
"""

from __future__ import annotations

import copy
import hashlib
import json
import marshal
from typing import Any, NamedTuple, TypeVar, cast

from bridle.errors import told
from bridle.harness import Action, canonical

_DECODE = json.JSONDecoder().decode

_NO_REFERENCES = 2
"""The version of `marshal` that writes each value out, whoever else refers to it."""

DEEPEST = 64
"""Levels of lists and objects in a call; whoever reads a call may do so by recursion."""

LONGEST_SHOWN = 2000
"""Characters by which a proposal that is no JSON is shown."""

T = TypeVar("T")


class FrozenCall(NamedTuple):
    """A call, its own copy, with the digest of its canonical JSON."""

    call: dict[str, Any]
    digest: str

    @property
    def tool(self) -> str:
        """The tool's name; empty where there is none."""
        name = self.call.get("tool")
        return name if isinstance(name, str) else ""

    @property
    def arguments(self) -> Any:
        """The arguments, whatever they are."""
        return self.call.get("arguments")


def freeze(action: Any) -> FrozenCall | str:
    """The frozen call, or a sentence on why it is none: not an object, or not canonical JSON."""
    if not isinstance(action, dict):
        return f"A call is an object with tool and arguments, not {type(action).__name__}."
    try:
        return _frozen(_plain(action, DEEPEST))
    except Exception as error:  # A value of a class of its own may raise what it likes.
        return f"The call is not JSON that can be passed on exactly: {told(error)}."


def taken(action: Any) -> tuple[Action, FrozenCall | str]:
    """A proposal as the guard keeps it, spelled as it was stated, and what `freeze` says of it.

    What can't be frozen is kept as text: it is shown to whoever asks, and is nothing that could be executed.
    """
    try:
        own = _plain(action, DEEPEST) if isinstance(action, dict) else action
        frozen = _frozen(own) if isinstance(action, dict) else freeze(action)
    except Exception:  # As in `freeze`, which says what it was.
        frozen = freeze(action)
    return (own, frozen) if isinstance(frozen, FrozenCall) else (_shown(action), frozen)


def own(value: T) -> T:
    """A copy of a JSON value that shares nothing with it."""
    try:
        copied: T = marshal.loads(marshal.dumps(cast(Any, value), _NO_REFERENCES))
    except ValueError:  # Not JSON's own types.
        return copy.deepcopy(value)
    return copied


def _frozen(action: dict[str, Any]) -> FrozenCall:
    text = canonical(action)
    return FrozenCall(_DECODE(text.decode()), hashlib.sha256(text).hexdigest())


def _plain(value: Any, deepest: int) -> Any:
    """The value made anew of JSON's own types; whatever a subclass says of itself, what it holds counts."""
    kind = type(value)
    if kind is str or kind is int or kind is float or kind is bool or value is None:
        return value
    if not deepest:
        raise ValueError(f"it is nested more than {DEEPEST} levels deep")
    if isinstance(value, dict):
        made: dict[str, Any] = {}
        for key, inner in value.items():
            if not isinstance(key, str):
                raise ValueError(f"the name of a member is text, not {type(key).__name__}")
            made[key if type(key) is str else str.__str__(key)] = _plain(inner, deepest - 1)
        return made
    if isinstance(value, list | tuple):
        return [_plain(inner, deepest - 1) for inner in value]
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        return int.__int__(value)
    if isinstance(value, float):
        return float.__float__(value)
    raise ValueError(f"{kind.__name__} is no type of JSON")


def _shown(action: Any) -> str:
    """What can't be frozen, as text."""
    try:
        text = action if type(action) is str else repr(action)
        return text.encode(errors="backslashreplace").decode()[:LONGEST_SHOWN]
    except Exception:  # Not even that can be had of it.
        return type(action).__name__
