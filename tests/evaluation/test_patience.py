"""A harness that stalls is asked until the patience is gone; what is not asked is a failure and accepts nothing."""

from collections.abc import Sequence

import pytest

from bridle.errors import Blame, Failure
from bridle.evaluation.legal_set import IN_A_STATE, legal_calls
from bridle.evaluation.patience import WALL, Patient
from bridle.evaluation.slice import opened, slices
from bridle.harness import Call, Reply

CALL = Call("review_call", ({}, {}))


class Stub:
    """Answers every call with the same reply."""

    def __init__(self, kind: str = "") -> None:
        failure = Failure(blame=Blame.HARNESS, kind=kind, message="") if kind else None
        self.reply, self.asked, self.closed = Reply(value={}, failure=failure), 0, False

    def call(self, function: str, *values: object) -> Reply:
        return self.batch([CALL])[0]

    def batch(self, calls: Sequence[Call]) -> list[Reply]:
        self.asked += len(calls)
        return [self.reply] * len(calls)

    def close(self) -> None:
        self.closed = True


def test_calls_at_their_limits_use_the_patience_up() -> None:
    stub = Stub("timeout")
    patient = Patient(stub, ended=4)
    kinds = [reply.failure.kind for _ in range(4) for reply in patient.batch([CALL, CALL]) if reply.failure is not None]
    assert kinds == ["timeout"] * 4 + ["stalled"] * 4
    assert stub.asked == 4
    assert patient.gone


def test_crashes_do_not_and_good_answers_neither() -> None:
    for stub in (Stub("exception"), Stub()):
        patient = Patient(stub, ended=1)
        assert all(patient.call("review_call", {}, {}) == stub.reply for _ in range(5))
        assert stub.asked == 5


def test_slow_answers_use_it_up_too() -> None:
    stub = Stub()
    patient = Patient(stub, seconds=0.0)
    assert patient.call("review_call", {}, {}).failure is not None
    assert stub.asked == 0
    patient.close()
    assert stub.closed


class Working(Stub):
    """Every batch takes half a second of CPU, and as long on the wall as it is told."""

    def __init__(self, clock: list[float], wall: float, cpu: float = 0.5) -> None:
        super().__init__()
        self.clock, self.wall, self.cpu = clock, wall, cpu
        self.processor_seconds = 7.0  # for loading, which is no part of it

    def batch(self, calls: Sequence[Call]) -> list[Reply]:
        self.clock[0] += self.wall
        self.processor_seconds += self.cpu
        return super().batch(calls)


@pytest.mark.parametrize("wall", [0.5, 0.9, 4.5])
def test_a_busy_machine_uses_no_patience_up(monkeypatch: pytest.MonkeyPatch, wall: float) -> None:
    clock = [0.0]
    monkeypatch.setattr("bridle.evaluation.patience.time.monotonic", lambda: clock[0])
    working = Working(clock, wall)
    patient = Patient(working, seconds=2.0)
    assert [patient.call("review_call", {}, {}).failure is None for _ in range(6)] == [True] * 4 + [False] * 2
    assert working.asked == 4


def test_one_that_dozes_within_its_limits_is_not_asked_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr("bridle.evaluation.patience.time.monotonic", lambda: clock[0])
    dozing = Working(clock, wall=1.0, cpu=0.0)
    patient = Patient(dozing, seconds=2.0)
    while not patient.gone:
        patient.call("review_call", {}, {})
    assert dozing.asked == 2 * WALL


def test_the_legal_set_is_legal_and_of_every_kind() -> None:
    name = "bridle.testing.toy_tools:Pottery"
    environment = opened(name)
    (nominal,), _ = slices(name, ["nominal"], offset=0, count=20)
    found = legal_calls(environment, nominal, episodes=20, seed=0)
    assert found == legal_calls(environment, nominal, episodes=20, seed=0)
    assert {one.kind for one in found} == {call["tool"] for call in (one.call for one in found)}
    assert len({one.kind for one in found}) == 9
    first = [one for one in found if one.view is found[0].view]
    assert 1 <= len(first) <= IN_A_STATE
    scenarios = {scenario.template for scenario in environment.scenarios("sealed")[:20]}
    assert {one.cluster for one in found} <= scenarios
