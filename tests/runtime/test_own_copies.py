"""What agents, tools, sinks and harnesses do with the objects that they hold changes nothing of what the guard keeps."""

import enum
import json
from typing import Any

import pytest
from payments import CountingEngine, FakeLoaded, Office, conduct, guard_for
from test_retry_safety import Bank, guard_of

from bridle.authorization import AuthorizationRequest, Decision
from bridle.harness import digest
from bridle.runtime.gate import Gate
from bridle.runtime.guard import Guard
from bridle.runtime.policies.function import FunctionEngine, no_policy
from bridle.runtime.policies.mapping import RequestMapping
from bridle.runtime.reviewer import Unreviewed
from bridle.runtime.session import ToolFailure
from bridle.runtime.wrap import Toolbox
from bridle.trace import TraceStep

PAY = {"account": "A", "amount": 5}


def test_a_proposal_is_taken_once_and_its_trace_is_of_what_was_taken() -> None:
    mine: dict[str, Any] = {"amount": 5.0, "account": "A"}

    class Meddling(CountingEngine):
        def evaluate(self, request: AuthorizationRequest) -> Decision:
            mine["amount"] = 99
            return super().evaluate(request)

    (record,) = guard_for(Office(), FakeLoaded(), Meddling()).propose({"tool": "pay", "arguments": mine}).records
    assert record.proposed == {"tool": "pay", "arguments": PAY}
    assert json.dumps(record.proposed["arguments"]) == '{"amount": 5.0, "account": "A"}', "spelled as it was stated"
    assert record.proposed_digest == digest(record.proposed) == record.call_digest == digest(record.call)


def test_a_proposal_that_changes_under_way_is_held_to_what_it_was() -> None:
    """A revision is compared with the call that was proposed, whatever has become of the agent's object meanwhile."""
    for later in (float("nan"), 6):
        mine: dict[str, Any] = dict(PAY)

        class Failing(Office):
            def function(self, name: str) -> Any:
                run = super().function(name)

                def meddling(**arguments: Any) -> Any:
                    mine["amount"] = later  # noqa: B023
                    return run(**arguments)

                return meddling

        office = Failing()
        office.faults = [ToolFailure("state_conflict", "no")]
        revised = {"tool": "pay", "arguments": {**PAY, "amount": 6}}
        reply = {"verdict": "revise", "rule": "r1", "hint": "", "call": revised}
        guard = guard_for(office, FakeLoaded(on_error=lambda *_, reply=reply: reply))
        assert guard.propose({"tool": "pay", "arguments": mine}).error_class == "changed-intent"
        assert office.done == [("pay", PAY)]


class Key(str):
    """Equal to nothing but itself, so that a dict may hold two of the same text."""

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return 7


class Amount(int):
    def __repr__(self) -> str:
        return '5,"channel":"wire"'

    __str__ = __repr__


class Channel(enum.StrEnum):
    WIRE = "wire"


def test_what_is_digested_is_what_is_executed_whatever_the_classes_of_a_call() -> None:
    twice: dict[str, Any] = {"account": "A", Key("amount"): 4}
    twice[Key("amount")] = 5
    odd = [twice, {"account": "A", "amount": Amount(5)}, {"account": "A", "amount": 5, "channel": Channel.WIRE}]
    for arguments in odd:
        office = Office()
        (record,) = guard_for(office, FakeLoaded()).propose({"tool": "pay", "arguments": arguments}).records
        assert record.call_digest == digest(record.call)
        assert record.call == {"tool": "pay", "arguments": office.done[0][1]}
        assert {type(value) for value in office.done[0][1].values()} <= {str, int}


class Shifty(dict[str, Any]):
    def items(self) -> Any:
        raise RuntimeError("dictionary changed size during iteration")


class Unspeakable:
    def __repr__(self) -> str:
        raise RuntimeError("no")


def deep(levels: int) -> Any:
    return [deep(levels - 1)] if levels else []


@pytest.mark.parametrize(
    "odd",
    [float("nan"), 2**60, 10**5000, {1}, {1: "a"}, b"x", "\ud800", Unspeakable(), Shifty(), deep(65), deep(500)],
    ids=lambda odd: type(odd).__name__,
)
def test_what_is_no_json_is_refused_and_leaves_view_and_trace_readable(odd: Any) -> None:
    views: list[Any] = []

    def review(view: Any, call: Any) -> Any:
        views.append(json.dumps(view, allow_nan=False))
        return {"verdict": "accept"}

    office = Office()
    for loaded, changes in ((FakeLoaded(review), {"attempts": 1}), (None, {"reviewer": Unreviewed()})):
        guard = guard_for(office, loaded, **changes)
        answer = guard.propose({"tool": "label", "arguments": {"account": "A", "text": odd}})
        assert answer.error_class == "schema"
        assert "JSON" in answer.message
        json.dumps([record.to_json() for record in answer.records], allow_nan=False).encode()
        assert answer.records[0].proposed_digest == ""
        for escalation in guard.escalations:  # type: ignore[attr-defined]
            assert escalation.text.encode()
        assert guard.call("get_account", {"account": "A"}).ok, "and the session goes on"
    assert [name for name, _ in office.done] == ["get_account"] * 2
    assert views


def test_an_engine_that_changes_what_it_is_shown_changes_nothing_that_is_executed() -> None:
    done: list[Any] = []

    def decide(request: AuthorizationRequest) -> bool:
        request.context["items"].append("mine")
        return True

    def order(items: list[str]) -> None:
        done.append(items)

    read = {"items": {"from": "items", "as": "json"}}
    data = {"order": {"action": "order", "resource": {"type": "T", "id": {"value": "t"}}, "context": read}}
    engine = FunctionEngine(decide, name="greedy")
    box = Toolbox(engine, mapping=RequestMapping.from_data(data))
    box.tool(effect="irreversible")(order)
    (record,) = box.open().guard.call("order", {"items": ["a"]}).records
    assert done == [["a"]]
    assert record.call_digest == digest(record.call) == digest({"tool": "order", "arguments": {"items": ["a"]}})


def test_a_sink_that_redacts_in_place_opens_no_way_to_pay_twice() -> None:
    office, held = Office(), conduct(reviewer=Unreviewed())

    def redact(record: TraceStep) -> None:
        for call in (record.call, record.proposed):
            if isinstance(call, dict):
                call["arguments"]["amount"] = "***"

    guard = Guard(Gate(office.session(), held.mapping, CountingEngine()), held, on_record=redact)
    office.faults = [RuntimeError("lost")]
    assert guard.call("pay", PAY).error_class == "internal"
    assert guard.call("pay", PAY).error_class == "in-doubt"
    assert len(office.done) == 1


def test_what_becomes_of_an_answer_is_not_what_happened() -> None:
    seen: list[Any] = []

    def review(view: Any, call: Any) -> Any:
        seen.append(json.loads(json.dumps(view)))
        call["arguments"]["account"] = "B"
        return {"verdict": "accept"}

    office = Office()
    guard = guard_for(office, FakeLoaded(review))
    answer = guard.call("get_account", {"account": "A"})
    answer.result["balance"] = 0
    assert answer.records[0].result == {"id": "A", "balance": 100}
    answer.records[0].result["balance"] = 1  # type: ignore[index]
    denied = guard.call("pay", {"account": "A", "amount": 1000})
    denied.records[0].call["arguments"]["amount"] = 1  # type: ignore[index]
    guard.call("get_account", {"account": "A"})
    assert seen[-1]["resources"] == {"A": {"id": "A", "balance": 100}}
    assert [call["arguments"] for call in seen[-1]["calls"]] == [{"account": "A"}, {"account": "A", "amount": 1000}]
    assert office.done == [("get_account", {"account": "A"})] * 2


def test_an_agent_that_shortens_what_it_is_shown_takes_nothing_from_the_harness() -> None:
    views: list[Any] = []

    def review(view: Any, call: Any) -> Any:
        views.append(json.dumps(view["resources"]))
        return {"verdict": "accept"}

    def agent(asked: Any) -> Any:
        for known in asked.observation.view["resources"].values():
            known.clear()
        return {"tool": "pay", "arguments": PAY}

    guard = guard_for(Office(), FakeLoaded(review))
    guard.call("get_account", {"account": "A"})
    assert guard.turn(agent).ok
    assert json.loads(views[-1]) == {"A": {"id": "A", "balance": 100}}


def test_a_tool_that_changes_its_arguments_changes_no_key_and_no_view() -> None:
    """The number of settled calls is part of a key: a second order that is meant as one has to carry another."""
    box, keys = Toolbox(no_policy()), []

    @box.tool(effect="irreversible", idempotency_key="key")
    def order(items: list[str], key: str = "") -> dict[str, Any]:
        keys.append(key)
        items.append("shipping")
        return {}

    tools = box.open()
    for _ in range(2):
        tools["order"](items=["a"])
    assert len(set(keys)) == 2
    views: list[Any] = []
    tools.guard.turn(lambda asked: views.append(asked.observation.view) or "")  # type: ignore[func-returns-value]
    assert [call["arguments"]["items"] for call in views[0]["calls"]] == [["a"], ["a"]]


def test_what_a_caller_does_to_a_record_changes_no_doubt() -> None:
    bank = Bank()
    bank.faults = [RuntimeError("lost")]
    guard = guard_of(bank, FakeLoaded())
    answer = guard.call("burn", {"account": "A"})
    answer.records[0].call["arguments"]["account"] = "B"  # type: ignore[index]
    assert guard.call("burn", {"account": "A"}).error_class == "in-doubt"
