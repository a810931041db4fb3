"""Judged rows of a tool-call environment: many, and such that rare states occur. What a rule learner learns from.

Episodes take turns: agents work unguarded, so that failures and repeated calls stand in the views; they work behind a
perfect probe, so that they get far; and somebody plays random legal calls, so that things happen which no plan
foresees. In every state the agent's own proposal is judged and some made-up calls, more of those that are rarely
applicable.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from typing import Protocol

from bridle.agents.agent import Agent
from bridle.agents.planner import Planning
from bridle.agents.random_legal import RandomLegal
from bridle.agents.simulated import simulated
from bridle.environment import Environment, ForeignActing, Observation, Probing, Scenario, Split, Truth
from bridle.errors import EnvironmentFault
from bridle.evaluation.judged import Row, stratified
from bridle.harness import Action
from bridle.runtime.effects import Refusal
from bridle.trace import parts

AGENT = "agent"
"""The proposer of rows that an agent proposed in its episode."""

MADE_UP = 8
"""Made-up calls that are judged in a state."""

RARE = 60
"""Calls of a tool with one outcome (accepted, or an error class) from which on these are no longer rare."""

RARE_HERE = 2
"""Rare calls of one tool and outcome that one episode is asked for: many episodes tell more than one does."""

LONGEST = 80
"""Turns after which an episode is left."""

UNGUARDED, PROBED, RANDOM = "unguarded", "probed", "random"
TURNS = (UNGUARDED, PROBED, RANDOM, PROBED)
"""How the episodes are played, in turn."""


class Judging(Probing, ForeignActing, Protocol):
    """An episode that makes up calls and tells the truth about them."""


def judged_calls(environment: Environment, split: Split, *, count: int, seed: int, made_up: int = MADE_UP) -> list[Row]:
    """About `count` judged calls of a split; none where actions are text, or it can't probe or make up calls.

    With fewer `made_up` calls in a state the same count comes from more states, of more scenarios.
    Deterministic in its arguments. Where no simulated agent can work there, all episodes are played at random.
    """
    if environment.contract.name != "tool-call":
        return []
    rows: list[Row] = []
    seen: Counter[tuple[str, str]] = Counter()
    scenarios = environment.scenarios(split)
    for number in range(10 * count):
        rng = random.Random(f"{seed}/examples/{split}/{number}")
        scenario = scenarios[(seed * 7919 + number) % len(scenarios)]
        manner = TURNS[number % len(TURNS)] if isinstance(environment, Planning) else RANDOM
        try:
            rows.extend(_played(environment, scenario, manner, made_up, seen, rng))
        except EnvironmentFault:
            continue  # this episode ends here; the next one goes on
        if len(rows) >= count or (number == len(TURNS) and not rows):
            break
    return stratified(rows[:count])


def _played(
    environment: Environment,
    scenario: Scenario,
    manner: str,
    made_up: int,
    seen: Counter[tuple[str, str]],
    rng: random.Random,
) -> Iterator[Row]:
    """One episode's rows."""
    episode = environment.start(scenario)
    if not (isinstance(episode, Probing) and isinstance(episode, ForeignActing)):
        return
    agent: Agent = RandomLegal(episode, rng)
    if manner != RANDOM:
        agent = simulated(environment)(scenario, rng.getrandbits(32))
    refusals: tuple[Refusal, ...] = ()
    here: Counter[tuple[str, str]] = Counter()
    for _ in range(LONGEST):
        observation = episode.observe()
        if observation.no_legal_action:
            return
        action = agent.propose(observation, refusals)
        truth = episode.probe(action)
        if manner != RANDOM:
            yield _row(observation, action, truth, proposer=AGENT)
        for row, picked in _made_up(episode, observation, made_up, rng):
            outcome = _outcome(row)
            if picked or (seen[outcome] < RARE and here[outcome] < RARE_HERE):
                here[outcome] += 1
                seen[outcome] += 1
                yield row
        if manner == PROBED and not truth:
            refusals = (Refusal(action, truth.feedback),)
            continue
        refusals = ()
        if episode.step(action).over:
            return


def _made_up(episode: Judging, observation: Observation, count: int, rng: random.Random) -> Iterator[tuple[Row, bool]]:
    """The made-up calls of a state, each with its truth and whether it is one of the few that are taken in any case."""
    actions = episode.foreign_actions(rng)
    picked = set(rng.sample(range(len(actions)), min(count, len(actions))))
    for place, action in enumerate(actions):
        yield _row(observation, action, episode.probe(action)), place in picked


def _outcome(row: Row) -> tuple[str, str]:
    """The call's tool, where there is such a tool, and its error class."""
    tool = parts(row.action)[0]
    return tool if tool in row.view.get("tools", ()) else "", row.error_class


def _row(observation: Observation, action: Action, truth: Truth, *, proposer: str = "") -> Row:
    return Row(
        player=observation.player,
        view=observation.view,
        action=action,
        legal=truth.legal,
        stratum="",
        feedback=truth.feedback,
        error_class=truth.error_class,
        proposer=proposer,
    )
