"""Habits of play that need no model: how the games are played whose states end up in a judged table.

Harnesses play by habits of their own: the first action that they find, the last, the one like their last one. Random
play alone seldom gets where these get (a piece walked across the board, one column filled to the top).
"""

from __future__ import annotations

import random
from itertools import takewhile

from bridle.agents.random_legal import random_legal
from bridle.environment import Enumerating, Episode, Observation
from bridle.errors import EnvironmentFault
from bridle.harness import Action

HABITS = ("random", "random", "first", "last", "steady")
"""What a seat of a game is played by, drawn for each game: half of what can be drawn is habit."""


class Player:
    """One seat of one game, played by a habit.

    `random` draws uniformly, `first` and `last` take the ends of what the episode lists, `steady` takes what is spelt
    most like its last action. Where the episode lists nothing, every habit is `random`.
    """

    def __init__(self, habit: str, rng: random.Random) -> None:
        """Play by `habit`, drawing from `rng`."""
        self._habit, self._rng = habit, rng
        self._last = ""

    def choose(self, episode: Episode, observation: Observation) -> Action:
        """A legal action.

        Raises:
            EnvironmentFault: there is none, or the episode broke.
        """
        action = self._chosen(episode, observation)
        self._last = str(action)
        return action

    def _chosen(self, episode: Episode, observation: Observation) -> Action:
        if self._habit == "random" or not isinstance(episode, Enumerating):
            chosen: Action = random_legal(episode, observation, self._rng)
            return chosen
        listed = episode.legal_actions()
        if not listed:
            raise EnvironmentFault("The episode lists no legal action.")
        if self._habit == "first":
            return listed[0]
        if self._habit == "last":
            return listed[-1]
        alike = [_shared(self._last, str(action)) for action in listed]
        return self._rng.choice([action for action, same in zip(listed, alike, strict=True) if same == max(alike)])


def _shared(first: str, second: str) -> int:
    """How many characters both texts begin with."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(first, second, strict=False)))
