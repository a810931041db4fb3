"""Every limit is kept, and says so when it strikes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import fields

import pytest
from hostile import harness

from bridle.errors import Failure, HarnessFault
from bridle.harness import Call, Harness, Limits
from bridle.sandbox import LocalSandbox


@pytest.fixture(scope="module")
def sandbox() -> Iterator[LocalSandbox]:
    with LocalSandbox(static_gate=False) as opened:
        yield opened


def failure(sandbox: LocalSandbox, body: str, limits: Limits, *, imports: str = "import os, sys") -> Failure:
    with sandbox.load(harness(body, imports=imports), limits) as loaded:
        found = loaded.call("propose_action", "x").failure
        assert found is not None
        return found


def refusal(sandbox: LocalSandbox, source: str, limits: Limits) -> Failure:
    with pytest.raises(HarnessFault) as caught:
        sandbox.load(Harness(source), limits)
    return caught.value.failure


def test_every_limit_has_a_test_here() -> None:
    tested = {name.removeprefix("test_limit_") for name in globals() if name.startswith("test_limit_")}
    assert {field.name for field in fields(Limits)} == tested


def test_limit_call_seconds(sandbox: LocalSandbox) -> None:
    with sandbox.load(harness("while True:\n    pass"), Limits(call_seconds=0.1)) as loaded:
        for _ in range(3):
            start, spent = time.monotonic(), loaded.processor_seconds
            found = loaded.call("propose_action", "x").failure
            assert found is not None
            assert found.kind == "timeout"
            assert "0.1 s" in found.message
            assert time.monotonic() - start >= 0.1
            assert loaded.processor_seconds - spent < 1.0


def test_a_call_just_within_its_limit_is_answered(sandbox: LocalSandbox) -> None:
    body = "n = 0\nend = int(board)\nwhile n < end:\n    n += 1\nreturn 'done'"
    with sandbox.load(harness(body), Limits(call_seconds=5.0)) as loaded:
        rounds = 10**5
        while True:
            start = time.monotonic()
            assert loaded.call("propose_action", str(rounds)).value == "done"
            if time.monotonic() - start > 0.3:
                break
            rounds *= 2


def test_limit_batch_seconds(sandbox: LocalSandbox) -> None:
    """Each call is within its own limit; together they are not."""
    body = "import re\nn = 0\nwhile n < 2 * 10**6:\n    n += 1\nreturn 'done'"
    with sandbox.load(harness(body), Limits(call_seconds=30.0, batch_seconds=0.8)) as loaded:
        spent = loaded.processor_seconds
        replies = loaded.batch([Call("propose_action", ("x",))] * 100)
        assert loaded.processor_seconds - spent < 5
    kinds = [reply.failure.kind if reply.failure else "" for reply in replies]
    assert kinds[-1] == "timeout"
    assert set(kinds) <= {"", "timeout"}
    last = replies[-1].failure
    assert last is not None
    assert "the batch took longer than 0.8 s" in last.message


def test_limit_load_seconds(sandbox: LocalSandbox) -> None:
    start = time.monotonic()
    found = refusal(sandbox, "while True:\n    pass\n", Limits(load_seconds=0.3))
    assert (found.kind, "0.3 s" in found.message) == ("load", True)
    assert time.monotonic() - start < 30


def test_limit_cpu_seconds(sandbox: LocalSandbox) -> None:
    found = failure(sandbox, "while True:\n    pass", Limits(call_seconds=20.0, cpu_seconds=1))
    assert found.kind == "cpu"


def test_cpu_is_counted_over_the_calls_of_a_worker(sandbox: LocalSandbox) -> None:
    body = "n = 0\nwhile n < 10**6:\n    n += 1\nreturn 'done'"
    with sandbox.load(harness(body), Limits(call_seconds=20.0, cpu_seconds=1)) as loaded:
        outcomes = [loaded.call("propose_action", "x") for _ in range(60)]
    kinds = {reply.failure.kind for reply in outcomes if reply.failure}
    assert kinds == {"cpu"}
    assert outcomes[-1].value == "done" or outcomes[-2].value == "done", "a fresh worker starts afresh"


def test_limit_memory_bytes(sandbox: LocalSandbox) -> None:
    body = "data = bytearray(int(board) << 20)\nreturn str(len(data) >> 20)"
    for megabytes, limit in ((100, 64), (300, 256)):
        with sandbox.load(harness(body), Limits(memory_bytes=limit << 20)) as loaded:
            found = loaded.call("propose_action", str(megabytes)).failure
            assert found is not None
            assert found.kind == "memory"
            assert loaded.call("propose_action", "1").value == "1"
    with sandbox.load(harness(body), Limits(memory_bytes=512 << 20, call_seconds=20.0)) as loaded:
        assert loaded.call("propose_action", "300").value == "300"


def test_limit_reply_bytes(sandbox: LocalSandbox) -> None:
    with sandbox.load(harness("return 'é' * int(board)"), Limits(reply_bytes=1000)) as loaded:
        assert loaded.call("propose_action", "500").value == "é" * 500
        found = loaded.call("propose_action", "501").failure
        assert found is not None
        assert (found.kind, "1002 bytes, more than 1000" in found.message) == ("type", True)


def test_a_forged_reply_is_not_longer_either(sandbox: LocalSandbox) -> None:
    forged = "os.write(4, bytes([1, 0, 0, 0]) + b'S' + (1001).to_bytes(4, 'little') + b'x' * 1001)\nreturn 'x'"
    found = failure(sandbox, forged, Limits(reply_bytes=1000))
    assert (found.kind, "1001 bytes, more than 1000" in found.message) == ("reply", True)


def test_limit_source_bytes(sandbox: LocalSandbox) -> None:
    source = harness("return 'x'").source
    size = len(source.encode())
    sandbox.load(Harness(source), Limits(source_bytes=size)).close()
    with LocalSandbox() as gated:
        for opened in (sandbox, gated):
            found = refusal(opened, source, Limits(source_bytes=size - 1))
            assert (found.kind, f"{size} bytes, more than {size - 1}" in found.message) == ("static", True)


def test_limit_recursion(sandbox: LocalSandbox) -> None:
    body = "def down(n):\n    return 0 if n == 0 else 1 + down(n - 1)\nreturn str(down(int(board)))"
    with sandbox.load(harness(body), Limits(recursion=300)) as loaded:
        assert loaded.call("propose_action", "250").value == "250"
        found = loaded.call("propose_action", "300").failure
        assert found is not None
        assert "RecursionError" in found.message
    with sandbox.load(harness(body), Limits(recursion=3000)) as loaded:
        assert loaded.call("propose_action", "2500").value == "2500"
