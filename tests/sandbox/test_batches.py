"""Batches: who is blamed, what is answered all the same, two on their way, and interruptions."""

from __future__ import annotations

import enum
import signal
import threading
from collections.abc import Iterator
from itertools import pairwise, product

import pytest
from hostile import harness
from hypothesis import given, settings
from hypothesis import strategies as st

from bridle.errors import UsageError
from bridle.harness import TOOL_CALL, Call, Harness, Limits
from bridle.sandbox import LocalSandbox, PipelinedLoaded

LIMITS = Limits(call_seconds=0.25, batch_seconds=8.0)

DEEDS = harness(
    """
import ctypes
if board.startswith("hang"):
    while True:
        pass
if board.startswith("exit"):
    os._exit(3)
if board.startswith("crash"):
    ctypes.string_at(0)
if board.startswith("forbidden"):
    os.execv("/bin/true", ["true"])
if board.startswith("raise"):
    raise KeyError(board)
return board
"""
)
KINDS = {"hang": "timeout", "exit": "killed", "crash": "killed", "forbidden": "killed", "raise": "exception"}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[LocalSandbox]:
    with LocalSandbox(static_gate=False, pinned=False) as opened:
        yield opened


@pytest.fixture
def loaded(sandbox: LocalSandbox) -> Iterator[PipelinedLoaded]:
    with sandbox.load(DEEDS, LIMITS) as opened:
        yield opened


def calls(boards: list[str]) -> list[Call]:
    return [Call("propose_action", (board,)) for board in boards]


def expected(boards: list[str]) -> list[tuple[str | None, str | None]]:
    return [(None, KINDS[b.split()[0]]) if b.split()[0] in KINDS else (b, None) for b in boards]


def outcomes(replies: list) -> list[tuple[str | None, str | None]]:
    return [(reply.value, reply.failure and reply.failure.kind) for reply in replies]


@settings(max_examples=40)
@given(deeds=st.lists(st.sampled_from(["good", "good", "good", "raise", "exit", "crash", "forbidden"]), max_size=12))
def test_only_the_guilty_fail(sandbox: LocalSandbox, deeds: list[str]) -> None:
    boards = [f"{deed} {place}" for place, deed in enumerate(deeds)]
    with sandbox.load(DEEDS, LIMITS) as loaded:
        assert outcomes(loaded.batch(calls(boards))) == expected(boards)
        assert [outcomes([loaded.call("propose_action", b)])[0] for b in boards] == expected(boards)


def test_only_the_hanging_fail(loaded: PipelinedLoaded) -> None:
    boards = ["good 0", "hang 1", "exit 2", "good 3", "hang 4", "raise 5", "good 6"]
    assert outcomes(loaded.batch(calls(boards))) == expected(boards)


@pytest.mark.parametrize(("first", "second"), list(product(["good", "exit", "hang", "raise"], repeat=2)))
def test_two_batches_on_their_way(loaded: PipelinedLoaded, first: str, second: str) -> None:
    one, two = ["good 1", f"{first} 2", "good 3"], ["good 4", f"{second} 5", "good 6"]
    loaded.submit(calls(one))
    loaded.submit(calls(two))
    assert outcomes(loaded.collect()) == expected(one)
    loaded.submit(calls(["good 7"]))
    assert outcomes(loaded.collect()) == expected(two)
    assert outcomes(loaded.collect()) == [("good 7", None)]


def test_a_stream_of_batches_two_at_a_time(loaded: PipelinedLoaded) -> None:
    batches = [[f"good {i} {j}" for j in range(i % 7)] for i in range(200)]
    loaded.submit(calls(batches[0]))
    for before, after in pairwise(batches):
        loaded.submit(calls(after))
        assert outcomes(loaded.collect()) == expected(before)
    assert outcomes(loaded.collect()) == expected(batches[-1])


def test_frames_larger_than_any_pipe(loaded: PipelinedLoaded) -> None:
    boards = [f"good {i} " + "é" * 30_000 for i in range(40)]
    limits = Limits(call_seconds=5, reply_bytes=1 << 17)
    del loaded
    with LocalSandbox(static_gate=False, pinned=False) as sandbox, sandbox.load(DEEDS, limits) as big:
        assert outcomes(big.batch(calls(boards))) == expected(boards)
        big.submit(calls(boards))
        big.submit(calls(boards[::-1]))
        assert outcomes(big.collect()) == expected(boards)
        assert outcomes(big.collect()) == expected(boards[::-1])
        assert big.call("propose_action", boards[0]).value == boards[0]


def test_a_worker_that_stops_reading_is_late(sandbox: LocalSandbox) -> None:
    """The second batch does not fit into the pipe while the first hangs: the first is to blame, in its time."""
    limits = Limits(call_seconds=0.2, batch_seconds=1.0)
    boards = ["good " + "x" * 60_000 for _ in range(100)]
    with sandbox.load(DEEDS, limits) as loaded:
        loaded.submit(calls(["good 1", "hang 2"]))
        loaded.submit(calls(boards))
        first, second = loaded.collect(), loaded.collect()
    assert outcomes(first) == [("good 1", None), (None, "timeout")]
    assert {kind for _, kind in outcomes(second)} <= {None, "timeout"}


def test_wrong_use_is_told(loaded: PipelinedLoaded) -> None:
    with pytest.raises(UsageError, match="no function 'review_call'"):
        loaded.call("review_call", {})
    with pytest.raises(UsageError, match="no function 'nonsense'"):
        loaded.batch([Call("propose_action", ("x",), then="nonsense"), Call("propose_action", ("x",))])
    with pytest.raises(UsageError, match="at most 100 calls"):
        loaded.batch(calls(["good"] * 101))
    with pytest.raises(UsageError, match="submit one first"):
        loaded.collect()
    loaded.submit(calls(["good 1"]))
    with pytest.raises(UsageError, match="collect it first"):
        loaded.call("propose_action", "good 2")
    with pytest.raises(UsageError, match="collect it first"):
        loaded.batch(calls(["good 2", "good 3"]))
    loaded.submit(calls(["good 4"]))
    with pytest.raises(UsageError, match="2 batches are on their way"):
        loaded.submit(calls(["good 5"]))
    assert outcomes(loaded.collect()) == [("good 1", None)]
    assert outcomes(loaded.collect()) == [("good 4", None)]
    loaded.close()
    with pytest.raises(UsageError, match="closed"):
        loaded.call("propose_action", "good")


def test_values_are_plain(sandbox: LocalSandbox) -> None:
    class Colour(enum.StrEnum):
        RED = "red"

    source = "RULES = {}\n\n\ndef review_call(view, call):\n    return [view, call]\n\n\ndef on_error(view, call, error):\n    return 0\n"
    with sandbox.load(Harness(source, contract=TOOL_CALL), LIMITS) as loaded:
        assert loaded.call("review_call", {"c": Colour.RED}, {"x": (1, 2)}).value == [{"c": "red"}, {"x": [1, 2]}]
        with pytest.raises(UsageError, match="JSON values only"):
            loaded.call("review_call", {"c": object()}, {})
        with pytest.raises(UsageError, match="JSON values only"):
            loaded.batch([Call("review_call", (object(), {})), Call("review_call", ({}, {}))])
        assert loaded.call("review_call", {}, {}).value == [{}, {}]
    with sandbox.load(DEEDS, LIMITS) as text:
        assert text.call("propose_action", Colour.RED).value == "red"
        assert text.batch([Call("propose_action", (Colour.RED,))] * 2)[1].value == "red"


def test_an_interruption_leaves_no_stale_answer(loaded: PipelinedLoaded) -> None:
    """Ctrl-C while a call is under way: what comes back later is nobody's answer."""

    class Interrupted(Exception):
        pass

    def interrupt(*_: object) -> None:
        raise Interrupted

    before = signal.signal(signal.SIGUSR1, interrupt)
    try:
        for ask in (
            lambda: loaded.call("propose_action", "hang"),
            lambda: loaded.batch(calls(["good 1", "hang 2", "good 3"])),
        ):
            timer = threading.Timer(0.1, signal.raise_signal, (signal.SIGUSR1,))
            timer.start()
            with pytest.raises(Interrupted):
                ask()
            timer.join()
            assert loaded.call("propose_action", "good 5").value == "good 5"
            assert outcomes(loaded.batch(calls(["good 6", "good 7"]))) == expected(["good 6", "good 7"])
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_print_is_dropped_and_counted(sandbox: LocalSandbox) -> None:
    body = "print(board)\nsys.stderr.write('!!')\nif board == 'exit':\n    os._exit(0)\nreturn board"
    with sandbox.load(harness(body), LIMITS) as loaded:
        assert loaded.printed == 0
        assert loaded.call("propose_action", "abc").value == "abc"
        assert loaded.printed == 6
        loaded.call("propose_action", "exit")
        loaded.batch(calls(["a", "b"]))
        assert loaded.printed == 6 + 7 + 8
