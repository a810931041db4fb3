"""Who proposes in an evaluation: simulated agents, or a model's."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import count
from typing import TYPE_CHECKING

from bridle.agents.simulated import simulated
from bridle.environment import Environment, Observation, Scenario
from bridle.errors import ModelFault, UsageError
from bridle.evaluation.assessed import Spent
from bridle.evaluation.guarded import Agents
from bridle.harness import Action, Contract
from bridle.models import Model, Retry, open_model
from bridle.runtime.effects import Refusal

if TYPE_CHECKING:
    from collections.abc import Sequence


class ModelProposer:
    """A model as the agent of one episode, which knows what it spent."""

    def __init__(self, model: Model, contract: Contract, sample: int, seconds: list[float]) -> None:
        """`seconds` is where the time of each answer is added."""
        from bridle.agents.model import ModelAgent  # only where a model is asked: it reads the prompts

        self._agent, self._seconds = ModelAgent(model, contract, sample=sample), seconds
        self.name = self._agent.name

    def propose(
        self, observation: Observation, refusals: Sequence[Refusal] = (), choices: Sequence[Action] = ()
    ) -> Action:
        """As the model answers, asked again where that may help.

        Raises:
            ModelFault: it gave no usable answer.
        """
        patience = Retry()
        for attempt in count(1):
            try:
                action = self._agent.propose(observation, refusals, choices)
            except ModelFault as fault:
                wait = patience.wait(attempt, fault)
                if wait is None:
                    raise
                time.sleep(wait)
            else:
                break
        self._seconds.append(self._agent.completions[-1].seconds)
        return action

    def spent(self) -> Spent:
        """Calls, tokens and money so far; what is unknown for one answer is unknown for the sum."""
        told = self._agent.completions
        tokens = [None if one.usage is None else one.usage.input_tokens + one.usage.output_tokens for one in told]
        usd = [one.usd for one in told]
        return Spent(
            calls=len(told),
            tokens=None if None in tokens else sum(one for one in tokens if one is not None),
            usd=None if None in usd else sum(one for one in usd if one is not None),
        )


@dataclass(frozen=True)
class ModelProposers:
    """Makes a model's agent for each episode. `seconds` gathers the times of all answers."""

    model: Model
    contract: Contract
    seconds: list[float] = field(default_factory=list)

    def __call__(self, scenario: Scenario, seed: int) -> ModelProposer:
        """The agent of an episode. Episodes of one seed and scenario ask the same requests."""
        text = f"{seed}/{scenario.split}/{scenario.seed}"
        sample = int(hashlib.sha256(text.encode()).hexdigest()[:12], 16)
        return ModelProposer(self.model, self.contract, sample, self.seconds)


@lru_cache(maxsize=4)
def _opened(spec: str) -> Model:
    """The model of this process."""
    return open_model(spec)


def open_agents(spec: str, environment: Environment) -> Agents:
    """The agents that `simulated:PROFILE` or `model:SPEC` names.

    Raises:
        UsageError: there are no such agents.
    """
    kind, _, rest = spec.partition(":")
    if kind == "simulated" and rest:
        return simulated(environment, rest)
    if kind == "model" and rest:
        return ModelProposers(_opened(rest), environment.contract)
    raise UsageError(f"There is no agent {spec!r}; use simulated:small, simulated:large or model:MODEL.")
