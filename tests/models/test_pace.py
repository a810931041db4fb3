"""Pacing: even spacing over all threads, and one told to wait makes all wait."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from bridle.errors import ModelFault, UsageError
from bridle.models import Request, Scripted, open_model
from bridle.models.pace import Paced
from bridle.testing.model import FakeProvider, fault_of

ASK = Request(prompt="p")


class Clock:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def test_requests_are_spaced_evenly() -> None:
    clock, starts = Clock(), []
    model = Paced(Scripted(lambda _: starts.append(clock.now) or "x"), per_minute=30, clock=clock, sleep=clock.sleep)
    for _ in range(4):
        model.complete(ASK)
    clock.now += 50
    model.complete(ASK)
    model.complete(ASK)
    assert starts == [100, 102, 104, 106, 156, 158]


def test_one_that_is_told_to_come_back_later_holds_all() -> None:
    clock, starts = Clock(), []
    answers = iter([ModelFault("busy", retry_after=20), "a", "b"])

    def answer(_: Request) -> str | ModelFault:
        starts.append(clock.now)
        return next(answers)

    model = Paced(Scripted(answer), per_minute=60, clock=clock, sleep=clock.sleep)
    assert fault_of(model, ASK).retry_after == 20
    model.complete(ASK)
    model.complete(ASK)
    assert starts == [100, 120, 121]


def test_threads_together_keep_the_rate() -> None:
    with FakeProvider("x") as provider:
        model = open_model(f"{provider.spec}?rate=1200")
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda _: model.complete(ASK), range(8)))
        began = sorted(call.began for call in provider.calls)
        assert began[-1] - began[0] >= 7 * 0.05 - 0.02
        assert model.name == provider.spec


def test_closing_lets_nobody_wait() -> None:
    inner = Scripted(lambda _: "x")
    model = Paced(inner, per_minute=0.1)
    model.complete(ASK)
    faults: list[ModelFault] = []
    thread = threading.Thread(target=lambda: faults.append(fault_of(model, ASK)))
    thread.start()
    model.close()
    thread.join(10)
    assert faults[0].permanent
    assert len(inner.requests) == 1


def test_a_rate_is_above_zero() -> None:
    with pytest.raises(UsageError, match="above 0"):
        Paced(Scripted([]), per_minute=0)
