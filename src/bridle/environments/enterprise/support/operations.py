"""What each tool does, once it is known to be applicable. Each returns what the tool shows, as fresh JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bridle.environments.enterprise.support.desk import Desk
from bridle.environments.enterprise.support.terms import QUEUES
from bridle.environments.enterprise.support.ticket import Ticket
from bridle.harness import JSON

Arguments = Mapping[str, Any]


def cents(amount: float) -> int | None:
    """An amount in cents; None where it has more than two decimals."""
    whole = round(amount * 100)
    return whole if abs(amount * 100 - whole) < 1e-6 else None


def _shown(desk: Desk, ticket: Ticket, **more: JSON) -> JSON:
    desk.shown[ticket.id] = ticket.version
    desk.named.update({ticket.customer.id} if ticket.order is None else {ticket.customer.id, ticket.order.id})
    return {"ticket": ticket.snapshot(), **more}


def _changed(desk: Desk, ticket: Ticket, **more: JSON) -> JSON:
    ticket.version += 1
    desk.written.add(ticket.id)
    return _shown(desk, ticket, **more)


def _list_tickets(desk: Desk, arguments: Arguments) -> JSON:
    """References only: a ticket is shown by opening it."""
    state = arguments.get("state")
    found = [ticket for ticket in desk.tickets.values() if state in (None, ticket.state)]
    desk.named.update(ticket.id for ticket in found)
    return {"tickets": [{"ticket_id": t.id, "subject": t.subject, "state": t.state} for t in found]}


def _get_ticket(desk: Desk, arguments: Arguments) -> JSON:
    return _shown(desk, desk.tickets[arguments["ticket_id"]])


def _get_customer(desk: Desk, arguments: Arguments) -> JSON:
    return {"customer": desk.customers[arguments["customer_id"]].snapshot()}


def _get_order(desk: Desk, arguments: Arguments) -> JSON:
    return {"order": desk.orders[arguments["order_id"]].snapshot()}


def _list_queues(desk: Desk, arguments: Arguments) -> JSON:
    return {"queues": [{"queue": name, "takes": list(kinds)} for name, kinds in QUEUES.items()]}


def _triage(desk: Desk, arguments: Arguments) -> JSON:
    ticket = desk.tickets[arguments["ticket_id"]]
    desk.lifecycle.pull(ticket, "triage")
    ticket.kind, ticket.priority = arguments["kind"], arguments["priority"]
    return _changed(desk, ticket)


def _prioritise(desk: Desk, arguments: Arguments) -> JSON:
    ticket = desk.tickets[arguments["ticket_id"]]
    ticket.priority = arguments["priority"]
    return _changed(desk, ticket)


def _route(desk: Desk, arguments: Arguments) -> JSON:
    ticket = desk.tickets[arguments["ticket_id"]]
    desk.lifecycle.pull(ticket, "route", queue=arguments["queue"])
    ticket.queue = arguments["queue"]
    return _changed(desk, ticket)


def _assign(desk: Desk, arguments: Arguments) -> JSON:
    ticket = desk.tickets[arguments["ticket_id"]]
    desk.lifecycle.pull(ticket, "assign", agent=arguments["agent_id"])
    ticket.assignee = arguments["agent_id"]
    return _changed(desk, ticket)


def _start(desk: Desk, arguments: Arguments) -> JSON:
    ticket = desk.tickets[arguments["ticket_id"]]
    desk.lifecycle.pull(ticket, "start")
    return _changed(desk, ticket)


def _gather(desk: Desk, arguments: Arguments) -> JSON:
    ticket = desk.tickets[arguments["ticket_id"]]
    ticket.evidence = True
    return _changed(desk, ticket)


def _find(desk: Desk, arguments: Arguments) -> JSON:
    ticket = desk.tickets[arguments["ticket_id"]]
    ticket.finding = arguments["finding"]
    return _changed(desk, ticket)


def _verify(desk: Desk, arguments: Arguments) -> JSON:
    ticket = desk.tickets[arguments["ticket_id"]]
    ticket.customer.verified = True
    return _changed(desk, ticket, customer=ticket.customer.snapshot())


def _request_refund(desk: Desk, arguments: Arguments) -> JSON:
    ticket, order = desk.tickets[arguments["ticket_id"]], desk.orders[arguments["order_id"]]
    amount = cents(arguments["amount"])
    assert amount is not None
    desk.refund(ticket, order, amount)
    return _changed(desk, ticket, order=order.snapshot())


def _check_refund(desk: Desk, arguments: Arguments) -> JSON:
    refund = desk.refunds[arguments["refund_id"]]
    refund.state = "checked"
    return _changed(desk, refund.ticket)


def _cancel_refund(desk: Desk, arguments: Arguments) -> JSON:
    refund = desk.refunds[arguments["refund_id"]]
    refund.state = "cancelled"
    return _changed(desk, refund.ticket)


def _pay_refund(desk: Desk, arguments: Arguments) -> JSON:
    """Pay; a key that was used before pays nothing again."""
    refund, key = desk.refunds[arguments["refund_id"]], arguments.get("payment_key")
    if key in desk.payments:
        return _shown(desk, refund.ticket, order=refund.order.snapshot())
    refund.state = "paid"
    refund.order.refunded += refund.cents
    if key is not None:
        desk.payments.add(key)
    return _changed(desk, refund.ticket, order=refund.order.snapshot())


def _send_message(desk: Desk, arguments: Arguments) -> JSON:
    ticket, template = desk.tickets[arguments["ticket_id"]], arguments["template"]
    if template == "ask_details":
        desk.lifecycle.pull(ticket, "ask")
    else:
        ticket.replied = True
    ticket.sent.append(template)
    return _changed(desk, ticket)


def _read_reply(desk: Desk, arguments: Arguments) -> JSON:
    ticket = desk.tickets[arguments["ticket_id"]]
    desk.lifecycle.pull(ticket, "hear")
    ticket.notes.append("the customer sent the details")
    return _changed(desk, ticket)


def _escalate(desk: Desk, arguments: Arguments) -> JSON:
    ticket = desk.tickets[arguments["ticket_id"]]
    desk.lifecycle.pull(ticket, "escalate", to=arguments["to"])
    ticket.specialist = arguments["to"]
    return _changed(desk, ticket)


def _resolve(desk: Desk, arguments: Arguments) -> JSON:
    ticket = desk.tickets[arguments["ticket_id"]]
    desk.lifecycle.pull(ticket, "resolve", outcome=arguments["outcome"])
    ticket.outcome = arguments["outcome"]
    return _changed(desk, ticket)


def _reopen(desk: Desk, arguments: Arguments) -> JSON:
    ticket = desk.tickets[arguments["ticket_id"]]
    desk.lifecycle.pull(ticket, "reopen")
    ticket.outcome, ticket.replied = None, False
    return _changed(desk, ticket)


def _close(desk: Desk, arguments: Arguments) -> JSON:
    ticket = desk.tickets[arguments["ticket_id"]]
    desk.lifecycle.pull(ticket, "close")
    return _changed(desk, ticket)


def _merge(desk: Desk, arguments: Arguments) -> JSON:
    ticket = desk.tickets[arguments["ticket_id"]]
    desk.lifecycle.pull(ticket, "merge")
    ticket.merged_into = arguments["into_id"]
    return _changed(desk, ticket)


def _add_note(desk: Desk, arguments: Arguments) -> JSON:
    ticket = desk.tickets[arguments["ticket_id"]]
    ticket.notes.append(arguments["text"])
    return _changed(desk, ticket)


def _hand_over(desk: Desk, arguments: Arguments) -> JSON:
    ticket = desk.tickets[arguments["ticket_id"]]
    ticket.handed_over = arguments["to"]
    return _changed(desk, ticket)


OPERATIONS: Mapping[str, Callable[[Desk, Arguments], JSON]] = {
    "list_tickets": _list_tickets,
    "get_ticket": _get_ticket,
    "get_customer": _get_customer,
    "get_order": _get_order,
    "list_queues": _list_queues,
    "triage_ticket": _triage,
    "set_priority": _prioritise,
    "route_ticket": _route,
    "assign_ticket": _assign,
    "start_investigation": _start,
    "gather_evidence": _gather,
    "record_finding": _find,
    "verify_customer": _verify,
    "request_refund": _request_refund,
    "check_refund": _check_refund,
    "cancel_refund": _cancel_refund,
    "pay_refund": _pay_refund,
    "send_message": _send_message,
    "read_reply": _read_reply,
    "escalate_ticket": _escalate,
    "resolve_ticket": _resolve,
    "reopen_ticket": _reopen,
    "close_ticket": _close,
    "merge_ticket": _merge,
    "add_note": _add_note,
    "hand_over": _hand_over,
}
