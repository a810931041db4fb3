"""The legal set: what would be applicable in states that work leads through, and how much of it a harness lets pass.

A harness that refuses what no agent happens to propose has no wrong refusals, and is in the way all the same.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any, NamedTuple

from bridle.agents.agent import Agent
from bridle.agents.planner import Planning
from bridle.agents.random_legal import RandomLegal
from bridle.agents.simulated import simulated
from bridle.environment import Enumerating, Environment, Episode, Observation, Probing, Scenario
from bridle.errors import EnvironmentFault
from bridle.evaluation.slice import Slice
from bridle.harness import Action
from bridle.runtime.effects import Refusal
from bridle.trace import parts

IN_A_STATE = 8
"""Legal actions that are asked about in one state: of every tool one, then more, drawn by chance."""

LONGEST = 80
"""Turns after which an episode is left."""


class LegalCall(NamedTuple):
    """An action that is legal in the state that a view shows. `kind` is its tool; `cluster` its scenario's template."""

    cluster: str
    view: Any
    call: Action
    kind: str


def legal_calls(environment: Environment, slice: Slice, *, episodes: int, seed: int) -> list[LegalCall]:
    """Legal actions along some episodes of a slice; none where the environment can't list any.

    The episodes are played by a simulated agent behind a perfect probe, or at random where none can work there.
    """
    found: list[LegalCall] = []
    scenarios = environment.scenarios(slice.split)
    for number in range(min(episodes, slice.count)):
        scenario = scenarios[(slice.offset + number) % len(scenarios)]
        rng = random.Random(f"{seed}/legal-set/{scenario.seed}")
        try:
            found.extend(_along(environment, scenario, seed, rng))
        except EnvironmentFault:
            continue  # this episode ends here; the next one goes on
    return found


def _along(environment: Environment, scenario: Scenario, seed: int, rng: random.Random) -> Iterator[LegalCall]:
    episode = environment.start(scenario)
    if not isinstance(episode, Enumerating):
        return
    agent: Agent = RandomLegal(episode, rng)
    if isinstance(environment, Planning):
        agent = simulated(environment)(scenario, seed)
    refusals: tuple[Refusal, ...] = ()
    cluster = scenario.template.partition("~")[0] or str(scenario.index)
    for _ in range(LONGEST):
        observation = episode.observe()
        if not refusals:
            for call in _drawn(episode.legal_actions(), rng):
                yield LegalCall(cluster, observation.view, call, parts(call)[0])
        action, refused = _next(episode, agent, observation, refusals)
        if refused:
            refusals = refused
            continue
        refusals = ()
        if episode.step(action).over:
            return


def _next(
    episode: Episode, agent: Agent, observation: Observation, refusals: tuple[Refusal, ...]
) -> tuple[Action, tuple[Refusal, ...]]:
    action = agent.propose(observation, refusals)
    truth = episode.probe(action) if isinstance(episode, Probing) else True
    return action, () if truth else (Refusal(action, getattr(truth, "feedback", "")),)


def _drawn(actions: list[Action], rng: random.Random) -> list[Action]:
    """At most `IN_A_STATE` of them, of as many tools as there are."""
    kinds: dict[str, list[Action]] = {}
    for action in rng.sample(actions, len(actions)):
        kinds.setdefault(parts(action)[0], []).append(action)
    firsts = [alike[0] for alike in kinds.values()]
    return (rng.sample(firsts, len(firsts)) + [other for alike in kinds.values() for other in alike[1:]])[:IN_A_STATE]
