"""`enterprise/expense`: the environment."""

from __future__ import annotations

from bridle.environments.enterprise.environment import Workflow, WorkflowEnvironment, mishaps
from bridle.environments.enterprise.expense import journeys
from bridle.environments.enterprise.expense.ledger import Ledger
from bridle.environments.enterprise.expense.mutations import MUTATIONS
from bridle.environments.enterprise.expense.need import need
from bridle.environments.enterprise.expense.planner import ExpensePlanner
from bridle.environments.enterprise.expense.tools import FINISH, TOOLS
from bridle.environments.enterprise.expense.twists import TWISTS
from bridle.environments.enterprise.revised import Planner
from bridle.environments.enterprise.twists import Twisted

WORKFLOW = Workflow(
    name="expense",
    package=__package__ or "",
    description=(
        "An expense system: requests with items and receipts are drafted, submitted, reviewed along the path of "
        "their category, approved or rejected, and reimbursed. Calls are made one at a time through tools."
    ),
    advice="If you are not permitted a step, hand the request over to a colleague.",
    groups=journeys.TEMPLATES,
    tools=TOOLS,
    finish=FINISH,
    mutations=MUTATIONS,
    twists=TWISTS,
    need=need,
)


class Expense(WorkflowEnvironment[journeys.Start]):
    """Expense requests from draft to reimbursement: 120 templates, 21 tools, two policies beside it."""

    def __init__(
        self,
        transient: str | float = 0.03,
        internal: str | float = 0.004,
        variant: str = "nominal",
        mutation: str = "",
    ) -> None:
        """Rates of transient failures and of failures of unknown outcome, per applicable call; text from an id's query.

        `variant` is nominal, mutated or adversarial; `mutation` picks one of the variant's changes.

        Raises:
            UsageError: a rate is not a number from 0 to 1, or both together exceed 1; there is no such variant or
                mutation.
        """
        super().__init__(WORKFLOW, mishaps(transient, internal), variant, mutation)

    def _drawn(self, template: str, seed: int) -> journeys.Start:
        return journeys.start(template, seed)

    def _system(self, twisted: Twisted[journeys.Start], seed: int) -> Ledger:
        needed = twisted.need.to if twisted.need is not None else ""
        return Ledger(twisted.start.books, twisted.start.goal, needed=needed)

    def _planner(self, start: journeys.Start) -> Planner:
        return ExpensePlanner(start.goal)
