"""Whatever engines, sources, sandboxes, tools and hosts do at the guard's boundaries, it answers and fails closed."""

import asyncio
import threading
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from payments import HARNESS, TOOLS, CountingEngine, FakeLoaded, Office, conduct, guard_for

from bridle.authorization import AuthorizationRequest, Decision, Facts
from bridle.errors import EnvironmentFault, UsageError
from bridle.runtime.async_gate import AsyncGate
from bridle.runtime.gate import Gate
from bridle.runtime.guard import Guard
from bridle.runtime.policies.function import no_policy
from bridle.runtime.reviewer import Unreviewed
from bridle.runtime.session import AsyncToolSession, ToolFailure, ToolSession
from bridle.runtime.source import Pinned
from bridle.runtime.tally import Expected
from bridle.runtime.wrap import wrap
from bridle.trace import Source

PAY = {"account": "A", "amount": 5}


class Unspeakable:
    """Can't be shown, compared or measured."""

    def __repr__(self) -> str:
        raise RuntimeError("no")

    __str__ = __float__ = __repr__  # type: ignore[assignment]

    def __bool__(self) -> bool:
        raise RuntimeError("no")


# --- engines ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        {"reasons": (1, None)},
        {"reasons": None},
        {"errors": None},
        {"outcome": "permit"},
        {"policy_digest": 5},
        {"request_digest": Unspeakable()},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_decision_that_does_not_hold_what_it_declares_permits_nothing(change: dict[str, Any]) -> None:
    class Odd(CountingEngine):
        def evaluate(self, request: AuthorizationRequest) -> Decision:
            return replace(super().evaluate(request), **change)

    office = Office()
    answer = guard_for(office, FakeLoaded(), Odd()).call("pay", PAY)
    assert answer.error_class == "policy_denied"
    decision = answer.records[0].decision
    assert decision is not None
    assert decision.errors
    assert office.done == []


def test_an_engine_whose_digest_can_not_be_had_is_asked_all_the_same() -> None:
    class Forgetful(CountingEngine):
        @property
        def policy_digest(self) -> str:
            raise OSError("the bundle is gone")

    office = Office()
    guard = guard_for(office, FakeLoaded(), Forgetful())
    assert guard.call("pay", PAY).ok
    assert guard.call("pay", {"account": "A", "amount": 1000}).error_class == "policy_denied"
    assert guard.call("unmapped", {}).error_class == "policy_denied"


def test_who_has_to_be_awaited_is_refused_by_a_guard_that_does_not_wait() -> None:
    class Later(CountingEngine):
        async def evaluate(self, request: AuthorizationRequest) -> Decision:  # type: ignore[override]
            raise AssertionError("asked")

    class Records:
        async def facts(self, resource_type: str, resource_id: str) -> Facts:
            raise AssertionError("asked")

    office, held = Office(), conduct(reviewer=Unreviewed())
    with pytest.raises(UsageError, match="engine has to be awaited"):
        Guard(Gate(office.session(), held.mapping, Later()), held)
    tools = {tool.name: (tool, office.function(tool.name)) for tool in TOOLS}
    with pytest.raises(UsageError, match="session has to be awaited"):
        Guard(Gate(AsyncToolSession(tools, office), held.mapping, CountingEngine()), held)
    with pytest.raises(UsageError, match="facts have to be awaited"):
        ToolSession(tools, Records())


def test_facts_that_take_longer_than_the_deadline_are_no_facts() -> None:
    decided, waited = threading.Event(), []

    class Stuck:
        def facts(self, resource_type: str, resource_id: str) -> Facts:
            waited.append(decided.wait(10))
            return Facts(subject={"type": "User", "id": "ann"})

    async def play() -> Decision:
        office = Office()
        tools = {tool.name: (tool, office.function(tool.name)) for tool in TOOLS}
        gate = Gate(AsyncToolSession(tools, Stuck()), conduct().mapping, CountingEngine())
        decision = await AsyncGate(gate, seconds=0.01).authorise({"tool": "pay", "arguments": PAY})
        decided.set()
        return decision

    assert "no answer within 0.01 seconds" in asyncio.run(play()).errors[0]
    assert waited == [True], "it was decided while they were still waited for"


# --- harnesses --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("replies", [[], [1, 2], ValueError("I/O on closed file"), UsageError("closed; load it again")])
def test_a_loaded_harness_that_does_not_answer_fails_closed(replies: Any) -> None:
    class Closed(FakeLoaded):
        def batch(self, calls: Any) -> Any:
            if isinstance(replies, Exception):
                raise replies
            return replies

    office = Office()
    assert guard_for(office, Closed()).call("pay", PAY).error_class == "harness-failed"
    assert office.done == []


@pytest.mark.parametrize("active", [None, "harness", 5])
def test_a_source_that_answers_no_harness_fails_closed_until_it_does(active: Any) -> None:
    class Odd:
        def __init__(self) -> None:
            self.now: Any = active

        def active(self) -> Any:
            return self.now

    office, held, odd = Office(), conduct(), Odd()
    guard = Guard(Gate(office.session(), held.mapping, CountingEngine()), held, harness=odd)
    assert guard.call("pay", PAY).error_class == "harness-failed"
    odd.now = Pinned(HARNESS, FakeLoaded()).active()
    assert guard.call("pay", PAY).ok


# --- tools and sources ------------------------------------------------------------------------------------------------


class Half(ToolFailure):
    """One that does not begin as its base does."""

    def __init__(self) -> None:
        pass


@pytest.mark.parametrize(
    "failure",
    [ToolFailure("", "no"), ToolFailure(None, "no"), ToolFailure(["x"], "no"), Half()],  # type: ignore[arg-type]
)
def test_a_failure_without_a_class_is_no_success_and_leaves_the_outcome_unknown(failure: ToolFailure) -> None:
    office = Office()
    guard = guard_for(office, FakeLoaded())
    office.faults = [failure]
    answer = guard.call("pay", PAY)
    assert (answer.ok, answer.error_class) == (False, "internal")
    assert guard.call("pay", PAY).error_class == "in-doubt"


@pytest.mark.parametrize("value", [5, None, Source(name="a", value=object()), Source(name="a", value={(1, 2): 3})])
def test_a_source_that_is_none_or_no_json_is_a_fault_that_says_so(value: Any) -> None:
    office, held = Office(), conduct()
    tools = {tool.name: (tool, office.function(tool.name)) for tool in TOOLS}
    session = ToolSession(tools, office, sources=lambda: [value])
    guard = Guard(Gate(session, held.mapping, CountingEngine()), held, harness=Pinned(HARNESS, FakeLoaded()))
    with pytest.raises(EnvironmentFault, match="declared sources can't be read"):
        guard.call("pay", PAY)


def test_a_tool_stands_under_its_own_name() -> None:
    with pytest.raises(UsageError, match="transfer stands under the name pay"):
        ToolSession({"pay": (replace(TOOLS[1], name="transfer"), print)}, Office())


def rows(count: int) -> Any:
    yield from range(count)


@pytest.mark.parametrize("asynchronous", [False, True])
def test_a_generator_that_a_tool_answers_is_no_result(asynchronous: bool) -> None:
    async def awaited(count: int) -> Any:
        return rows(count)

    tool: Any = awaited if asynchronous else lambda count: rows(count)
    schema = {"type": "object", "properties": {"count": {"type": "integer"}}, "required": ["count"]}
    guarded: Any = wrap(tool, effect="irreversible", engine=no_policy(), schema=schema)
    with pytest.raises(ToolFailure, match="return a list"):
        _ = asyncio.run(guarded(count=2)) if asynchronous else guarded(count=2)


# --- what the host and the agent state -------------------------------------------------------------------------------


@pytest.mark.parametrize("confidence", [40, 1.01, -0.1, float("inf"), float("nan"), True, "0.9", Unspeakable()])
def test_what_is_no_confidence_is_below_any(confidence: Any) -> None:
    office = Office()
    answer = guard_for(office, FakeLoaded(), confidence=0.6).call("pay", PAY, confidence=confidence)
    assert answer.error_class == "unsure"
    assert answer.escalation is not None
    assert "no number from 0 to 1" in answer.escalation.why
    assert office.done == []


@pytest.mark.parametrize("value", [Fraction(9, 10), Unspeakable(), None, 1j, "much", float("nan")])
def test_a_reading_that_lies_outside_or_is_no_number_suspends_the_session(value: Any) -> None:
    guard = guard_for(Office(), FakeLoaded(), expected={"drift": Expected(high=0.2)})
    guard.note("drift", 0.1)
    assert guard.call("pay", PAY).ok
    guard.note("drift", value)
    assert guard.call("pay", PAY).error_class == "unexpected"
    assert "drift is" in guard.suspended


def test_what_the_guard_counts_itself_is_not_the_hosts_to_note() -> None:
    with pytest.raises(UsageError, match="guard keeps denied itself"):
        guard_for(Office(), FakeLoaded()).note("denied", 0.0)


def test_arguments_that_can_not_be_read_are_refused_with_a_sentence() -> None:
    from collections.abc import Iterator, Mapping

    class Broken(Mapping[str, Any]):
        def __getitem__(self, name: str) -> Any:
            raise OSError("gone")

        def __iter__(self) -> Iterator[str]:
            return iter(["account"])

        def __len__(self) -> int:
            return 1

    office = Office()
    assert guard_for(office, FakeLoaded()).call("pay", Broken()).error_class == "schema"
    assert guard_for(office, FakeLoaded()).call(Unspeakable(), PAY).error_class == "schema"  # type: ignore[arg-type]
    assert office.done == []
