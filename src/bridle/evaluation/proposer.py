"""Who proposes in an evaluation: simulated agents, or a model's."""

from __future__ import annotations

from bridle.agents.simulated import simulated
from bridle.environment import Environment
from bridle.errors import UsageError
from bridle.evaluation.guarded import Agents


def open_agents(spec: str, environment: Environment) -> Agents:
    """The agents that `simulated:PROFILE` or `model:SPEC` names.

    Raises:
        UsageError: there are no such agents.
    """
    kind, _, rest = spec.partition(":")
    if kind == "simulated" and rest:
        return simulated(environment, rest)
    raise UsageError(f"There is no agent {spec!r}; use simulated:small or simulated:large.")
