"""A random legal player: for opponents, for sample observations, and for the judged tables."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from bridle.environment import Enumerating, Episode, ForeignActing, Observation, Probing
from bridle.errors import EnvironmentFault
from bridle.harness import Action
from bridle.runtime.effects import Refusal

TRIES = 50
"""Samples of foreign actions that are probed before a state counts as one without a legal action."""


def random_legal(episode: Episode, observation: Observation, rng: random.Random) -> Any:
    """A legal action, uniform over what the episode lists, or over the legal ones of its foreign actions.

    Raises:
        EnvironmentFault: the episode has neither capability, or no legal action was found.
    """
    if isinstance(episode, Enumerating) and (actions := episode.legal_actions()):
        return rng.choice(actions)
    if isinstance(episode, ForeignActing) and isinstance(episode, Probing):
        for _ in range(TRIES):
            legal = [action for action in episode.foreign_actions(rng) if episode.probe(action)]
            if legal:
                return rng.choice(legal)
    raise EnvironmentFault("A random legal player needs legal_actions(), or foreign_actions() and probe(), and a move.")


class RandomLegal:
    """The random legal player as the agent of one episode, which it looks into."""

    name = "random legal"

    def __init__(self, episode: Episode, rng: random.Random) -> None:
        """Play `episode`, drawing from `rng`."""
        self._episode, self._rng = episode, rng

    def propose(
        self, observation: Observation, refusals: Sequence[Refusal] = (), choices: Sequence[Action] = ()
    ) -> Any:
        """One of the choices, or any legal action."""
        return self._rng.choice(choices) if choices else random_legal(self._episode, observation, self._rng)
