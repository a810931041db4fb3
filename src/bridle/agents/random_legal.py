"""A random legal player: for opponents, for sample observations, and for the judged tables."""

from __future__ import annotations

import random
from typing import Any

from bridle.environment import Enumerating, Episode, ForeignActing, Observation, Probing
from bridle.errors import EnvironmentFault

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
