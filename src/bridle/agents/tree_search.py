"""Monte-Carlo tree search on copies of the episode: an opponent that plans, and knows the rules and all hidden state.

Source: Kocsis and Szepesvári 2006 (UCT). It looks into the episode, as no agent of a deployment can: a reference, not a
contestant.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from math import inf, log, sqrt
from typing import Any

from bridle.agents.random_legal import random_legal
from bridle.environment import Copying, Enumerating, Episode, Observation
from bridle.errors import EnvironmentFault
from bridle.harness import Action
from bridle.runtime.effects import Refusal

EXPLORATION = 1.4
"""UCT's constant, for values between 0 and 1."""

PLIES = 60
"""Random moves of a playout; one that is not over then counts as a draw."""

BREADTH = 64
"""Legal actions of a state that are searched at most, drawn where there are more."""


class _Branch:
    """What is known of an action in a state: how often it was tried, what came of it, and what follows."""

    __slots__ = ("action", "branches", "mover", "total", "visits")

    def __init__(self, action: Any, mover: int) -> None:
        self.action, self.mover = action, mover
        self.visits, self.total = 0, 0.0
        self.branches: list[_Branch] | None = None

    def promising(self) -> _Branch:
        """The branch to try next: each once, then by the upper confidence bound."""
        assert self.branches
        scale = log(max(self.visits, 1))

        def bound(branch: _Branch) -> float:
            if branch.visits == 0:
                return inf
            return branch.total / branch.visits + EXPLORATION * sqrt(scale / branch.visits)

        return max(self.branches, key=bound)


class TreeSearch:
    """The player as the agent of one episode. `low` and `high` are the range of its rewards."""

    def __init__(
        self, episode: Episode, rng: random.Random, *, playouts: int, rewards: tuple[float, float] = (-1.0, 1.0)
    ) -> None:
        """Play `episode` with that many playouts a move.

        Raises:
            EnvironmentFault: the episode can't be copied, or can't list its legal actions.
        """
        if not isinstance(episode, Copying) or not isinstance(episode, Enumerating):
            raise EnvironmentFault("Tree search needs an environment whose episodes copy themselves and list actions.")
        self.name = f"tree search, {playouts} playouts"
        self._episode, self._rng, self._playouts = episode, rng, playouts
        self._low, self._width = rewards[0], (rewards[1] - rewards[0]) or 1.0

    def propose(
        self, observation: Observation, refusals: Sequence[Refusal] = (), choices: Sequence[Action] = ()
    ) -> Any:
        """The action that was tried most."""
        root = _Branch(None, observation.player)
        root.branches = self._open(self._episode, observation, choices)
        if len(root.branches) == 1:
            return root.branches[0].action
        for _ in range(self._playouts):
            assert isinstance(self._episode, Copying)
            self._playout(root, self._episode.copy(self._rng))
        return max(root.branches, key=lambda branch: branch.visits).action

    def _open(self, episode: Episode, observation: Observation, choices: Sequence[Action] = ()) -> list[_Branch]:
        assert isinstance(episode, Enumerating)
        actions = list(choices) or episode.legal_actions() or [random_legal(episode, observation, self._rng)]
        if len(actions) > BREADTH:
            actions = self._rng.sample(actions, BREADTH)
        return [_Branch(action, observation.player) for action in actions]

    def _playout(self, root: _Branch, episode: Episode) -> None:
        """Go down the tree, open one leaf, play on at random, and tell everybody on the way what came of it."""
        path, branch, observation = [root], root, episode.observe()
        rewards: tuple[float, ...] | None = None
        while rewards is None and branch.branches:
            branch = branch.promising()
            path.append(branch)
            step = episode.step(branch.action)
            rewards = step.rewards if step.over else None
            if rewards is None:
                observation = episode.observe()
                if branch.branches is None and branch.visits > 0:
                    branch.branches = self._open(episode, observation)
                if not step.legal:
                    break  # chance made the listed action inapplicable: the tree says nothing from here on
        for _ in range(PLIES):
            if rewards is not None:
                break
            step = episode.step(random_legal(episode, observation, self._rng))
            rewards = step.rewards if step.over else None
            observation = episode.observe() if rewards is None else observation
        for one in path:
            one.visits += 1
            one.total += self._value(rewards, one.mover)

    def _value(self, rewards: tuple[float, ...] | None, player: int) -> float:
        """A player's reward between 0 and 1; a half where nobody knows yet."""
        return 0.5 if not rewards else (rewards[player] - self._low) / self._width
