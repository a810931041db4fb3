"""The judged table: (observation, action, truth) examples of an environment, stratified. Truth comes from `probe`.

It doesn't depend on any candidate: one table serves every harness, and a row costs a call instead of a game.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from bridle.agents.random_legal import random_legal
from bridle.environment import Environment, ForeignActing, Observation, Probing, Split
from bridle.errors import EnvironmentFault
from bridle.harness import Action, Call, Loaded

STRATA = ("legal", "near-miss", "malformed")
ACTIONS_A_STATE = 8


@dataclass(frozen=True, kw_only=True)
class Row:
    """One judged example. `stratum`: legal, near-miss (illegal, in the shape of a legal action) or malformed.

    `proposer` is `agent` for what an agent proposed in its episode, and empty for what was made up.
    """

    player: int
    view: Any
    action: Action
    legal: bool
    stratum: str
    feedback: str = ""
    error_class: str = ""
    proposer: str = ""


@dataclass(frozen=True, kw_only=True)
class Verdicts:
    """What a harness's check said of the rows. `wrong` are the rows that it got wrong, crashes included."""

    accepted: int
    failed: int
    by_stratum: dict[str, tuple[int, int]]
    wrong: tuple[Row, ...]

    def rate(self, stratum: str) -> tuple[int, int]:
        """(right, all) in a stratum."""
        return self.by_stratum.get(stratum, (0, 0))


def judged_rows(environment: Environment, split: Split, *, count: int, seed: int) -> list[Row]:
    """About `count` distinct rows from random legal play in a split; none where the environment can't probe.

    Each state gives some of its foreign actions, legal and illegal alike.
    """
    rng = random.Random(f"{seed}/judged/{split}")
    scenarios = environment.scenarios(split)
    rows: dict[tuple[str, str], Row] = {}
    for number in range(10 * count):
        episode = environment.start(scenarios[(seed * 7919 + number) % len(scenarios)])
        if not (isinstance(episode, Probing) and isinstance(episode, ForeignActing)):
            return []
        try:
            while len(rows) < count:
                observation = episode.observe()
                if observation.no_legal_action:
                    break
                for row in _rows(episode, observation, rng):
                    rows.setdefault((str(row.view), str(row.action)), row)
                if episode.step(random_legal(episode, observation, rng)).over:
                    break
        except EnvironmentFault:
            continue  # this game ends here; the next one goes on
        if len(rows) >= count:
            break
    return stratified(list(rows.values())[:count])


class _Judging(Probing, ForeignActing, Protocol):
    """An episode that makes up actions and tells the truth about them."""


def _rows(episode: _Judging, observation: Observation, rng: random.Random) -> list[Row]:
    """Some foreign actions of a state, each with its truth."""
    actions = episode.foreign_actions(rng)
    rows = []
    for action in rng.sample(actions, min(ACTIONS_A_STATE, len(actions))):
        truth = episode.probe(action)
        rows.append(
            Row(
                player=observation.player,
                view=observation.view,
                action=action,
                legal=truth.legal,
                stratum="",
                feedback=truth.feedback,
                error_class=truth.error_class,
            )
        )
    return rows


def stratified(rows: Sequence[Row]) -> list[Row]:
    """The rows with their strata: an illegal action in the shape of any legal one is a near miss."""
    shapes = {_shape(row.action) for row in rows if row.legal}
    return [
        replace(row, stratum="legal" if row.legal else "near-miss" if _shape(row.action) in shapes else "malformed")
        for row in rows
    ]


def judge(loaded: Loaded, rows: Sequence[Row], *, function: str = "is_legal_action") -> Verdicts:
    """Ask a harness's check about every row. A call that fails accepts nothing, and is wrong either way."""
    counts: dict[str, list[int]] = {}
    wrong, accepted, failed = [], 0, 0
    for start in range(0, len(rows), 100):
        part = rows[start : start + 100]
        replies = loaded.batch([Call(function, (row.view, row.action)) for row in part])
        for row, reply in zip(part, replies, strict=True):
            accepted += bool(reply.value)
            failed += reply.failure is not None
            right = reply.failure is None and bool(reply.value) == row.legal
            tally = counts.setdefault(row.stratum, [0, 0])
            tally[0] += right
            tally[1] += 1
            if not right:
                wrong.append(row)
    by_stratum = {name: (counts[name][0], counts[name][1]) for name in STRATA if name in counts}
    return Verdicts(accepted=accepted, failed=failed, by_stratum=by_stratum, wrong=tuple(wrong))


def _shape(action: Action) -> str:
    """The action with letters and digits made alike."""
    return re.sub(r"[A-Za-z]+", "a", re.sub(r"\d+", "9", str(action)))
