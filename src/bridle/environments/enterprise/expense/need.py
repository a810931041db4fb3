"""Whose rights a nominal start needs under the strict policy, where its subject's own do not do. For figures only."""

from __future__ import annotations

from bridle.environments.enterprise.expense.journeys import Start
from bridle.environments.enterprise.routing import Need

_OWNERS = ("complete", "correct", "recall", "cancel")
_DECIDERS = ("approve", "approve-and-pay", "desk")


def need(journey: str, start: Start) -> Need | None:
    """Who is needed besides the subject to do the task under the strict policy."""
    target, subject = start.goal.targets[0], start.subject
    if not target.request_id:
        return None
    request = start.books.requests[target.request_id]
    mine, total = request.owner == subject["id"], request.euro(request.total)
    role, limits = subject["parents"][0]["id"], subject["properties"]
    if journey in _OWNERS:
        return None if mine else Need("owner", "authority")
    if journey in _DECIDERS and (mine or total > limits["limit_cents"]):
        return Need("reviewer", "authority")
    if journey == "reject" and role == "employee":
        return Need("reviewer", "authority")
    if journey == "pay" and (mine or total > limits["payment_cents"]):
        return Need("payer", "authority")
    return None
