"""What a task is to achieve, checked on the final state of the requests."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from bridle.environments.enterprise.expense.request import Request


@dataclass(frozen=True, kw_only=True)
class Expense:
    """One expense that a request is to hold: cents of the request's currency, and an ISO date."""

    description: str
    cents: int
    date: str


@dataclass(frozen=True, kw_only=True)
class Target:
    """One request and what is to become of it.

    `request_id` is empty for a request that is to be created; its title tells which one it is. `expenses` None leaves
    the items as they are; empty strings and None leave the fields as they are. `reason` is what a rejection or
    withdrawal says. `needs_person` says who has to look at it; then it is met by handing it over as it was.
    """

    state: str
    title: str
    request_id: str = ""
    category: str = ""
    currency: str = ""
    cost_center: str = ""
    purpose: str = ""
    attendees: int | None = None
    expenses: tuple[Expense, ...] | None = None
    reason: str = ""
    needs_person: str = ""

    @property
    def label(self) -> str:
        """How results speak of it."""
        return f"{self.request_id or self.title} {self.state}"

    def speaks_of(self, request: Request) -> bool:
        """Whether the request is this target's."""
        return request.id == self.request_id if self.request_id else request.title == self.title

    def met(self, request: Request) -> bool:
        """Whether the request is as it is to be."""
        stated = (
            (self.category, request.category),
            (self.currency, request.currency),
            (self.cost_center, request.cost_center),
            (self.purpose, request.purpose),
            (self.attendees, request.attendees),
        )
        if request.state != self.state or any(wanted and wanted != given for wanted, given in stated):
            return False
        if any(item.receipt is not None and item.receipt.cents != item.cents for item in request.items):
            return False
        if self.expenses is None:
            return True
        wanted_items = Counter((e.description, e.cents, e.date) for e in self.expenses)
        return wanted_items == Counter((item.description, item.cents, item.date) for item in request.items)


@dataclass(frozen=True, kw_only=True)
class Goal:
    """Every target has to be met, or handed over after the policy denied a call on it; nothing else may be changed."""

    targets: tuple[Target, ...]
