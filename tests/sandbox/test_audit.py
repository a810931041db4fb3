"""The audit finds state, chance and clocks, and accuses nobody who has none."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridle.harness import TOOL_CALL, Call, Harness, Limits, Reply
from bridle.sandbox import LocalSandbox
from bridle.sandbox.audit import Observed, Sampler, audit

CHECK = "\n\ndef is_legal_action(board, action):\n    return True\n"
LIMITS = Limits(call_seconds=0.3)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[LocalSandbox]:
    with LocalSandbox(static_gate=False) as opened:
        yield opened


def played(sandbox: LocalSandbox, harness: Harness, boards: list[str], *, seed: int = 3) -> list[Observed]:
    """What a rollout of batches of ten would have observed of a harness: a sample of 40."""
    sampler = Sampler(random.Random(seed), 40)
    with sandbox.load(harness, LIMITS) as loaded:
        for start in range(0, len(boards), 10):
            calls = [
                Call("propose_action", (board,), "is_legal_action", seed=start + i)
                for i, board in enumerate(boards[start : start + 10])
            ]
            sampler.see(calls, loaded.batch(calls))
    return sampler.kept


BOARDS = [f"board {i % 37}" for i in range(200)]


@pytest.mark.parametrize(
    "source",
    [
        "def propose_action(board):\n    return board[::-1]",
        "import random\n\n\ndef propose_action(board):\n    return str([random.random() for _ in range(30)])",
        "import functools\n\n\n@functools.lru_cache(None)\ndef f(board):\n    return board\n\n\n"
        "def propose_action(board):\n    return f(board)",
        "def propose_action(board):\n    if '3' in board:\n        raise ValueError(object())\n    return board",
        "def propose_action(board):\n    return None if '3' in board else board",
        "def propose_action(board):\n    return str({board, board + 'x', 'y', board[:3]})",
    ],
)
def test_honest_harnesses_pass(sandbox: LocalSandbox, source: str) -> None:
    harness = Harness(source + CHECK)
    sample = played(sandbox, harness, BOARDS)
    assert len(sample) == 40
    for seed in range(3):
        assert audit(sandbox, harness, LIMITS, sample, random.Random(seed)) is None


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("SEEN = []\n\n\ndef propose_action(board):\n    SEEN.append(board)\n    return str(len(SEEN))", "in use"),
        ("import datetime\n\n\ndef propose_action(board):\n    return str(datetime.datetime.now())", "read no clock"),
        ("import random\nR = random.Random(3)\n\n\ndef propose_action(board):\n    return str(R.random())", "gave '0."),
        (
            "N = [0]\n\n\ndef propose_action(board):\n    N[0] += 1\n    if N[0] > 100:\n        raise KeyError\n    return 'x'",
            "exception (line 7): KeyError",
        ),
        (
            "N = [0]\n\n\ndef propose_action(board):\n    return board\n\n\ndef check(n):\n    N[0] += 1\n    return N[0] < n\n",
            "(then ",
        ),
    ],
)
def test_dishonest_ones_are_shown_their_example(sandbox: LocalSandbox, source: str, told: str) -> None:
    harness = Harness(source + (CHECK if "check" not in source else CHECK.replace("True", "check(100)")))
    failure = audit(sandbox, harness, LIMITS, played(sandbox, harness, BOARDS), random.Random(5))
    assert failure is not None
    assert failure.kind == "stateful"
    assert told in failure.message
    assert "`propose_action('board " in failure.message


def test_what_depends_on_the_machine_is_not_compared(sandbox: LocalSandbox) -> None:
    """A hang or a death in use is a failure already; whether it happens again says nothing of state."""
    source = (
        "N = [0]\n\n\ndef propose_action(board):\n    N[0] += 1\n    while N[0] == 30:\n        pass\n    return board"
    )
    harness = Harness(source + CHECK)
    sample = played(sandbox, harness, BOARDS[:40])
    assert [o.reply.failure.kind for o in sample if o.reply.failure] == ["timeout"]
    assert audit(sandbox, harness, LIMITS, sample, random.Random(1)) is None


def test_json_is_compared_with_its_types(sandbox: LocalSandbox) -> None:
    source = "N = [0]\nRULES = {}\n\n\ndef review_call(view, call):\n    N[0] += 1\n    return 1 if N[0] > 1 else True\n\n\ndef on_error(v, c, e):\n    return 0\n"
    harness = Harness(source, contract=TOOL_CALL)
    calls = [Call("review_call", ({}, {"n": n})) for n in range(2)]
    with sandbox.load(harness, LIMITS) as loaded:
        sample = [Observed(*pair) for pair in zip(calls, loaded.batch(calls), strict=True)]
    orders = [audit(sandbox, harness, LIMITS, sample, random.Random(seed)) for seed in range(8)]
    assert any(orders), "asked in the other order, 1 becomes True"


def test_an_empty_sample_proves_nothing(sandbox: LocalSandbox) -> None:
    assert (
        audit(sandbox, Harness("def propose_action(board):\n    return ''" + CHECK), LIMITS, [], random.Random(0))
        is None
    )


@given(number=st.integers(0, 300), size=st.integers(1, 50), batch=st.integers(1, 40), seed=st.integers(0, 5))
def test_a_sampler_keeps_what_it_saw(number: int, size: int, batch: int, seed: int) -> None:
    sampler = Sampler(random.Random(seed), size)
    for start in range(0, number, batch):
        shown = range(start, min(start + batch, number))
        sampler.see([Call("f", (n,)) for n in shown], [Reply(n) for n in shown])
    assert len(sampler.kept) == min(size, number)
    assert all(observed.call.values[0] == observed.reply.value for observed in sampler.kept)
    assert len({observed.reply.value for observed in sampler.kept}) == len(sampler.kept)


def test_every_call_has_the_same_chance_to_be_kept() -> None:
    counts: Counter[int] = Counter()
    for seed in range(2000):
        sampler = Sampler(random.Random(seed), 5)
        sampler.see([Call("f", (n,)) for n in range(20)], [Reply(n) for n in range(20)])
        counts.update(observed.reply.value for observed in sampler.kept)
    assert all(400 < counts[n] < 600 for n in range(20))
