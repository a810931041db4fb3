"""Whose rights a nominal start needs under the strict policy, where its subject's own do not do. For figures only."""

from __future__ import annotations

from bridle.environments.enterprise.routing import Need
from bridle.environments.enterprise.support.draft import Start

_DISPATCH = ("intake", "dispatch", "rework", "duplicate")


def need(journey: str, start: Start) -> Need | None:
    """Who is needed besides the subject to do the task under the strict policy."""
    subject, target = start.subject, start.goal.targets[0]
    ticket = start.desk.tickets[target.ticket_id]
    if journey in _DISPATCH:
        return None if subject["parents"][0]["id"] == "dispatcher" else Need("team_lead", "authority")
    if ticket.assignee != subject["id"]:
        return Need("team_lead", "authority")
    if target.pay and (target.refund or 0) > subject["properties"]["payment_cents"]:
        return Need("finance_desk", "authority")
    return None
