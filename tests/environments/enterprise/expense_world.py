"""Helpers of the expense tests: a hand-made start, and a checker that knows the rules but sees only the view."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import jsonschema

from bridle.environment import Step
from bridle.environments.enterprise.expense.books import Books
from bridle.environments.enterprise.expense.goal import Goal, Target
from bridle.environments.enterprise.expense.ledger import Ledger
from bridle.environments.enterprise.expense.request import CATEGORIES, Item, Receipt, Request
from bridle.environments.enterprise.expense.tools import FINISH, TOOLS
from bridle.environments.enterprise.workflow import Allowance, Case, Mishaps, WorkflowEpisode, Workplace

WORKPLACE = Workplace(TOOLS)
NO_MISHAPS = Mishaps(transient=0.0, internal=0.0)


def request(
    state: str = "draft", *, category: str = "software", currency: str = "EUR", cents: int = 9000, **fields: Any
) -> Request:
    """`REQ-1000`, complete, with one item and its receipt."""
    made = Request(
        id="REQ-1000",
        owner="EMP-1",
        title="Licences",
        category=category,
        currency=currency,
        cost_center="CC-100",
        initial=state,
        **fields,
    )
    if state == "in_review":
        made.review_level = CATEGORIES[category].path[0][0]
    item = Item(id="ITM-2000", request=made, description="licence", cents=cents, date="2025-03-01")
    item.receipt = Receipt(id="RCT-3000", merchant="Shop", cents=cents, date="2025-03-01", item=item)
    made.items.append(item)
    return made


def episode(
    *requests: Request,
    goal: Target | None = None,
    turns: int = 50,
    invalid: int = 50,
    mishaps: Mishaps = NO_MISHAPS,
    opened: bool = True,
    seed: int = 1,
) -> WorkflowEpisode:
    """An episode over these requests and an inbox with `RCT-3001`, with everything already shown where `opened`."""
    inbox = [Receipt(id="RCT-3001", merchant="Shop", cents=9000, date="2025-03-01")]
    target = goal or Target(state="reimbursed", title="Licences", request_id="REQ-1000")
    case = Case(
        task="Do it.",
        me="me-0",
        subject={"type": "Employee", "id": "EMP-9"},
        system=Ledger(Books(actor="EMP-9", requests=requests, inbox=inbox), Goal(targets=(target,))),
        allowance=Allowance(turns=turns, invalid=invalid),
        mishaps=mishaps,
        finish=FINISH,
        seed=seed,
    )
    made = WorkflowEpisode(case, WORKPLACE)
    if opened:
        for one in requests:
            call(made, "get_request", request_id=one.id)
        call(made, "list_receipts")
    return made


def call(made: WorkflowEpisode, tool: str, **arguments: Any) -> Step:
    """Make one call."""
    return made.step({"tool": tool, "arguments": arguments})


_STATES: Mapping[str, tuple[str, ...]] = {
    "add_item": ("draft",),
    "update_request": ("draft",),
    "submit_request": ("draft",),
    "withdraw_request": ("draft", "submitted", "in_review"),
    "reopen_request": ("rejected", "withdrawn"),
    "start_review": ("submitted",),
    "escalate_request": ("in_review",),
    "approve_request": ("in_review",),
    "reject_request": ("in_review",),
    "confirm_payee": ("approved",),
    "reimburse_request": ("approved",),
}


def looks_applicable(view: Mapping[str, Any], action: Any) -> bool:
    """What somebody who knows every rule of the expense system can say of a call from the view alone."""
    if not isinstance(action, dict) or set(action) != {"tool", "arguments"} or action["tool"] not in view["tools"]:
        return False
    tool, arguments = action["tool"], action["arguments"]
    if not jsonschema.Draft202012Validator(view["tools"][tool]["schema"]).is_valid(arguments):
        return False
    if tool == "get_request":
        return arguments["request_id"] in set(_named(view))
    known = view["resources"]
    if any(arguments[key] not in known for key in ("request_id", "item_id", "receipt_id") if key in arguments):
        return False
    if tool == "attach_receipt":
        receipt = known[arguments["receipt_id"]]
        return bool(known[arguments["item_id"]]["status"] == "open" and receipt["status"] == "unattached")
    if tool == "remove_item":
        return known[arguments["item_id"]]["status"] in ("open", "receipted")
    if tool == "detach_receipt":
        return bool(known[arguments["receipt_id"]]["status"] == "attached")
    if tool not in _STATES:
        return True
    seen = known[arguments["request_id"]]
    return seen["state"] in _STATES[tool] and _ready(tool, seen, arguments)


def _ready(tool: str, seen: Mapping[str, Any], arguments: Mapping[str, Any]) -> bool:
    if tool == "submit_request":
        return bool(seen["ready"])
    if tool == "escalate_request":
        return bool(arguments["to"] == seen["next_level"])
    if tool == "approve_request":
        return bool(seen["routing"] == "settled")
    if tool == "reimburse_request":
        return bool(seen["payee_confirmed"] and arguments["amount"] <= seen["outstanding_eur"])
    return True


def _named(view: Mapping[str, Any]) -> Iterator[str]:
    """Request numbers that the task, a list or an opened request speaks of."""
    yield from (word.strip(".,:;()") for word in view["task"].split())
    yield from view["resources"]
    for made in view["calls"]:
        if made["tool"] == "list_requests" and made["ok"]:
            yield from (reference["request_id"] for reference in made["result"]["requests"])
