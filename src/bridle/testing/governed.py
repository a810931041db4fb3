"""An environment under a policy: whoever works there is denied what the policy denies, and sees it.

For the policy flip: rules learned from agents at work under one policy are not to be in the way of a laxer one.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any, cast

from bridle.agents.planner import Planner, Planning
from bridle.authorization import PolicyEngine
from bridle.environment import Environment, ForeignActing, Observation, Probing, Scenario, Split, Step, Truth, sample
from bridle.errors import UsageError
from bridle.evaluation.guarded import mapping_of, tools_of
from bridle.harness import Action
from bridle.runtime.gate import Gate
from bridle.runtime.policies.mapping import RequestMapping
from bridle.trace import POLICY_DENIED, Withholding

DENIED = "Denied by policy."


class GovernedEpisode:
    """An episode whose calls pass a policy engine. What it denies is answered with `policy_denied`, by `probe`, too."""

    def __init__(self, episode: Any, mapping: RequestMapping, engine: PolicyEngine) -> None:
        """`episode` probes, makes up calls, and can be told of calls that were withheld."""
        self._episode = episode
        self._gate = Gate(episode, mapping, engine)

    def observe(self) -> Observation:
        """What the episode shows: denied calls among the others."""
        return cast(Observation, self._episode.observe())

    def probe(self, action: Action) -> Truth:
        """What the system says of the call; of one that it would take, what the policy says."""
        truth = cast(Truth, self._episode.probe(action))
        if truth.legal and not self._gate.authorise(action).permits:
            return Truth(False, DENIED, POLICY_DENIED)
        return truth

    def foreign_actions(self, rng: random.Random) -> list[Action]:
        """What the episode makes up."""
        return cast(list[Action], self._episode.foreign_actions(rng))

    def step(self, action: Action) -> Step:
        """Execute a call that is permitted, or that the system refuses anyway; a denied one is withheld and shown."""
        if self.probe(action).error_class == POLICY_DENIED:
            return cast(Step, self._episode.withhold(action, POLICY_DENIED, DENIED))
        return cast(Step, self._episode.step(action))


class Governed:
    """An environment of tool calls in which a policy decides about every call."""

    def __init__(self, environment: Environment, engine: PolicyEngine) -> None:
        """Nominal scenarios: the mapping of calls to questions is the one that `environment` ships for these.

        Raises:
            UsageError: no simulated agent can work there.
        """
        if not isinstance(environment, Planning):
            raise UsageError(f"{environment.name} has no planner, so nobody can be at work under a policy there.")
        self._environment, self._planning, self._engine = environment, environment, engine
        view = sample(environment).observe().view
        self._mapping = mapping_of(environment, tools_of(view))
        self.name, self.contract, self.description = environment.name, environment.contract, environment.description
        self.action_space, self.players = environment.action_space, environment.players
        self.reward_range = environment.reward_range

    def scenarios(self, split: Split) -> Sequence[Scenario]:
        """Those of the environment."""
        return self._environment.scenarios(split)

    def start(self, scenario: Scenario) -> GovernedEpisode:
        """The scenario's episode, under the policy.

        Raises:
            UsageError: the episode can't probe or make up calls, or can't be told of calls that were withheld.
        """
        episode = self._environment.start(scenario)
        if not all(isinstance(episode, needed) for needed in (Probing, ForeignActing, Withholding)):
            raise UsageError(f"{self.name} can't say what a policy keeps from it.")
        return GovernedEpisode(episode, self._mapping, self._engine)

    def planner(self, scenario: Scenario) -> Planner:
        """Who knows what is to be done."""
        return self._planning.planner(scenario)
