"""A lane: one episode after another, with the harness's code playing, up to its first failure."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ParamSpec, Protocol, TypeVar, cast

from bridle.environment import Environment, Episode, Observation, Step
from bridle.errors import Blame, EnvironmentFault, Failure
from bridle.harness import Reply
from bridle.rollout.trial import Trial
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
