"""A worker that somebody else kills says nothing of its harness: what is measured is the same as without it."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from cheats import HONEST
from cheats import harness as call_harness
from numbers_game import Numbers

from bridle.agents.simulated import simulated
from bridle.errors import Blame, SandboxFault
from bridle.evaluation.assessed import AssessedEpisode
from bridle.evaluation.evidence import Evidence
from bridle.evaluation.guarded import play, played, setting
from bridle.evaluation.objectives import Legality
from bridle.evaluation.verifier import Verifier
from bridle.harness import Call, Harness, Limits, Reply
from bridle.rollout import Trial
from bridle.runtime.reviewer import HarnessReviewer
from bridle.sandbox import LocalSandbox
from bridle.sandbox.attacks.tree import children, processes
from bridle.sandbox.flights import KILLS
from bridle.sandbox.loaded import LocalLoaded, PipelinedLoaded
from bridle.sandbox.process import Worker
from bridle.testing.toy_tools import Pottery

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="workers are found in /proc")

COUNTS = """
import random


def propose_action(board):
    return f"[{int(board.split()[0]) + random.choice((1, 2, 3))}]"


def is_legal_action(board, action):
    return action in [f"[{int(board.split()[0]) + step}]" for step in (1, 2, 3)]
"""
TRIAL = Trial(lanes=3, steps=20)
SMALL = Verifier(rows=150, confirming_rows=200, positions=4)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[LocalSandbox]:
    with LocalSandbox(static_gate=False) as opened:
        yield opened


def kill_workers(sandbox: LocalSandbox) -> None:
    for zygote in sandbox.zygotes():
        for worker in children(processes(), zygote):
            with suppress(ProcessLookupError):  # one that was dead, and is cleared away by now
                os.kill(worker, signal.SIGKILL)


class Harried:
    """A loaded harness whose worker is killed from outside, and the one to spare with it, at every so manieth batch."""

    def __init__(self, loaded: LocalLoaded, sandbox: LocalSandbox, every: int) -> None:
        self._loaded, self._sandbox, self._every, self._asked = loaded, sandbox, every, 0
        self.close = loaded.close

    def call(self, function: str, *values: Any) -> Reply:
        return self.batch([Call(function, values)])[0]

    def batch(self, calls: Sequence[Call]) -> list[Reply]:
        self.harry()
        return self._loaded.batch(calls)

    def harry(self) -> None:
        self._asked += 1
        if self._asked % self._every == 0:
            kill_workers(self._sandbox)


class HarriedPair(Harried):
    """The same, while a batch is on its way and the other is being made."""

    _loaded: PipelinedLoaded

    def submit(self, calls: Sequence[Call]) -> None:
        self._loaded.submit(calls)
        self.harry()

    def collect(self) -> list[Reply]:
        return self._loaded.collect()


def text_action(loaded: LocalLoaded | Harried, harness: Harness, *, verifier: bool = True) -> Evidence:
    objective = SMALL if verifier else Legality()
    return objective.measure(Numbers(), harness, loaded, TRIAL)


def tool_calls(loaded: LocalLoaded | Harried, harness: Harness) -> list[AssessedEpisode]:
    pottery = Pottery()
    chosen = setting(pottery, simulated(pottery, "small"), HarnessReviewer(harness))
    return [replace(episode, spent=None) for episode in played(play(chosen, replace(TRIAL, steps=40), loaded))]


@pytest.mark.parametrize(
    ("harness", "measure", "every"),
    [
        (Harness(COUNTS), lambda loaded, harness: text_action(loaded, harness, verifier=False), 6),
        (Harness(COUNTS), text_action, 11),
        (call_harness(HONEST), tool_calls, 7),
    ],
    ids=["legality", "verifier", "tool-calls"],
)
def test_workers_killed_from_outside_change_no_figure(
    sandbox: LocalSandbox, harness: Harness, measure: Callable[[Any, Harness], Any], every: int
) -> None:
    with sandbox.load(harness, Limits()) as loaded:
        free = measure(loaded, harness)
        assert loaded.killed == 0
        harried = measure(Harried(loaded, sandbox, every), harness)
        assert loaded.killed >= 2
    assert harried == free
    if isinstance(free, Evidence):
        assert (free.h, free.failures) == (1.0, ())
    else:
        assert free


def test_workers_killed_with_two_batches_on_their_way_change_no_figure_either() -> None:
    harness = Harness(COUNTS)
    with LocalSandbox(pinned=False) as sandbox, sandbox.load(harness, Limits()) as loaded:
        assert isinstance(loaded, PipelinedLoaded)
        free = text_action(loaded, harness)
        assert text_action(HarriedPair(loaded, sandbox, 11), harness) == free
        assert loaded.killed >= 2


@pytest.mark.parametrize("deed", ["os._exit(3)", "os.kill(os.getpid(), 9)", "1 / 0"])
def test_a_harness_that_ends_itself_pays_for_it(sandbox: LocalSandbox, deed: str) -> None:
    source = COUNTS.replace("import random\n", "import os, random\n").replace(
        "def propose_action(board):\n",
        f"def propose_action(board):\n    if int(board.split()[0]) >= 30:\n        {deed}\n",
    )
    with sandbox.load(Harness(source), Limits()) as loaded:
        found = text_action(loaded, Harness(source), verifier=False)
        assert loaded.killed == 0
    assert found.h < 1.0
    assert not found.complete
    blames = {step.failure.blame for step in found.failures if step.failure is not None}
    assert blames == {Blame.HARNESS}


def test_workers_that_are_killed_again_and_again_are_the_machines_fault(sandbox: LocalSandbox) -> None:
    """Nothing is measured then, instead of something wrong; and nothing is asked for ever."""
    with sandbox.load(Harness(COUNTS), Limits()) as loaded:
        start, starts = loaded._flights._start, []

        def killed_at_once() -> Worker:
            worker = start()
            starts.append(worker)
            assert worker.pid is not None
            os.kill(worker.pid, signal.SIGKILL)
            return worker

        loaded._flights._start = killed_at_once
        with pytest.raises(SandboxFault, match=rf"{KILLS + 1} sandbox workers were killed from outside"):
            text_action(Harried(loaded, sandbox, every=3), Harness(COUNTS))
        assert len(starts) == KILLS
        loaded._flights._start = start
        assert loaded.call("is_legal_action", "3 after", "[4]").value is True


def test_a_spare_that_is_killed_before_it_says_anything_is_replaced() -> None:
    with LocalSandbox(static_gate=False) as sandbox:
        take, born = sandbox._take, []

        def unborn(mould: Any) -> Worker:
            worker = take(mould)
            if not born:
                os.read(worker.replies, 65536)  # what it did say is lost
                kill_workers(sandbox)
            born.append(worker)
            return worker

        sandbox._take = unborn  # type: ignore[method-assign]
        with sandbox.load(Harness(COUNTS), Limits()) as loaded:
            assert loaded.call("is_legal_action", "3 after", "[4]").value is True
        assert len(born) == 2
