"""Variety: how many of a position's legal actions a proposer shows, when it is asked again and again.

A proposer that always does the same is legal without having understood a rule, and useless to the filter, which needs
a set to choose from. Measured in positions whose legal actions the episode lists completely, and where there are two or
more.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bridle.agents.random_legal import random_legal
from bridle.environment import Enumerating, Environment, Episode, Probing, Split
from bridle.evaluation.judged import SLOW, SLOW_TOLERATED
from bridle.harness import Action, Call, Loaded

DRAWS = 24
"""How often the proposer is asked in a position."""

MOVES = (0, 1, 2, 3, 5, 8, 13, 21, 34)
"""Moves of random legal play before a position, one of these for each."""

ATTEMPTS = 4
"""Games that are begun for each position that is wanted: some end too early, some positions leave no choice."""


@dataclass(frozen=True, kw_only=True)
class Position:
    """A state to propose in, in an episode that stays there. `legal` are its legal actions, in their plain spelling."""

    player: int
    move: int
    view: Any
    episode: Episode
    legal: tuple[Action, ...]

    @property
    def needed(self) -> int:
        """Different legal actions that are enough: half of what uniform draws would show on average, at least two.

        Half, so that neither chance nor a reasonable preference counts as timid: a uniform proposer falls short in
        one of eight million positions at most.
        """
        n = len(self.legal)
        return max(2, int(n * (1 - (1 - 1 / n) ** DRAWS) / 2))


@dataclass(frozen=True, kw_only=True)
class Timid:
    """A position in which too few legal actions were shown: how many, and what was proposed there (each once)."""

    position: Position
    shown: int
    proposed: tuple[Action, ...]


@dataclass(frozen=True, kw_only=True)
class Variety:
    """What a proposer showed: `shown` of `needed` different legal actions, over all positions, no position above its
    need. `recalled` of `listed` legal actions were shown altogether."""

    shown: int
    needed: int
    recalled: int
    listed: int
    timid: tuple[Timid, ...]


def sample_positions(environment: Environment, split: Split, *, count: int, seed: int, offset: int) -> list[Position]:
    """Up to `count` positions, each of a game of its own; none where the environment doesn't list legal actions."""
    rng = random.Random(f"{seed}/positions/{split}/{offset}")
    scenarios = environment.scenarios(split)
    found: list[Position] = []
    for number in range(ATTEMPTS * count):
        try:
            episode = environment.start(scenarios[(seed * 7919 + offset + number) % len(scenarios)])
            if not (isinstance(episode, Enumerating) and isinstance(episode, Probing)):
                return []
            position = _position(episode, rng.choice(MOVES), rng)
        except Exception:  # whatever an environment raises is a fault of its own: this game is no position
            continue
        if position is not None:
            found.append(position)
        if len(found) == count:
            break
    return found


def _position(episode: Any, moves: int, rng: random.Random) -> Position | None:
    """Where random legal play gets in so many moves; None where that is nowhere to measure."""
    observation = episode.observe()
    for _ in range(moves):
        if observation.no_legal_action or episode.step(random_legal(episode, observation, rng)).over:
            return None
        observation = episode.observe()
    legal = tuple(episode.legal_actions())
    if len(legal) < 2 or not getattr(episode, "exhaustive", True):
        return None
    return Position(player=observation.player, move=moves, view=observation.view, episode=episode, legal=legal)


def variety(loaded: Loaded, positions: Sequence[Position]) -> Variety:
    """Ask the proposer `DRAWS` times in every position. A call that fails shows nothing."""
    shown = recalled = slow = 0
    timid = []
    for number, position in enumerate(positions):
        if slow >= SLOW_TOLERATED:
            break
        seeds = range(number * DRAWS, (number + 1) * DRAWS)
        replies = loaded.batch([Call("propose_action", (position.view,), seed=seed) for seed in seeds])
        slow += sum(reply.failure is not None and reply.failure.kind in SLOW for reply in replies)
        proposed = list(dict.fromkeys(reply.value for reply in replies if reply.failure is None))
        different = len({_words(action) for action in proposed if _legal(position, action)})
        recalled += min(different, len(position.legal))
        shown += min(different, position.needed)
        if different < position.needed and proposed:
            timid.append(Timid(position=position, shown=different, proposed=tuple(proposed)))
    return Variety(
        shown=shown,
        needed=sum(position.needed for position in positions),
        recalled=recalled,
        listed=sum(len(position.legal) for position in positions),
        timid=tuple(timid),
    )


def _legal(position: Position, action: Action) -> bool:
    """Whether the action is legal, in the position's plain spelling or another."""
    if action in position.legal:
        return True
    assert isinstance(position.episode, Probing)
    try:
        return bool(position.episode.probe(action))
    except Exception:  # the environment's own fault: nobody knows, so nothing is shown
        return False


def _words(action: Action) -> str:
    """The action without case and punctuation, so that no spelling makes two actions of one."""
    return " ".join(re.findall(r"\w+", str(action).lower()))
