"""Sample observations: what a player sees at the start, in mid-game, and from the other seats.

From random legal play, where the environment can tell what is legal; elsewhere only the start.
"""

from __future__ import annotations

import random
from typing import Any

from bridle.agents.random_legal import random_legal
from bridle.environment import Environment

MIDDLE = 12
"""Moves of random legal play after which a game counts as under way."""


def sample_observations(environment: Environment, *, seed: int) -> tuple[tuple[int, Any], ...]:
    """(player, view) pairs: the first start, and for each player the latest one seen in the first `MIDDLE` moves."""
    episode = environment.start(environment.scenarios("train")[seed % len(environment.scenarios("train"))])
    rng = random.Random(f"{seed}/samples")
    first = episode.observe()
    latest = {}
    observation = first
    for _ in range(MIDDLE):
        try:
            if episode.step(random_legal(episode, observation, rng)).over:
                break
            observation = episode.observe()
        except Exception:
            break  # no capability to play on, or the environment broke, in whatever way: the samples so far do
        latest[observation.player] = observation
    return ((first.player, first.view), *((player, o.view) for player, o in sorted(latest.items())))
