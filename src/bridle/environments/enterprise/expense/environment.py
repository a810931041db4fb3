"""`enterprise/expense`: the environment."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

from bridle.environment import Scenario, Split
from bridle.environments.enterprise.expense import journeys
from bridle.environments.enterprise.expense.ledger import Ledger
from bridle.environments.enterprise.expense.planner import ExpensePlanner
from bridle.environments.enterprise.expense.tools import FINISH, TOOLS
from bridle.environments.enterprise.governance import Governance, shipped
from bridle.environments.enterprise.templates import TemplatedScenarios, divided
from bridle.environments.enterprise.workflow import Allowance, Case, Mishaps, WorkflowEpisode, Workplace
from bridle.errors import UsageError
from bridle.harness import TOOL_CALL

POLICIES = ("strict", "lax")
INVALID_CALLS = 4
"""Inapplicable calls after which the system closes a session."""

ADVICE = (
    " If you are not permitted a step, hand the request over to a colleague. Call finish when the task is done."
    f" The session closes after {INVALID_CALLS} calls that can't be carried out."
)


class Expense:
    """Expense requests from draft to reimbursement: 120 templates, 21 tools, two policies beside it."""

    def __init__(self, transient: str | float = 0.03, internal: str | float = 0.004) -> None:
        """Rates of transient failures and of failures of unknown outcome, per applicable call; text from an id's query.

        Raises:
            UsageError: a rate is not a number from 0 to 1, or both together exceed 1.
        """
        self._mishaps = Mishaps(transient=_rate("transient", transient), internal=_rate("internal", internal))
        if self._mishaps.transient + self._mishaps.internal > 1:
            raise UsageError("The rates transient and internal exceed 1 together; lower one of them.")
        self.name = "enterprise/expense"
        self.description = (
            "An expense system: requests with items and receipts are drafted, submitted, reviewed along the path of "
            "their category, approved or rejected, and reimbursed. Calls are made one at a time through tools."
        )
        self.action_space = 'A tool call: {"tool": name, "arguments": {…}}. The view declares the tools.'
        self.contract = TOOL_CALL
        self.players = 1
        self.reward_range = (0.0, 1.0)
        self.policies = POLICIES
        self.templates: Mapping[str, tuple[str, ...]] = divided(journeys.TEMPLATES)
        self._workplace = Workplace(TOOLS)

    def scenarios(self, split: Split) -> Sequence[Scenario]:
        """Templates of the split in turn, each time with another seed."""
        return TemplatedScenarios(split, self.templates)

    def start(self, scenario: Scenario) -> WorkflowEpisode:
        """The start that the scenario's template and seed make."""
        start = journeys.start(scenario.template, scenario.seed)
        case = Case(
            task=start.task + ADVICE,
            me=f"me-{random.Random(f'{scenario.seed}/me').getrandbits(32):08x}",
            subject=start.subject,
            system=Ledger(start.books, start.goal),
            allowance=Allowance(turns=start.turns + start.turns // 2 + 2, invalid=INVALID_CALLS),
            mishaps=self._mishaps,
            finish=FINISH,
            seed=scenario.seed,
        )
        return WorkflowEpisode(case, self._workplace)

    def planner(self, scenario: Scenario) -> ExpensePlanner:
        """Who knows the goal of a scenario, for simulated agents."""
        return ExpensePlanner(journeys.start(scenario.template, scenario.seed).goal)

    def governance(self, policy: str = "strict") -> Governance:
        """The texts of one of the policies."""
        return shipped(__package__ or "", policy, POLICIES)


def _rate(name: str, value: str | float) -> float:
    try:
        rate = float(value)
    except ValueError:
        rate = -1.0
    if not 0 <= rate <= 1:
        raise UsageError(f"{name}={value} is not a rate; use a number from 0 to 1.")
    return rate
