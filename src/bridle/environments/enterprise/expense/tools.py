"""The tools of the expense system, with their argument schemas and their effects."""

from __future__ import annotations

from typing import Any

from bridle.environments.enterprise.expense.request import CATEGORIES, CURRENCIES, LEVELS, STATES
from bridle.environments.enterprise.schemas import closed
from bridle.trace import Tool, ToolEffect

COST_CENTERS = ("CC-100", "CC-200", "CC-300")
METHODS = ("payroll", "bank_transfer", "company_card")
READ, IDEMPOTENT = ToolEffect.READ_ONLY, ToolEffect.IDEMPOTENT
REVERSIBLE, IRREVERSIBLE = ToolEffect.REVERSIBLE, ToolEffect.IRREVERSIBLE

_TEXT = {"type": "string", "minLength": 1, "maxLength": 200}
_REASON = {"type": "string", "minLength": 8, "maxLength": 200}
_REQUEST = {"type": "string", "pattern": "^REQ-[0-9]{4}$"}
_ITEM = {"type": "string", "pattern": "^ITM-[0-9]{4}$"}
_RECEIPT = {"type": "string", "pattern": "^RCT-[0-9]{4}$"}
_DATE = {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}
_AMOUNT = {"type": "number", "exclusiveMinimum": 0, "maximum": 100000}


def _tool(
    name: str, description: str, effect: ToolEffect, schema: dict[str, Any], *, undo: str | None = None, key: str = ""
) -> Tool:
    return Tool(
        name=name,
        description=description,
        schema=schema,
        effect=effect,
        compensation=undo,
        idempotency_key=key or None,
    )


_ON_REQUEST = closed({"request_id": _REQUEST})

FINISH = _tool(
    "finish", "End the task; nothing can be done after it.", IRREVERSIBLE, closed({}, {"note": {"type": "string"}})
)

TOOLS: tuple[Tool, ...] = (
    _tool(
        "list_requests",
        "Numbers, titles and states of the requests in this workplace.",
        READ,
        closed({}, {"state": {"enum": list(STATES)}}),
    ),
    _tool("get_request", "Open a request and show it in full.", READ, _ON_REQUEST),
    _tool("list_receipts", "The receipts in the inbox.", READ, closed({})),
    _tool(
        "get_category",
        "What a category asks for, and who decides it.",
        READ,
        closed({"category": {"enum": list(CATEGORIES)}}),
    ),
    _tool(
        "create_request",
        "Start a draft.",
        REVERSIBLE,
        closed(
            {
                "title": _TEXT,
                "category": {"enum": list(CATEGORIES)},
                "currency": {"enum": list(CURRENCIES)},
                "cost_center": {"enum": list(COST_CENTERS)},
            }
        ),
        undo="withdraw_request",
    ),
    _tool(
        "add_item",
        "Add an expense to a draft, in the request's currency.",
        REVERSIBLE,
        closed({"request_id": _REQUEST, "description": _TEXT, "amount": _AMOUNT, "date": _DATE}),
        undo="remove_item",
    ),
    _tool("remove_item", "Take an expense out of a draft.", IDEMPOTENT, closed({"item_id": _ITEM})),
    _tool(
        "update_request",
        "State purpose, attendees or cost center of a draft.",
        IDEMPOTENT,
        closed(
            {"request_id": _REQUEST},
            {
                "purpose": _TEXT,
                "attendees": {"type": "integer", "minimum": 1, "maximum": 500},
                "cost_center": {"enum": list(COST_CENTERS)},
            },
        ),
    ),
    _tool(
        "attach_receipt",
        "Attach a receipt from the inbox to an open item.",
        REVERSIBLE,
        closed({"item_id": _ITEM, "receipt_id": _RECEIPT}),
        undo="detach_receipt",
    ),
    _tool(
        "detach_receipt",
        "Put an attached receipt back into the inbox.",
        REVERSIBLE,
        closed({"receipt_id": _RECEIPT}),
        undo="attach_receipt",
    ),
    _tool("submit_request", "Hand a complete draft in.", REVERSIBLE, _ON_REQUEST, undo="withdraw_request"),
    _tool(
        "withdraw_request",
        "Take a request back that is not decided yet.",
        REVERSIBLE,
        closed({"request_id": _REQUEST, "reason": _REASON}),
        undo="reopen_request",
    ),
    _tool(
        "reopen_request",
        "Make a rejected or withdrawn request a draft again.",
        REVERSIBLE,
        _ON_REQUEST,
        undo="withdraw_request",
    ),
    _tool("start_review", "Take a submitted request into review.", IDEMPOTENT, _ON_REQUEST),
    _tool(
        "escalate_request",
        "Pass a request in review on to the next level of its path.",
        IRREVERSIBLE,
        closed({"request_id": _REQUEST, "to": {"enum": list(LEVELS)}, "reason": _REASON}),
    ),
    _tool(
        "approve_request",
        "Approve a request that is in review at the level that decides it.",
        IRREVERSIBLE,
        closed({"request_id": _REQUEST}, {"comment": _TEXT}),
    ),
    _tool(
        "reject_request",
        "Reject a request in review.",
        REVERSIBLE,
        closed({"request_id": _REQUEST, "reason": _REASON}),
        undo="reopen_request",
    ),
    _tool("confirm_payee", "Confirm the payment details of an approved request.", IDEMPOTENT, _ON_REQUEST),
    _tool(
        "reimburse_request",
        "Pay an approved request, in euro, in whole or in part.",
        IRREVERSIBLE,
        closed({"request_id": _REQUEST, "amount": _AMOUNT, "method": {"enum": list(METHODS)}}, {"payment_key": _TEXT}),
        key="payment_key",
    ),
    _tool(
        "hand_over",
        "Leave a request to a colleague, for instance because you are not permitted a step.",
        IDEMPOTENT,
        closed({"request_id": _REQUEST, "reason": _REASON}),
    ),
    FINISH,
)
