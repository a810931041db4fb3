"""What somebody who knows the task would do next, seeing only the view: the plan that simulated agents stray from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from bridle.environments.enterprise.expense.goal import Goal, Target
from bridle.environments.enterprise.workflow import ToolCall
from bridle.trace import POLICY_DENIED

View = Mapping[str, Any]

UNSEEN = "REQ-0000"
"""Stands, in later steps of a plan, for the number of a request that does not exist yet."""


class ExpensePlanner:
    """Plans for one goal. Pure: the plan is a function of the view."""

    def __init__(self, goal: Goal) -> None:
        """`goal` is what the task's text says, for a machine."""
        self._goal = goal

    def remaining(self, view: View) -> list[ToolCall]:
        """The calls that are left, as far as they can be foreseen; the first is the one to make now."""
        denied = [call for call in view["calls"] if not call["ok"] and call["error"]["class"] == POLICY_DENIED]
        plan: list[ToolCall] = []
        for target in self._goal.targets:
            steps = list(_steps(target, view))
            refused = bool(steps) and any(_same(steps[0], call) for call in denied)
            if refused or (target.needs_person and not _still_looking(steps, view)):
                steps = list(_hand_over(target, view))
            plan += steps
        return [*plan, _call("finish")]

    def instead(self, view: View) -> ToolCall | None:
        """Where a request is to be handed over now because a person is needed: the step as if nothing contradicted it.

        Where no receipt has an item's amount, that is to attach the one that comes nearest.
        """
        targets = self._goal.targets
        needed = [target for target in targets if target.needs_person]
        if not needed or self.remaining(view)[0]["tool"] != "hand_over":
            return None
        unaware = ExpensePlanner(Goal(targets=tuple(replace(target, needs_person="") for target in targets)))
        call = unaware.remaining(view)[0]
        if call["tool"] == "list_receipts":
            call = _attached_anyhow(needed[0], view) or call
        return None if call["tool"] == "hand_over" else call


def _steps(target: Target, view: View) -> Iterator[ToolCall]:
    """The calls that lead from what is known of the target's request to its state."""
    request = _shown(target, view)
    if request is None:
        yield from _find(target, view)
        request = {"id": target.request_id or UNSEEN, "state": "draft", "items": []}
        if target.request_id:
            return
    if request.get("handed_over"):
        return
    state, identity = request["state"], request["id"]
    if target.state == "submitted":
        yield from _to_submitted(target, request, view)
    elif target.state == "withdrawn":
        if state != "withdrawn":
            yield _call("withdraw_request", request_id=identity, reason=target.reason)
    else:
        yield from _to_decision(target, request)


def _find(target: Target, view: View) -> Iterator[ToolCall]:
    """Open the request; or create it, after a look whether a creation of unknown outcome took effect."""
    if target.request_id:
        yield _call("get_request", request_id=target.request_id)
        return
    tried = [place for place, call in enumerate(view["calls"]) if call["tool"] == "create_request"]
    doubtful = [place for place in tried if _failed(view["calls"][place], "internal")]
    if doubtful:
        later = [call for call in view["calls"][doubtful[-1] :] if call["tool"] == "list_requests" and call["ok"]]
        if not later:
            yield _call("list_requests")
            return
        for reference in later[-1]["result"]["requests"]:
            if reference["title"] == target.title:
                yield _call("get_request", request_id=reference["request_id"])
                return
    if not any(call["tool"] == "get_category" and call["ok"] for call in view["calls"]):
        yield _call("get_category", category=target.category)
    yield _call(
        "create_request",
        title=target.title,
        category=target.category,
        currency=target.currency,
        cost_center=target.cost_center,
    )


def _to_submitted(target: Target, request: Mapping[str, Any], view: View) -> Iterator[ToolCall]:
    identity, state = request["id"], request["state"]
    fields = {
        name: getattr(target, name)
        for name in ("purpose", "attendees", "cost_center")
        if getattr(target, name) and request.get(name) != getattr(target, name)
    }
    surplus, lacking = _items(target, request)
    if state == "submitted":
        if not (fields or surplus or lacking):
            return
        yield _call("withdraw_request", request_id=identity, reason=target.reason or "something in it is wrong")
    if state != "draft":
        yield _call("reopen_request", request_id=identity)
    for item in surplus:
        yield _call("remove_item", item_id=item["id"])
    for description, cents, date in lacking:
        yield _call("add_item", request_id=identity, description=description, amount=cents / 100, date=date)
    yield from _receipts(request, surplus, bool(lacking), view)
    if fields:
        yield _call("update_request", request_id=identity, **fields)
    yield _call("submit_request", request_id=identity)


def _items(target: Target, request: Mapping[str, Any]) -> tuple[list[Mapping[str, Any]], list[tuple[str, int, str]]]:
    """Items that should not be there, and expenses that should."""
    if target.expenses is None:
        return [], []
    wanted = Counter((e.description, e.cents, e.date) for e in target.expenses)
    surplus = []
    for item in request["items"]:
        key = (item["description"], round(item["amount"] * 100), item["date"])
        if wanted[key] > 0:
            wanted[key] -= 1
        else:
            surplus.append(item)
    return surplus, list(wanted.elements())


def _receipts(
    request: Mapping[str, Any], surplus: list[Mapping[str, Any]], more_to_come: bool, view: View
) -> Iterator[ToolCall]:
    """Attach the receipt of the same amount to each item that needs one."""
    open_items = [item for item in _bare(request) if item not in surplus]
    if not open_items and not more_to_come:
        return
    inbox = _inbox(view)
    listed = any(call["tool"] == "list_receipts" and call["ok"] for call in view["calls"])
    if not listed or (open_items and not all(_matching(item, inbox) for item in open_items)):
        yield _call("list_receipts")
    for item in open_items:
        for receipt in _matching(item, inbox):
            inbox.remove(receipt)
            yield _call("attach_receipt", item_id=item["id"], receipt_id=receipt["id"])
            break


def _attached_anyhow(target: Target, view: View) -> ToolCall | None:
    """The nearest receipt for an item that needs one, whatever its amount; the draft handed in where there is none."""
    request = _shown(target, view)
    if request is None or not _bare(request):
        return None
    item, inbox = _bare(request)[0], _inbox(view)
    if not inbox:
        return _call("submit_request", request_id=request["id"])
    nearest = min(inbox, key=lambda receipt: abs(float(receipt["amount"]) - float(item["amount"])))
    return _call("attach_receipt", item_id=item["id"], receipt_id=nearest["id"])


def _bare(request: Mapping[str, Any]) -> list[Any]:
    """The items that need a receipt and have none."""
    return [item for item in request["items"] if item["receipt_needed"] and item["receipt"] is None]


def _inbox(view: View) -> list[Any]:
    """The receipts that no item has, as last seen."""
    return [thing for thing in view["resources"].values() if "merchant" in thing and thing["status"] == "unattached"]


def _matching(item: Mapping[str, Any], inbox: list[Any]) -> list[Any]:
    return [receipt for receipt in inbox if receipt["amount"] == item["amount"]]


def _to_decision(target: Target, request: Mapping[str, Any]) -> Iterator[ToolCall]:
    """Review, then rejection; or approval, at the level that decides it, and payment."""
    identity, state = request["id"], request["state"]
    if state == target.state:
        return
    if state == "submitted":
        yield _call("start_review", request_id=identity)
    if state in ("submitted", "in_review"):
        if target.state == "rejected":
            yield _call("reject_request", request_id=identity, reason=target.reason)
            return
        if request["next_level"] is not None:
            reason = f"{request['total_eur']:.2f} EUR need this level"
            yield _call("escalate_request", request_id=identity, to=request["next_level"], reason=reason)
        yield _call("approve_request", request_id=identity)
    if target.state == "reimbursed":
        if not request["payee_confirmed"]:
            yield _call("confirm_payee", request_id=identity)
        amount = request["outstanding_eur"]
        yield _call("reimburse_request", request_id=identity, amount=amount, method="bank_transfer")


def _still_looking(steps: list[ToolCall], view: View) -> bool:
    """Whether the next step is still one by which it turns out that a person is needed."""
    tool = steps[0]["tool"] if steps else ""
    if tool == "list_receipts":
        return not any(call["tool"] == tool and call["ok"] for call in view["calls"])
    return tool in ("list_requests", "get_request", "get_category", "create_request", "add_item")


def _hand_over(target: Target, view: View) -> Iterator[ToolCall]:
    """Leave the request to a colleague, once."""
    request = _shown(target, view)
    if request is not None and not request["handed_over"]:
        yield _call("hand_over", request_id=request["id"], reason="I am not permitted to do the next step")


def _shown(target: Target, view: View) -> Mapping[str, Any] | None:
    """The target's request as last seen."""
    if target.request_id:
        shown: Mapping[str, Any] | None = view["resources"].get(target.request_id)
        return shown
    titled = [thing for thing in view["resources"].values() if thing.get("title") == target.title]
    return titled[0] if titled else None


def _same(step: ToolCall, call: Mapping[str, Any]) -> bool:
    return bool(step["tool"] == call["tool"] and step["arguments"] == call["arguments"])


def _failed(call: Mapping[str, Any], error_class: str) -> bool:
    return not call["ok"] and call["error"]["class"] == error_class


def _call(tool: str, **arguments: Any) -> ToolCall:
    return {"tool": tool, "arguments": arguments}
