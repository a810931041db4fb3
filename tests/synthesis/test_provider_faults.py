"""A search against a provider that misbehaves, over real HTTP on loopback: what it does about it, and what it pays."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from doors import ALWAYS_FOUR, RIGHT, answer

from bridle.execution import Inline
from bridle.journal import Journal
from bridle.models import OpenedModel, Retry, open_model
from bridle.synthesis import run as runs
from bridle.synthesis.budget import Limit
from bridle.synthesis.outcome import Outcome
from bridle.synthesis.plan import Plan
from bridle.testing import fake_provider as fake
from bridle.testing.fake_provider import Behaviour, FakeProvider

HASTY = Retry(first=0.01, longest=0.02)


def plan(**changes: object) -> Plan:
    fields = {"environment": "bridle.testing.toy:Doors", "model": "fake", "lanes": 2, "steps": 20}
    return Plan(**{**fields, **changes})  # type: ignore[arg-type]


@contextmanager
def serving(
    *script: Behaviour, answers: str | Callable[[str], str] = answer(RIGHT)
) -> Iterator[tuple[FakeProvider, OpenedModel]]:
    with FakeProvider(answers, script=script) as provider:
        model = open_model(provider.spec)
        try:
            yield provider, model
        finally:
            model.close()


def start(folder: Path, model: OpenedModel, **changes: object) -> Outcome:
    return runs.start(plan(**changes), folder, model=model, executor=Inline(), retry=HASTY)


def attempts(folder: Path) -> list[dict[str, Any]]:
    """Every attempt in the journal, in order: an intent each, and the result after it."""
    with Journal(folder / runs.JOURNAL, write=False) as journal:
        journal.verify()
        calls = [event for event in journal.events() if event.kind.startswith("call.")]
    assert [event.kind for event in calls] == ["call.intent", "call.result"] * (len(calls) // 2)
    assert [first.key for first in calls[::2]] == [second.key for second in calls[1::2]]
    return [event.payload or {} for event in calls[1::2]]


@pytest.mark.parametrize(
    ("behaviour", "says", "billable"),
    [
        (fake.rate_limited(0.05), "status 429", False),
        (fake.server_error(), "status 500", False),
        (fake.garbage(), "no completion", True),
        (fake.empty(), "answered with nothing", True),
        (fake.hang_up(), "broke off", True),
    ],
)
def test_what_may_pass_is_tried_again_within_the_expansion(
    tmp_path: Path, behaviour: Behaviour, says: str, billable: bool
) -> None:
    with serving(behaviour) as (provider, model):
        outcome = start(tmp_path / "run", model)
        assert (outcome.stop, outcome.best.id, len(outcome.tree)) == ("target", 1, 2)
        first, second = attempts(tmp_path / "run")
        assert says in first["fault"]
        assert (first["permanent"], first["billable"]) == (False, billable)
        assert "completion" in second
        assert outcome.spent["calls"] == len(provider.calls) == 2
        assert outcome.best.spent["unknown_usage"] == billable
        if behaviour.status == 429:
            assert first["retry_after"] == 0.05
            waited = provider.calls[1].began - provider.calls[0].ended
            assert waited >= 0.05


@pytest.mark.parametrize(
    ("behaviour", "why"),
    [
        (fake.half_code_block(), "never closed: the answer was cut off"),
        (fake.huge(), "is longer than 204800 characters"),
    ],
)
def test_an_answer_without_usable_code_is_answered_with_one_repair_request(
    tmp_path: Path, behaviour: Behaviour, why: str
) -> None:
    with serving(behaviour) as (provider, model):
        outcome = start(tmp_path / "run", model)
        assert (outcome.stop, outcome.best.id, len(outcome.tree)) == ("target", 1, 2)
        assert all("completion" in attempt for attempt in attempts(tmp_path / "run"))
        assert [why in call.prompt for call in provider.calls] == [False, True]
        assert len(provider.calls[1].prompt) < len(provider.calls[0].prompt) + 25_000
        assert outcome.spent["tokens"] == provider.tokens
    with serving(behaviour, behaviour) as (_, model):
        outcome = start(tmp_path / "twice", model, limit=Limit(iterations=1))
        assert outcome.tree[1].status == "unusable"
        assert why in outcome.tree[1].reason


def test_a_refusal_for_good_is_not_tried_again_and_three_pause_the_run(tmp_path: Path) -> None:
    refusals = [fake.refuses(401, "No such key.")] * 3
    with serving(*refusals) as (provider, model):
        outcome = start(tmp_path / "run", model)
        assert (outcome.stop, len(provider.calls)) == ("model-failed", 3)
        assert "BRIDLE_API_KEY" in outcome.tree[3].reason
        again = runs.resume(tmp_path / "run", model=model, executor=Inline(), retry=HASTY)
        assert (again.stop, again.best.id) == ("target", 4)
        assert len(provider.calls) == 4


def test_a_provider_that_is_down_pauses_the_run_instead_of_spinning(tmp_path: Path) -> None:
    with serving(*[fake.server_error()] * 12) as (provider, model):
        outcome = start(tmp_path / "run", model)
        assert (outcome.stop, len(provider.calls)) == ("model-failed", 12)
        assert outcome.spent["calls"] == 12
        assert [node.status for node in outcome.tree] == ["root", "failed", "failed", "failed"]
        assert runs.read(tmp_path / "run").stop == "model-failed"
        again = runs.resume(tmp_path / "run", model=model, executor=Inline(), retry=HASTY)
        assert again.stop == "target"
        assert again.best.parent == 0


def test_a_wait_that_is_too_long_gives_the_expansion_up(tmp_path: Path) -> None:
    with serving(fake.rate_limited(3600.0)) as (provider, model):
        outcome = start(tmp_path / "run", model)
        assert outcome.tree[1].status == "failed"
        assert (outcome.stop, len(provider.calls)) == ("target", 2)


BAD_DAY = (
    fake.rate_limited(0.02),
    fake.server_error(),
    fake.garbage(),
    fake.half_code_block(),
    fake.empty(),
    fake.hang_up(),
    fake.says("no code", usage=False),
)


def misbehaving(prompt: str) -> str:
    return answer(f"{ALWAYS_FOUR}\nX = {len(prompt)}\n")


@pytest.mark.parametrize("concurrency", [1, 4])
@pytest.mark.parametrize(
    "limit",
    [
        Limit(iterations=None, calls=13),
        Limit(iterations=None, tokens=300_000),
        Limit(iterations=6, calls=11, tokens=400_000),
    ],
)
def test_no_limit_is_exceeded_by_the_providers_own_ledger(tmp_path: Path, limit: Limit, concurrency: int) -> None:
    with serving(*BAD_DAY * 3, answers=misbehaving) as (provider, model):
        outcome = start(tmp_path / "run", model, limit=limit, concurrency=concurrency, plateau=None)
        assert outcome.stop in ("calls", "tokens", "iterations", "model-failed")
        if limit.calls is not None:
            assert len(provider.calls) <= limit.calls
        if limit.tokens is not None:
            assert provider.tokens <= limit.tokens
            assert outcome.spent["tokens"] <= limit.tokens
        with Journal(tmp_path / "run" / runs.JOURNAL, write=False) as journal:
            keys = [event.key for event in journal.events("call.result")]
        assert len(keys) == len(set(keys)) == len(provider.calls)
        if concurrency == 1:  # else expansions that were under way when it paused are settled when it goes on
            assert outcome.spent["calls"] == len(provider.calls)
            assert limit.tokens is None or provider.tokens <= outcome.spent["tokens"]
