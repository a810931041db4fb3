"""Matches: an agent plays whole episodes, alone or with a harness in one of its modes."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

from bridle.environment import Environment, Episode, ForeignActing, Observation, Scenario, Step
from bridle.errors import EnvironmentFault
from bridle.harness import Loaded
from bridle.runtime.effects import Execute, Invoke, Mode, Propose
from bridle.runtime.modes import Turn

Proposer = Callable[[Episode, Propose, random.Random], Any]
"""An agent at the table: proposes an action for the player to move."""

TextMode = Callable[[Observation], Mode]
"""One of the modes of `bridle.runtime.modes`, with its options bound."""


@dataclass(frozen=True, kw_only=True)
class Match:
    """One episode. `turns` were executed, `illegal` of them refused by the environment; `refused` never got there.

    `rewards` is empty where the step limit ended the match.
    """

    scenario: Scenario
    turns: int
    illegal: int
    refused: int
    rewards: tuple[float, ...]


def alone(observation: Observation) -> Mode:
    """No harness: what the agent proposes is executed."""
    action = yield Propose(observation)
    return Turn(action, None, cast(Step, (yield Execute(action))))


def play(
    environment: Environment,
    scenario: Scenario,
    proposer: Proposer,
    *,
    mode: TextMode = alone,
    loaded: Loaded | None = None,
    seed: int = 0,
    steps: int = 1000,
) -> Match:
    """Play one episode, or its first `steps` turns; the proposer holds every seat.

    Raises:
        EnvironmentFault: the environment broke, or the mode asked for a harness and none was given.
    """
    episode, rng = environment.start(scenario), random.Random(f"{seed}/match/{scenario.seed}")
    turns = illegal = refused = 0
    for _ in range(steps):
        observation = episode.observe()
        turn = drive(mode(observation), episode, proposer, loaded, rng)
        turns += 1
        refused += len(turn.refused)
        if turn.step is None:
            break
        illegal += not turn.step.legal
        if turn.step.over:
            rewards = turn.step.rewards
            return Match(scenario=scenario, turns=turns, illegal=illegal, refused=refused, rewards=rewards)
    return Match(scenario=scenario, turns=turns, illegal=illegal, refused=refused, rewards=())


def drive(mode: Mode, episode: Episode, proposer: Proposer, loaded: Loaded | None, rng: random.Random) -> Turn:
    """Answer one mode's effects as they come, until its turn is over."""
    answer: Any = None
    while True:
        try:
            effect = mode.send(answer)
        except StopIteration as stop:
            return cast(Turn, stop.value)
        if isinstance(effect, Propose):
            answer = proposer(episode, effect, rng)
        elif isinstance(effect, Execute):
            answer = episode.step(effect.action)
        elif isinstance(effect, Invoke) and loaded is not None:
            answer = loaded.batch([effect.call])[0]
        else:
            raise EnvironmentFault(f"A match can't serve {type(effect).__name__} here: it has no harness or no guard.")


def simulated_player(episode: Episode, request: Propose, rng: random.Random) -> Any:
    """A simulated careless player: any of the episode's foreign actions, legal or not. Says nothing about any model."""
    if not isinstance(episode, ForeignActing):
        raise EnvironmentFault("A simulated player needs an environment that makes up foreign actions.")
    choices: Sequence[Any] = request.choices or episode.foreign_actions(rng)
    return rng.choice(choices)
