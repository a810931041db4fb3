"""What the expense system's vendor changes: each a named mutation."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bridle.environments.enterprise.existence import MISSING, UNSHOWN
from bridle.environments.enterprise.expense.ledger import Ledger
from bridle.environments.enterprise.expense.request import CATEGORIES, Category
from bridle.environments.enterprise.expense.tools import TOOLS
from bridle.environments.enterprise.inserted import StateInserted, like
from bridle.environments.enterprise.mutations import (
    ArgumentRenamed,
    ArgumentRequired,
    FieldRenamed,
    Moved,
    Reformatted,
    Reworded,
    by_name,
)

_BY_NAME = {tool.name: tool for tool in TOOLS}


def moved(category: Category) -> Category:
    """A category whose higher levels are needed from half the total, and receipts from twice the amount."""
    path = tuple((level, threshold // 2) for level, threshold in category.path)
    return replace(category, receipt_from=2 * category.receipt_from, path=path)


def _move(ledger: Ledger) -> None:
    ledger.books.govern({name: moved(category) for name, category in CATEGORIES.items()})


def _money(amount: float) -> str:
    return f"EUR {amount:,.2f}"


def _amount(text: Any) -> Any:
    return float(text.removeprefix("EUR ").replace(",", "")) if isinstance(text, str) else text


def _german(date: str) -> str:
    return ".".join(reversed(date.split("-")))


def _iso(date: str) -> str:
    return "-".join(reversed(date.split(".")))


MUTATIONS = by_name(
    ArgumentRenamed(
        summary="Tools name the request by `request`, no longer by `request_id`.",
        argument="request_id",
        to="request",
    ),
    FieldRenamed(
        summary="Requests show `review_route`, no longer `routing`.",
        field_name="routing",
        to="review_route",
    ),
    ArgumentRequired(
        summary="`submit_request` asks for a `declaration`.",
        tool="submit_request",
        argument="declaration",
        schema={"enum": ["business", "mixed"]},
        value="business",
    ),
    StateInserted(
        summary="A submitted request has to be registered before its review starts.",
        turns=3,
        tool=like(
            _BY_NAME["start_review"],
            name="register_request",
            description="Register a submitted request for review.",
        ),
        argument="request_id",
        after="submitted",
        state="registered",
        guarded="start_review",
    ),
    Moved(
        summary="Higher levels are needed from half the total on, receipts from twice the amount on.",
        turns=4,
        move=_move,
    ),
    Reworded(
        wording=(
            (r"^(\S+) is (\w+); (\w+) needs (.+)\.$", r"Cannot \3: current status of \1 is '\2', expected \4."),
            (MISSING, r"Unknown \1 '\2'."),
            (UNSHOWN, r"Stale reference \1, refresh via \2."),
            (r"^(\S+) is not complete: (.+) missing\.$", r"\1 failed validation [\2]."),
        ),
    ),
    Reformatted(
        summary="Amounts are shown as text with their currency, dates day first.",
        fields={
            "amount": (_money, _amount),
            "total_eur": (_money, _amount),
            "outstanding_eur": (_money, _amount),
            "date": (_german, _iso),
        },
    ),
)
