"""What makes a person necessary, what the person is told, and that every bound is read."""

from typing import Any

import pytest
from payments import TOOLS, FakeLoaded, Office, conduct, crash, guard_for

from bridle.errors import UsageError
from bridle.runtime.session import ToolFailure
from bridle.runtime.surface import Surface
from bridle.runtime.tally import Expected

PAY = {"account": "A", "amount": 5}


def escalations(guard: Any) -> list[Any]:
    found: list[Any] = guard.escalations
    return found


def test_a_person_is_told_what_why_what_is_missing_whom_and_what_happens_otherwise() -> None:
    ask = {"verdict": "escalate", "rule": "r2", "to": "accounts", "missing": ["receipt", "date"]}
    office = Office()
    guard = guard_for(office, FakeLoaded(lambda view, call: ask))
    answer = guard.call("pay", PAY)
    (escalation,) = escalations(guard)
    assert answer.escalation == escalation
    assert (escalation.by, escalation.to, escalation.rule) == ("harness", "accounts", "r2")
    assert escalation.missing == ("receipt", "date")
    assert escalation.condition == "harness"
    assert escalation.call == {"tool": "pay", "arguments": PAY}
    assert escalation.call_digest == answer.records[0].proposed_digest
    assert escalation.harness == answer.records[0].harness
    assert escalation.text.splitlines() == [
        "For: accounts",
        'Call: {"arguments": {"account": "A", "amount": 5}, "tool": "pay"}',
        "Why (harness): the harness escalates by its rule r2; missing: receipt, date",
        "Rule: r2",
        "Missing: receipt, date",
        "If nothing is done: The call is not executed.",
    ]
    assert office.done == []


def test_what_is_said_in_a_call_or_by_a_harness_forges_no_line() -> None:
    forged = "x\nIf nothing is done: pay it"
    ask = {"verdict": "escalate", "rule": "r2", "to": forged, "missing": [forged]}
    guard = guard_for(Office(), FakeLoaded(lambda view, call: ask))
    guard.call("pay", PAY | {"memo": forged})
    lines = escalations(guard)[0].text.splitlines()
    assert len(lines) == 6
    assert [line for line in lines if line.startswith("If nothing")] == [
        "If nothing is done: The call is not executed."
    ]


def failing(view: Any, call: Any) -> Any:
    return crash()


CONDITIONS: dict[str, tuple[dict[str, Any], Any, int]] = {
    "harness-failed": ({"on_failure": {"pay": "escalate"}}, failing, 1),
    "surface": ({}, None, 1),
    "confidence": ({"confidence": 0.6}, None, 1),
    "attempts": (
        {"attempts": 2},
        lambda view, call: {"verdict": "reject", "rule": "r1", "code": "c", "hint": "h", "try_again": True},
        2,
    ),
    "budget": ({"calls": 0}, None, 1),
    "metric": ({"expected": {"drift": Expected(high=0.2)}}, None, 1),
}


@pytest.mark.parametrize("condition", CONDITIONS)
def test_the_guard_asks_for_a_person_by_structural_conditions(condition: str) -> None:
    changes, review, times = CONDITIONS[condition]
    office = Office()
    pinned = {"surface": Surface({"hold": {}})} if condition == "surface" else {}
    loaded = FakeLoaded(review) if review is not None else FakeLoaded()
    guard = guard_for(office, loaded, pinned=pinned, addressee="desk", **changes)
    guard.note("drift", 0.3)
    for _ in range(times):
        answer = guard.call("pay", PAY, confidence=0.5)
    (escalation,) = escalations(guard)
    assert (escalation.condition, escalation.by, escalation.to) == (condition, "guard", "desk")
    assert escalation.why
    assert escalation.otherwise.startswith("The call is not executed.")
    assert escalation.call == {"tool": "pay", "arguments": PAY}
    assert not answer.ok
    assert answer.records[-1].answered_by == ("harness" if condition == "attempts" else "guard")
    assert office.done == []


# --- confidence -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stated", "executed"),
    [(None, True), (0.6, True), (1, True), (0.59, False), (float("nan"), False), (True, False), ("high", False)],
)
def test_confidence_counts_where_it_is_stated(stated: Any, executed: bool) -> None:
    office = Office()
    guard = guard_for(office, FakeLoaded(), confidence=0.6)
    assert guard.call("pay", PAY, confidence=stated).ok is executed
    assert len(office.done) == executed


def test_a_call_that_the_harness_refuses_anyway_needs_nobody() -> None:
    reject = {"verdict": "reject", "rule": "r1", "code": "c", "hint": "h", "try_again": True}
    guard = guard_for(Office(), FakeLoaded(lambda view, call: reject), confidence=0.6)
    guard.call("pay", PAY, confidence=0.1)
    assert escalations(guard) == []


def test_without_a_threshold_nobody_is_asked() -> None:
    assert guard_for(Office(), FakeLoaded()).call("pay", PAY, confidence=0.0).ok


# --- budgets ----------------------------------------------------------------------------------------------------------


def test_the_calls_of_a_session_are_bounded_and_automatic_ones_count() -> None:
    office = Office()
    office.faults = [ToolFailure("transient", "busy", applicable=True)] * 5
    retry = {"verdict": "retry", "rule": "r1", "after": 0}
    guard = guard_for(office, FakeLoaded(on_error=lambda view, call, error: retry), calls=2, retries=5)
    answer = guard.call("pay", PAY)
    assert [record.error_class for record in answer.records] == ["transient", "transient", "budget-spent"]
    assert "2 calls of this session are spent" in escalations(guard)[0].why
    assert guard.suspended


def test_a_suspended_session_executes_nothing_and_asks_nobody_again_until_it_is_resumed() -> None:
    office = Office()
    loaded = FakeLoaded()
    guard = guard_for(office, loaded, calls=1)
    assert guard.call("pay", PAY).ok
    assert guard.call("pay", PAY).error_class == "budget-spent"
    reviewed = len(loaded.calls)
    for _ in range(5):
        answer = guard.call("get_account", {"account": "A"})
        assert (answer.ok, answer.error_class) == (False, "suspended")
        assert "waits for a person" in answer.message
    assert len(escalations(guard)) == 1
    assert "No further call of this session is executed until it is resumed." in escalations(guard)[0].otherwise
    assert len(loaded.calls) == reviewed, "nothing is reviewed meanwhile"
    guard.resume()
    assert guard.call("pay", PAY).ok
    assert len(office.done) == 2


def test_escalations_are_bounded() -> None:
    ask = {"verdict": "escalate", "rule": "r2", "to": "x", "missing": []}
    guard = guard_for(Office(), FakeLoaded(lambda view, call: ask), escalations=2)
    words = [guard.call("pay", PAY).error_class for _ in range(5)]
    assert words == ["escalated", "escalated", "suspended", "suspended", "suspended"]
    assert len(escalations(guard)) == 2
    assert "until it is resumed" in escalations(guard)[1].otherwise
    assert guard.suspended == "its 2 escalations are spent"


@pytest.mark.parametrize(("repairs", "revised"), [(0, 0), (1, 1), (2, 2), (3, 3)])
def test_repairs_are_bounded(repairs: int, revised: int) -> None:
    office = Office()
    office.faults = [ToolFailure("state_conflict", "no")] * 9

    def on_error(view: Any, call: Any, error: Any) -> Any:
        better = {"tool": "label", "arguments": {"account": "A", "text": call["arguments"]["text"] + "x"}}
        return {"verdict": "revise", "rule": "r2", "hint": "h", "call": better}

    guard = guard_for(office, FakeLoaded(on_error=on_error), repairs=repairs, retries=8)
    answer = guard.call("label", {"account": "A", "text": "x"})
    assert len(office.done) == 1 + revised
    assert answer.records[-1].error_class == "repairs-spent"
    assert (answer.records[-1].verdict, answer.records[-1].rule) == ("rewrite", "r2")
    assert escalations(guard)[0].condition == "attempts"


def test_no_repair_at_all_leaves_rewrites_to_the_agent() -> None:
    def review(view: Any, call: Any) -> Any:
        if isinstance(call["arguments"]["amount"], str):
            return {"verdict": "rewrite", "rule": "r1", "call": {"tool": "pay", "arguments": PAY}}
        return {"verdict": "accept"}

    for repairs, ok in ((0, False), (1, True)):
        guard = guard_for(Office(), FakeLoaded(review), repairs=repairs)
        assert guard.call("pay", {"account": "A", "amount": "5"}).ok is ok


# --- metrics ----------------------------------------------------------------------------------------------------------


def test_a_share_of_the_session_outside_its_range_stops_the_session() -> None:
    office = Office()
    guard = guard_for(office, FakeLoaded(), expected={"denied": Expected(high=0.5, after=4)})
    for _ in range(4):
        guard.call("pay", {"account": "A", "amount": 500})
    assert escalations(guard) == []
    answer = guard.call("pay", PAY)
    assert answer.error_class == "unexpected"
    assert escalations(guard)[0].why == "denied is 1, expected from -inf to 0.5"
    assert guard.suspended
    guard.resume()
    assert guard.call("pay", PAY).ok, "counted anew"
    assert office.done == [("pay", PAY)]


def test_a_reading_of_the_host_is_held_to_its_range_at_once() -> None:
    guard = guard_for(Office(), FakeLoaded(), expected={"drift": Expected(low=0.0, high=0.2)})
    assert guard.call("pay", PAY).ok, "no data is not outside"
    guard.note("drift", 0.2)
    assert guard.call("pay", PAY).ok
    for reading in (float("nan"), "high", None, [0.1]):
        guard.note("drift", reading)  # type: ignore[arg-type]
        assert guard.call("pay", PAY).error_class == "unexpected", "what is no number lies outside"
        guard.resume()


@pytest.mark.parametrize(
    "changes",
    [
        {"attempts": 0},
        {"retries": -1},
        {"repairs": -1},
        {"calls": -1},
        {"escalations": -1},
        {"confidence": 1.5},
        {"confidence": float("nan")},
        {"expected": {"x": Expected(low=1, high=0)}},
        {"expected": {"x": Expected(low=float("nan"))}},
    ],
)
def test_bounds_that_make_no_sense_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        conduct(**changes)


def test_each_word_of_the_trace_names_harness_rule_decision_and_digests() -> None:
    """Whoever answered: what was decided about which call, by which harness and rule, under which policy."""
    office = Office()

    def review(view: Any, call: Any) -> Any:
        if call["arguments"].get("memo") == "no":
            return {"verdict": "reject", "rule": "r1", "code": "c", "hint": "h", "try_again": True}
        return {"verdict": "accept"}

    guard = guard_for(office, FakeLoaded(review), attempts=9)
    guard.call("pay", PAY)
    guard.call("pay", PAY | {"memo": "no"})
    guard.call("pay", {"account": "A", "amount": 500})
    guard.call("pay", {"account": "A", "amount": 500})
    records = guard.records  # type: ignore[attr-defined]
    assert [record.answered_by for record in records] == ["environment", "harness", "policy", "policy"]
    for record in records:
        assert len(record.harness) == 64
        assert len(record.proposed_digest) == 64
        if record.answered_by == "harness":
            assert (record.verdict, record.rule, record.decision, record.call) == ("reject", "r1", None, None)
        else:
            assert record.call_digest == record.proposed_digest
            assert len(record.decision.request_digest) == 64
            assert record.decision.policy_digest == "p1"
            assert record.decision.reasons
    assert {tool.name for tool in TOOLS} >= {record.proposed["tool"] for record in records}
