"""Plays episodes for the contract suite of environments, and holds every observation and step against the port."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterable
from typing import Any, TypeAlias, cast

from bridle.environment import Enumerating, Environment, Episode, ForeignActing, Observation, Probing, Step
from bridle.harness import Action
from bridle.testing.findings import CheckReport, Effort

Play: TypeAlias = list[tuple[Observation, Action, Step]]
"""What happened in an episode, in order."""

JUNK_TEXT: tuple[Action, ...] = (
    "",
    " ",
    "\x00\ud800\U0001f600",
    "[",
    "][",
    "[]" * 50,
    "[１]",
    "[99999999999999999999999999]",
    "9" * 5000,
    "a" * 1_000_000,
    "[" + " " * 100_000,
    bytes(range(256)).decode("latin-1"),
)
JUNK_CALLS: tuple[Action, ...] = (
    {},
    {"tool": "no such tool", "arguments": {}},
    {"tool": 7, "arguments": None},
    {"arguments": {"x": [[[]]]}},
    {"tool": "", "arguments": {"": "a" * 100_000}},
)


class Player:
    """Plays an environment's episodes, and notes in the report what is wrong with them."""

    def __init__(self, environment: Environment, effort: Effort, report: CheckReport) -> None:
        """Nothing is played yet."""
        self._environment, self._effort, self._report = environment, effort, report
        self._is_text = getattr(getattr(environment, "contract", None), "name", "") == "text-action"

    @property
    def junk(self) -> tuple[Action, ...]:
        """Actions that no environment ever had in mind."""
        return JUNK_TEXT if self._is_text else JUNK_CALLS

    def play(self, episode: Episode, choose: Callable[[int], Action | None]) -> Play:
        """Play to the end, or as long as there is an effort; `choose` gives a turn's action, None to stop before it."""
        play: Play = []
        for turn in range(self._effort.steps):
            observation = episode.observe()
            self._check_observation(observation, episode.observe())
            action = choose(turn)
            if action is None:
                break
            step = episode.step(action)
            self.check_step(step, action)
            play.append((observation, action, step))
            self._report.steps += 1
            if step.over:
                break
        if play and play[-1][2].over and all(step.legal for _, _, step in play):
            low, high = self._environment.reward_range
            if not all(low <= reward <= high for reward in play[-1][2].rewards):
                self._report.add("play", f"rewards {play[-1][2].rewards} are outside the range declared")
        return play

    def replay(self, episode: Episode, play: Play) -> Play:
        """Take the same actions in another episode."""
        actions = [action for _, action, _ in play]
        return self.play(episode, lambda turn: actions[turn] if turn < len(actions) else None)

    def replay_probing(self, episode: Episode, play: Play) -> Play:
        """The same, probing on the way."""
        actions = [action for _, action, _ in play]

        def choose(turn: int) -> Action | None:
            if turn < len(actions) and turn % self._effort.every == 1:
                cast(Probing, episode).probe(actions[turn])
                cast(Probing, episode).probe("no such action" if self._is_text else {})
                self.listed(episode)
            return actions[turn] if turn < len(actions) else None

        return self.play(episode, choose)

    def choose(self, episode: Episode, rng: random.Random, _turn: int) -> Action | None:
        """Mostly a legal action, now and then any."""
        if isinstance(episode, ForeignActing) and rng.random() < 0.1:
            return rng.choice(episode.foreign_actions(rng))
        if isinstance(episode, Enumerating):
            legal = episode.legal_actions()
            return rng.choice(legal) if legal else None
        if isinstance(episode, ForeignActing):
            sample = episode.foreign_actions(rng)
            if isinstance(episode, Probing):
                sample = [action for action in sample if episode.probe(action)] or sample
            return rng.choice(sample)
        return rng.choice(self.junk[:5])

    def find_illegal(self, episode: Episode, rng: random.Random) -> Action | None:
        """An action that the episode's probe refuses; None where there is no probe, or it refuses none."""
        candidates: Iterable[Action] = self.junk[:5]
        if isinstance(episode, ForeignActing):
            candidates = [*episode.foreign_actions(rng), *candidates]
        if not isinstance(episode, Probing):
            return None
        return next((action for action in candidates if not episode.probe(action)), None)

    def listed(self, episode: Episode) -> list[Action] | None:
        """The legal actions, where the episode can list them."""
        return episode.legal_actions() if isinstance(episode, Enumerating) else None

    def _check_observation(self, observation: Observation, again: Observation) -> None:
        if observation != again:
            self._report.add("play", "observe() asked twice gave two answers")
        if not 0 <= observation.player < self._environment.players:
            self._report.add("play", f"player {observation.player} is to move, of {self._environment.players}")
        if self._is_text and not isinstance(observation.view, str):
            self._report.add("play", f"a view is {type(observation.view).__name__}; under text-action it is text")
        if not self._is_text:
            if not isinstance(observation.view, dict):
                self._report.add("play", f"a view is {type(observation.view).__name__}; under tool-call an object")
            json.dumps(observation.view)

    def check_step(self, step: Step, action: Action) -> None:
        """Hold a step against the port."""
        if not step.legal and not step.error_class:
            self._report.add("play", f"the refusal of {short(action)} names no error class")
        if step.over and len(step.rewards) != self._environment.players:
            self._report.add("play", f"{len(step.rewards)} rewards at the end, for {self._environment.players} players")
        if not step.over and step.rewards:
            self._report.add("play", "rewards before the end")


def short(value: Any) -> str:
    """A value for a message."""
    return repr(value)[:60]
