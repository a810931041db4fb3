"""Plausible calls on the present desk, applicable or not: the raw material of legal and foreign actions."""

from __future__ import annotations

import random
from typing import Any

from bridle.environments.enterprise.support.desk import Desk
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
from bridle.environments.enterprise.support.ticket import STATES, Ticket
from bridle.environments.enterprise.support.tools import PERSONS
from bridle.environments.enterprise.workflow import ToolCall

PLAIN = ("get_ticket", "start_investigation", "read_reply", "reopen_ticket")
"""Tools that take a ticket and nothing else."""

REASONS = ("the customer asked for it", "not mine to decide", "see the notes on the ticket")


def candidates(desk: Desk, rng: random.Random) -> list[ToolCall]:
    """Every tool on every ticket that was named; orders and customers as far as a ticket that was shown names them."""
    found = [_call("list_tickets"), _call("list_tickets", state=rng.choice(STATES)), _call("list_queues")]
    named = [ticket for ticket in desk.tickets.values() if ticket.id in desk.named]
    for ticket in named:
        found += _on_ticket(desk, ticket, rng)
        found += _with_version(ticket, desk.shown.get(ticket.id, ticket.version), rng)
    found += [_call("get_customer", customer_id=one) for one in desk.customers if one in desk.named]
    found += [_call("get_order", order_id=one) for one in desk.orders if one in desk.named]
    for refund in desk.refunds.values():
        method = refund.order.payout if rng.random() < 0.6 else rng.choice(PAYOUTS)
        found += [_call(tool, refund_id=refund.id) for tool in ("check_refund", "cancel_refund")]
        found.append(_call("pay_refund", refund_id=refund.id, method=method))
    return found


def _on_ticket(desk: Desk, ticket: Ticket, rng: random.Random) -> list[ToolCall]:
    identity = ticket.id
    found = [_call(tool, ticket_id=identity) for tool in PLAIN]
    found += [
        _call("triage_ticket", ticket_id=identity, kind=rng.choice(KINDS), priority=rng.choice(PRIORITIES)),
        _call("set_priority", ticket_id=identity, priority=rng.choice(PRIORITIES)),
        _call(
            "gather_evidence", ticket_id=identity, source=_mostly(SOURCES.get(ticket.kind or ""), SOURCES.values(), rng)
        ),
        _call("record_finding", ticket_id=identity, finding=rng.choice(FINDINGS)),
        _call("verify_customer", ticket_id=identity, method=rng.choice(METHODS)),
        _call("add_note", ticket_id=identity, text="called the customer"),
        _call("hand_over", ticket_id=identity, to=rng.choice(PERSONS), reason=rng.choice(REASONS)),
    ]
    queues = dict.fromkeys((_mostly(ticket.right_queue, QUEUES, rng), rng.choice(list(QUEUES))))
    found += [_call("route_ticket", ticket_id=identity, queue=queue) for queue in queues]
    agents = [_mostly(ticket.candidates[0] if ticket.candidates else None, sorted(desk.agents), rng)]
    found += [_call("assign_ticket", ticket_id=identity, agent_id=agent) for agent in agents]
    others = [other for other in desk.tickets if other in desk.named]
    found.append(_call("merge_ticket", ticket_id=identity, into_id=rng.choice(others)))
    return found + _refunds(desk, ticket, rng)


def _refunds(desk: Desk, ticket: Ticket, rng: random.Random) -> list[ToolCall]:
    if not desk.orders:
        return []
    order = ticket.order if ticket.order is not None and rng.random() < 0.7 else rng.choice(list(desk.orders.values()))
    amount = rng.choice((order.refundable, order.refundable // 2, order.refundable + 500))
    booked = _mostly(ticket.kind, KINDS, rng)
    found = {"order_id": order.id, "amount": max(amount, 100) / 100, "booked_as": booked}
    return [_call("request_refund", ticket_id=ticket.id, **found)]


def _with_version(ticket: Ticket, shown: int, rng: random.Random) -> list[ToolCall]:
    """Calls that state a version: mostly the one that was shown last, which is all that anybody can know."""

    def versioned(tool: str, **arguments: Any) -> ToolCall:
        version = shown if rng.random() < 0.8 else max(1, shown + rng.choice((-1, 1, 2)))
        return _call(tool, ticket_id=ticket.id, **arguments, version=version)

    to = _mostly(SPECIALISTS.get(ticket.finding or ""), SPECIALISTS.values(), rng)
    return [
        versioned("send_message", template=rng.choice(list(TEMPLATES))),
        versioned("send_message", template="answer"),
        versioned("escalate_ticket", to=to, summary="needs a specialist's eye"),
        versioned("resolve_ticket", outcome=rng.choice(list(OUTCOMES))),
        versioned("close_ticket"),
    ]


def _mostly(right: str | None, others: Any, rng: random.Random) -> str:
    """The right one, if there is one, in six draws of ten; else any."""
    drawn: str = rng.choice(list(dict.fromkeys(others)))
    return right if right and rng.random() < 0.6 else drawn


def _call(tool: str, **arguments: Any) -> ToolCall:
    return {"tool": tool, "arguments": arguments}
