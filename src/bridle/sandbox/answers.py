"""What a harness's functions answer, as the bytes of a reply: one answerer per function, made when it is loaded.

Runs in the worker, with the harness's code around it: standard library only.
"""

from __future__ import annotations

import builtins
import json
import traceback
from collections.abc import Callable, Sequence
from typing import Any

from bridle.sandbox import wire

Answerer = Callable[[Sequence[Any]], bytes]
"""Calls the function with these values; the reply's bytes, whatever happens."""

_TRUE, _FALSE = bytes([wire.TRUE]), bytes([wire.FALSE])
_TEXT, _DATA, _PROBLEM = bytes([wire.TEXT]), bytes([wire.DATA]), bytes([wire.PROBLEM])


def answerer(function: Callable[..., Any], name: str, result: str, limit: int) -> Answerer:
    """The answerer of a function whose result is `bool`, `text` or `json`, of at most `limit` bytes."""
    return {"bool": _answering_bool, "text": _answering_text, "json": _answering_json}[result](function, name, limit)


def absent(name: str) -> Answerer:
    """The answerer of an optional function that the harness does not define."""
    reply = problem("type", f"`{name}` is not defined by this harness", None)
    return lambda values: reply


def _answering_bool(function: Callable[..., Any], name: str, limit: int) -> Answerer:
    def answer(values: Sequence[Any]) -> bytes:
        try:
            value = function(*values)
        except BaseException as error:
            return problem(*describe(error))
        if value is True:
            return _TRUE
        if value is False:
            return _FALSE
        return _wrong(function, f"`{name}` returned {_kind(value)}, not bool; return True or False")

    return answer


def _answering_text(function: Callable[..., Any], name: str, limit: int) -> Answerer:
    def answer(values: Sequence[Any]) -> bytes:
        try:
            value = function(*values)
        except BaseException as error:
            return problem(*describe(error))
        if not isinstance(value, str):
            return _wrong(function, f"`{name}` returned {_kind(value)}, not str; return the action as text")
        try:
            data = str.encode(value)
        except UnicodeEncodeError:
            return _wrong(function, f"`{name}` returned text that is not valid Unicode")
        if len(data) > limit:
            return _wrong(function, f"`{name}` returned {len(data)} bytes, more than {limit}; return less")
        return payload(_TEXT, data)

    return answer


def _answering_json(function: Callable[..., Any], name: str, limit: int) -> Answerer:
    encode = json.JSONEncoder(allow_nan=False, ensure_ascii=False, separators=(",", ":")).encode

    def answer(values: Sequence[Any]) -> bytes:
        try:
            value = function(*values)
        except BaseException as error:
            return problem(*describe(error))
        try:
            data = encode(value).encode()
        except (TypeError, ValueError, RecursionError) as error:
            message = f"`{name}` returned what is not JSON ({error}); return plain dicts, lists, text and numbers"
            return _wrong(function, message)
        if len(data) > limit:
            return _wrong(function, f"`{name}` returned {len(data)} bytes, more than {limit}; return less")
        return payload(_DATA, data)

    return answer


def value_of(reply: bytes) -> Any:
    """The value in a reply that is no problem: what the parent will see, for the function that is called next."""
    data = reply[1 + wire.LENGTH.size :]
    if reply[0] == wire.TEXT:
        return data.decode()
    return json.loads(data) if reply[0] == wire.DATA else reply[0] == wire.TRUE


def payload(tag: bytes, data: bytes) -> bytes:
    """A reply with a payload."""
    return tag + wire.LENGTH.pack(len(data)) + data


def data(value: Any) -> bytes:
    """A JSON reply of the worker's own."""
    return payload(_DATA, json.dumps(value).encode())


def problem(kind: str, message: str, line: int | None) -> bytes:
    """A reply that reports a failure."""
    text = message[: wire.MAX_MESSAGE].encode("utf-8", "replace").decode()
    return payload(_PROBLEM, json.dumps({"kind": kind, "message": text, "line": line}).encode())


def describe(error: BaseException) -> tuple[str, str, int | None]:
    """Kind, message and the last line in the harness. The harness's own `__str__` may fail as well."""
    line = None
    for frame, number in traceback.walk_tb(error.__traceback__):
        if frame.f_code.co_filename == wire.FILENAME:
            line = number
    if isinstance(error, SyntaxError) and error.filename == wire.FILENAME:
        line = error.lineno
    try:
        text = str(error)
    except BaseException as inner:
        text = f"(its text failed with {type(inner).__name__})"
    kind = "memory" if isinstance(error, MemoryError) else "exception"
    name = type(error).__name__
    return kind, f"{name}: {text}" if text else name, line


def _wrong(function: Callable[..., Any], message: str) -> bytes:
    line = getattr(getattr(function, "__code__", None), "co_firstlineno", None)
    return problem("type", message, line if isinstance(line, int) else None)


def _kind(value: Any) -> str:
    kind = type(value)
    return "None" if value is None else f"{kind.__module__}.{kind.__qualname__}".removeprefix(f"{builtins.__name__}.")
