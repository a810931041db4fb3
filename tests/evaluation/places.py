"""Places that are none for a harness: one whose feedback contradicts itself, one whose failures are of judgement."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from bridle.environment import Observation, Scenario, SeededScenarios, Split, Step, Truth
from bridle.harness import TEXT_ACTION, Action
from bridle.testing.toy import Doors


class Moody(Doors):
    """Doors, whose keeper now and then takes the very action that he refused before, or refuses one that he took."""

    def __init__(self) -> None:
        super().__init__()
        self.name = "moody doors"
        self._mood = random.Random(7)  # not the scenario's: nobody can know it

    def start(self, scenario: Scenario) -> Any:
        return MoodyEpisode(super().start(scenario), self._mood)


class MoodyEpisode:
    """An episode of the doors behind its keeper."""

    def __init__(self, doors: Any, mood: random.Random) -> None:
        self._doors, self._mood = doors, mood

    def observe(self) -> Observation:
        return Observation(*self._doors.observe())

    def step(self, action: Action) -> Step:
        if self._mood.random() < 0.15:
            return Step(False, "Not today.", "illegal")
        return Step(*self._doors.step(action))

    def probe(self, action: Action) -> Truth:
        return Truth(*self._doors.probe(action))

    def foreign_actions(self, rng: random.Random) -> list[Action]:
        return list(self._doors.foreign_actions(rng))


class Wager:
    """Guess a number from 1 to 20. Every guess is applicable, and hardly any is right: failures are of judgement."""

    name, description, action_space, contract, players = "wager", "", "", TEXT_ACTION, 1
    reward_range = (0.0, 1.0)

    def scenarios(self, split: Split) -> Sequence[Scenario]:
        return SeededScenarios(split)

    def start(self, scenario: Scenario) -> WagerEpisode:
        return WagerEpisode(random.Random(scenario.seed).randint(1, 20))


class WagerEpisode:
    """Five rounds of it."""

    def __init__(self, number: int) -> None:
        self._number, self._rounds, self._right = number, 0, 0

    def observe(self) -> Observation:
        return Observation(0, f"Round {self._rounds}: a number from 1 to 20?")

    def step(self, action: Action) -> Step:
        truth = self.probe(action)
        if not truth:
            return Step(False, truth.feedback, "illegal")
        self._rounds += 1
        self._right += action == str(self._number)
        over = self._rounds == 5
        return Step(True, rewards=(float(self._right > 0),) if over else (), terminated=over)

    def probe(self, action: Action) -> Truth:
        if str(action).isdecimal() and 1 <= int(str(action)) <= 20:
            return Truth(True)
        return Truth(False, f"{action} is no number from 1 to 20.", "illegal")

    def foreign_actions(self, rng: random.Random) -> list[Action]:
        return [str(rng.randint(1, 20)) for _ in range(12)]


class Mute:
    """Nobody can propose in it: it makes up no actions and has no planner."""

    name, description, action_space, contract, players = "mute", "", "", TEXT_ACTION, 1
    reward_range = (0.0, 1.0)

    def scenarios(self, split: Split) -> Sequence[Scenario]:
        return SeededScenarios(split)

    def start(self, scenario: Scenario) -> Any:
        return object()
