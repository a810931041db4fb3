"""The expense system: which call is applicable in the present state of the books. Implements `System`."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from bridle.environment import Truth
from bridle.environments.enterprise.existence import unfounded
from bridle.environments.enterprise.expense.books import Books
from bridle.environments.enterprise.expense.candidates import candidates
from bridle.environments.enterprise.expense.goal import Goal, Target
from bridle.environments.enterprise.expense.operations import OPERATIONS, cents
from bridle.environments.enterprise.expense.request import Request
from bridle.environments.enterprise.routing import Routing
from bridle.environments.enterprise.workflow import ToolCall
from bridle.harness import JSON, Action
from bridle.trace import parts

FINE = Truth(True)

TRIGGERS: Mapping[str, str] = {
    "add_item": "edit",
    "update_request": "edit",
    "submit_request": "submit",
    "withdraw_request": "withdraw",
    "reopen_request": "reopen",
    "start_review": "start_review",
    "escalate_request": "escalate",
    "approve_request": "approve",
    "reject_request": "reject",
    "confirm_payee": "confirm_payee",
    "reimburse_request": "reimburse",
}
"""The trigger in a request's life that a tool needs to be possible."""

NEEDED: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "remove_item": {"item_id": ("open", "receipted")},
    "attach_receipt": {"item_id": ("open",), "receipt_id": ("unattached",)},
    "detach_receipt": {"receipt_id": ("attached",)},
}
"""The status that a tool needs of the items and receipts it names."""


class Ledger:
    """The books, their rules, and the goal of the task at hand."""

    def __init__(self, books: Books, goal: Goal, *, needed: str = "") -> None:
        """`goal` is looked at by `achieved`, and its requests are those that the task names.

        `needed` is whom the case needs besides its subject, for figures.
        """
        self.books, self._goal, self._needed = books, goal, needed
        books.named.update(target.request_id for target in goal.targets if target.request_id)
        self._before = {request.id: request.version for request in books.requests.values()}

    def check(self, tool: str, arguments: Mapping[str, Any], known: Mapping[str, Any]) -> Truth:
        """Existence, then whether this session was shown the thing, then its state, then preconditions."""
        books, seeing = self.books, tool == "get_request"
        named = (
            ("request_id", books.requests, "" if seeing else "get_request"),
            ("item_id", books.items, "get_request"),
            ("receipt_id", books.receipts, "list_receipts"),
        )
        if (error := unfounded(arguments, named, known)) is not None:
            return error
        for argument, statuses in NEEDED.get(tool, {}).items():
            status = self._status(arguments[argument])
            if status not in statuses:
                sentence = f"{arguments[argument]} is {status}; {tool} needs it {' or '.join(statuses)}."
                return Truth(False, sentence, "state_conflict")
        return self._transition(tool, arguments)

    def apply(self, tool: str, arguments: Mapping[str, Any]) -> JSON:
        """Carry out an applicable call; every write counts up the version of its request."""
        return OPERATIONS[tool](self.books, arguments)

    def candidates(self, rng: random.Random) -> list[ToolCall]:
        """For every tool a few calls on things that exist, of the requests those that the session has heard of."""
        return candidates(self.books, rng)

    def achieved(self, denied: Sequence[Action]) -> dict[str, bool]:
        """Each target, and `others`: nothing was changed that the task does not speak of, and nothing made twice."""
        arguments = [given for call in denied if isinstance(given := parts(call)[1], dict)]
        blocked = {request.id for given in arguments if (request := self.books.subject_of(given)) is not None}
        found: dict[str, bool] = {}
        spoken_of: set[str] = set()
        for target in self._goal.targets:
            fitting = [request for request in self.books.requests.values() if target.speaks_of(request)]
            live = [r for r in fitting if r.state != "withdrawn" or target.state == "withdrawn"]
            spoken_of.update(request.id for request in fitting)
            found[target.label] = len(live) == 1 and self._done(target, live[0], blocked)
        others = [request for request in self.books.requests.values() if request.id not in spoken_of]
        found["others"] = all(request.version == self._before.get(request.id) for request in others)
        return found

    def properties(self, kind: str, identity: str) -> tuple[dict[str, Any], int | None]:
        """What a policy may read of a request, or of the request that an item or receipt belongs to."""
        if kind == "Workplace":
            return {}, None
        request = self.books.request_of(identity)
        if request is None:
            return {"known": identity in self.books.receipts}, None
        return {
            "known": True,
            "owner": {"__entity": {"type": "Employee", "id": request.owner}},
            "total_cents": request.euro(request.total),
            "paid_cents": request.paid,
        }, request.version

    def routing(self, tool: str, arguments: Mapping[str, Any]) -> Routing | None:
        """Escalations, by level; and requests that are handed over: to a colleague, so to whoever is needed."""
        request = self.books.requests.get(arguments.get("request_id", ""))
        if request is None or tool not in ("escalate_request", "hand_over"):
            return None
        if tool == "escalate_request":
            return Routing(request.id, arguments["to"], request.next_level or "")
        return Routing(request.id, self._needed, self._needed, person=True)

    def shown(self, identity: str) -> JSON:
        """As a tool that works on the request shows it."""
        return {"request": self.books.requests[identity].snapshot()}

    def state_of(self, identity: str) -> str:
        """The request's state, empty where there is none."""
        return self.books.requests[identity].state if identity in self.books.requests else ""

    def touch(self, identity: str) -> None:
        """Count up the request's version."""
        self.books.requests[identity].version += 1

    def _done(self, target: Target, request: Request, blocked: AbstractSet[str]) -> bool:
        """As it is to be; or handed over, where that is what had to be done."""
        if target.needs_person:
            return request.handed_over and request.state == request.initial
        return target.met(request) or (request.handed_over and request.id in blocked)

    def _status(self, identity: str) -> str:
        item = self.books.items.get(identity)
        return item.status if item is not None else self.books.receipts[identity].status

    def _transition(self, tool: str, arguments: Mapping[str, Any]) -> Truth:
        amount = None
        if "amount" in arguments and (amount := cents(arguments["amount"])) is None:
            return Truth(False, f"amount: {arguments['amount']!r} has more than two decimals.", "schema")
        trigger = TRIGGERS.get(tool)
        if trigger is None or arguments.get("payment_key") in self.books.payments:
            return FINE
        request = self.books.requests[arguments["request_id"]]
        return self.books.lifecycle.check(request, trigger, to=arguments.get("to"), cents=amount)
