"""The records of the expense system: who owns what, and where to find it. No rule is here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from bridle.environments.enterprise.expense.request import CATEGORIES, Category, Item, Receipt, Request, lifecycle
from bridle.environments.enterprise.lifecycle import Lifecycle

FIRST = {"REQ": 1001, "ITM": 2001, "RCT": 3001}


class Books:
    """Requests, items and receipts, by id."""

    def __init__(self, *, actor: str, requests: Sequence[Request], inbox: Sequence[Receipt]) -> None:
        """`actor` owns what is created in this session; `inbox` holds the receipts that no item has yet.

        `named` are the requests that the session has heard of.
        """
        self.actor = actor
        self.requests = {request.id: request for request in requests}
        self.items = {item.id: item for request in requests for item in request.items}
        attached = [item.receipt for item in self.items.values() if item.receipt is not None]
        self.receipts = {receipt.id: receipt for receipt in (*attached, *inbox)}
        self.payments: set[str] = set()
        self.named: set[str] = set()
        self.rules: Mapping[str, Category] = CATEGORIES

    def govern(self, rules: Mapping[str, Category]) -> None:
        """From now on categories ask for this."""
        self.rules = rules
        for request in self.requests.values():
            request.rules = rules

    @cached_property
    def lifecycle(self) -> Lifecycle[Request]:
        """The state machine that drives the requests; made when it is first needed."""
        return lifecycle()

    def request_of(self, identity: str) -> Request | None:
        """The request that an id is about: its own, its item's, or that of the item its receipt is attached to."""
        item = self.items.get(identity)
        receipt = self.receipts.get(identity)
        if receipt is not None:
            item = receipt.item
        return item.request if item is not None else self.requests.get(identity)

    def subject_of(self, arguments: Mapping[str, Any]) -> Request | None:
        """The request that a call's arguments are about; None where they name none."""
        for argument in ("request_id", "item_id", "receipt_id"):
            identity = arguments.get(argument)
            if isinstance(identity, str) and (request := self.request_of(identity)) is not None:
                return request
        return None

    def number(self, kind: str, taken: Mapping[str, Any]) -> str:
        """The next free id of a kind (`REQ`, `ITM`)."""
        highest = max((int(identity[4:]) for identity in taken), default=FIRST[kind] - 1)
        return f"{kind}-{highest + 1:04}"

    def create(self, **fields: Any) -> Request:
        """A new draft of the actor's."""
        request = Request(id=self.number("REQ", self.requests), owner=self.actor, rules=self.rules, **fields)
        self.requests[request.id] = request
        self.named.add(request.id)
        return request

    def add_item(self, request: Request, *, description: str, cents: int, date: str) -> Item:
        """A new item of a request."""
        item = Item(id=self.number("ITM", self.items), request=request, description=description, cents=cents, date=date)
        self.items[item.id] = item
        request.items.append(item)
        return item
