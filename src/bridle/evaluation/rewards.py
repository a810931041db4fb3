"""Rewards: what the matches of a policy brought, how they ended, and what a random legal player gets.

One `Rewards` is what was seen of one harness under the objective `policy`: the reward of each match (so that two
harnesses can be compared match by match), the few matches worth showing, and a reference on the same scenarios.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache
from math import sqrt
from statistics import stdev
from typing import Any

from bridle.agents.random_legal import random_legal
from bridle.environment import Environment, Observation, Scenario, Step
from bridle.evaluation.causes import said, text_of
from bridle.rollout import Trial

WORST = 3
"""Matches that went badly which are kept."""

LOOP = 4
"""How often the same news has to come back in a match before it counts as a loop."""

REFERENCE_MATCHES = 20
REFERENCE_STEPS = 1000
"""Matches of the random legal player, and the most of its own steps in one."""


@dataclass(frozen=True, kw_only=True)
class MatchEnd:
    """How one match ended. `place` is lane and match in the lane; `reward` the environment's own, of the player.

    `ending`: `over`, `limit` (a limit of the environment ended it), `cut` (the trial's last step) or `stuck` (nothing
    was legal any more and the environment went on). The last two brought no reward and count as the lowest. `steps`
    are the player's own, and `repeats` how often the news that came most often came: what was new in the observation
    since the player's last one, its own action included.
    """

    place: tuple[int, int]
    player: int
    reward: float
    steps: int
    ending: str
    observation: Any = None
    action: Any = None
    feedback: str = ""
    repeats: int = 0


@dataclass(frozen=True, kw_only=True)
class Reference:
    """A random legal player on the same scenarios: its mean reward on the scale from 0 to 1, and how that looked."""

    mean: float
    error: float | None
    matches: int
    worst: MatchEnd
    best: MatchEnd


@dataclass(frozen=True, kw_only=True)
class Rewards:
    """The matches of one harness. `low` and `high` are the environment's range, `values` one reward a match.

    `endings` counts the matches by how they ended, `loops` those in which the same news came `LOOP` times. `worst` are
    the lowest rewards, one for each way of ending first; `best` is the best match.
    """

    low: float
    high: float
    values: tuple[float, ...]
    endings: dict[str, int]
    loops: int = 0
    worst: tuple[MatchEnd, ...] = ()
    best: MatchEnd | None = None
    reference: Reference | None = None

    @property
    def mean(self) -> float | None:
        """On a scale from 0 to 1; None without a match."""
        values = scaled(self.values, self.low, self.high)
        return sum(values) / len(values) if values else None

    @property
    def error(self) -> float | None:
        """The mean's standard error on the same scale; None with fewer than two matches."""
        return standard_error(scaled(self.values, self.low, self.high))

    def record(self) -> dict[str, Any]:
        """As a JSON object; `from_record` reads it back."""
        return asdict(self)

    @staticmethod
    def from_record(record: dict[str, Any]) -> Rewards:
        """The rewards that `record` was made from."""
        reference = record["reference"]
        if reference is not None:
            ends = {name: _end(reference[name]) for name in ("worst", "best")}
            reference = Reference(**{**reference, **ends})
        return Rewards(
            **{
                **record,
                "values": tuple(record["values"]),
                "worst": tuple(_end(end) for end in record["worst"]),
                "best": _end(record["best"]) if record["best"] else None,
                "reference": reference,
            }
        )


def scaled(values: Sequence[float], low: float, high: float) -> list[float]:
    """Rewards on a scale from 0 to 1. One outside the declared range is the environment's fault, and is bounded."""
    return [min(1.0, max(0.0, (value - low) / ((high - low) or 1.0))) for value in values]


def standard_error(values: Sequence[float]) -> float | None:
    """Of the mean; None with fewer than two values."""
    return stdev(values) / sqrt(len(values)) if len(values) > 1 else None


def merged(first: Rewards, second: Rewards) -> Rewards:
    """Both trials' matches; what is shown and the reference are the first's, where every candidate plays the same."""
    endings = Counter(first.endings) + Counter(second.endings)
    return replace(
        first,
        values=first.values + second.values,
        endings=dict(sorted(endings.items())),
        loops=first.loops + second.loops,
    )


class Watcher:
    """Watches a trial's matches for their endings. It is a `bridle.rollout.Watch`."""

    def __init__(self, environment: Environment) -> None:
        """Nothing was seen yet."""
        self._range = environment.reward_range
        self._lanes: dict[int, _Match] = {}
        self.ends: list[MatchEnd] = []

    def acted(self, place: tuple[int, int], observation: Observation, action: Any) -> None:
        """The harness acts."""
        lane = self._lanes.get(place[0])
        if lane is None or lane.place != place:
            lane = self._lanes[place[0]] = _Match(place)
        lane.act(observation, action)

    def ended(self, place: tuple[int, int], ending: str, step: Step | None, seat: int) -> None:
        """A match ended; one in which the harness never acted is passed over, and so is one without any reward."""
        match = self._lanes.pop(place[0], None)
        if match is None or match.place != place:
            return
        if step is not None and not step.rewards:
            return  # the environment pays nothing here: there is nothing to value
        reward = step.rewards[seat] if step is not None else self._range[0]
        self.ends.append(match.end(ending, float(reward), step.feedback if step is not None else ""))

    def rewards(self, reference: Reference | None) -> Rewards:
        """What was seen, lane by lane."""
        ends = sorted(self.ends, key=lambda end: end.place)
        low, high = self._range
        return Rewards(
            low=low,
            high=high,
            values=tuple(end.reward for end in ends),
            endings=dict(sorted(Counter(end.ending for end in ends).items())),
            loops=sum(end.repeats >= LOOP for end in ends),
            worst=worst(ends, high),
            best=max(ends, key=lambda end: (end.reward, -end.steps), default=None),
            reference=reference,
        )


class _Match:
    """A match under way."""

    def __init__(self, place: tuple[int, int]) -> None:
        self.place = place
        self._steps = 0
        self._observation = Observation(0, None)
        self._action: Any = None
        self._news: Counter[str] = Counter()

    def act(self, observation: Observation, action: Any) -> None:
        """The harness acts on an observation."""
        if self._steps:
            before, now = text_of(self._observation.view), text_of(observation.view)
            self._news[now[len(before) :] if now.startswith(before) else now] += 1
        self._steps += 1
        self._observation, self._action = observation, action

    def end(self, ending: str, reward: float, feedback: str) -> MatchEnd:
        """How it ended."""
        return MatchEnd(
            place=self.place,
            player=self._observation.player,
            reward=reward,
            steps=self._steps,
            ending=ending,
            observation=self._observation.view,
            action=self._action,
            feedback=feedback,
            repeats=max(self._news.values(), default=0),
        )


def worst(ends: Sequence[MatchEnd], high: float) -> tuple[MatchEnd, ...]:
    """A few matches that brought less than the highest reward: the lowest first, each way of ending once at first."""
    lost = sorted((end for end in ends if end.reward < high), key=lambda end: (end.reward, end.place))
    ways: dict[tuple[str, str, bool], MatchEnd] = {}
    for end in lost:
        ways.setdefault((end.ending, said(end.feedback, text_of(end.action)), end.repeats >= LOOP), end)
    first = list(ways.values())
    return tuple([*first, *(end for end in lost if end not in first)][:WORST])


def reference(environment: Environment, trial: Trial) -> Reference | None:
    """The random legal player's, from the trial's first scenarios; None where it can't play or is paid nothing."""
    watcher = Watcher(environment)
    scenarios = environment.scenarios(trial.split)
    for number in range(REFERENCE_MATCHES):
        lane, match = number % trial.lanes, number // trial.lanes
        seat = (lane + match) % environment.players
        scenario = scenarios[(trial.offset + lane + match * trial.lanes) % len(scenarios)]
        rng = random.Random(f"{trial.seed}/reference/{number}")
        try:
            _played(environment, scenario, (lane, match), seat, watcher, rng)
        except Exception:
            continue  # nobody can play this one, or the environment broke, in whatever way: the others do
    found = watcher.rewards(None)
    if not found.values or found.mean is None:
        return None
    low = min(watcher.ends, key=lambda end: (end.reward, end.place))
    high = max(watcher.ends, key=lambda end: (end.reward, -end.steps))
    return Reference(mean=found.mean, error=found.error, matches=len(found.values), worst=low, best=high)


def _played(
    environment: Environment,
    scenario: Scenario,
    place: tuple[int, int],
    seat: int,
    watcher: Watcher,
    rng: random.Random,
) -> None:
    """One match of the random legal player against itself, watched from one seat."""
    episode = environment.start(scenario)
    own = 0
    while own < REFERENCE_STEPS:
        observation = episode.observe()
        if observation.no_legal_action:
            return watcher.ended(place, "stuck", None, seat)
        action = random_legal(episode, observation, rng)
        if environment.players == 1 or observation.player == seat:
            own += 1
            watcher.acted(place, observation, action)
        step = episode.step(action)
        if step.over:
            return watcher.ended(place, "limit" if step.truncated else "over", step, seat)
    return watcher.ended(place, "cut", None, seat)


@dataclass(frozen=True)
class Source:
    """What a reference is made of: equal where the fingerprint and the trial are."""

    fingerprint: Hashable
    trial: Trial
    environment: Environment = field(compare=False)


@lru_cache(maxsize=2)
def cached_reference(source: Source) -> Reference | None:
    """The reference, made once in each process."""
    return reference(source.environment, source.trial)


def _end(record: dict[str, Any]) -> MatchEnd:
    lane, match = record["place"]
    return MatchEnd(**{**record, "place": (lane, match)})
