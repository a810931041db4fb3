"""Going on with a run under wider limits, and with one that committed in whichever order."""

import random
import time
from pathlib import Path

import pytest
from doors import ALWAYS_FOUR, REACHABLE, answer

from bridle.execution import Inline
from bridle.models import Request, Scripted
from bridle.synthesis import run as runs
from bridle.synthesis.budget import Limit
from bridle.synthesis.plan import Plan


def plan(limit: Limit, **changes: object) -> Plan:
    fields = {"environment": "bridle.testing.toy:Doors", "model": "scripted", "lanes": 2, "steps": 20, "plateau": None}
    return Plan(**{**fields, "limit": limit, **changes})  # type: ignore[arg-type]


def by_request(request: Request, seconds: float = 0.0) -> str:
    rng = random.Random(request.digest)
    time.sleep(seconds * rng.random())
    return answer(rng.choice([ALWAYS_FOUR, REACHABLE]) + f"\nX = {rng.random()}\n")


@pytest.mark.parametrize("seed", range(2))
def test_a_run_that_was_short_of_calls_goes_on_with_more(tmp_path: Path, seed: int) -> None:
    def wider(chosen: Plan) -> Plan:
        return plan(Limit(iterations=None, calls=20), concurrency=4, seed=seed)

    chosen = plan(Limit(iterations=None, calls=12), concurrency=4, seed=seed)
    first = runs.start(chosen, tmp_path / "run", model=Scripted(by_request), executor=Inline())
    grown = runs.resume(tmp_path / "run", model=Scripted(by_request), executor=Inline(), change=wider)
    assert [node.id for node in grown.tree][: len(first.tree)] == [node.id for node in first.tree]
    assert len(grown.tree) > len(first.tree)


@pytest.mark.parametrize("seed", range(2))
def test_a_run_of_free_order_goes_on(tmp_path: Path, seed: int) -> None:
    def slowly(request: Request) -> str:
        return by_request(request, 0.1)

    def wider(chosen: Plan) -> Plan:
        return plan(Limit(iterations=12), concurrency=4, order="free", seed=seed)

    chosen = plan(Limit(iterations=8), concurrency=4, order="free", seed=seed)
    first = runs.start(chosen, tmp_path / "run", model=Scripted(slowly), executor=Inline())
    grown = runs.resume(tmp_path / "run", model=Scripted(slowly), executor=Inline(), change=wider)
    assert [node.id for node in grown.tree][: len(first.tree)] == [node.id for node in first.tree]
    assert len(grown.tree) == 13
