"""`enterprise/support`: the environment."""

from __future__ import annotations

from bridle.environments.enterprise.environment import Workflow, WorkflowEnvironment, mishaps, rate
from bridle.environments.enterprise.revised import Planner
from bridle.environments.enterprise.support import journeys
from bridle.environments.enterprise.support.draft import Start
from bridle.environments.enterprise.support.mutations import MUTATIONS
from bridle.environments.enterprise.support.need import need
from bridle.environments.enterprise.support.planner import SupportPlanner
from bridle.environments.enterprise.support.service import Service
from bridle.environments.enterprise.support.tools import FINISH, TOOLS
from bridle.environments.enterprise.support.twists import TWISTS
from bridle.environments.enterprise.twists import Twisted

WORKFLOW = Workflow(
    name="support",
    package=__package__ or "",
    description=(
        "A support desk: tickets are triaged, put into the queue that takes them, assigned, investigated, "
        "answered, refunded, passed on to specialists, resolved and closed. Calls are made one at a time."
    ),
    advice=(
        "If you are not permitted a step, hand the ticket over: for a payment to the finance_desk, for anything else "
        "to the team_lead."
    ),
    groups=journeys.TEMPLATES,
    tools=TOOLS,
    finish=FINISH,
    mutations=MUTATIONS,
    twists=TWISTS,
    need=need,
)


class Support(WorkflowEnvironment[Start]):
    """Tickets from first contact to closed: 94 templates, 27 tools, two policies beside it."""

    def __init__(
        self,
        transient: str | float = 0.03,
        internal: str | float = 0.004,
        moves: str | float = 0.02,
        variant: str = "nominal",
        mutation: str = "",
    ) -> None:
        """Rates of transient failures and of failures of unknown outcome, per applicable call; text from an id's query.

        `moves` is the rate at which others write on a ticket of the task, per call that was carried out. `variant` is
        nominal, mutated or adversarial; `mutation` picks one of the variant's changes.

        Raises:
            UsageError: a rate is not a number from 0 to 1, or the first two together exceed 1; there is no such variant
                or mutation.
        """
        failures, self._moves = mishaps(transient, internal), rate("moves", moves)
        super().__init__(WORKFLOW, failures, variant, mutation)

    def _drawn(self, template: str, seed: int) -> Start:
        return journeys.start(template, seed)

    def _system(self, twisted: Twisted[Start], seed: int) -> Service:
        needed = twisted.need.to if twisted.need is not None else ""
        return Service(twisted.start.desk, twisted.start.goal, needed=needed, moves=self._moves, seed=seed)

    def _planner(self, start: Start) -> Planner:
        return SupportPlanner(start.goal)
