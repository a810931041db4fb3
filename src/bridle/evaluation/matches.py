"""Matches: whole episodes, a player in every seat, each alone or with a harness in one of its modes."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias, cast

from bridle.environment import Environment, Episode, ForeignActing, Observation, Scenario, Step
from bridle.errors import EnvironmentFault
from bridle.harness import Loaded
from bridle.runtime.effects import Execute, Invoke, Mode, Propose
from bridle.runtime.modes import Turn

Proposer: TypeAlias = Callable[[Episode, Propose, random.Random], Any]
"""An agent at the table: proposes an action for the player to move."""


class TextMode(Protocol):
    """One of the modes of `bridle.runtime.modes`, with its options bound."""

    def __call__(self, observation: Observation, *, seed: int) -> Mode:
        """One turn; `seed` is what the harness's calls draw from."""


def alone(observation: Observation, *, seed: int = 0) -> Mode:
    """No harness: what the agent proposes is executed."""
    action = yield Propose(observation)
    return Turn(action, None, cast(Step, (yield Execute(action))))


@dataclass(frozen=True, kw_only=True)
class Player:
    """Who holds a seat. `proposer` is not asked where a harness acts alone; `loaded` is the harness of its mode."""

    name: str
    proposer: Proposer | None = None
    mode: TextMode = alone
    loaded: Loaded | None = None


@dataclass(frozen=True, kw_only=True)
class Seat:
    """What a seat did: `turns`, of which the environment refused `illegal`; `refused` proposals never got there.

    `crashed`: its harness gave no action, which ended the match.
    """

    turns: int = 0
    illegal: int = 0
    refused: int = 0
    crashed: bool = False


@dataclass(frozen=True, kw_only=True)
class Match:
    """One episode. `rewards` is empty where the step limit or a crash ended it; `legal_end`: its last turn was legal.

    `last` is the seat that took the last turn.
    """

    scenario: Scenario
    seats: tuple[Seat, ...]
    rewards: tuple[float, ...]
    last: int = 0
    legal_end: bool = True

    @property
    def turns(self) -> int:
        """Turns of all seats."""
        return sum(seat.turns for seat in self.seats)

    @property
    def illegal(self) -> int:
        """Turns that the environment refused."""
        return sum(seat.illegal for seat in self.seats)

    @property
    def refused(self) -> int:
        """Proposals that harnesses refused."""
        return sum(seat.refused for seat in self.seats)


def contest(
    environment: Environment, scenario: Scenario, players: Sequence[Player], *, seed: int = 0, steps: int = 1000
) -> Match:
    """Play one episode, or its first `steps` turns, with a player for each seat.

    Raises:
        EnvironmentFault: the environment broke, or a mode asked for what its player has not.
    """
    episode, rng = environment.start(scenario), random.Random(f"{seed}/match/{scenario.seed}")
    tallies = [[0, 0, 0, 0] for _ in players]
    rewards: tuple[float, ...] = ()
    legal, last = True, 0
    for number in range(steps):
        observation = episode.observe()
        last, player = observation.player, players[observation.player]
        turn = drive(player.mode(observation, seed=seed * steps + number), episode, player, rng)
        tally = tallies[last]
        tally[0] += 1
        tally[2] += len(turn.refused)
        if turn.step is None:
            tally[3], legal = 1, False
            break
        legal = turn.step.legal
        tally[1] += not legal
        if turn.step.over:
            rewards = turn.step.rewards
            break
    seats = tuple(Seat(turns=t, illegal=i, refused=r, crashed=bool(c)) for t, i, r, c in tallies)
    return Match(scenario=scenario, seats=seats, rewards=rewards, last=last, legal_end=legal)


def play(
    environment: Environment,
    scenario: Scenario,
    proposer: Proposer,
    *,
    mode: TextMode = alone,
    loaded: Loaded | None = None,
    seed: int = 0,
) -> Match:
    """A match in which one player holds every seat."""
    player = Player(name="everybody", proposer=proposer, mode=mode, loaded=loaded)
    return contest(environment, scenario, [player] * environment.players, seed=seed)


def drive(mode: Mode, episode: Episode, player: Player, rng: random.Random) -> Turn:
    """Answer one mode's effects as they come, until its turn is over."""
    answer: Any = None
    while True:
        try:
            effect = mode.send(answer)
        except StopIteration as stop:
            return cast(Turn, stop.value)
        if isinstance(effect, Propose) and player.proposer is not None:
            answer = player.proposer(episode, effect, rng)
        elif isinstance(effect, Execute):
            answer = episode.step(effect.action)
        elif isinstance(effect, Invoke) and player.loaded is not None:
            answer = player.loaded.batch([effect.call])[0]
        else:
            raise EnvironmentFault(f"{player.name} can't serve {type(effect).__name__} in a match.")


def simulated_player(episode: Episode, request: Propose, rng: random.Random) -> Any:
    """A simulated careless player: any of the episode's foreign actions, legal or not. Says nothing about any model."""
    if not isinstance(episode, ForeignActing):
        raise EnvironmentFault("A simulated player needs an environment that makes up foreign actions.")
    choices: Sequence[Any] = request.choices or episode.foreign_actions(rng)
    return rng.choice(choices)
