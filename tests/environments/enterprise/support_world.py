"""Helpers of the support tests: a hand-made desk."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bridle.environment import Step
from bridle.environments.enterprise.support.desk import Desk
from bridle.environments.enterprise.support.goal import Goal, Target
from bridle.environments.enterprise.support.service import Service
from bridle.environments.enterprise.support.ticket import Customer, Order, Refund, Ticket
from bridle.environments.enterprise.support.tools import FINISH, TOOLS
from bridle.environments.enterprise.workflow import Allowance, Case, Mishaps, WorkflowEpisode, Workplace

WORKPLACE = Workplace(TOOLS)
CREW = {"billing": ("AGT-101", "AGT-102"), "logistics": ("AGT-201",)}
ON = {"ticket_id": "TCK-1000"}


def ticket(state: str = "new", *, tier: str = "standard", refund: str = "", **fields: Any) -> Ticket:
    """`TCK-1000` of `CUS-1000`, about `ORD-1000` for 90 EUR, overcharged; with `RFD-1000` in a state."""
    customer = fields.pop("customer", None) or Customer(id="CUS-1000", name="Ayla Kern", tier=tier)
    customer.verified = fields.pop("verified", customer.verified)
    order = Order(id="ORD-1000", customer=customer, article="kettle", cents=9000, payout="card")
    kind = fields.pop("kind", None if state == "new" else "overcharged")
    fields.setdefault("queue", None if state in ("new", "triaged") else "billing")
    made = Ticket(
        id=fields.pop("id", "TCK-1000"),
        subject="I was billed twice",
        customer=customer,
        order=order,
        crew=CREW,
        initial=state,
        kind=kind,
        **fields,
    )
    if refund:
        made.refund_case = Refund(id="RFD-1000", ticket=made, order=order, cents=9000, state=refund)
    return made


def episode(
    *tickets: Ticket,
    goal: Sequence[Target] = (),
    moves: float = 0.0,
    opened: bool = True,
    turns: int = 50,
    invalid: int = 50,
    seed: int = 1,
) -> WorkflowEpisode:
    """An episode over these tickets, with everything already shown where `opened`."""
    targets = tuple(goal) or (Target(ticket_id=tickets[0].id, state="closed"),)
    case = Case(
        task="Do it.",
        me="me-0",
        subject={"type": "Employee", "id": "AGT-101"},
        system=Service(Desk(tickets, CREW), Goal(targets=targets), moves=moves, seed=seed),
        allowance=Allowance(turns=turns, invalid=invalid),
        mishaps=Mishaps(transient=0.0, internal=0.0),
        finish=FINISH,
        seed=seed,
    )
    made = WorkflowEpisode(case, WORKPLACE)
    if opened:
        for one in tickets:
            call(made, "get_ticket", ticket_id=one.id)
        call(made, "get_order", order_id="ORD-1000")
    return made


def call(made: WorkflowEpisode, tool: str, **arguments: Any) -> Step:
    """Make one call."""
    return made.step({"tool": tool, "arguments": arguments})
