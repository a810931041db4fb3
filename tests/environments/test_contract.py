"""The contract suite: it passes what keeps the contract, and finds each broken promise."""

import random
from collections.abc import Sequence
from typing import Any

import pytest

from bridle.environment import Observation, Scenario, Step, Truth
from bridle.environments import catalog
from bridle.testing.environment import Effort, check_environment
from bridle.testing.toy import Doors, DoorsEpisode

FIRST_SIX = ["TicTacToe-v0", "Chess-v0", "Sudoku-v0", "FrozenLake-v0", "PigDice-v0", "Othello-v0"]


@pytest.mark.parametrize("game", FIRST_SIX)
@pytest.mark.parametrize("query", ["", "?history=board", "?corrections=none"])
def test_the_first_games_keep_the_contract(game: str, query: str) -> None:
    report = check_environment(catalog.resolve(f"textarena/{game}{query}"), Effort(steps=25, every=5))
    assert report.findings == []
    assert report.probed_legal > 5
    assert report.probed_illegal > 5


def test_the_toy_keeps_the_contract() -> None:
    report = check_environment(Doors())
    assert report.findings == []
    assert report.capabilities == ("probe", "legal_actions", "foreign_actions")


class Bent(Doors):
    """Doors with one promise broken: the episode class says which."""

    def __init__(self, episode: type[DoorsEpisode]) -> None:
        super().__init__()
        self.episode = episode

    def start(self, scenario: Scenario) -> DoorsEpisode:
        return self.episode(self.size, random.Random(scenario.seed))


class Printing(DoorsEpisode):
    def step(self, action: Any) -> Step:
        print("hello")
        return super().step(action)


class Drawing(DoorsEpisode):
    def observe(self) -> Observation:
        random.random()
        return super().observe()


class Unseeded(DoorsEpisode):
    def __init__(self, size: int, rng: random.Random) -> None:
        super().__init__(size, random.Random())


class Raising(DoorsEpisode):
    def probe(self, action: Any) -> Truth:
        return Truth(bool(int(str(action).split()[1][:-1]) + 1))


class Lying(DoorsEpisode):
    def probe(self, action: Any) -> Truth:
        return Truth(True)

    def step(self, action: Any) -> Step:
        return super().step(action) if DoorsEpisode.probe(self, action) else Step(False, "no", "illegal")


class Moving(DoorsEpisode):
    def step(self, action: Any) -> Step:
        step = super().step(action)
        if not step.legal:
            self._keys += 1
        return step


class Unpaid(DoorsEpisode):
    def step(self, action: Any) -> Step:
        return super().step(action)._replace(rewards=())


class Nameless(DoorsEpisode):
    def step(self, action: Any) -> Step:
        return super().step(action)._replace(error_class="")


class Blurred(DoorsEpisode):
    def observe(self) -> Observation:
        self._log.append("seen\n")
        return super().observe()


class Immortal(DoorsEpisode):
    def step(self, action: Any) -> Step:
        return Step(True, terminated=True, rewards=(1.0,)) if self._over else super().step(action)


SHARED: list[int] = []


class Entangled(DoorsEpisode):
    def step(self, action: Any) -> Step:
        SHARED.append(1)
        return super().step(action)._replace(feedback=str(len(SHARED)))


@pytest.mark.parametrize(
    ("episode", "check"),
    [
        (Printing, "play"),
        (Drawing, "play"),
        (Unseeded, "repeatable"),
        (Raising, "junk"),
        (Lying, "probes"),
        (Moving, "illegal steps"),
        (Unpaid, "play"),
        (Nameless, "play"),
        (Blurred, "play"),
        (Immortal, "over"),
        (Entangled, "repeatable"),
    ],
)
def test_each_broken_promise_is_found(episode: type[DoorsEpisode], check: str) -> None:
    report = check_environment(Bent(episode))
    assert check in {finding.check for finding in report.findings}, report.findings


def test_splits_that_share_scenarios_are_found() -> None:
    class Shared(Doors):
        def scenarios(self, split: Any) -> Sequence[Scenario]:
            return [Scenario(split=split, index=0, seed=7)]

    assert {finding.check for finding in check_environment(Shared()).findings} == {"splits"}
