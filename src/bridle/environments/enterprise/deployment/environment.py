"""`enterprise/deployment`: the environment."""

from __future__ import annotations

from bridle.environments.enterprise.deployment import journeys
from bridle.environments.enterprise.deployment.draft import MOVING, Start
from bridle.environments.enterprise.deployment.mutations import MUTATIONS
from bridle.environments.enterprise.deployment.need import need
from bridle.environments.enterprise.deployment.pipeline import Pipeline
from bridle.environments.enterprise.deployment.planner import DeploymentPlanner
from bridle.environments.enterprise.deployment.tools import FINISH, TOOLS
from bridle.environments.enterprise.deployment.twists import TWISTS
from bridle.environments.enterprise.environment import Workflow, WorkflowEnvironment, mishaps, rate
from bridle.environments.enterprise.revised import Planner
from bridle.environments.enterprise.twists import Twisted

WORKFLOW = Workflow(
    name="deployment",
    package=__package__ or "",
    description=(
        "A deployment system: artifacts of services are checked and signed, their releases planned, put on record, "
        "deployed to staging, promoted to production in change windows, and rolled back where they fail. Calls are "
        "made one at a time through tools; colleagues change the environments meanwhile."
    ),
    advice="If you are not permitted a step, hand the service over to a colleague.",
    groups=journeys.TEMPLATES,
    tools=TOOLS,
    finish=FINISH,
    mutations=MUTATIONS,
    twists=TWISTS,
    need=need,
)


class Deployment(WorkflowEnvironment[Start]):
    """Releases of services into production: 168 templates, 27 tools, two policies beside it."""

    def __init__(
        self,
        transient: str | float = 0.03,
        internal: str | float = 0.004,
        moves: str | float = MOVING,
        variant: str = "nominal",
        mutation: str = "",
    ) -> None:
        """Rates of transient failures and of failures of unknown outcome, per applicable call; text from an id's query.

        `moves` is the rate at which colleagues change an environment of a service at work, per call that was carried
        out. `variant` is nominal, mutated or adversarial; `mutation` picks one of the variant's changes.

        Raises:
            UsageError: a rate is not a number from 0 to 1, or both together exceed 1; there is no such variant or
                mutation.
        """
        failures, self._moving = mishaps(transient, internal), rate("moves", moves)
        super().__init__(WORKFLOW, failures, variant, mutation)

    def _drawn(self, template: str, seed: int) -> Start:
        return journeys.start(template, seed, self._moving)

    def _system(self, twisted: Twisted[Start], seed: int) -> Pipeline:
        return Pipeline(twisted.start.books, twisted.start.targets)

    def _planner(self, start: Start) -> Planner:
        return DeploymentPlanner(start.targets)
