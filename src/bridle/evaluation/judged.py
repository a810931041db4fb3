"""The judged table: (observation, action, truth) examples of an environment, stratified. Truth comes from `probe`.

It doesn't depend on any candidate: one table serves every harness, and a row costs a call instead of a game.

Its states come from many games, from every phase of them, and from more than random play (`habits`): harnesses play by
habits, so states that are rare under random play are not rare for them. Now and then a player stumbles: an illegal
action is taken, because after a refusal observations look different. What an action is worth is made up by the episode
(`foreign_actions`): legal ones, near misses, actions of other states, and malformed ones.

Where the same observation and action were legal in one game and illegal in another (hidden information), no harness can
tell: such rows are marked undecidable. For that, an observation that comes up again is asked about actions that it was
asked about before.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import count as counting
from typing import Any, NamedTuple, Protocol

from bridle.environment import Environment, Episode, ForeignActing, Observation, Probing, Split
from bridle.errors import EnvironmentFault, Failure
from bridle.evaluation.habits import HABITS, Player
from bridle.harness import Action, Call, Loaded

STRATA = ("legal", "near-miss", "malformed")

ACTIONS_A_STATE = 8
"""Foreign actions that are judged in a state."""

AGAIN = 4
"""Earlier actions that are judged once more where an observation comes up in another game."""

GAMES = 24
"""At least so many games share a table."""

STRIDES = (1, 2, 4, 8, 16, 32)
"""Moves from one judged state of a game to the next, drawn for each game: long games are seen to their end."""

STUMBLES = 0.15
"""Chance that a player takes an illegal action that was just judged."""

IDLE = 50
"""Games in a row without a new row after which there is nothing more to be had."""

BATCH = 25
"""Rows that a check is asked about at once."""

SLOW = ("timeout", "cpu", "memory", "killed")
"""Kinds of failures that cost much time."""

SLOW_TOLERATED = 3
"""Such failures after which a harness is asked about no further row: the rest counts as wrong."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One judged example. `stratum`: legal, near-miss (illegal, in the shape of a legal action) or malformed.

    `proposer` is `agent` for what an agent proposed in its episode, and empty for what was made up. `place` is the game
    and the move in it, each from 0 on. `undecidable` says that the same observation and action had the other truth too.
    """

    player: int
    view: Any
    action: Action
    legal: bool
    stratum: str
    feedback: str = ""
    error_class: str = ""
    proposer: str = ""
    place: tuple[int, int] = (0, 0)
    undecidable: bool = False


class Misjudged(NamedTuple):
    """A row that a check got wrong, and its failure where it failed."""

    row: Row
    failure: Failure | None


@dataclass(frozen=True, kw_only=True)
class Verdicts:
    """What a harness's check said of the rows. `wrong` are the rows that it got wrong, crashes included.

    Undecidable rows are in no figure but their own count. `unasked` rows, for want of patience with a check that hangs,
    count as wrong; they are not in `wrong`.
    """

    accepted: int
    failed: int
    by_stratum: dict[str, tuple[int, int]]
    wrong: tuple[Misjudged, ...]
    undecidable: int = 0
    unasked: int = 0

    def rate(self, stratum: str) -> tuple[int, int]:
        """(right, all) in a stratum."""
        return self.by_stratum.get(stratum, (0, 0))


def judged_rows(environment: Environment, split: Split, *, count: int, seed: int, offset: int = 0) -> list[Row]:
    """About `count` distinct rows from games of a split; none where the environment can't probe.

    Deterministic in its arguments. `offset` moves on to other scenarios, and draws anew. Fewer rows come of an
    environment that has no more distinct ones.

    Raises:
        EnvironmentFault: no game gave a row before it broke.
    """
    return _Table(environment, split, count=count, seed=seed, offset=offset).fill()


class _Judging(Episode, Probing, ForeignActing, Protocol):
    """An episode that makes up actions and tells the truth about them."""


@dataclass
class _Seen:
    """A view that came up: in which game first, and what was asked about it."""

    game: int
    actions: dict[str, Action] = field(default_factory=dict)


class _Table:
    """A table in the making."""

    def __init__(self, environment: Environment, split: Split, *, count: int, seed: int, offset: int) -> None:
        self._environment, self._scenarios, self._count = environment, environment.scenarios(split), count
        self._rng = random.Random(f"{seed}/judged/{split}/{offset}")
        self._first = seed * 7919 + offset
        self._rows: dict[tuple[str, str], Row] = {}
        self._seen: dict[str, _Seen] = {}

    def fill(self) -> list[Row]:
        """Play games until there are enough rows, or no new ones. A game that breaks ends there; the next one goes on.

        Raises:
            EnvironmentFault: no game gave a row before it broke.
        """
        idle, broken = 0, ""
        for number in counting():
            before = len(self._rows)
            try:
                episode = self._environment.start(self._scenarios[(self._first + number) % len(self._scenarios)])
                if not (isinstance(episode, Probing) and isinstance(episode, ForeignActing)):
                    return []
                self._game(episode, number)
            except Exception as error:  # whatever an environment raises is a fault of its own, as in a rollout
                broken = f"{type(error).__name__}: {error}"
            idle = 0 if len(self._rows) > before else idle + 1
            if len(self._rows) >= self._count or idle == IDLE:
                break
        if broken and not self._rows:
            raise EnvironmentFault(f"{self._environment.name} broke in every game that was judged, with {broken}")
        return stratified(list(self._rows.values())[: self._count])

    def _game(self, episode: _Judging, number: int) -> None:
        """Play one game, judging some of its states."""
        rng = self._rng
        stride = rng.choice(STRIDES)
        phase = rng.randrange(stride)
        players = [Player(rng.choice(HABITS), rng) for _ in range(self._environment.players)]
        enough = min(self._count, len(self._rows) + max(ACTIONS_A_STATE, self._count // GAMES))
        for move in counting():
            observation = episode.observe()
            if observation.no_legal_action:
                return
            judged: list[Row] = []
            if move % stride == phase:
                judged = self._judge(episode, observation, (number, move))
                if len(self._rows) >= enough:
                    return
            illegal = [row.action for row in judged if not row.legal]
            if illegal and rng.random() < STUMBLES:
                action = rng.choice(illegal)
            else:
                action = players[observation.player].choose(episode, observation)
            if episode.step(action).over:
                return

    def _judge(self, episode: _Judging, observation: Observation, place: tuple[int, int]) -> list[Row]:
        """Rows of a state: some of its foreign actions, and some that the same view was asked about before."""
        view = str(observation.view)
        seen = self._seen.setdefault(view, _Seen(place[0]))
        made_up = episode.foreign_actions(self._rng)
        asked = self._rng.sample(made_up, min(ACTIONS_A_STATE, len(made_up)))
        if seen.game != place[0]:
            earlier = list(seen.actions.values())
            asked += self._rng.sample(earlier, min(AGAIN, len(earlier)))
        judged = []
        for action in asked:
            truth = episode.probe(action)
            row = Row(
                player=observation.player,
                view=observation.view,
                action=action,
                legal=truth.legal,
                stratum="",
                feedback=truth.feedback,
                error_class=truth.error_class,
                place=place,
            )
            judged.append(row)
            spelling = str(action)
            seen.actions[spelling] = action
            known = self._rows.setdefault((view, spelling), row)
            if known.legal != row.legal:
                self._rows[view, spelling] = replace(known, undecidable=True)
        return judged


def stratified(rows: Sequence[Row]) -> list[Row]:
    """The rows with their strata: an illegal action in the shape of any legal one is a near miss."""
    shapes = {shape(str(row.action)) for row in rows if row.legal}
    return [
        replace(row, stratum="legal" if row.legal else "near-miss" if shape(str(row.action)) in shapes else "malformed")
        for row in rows
    ]


def judge(loaded: Loaded, rows: Sequence[Row], *, function: str = "is_legal_action") -> Verdicts:
    """Ask a harness's check about every row. A call that fails accepts nothing, and is wrong either way."""
    decidable = [row for row in rows if not row.undecidable]
    counts = {stratum: [0, 0] for stratum in STRATA}
    for row in decidable:
        counts[row.stratum][1] += 1
    wrong: list[Misjudged] = []
    accepted = failed = slow = asked = 0
    for start in range(0, len(decidable), BATCH):
        part = decidable[start : start + BATCH]
        replies = loaded.batch([Call(function, (row.view, row.action)) for row in part])
        for row, reply in zip(part, replies, strict=True):
            accepted += bool(reply.value)
            failed += reply.failure is not None
            slow += reply.failure is not None and reply.failure.kind in SLOW
            right = reply.failure is None and bool(reply.value) == row.legal
            counts[row.stratum][0] += right
            if not right:
                wrong.append(Misjudged(row, reply.failure))
        asked += len(part)
        if slow >= SLOW_TOLERATED:
            break
    return Verdicts(
        accepted=accepted,
        failed=failed,
        by_stratum={name: (right, n) for name, (right, n) in counts.items() if n},
        wrong=tuple(wrong),
        undecidable=len(rows) - len(decidable),
        unasked=len(decidable) - asked,
    )


def shape(text: str) -> str:
    """The text with words and numbers made alike."""
    return re.sub(r"[A-Za-z]+", "a", re.sub(r"\d+", "9", text))
