"""What somebody who knows the task would do next, seeing only the view: the plan that simulated agents stray from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from bridle.environments.enterprise.support.goal import Goal, Target
from bridle.environments.enterprise.support.service import STALE
from bridle.environments.enterprise.workflow import ToolCall
from bridle.trace import POLICY_DENIED, resources

View = Mapping[str, Any]

UNSEEN = "RFD-0000"
"""Stands, in later steps of a plan, for the number of a refund that does not exist yet."""


class SupportPlanner:
    """Plans for one goal. Pure: the plan is a function of the view."""

    routes: Mapping[str, str] = MappingProxyType({"route_ticket": "queue", "escalate_ticket": "to", "hand_over": "to"})

    def __init__(self, goal: Goal) -> None:
        """`goal` is what the task's text says, for a machine."""
        self._goal = goal

    def remaining(self, view: View) -> list[ToolCall]:
        """The calls that are left, as far as they can be foreseen; the first is the one to make now."""
        plan: list[ToolCall] = []
        for target in self._goal.targets:
            plan += _plan(target, view)
        return [*plan, _call("finish")]

    def instead(self, view: View) -> ToolCall | None:
        """Where a ticket is to be handed over now because a person is needed: the step as if its notes said nothing."""
        targets = self._goal.targets
        needed = any(target.needs_person for target in targets)
        if not needed or self.remaining(view)[0]["tool"] != "hand_over":
            return None
        unaware = SupportPlanner(Goal(targets=tuple(replace(target, needs_person="") for target in targets)))
        call = unaware.remaining(view)[0]
        return None if call["tool"] == "hand_over" else call


def _plan(target: Target, view: View) -> list[ToolCall]:
    """The steps left for one ticket; or its hand-over, where a step was denied or a person is needed."""
    ticket = view["resources"].get(target.ticket_id)
    if ticket is None or _outdated(target.ticket_id, view):
        return [_call("get_ticket", ticket_id=target.ticket_id)]
    if ticket["handed_over"]:
        return []
    if target.needs_person:
        return [_hand_over(target.ticket_id, target.needs_person, "only you can decide this")]
    steps = list(_steps(target, ticket, view))
    denied = [call for call in view["calls"] if not call["ok"] and call["error"]["class"] == POLICY_DENIED]
    if steps and any(_same(steps[0], call) for call in denied):
        to = "finance_desk" if steps[0]["tool"] == "pay_refund" else "team_lead"
        return [_hand_over(target.ticket_id, to, "I am not permitted to do the next step")]
    return steps


def _steps(target: Target, ticket: View, view: View) -> Iterator[ToolCall]:
    """The calls that lead from what is known of the ticket to its state."""
    if target.into:
        if ticket["state"] == "merged":
            return
        if target.into not in view["resources"]:
            yield _call("get_ticket", ticket_id=target.into)
        yield _call("merge_ticket", ticket_id=target.ticket_id, into_id=target.into)
    elif target.state in ("queued", "assigned"):
        yield from _dispatched(target, ticket)
    elif target.state == "closed":
        if ticket["state"] == "resolved":
            yield _call("close_ticket", ticket_id=target.ticket_id, version=ticket["version"])
    else:
        yield from _worked(target, ticket, view)


def _dispatched(target: Target, ticket: View) -> Iterator[ToolCall]:
    identity, state = target.ticket_id, ticket["state"]
    if state == "new":
        yield _call("triage_ticket", ticket_id=identity, kind=target.kind, priority=target.priority)
    elif target.priority and ticket["priority"] != target.priority:
        yield _call("set_priority", ticket_id=identity, priority=target.priority)
    if state in ("new", "triaged") or (state == "queued" and ticket["queue"] != target.queue):
        yield _call("route_ticket", ticket_id=identity, queue=target.queue)
    if target.assignee and state in ("new", "triaged", "queued"):
        yield _call("assign_ticket", ticket_id=identity, agent_id=target.assignee)


def _worked(target: Target, ticket: View, view: View) -> Iterator[ToolCall]:
    """Investigate, and bring it to its end."""
    identity, state = target.ticket_id, ticket["state"]
    if state == "assigned":
        yield _call("start_investigation", ticket_id=identity)
    unsent = [template for template in target.messages if template not in ticket["sent"]]
    if state == "waiting":
        yield _call("read_reply", ticket_id=identity)
    elif state == "resolved" and unsent:
        yield _call("reopen_ticket", ticket_id=identity)
    elif state in ("escalated", "closed") or (state == "resolved" and not unsent):
        return
    if "ask_details" in unsent:
        yield _call("send_message", ticket_id=identity, template="ask_details", version=ticket["version"])
        yield _call("read_reply", ticket_id=identity)
        unsent.remove("ask_details")
    if ticket["finding"] != target.finding:
        if ticket["evidence"] == "lacking":
            yield _call("gather_evidence", ticket_id=identity, source=target.source)
        yield _call("record_finding", ticket_id=identity, finding=target.finding)
    if target.refund is not None:
        yield from _refunded(target, ticket, view)
    if target.specialist:
        summary = f"found to be {target.finding}"
        yield _call(
            "escalate_ticket", ticket_id=identity, to=target.specialist, summary=summary, version=ticket["version"]
        )
    for template in unsent:
        yield _call("send_message", ticket_id=identity, template=template, version=ticket["version"])
    if target.state == "resolved":
        yield _call("resolve_ticket", ticket_id=identity, outcome=target.outcome, version=ticket["version"])


def _refunded(target: Target, ticket: View, view: View) -> Iterator[ToolCall]:
    """One refund of the right amount, checked, and paid where it is to be."""
    assert target.refund is not None
    identity, refund = target.ticket_id, ticket["refund"]
    if refund is not None and refund["state"] == "paid":
        return
    right = refund is not None and refund["state"] != "cancelled" and round(refund["amount"] * 100) == target.refund
    if not right:
        if refund is not None and refund["state"] != "cancelled":
            yield _call("cancel_refund", refund_id=refund["id"])
        if not ticket["customer_verified"]:
            method = "callback" if ticket["customer_tier"] == "business" else "email_code"
            yield _call("verify_customer", ticket_id=identity, method=method)
        if ticket["order_id"] not in view["resources"]:
            yield _call("get_order", order_id=ticket["order_id"])
        yield _call(
            "request_refund",
            ticket_id=identity,
            order_id=ticket["order_id"],
            amount=target.refund / 100,
            booked_as=ticket["kind"],
        )
        refund = {"id": UNSEEN, "payout": "card", "check": "needed", "state": "requested"}
    if refund["check"] == "needed" or (not target.pay and refund["state"] == "requested"):
        yield _call("check_refund", refund_id=refund["id"])
    if target.pay:
        yield _call("pay_refund", refund_id=refund["id"], method=refund["payout"])


def _outdated(identity: str, view: View) -> bool:
    """Whether a call failed because somebody else wrote on the ticket, which was not read since."""
    for call in reversed(view["calls"]):
        if call["ok"] and identity in resources(call["result"]):
            return False
        if not call["ok"] and call["error"]["class"] == STALE and call["arguments"].get("ticket_id") == identity:
            return True
    return False


def _hand_over(identity: str, to: str, reason: str) -> ToolCall:
    return _call("hand_over", ticket_id=identity, to=to, reason=reason)


def _same(step: ToolCall, call: Mapping[str, Any]) -> bool:
    return bool(step["tool"] == call["tool"] and step["arguments"] == call["arguments"])


def _call(tool: str, **arguments: Any) -> ToolCall:
    return {"tool": tool, "arguments": arguments}
