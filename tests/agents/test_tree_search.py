"""The planning opponent: it finds what is near, leaves the game alone, and beats a random player."""

import random

import pytest

from bridle.agents.random_legal import RandomLegal
from bridle.agents.tree_search import TreeSearch
from bridle.environments.catalog import resolve
from bridle.errors import EnvironmentFault
from bridle.evaluation.matches import Player, contest
from bridle.testing.toy import Doors


def played(*actions: str):  # type: ignore[no-untyped-def]
    """TicTacToe after these actions."""
    environment = resolve("textarena/TicTacToe-v0")
    episode = environment.start(environment.scenarios("train")[0])
    for action in actions:
        assert episode.step(action).legal
    return episode


def test_it_takes_a_win_and_stops_one() -> None:
    winning = played("[0]", "[3]", "[1]", "[4]")
    assert TreeSearch(winning, random.Random(1), playouts=200).propose(winning.observe()) == "[2]"
    losing = played("[0]", "[3]", "[8]", "[4]")
    assert TreeSearch(losing, random.Random(1), playouts=300).propose(losing.observe()) == "[5]"


def test_a_copy_goes_on_by_itself() -> None:
    episode = played("[0]", "[3]")
    before = episode.observe()
    twin = episode.copy(random.Random(0))
    assert twin.observe() == before
    assert twin.step("[1]").legal
    assert not twin.step("[1]").legal
    assert episode.observe() == before
    assert episode.step("[1]").legal
    assert twin.copy(random.Random(5)).observe() == twin.observe()


@pytest.mark.parametrize("game", ["LiarsDice-v0", "Chess-v0", "Tak-v0", "2048-v0", "Stratego-v0"])
def test_copies_leave_the_game_as_it_was(game: str) -> None:
    environment = resolve(f"textarena/{game}")
    scenario = environment.scenarios("train")[3]
    alone, disturbed = environment.start(scenario), environment.start(scenario)
    for number in range(12):
        observation = alone.observe()
        assert disturbed.observe() == observation
        twin, rng = disturbed.copy(random.Random(number)), random.Random(number)  # type: ignore[attr-defined]
        for _ in range(3):
            if twin.step(RandomLegal(twin, rng).propose(twin.observe())).over:
                break
        action = RandomLegal(alone, random.Random(number)).propose(observation)
        step = alone.step(action)
        assert disturbed.step(action) == step
        if step.over:
            break


def test_it_beats_a_random_player_from_both_seats() -> None:
    environment = resolve("textarena/TicTacToe-v0")
    planner = Player(
        name="tree", proposer=lambda episode, ask, rng: TreeSearch(episode, rng, playouts=40).propose(ask.observation)
    )
    chance = Player(
        name="random", proposer=lambda episode, ask, rng: RandomLegal(episode, rng).propose(ask.observation)
    )
    won = 0
    for number in range(10):
        seats = [planner, chance] if number % 2 == 0 else [chance, planner]
        match = contest(environment, environment.scenarios("train")[number], seats, seed=number)
        won += match.rewards[number % 2] > match.rewards[1 - number % 2]
    assert won >= 7


def test_it_says_what_it_needs() -> None:
    environment = Doors()
    with pytest.raises(EnvironmentFault, match="copy themselves"):
        TreeSearch(environment.start(environment.scenarios("train")[0]), random.Random(0), playouts=3)
