"""Lanes side by side, in lockstep: every round trip carries one call of each that is still playing."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from bridle.environment import Environment
from bridle.harness import Call, Loaded, Pipelining, Reply
from bridle.rollout.lane import FailedStep, Lane, LaneResult, Opponent, Watch
from bridle.rollout.trial import Trial
from bridle.runtime.effects import Invoke


@dataclass(frozen=True, kw_only=True)
class Rollout:
    """The lanes of one trial."""

    trial: Trial
    lanes: tuple[LaneResult, ...]

    @property
    def attempted(self) -> int:
        """Actions of the harness over all lanes."""
        return sum(lane.attempted for lane in self.lanes)

    @property
    def legal(self) -> int:
        """Those that the environment accepted and in which no function failed."""
        return sum(lane.legal for lane in self.lanes)

    @property
    def endings(self) -> dict[str, int]:
        """How many lanes ended for which reason."""
        return dict(sorted(Counter(lane.ending for lane in self.lanes).items()))

    @property
    def complete(self) -> bool:
        """Whether every planned step was played: only then does a clean score count."""
        return all(lane.ending == "planned" for lane in self.lanes)

    @property
    def planned(self) -> int:
        """Harness steps when nothing had ended early; where whole matches are played, what the lanes that got to their
        ends needed, and the most for the others.
        """
        if self.trial.matches is None:
            return self.trial.planned
        return sum(lane.attempted if lane.ending == "planned" else self.trial.lane_steps for lane in self.lanes)

    @property
    def rewards(self) -> tuple[float, ...]:
        """The harness's rewards, one an episode that ended, lane by lane."""
        return tuple(reward for lane in self.lanes for reward in lane.rewards)

    @property
    def failures(self) -> tuple[FailedStep, ...]:
        """Every failed step that was kept, lane by lane."""
        return tuple(failure for lane in self.lanes for failure in lane.failures)


def lockstep(
    environment: Environment,
    loaded: Loaded,
    trial: Trial,
    *,
    opponent: Opponent | None = None,
    watch: Watch | None = None,
) -> Rollout:
    """Play a trial: every round trip carries one call of each lane that is still playing."""
    lanes = [Lane(environment, trial, number, opponent, watch) for number in range(trial.lanes)]
    in_lockstep(lanes, loaded)
    return Rollout(trial=trial, lanes=tuple(lane.result() for lane in lanes))


class Driven(Protocol):
    """What plays from one harness call to the next."""

    def begin(self) -> Invoke | None:
        """The first call; None when it is over without any."""

    def resume(self, reply: Reply) -> Invoke | None:
        """Go on with the reply to the last call; the next call, or None when it is over."""


def in_lockstep(lanes: Sequence[Driven], loaded: Loaded) -> None:
    """Drive the lanes to their ends: every round trip carries one call of each that is still playing.

    Where the harness can take two batches at once, the lanes go in two halves: while one half's calls are answered, the
    other half's games are played. What a lane plays doesn't depend on it.
    """
    pipeline = loaded if isinstance(loaded, Pipelining) and len(lanes) > 1 else _OneByOne(loaded)
    halves = [lanes] if isinstance(pipeline, _OneByOne) else [lanes[::2], lanes[1::2]]
    under_way: deque[list[Driven]] = deque()

    def send(waiting: list[tuple[Driven, Invoke | None]]) -> None:
        playing = [(lane, invoke.call) for lane, invoke in waiting if invoke is not None]
        if playing:
            pipeline.submit([call for _, call in playing])
            under_way.append([lane for lane, _ in playing])

    for half in halves:
        send([(lane, lane.begin()) for lane in half])
    while under_way:
        playing = under_way.popleft()
        send([(lane, lane.resume(reply)) for lane, reply in zip(playing, pipeline.collect(), strict=True)])


class _OneByOne:
    """Any loaded harness, as one that has a single batch on its way."""

    def __init__(self, loaded: Loaded) -> None:
        self._loaded = loaded
        self._calls: Sequence[Call] = ()

    def submit(self, calls: Sequence[Call]) -> None:
        self._calls = calls

    def collect(self) -> list[Reply]:
        return self._loaded.batch(self._calls)
