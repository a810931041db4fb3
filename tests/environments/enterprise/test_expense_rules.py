"""The rules of the expense system, one call at a time."""

from __future__ import annotations

from typing import Any

import pytest
from expense_world import call, episode, request

from bridle.environments.enterprise.expense.request import CATEGORIES, STATES, TRANSITIONS
from bridle.environments.enterprise.workflow import Mishaps

ON = {"request_id": "REQ-1000"}
REASONED = {**ON, "reason": "because of a rule"}
ARGUMENTS: dict[str, dict[str, Any]] = {
    "add_item": {**ON, "description": "taxi", "amount": 12.5, "date": "2025-03-02"},
    "update_request": {**ON, "purpose": "visit"},
    "submit_request": ON,
    "withdraw_request": REASONED,
    "reopen_request": ON,
    "start_review": ON,
    "escalate_request": {**REASONED, "to": "it"},
    "approve_request": ON,
    "reject_request": REASONED,
    "confirm_payee": ON,
    "reimburse_request": {**ON, "amount": 90.0, "method": "payroll"},
}
TRIGGERS = {
    "add_item": "edit",
    "update_request": "edit",
    "submit_request": "submit",
    "withdraw_request": "withdraw",
    "reopen_request": "reopen",
    "escalate_request": "escalate",
    "approve_request": "approve",
    "reject_request": "reject",
    "reimburse_request": "reimburse",
}


@pytest.mark.parametrize("tool", ARGUMENTS)
@pytest.mark.parametrize("state", STATES)
def test_every_tool_in_every_state(tool: str, state: str) -> None:
    trigger = TRIGGERS.get(tool, tool)
    sources = [row["source"] for row in TRANSITIONS if row["trigger"] == trigger]
    fits = any(state == source or state in source for source in sources)
    large = tool == "escalate_request"
    made = episode(request(state, payee_confirmed=True, cents=30000 if large else 9000))
    step = call(made, tool, **ARGUMENTS[tool])
    assert step.legal is fits, step.feedback
    if not fits:
        assert step.error_class == "state_conflict"
        assert state in step.feedback
        assert made.observe().view["resources"]["REQ-1000"]["state"] == state


def test_from_draft_to_reimbursement() -> None:
    made = episode(request("draft", cents=130000))
    states = []
    for tool, more in (
        ("submit_request", {}),
        ("start_review", {}),
        ("escalate_request", {"to": "it", "reason": "above the threshold"}),
        ("escalate_request", {"to": "finance", "reason": "above the threshold"}),
        ("approve_request", {}),
        ("confirm_payee", {}),
        ("reimburse_request", {"amount": 1000, "method": "payroll"}),
        ("reimburse_request", {"amount": 300.0, "method": "payroll"}),
    ):
        step = call(made, tool, **ON, **more)
        assert step.legal, (tool, step.feedback)
        states.append(step.result["request"]["state"])
    assert states == ["submitted"] + 3 * ["in_review"] + 3 * ["approved"] + ["reimbursed"]
    step = call(made, "finish")
    assert (step.rewards, step.terminated, step.truncated) == ((1.0,), True, False)
    assert step.result == {"goals": {"REQ-1000 reimbursed": True, "others": True}}


@pytest.mark.parametrize(
    ("start", "tool", "arguments", "error_class", "words"),
    [
        ({}, "no_such_tool", {}, "unknown_tool", "no tool 'no_such_tool'"),
        ({}, "submit_request", {}, "schema", "'request_id' is a required property"),
        ({}, "add_item", {**ARGUMENTS["add_item"], "amount": "12.50"}, "schema", "amount: '12.50' is not of type"),
        ({}, "add_item", {**ARGUMENTS["add_item"], "amount": 12.345}, "schema", "two decimals"),
        ({}, "update_request", {**ON, "force": True}, "schema", "force"),
        ({}, "get_request", {"request_id": "REQ-1001"}, "not_found", "no REQ-1001"),
        ({}, "attach_receipt", {"item_id": "ITM-2000", "receipt_id": "RCT-3001"}, "state_conflict", "receipted"),
        ({}, "detach_receipt", {"receipt_id": "RCT-3001"}, "state_conflict", "unattached"),
        ({"state": "submitted"}, "remove_item", {"item_id": "ITM-2000"}, "state_conflict", "locked"),
        ({"category": "travel"}, "submit_request", ON, "missing_precondition", "purpose missing"),
        ({"state": "in_review", "cents": 30000}, "approve_request", ON, "missing_precondition", "escalated to it"),
        (
            {"state": "in_review", "cents": 30000},
            "escalate_request",
            {**REASONED, "to": "finance"},
            "state_conflict",
            "next level of REQ-1000 is it",
        ),
        ({"state": "in_review"}, "escalate_request", {**REASONED, "to": "it"}, "state_conflict", "decides it"),
        ({"state": "approved"}, "reimburse_request", ARGUMENTS["reimburse_request"], "missing_precondition", "payee"),
        (
            {"state": "approved", "payee_confirmed": True},
            "reimburse_request",
            {**ARGUMENTS["reimburse_request"], "amount": 90.01},
            "state_conflict",
            "Only 90.00 EUR",
        ),
    ],
)
def test_typed_errors(
    start: dict[str, Any], tool: str, arguments: dict[str, Any], error_class: str, words: str
) -> None:
    made = episode(request(**start))
    action = {"tool": tool, "arguments": arguments}
    truth = made.probe(action)
    step = made.step(action)
    assert (step.legal, step.error_class) == (False, error_class)
    assert words in step.feedback
    assert (truth.legal, truth.feedback, truth.error_class) == (False, step.feedback, step.error_class)


def test_what_was_not_shown_has_to_be_read_first() -> None:
    made = episode(request("submitted"), opened=False)
    for tool, arguments, reader in (
        ("start_review", ON, "get_request"),
        ("remove_item", {"item_id": "ITM-2000"}, "get_request"),
        ("detach_receipt", {"receipt_id": "RCT-3001"}, "list_receipts"),
    ):
        step = call(made, tool, **arguments)
        assert step.error_class == "missing_precondition"
        assert reader in step.feedback
    call(made, "list_requests")
    assert call(made, "start_review", **ON).error_class == "missing_precondition", "a reference is no look"
    call(made, "get_request", **ON)
    assert call(made, "start_review", **ON).legal


def test_receipts_follow_their_items() -> None:
    made = episode(request("draft"))

    def seen() -> Any:
        return made.observe().view["resources"]

    assert (seen()["ITM-2000"]["status"], seen()["RCT-3000"]["status"]) == ("receipted", "attached")
    assert call(made, "detach_receipt", receipt_id="RCT-3000").legal
    assert (seen()["ITM-2000"]["status"], seen()["RCT-3000"]["status"]) == ("open", "unattached")
    assert seen()["REQ-1000"]["missing"] == ["receipt"]
    assert call(made, "attach_receipt", item_id="ITM-2000", receipt_id="RCT-3001").legal
    assert call(made, "submit_request", **ON).legal
    assert (seen()["ITM-2000"]["status"], seen()["RCT-3001"]["status"]) == ("locked", "filed")
    assert call(made, "withdraw_request", **REASONED).legal
    assert call(made, "reopen_request", **ON).legal
    assert call(made, "remove_item", item_id="ITM-2000").legal
    assert (seen()["ITM-2000"]["status"], seen()["RCT-3001"]["status"]) == ("removed", "unattached")
    assert call(made, "remove_item", item_id="ITM-2000").error_class == "state_conflict"
    assert seen()["REQ-1000"]["missing"] == ["items"]


def test_thresholds_are_in_euro_whatever_the_currency() -> None:
    for currency, level in (("EUR", "it"), ("USD", None)):
        step = call(episode(request("in_review", cents=26000, currency=currency)), "get_request", **ON)
        assert step.result["request"]["next_level"] == level, currency
    assert dict(CATEGORIES["software"].path)["it"] == 25000


def test_a_payment_key_pays_once() -> None:
    made = episode(request("approved", payee_confirmed=True))
    payment = {**ON, "amount": 30, "method": "payroll", "payment_key": "k1"}
    assert call(made, "reimburse_request", **payment).result["request"]["outstanding_eur"] == 60.0
    assert call(made, "reimburse_request", **payment).result["request"]["outstanding_eur"] == 60.0
    other = {**payment, "payment_key": "k2"}
    assert call(made, "reimburse_request", **other).result["request"]["outstanding_eur"] == 30.0


def test_a_failure_of_unknown_outcome_may_have_taken_effect_and_has_to_be_looked_at() -> None:
    outcomes = set()
    for seed in range(60):
        made = episode(
            request("submitted"), mishaps=Mishaps(transient=0.0, internal=0.4), opened=False, turns=200, seed=seed
        )
        while call(made, "get_request", **ON).error_class:
            pass
        step = call(made, "start_review", **ON)
        assert step.legal
        if step.error_class != "internal":
            continue
        assert "REQ-1000" not in made.observe().view["resources"]
        assert made.probe({"tool": "approve_request", "arguments": ON}).error_class == "missing_precondition"
        while (step := call(made, "get_request", **ON)).error_class:
            pass
        outcomes.add(step.result["request"]["state"])
    assert outcomes == {"submitted", "in_review"}


def test_results_are_not_written_into_later() -> None:
    made = episode(request("draft"))
    before = made.observe().view
    items = before["resources"]["REQ-1000"]["items"]
    call(made, "add_item", **ARGUMENTS["add_item"])
    assert len(items) == 1
    assert len(made.observe().view["resources"]["REQ-1000"]["items"]) == 2
    assert len(before["calls"]) == 2
