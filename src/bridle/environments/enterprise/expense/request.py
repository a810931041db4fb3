"""An expense request, its items and receipts, and its life: a state machine on the `transitions` library.

    draft ──submit──▶ submitted ──start_review──▶ in_review ──approve──▶ approved ──reimburse──▶ reimbursed
      ▲                   │                        │ ▲  │ │                │  ▲
      │                   └──withdraw──┐  withdraw │ └──┘ reject           └──┘ (a part)
      │                                ▼     ▼     escalate │
      └───────────reopen─────────── withdrawn   rejected ◀──┘      draft ──withdraw──▶ withdrawn
                                               └── reopen ──▶ draft

Amounts are integer cents inside and numbers with two decimals outside.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bridle.errors import MissingExtra

try:
    from bridle.environments.enterprise.lifecycle import Lifecycle, Unmet
except ImportError:
    raise MissingExtra("The environment enterprise/expense", "enterprise") from None

STATES = ("draft", "submitted", "in_review", "approved", "rejected", "reimbursed", "withdrawn")
LEVELS = ("team", "department", "it", "hr", "finance")
CURRENCIES: Mapping[str, int] = {"EUR": 100, "USD": 92, "GBP": 117, "CHF": 104}
"""Euro cents for one unit of a currency."""


@dataclass(frozen=True, kw_only=True)
class Category:
    """What a kind of expense asks for.

    From `receipt_from` euro cents on an item needs a receipt. `needs` are the fields that have to be stated. `path` is
    who decides: each level with the total, in euro cents, from which it is needed, lowest first.
    """

    receipt_from: int
    needs: tuple[str, ...]
    path: tuple[tuple[str, int], ...]


CATEGORIES: Mapping[str, Category] = {
    "travel": Category(
        receipt_from=2500, needs=("purpose",), path=(("team", 0), ("department", 50000), ("finance", 250000))
    ),
    "meals": Category(receipt_from=1500, needs=("purpose", "attendees"), path=(("team", 0), ("department", 15000))),
    "lodging": Category(receipt_from=0, needs=(), path=(("team", 0), ("department", 60000), ("finance", 200000))),
    "equipment": Category(
        receipt_from=5000, needs=("purpose",), path=(("team", 0), ("it", 30000), ("finance", 120000))
    ),
    "training": Category(
        receipt_from=2500, needs=("purpose",), path=(("team", 0), ("hr", 40000), ("department", 150000))
    ),
    "software": Category(receipt_from=1000, needs=(), path=(("team", 0), ("it", 25000), ("finance", 100000))),
}

TRANSITIONS: tuple[dict[str, Any], ...] = (
    {"trigger": "edit", "source": "draft", "dest": None},
    {"trigger": "submit", "source": "draft", "dest": "submitted", "conditions": ["complete"]},
    {"trigger": "withdraw", "source": ["draft", "submitted", "in_review"], "dest": "withdrawn"},
    {"trigger": "reopen", "source": ["rejected", "withdrawn"], "dest": "draft"},
    {"trigger": "start_review", "source": "submitted", "dest": "in_review"},
    {"trigger": "escalate", "source": "in_review", "dest": None, "conditions": ["escalation_due", "next_on_path"]},
    {"trigger": "approve", "source": "in_review", "dest": "approved", "conditions": ["level_reached"]},
    {"trigger": "reject", "source": "in_review", "dest": "rejected"},
    {"trigger": "confirm_payee", "source": "approved", "dest": None},
    {
        "trigger": "reimburse",
        "source": "approved",
        "dest": "reimbursed",
        "conditions": ["payee_known", "within", "rest"],
    },
    {"trigger": "reimburse", "source": "approved", "dest": None, "conditions": ["payee_known", "within"]},
)


@dataclass(kw_only=True, eq=False)
class Receipt:
    """A receipt in somebody's inbox, or attached to an item."""

    id: str
    merchant: str
    cents: int
    date: str
    item: Item | None = None

    @property
    def status(self) -> str:
        """`unattached`, `attached` to an item of a draft, or `filed` with a request that has left draft."""
        if self.item is None:
            return "unattached"
        return "attached" if self.item.request.state == "draft" else "filed"

    def snapshot(self) -> dict[str, Any]:
        """As a tool shows it."""
        return {
            "id": self.id,
            "merchant": self.merchant,
            "amount": self.cents / 100,
            "date": self.date,
            "status": self.status,
        }


@dataclass(kw_only=True, eq=False)
class Item:
    """One expense of a request."""

    id: str
    request: Request
    description: str
    cents: int
    date: str
    receipt: Receipt | None = None
    removed: bool = False

    @property
    def receipt_needed(self) -> bool:
        """Whether its amount asks for a receipt."""
        return self.request.euro(self.cents) >= self.request.rules[self.request.category].receipt_from

    @property
    def status(self) -> str:
        """`removed`, `locked` (the request is no draft), `receipted`, or `open`."""
        if self.removed:
            return "removed"
        if self.request.state != "draft":
            return "locked"
        return "open" if self.receipt is None else "receipted"

    def snapshot(self) -> dict[str, Any]:
        """As a tool shows it, with its receipt inside."""
        return {
            "id": self.id,
            "description": self.description,
            "amount": self.cents / 100,
            "date": self.date,
            "status": self.status,
            "receipt_needed": self.receipt_needed,
            "receipt": None if self.receipt is None else self.receipt.snapshot(),
        }


@dataclass(kw_only=True, eq=False)
class Request:
    """A request; the model that the state machine drives. `rules` are what categories ask for."""

    id: str
    owner: str
    title: str
    category: str
    currency: str
    cost_center: str
    initial: str = "draft"
    purpose: str | None = None
    attendees: int | None = None
    items: list[Item] = field(default_factory=list)
    review_level: str | None = None
    payee_confirmed: bool = False
    paid: int = 0
    handed_over: bool = False
    version: int = 1
    rules: Mapping[str, Category] = field(default_factory=lambda: CATEGORIES, repr=False)
    state: str = field(default="draft", init=False)

    def __post_init__(self) -> None:
        """Begin in the initial state."""
        self.state = self.initial

    def euro(self, cents: int) -> int:
        """Cents of the request's currency in euro cents, rounded half up."""
        return (cents * CURRENCIES[self.currency] + 50) // 100

    @property
    def total(self) -> int:
        """The sum of its items, in cents of its currency."""
        return sum(item.cents for item in self.items)

    @property
    def outstanding(self) -> int:
        """What is still to be paid, in euro cents."""
        return self.euro(self.total) - self.paid

    @property
    def missing(self) -> list[str]:
        """What has to be there before it can be submitted: of `items`, `receipt`, `purpose`, `attendees`."""
        found = [] if self.items else ["items"]
        if any(item.receipt is None and item.receipt_needed for item in self.items):
            found.append("receipt")
        return found + [name for name in self.rules[self.category].needs if getattr(self, name) is None]

    @property
    def next_level(self) -> str | None:
        """The level that has to see it next; None where it is decided at the present one, or not in review."""
        if self.state != "in_review":
            return None
        path = self.rules[self.category].path
        total = self.euro(self.total)
        levels = [level for level, threshold in path if threshold <= total]
        place = [level for level, _ in path].index(self.review_level or path[0][0])
        return levels[place + 1] if place + 1 < len(levels) else None

    @property
    def routing(self) -> str:
        """`none` outside a review, `escalate` while a higher level is needed, `settled` when it can be decided."""
        if self.state != "in_review":
            return "none"
        return "settled" if self.next_level is None else "escalate"

    def complete(self, **_: Any) -> bool:
        """Condition of submit."""
        return not self.missing

    def escalation_due(self, **_: Any) -> bool:
        """Condition of escalate."""
        return self.next_level is not None

    def next_on_path(self, *, to: str, **_: Any) -> bool:
        """Condition of escalate: along the path, one level at a time."""
        return to == self.next_level

    def level_reached(self, **_: Any) -> bool:
        """Condition of approve."""
        return self.next_level is None

    def payee_known(self, **_: Any) -> bool:
        """Condition of reimburse."""
        return self.payee_confirmed

    def within(self, *, cents: int, **_: Any) -> bool:
        """Condition of reimburse: no more than is outstanding."""
        return cents <= self.outstanding

    def rest(self, *, cents: int, **_: Any) -> bool:
        """Whether a payment is the last one."""
        return cents == self.outstanding

    def snapshot(self) -> dict[str, Any]:
        """As a tool shows it, with its items inside."""
        return {
            "id": self.id,
            "state": self.state,
            "title": self.title,
            "filed_by": self.owner,
            "category": self.category,
            "currency": self.currency,
            "cost_center": self.cost_center,
            "purpose": self.purpose,
            "attendees": self.attendees,
            "items": [item.snapshot() for item in self.items],
            "total": self.total / 100,
            "total_eur": self.euro(self.total) / 100,
            "missing": self.missing,
            "ready": not self.missing,
            "review_level": self.review_level,
            "next_level": self.next_level,
            "routing": self.routing,
            "payee_confirmed": self.payee_confirmed,
            "outstanding_eur": self.outstanding / 100,
            "handed_over": self.handed_over,
            "version": self.version,
        }


_UNMET: Unmet[Request] = {
    "complete": ("missing_precondition", lambda r: f"{r.id} is not complete: {', '.join(r.missing)} missing."),
    "escalation_due": ("state_conflict", lambda r: f"{r.id} is at the level that decides it."),
    "next_on_path": ("state_conflict", lambda r: f"The next level of {r.id} is {r.next_level}."),
    "level_reached": ("missing_precondition", lambda r: f"{r.id} has to be escalated to {r.next_level} first."),
    "payee_known": ("missing_precondition", lambda r: f"The payee of {r.id} is not confirmed."),
    "within": ("state_conflict", lambda r: f"Only {r.outstanding / 100:.2f} EUR of {r.id} are outstanding."),
}


def lifecycle() -> Lifecycle[Request]:
    """The state machine of requests, without any yet."""
    return Lifecycle(STATES, TRANSITIONS, unmet=_UNMET)
