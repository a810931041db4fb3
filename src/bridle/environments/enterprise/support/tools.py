"""The tools of the support desk, with their argument schemas and their effects."""

from __future__ import annotations

from typing import Any

from bridle.environments.enterprise.schemas import closed
from bridle.environments.enterprise.support.terms import (
    FINDINGS,
    KINDS,
    METHODS,
    OUTCOMES,
    PAYOUTS,
    PRIORITIES,
    QUEUES,
    SOURCES,
    SPECIALISTS,
    TEMPLATES,
)
from bridle.environments.enterprise.support.ticket import STATES
from bridle.trace import Tool, ToolEffect

PERSONS = ("team_lead", "finance_desk", "duty_manager", "privacy_officer")
"""To whom a ticket can be handed over."""

READ, IDEMPOTENT = ToolEffect.READ_ONLY, ToolEffect.IDEMPOTENT
REVERSIBLE, IRREVERSIBLE = ToolEffect.REVERSIBLE, ToolEffect.IRREVERSIBLE

_TEXT = {"type": "string", "minLength": 1, "maxLength": 300}
_REASON = {"type": "string", "minLength": 8, "maxLength": 300}
_TICKET = {"type": "string", "pattern": "^TCK-[0-9]{4}$"}
_CUSTOMER = {"type": "string", "pattern": "^CUS-[0-9]{4}$"}
_ORDER = {"type": "string", "pattern": "^ORD-[0-9]{4}$"}
_REFUND = {"type": "string", "pattern": "^RFD-[0-9]{4}$"}
_AGENT = {"type": "string", "pattern": "^AGT-[0-9]{3}$"}
_AMOUNT = {"type": "number", "exclusiveMinimum": 0, "maximum": 20000}
_VERSION = {"type": "integer", "minimum": 1}


def _tool(
    name: str,
    description: str,
    effect: ToolEffect,
    *,
    optional: dict[str, Any] | None = None,
    undo: str | None = None,
    key: str = "",
    **required: Any,
) -> Tool:
    schema = closed(required, optional)
    return Tool(
        name=name, description=description, schema=schema, effect=effect, compensation=undo, idempotency_key=key or None
    )


def _one_of(values: Any) -> dict[str, Any]:
    return {"enum": list(values)}


FINISH = _tool(
    "finish", "End the task; nothing can be done after it.", IRREVERSIBLE, optional={"note": {"type": "string"}}
)

TOOLS: tuple[Tool, ...] = (
    _tool(
        "list_tickets",
        "Numbers, subjects and states of the tickets at this desk.",
        READ,
        optional={"state": _one_of(STATES)},
    ),
    _tool("get_ticket", "Open a ticket and show it in full.", READ, ticket_id=_TICKET),
    _tool("get_customer", "Show a customer.", READ, customer_id=_CUSTOMER),
    _tool("get_order", "Show an order.", READ, order_id=_ORDER),
    _tool("list_queues", "The queues, and the kinds of tickets that each takes.", READ),
    _tool(
        "triage_ticket",
        "Say of a new ticket what it is about and how urgent it is.",
        IDEMPOTENT,
        ticket_id=_TICKET,
        kind=_one_of(KINDS),
        priority=_one_of(PRIORITIES),
    ),
    _tool(
        "set_priority",
        "Change the priority of an open ticket.",
        IDEMPOTENT,
        ticket_id=_TICKET,
        priority=_one_of(PRIORITIES),
    ),
    _tool(
        "route_ticket",
        "Put a triaged ticket into the queue that takes it.",
        REVERSIBLE,
        ticket_id=_TICKET,
        queue=_one_of(QUEUES),
        undo="route_ticket",
    ),
    _tool(
        "assign_ticket",
        "Give a queued ticket to one of its candidates.",
        IDEMPOTENT,
        ticket_id=_TICKET,
        agent_id=_AGENT,
    ),
    _tool("start_investigation", "Begin to work on an assigned ticket.", IDEMPOTENT, ticket_id=_TICKET),
    _tool(
        "gather_evidence",
        "Get the evidence on a ticket under investigation from its source.",
        IDEMPOTENT,
        ticket_id=_TICKET,
        source=_one_of(dict.fromkeys(SOURCES.values())),
    ),
    _tool(
        "record_finding",
        "Record what the investigation found.",
        IDEMPOTENT,
        ticket_id=_TICKET,
        finding=_one_of(FINDINGS),
    ),
    _tool(
        "verify_customer",
        "Verify the identity of a ticket's customer; business customers are called back.",
        IDEMPOTENT,
        ticket_id=_TICKET,
        method=_one_of(METHODS),
    ),
    _tool(
        "request_refund",
        "Ask for money to be paid back on the ticket's order, in euro.",
        REVERSIBLE,
        ticket_id=_TICKET,
        order_id=_ORDER,
        amount=_AMOUNT,
        booked_as=_one_of(KINDS),
        undo="cancel_refund",
    ),
    _tool("check_refund", "Check a requested refund against earlier ones.", IDEMPOTENT, refund_id=_REFUND),
    _tool("cancel_refund", "Take a refund back that is not paid yet.", IDEMPOTENT, refund_id=_REFUND),
    _tool(
        "pay_refund",
        "Pay a checked refund out, on its way of payment.",
        IRREVERSIBLE,
        refund_id=_REFUND,
        method=_one_of(PAYOUTS),
        optional={"payment_key": _TEXT},
        key="payment_key",
    ),
    _tool(
        "send_message",
        "Send the customer a message; it can't be taken back. Asking for details leaves the ticket waiting.",
        IRREVERSIBLE,
        ticket_id=_TICKET,
        template=_one_of(TEMPLATES),
        version=_VERSION,
    ),
    _tool("read_reply", "Take in the customer's reply to a question.", IDEMPOTENT, ticket_id=_TICKET),
    _tool(
        "escalate_ticket",
        "Pass a ticket on to the specialist who takes its finding.",
        IRREVERSIBLE,
        ticket_id=_TICKET,
        to=_one_of(SPECIALISTS.values()),
        summary=_REASON,
        version=_VERSION,
    ),
    _tool(
        "resolve_ticket",
        "Resolve a ticket whose customer was told.",
        REVERSIBLE,
        ticket_id=_TICKET,
        outcome=_one_of(OUTCOMES),
        version=_VERSION,
        undo="reopen_ticket",
    ),
    _tool("reopen_ticket", "Take a resolved ticket up again.", REVERSIBLE, ticket_id=_TICKET, undo="resolve_ticket"),
    _tool("close_ticket", "Close a resolved ticket for good.", IRREVERSIBLE, ticket_id=_TICKET, version=_VERSION),
    _tool(
        "merge_ticket",
        "Merge a ticket into another open one of the same customer.",
        IRREVERSIBLE,
        ticket_id=_TICKET,
        into_id=_TICKET,
    ),
    _tool("add_note", "Write an internal note on a ticket.", REVERSIBLE, ticket_id=_TICKET, text=_TEXT),
    _tool(
        "hand_over",
        "Leave a ticket to a person, for instance because you are not permitted a step.",
        IDEMPOTENT,
        ticket_id=_TICKET,
        to=_one_of(PERSONS),
        reason=_REASON,
    ),
    FINISH,
)
