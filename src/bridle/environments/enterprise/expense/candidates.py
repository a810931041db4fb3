"""Plausible calls on the present books, applicable or not: the raw material of legal and foreign actions."""

from __future__ import annotations

import random
from typing import Any

from bridle.environments.enterprise.expense.books import Books
from bridle.environments.enterprise.expense.request import CATEGORIES, CURRENCIES, LEVELS, STATES, Request
from bridle.environments.enterprise.expense.tools import COST_CENTERS, METHODS
from bridle.environments.enterprise.workflow import ToolCall

PLAIN = (
    "get_request",
    "submit_request",
    "reopen_request",
    "start_review",
    "approve_request",
    "confirm_payee",
)
"""Tools that take a request and nothing else."""

REASONED = ("withdraw_request", "reject_request", "hand_over")
REASONS = ("entered twice by mistake", "a receipt does not match", "not mine to decide", "the trip was cancelled")


def candidates(books: Books, rng: random.Random) -> list[ToolCall]:
    """Every tool on every request that was named; receipts and items in a few pairs."""
    found = [
        _call("list_requests"),
        _call("list_requests", state=rng.choice(STATES)),
        _call("list_receipts"),
        _call("get_category", category=rng.choice(list(CATEGORIES))),
        _call(
            "create_request",
            title=f"Visit {rng.randint(10, 99)}",
            category=rng.choice(list(CATEGORIES)),
            currency=rng.choice(list(CURRENCIES)),
            cost_center=rng.choice(COST_CENTERS),
        ),
    ]
    for request in books.requests.values():
        if request.id in books.named:
            found += _on_request(request, rng)
    items, receipts = list(books.items), list(books.receipts)
    found += [_call("remove_item", item_id=item) for item in rng.sample(items, min(3, len(items)))]
    found += [_call("detach_receipt", receipt_id=receipt) for receipt in rng.sample(receipts, min(2, len(receipts)))]
    if receipts:
        pairs = [(item, rng.choice(receipts)) for item in rng.sample(items, min(4, len(items)))]
        found += [_call("attach_receipt", item_id=item, receipt_id=receipt) for item, receipt in pairs]
    return found


def _on_request(request: Request, rng: random.Random) -> list[ToolCall]:
    identity = request.id
    outstanding = max(request.outstanding, 100)
    amount = rng.choice((outstanding, outstanding, outstanding // 2, outstanding + 1000)) / 100
    found = [_call(tool, request_id=identity) for tool in PLAIN]
    found += [_call(tool, request_id=identity, reason=rng.choice(REASONS)) for tool in REASONED]
    found += [
        _call(
            "add_item",
            request_id=identity,
            description=rng.choice(("taxi", "breakfast", "adapter")),
            amount=rng.randint(200, 9000) / 100,
            date=f"2025-03-{rng.randint(10, 28)}",
        ),
        _call("update_request", request_id=identity, purpose="client visit"),
        _call("update_request", request_id=identity, attendees=rng.randint(2, 9)),
        _call("reimburse_request", request_id=identity, amount=amount, method=rng.choice(METHODS)),
    ]
    for level in {request.next_level or rng.choice(LEVELS): None, rng.choice(LEVELS): None}:
        found.append(_call("escalate_request", request_id=identity, to=level, reason="above the threshold"))
    return found


def _call(tool: str, **arguments: Any) -> ToolCall:
    return {"tool": tool, "arguments": arguments}
