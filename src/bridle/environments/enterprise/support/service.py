"""The support service: which call is applicable in the present state of the desk. Implements `System`."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

from bridle.environment import Truth
from bridle.environments.enterprise.existence import unfounded
from bridle.environments.enterprise.routing import Routing
from bridle.environments.enterprise.support.candidates import candidates
from bridle.environments.enterprise.support.desk import Desk
from bridle.environments.enterprise.support.goal import Goal, Target
from bridle.environments.enterprise.support.operations import OPERATIONS, cents
from bridle.environments.enterprise.support.terms import SPECIALISTS
from bridle.environments.enterprise.support.ticket import OPEN, Refund, Ticket
from bridle.environments.enterprise.workflow import ToolCall
from bridle.harness import JSON, Action
from bridle.trace import parts

FINE = Truth(True)
STALE = "stale"
"""The error class of a call that states the version which this session saw last, while somebody else wrote since: no
view can show that. What the version is then is known only after another look."""

TRIGGERS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "triage_ticket": ("triage", {}),
    "set_priority": ("prioritise", {}),
    "route_ticket": ("route", {"queue": "queue"}),
    "assign_ticket": ("assign", {"agent": "agent_id"}),
    "start_investigation": ("start", {}),
    "gather_evidence": ("gather", {"source": "source"}),
    "record_finding": ("find", {}),
    "verify_customer": ("verify", {"method": "method"}),
    "request_refund": ("refund", {"order": "order_id", "kind": "booked_as"}),
    "send_message": ("write", {"template": "template"}),
    "read_reply": ("hear", {}),
    "escalate_ticket": ("escalate", {"to": "to"}),
    "resolve_ticket": ("resolve", {"outcome": "outcome"}),
    "reopen_ticket": ("reopen", {}),
    "close_ticket": ("close", {}),
    "merge_ticket": ("merge", {}),
    "add_note": ("note", {}),
}
"""The trigger in a ticket's life that a tool needs to be possible, and which arguments of the call it looks at."""

REFUND_STATES: Mapping[str, tuple[str, ...]] = {
    "check_refund": ("requested",),
    "cancel_refund": ("requested", "checked"),
    "pay_refund": ("requested", "checked"),
}

READERS: Mapping[str, tuple[str, str]] = {
    "ticket_id": ("tickets", "get_ticket"),
    "into_id": ("tickets", "get_ticket"),
    "order_id": ("orders", "get_order"),
    "refund_id": ("refunds", "get_ticket"),
    "customer_id": ("customers", "get_customer"),
}
"""For each argument that names something: where that is, and the tool that shows it."""


class Service:
    """The desk, its rules, and the goal of the task at hand."""

    def __init__(self, desk: Desk, goal: Goal, *, needed: str = "", moves: float = 0.0, seed: int = 0) -> None:
        """`needed` is the person whom the case needs, for figures. After each call that was carried out, others write
        on a ticket of the task with the chance `moves`; `goal` says which tickets the task names."""
        self.desk, self._goal, self._needed, self._moves = desk, goal, needed, moves
        self._others = random.Random(f"{seed}/others")
        self._sent = {ticket.id: tuple(ticket.sent) for ticket in desk.tickets.values()}
        self._spoken = [target.ticket_id for target in goal.targets]
        desk.named.update(self._spoken, (target.into for target in goal.targets if target.into))

    def check(self, tool: str, arguments: Mapping[str, Any], known: Mapping[str, Any]) -> Truth:
        """Existence, then whether this session was shown the thing, then its version, its state, and preconditions."""
        named = (
            (argument, getattr(self.desk, things), "" if tool == reader else reader)
            for argument, (things, reader) in READERS.items()
        )
        if (error := unfounded(arguments, named, known)) is not None:
            return error
        if "agent_id" in arguments and arguments["agent_id"] not in self.desk.agents:
            return Truth(False, f"agent_id: there is no {arguments['agent_id']}.", "not_found")
        if "version" in arguments and not (truth := self._current(arguments, known)):
            return truth
        if "amount" in arguments and cents(arguments["amount"]) is None:
            return Truth(False, f"amount: {arguments['amount']!r} has more than two decimals.", "schema")
        if "refund_id" in arguments:
            return self._refund(tool, arguments)
        return self._ticket(tool, arguments)

    def apply(self, tool: str, arguments: Mapping[str, Any]) -> JSON:
        """Carry out an applicable call; every write counts up the version of its ticket, and others may write too."""
        result = OPERATIONS[tool](self.desk, arguments)
        if self._moves and self._others.random() < self._moves:
            self.desk.others_write(self._spoken, self._others)
        return result

    def candidates(self, rng: random.Random) -> list[ToolCall]:
        """For every tool a few calls on things that exist, of the tickets those that the session has heard of."""
        return candidates(self.desk, rng)

    def achieved(self, denied: Sequence[Action]) -> dict[str, bool]:
        """Each target, and `others`: nothing was changed that the task does not speak of."""
        arguments = [given for call in denied if isinstance(given := parts(call)[1], dict)]
        blocked = {ticket.id for given in arguments if (ticket := self.desk.ticket_of(given)) is not None}
        found = {
            t.label: self._done(t, self.desk.tickets[t.ticket_id], t.ticket_id in blocked) for t in self._goal.targets
        }
        found["others"] = self.desk.written <= set(self._spoken)
        return found

    def properties(self, kind: str, identity: str) -> tuple[dict[str, Any], int | None]:
        """What a policy may read of a ticket, a refund, an order or a customer."""
        if kind == "Desk":
            return {}, None
        if kind in ("Order", "Customer"):
            return {"known": identity in (self.desk.orders if kind == "Order" else self.desk.customers)}, None
        refund = self.desk.refunds.get(identity)
        ticket = refund.ticket if refund is not None else self.desk.tickets.get(identity)
        if ticket is None:
            return {"known": False}, None
        found: dict[str, Any] = {"known": True}
        if ticket.assignee is not None:
            found["assignee"] = {"__entity": {"type": "Employee", "id": ticket.assignee}}
        if refund is not None:
            found["amount_cents"] = refund.cents
        return found, ticket.version

    def routing(self, tool: str, arguments: Mapping[str, Any]) -> Routing | None:
        """Queues, specialists, and persons."""
        ticket = self.desk.tickets.get(str(arguments.get("ticket_id")))
        if ticket is None:
            return None
        if tool == "route_ticket":
            return Routing(ticket.id, arguments["queue"], ticket.right_queue)
        if tool == "escalate_ticket":
            return Routing(ticket.id, arguments["to"], SPECIALISTS.get(ticket.finding or "", ""))
        if tool == "hand_over":
            return Routing(ticket.id, arguments["to"], self._needed, person=True)
        return None

    def shown(self, identity: str) -> JSON:
        """As a tool that works on the ticket shows it."""
        return {"ticket": self.desk.tickets[identity].snapshot()}

    def state_of(self, identity: str) -> str:
        """The ticket's state, empty where there is none."""
        return self.desk.tickets[identity].state if identity in self.desk.tickets else ""

    def touch(self, identity: str) -> None:
        """Count up the ticket's version, as a write does."""
        self.desk.tickets[identity].version += 1
        self.desk.shown[identity] = self.desk.tickets[identity].version
        self.desk.written.add(identity)

    def _done(self, target: Target, ticket: Ticket, blocked: bool) -> bool:
        """As it is to be; or handed over, where that is what had to be done."""
        if target.needs_person:
            untouched = ticket.state == ticket.initial and tuple(ticket.sent) == self._sent.get(ticket.id)
            return ticket.handed_over is not None and untouched
        return target.met(ticket) or (ticket.handed_over is not None and blocked)

    def _current(self, arguments: Mapping[str, Any], known: Mapping[str, Any]) -> Truth:
        """Whether the version stated is the ticket's."""
        ticket, stated = self.desk.tickets[arguments["ticket_id"]], arguments["version"]
        if stated == ticket.version:
            return FINE
        if stated == known[ticket.id].get("version"):
            return Truth(False, f"Somebody else changed {ticket.id} since it was shown; read it again.", STALE)
        return Truth(
            False, f"{ticket.id} is not at version {stated}; state the one it was shown with.", "state_conflict"
        )

    def _ticket(self, tool: str, arguments: Mapping[str, Any]) -> Truth:
        if tool not in TRIGGERS:
            return FINE
        ticket = self.desk.tickets[arguments["ticket_id"]]
        trigger, read = TRIGGERS[tool]
        if arguments.get("template") == "ask_details":
            trigger = "ask"
        given = {name: arguments[argument] for name, argument in read.items()}
        truth = self.desk.lifecycle.check(ticket, trigger, **given)
        if not truth:
            return truth
        if tool == "merge_ticket":
            return _mergeable(ticket, self.desk.tickets[arguments["into_id"]])
        if tool == "request_refund":
            order = self.desk.orders[arguments["order_id"]]
            if (cents(arguments["amount"]) or 0) > order.refundable:
                return Truth(False, f"Only {order.refundable / 100:.2f} EUR of {order.id} are left.", "state_conflict")
        return truth

    def _refund(self, tool: str, arguments: Mapping[str, Any]) -> Truth:
        refund: Refund = self.desk.refunds[arguments["refund_id"]]
        if arguments.get("payment_key") in self.desk.payments:
            return FINE
        states = REFUND_STATES[tool]
        if refund.state not in states:
            return Truth(False, f"{refund.id} is {refund.state}; {tool} needs {' or '.join(states)}.", "state_conflict")
        if tool == "pay_refund" and refund.check == "needed":
            return Truth(False, f"{refund.id} has to be checked first.", "missing_precondition")
        if tool == "pay_refund" and arguments["method"] != refund.order.payout:
            return Truth(False, f"{refund.id} is paid by {refund.order.payout}.", "state_conflict")
        return FINE


def _mergeable(ticket: Ticket, into: Ticket) -> Truth:
    """A ticket is merged into another open one of the same customer."""
    if ticket is into:
        return Truth(False, f"{ticket.id} can't be merged into itself.", "state_conflict")
    if into.state not in OPEN:
        return Truth(False, f"{into.id} is {into.state}; nothing can be merged into it.", "state_conflict")
    if into.customer is not ticket.customer:
        return Truth(False, f"{into.id} is another customer's.", "state_conflict")
    return FINE
