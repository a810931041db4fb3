"""A job in the real sandbox: what is confirmed, what can't be loaded, and what is closed to it."""

import pickle
from typing import Any

import pytest
from doors import ALWAYS_FOUR, RIGHT

from bridle.environment import Environment, Scenario
from bridle.errors import UsageError
from bridle.evaluation.job import Job, measure, vet
from bridle.harness import Harness, Limits
from bridle.rollout import Trial
from bridle.testing.toy import Doors

DOORS = "bridle.testing.toy:Doors"
TRIAL, CONFIRM = Trial(lanes=3, steps=30), Trial(split="validation", lanes=2, steps=20)


def job(source: str, **changes: Any) -> Job:
    return Job(**{"environment": DOORS, "harness": Harness(source), "objective": "legality", "trial": TRIAL, **changes})


def test_a_right_harness_is_confirmed_on_fresh_scenarios() -> None:
    found = measure(job(RIGHT, confirm=CONFIRM))
    assert found.confirmed
    assert found.evidence.reaches(1.0)
    assert found.evidence.counts["attempted"] == found.evidence.counts["planned"] == 3 * 30 + 2 * 20
    assert not measure(job(RIGHT)).confirmed


def test_a_wrong_one_is_measured_once() -> None:
    found = measure(job(ALWAYS_FOUR, confirm=CONFIRM))
    assert not found.confirmed
    assert found.evidence.counts["planned"] == 3 * 30
    assert 0.0 <= found.evidence.h < 1.0
    assert {failure.kind for failure in found.evidence.failures} == {"illegal-accepted"}


def test_a_confirmation_that_fails_lowers_h_and_confirms_nothing() -> None:
    fickle = ALWAYS_FOUR.replace('return "[open 4]"', 'return "[open 4]" if board.count("Refused") else "[open 4]"')
    found = measure(job(fickle, environment=_Lenient(), confirm=CONFIRM))
    assert not found.confirmed
    assert not found.evidence.complete
    assert found.evidence.h < 1.0


class _Lenient(Doors):
    """Everything goes on training scenarios, nothing elsewhere."""

    def start(self, scenario: Scenario) -> Any:
        episode = super().start(scenario)
        step = episode.step

        def lenient(action: Any) -> Any:
            told = step("[open 5]" if scenario.split == "train" else action)
            return told._replace(legal=scenario.split == "train", error_class="")

        episode.step = lenient  # type: ignore[method-assign]
        return episode


def test_the_same_job_gives_the_same_evidence_and_travels() -> None:
    one = job(RIGHT, trial=Trial(lanes=2, steps=20))
    assert measure(one) == measure(pickle.loads(pickle.dumps(one)))


@pytest.mark.parametrize("source", ["import os\n", "def propose_action(board):\n    return ''\n", "x = 1 / 0\n"])
def test_what_can_not_be_loaded_is_evidence_too(source: str) -> None:
    found = measure(job(source))
    (failure,) = found.evidence.failures
    assert (found.evidence.h, found.evidence.complete, failure.kind) == (0.0, False, "crash-load")
    assert failure.failure == vet(Harness(source), Limits())
    assert vet(Harness(RIGHT), Limits()) is None


@pytest.mark.parametrize("environment", [DOORS, Doors()])
def test_the_sealed_split_is_closed(environment: str | Environment) -> None:
    with pytest.raises(UsageError, match="not open to a search"):
        measure(job(RIGHT, environment=environment, trial=Trial(split="sealed", lanes=1, steps=1)))
