"""What each tool does, once it is known to be applicable. Each returns what the tool shows, as fresh JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bridle.environments.enterprise.expense.books import Books
from bridle.environments.enterprise.expense.request import Request
from bridle.harness import JSON

Arguments = Mapping[str, Any]


def cents(amount: float) -> int | None:
    """An amount in cents; None where it has more than two decimals."""
    whole = round(amount * 100)
    return whole if abs(amount * 100 - whole) < 1e-6 else None


def _shown(request: Request, **more: JSON) -> JSON:
    return {"request": request.snapshot(), **more}


def _changed(request: Request, **more: JSON) -> JSON:
    request.version += 1
    return _shown(request, **more)


def _list_requests(books: Books, arguments: Arguments) -> JSON:
    """References only: a request is shown by opening it."""
    state = arguments.get("state")
    found = [request for request in books.requests.values() if state in (None, request.state)]
    books.named.update(request.id for request in found)
    return {"requests": [{"request_id": r.id, "title": r.title, "state": r.state} for r in found]}


def _get_request(books: Books, arguments: Arguments) -> JSON:
    return _shown(books.requests[arguments["request_id"]])


def _list_receipts(books: Books, arguments: Arguments) -> JSON:
    return {"receipts": [receipt.snapshot() for receipt in books.receipts.values()]}


def _get_category(books: Books, arguments: Arguments) -> JSON:
    category = books.rules[arguments["category"]]
    return {
        "category": arguments["category"],
        "receipt_from_eur": category.receipt_from / 100,
        "needs": list(category.needs),
        "path": [{"level": level, "from_eur": threshold / 100} for level, threshold in category.path],
    }


def _create_request(books: Books, arguments: Arguments) -> JSON:
    return _shown(books.create(**arguments))


def _add_item(books: Books, arguments: Arguments) -> JSON:
    request = books.requests[arguments["request_id"]]
    amount = cents(arguments["amount"])
    assert amount is not None
    books.add_item(request, description=arguments["description"], cents=amount, date=arguments["date"])
    return _changed(request)


def _remove_item(books: Books, arguments: Arguments) -> JSON:
    item = books.items[arguments["item_id"]]
    item.removed = True
    item.request.items.remove(item)
    receipt, item.receipt = item.receipt, None
    if receipt is None:
        return _changed(item.request, removed=item.snapshot())
    receipt.item = None
    return _changed(item.request, removed=item.snapshot(), receipt=receipt.snapshot())


def _update_request(books: Books, arguments: Arguments) -> JSON:
    request = books.requests[arguments["request_id"]]
    for field in ("purpose", "attendees", "cost_center"):
        if field in arguments:
            setattr(request, field, arguments[field])
    return _changed(request)


def _attach_receipt(books: Books, arguments: Arguments) -> JSON:
    item, receipt = books.items[arguments["item_id"]], books.receipts[arguments["receipt_id"]]
    item.receipt, receipt.item = receipt, item
    return _changed(item.request)


def _detach_receipt(books: Books, arguments: Arguments) -> JSON:
    receipt = books.receipts[arguments["receipt_id"]]
    item, receipt.item = receipt.item, None
    assert item is not None
    item.receipt = None
    return _changed(item.request, receipt=receipt.snapshot())


def _pulling(trigger: str) -> Callable[[Books, Arguments], JSON]:
    """A tool that moves a request along its life and does nothing else."""

    def operation(books: Books, arguments: Arguments) -> JSON:
        request = books.requests[arguments["request_id"]]
        books.lifecycle.pull(request, trigger)
        return _changed(request)

    return operation


def _reopen_request(books: Books, arguments: Arguments) -> JSON:
    request = books.requests[arguments["request_id"]]
    books.lifecycle.pull(request, "reopen")
    request.review_level = None
    return _changed(request)


def _start_review(books: Books, arguments: Arguments) -> JSON:
    request = books.requests[arguments["request_id"]]
    books.lifecycle.pull(request, "start_review")
    request.review_level = request.rules[request.category].path[0][0]
    return _changed(request)


def _escalate_request(books: Books, arguments: Arguments) -> JSON:
    request = books.requests[arguments["request_id"]]
    books.lifecycle.pull(request, "escalate", to=arguments["to"])
    request.review_level = arguments["to"]
    return _changed(request)


def _confirm_payee(books: Books, arguments: Arguments) -> JSON:
    request = books.requests[arguments["request_id"]]
    request.payee_confirmed = True
    return _changed(request)


def _reimburse_request(books: Books, arguments: Arguments) -> JSON:
    """Pay; a key that was used before pays nothing again."""
    request, key = books.requests[arguments["request_id"]], arguments.get("payment_key")
    if key in books.payments:
        return _shown(request)
    amount = cents(arguments["amount"])
    assert amount is not None
    books.lifecycle.pull(request, "reimburse", cents=amount)
    request.paid += amount
    if key is not None:
        books.payments.add(key)
    return _changed(request)


def _hand_over(books: Books, arguments: Arguments) -> JSON:
    request = books.requests[arguments["request_id"]]
    request.handed_over = True
    return _changed(request)


OPERATIONS: Mapping[str, Callable[[Books, Arguments], JSON]] = {
    "list_requests": _list_requests,
    "get_request": _get_request,
    "list_receipts": _list_receipts,
    "get_category": _get_category,
    "create_request": _create_request,
    "add_item": _add_item,
    "remove_item": _remove_item,
    "update_request": _update_request,
    "attach_receipt": _attach_receipt,
    "detach_receipt": _detach_receipt,
    "submit_request": _pulling("submit"),
    "withdraw_request": _pulling("withdraw"),
    "reopen_request": _reopen_request,
    "start_review": _start_review,
    "escalate_request": _escalate_request,
    "approve_request": _pulling("approve"),
    "reject_request": _pulling("reject"),
    "confirm_payee": _confirm_payee,
    "reimburse_request": _reimburse_request,
    "hand_over": _hand_over,
}
