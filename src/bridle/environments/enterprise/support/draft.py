"""The parts that a start at the support desk is drawn from: people, tickets, orders, and what lies beside them."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bridle.environments.enterprise.start import CaseStart
from bridle.environments.enterprise.support.desk import Desk
from bridle.environments.enterprise.support.goal import Goal
from bridle.environments.enterprise.support.terms import PAYOUTS, PRIORITIES, QUEUES, REFUNDED, SOURCES
from bridle.environments.enterprise.support.ticket import Customer, Order, Refund, Ticket

UNSUITED = 0.2
"""The share of starts whose subject lacks a right that the strict policy asks for."""

SUBJECTS: Mapping[str, tuple[str, ...]] = {
    "question": ("How do I change my address?", "Which sizes are there?", "When do you open?"),
    "overcharged": ("I was billed twice", "The invoice is too high", "The discount is missing"),
    "not_received": ("My parcel never came", "Delivered, it says, but not here", "Where is my order?"),
    "damaged": ("It arrived broken", "The box was crushed", "A part is missing"),
    "login": ("I can't sign in", "The password link does not work", "My account is locked"),
    "outage": ("Nothing loads since this morning", "The service is down", "All I get is an error"),
    "fraud": ("Somebody ordered in my name", "I did not buy this", "A strange charge"),
    "privacy": ("Delete my data", "What do you store of me?", "Somebody saw my orders"),
}
_ARTICLES = ("kettle", "desk lamp", "headset", "backpack", "router", "office chair", "camera", "winter coat")
_NAMES = ("Ayla Kern", "Tomas Ilves", "Bea Moreau", "Noor Haddad", "Jon Lindqvist", "Rosa Pinto", "Emil Vogt")

_AFTER_TRIAGE = ("triaged", "queued", "assigned", "investigating", "waiting", "resolved", "escalated", "closed")
_AFTER_ROUTE = _AFTER_TRIAGE[1:]
_AFTER_ASSIGN = _AFTER_TRIAGE[2:]


@dataclass(frozen=True, kw_only=True)
class Start(CaseStart):
    """What a journey makes: the desk, the goal, the task in words, who works on it, and the turns it takes."""

    desk: Desk
    goal: Goal


class Draft:
    """Draws the parts of one start."""

    def __init__(self, rng: random.Random, kind: str, tier: str) -> None:
        """`kind` and `tier` are those of the ticket that the task is about."""
        self.rng, self.kind, self.tier = rng, kind, tier
        self.unsuited = rng.random() < UNSUITED
        agents = [f"AGT-{number}" for number in rng.sample(range(100, 1000), 2 * len(QUEUES) + 2)]
        self.me, self.other = agents[:2]
        self.crew = {queue: tuple(sorted(agents[2 + 2 * n : 4 + 2 * n])) for n, queue in enumerate(QUEUES)}
        self.priority = rng.choice(PRIORITIES)
        self._numbers = {kind: iter(rng.sample(range(1000, 9000), 30)) for kind in ("TCK", "CUS", "ORD", "RFD")}

    def identity(self, kind: str) -> str:
        """A fresh id."""
        return f"{kind}-{next(self._numbers[kind]):04}"

    def customer(self, tier: str = "") -> Customer:
        """Somebody who wrote; verified before in some cases."""
        verified = self.rng.random() < 0.3
        return Customer(
            id=self.identity("CUS"), name=self.rng.choice(_NAMES), tier=tier or self.tier, verified=verified
        )

    def order(self, customer: Customer) -> Order:
        """What they bought, for 20 to 400 EUR; half of it is cheap."""
        euro = self.rng.randint(20, 49) if self.rng.random() < 0.5 else self.rng.randint(60, 400)
        return Order(
            id=self.identity("ORD"),
            customer=customer,
            article=self.rng.choice(_ARTICLES),
            cents=100 * euro - self.rng.choice((0, 1, 5)),
            payout=self.rng.choice(PAYOUTS),
        )

    def ticket(self, state: str = "new", *, kind: str = "", customer: Customer | None = None, **more: Any) -> Ticket:
        """A ticket in a state, with what it has to have by then; worked by the subject of a suited start."""
        kind, customer = kind or self.kind, customer or self.customer()
        ticket = Ticket(
            id=self.identity("TCK"),
            subject=self.rng.choice(SUBJECTS[kind]),
            customer=customer,
            order=self.order(customer) if kind in REFUNDED else None,
            crew=self.crew,
            initial=state,
            version=self.rng.randint(1, 9),
            **more,
        )
        if state in _AFTER_TRIAGE:
            ticket.kind = kind
            ticket.priority = self.rng.choice(PRIORITIES)
        if state in _AFTER_ROUTE and ticket.queue is None:
            ticket.queue = ticket.right_queue
        if state in _AFTER_ASSIGN and ticket.assignee is None:
            ticket.assignee = self.other if self.unsuited else self.me
        if ticket.finding is not None:
            ticket.evidence = kind in SOURCES
        return ticket

    def refund(self, ticket: Ticket, cents: int, state: str) -> Refund:
        """A refund that was asked for on a ticket."""
        assert ticket.order is not None
        made = Refund(id=self.identity("RFD"), ticket=ticket, order=ticket.order, cents=cents, state=state)
        ticket.refund_case = made
        return made

    def amount(self, ticket: Ticket) -> int:
        """What is to be paid back: all of it, or a part, in cents."""
        assert ticket.order is not None
        return ticket.order.cents if self.rng.random() < 0.6 else ticket.order.cents // 2

    def bystanders(self) -> list[Ticket]:
        """Other tickets, which the task does not speak of."""
        states = self.rng.choices(("new", "queued", "investigating", "resolved"), k=self.rng.randint(1, 2))
        return [
            self.ticket(
                state,
                kind=self.rng.choice(list(SUBJECTS)),
                customer=self.customer(self.rng.choice(("standard", "business"))),
            )
            for state in states
        ]

    def person(self, role: str, *, payment: int = 0) -> dict[str, Any]:
        """The subject; the limit for one payment is in euro cents."""
        return {
            "type": "Employee",
            "id": self.me,
            "properties": {"payment_cents": payment},
            "parents": [{"type": "Role", "id": role}],
        }

    def start(self, tickets: list[Ticket], **parts: Any) -> Start:
        """Put the parts together, bystanders among them, in an order that tells nothing."""
        tickets = [*tickets, *self.bystanders()]
        self.rng.shuffle(tickets)
        return Start(desk=Desk(tickets, self.crew), **parts)
