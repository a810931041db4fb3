"""Rollouts in lockstep: many episodes side by side, their harness calls in one batch, one harness.

Source: the paper, section 3: 10 parallel environments, at most 1000 steps each, auto-reset when a game ends; a lane
ends at an illegal action of the code's own, or when the code fails.
"""

from __future__ import annotations

import random
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ParamSpec, Protocol, TypeVar, cast

from bridle.environment import Environment, Episode, Observation, Split, Step
from bridle.errors import Blame, EnvironmentFault, Failure, UsageError
from bridle.harness import Call, Loaded, Pipelining, Reply
from bridle.runtime.effects import Effect, Execute, Invoke, Mode
from bridle.runtime.modes import Turn, own_play

P = ParamSpec("P")
T = TypeVar("T")

WRONG_REFUSALS_KEPT = 5
"""Legal own actions that the harness's own check refused: how many a lane keeps as examples (all are counted)."""

FAULTS_TOLERATED = 3
"""Faults of the environment with no step of the harness between them before a lane is given up."""

FAULTS_KEPT = 5
"""Faults of the environment: how many a lane keeps as examples (all are counted)."""

SHORT = 100
"""Steps of a lane until which it goes on with further matches, where matches are limited: short ones are cheap."""

Opponent = Callable[[Episode, Observation, random.Random], Any]
"""Plays the seats that the harness does not."""


class Watch(Protocol):
    """Is told of a trial's matches as they are played. A place is lane and match in the lane."""

    def acted(self, place: tuple[int, int], observation: Observation, action: Any) -> None:
        """The harness acted."""

    def ended(self, place: tuple[int, int], ending: str, step: Step | None, seat: int) -> None:
        """A match ended: `over`, `limit` (the environment's), or, without a step, `cut` (the trial's) or `stuck`.

        `seat` is whose reward is the harness's.
        """


@dataclass(frozen=True, kw_only=True)
class Trial:
    """Which episodes to play: `lanes` side by side, `steps` of the harness's own in each, from scenario `offset` on.

    With `matches`, a lane plays whole matches instead: at least so many, and until it has taken `SHORT` steps; it
    starts none after `steps` steps, and the one under way is cut only after as many again.
    """

    split: Split = "train"
    offset: int = 0
    lanes: int = 10
    steps: int = 1000
    seed: int = 0
    matches: int | None = None

    def __post_init__(self) -> None:
        """Refuse what can't be played: a round trip to the sandbox carries at most 100 calls."""
        if not 1 <= self.lanes <= 100 or self.steps < 1:
            raise UsageError("Lanes and steps are whole numbers from 1 on, and lanes at most 100.")
        if self.matches is not None and self.matches < 1:
            raise UsageError(f"Matches are a whole number from 1 on, not {self.matches}.")

    @property
    def planned(self) -> int:
        """Harness steps when nothing ends early; with `matches`, the most of them."""
        return self.lanes * self.lane_steps

    @property
    def lane_steps(self) -> int:
        """The most steps of one lane."""
        return self.steps if self.matches is None else 2 * self.steps

    def done(self, attempted: int, finished: int, *, between: bool) -> bool:
        """Whether a lane is over after so many steps and finished matches; `between` matches, or within one."""
        if self.matches is None or not between:
            return attempted >= self.lane_steps
        return attempted >= self.steps or (finished >= self.matches and attempted >= SHORT)


@dataclass(frozen=True, kw_only=True)
class FailedStep:
    """One step that went wrong, as the critic needs it.

    `kind`: `illegal-accepted`, `illegal-refused` (by the harness's own check), `refused-legal`, `crash-propose`,
    `crash-check`, `crash-load`; where the harness is not to blame, `environment`; for tool calls see
    `evaluation.workflow`, for judged rows `evaluation.verifier`. `place` is lane, episode in the lane and the harness's
    step in the episode, each from 0 on. `error_class` is the environment's, `rule` the one that the harness named,
    where there is one. `count` is how many alike it stands for, itself included, where not all are kept.
    """

    kind: str
    place: tuple[int, int, int]
    player: int
    observation: Any
    action: Any = None
    feedback: str = ""
    failure: Failure | None = None
    error_class: str = ""
    rule: str = ""
    count: int = 1


@dataclass(frozen=True, kw_only=True)
class LaneResult:
    """What one lane played. `ending`: `planned`, `illegal`, `crash`, `environment`, or `no-legal-action`.

    `legal` are the attempts that the environment accepted and in which no function of the harness failed. `faults` are
    the environment's, and no attempts.
    """

    attempted: int
    legal: int
    wrong_refusals: int
    episodes: int
    ending: str
    rewards: tuple[float, ...]
    failures: tuple[FailedStep, ...]
    faults: int = 0


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


class Lane:
    """One episode after another, driven from one harness call to the next."""

    def __init__(
        self,
        environment: Environment,
        trial: Trial,
        number: int,
        opponent: Opponent | None,
        watch: Watch | None = None,
    ) -> None:
        """Lane `number` plays scenarios number, number + lanes, … With an `opponent`, the harness's seat alternates."""
        self._environment, self._trial, self._number, self._opponent = environment, trial, number, opponent
        self._watch, self._finished = watch, 0
        self._scenarios = environment.scenarios(trial.split)
        self._rng = random.Random(f"{trial.seed}/opponent/{number}")
        self._episodes = self._step = self._seat = 0
        self._observation = Observation(0, None)
        self._mode: Mode | None = None
        self._rewards: list[float] = []
        self._failures: list[FailedStep] = []
        self.attempted = self.legal = self.wrong_refusals = self.faults = 0
        self._faults_in_a_row = 0
        self.ending = ""

    def begin(self) -> Invoke | None:
        """Start the first episode; the first harness call, or None when the lane is over at once."""
        return self._guarded(self._next_episode)

    def resume(self, reply: Reply) -> Invoke | None:
        """Go on with the harness's reply to the last call; the next call, or None when the lane is over."""
        return self._guarded(lambda: self._drive(reply))

    def result(self) -> LaneResult:
        """What was played."""
        return LaneResult(
            attempted=self.attempted,
            legal=self.legal,
            wrong_refusals=self.wrong_refusals,
            episodes=self._episodes,
            ending=self.ending,
            rewards=tuple(self._rewards),
            failures=tuple(self._failures),
            faults=self.faults,
        )

    def _guarded(self, advance: Callable[[], Invoke | None]) -> Invoke | None:
        """The one place where an environment's faults are caught: they lower no score, and too many end the lane."""
        while True:
            try:
                return advance()
            except EnvironmentFault as fault:
                self.faults += 1
                self._faults_in_a_row += 1
                if self.faults <= FAULTS_KEPT:
                    failure = Failure(blame=Blame.ENVIRONMENT, kind="environment", message=str(fault))
                    self._fail("environment", failure=failure)
                if self._faults_in_a_row >= FAULTS_TOLERATED:
                    self.ending = "environment"
                    return None
                advance = self._next_episode

    def _ask(self, function: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
        """Ask the environment. Whatever it raises is a fault of its own."""
        try:
            return function(*arguments, **named)
        except EnvironmentFault:
            raise
        except Exception as error:
            name = self._environment.name
            raise EnvironmentFault(f"{name} failed with {type(error).__name__}: {error}") from error

    def _next_episode(self) -> Invoke | None:
        self._reset()
        return self._turn()

    def _reset(self) -> None:
        trial, number = self._trial, self._episodes
        self._episodes, self._step = number + 1, 0  # before it starts: one that can't is passed over
        self._observation = Observation(0, None)
        self._seat = (self._number + number) % self._environment.players
        index = (trial.offset + self._number + number * trial.lanes) % len(self._scenarios)
        self._episode = self._ask(self._environment.start, self._scenarios[index])

    def _turn(self) -> Invoke | None:
        """Observe and begin a mode, letting opponents play and passing over episodes that offer no legal action."""
        for _ in range(1000):
            if self._trial.done(self.attempted, self._finished, between=not self._step):
                if self._step:
                    self._told("cut", None)
                self.ending = "planned"
                return None
            observation = self._ask(self._episode.observe)
            if observation.no_legal_action:
                if self._opponent is None or observation.player == self._seat:
                    self._told("stuck", None)
                self._finished += 1
                self._reset()
            elif self._opponent is not None and observation.player != self._seat:
                action = self._ask(self._opponent, self._episode, observation, self._rng)
                step = self._ask(self._episode.step, action)
                if step.over:
                    self._over(step)
            else:
                self._observation = observation
                seed = hash((self._trial.seed, self._number, self.attempted)) & 0x7FFFFFFF
                self._mode = own_play(observation, seed=seed)
                return self._answer(next(self._mode))
        self.ending = "no-legal-action"
        return None

    def _drive(self, reply: Reply) -> Invoke | None:
        assert self._mode is not None
        try:
            return self._answer(self._mode.send(reply))
        except StopIteration as stop:
            return self._finish(cast(Turn, stop.value))

    def _answer(self, effect: Effect) -> Invoke | None:
        """Answer effects until the next harness call."""
        assert self._mode is not None
        try:
            while not isinstance(effect, Invoke):
                effect = self._mode.send(self._effect(effect))
        except StopIteration as stop:
            return self._finish(cast(Turn, stop.value))
        return effect

    def _effect(self, effect: Effect) -> Step:
        if isinstance(effect, Execute):
            return self._ask(self._episode.step, effect.action)
        raise EnvironmentFault(
            f"The code's own play asked for {type(effect).__name__}; only actions are executed here."
        )

    def _finish(self, turn: Turn) -> Invoke | None:
        """Count the turn; end the lane at a failure, else go on."""
        self.attempted += 1
        self._faults_in_a_row = 0
        kind = failure_kind(turn)
        if not kind or kind == "refused-legal":
            self.legal += 1
        if kind == "refused-legal":
            self.wrong_refusals += 1
        if kind and (kind != "refused-legal" or self.wrong_refusals <= WRONG_REFUSALS_KEPT):
            feedback = turn.step.feedback if turn.step is not None else ""
            self._fail(kind, action=turn.action, feedback=feedback, failure=turn.failure)
        if kind and kind != "refused-legal":
            self.ending = "illegal" if kind.startswith("illegal") else "crash"
            return None
        self._step += 1
        if self._watch is not None:
            self._watch.acted((self._number, self._episodes - 1), self._observation, turn.action)
        if turn.step is not None and turn.step.over:
            self._over(turn.step)
        return self._turn()

    def _told(self, ending: str, step: Step | None) -> None:
        """Tell who watches that the match is over."""
        if self._watch is not None:
            place = (self._number, self._episodes - 1)
            self._watch.ended(place, ending, step, self._seat if self._opponent is not None else 0)

    def _over(self, step: Step) -> None:
        self._told("limit" if step.truncated else "over", step)
        self._finished += 1
        if step.rewards:
            self._rewards.append(step.rewards[self._seat if self._opponent is not None else 0])
        self._reset()

    def _fail(self, kind: str, *, action: Any = None, feedback: str = "", failure: Failure | None = None) -> None:
        self._failures.append(
            FailedStep(
                kind=kind,
                place=(self._number, self._episodes - 1, self._step),
                player=self._observation.player,
                observation=self._observation.view,
                action=action,
                feedback=feedback,
                failure=failure,
            )
        )


def failure_kind(turn: Turn) -> str:
    """What went wrong in a turn of own play; empty where nothing did."""
    if turn.step is None:
        return "crash-propose"
    if turn.failure is not None:
        return "crash-check"
    if not turn.step.legal:
        return "illegal-accepted" if turn.verdict else "illegal-refused"
    return "" if turn.verdict else "refused-legal"


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
