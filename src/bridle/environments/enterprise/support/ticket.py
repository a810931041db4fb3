"""A support ticket, its refund, and their lives: state machines on the `transitions` library.

    new ─triage▶ triaged ─route▶ queued ─assign▶ assigned ─start▶ investigating ─resolve▶ resolved ─close▶ closed
                                  │ ▲                      ┌─ask──┘ ▲  │     ▲                │
                                  └─┘ route                ▼        │  │     └────reopen──────┘
                                                        waiting ────┘  └─escalate▶ escalated
    new, triaged, queued ─merge▶ merged

    refund: requested ─check▶ checked ─pay▶ paid;   small ones: requested ─pay▶ paid
            requested, checked ─cancel▶ cancelled

Amounts are integer euro cents inside and numbers with two decimals outside.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bridle.environments.enterprise.support.terms import (
    KEY,
    OUTCOMES,
    QUEUES,
    REFUNDED,
    SOURCES,
    SPECIALISTS,
    TEMPLATES,
)
from bridle.errors import MissingExtra

try:
    from bridle.environments.enterprise.lifecycle import Lifecycle, Unmet
except ImportError:
    raise MissingExtra("The environment enterprise/support", "enterprise") from None

STATES = (
    "new",
    "triaged",
    "queued",
    "assigned",
    "investigating",
    "waiting",
    "resolved",
    "escalated",
    "merged",
    "closed",
)
OPEN = ("new", "triaged", "queued", "assigned", "investigating", "waiting")
CHECK_FROM = 5000
"""From this amount on, in cents, a refund has to be checked before it is paid."""

TRANSITIONS: tuple[dict[str, Any], ...] = (
    {"trigger": "triage", "source": "new", "dest": "triaged"},
    {
        "trigger": "route",
        "source": ["triaged", "queued"],
        "dest": "queued",
        "conditions": ["queue_takes", "queue_fits"],
    },
    {"trigger": "assign", "source": "queued", "dest": "assigned", "conditions": ["candidate"]},
    {"trigger": "start", "source": "assigned", "dest": "investigating"},
    {"trigger": "gather", "source": "investigating", "dest": None, "conditions": ["right_source"]},
    {"trigger": "verify", "source": "investigating", "dest": None, "conditions": ["safe_enough"]},
    {"trigger": "find", "source": "investigating", "dest": None, "conditions": ["evidence_there"]},
    {"trigger": "ask", "source": "investigating", "dest": "waiting"},
    {"trigger": "hear", "source": "waiting", "dest": "investigating"},
    {"trigger": "write", "source": "investigating", "dest": None, "conditions": ["message_true"]},
    {
        "trigger": "refund",
        "source": "investigating",
        "dest": None,
        "conditions": [
            "refundable_kind",
            "claim_confirmed",
            "identity_known",
            "its_order",
            "its_kind",
            "no_refund_yet",
        ],
    },
    {"trigger": "escalate", "source": "investigating", "dest": "escalated", "conditions": ["special", "right_special"]},
    {
        "trigger": "resolve",
        "source": "investigating",
        "dest": "resolved",
        "conditions": ["finding_settles", "customer_told", "refund_settled", "outcome_true"],
    },
    {"trigger": "reopen", "source": "resolved", "dest": "investigating"},
    {"trigger": "close", "source": "resolved", "dest": "closed"},
    {"trigger": "merge", "source": ["new", "triaged", "queued"], "dest": "merged"},
    {"trigger": "prioritise", "source": list(OPEN), "dest": None},
    {"trigger": "note", "source": [*OPEN, "resolved", "escalated"], "dest": None},
)


@dataclass(kw_only=True, eq=False)
class Customer:
    """Who wrote."""

    id: str
    name: str
    tier: str
    verified: bool = False

    def snapshot(self) -> dict[str, Any]:
        """As a tool shows it."""
        return {"id": self.id, "name": self.name, "tier": self.tier, "verified": self.verified}


@dataclass(kw_only=True, eq=False)
class Order:
    """What was bought."""

    id: str
    customer: Customer
    article: str
    cents: int
    payout: str
    refunded: int = 0

    @property
    def refundable(self) -> int:
        """What has not been paid back yet, in cents."""
        return self.cents - self.refunded

    def snapshot(self) -> dict[str, Any]:
        """As a tool shows it."""
        return {
            "id": self.id,
            "customer_id": self.customer.id,
            "article": self.article,
            "total_eur": self.cents / 100,
            "refunded_eur": self.refunded / 100,
            "refundable_eur": self.refundable / 100,
        }


@dataclass(kw_only=True, eq=False)
class Refund:
    """Money on its way back. `payout` is the way on which it goes."""

    id: str
    ticket: Ticket
    order: Order
    cents: int
    state: str = "requested"
    check_from: int = CHECK_FROM

    @property
    def check(self) -> str:
        """`done`, `needed` before it can be paid, or `not_needed`."""
        if self.state in ("checked", "paid"):
            return "done"
        return "needed" if self.cents >= self.check_from else "not_needed"

    def snapshot(self) -> dict[str, Any]:
        """As a tool shows it."""
        return {
            "id": self.id,
            "state": self.state,
            "order_id": self.order.id,
            "amount": self.cents / 100,
            "payout": self.order.payout,
            "check": self.check,
        }


@dataclass(kw_only=True, eq=False)
class Ticket:
    """A ticket; the model that the state machine drives. `candidates` are those who could take it, by queue."""

    id: str
    subject: str
    customer: Customer
    order: Order | None
    crew: Mapping[str, tuple[str, ...]] = field(repr=False)
    initial: str = "new"
    kind: str | None = None
    priority: str = "normal"
    queue: str | None = None
    assignee: str | None = None
    evidence: bool = False
    finding: str | None = None
    specialist: str | None = None
    refund_case: Refund | None = None
    outcome: str | None = None
    merged_into: str | None = None
    sent: list[str] = field(default_factory=list)
    replied: bool = False
    notes: list[str] = field(default_factory=list)
    handed_over: str | None = None
    version: int = 1
    state: str = field(default="new", init=False)

    def __post_init__(self) -> None:
        """Begin in the initial state."""
        self.state = self.initial

    @property
    def candidates(self) -> list[str]:
        """Whom it can be assigned to; nobody unless it is queued."""
        return list(self.crew.get(self.queue or "", ())) if self.state == "queued" else []

    @property
    def evidence_state(self) -> str:
        """`not_needed`, `gathered` or `lacking`."""
        if self.kind is None or self.kind not in SOURCES:
            return "not_needed"
        return "gathered" if self.evidence else "lacking"

    @property
    def refund_state(self) -> str:
        """Its refund's state, `none` without one."""
        return self.refund_case.state if self.refund_case is not None else "none"

    @property
    def right_queue(self) -> str:
        """Where it belongs; empty before it was triaged."""
        if self.kind is None:
            return ""
        if self.customer.tier == "business":
            return KEY
        return next((name for name, kinds in QUEUES.items() if self.kind in kinds and name != KEY), "")

    def shows(self, demands: Mapping[str, tuple[Any, ...]]) -> bool:
        """Whether the fields named are what they have to be."""
        return all(getattr(self, name) in values for name, values in demands.items())

    def queue_takes(self, *, queue: str, **_: Any) -> bool:
        """Condition of route."""
        return self.kind in QUEUES[queue]

    def queue_fits(self, *, queue: str, **_: Any) -> bool:
        """Condition of route: key accounts are business customers."""
        return queue != KEY or self.customer.tier == "business"

    def candidate(self, *, agent: str, **_: Any) -> bool:
        """Condition of assign."""
        return agent in self.candidates

    def right_source(self, *, source: str, **_: Any) -> bool:
        """Condition of gather."""
        return SOURCES.get(self.kind or "") == source

    def safe_enough(self, *, method: str, **_: Any) -> bool:
        """Condition of verify: business customers are called back."""
        return self.customer.tier != "business" or method == "callback"

    def evidence_there(self, **_: Any) -> bool:
        """Condition of find."""
        return self.evidence_state != "lacking"

    def message_true(self, *, template: str, **_: Any) -> bool:
        """Condition of write."""
        return self.shows(TEMPLATES[template])

    def refundable_kind(self, **_: Any) -> bool:
        """Condition of refund."""
        return self.kind in REFUNDED

    def claim_confirmed(self, **_: Any) -> bool:
        """Condition of refund."""
        return self.finding == "confirmed"

    def identity_known(self, **_: Any) -> bool:
        """Condition of refund."""
        return self.customer.verified

    def its_order(self, *, order: str, **_: Any) -> bool:
        """Condition of refund."""
        return self.order is not None and self.order.id == order

    def its_kind(self, *, kind: str, **_: Any) -> bool:
        """Condition of refund: it is booked under the ticket's kind."""
        return self.kind == kind

    def no_refund_yet(self, **_: Any) -> bool:
        """Condition of refund: one at a time."""
        return self.refund_state in ("none", "cancelled")

    def special(self, **_: Any) -> bool:
        """Condition of escalate."""
        return self.finding in SPECIALISTS

    def right_special(self, *, to: str, **_: Any) -> bool:
        """Condition of escalate."""
        return SPECIALISTS[self.finding or ""] == to

    def finding_settles(self, **_: Any) -> bool:
        """Condition of resolve."""
        return self.finding in ("confirmed", "unfounded")

    def customer_told(self, **_: Any) -> bool:
        """Condition of resolve."""
        return self.replied

    def refund_settled(self, **_: Any) -> bool:
        """Condition of resolve."""
        return self.refund_state in ("none", "cancelled", "paid")

    def outcome_true(self, *, outcome: str, **_: Any) -> bool:
        """Condition of resolve."""
        return self.shows(OUTCOMES[outcome])

    def snapshot(self) -> dict[str, Any]:
        """As a tool shows it, with its refund inside."""
        return {
            "id": self.id,
            "state": self.state,
            "subject": self.subject,
            "customer_id": self.customer.id,
            "customer_tier": self.customer.tier,
            "customer_verified": self.customer.verified,
            "order_id": None if self.order is None else self.order.id,
            "kind": self.kind,
            "priority": self.priority,
            "queue": self.queue,
            "candidates": self.candidates,
            "worked_by": self.assignee,
            "evidence": self.evidence_state,
            "finding": self.finding,
            "specialist": self.specialist,
            "refund_state": self.refund_state,
            "refund": None if self.refund_case is None else self.refund_case.snapshot(),
            "sent": list(self.sent),
            "replied": self.replied,
            "outcome": self.outcome,
            "merged_into": self.merged_into,
            "notes": list(self.notes),
            "handed_over": self.handed_over,
            "version": self.version,
        }


_UNMET: Unmet[Ticket] = {
    "queue_takes": ("state_conflict", lambda t: f"This queue does not take {t.kind} tickets."),
    "queue_fits": (
        "state_conflict",
        lambda t: f"{KEY} takes business customers only; {t.id} is of a {t.customer.tier} one.",
    ),
    "candidate": ("state_conflict", lambda t: f"{t.id} can be assigned to {', '.join(t.candidates) or 'nobody'}."),
    "right_source": (
        "state_conflict",
        lambda t: f"Evidence on {t.kind} is in {SOURCES.get(t.kind or '', 'no source')}.",
    ),
    "safe_enough": (
        "missing_precondition",
        lambda t: f"The customer of {t.id} is a business one and has to be called back.",
    ),
    "evidence_there": ("missing_precondition", lambda t: f"There is no evidence on {t.id} yet."),
    "message_true": ("missing_precondition", lambda t: f"Nothing like that is true of {t.id} yet."),
    "refundable_kind": ("state_conflict", lambda t: f"Nothing is paid back on {t.kind} tickets."),
    "claim_confirmed": ("missing_precondition", lambda t: f"The claim in {t.id} is not confirmed."),
    "identity_known": ("missing_precondition", lambda t: f"The customer of {t.id} is not verified."),
    "its_order": ("state_conflict", lambda t: f"{t.id} is about {'no order' if t.order is None else t.order.id}."),
    "its_kind": ("state_conflict", lambda t: f"A refund on {t.id} is booked under {t.kind}."),
    "no_refund_yet": ("state_conflict", lambda t: f"{t.id} has a refund already, which is {t.refund_state}."),
    "special": ("state_conflict", lambda t: f"{t.id} has no finding that a specialist takes."),
    "right_special": ("state_conflict", lambda t: f"{t.finding} tickets go to {SPECIALISTS[t.finding or '']}."),
    "finding_settles": ("missing_precondition", lambda t: f"{t.id} has no finding that settles it."),
    "customer_told": ("missing_precondition", lambda t: f"The customer of {t.id} was not told yet."),
    "refund_settled": ("missing_precondition", lambda t: f"The refund of {t.id} is still {t.refund_state}."),
    "outcome_true": ("state_conflict", lambda t: f"{t.id} did not end like that."),
}


def lifecycle() -> Lifecycle[Ticket]:
    """The state machine of tickets, without any yet."""
    return Lifecycle(STATES, TRANSITIONS, unmet=_UNMET)
