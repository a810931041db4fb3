"""Reading what a worker sends back: fixed formats of bounded length, from a process that is not trusted.

Everything here is a pure function of bytes. Whatever they hold, the outcome is a well-formed value, "not all here yet",
or `Malformed`.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable
from typing import Any, NamedTuple

from bridle.errors import Blame, Failure
from bridle.harness import Reply
from bridle.sandbox import wire

MAX_DEPTH = 64
"""Nesting of a JSON reply."""

MAX_INTEGER = 2**53 - 1
"""Largest integer of a JSON reply: the largest that every JSON reader keeps exactly (RFC 8785, RFC 7493)."""

PROBLEM_BYTES = 32 << 10
"""Bytes of a reply that reports a failure."""

KINDS = frozenset(("exception", "memory", "type", "static", "load", "confinement"))
"""The failures that a worker can report of itself; all others are seen from outside."""

_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


class Malformed(Exception):
    """The bytes are not what an honest worker sends. The text says in what way."""


class Unfit(Exception):
    """An honest JSON text whose value is outside what Bridle calls JSON. The text says in what way."""


class Expected(NamedTuple):
    """What a call's reply must be: the result of its function, and of the one called after it, if any."""

    result: str
    then: str | None = None


TRUE, FALSE = Reply(True), Reply(False)
_TRUTHS = {wire.TRUE: TRUE, wire.FALSE: FALSE}
_LENGTH_AT, _AFTER_LENGTH = wire.LENGTH.unpack_from, 1 + wire.LENGTH.size
_new = tuple.__new__  # half the price of the class's own


def read_replies(data: bytes, at: int, expected: Iterable[Expected], limit: int) -> tuple[list[Reply], int]:
    """As many of the expected replies as have arrived whole, from `at` on, and where the next one begins.

    Raises:
        Malformed: one of them is not of the expected kind.
    """
    replies, size = list[Reply](), len(data)
    for due in expected:
        if at >= size:
            break
        result, then = due
        # The two shapes that rollouts and judged tables are made of, read here; everything else with more care below.
        if result == "bool" and then is None and (truth := _TRUTHS.get(data[at])) is not None:
            replies.append(truth)
            at += 1
            continue
        if result == "text" and data[at] == wire.TEXT and size - at > _AFTER_LENGTH:
            start = at + _AFTER_LENGTH
            end = start + _LENGTH_AT(data, at + 1)[0]
            if end - start <= limit and end < size and data[start:end].isascii():
                second = _TRUTHS.get(data[end]) if then == "bool" else None
                if second is not None or then is None:
                    replies.append(_new(Reply, (data[start:end].decode(), None, second)))
                    at = end if then is None else end + 1
                    continue
        found = read_reply(data, at, due, limit)
        if found is None:
            break
        replies.append(found[0])
        at = found[1]
    return replies, at


def read_reply(data: bytes, at: int, expected: Expected, limit: int) -> tuple[Reply, int] | None:
    """The reply that begins at `at`, and where the next one begins; None where its bytes have not all arrived.

    Raises:
        Malformed: it is not a reply of the expected kind.
    """
    first = _read_one(data, at, expected.result, limit)
    if first is None or expected.then is None or first[0].failure is not None:
        return first
    second = _read_one(data, first[1], expected.then, limit)
    if second is None:
        return None
    return Reply(first[0].value, None, second[0]), second[1]


def _read_one(data: bytes, at: int, result: str, limit: int) -> tuple[Reply, int] | None:
    if at >= len(data):
        return None
    tag = data[at]
    if result == "bool" and tag in (wire.TRUE, wire.FALSE):
        return (TRUE if tag == wire.TRUE else FALSE), at + 1
    if tag == wire.PROBLEM:
        limit = PROBLEM_BYTES
    elif (tag, result) not in ((wire.TEXT, "text"), (wire.DATA, "json")):
        raise Malformed(f"it answered with tag {tag} where {result} was due")
    start = at + 1 + wire.LENGTH.size
    if len(data) < start:
        return None
    length = wire.LENGTH.unpack_from(data, at + 1)[0]
    if length > limit:
        raise Malformed(f"it announced {length} bytes, more than {limit}")
    end = start + length
    if len(data) < end:
        return None
    payload = data[start:end]
    if tag == wire.TEXT:
        return Reply(_text(payload)), end
    if tag == wire.PROBLEM:
        return Reply(None, read_problem(payload)), end
    try:
        return Reply(read_json(payload)), end
    except Unfit as unfit:
        return Reply(None, Failure(blame=Blame.HARNESS, kind="type", message=str(unfit))), end


def _text(payload: bytes) -> str:
    try:
        return payload.decode()
    except UnicodeDecodeError:
        raise Malformed("its text is not UTF-8") from None


def _integer(digits: str) -> int:
    if len(digits) > 17 or abs(value := int(digits)) > MAX_INTEGER:
        raise Unfit(f"the returned JSON holds the integer {digits[:20]}, beyond ±(2⁵³ − 1)")
    return value


def _number(digits: str) -> float:
    if not math.isfinite(value := float(digits)):
        raise Unfit(f"the returned JSON holds {digits[:20]}, beyond a double")
    return value


def _constant(name: str) -> Any:
    raise Unfit(f"the returned JSON holds {name}")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise Unfit("the returned JSON holds an object with the same key twice")
    return value


_decoder = json.JSONDecoder(
    parse_int=_integer, parse_float=_number, parse_constant=_constant, object_pairs_hook=_object
)


def read_json(payload: bytes) -> Any:
    """A JSON value: UTF-8, finite numbers, exact integers, no key twice, no lone surrogates, bounded depth.

    Raises:
        Malformed: the bytes are not JSON.
        Unfit: they are, but not of this kind.
    """
    try:
        value = _decoder.decode(payload.decode())
    except (ValueError, RecursionError) as error:
        raise Malformed(f"its JSON can't be read ({type(error).__name__})") from None
    if payload.count(b"[") + payload.count(b"{") > MAX_DEPTH and _deeper(value, MAX_DEPTH):
        raise Unfit(f"the returned JSON is nested deeper than {MAX_DEPTH}")
    if _SURROGATE.search(payload) is not None:
        try:
            json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            raise Unfit("the returned JSON holds a lone surrogate") from None
    return value


def _deeper(value: Any, depth: int) -> bool:
    """Whether lists and dicts are nested more than `depth` deep, by levels, without recursion."""
    level = [value] if isinstance(value, (list, dict)) else []
    for _ in range(depth):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, (list, dict))
        ]
        if not level:
            return False
    return True


def read_problem(payload: bytes) -> Failure:
    """A failure that the worker reports of itself."""
    try:
        report = read_json(payload)
    except Unfit as unfit:
        raise Malformed(str(unfit)) from None
    if not isinstance(report, dict) or report.keys() != {"kind", "message", "line"}:
        raise Malformed("its report of a failure has the wrong fields")
    kind, message, line = report["kind"], report["message"], report["line"]
    if kind not in KINDS or not isinstance(message, str) or len(message) > wire.MAX_MESSAGE:
        raise Malformed("its report of a failure is out of bounds")
    if not (line is None or (type(line) is int and 0 <= line < 10**7)):
        raise Malformed("its report of a failure names no line")
    return Failure(blame=Blame.HARNESS, kind=kind, message=message, line=line)
