"""Batches, previews, and decisions that are remembered: none of them permits what a single question would not."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from payments import CountingEngine, FakeLoaded, Office, conduct, guard_for
from test_async_guard import opened

from bridle.authorization import AuthorizationRequest, Decision, Outcome
from bridle.runtime.async_gate import AsyncGate
from bridle.runtime.gate import Gate
from bridle.runtime.guard import Guard
from bridle.runtime.policies.batch import MOST, decide
from bridle.runtime.policies.cedar import CedarEngine
from bridle.runtime.policies.remembered import DECIDED_BEFORE, Decisions
from bridle.runtime.reviewer import Unreviewed
from bridle.testing.policy import CEDAR_POLICIES, CEDAR_SCHEMA, DENIED, MALFORMED, PERMITTED, UNDECIDABLE

PAY = {"account": "A", "amount": 5}


# --- batches ----------------------------------------------------------------------------------------------------------


class Batched(CountingEngine):
    """Takes batches, and keeps count of them; `spoil` breaks an answer."""

    def __init__(self, spoil: Any = None) -> None:
        super().__init__()
        self.sizes: list[int] = []
        self.spoil = spoil

    def evaluate_all(self, requests: Sequence[AuthorizationRequest]) -> Any:
        self.sizes.append(len(requests))
        answers = [self.evaluate(request) for request in requests]
        return self.spoil(answers) if self.spoil is not None else answers


def requests(count: int) -> list[AuthorizationRequest]:
    return [
        AuthorizationRequest(
            subject={"properties": {"limit": 100}},
            action={"name": "pay"},
            resource={"properties": {"frozen": False}},
            context={"amount": number},
        )
        for number in range(count)
    ]


def test_batches_are_bounded_and_in_order() -> None:
    engine = Batched()
    asked = requests(2 * MOST + 7)
    decisions = decide(engine, asked)
    assert engine.sizes == [MOST, MOST, 7]
    assert [decision.request_digest for decision in decisions] == [request.digest for request in asked]
    assert [decision.permits for decision in decisions] == [number <= 100 for number in range(2 * MOST + 7)]
    assert decide(CountingEngine(), asked) == decisions, "an engine that takes none is asked one by one"
    assert decide(engine, []) == []


def broken(answers: list[Decision]) -> Any:
    raise RuntimeError("down")


@pytest.mark.parametrize(
    "spoil",
    [
        broken,
        lambda answers: answers[1:],
        lambda answers: [*answers, answers[0]],
        lambda answers: answers[::-1],
        lambda answers: [True] * len(answers),
        lambda answers: None,
        lambda answers: tuple(answers),
        lambda answers: [replace(answer, request_digest="") for answer in answers],
    ],
)
def test_a_batch_that_does_not_fit_its_questions_decides_nothing(spoil: Any) -> None:
    decisions = decide(Batched(spoil), requests(4))
    assert [decision.outcome for decision in decisions] == [Outcome.INDETERMINATE] * 4
    assert all(decision.errors for decision in decisions)


def test_what_can_not_be_asked_is_indeterminate_in_a_batch_too() -> None:
    engine = CedarEngine(CEDAR_POLICIES, CEDAR_SCHEMA)
    asked = [*MALFORMED.values(), *UNDECIDABLE.values(), *DENIED.values(), PERMITTED]
    decisions = decide(engine, asked)
    assert [decision.permits for decision in decisions] == [False] * (len(asked) - 1) + [True]


def test_a_preview_asks_at_once_and_permits_nothing() -> None:
    office, engine = Office(), Batched()
    held = conduct()
    gate = Gate(office.session(), held.mapping, engine)
    calls: list[Any] = [
        {"tool": "pay", "arguments": PAY},
        {"tool": "pay", "arguments": PAY | {"amount": 500}},
        {"tool": "nothing", "arguments": {}},
        "no call",
        {"tool": "hold", "arguments": {"account": "A"}},
    ]
    decisions = gate.preview(calls)
    assert [decision.outcome.value for decision in decisions] == [
        "permit",
        "deny",
        "indeterminate",
        "indeterminate",
        "permit",
    ]
    assert engine.sizes == [3]
    with pytest.raises(Exception, match="without a permit"):
        gate.execute(calls[0])
    assert office.done == []


# --- remembered -------------------------------------------------------------------------------------------------------


class Known(CountingEngine):
    """Knows its policy's digest without deciding anything."""

    @property
    def policy_digest(self) -> str:
        return self.digest


def remembering(office: Office, engine: Any, decisions: Decisions, **options: Any) -> Guard:
    held = conduct(reviewer=Unreviewed(), attempts=99)
    return Guard(Gate(office.session(), held.mapping, engine, decisions=decisions, **options), held)


def test_the_same_question_is_asked_once_while_nothing_changed() -> None:
    office, engine, decisions = Office(), Known(), Decisions()
    first, second = remembering(office, engine, decisions), remembering(office, engine, decisions)
    assert first.call("pay", PAY).ok
    again = second.call("pay", PAY | {"memo": "another session"})
    assert again.ok
    assert len(engine.asked) == 1
    decision = again.records[0].decision
    assert decision is not None
    assert decision.reasons == ("within-limit", DECIDED_BEFORE), "the trace says so"
    assert len(office.done) == 2


def change_version(office: Office, engine: Known) -> None:
    office.version += 1


def change_policy(office: Office, engine: Known) -> None:
    engine.digest = "p2"


def change_context(office: Office, engine: Known) -> None:
    office.context = {"incident": "INC-1"}


def change_subject(office: Office, engine: Known) -> None:
    office.subject = {**office.subject, "id": "bob"}


def change_resource(office: Office, engine: Known) -> None:
    office.frozen = {"A"}


@pytest.mark.parametrize("change", [change_version, change_policy, change_context, change_subject, change_resource])
def test_whatever_changes_is_asked_about_anew(change: Any) -> None:
    office, engine = Office(), Known()
    guard = remembering(office, engine, Decisions())
    guard.call("pay", PAY)
    change(office, engine)
    answer = guard.call("pay", PAY)
    assert len(engine.asked) == 2
    assert answer.ok is (change is not change_resource)


def test_nothing_is_remembered_without_version_digest_or_certainty() -> None:
    office, engine = Office(), Known()
    office.version = None  # type: ignore[assignment]
    guard = remembering(office, engine, Decisions())
    for _ in range(2):
        assert guard.call("pay", PAY).ok
    assert len(engine.asked) == 2, "a resource without a version"

    unknown = CountingEngine()
    guard = remembering(Office(), unknown, Decisions())
    for _ in range(2):
        assert guard.call("pay", PAY).ok
    assert len(unknown.asked) == 2, "an engine that does not know its digest beforehand"

    for changes in ({"errors": ("a policy failed",)}, {"outcome": Outcome.INDETERMINATE}, {"policy_digest": "other"}):

        class Odd(Known):
            changes: Any = None

            def evaluate(self, request: AuthorizationRequest) -> Decision:
                return replace(super().evaluate(request), **self.changes)

        odd = Odd()
        odd.changes = changes
        guard = remembering(Office(), odd, Decisions())
        for _ in range(2):
            guard.call("pay", PAY)
        assert len(odd.asked) == 2, changes


def test_what_is_remembered_is_bounded_in_number_and_time() -> None:
    now = 0.0
    office, engine = Office(), Known()
    decisions = Decisions(most=2, seconds=10, clock=lambda: now)
    guard = remembering(office, engine, decisions)

    def asked(amount: float) -> bool:
        before = len(engine.asked)
        assert guard.call("pay", PAY | {"amount": amount}).ok
        return len(engine.asked) > before

    assert [asked(1), asked(2), asked(1), asked(3), asked(2), asked(3)] == [True, True, False, True, True, False]
    now = 9.9
    assert not asked(3)
    now = 10.0
    assert asked(3), "too old, also where it was used meanwhile"


def test_a_denial_is_terminal_whatever_is_remembered() -> None:
    office, engine = Office(), Known()
    guard = remembering(office, engine, Decisions(), volatile=["now"])
    office.context = {"now": 1}
    assert guard.call("pay", PAY | {"amount": 500}).error_class == "policy_denied"
    office.context = {"now": 2}
    engine.evaluate = lambda request: pytest.fail("asked again")  # type: ignore[method-assign]
    assert guard.call("pay", PAY | {"amount": 500}).error_class == "policy_denied"


# --- time -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("part", ["engine", "facts"])
def test_an_engine_or_record_that_never_answers_decides_nothing(part: str) -> None:
    async def never(*values: Any) -> Any:
        await asyncio.sleep(60)

    async def play() -> None:
        office = Office()
        guard = opened(office, FakeLoaded())
        gate = guard._gate.gate
        guard._gate = AsyncGate(gate, seconds=0.02)
        setattr(*((gate.engine, "evaluate", never) if part == "engine" else (gate.session, "facts", never)))
        answer = await guard.call("pay", PAY)
        assert answer.error_class == "policy_denied"
        decision = answer.records[0].decision
        assert decision is not None
        assert decision.errors == ("TimeoutError: no answer within 0.02 seconds",)
        assert office.done == []

    asyncio.run(play())


def test_the_agent_is_told_that_there_is_no_decision_and_the_trace_why() -> None:
    office, engine = Office(), CountingEngine()
    engine.evaluate = lambda request: None  # type: ignore[assignment, method-assign, return-value]
    answer = guard_for(office, FakeLoaded(), engine).call("pay", PAY)
    assert "gave no decision" in answer.message
    decision = answer.records[0].decision
    assert decision is not None
    assert decision.errors == ("the engine answered NoneType",)
