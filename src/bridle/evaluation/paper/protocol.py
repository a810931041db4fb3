"""The protocol's parts as jobs: small, picklable, run anywhere, each giving one row as a JSON object."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from functools import partial
from statistics import mean, stdev
from typing import Any, Literal, TypeAlias

from bridle.agents.agent import Agent
from bridle.agents.model import ModelAgent
from bridle.agents.random_legal import RandomLegal
from bridle.agents.tree_search import TreeSearch
from bridle.environment import Environment, Episode
from bridle.environments.catalog import resolve
from bridle.errors import UsageError
from bridle.evaluation.check import check
from bridle.evaluation.matches import Match, Player, TextMode, alone, contest, simulated_player
from bridle.harness import TEXT_ACTION, Harness, Limits, digest
from bridle.models import open_model
from bridle.rollout import Trial
from bridle.runtime.effects import Propose
from bridle.runtime.modes import filtered, policy, verifier
from bridle.sandbox import LocalSandbox
from bridle.statistics import bootstrap, wilson

ONE_PLAYER_MATCHES, TWO_PLAYER_MATCHES = 20, 40
PLAYOUTS = 30
"""Playouts a move of the tree search where its name gives no number."""

Part: TypeAlias = Literal["legality", "rewards", "duel"]


@dataclass(frozen=True, kw_only=True)
class Contestant:
    """Who plays. `kind`: `policy`, `model`, `model + verifier`, `model + filter`, `random legal`, `simulated careless`,
    or `tree search`. A harness of another's kind is not looked at, and neither is a model.
    """

    kind: str
    harness: Harness | None = None
    model: str = ""
    playouts: int = PLAYOUTS

    @property
    def name(self) -> str:
        """For tables: what it is, which model it asks, and which harness."""
        parts = [self.kind, self.model, f"harness {self.harness.digest[:8]}" if self.harness else ""]
        if self.kind == "tree search":
            parts.append(f"{self.playouts} playouts")
        return ", ".join(part for part in parts if part)

    def record(self) -> dict[str, Any]:
        """As a JSON object, the harness by its digest."""
        return {**asdict(self), "harness": self.harness.digest if self.harness else None}


@dataclass(frozen=True, kw_only=True)
class PaperJob:
    """One part of the protocol for one environment. `opponent` is for duels only, `rows` (judged) for legality only."""

    part: Part
    environment: str
    contestant: Contestant
    opponent: Contestant | None = None
    matches: int = ONE_PLAYER_MATCHES
    lanes: int = 10
    steps: int = 1000
    rows: int = 2000
    seed: int = 0

    @property
    def key(self) -> str:
        """What tells it apart from other jobs: a digest of all that its row depends on."""
        played = {"contestant": self.contestant.record(), "opponent": self.opponent and self.opponent.record()}
        return digest({**asdict(self), **played})


def run(job: PaperJob) -> dict[str, Any]:
    """Play a job in this process; its row.

    Raises:
        UsageError: the contestant can't play this environment.
        HarnessFault: its harness can't be loaded.
        ModelFault: its model gave no answer.
        EnvironmentFault: the environment broke.
    """
    environment = resolve(job.environment)
    if environment.contract.name != TEXT_ACTION.name:
        raise UsageError(f"{job.environment} is no game; `bridle evaluate` is for workflows.")
    return {"job": job.key, "part": job.part, "environment": job.environment, **_PARTS[job.part](job, environment)}


def _legality(job: PaperJob, environment: Environment) -> dict[str, Any]:
    harness = job.contestant.harness
    assert harness is not None, "legality is a harness's"
    trial = Trial(split="sealed", lanes=job.lanes, steps=job.steps, seed=job.seed, offset=job.seed * 1_000_003)
    with LocalSandbox() as sandbox:
        found = check(environment, harness, sandbox, trial=trial, rows=job.rows, limits=Limits())
    return {"harness": harness.digest, **found.record()}


def _rewards(job: PaperJob, environment: Environment) -> dict[str, Any]:
    matches = _matches(job, environment)
    paid = [match.rewards[0] if match.rewards else 0.0 for match in matches]
    interval = bootstrap(paid, mean, seed=job.seed)
    assert interval is not None, "at least one match was played"
    return {
        "player": job.contestant.name,
        "kind": job.contestant.kind,
        "mean": mean(paid),
        "low": interval.low,
        "high": interval.high,
        "standard_error": stdev(paid) / len(paid) ** 0.5 if len(paid) > 1 else None,
        "rewards": paid,
        **_conduct(matches, lambda number: 0),
    }


def _duel(job: PaperJob, environment: Environment) -> dict[str, Any]:
    assert job.opponent is not None, "a duel has an opponent"
    matches = _matches(job, environment)
    seats = [number % environment.players for number in range(len(matches))]
    results = [_result(match, seat) for match, seat in zip(matches, seats, strict=True)]
    won, drawn, n = results.count("win"), results.count("draw"), len(results)
    interval = wilson(won, n)
    lost_illegally = [
        result == "loss" and match.last == seat and not match.legal_end
        for match, seat, result in zip(matches, seats, results, strict=True)
    ]
    return {
        "player": job.contestant.name,
        "opponent": job.opponent.name,
        "wins": won,
        "draws": drawn,
        "losses": n - won - drawn,
        "losses_by_illegality": sum(lost_illegally),
        "win_rate": won / n,
        "low": interval.low,
        "high": interval.high,
        **_conduct(matches, lambda number: seats[number]),
    }


_PARTS: dict[Part, Callable[[PaperJob, Environment], dict[str, Any]]] = {
    "legality": _legality,
    "rewards": _rewards,
    "duel": _duel,
}


def _result(match: Match, seat: int) -> str:
    """Of the match for this seat; without rewards nobody won, but a harness without an action lost."""
    if not match.rewards:
        return "loss" if match.seats[seat].crashed else "draw"
    best = max(reward for place, reward in enumerate(match.rewards) if place != seat)
    return "win" if match.rewards[seat] > best else "loss" if match.rewards[seat] < best else "draw"


def _conduct(matches: list[Match], seat: Callable[[int], int]) -> dict[str, Any]:
    """What the contestant's own turns were like."""
    own = [match.seats[seat(number)] for number, match in enumerate(matches)]
    return {
        "matches": len(matches),
        "unfinished": sum(not match.rewards for match in matches),
        "turns": sum(one.turns for one in own),
        "illegal": sum(one.illegal for one in own),
        "refused": sum(one.refused for one in own),
        "crashed": sum(one.crashed for one in own),
    }


def _matches(job: PaperJob, environment: Environment) -> list[Match]:
    """Sealed matches: each start once in one-player games, and once for each seat of the contestant in others."""
    players, scenarios = environment.players, environment.scenarios("sealed")
    with ExitStack() as held:
        sandbox = held.enter_context(LocalSandbox())
        table = _Table(environment, sandbox, held)
        one, other = table.player(job.contestant), None if job.opponent is None else table.player(job.opponent)
        matches = []
        for number in range(job.matches):
            table.sample = job.seed * 1_000_000 + number
            seats = [one if other is None or place == number % players else other for place in range(players)]
            scenario = scenarios[(job.seed * 1_000_003 + number // players) % len(scenarios)]
            matches.append(contest(environment, scenario, seats, seed=table.sample, steps=job.steps))
        return matches


class _Table:
    """Makes players for one environment, and closes what they hold."""

    def __init__(self, environment: Environment, sandbox: LocalSandbox, held: ExitStack) -> None:
        self._environment, self._sandbox, self._held = environment, sandbox, held
        self.sample = 0

    def player(self, who: Contestant) -> Player:
        """The contestant as a player of any seat."""
        mode = _MODES.get(who.kind, alone)
        loaded = None
        if mode is not alone:
            if who.harness is None:
                raise UsageError(f"A player of the kind {who.kind!r} needs a harness.")
            loaded = self._held.enter_context(self._sandbox.load(who.harness, Limits()))
        return Player(name=who.name, proposer=self._proposer(who), mode=mode, loaded=loaded)

    def _proposer(self, who: Contestant) -> Callable[[Episode, Propose, random.Random], Any] | None:
        if who.kind == "policy":
            return None
        if who.kind == "simulated careless":
            return simulated_player
        if who.kind == "random legal":
            return self._asking(lambda episode, rng: RandomLegal(episode, rng))
        if who.kind == "tree search":
            rewards = self._environment.reward_range
            return self._asking(lambda episode, rng: TreeSearch(episode, rng, playouts=who.playouts, rewards=rewards))
        if not who.model:
            raise UsageError(f"A player of the kind {who.kind!r} needs a model; name one with --model.")
        model = open_model(who.model)
        self._held.callback(model.close)
        return self._asking(lambda episode, rng: ModelAgent(model, self._environment.contract, sample=self.sample))

    @staticmethod
    def _asking(
        make: Callable[[Episode, random.Random], Agent],
    ) -> Callable[[Episode, Propose, random.Random], Any]:
        def propose(episode: Episode, request: Propose, rng: random.Random) -> Any:
            return make(episode, rng).propose(request.observation, request.refusals, request.choices)

        return propose


_MODES: dict[str, TextMode] = {
    "policy": policy,
    "model + verifier": partial(verifier, attempts=5),
    "model + filter": filtered,
}

KINDS = ("policy", "model", "model + verifier", "model + filter", "random legal", "simulated careless", "tree search")
"""Every kind of contestant."""
