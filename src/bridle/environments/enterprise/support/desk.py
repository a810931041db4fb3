"""The records of the support desk: tickets, customers, orders and refunds, by id. No rule is here."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from bridle.environments.enterprise.lifecycle import Lifecycle
from bridle.environments.enterprise.support.ticket import CHECK_FROM, Customer, Order, Refund, Ticket, lifecycle


class Desk:
    """All that lies on the desk, and who else is at work on it."""

    def __init__(self, tickets: Sequence[Ticket], crew: Mapping[str, tuple[str, ...]]) -> None:
        """`crew` holds the agents that are free, by queue.

        `named` are the ids that the session has heard of, `shown` the version with which it saw a ticket last, and
        `written` the tickets that it has changed.
        """
        self.tickets = {ticket.id: ticket for ticket in tickets}
        self.customers: dict[str, Customer] = {ticket.customer.id: ticket.customer for ticket in tickets}
        self.orders: dict[str, Order] = {t.order.id: t.order for t in tickets if t.order is not None}
        self.refunds: dict[str, Refund] = {
            t.refund_case.id: t.refund_case for t in tickets if t.refund_case is not None
        }
        self.crew = crew
        self.check_from = CHECK_FROM
        self.payments: set[str] = set()
        self.named: set[str] = set()
        self.shown: dict[str, int] = {}
        self.written: set[str] = set()

    @cached_property
    def lifecycle(self) -> Lifecycle[Ticket]:
        """The state machine that drives the tickets; made when it is first needed."""
        return lifecycle()

    @property
    def agents(self) -> frozenset[str]:
        """Everybody who is free, in any queue."""
        return frozenset(agent for crew in self.crew.values() for agent in crew)

    def ticket_of(self, arguments: Mapping[str, Any]) -> Ticket | None:
        """The ticket that a call's arguments are about; None where they name none."""
        refund = self.refunds.get(str(arguments.get("refund_id")))
        return refund.ticket if refund is not None else self.tickets.get(str(arguments.get("ticket_id")))

    def refund(self, ticket: Ticket, order: Order, cents: int) -> Refund:
        """A new refund on a ticket."""
        highest = max((int(identity[4:]) for identity in self.refunds), default=4000)
        made = Refund(id=f"RFD-{highest + 1:04}", ticket=ticket, order=order, cents=cents, check_from=self.check_from)
        self.refunds[made.id] = made
        ticket.refund_case = made
        return made

    def check_refunds_from(self, cents: int) -> None:
        """From now on refunds of this amount and more have to be checked."""
        self.check_from = cents
        for refund in self.refunds.values():
            refund.check_from = cents

    def others_write(self, identities: Sequence[str], rng: random.Random) -> None:
        """A colleague leaves a note on one of these tickets: its version moves, and nobody here has seen it."""
        ticket = self.tickets[rng.choice(identities)]
        ticket.notes.append(rng.choice(("customer called again", "see shift log", "tagged for the weekly report")))
        ticket.version += 1
