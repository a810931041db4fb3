"""The rules of the support desk, one by one, on a hand-made desk."""

from __future__ import annotations

from typing import Any

import pytest
from support_world import ON, call, episode, ticket

from bridle.environments.enterprise.support.goal import Target
from bridle.environments.enterprise.support.ticket import Customer

REFUND = {**ON, "order_id": "ORD-1000", "amount": 90, "booked_as": "overcharged"}
V = {**ON, "version": 1}
SUMMARY = {**V, "summary": "needs another eye"}
READY: dict[str, Any] = {"state": "investigating", "finding": "confirmed", "verified": True}


@pytest.mark.parametrize(
    ("start", "tool", "arguments", "error_class", "words"),
    [
        (
            {"state": "triaged"},
            "triage_ticket",
            {**ON, "kind": "fraud", "priority": "low"},
            "state_conflict",
            "needs new",
        ),
        ({"state": "new"}, "route_ticket", {**ON, "queue": "billing"}, "state_conflict", "triaged or queued"),
        ({"state": "triaged"}, "route_ticket", {**ON, "queue": "trust"}, "state_conflict", "does not take overcharged"),
        (
            {"state": "triaged"},
            "route_ticket",
            {**ON, "queue": "key_accounts"},
            "state_conflict",
            "business customers only",
        ),
        ({"state": "queued"}, "assign_ticket", {**ON, "agent_id": "AGT-201"}, "state_conflict", "AGT-101, AGT-102"),
        ({"state": "queued"}, "assign_ticket", {**ON, "agent_id": "AGT-999"}, "not_found", "there is no AGT-999"),
        ({"state": "queued"}, "start_investigation", ON, "state_conflict", "needs assigned"),
        ({"state": "investigating"}, "gather_evidence", {**ON, "source": "logs"}, "state_conflict", "in invoices"),
        (
            {"state": "investigating"},
            "record_finding",
            {**ON, "finding": "confirmed"},
            "missing_precondition",
            "no evidence",
        ),
        (
            {"state": "investigating", "tier": "business"},
            "verify_customer",
            {**ON, "method": "email_code"},
            "missing_precondition",
            "called back",
        ),
        ({"state": "investigating"}, "request_refund", REFUND, "missing_precondition", "not confirmed"),
        ({**READY, "verified": False}, "request_refund", REFUND, "missing_precondition", "not verified"),
        ({**READY, "kind": "login"}, "request_refund", REFUND, "state_conflict", "Nothing is paid back"),
        (READY, "request_refund", {**REFUND, "booked_as": "damaged"}, "state_conflict", "booked under overcharged"),
        (READY, "request_refund", {**REFUND, "amount": 90.01}, "state_conflict", "Only 90.00 EUR"),
        (READY, "request_refund", {**REFUND, "amount": 9.001}, "schema", "two decimals"),
        ({**READY, "refund": "checked"}, "request_refund", REFUND, "state_conflict", "has a refund already"),
        (
            {**READY, "refund": "requested"},
            "pay_refund",
            {"refund_id": "RFD-1000", "method": "card"},
            "missing_precondition",
            "checked first",
        ),
        (
            {**READY, "refund": "checked"},
            "pay_refund",
            {"refund_id": "RFD-1000", "method": "voucher"},
            "state_conflict",
            "paid by card",
        ),
        ({**READY, "refund": "paid"}, "cancel_refund", {"refund_id": "RFD-1000"}, "state_conflict", "is paid"),
        ({**READY}, "send_message", {**V, "template": "declined"}, "missing_precondition", "true of TCK-1000"),
        (
            {**READY, "refund": "checked"},
            "send_message",
            {**V, "template": "refund_paid"},
            "missing_precondition",
            "true of",
        ),
        (READY, "send_message", {**ON, "version": 2, "template": "answer"}, "state_conflict", "not at version 2"),
        ({"state": "waiting"}, "send_message", {**V, "template": "answer"}, "state_conflict", "needs investigating"),
        ({"state": "assigned"}, "read_reply", ON, "state_conflict", "needs waiting"),
        (READY, "escalate_ticket", {**SUMMARY, "to": "legal"}, "state_conflict", "no finding that a specialist"),
        (
            {"state": "investigating", "finding": "defect"},
            "escalate_ticket",
            {**SUMMARY, "to": "legal"},
            "state_conflict",
            "defect tickets go to engineering",
        ),
        (READY, "resolve_ticket", {**V, "outcome": "answered"}, "missing_precondition", "not told"),
        (
            {"state": "investigating"},
            "resolve_ticket",
            {**V, "outcome": "answered"},
            "missing_precondition",
            "no finding",
        ),
        (
            {**READY, "replied": True, "refund": "checked"},
            "resolve_ticket",
            {**V, "outcome": "answered"},
            "missing_precondition",
            "still checked",
        ),
        (
            {**READY, "replied": True},
            "resolve_ticket",
            {**V, "outcome": "refunded"},
            "state_conflict",
            "did not end like that",
        ),
        (READY, "close_ticket", V, "state_conflict", "needs resolved"),
        ({"state": "queued"}, "merge_ticket", {**ON, "into_id": "TCK-1000"}, "state_conflict", "into itself"),
        ({"state": "closed"}, "add_note", {**ON, "text": "hello"}, "state_conflict", "closed"),
        ({"state": "closed"}, "set_priority", {**ON, "priority": "low"}, "state_conflict", "closed"),
    ],
)
def test_typed_errors(
    start: dict[str, Any], tool: str, arguments: dict[str, Any], error_class: str, words: str
) -> None:
    made = episode(ticket(**start))
    action = {"tool": tool, "arguments": arguments}
    truth, step = made.probe(action), made.step(action)
    assert (step.legal, step.error_class) == (False, error_class), step.feedback
    assert words in step.feedback
    assert (truth.legal, truth.feedback, truth.error_class) == (False, step.feedback, step.error_class)


def test_what_was_not_shown_has_to_be_read_first() -> None:
    made = episode(ticket(**READY, refund="checked"), opened=False)
    for tool, arguments, reader in (
        ("reopen_ticket", ON, "get_ticket"),
        ("cancel_refund", {"refund_id": "RFD-1000"}, "get_ticket"),
    ):
        step = call(made, tool, **arguments)
        assert step.error_class == "missing_precondition"
        assert reader in step.feedback
    call(made, "list_tickets")
    assert call(made, "add_note", **ON, text="hm").error_class == "missing_precondition", "a reference is no look"
    call(made, "get_ticket", **ON)
    assert call(made, "add_note", **ON, text="hm").legal
    assert call(made, "cancel_refund", refund_id="RFD-1000").legal
    refund = call(made, "request_refund", **REFUND)
    assert (refund.error_class, "get_order" in refund.feedback) == ("missing_precondition", True)


def test_a_duplicate_is_merged_into_an_open_ticket_of_the_same_customer() -> None:
    customer = Customer(id="CUS-1000", name="Ayla Kern", tier="standard")
    first, second = ticket("queued", customer=customer), ticket("assigned", customer=customer, id="TCK-2000")
    third = ticket("assigned", customer=Customer(id="CUS-2000", name="Bea", tier="standard"), id="TCK-3000")
    fourth = ticket("closed", customer=customer, id="TCK-4000")
    made = episode(first, second, third, fourth)
    assert "another customer" in call(made, "merge_ticket", **ON, into_id="TCK-3000").feedback
    assert "nothing can be merged" in call(made, "merge_ticket", **ON, into_id="TCK-4000").feedback
    assert call(made, "merge_ticket", **ON, into_id="TCK-2000").result["ticket"]["merged_into"] == "TCK-2000"


def test_small_refunds_need_no_check() -> None:
    made = episode(ticket(**READY))
    assert (
        call(made, "request_refund", **{**REFUND, "amount": 49.99}).result["ticket"]["refund"]["check"] == "not_needed"
    )
    paid = call(made, "pay_refund", refund_id="RFD-4001", method="card")
    assert paid.result["order"]["refundable_eur"] == 40.01
    assert paid.result["ticket"]["refund_state"] == "paid"


def test_a_payment_key_pays_once() -> None:
    made = episode(ticket(**READY, refund="checked"))
    payment = {"refund_id": "RFD-1000", "method": "card", "payment_key": "k1"}
    assert call(made, "pay_refund", **payment).result["order"]["refunded_eur"] == 90
    assert call(made, "pay_refund", **payment).result["order"]["refunded_eur"] == 90
    assert call(made, "pay_refund", **{**payment, "payment_key": "k2"}).error_class == "state_conflict"


def test_a_version_that_moved_is_stale_until_somebody_looks() -> None:
    """After a call others write; whoever states the version that was shown can't know, and is told so by its class."""
    made = episode(ticket(**READY), moves=1.0)
    shown = made.observe().view["resources"]["TCK-1000"]["version"]
    answer = {"tool": "send_message", "arguments": {**ON, "template": "answer", "version": shown}}
    step = made.step(answer)
    assert (step.legal, step.error_class) == (False, "stale")
    assert made.step(answer).error_class == "stale", "an inapplicable call moves nothing"
    assert (
        made.probe({**answer, "arguments": {**answer["arguments"], "version": shown + 7}}).error_class
        == "state_conflict"
    )
    still = episode(ticket(**READY))
    assert call(still, "send_message", **V, template="answer").legal
    assert call(still, "send_message", **V, template="answer").error_class == "state_conflict", (
        "one's own write is shown"
    )
    assert call(still, "send_message", **ON, version=2, template="answer").legal


def test_a_message_is_said_once_and_an_answer_ends_it() -> None:
    goal = (Target(ticket_id="TCK-1000", state="resolved", outcome="answered", messages=("answer",)),)

    def reward(*messages: str) -> float:
        made = episode(ticket(**READY), goal=goal)
        for number, template in enumerate(messages):
            assert call(made, "send_message", **ON, version=1 + number, template=template).legal
        assert call(made, "resolve_ticket", **ON, version=1 + len(messages), outcome="answered").legal
        return call(made, "finish").rewards[0]

    assert reward("answer") == 1.0
    assert reward("answer", "answer") == 0.0, "twice is once too often"


def test_meddling_with_another_ticket_is_no_success() -> None:
    other = ticket("assigned", id="TCK-2000")
    goal = (Target(ticket_id="TCK-1000", state="investigating"),)
    for meddle, reward in ((False, 1.0), (True, 0.0)):
        made = episode(ticket("assigned"), other, goal=goal)
        assert call(made, "start_investigation", **ON).legal
        if meddle:
            call(made, "add_note", ticket_id="TCK-2000", text="by the way")
        assert call(made, "finish").rewards == (reward,)
