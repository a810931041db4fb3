"""What the support service's vendor changes: each a named mutation."""

from __future__ import annotations

from typing import Any

from bridle.environments.enterprise.existence import MISSING, UNSHOWN
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
from bridle.environments.enterprise.support.service import Service
from bridle.environments.enterprise.support.tools import TOOLS

_BY_NAME = {tool.name: tool for tool in TOOLS}


def _move(service: Service) -> None:
    service.desk.check_refunds_from(0)


def _money(amount: float) -> str:
    return f"{amount:.2f} EUR"


def _amount(text: Any) -> Any:
    return float(text.removesuffix(" EUR")) if isinstance(text, str) else text


def _label(word: str) -> str:
    return word.replace("_", " ").capitalize()


def _word(label: str) -> str:
    return label.replace(" ", "_").lower()


MUTATIONS = by_name(
    ArgumentRenamed(
        summary="Tools name the ticket by `ticket`, no longer by `ticket_id`.",
        argument="ticket_id",
        to="ticket",
    ),
    FieldRenamed(
        summary="Tickets show `refund_status`, no longer `refund_state`.",
        field_name="refund_state",
        to="refund_status",
    ),
    ArgumentRequired(
        summary="`resolve_ticket` asks for the `channel` by which the customer was told.",
        tool="resolve_ticket",
        argument="channel",
        schema={"enum": ["mail", "chat", "phone"]},
        value="mail",
    ),
    StateInserted(
        summary="An assigned ticket has to be accepted before the investigation starts.",
        turns=2,
        tool=like(
            _BY_NAME["start_investigation"], name="accept_ticket", description="Accept a ticket that was assigned."
        ),
        argument="ticket_id",
        after="assigned",
        state="accepted",
        guarded="start_investigation",
    ),
    Moved(
        summary="Refunds of any amount have to be checked before they are paid.",
        turns=1,
        move=_move,
    ),
    Reworded(
        wording=(
            (r"^(\S+) is (\w+); (\w+) needs (.+)\.$", r"Operation \3 rejected: \1 has status \2 (expected: \4)."),
            (MISSING, r"No such entity: \2 (\1)."),
            (UNSHOWN, r"\1: context required, see \2."),
        ),
    ),
    Reformatted(
        summary="Amounts are shown as text with their currency, findings and evidence as labels.",
        fields={
            "amount": (_money, _amount),
            "total_eur": (_money, _amount),
            "refunded_eur": (_money, _amount),
            "refundable_eur": (_money, _amount),
            "finding": (_label, _word),
            "evidence": (_label, _word),
        },
    ),
)
