"""Whatever a worker sends: the parent lives, and accepts nothing that is not well-formed."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

import pytest
from hostile import harness
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bridle.harness import TOOL_CALL, Call, Harness, Limits, Reply, digest
from bridle.sandbox import LocalSandbox, answers
from bridle.sandbox.replies import MAX_DEPTH, Expected, Malformed, Unfit, read_json, read_replies, read_reply

LIMIT = 1000
EXPECTED = [
    Expected(first, then) for first in ("bool", "text", "json") for then in (None, "bool", "text", "json")
]  # fmt: skip

tags = st.sampled_from([b"T", b"F", b"S", b"J", b"E", b"\0", b"x"])
lengths = st.one_of(st.integers(0, 40), st.integers(0, 2**32 - 1)).map(lambda n: n.to_bytes(4, "little"))
texts = st.sampled_from(
    [b"", b"abc", "é漢😀".encode(), b"\xff\xfe", b"{}", b"[1,2]", b'"\\ud800"', b"NaN", b"1e999", b"[" * 200, b"null",
     b'{"kind":"exception","message":"x","line":3}', b'{"kind":"exception","message":"x","line":true}',
     b'{"kind":"timeout","message":"x","line":null}', b'{"kind":"type","message":5,"line":null}']
)  # fmt: skip
framed = st.builds(lambda tag, text: tag + len(text).to_bytes(4, "little") + text, tags, texts)
noise = st.lists(st.one_of(tags, lengths, texts, framed, framed, st.binary(max_size=30)), max_size=8).map(b"".join)


def well_formed(value: Any, result: str) -> bool:
    """Whether an accepted value is what its function may answer."""
    if result == "bool":
        return type(value) is bool
    if result == "text":
        return type(value) is str and value.encode().decode() == value
    digest(value)
    return depth(value) <= MAX_DEPTH


def depth(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return max(map(depth, inner), default=-1) + 1


def check(reply: Reply, expected: Expected) -> None:
    if reply.failure is not None:
        assert reply.value is None
        assert reply.then is None
        return
    assert well_formed(reply.value, expected.result)
    assert (reply.then is None) == (expected.then is None)
    if reply.then is not None and expected.then is not None:
        check(reply.then, Expected(expected.then))


@settings(max_examples=1500)
@given(data=noise, expected=st.sampled_from(EXPECTED))
@example(data=b"J\x02\x00\x00\x00{}", expected=Expected("json"))
@example(data=b"S\x00\x00\x00\x00T", expected=Expected("text", "bool"))
def test_any_bytes(data: bytes, expected: Expected) -> None:
    try:
        found = read_reply(data, 0, expected, LIMIT)
    except Malformed:
        return
    if found is not None:
        assert 0 < found[1] <= len(data)
        check(found[0], expected)


@settings(max_examples=1500)
@given(data=noise, expected=st.lists(st.sampled_from(EXPECTED), max_size=4))
def test_many_at_once_are_read_as_one_by_one(data: bytes, expected: list[Expected]) -> None:
    """The quick reader of rollouts and tables, against the careful one."""

    def slowly() -> tuple[list[Reply], int]:
        replies, at = [], 0
        for due in expected:
            found = read_reply(data, at, due, LIMIT)
            if found is None:
                break
            replies.append(found[0])
            at = found[1]
        return replies, at

    assert outcome(lambda: read_replies(data, 0, expected, LIMIT)) == outcome(slowly)


def outcome(read: Any) -> Any:
    try:
        return read()
    except Malformed as malformed:
        return str(malformed)


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(value=json_values)
def test_what_is_json_comes_through(value: Any) -> None:
    reply = answers.answerer(lambda: value, "f", "json", 1 << 20)(())
    found = read_reply(reply, 0, Expected("json"), 1 << 20)
    assert found is not None
    assert found[0] == Reply(value)
    assert [type(x) for x in flatten(found[0].value)] == [type(x) for x in flatten(value)]


def flatten(value: Any) -> list[Any]:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [value, *(leaf for part in inner for leaf in flatten(part))]


@given(value=st.text())
def test_what_is_text_comes_through(value: str) -> None:
    found = read_reply(answers.answerer(lambda: value, "f", "text", 1 << 20)(()), 0, Expected("text"), 1 << 20)
    assert found == (Reply(value), 5 + len(value.encode()))


DEEPER = MAX_DEPTH + 1
UNFIT = [
    *(
        "NaN",
        "Infinity",
        "-Infinity",
        "1e999",
        str(2**53),
        str(-(2**53)),
        "9" * 5000,
        '"\\ud800"',
        '["\\udfff\\ud800"]',
    ),
    *('{"a":1,"a":1}', '[{"a":{"b":1,"c":2,"b":3}}]', '{"a":1,"\\u0061":2}'),
    *("[" * DEEPER + "]" * DEEPER, '{"a":' * DEEPER + "1" + "}" * DEEPER),
]
FIT = [
    *(str(2**53 - 1), '"\\ud83d\\ude00"', "[" * MAX_DEPTH + "]" * MAX_DEPTH, "[[],[],[]]" + " " * 9, "1e308", "-0.0"),
    *("[" + ",".join(["{}"] * 500) + "]", '{"a":' * MAX_DEPTH + "1" + "}" * MAX_DEPTH),
]


@pytest.mark.parametrize("text", UNFIT)
def test_what_only_looks_like_json_is_unfit(text: str) -> None:
    with pytest.raises(Unfit):
        read_json(text.encode())


@pytest.mark.parametrize("text", FIT)
def test_what_is_just_json_is_read(text: str) -> None:
    assert read_json(text.encode()) == json.loads(text)


@pytest.mark.parametrize("text", ["", "{", "[1,]", "nul", "{'a': 1}", "[" * 100_000, '{"a" 1}', "\ufeff{}"])
def test_what_is_no_json_is_malformed(text: str) -> None:
    with pytest.raises(Malformed):
        read_json(text.encode())


def test_infinite_floats_do_not_sneak_in() -> None:
    with pytest.raises(Unfit):
        read_json(b"[1" + b"0" * 400 + b".5]")
    assert math.isfinite(read_json(b"1" + b"0" * 300 + b".5"))


RANDOM_BYTES = """
import random
rng = random.Random(board)
kinds = [b"T", b"F", b"S", b"J", b"E", bytes([1, 0, 0, 0]), bytes([2, 0, 0, 0]), bytes([4, 0, 0, 0]), b"{}", b"xy"]
for _ in range(rng.randrange(1, 4)):
    if rng.random() < 0.5:
        data = rng.randbytes(rng.choice([1, 4, 5, 20, 3000]))
    else:
        data = b"".join(rng.choice(kinds) for _ in range(rng.randrange(1, 9)))
    os.write(4, data)
if rng.random() < 0.1:
    os._exit(0)
return board
"""


@pytest.fixture(scope="module")
def sandbox() -> Iterator[LocalSandbox]:
    with LocalSandbox(static_gate=False, pinned=False) as opened:
        yield opened


def test_a_fuzzed_worker_never_crashes_the_parent(sandbox: LocalSandbox) -> None:
    """Random bytes as replies, before or instead of honest ones, through the real pipes, in every way of asking."""
    accepted = refused = 0
    limits = Limits(call_seconds=0.1, batch_seconds=1.0)
    for round_ in range(120):
        with sandbox.load(harness(RANDOM_BYTES), limits) as loaded:
            asked = [Call("propose_action", (f"{round_}-{i}",), then="is_legal_action") for i in range(4)]
            if round_ % 3 == 0:
                replies = [loaded.call("propose_action", call.values[0]) for call in asked]
                expected = Expected("text")
            elif round_ % 3 == 1:
                replies, expected = loaded.batch(asked), Expected("text", "bool")
            else:
                loaded.submit(asked[:2])
                loaded.submit(asked[2:])
                replies, expected = loaded.collect() + loaded.collect(), Expected("text", "bool")
        assert len(replies) == 4
        for reply in replies:
            check(reply, expected)
            accepted, refused = accepted + (reply.failure is None), refused + (reply.failure is not None)
    assert refused > 300
    assert sandbox.load(harness("return 'fine'"), limits).call("propose_action", "x").value == "fine"


def test_json_from_a_fuzzed_worker(sandbox: LocalSandbox) -> None:
    source = """
import os
RULES = {}

def review_call(view, call):
    data = bytes.fromhex(call["bytes"])
    os.write(4, data)
    return {}

def on_error(view, call, error):
    return {}
"""
    payloads = [b"{}", b"[" * 60_000, b'"\\ud800"', b"NaN", b"9" * 400, b"{" * 30, b"\xff", b'{"a":1,"a":2}', b""]
    for payload in payloads:
        frame = bytes([1, 0, 0, 0]) + b"J" + len(payload).to_bytes(4, "little") + payload
        with sandbox.load(Harness(source, contract=TOOL_CALL), Limits(call_seconds=0.2)) as loaded:
            reply = loaded.call("review_call", {}, {"bytes": frame.hex()})
            check(reply, Expected("json"))


def test_a_harness_that_forged_is_disqualified_for_good(sandbox: LocalSandbox) -> None:
    with sandbox.load(harness("if board == 'forge':\n    os.write(4, b'x' * 50)\nreturn board"), Limits()) as loaded:
        assert loaded.call("propose_action", "good").value == "good"
        failures = [loaded.call("propose_action", board).failure for board in ("forge", "good", "good")]
        failures += [reply.failure for reply in loaded.batch([Call("propose_action", ("good",))] * 2)]
    assert [failure and failure.kind for failure in failures] == ["reply"] * 5
    assert failures[-1] is not None
    assert "disqualified" in failures[-1].message
