"""The random legal player, over each set of capabilities."""

from __future__ import annotations

import random
from typing import Any

import pytest

from bridle.agents.random_legal import RandomLegal, random_legal
from bridle.environment import Observation
from bridle.environments.enterprise.expense.environment import Expense
from bridle.errors import EnvironmentFault
from bridle.testing.toy import Doors


class Only:
    """An episode with some of the toy's capabilities and no other."""

    def __init__(self, episode: Any, *names: str) -> None:
        for name in ("observe", "step", *names):
            setattr(self, name, getattr(episode, name))


@pytest.mark.parametrize("names", [("legal_actions",), ("probe", "foreign_actions")])
def test_it_plays_legal_actions_of_the_toy(names: tuple[str, ...]) -> None:
    environment = Doors()
    found = set()
    for scenario in environment.scenarios("train")[:10]:
        whole = environment.start(scenario)
        episode, rng = Only(whole, *names), random.Random(1)
        player = RandomLegal(episode, rng)  # type: ignore[arg-type]
        while True:
            action = player.propose(whole.observe())
            step = whole.step(action)
            assert step.legal
            found.add(action)
            if step.over:
                break
    assert len(found) > 10, "it varies"


def test_it_works_with_tools_too() -> None:
    environment = Expense()
    for scenario in environment.scenarios("train")[:10]:
        episode, rng = environment.start(scenario), random.Random(2)
        for _ in range(5):
            if (step := episode.step(random_legal(episode, episode.observe(), rng))).over:
                break
            assert step.legal


def test_it_says_what_an_episode_lacks() -> None:
    episode: Any = Only(Doors().start(Doors().scenarios("train")[0]))
    with pytest.raises(EnvironmentFault, match="legal_actions"):
        random_legal(episode, Observation(0, ""), random.Random(0))


def test_it_chooses_among_choices() -> None:
    episode = Doors().start(Doors().scenarios("train")[0])
    player = RandomLegal(episode, random.Random(0))
    assert {player.propose(Observation(0, ""), (), ["a", "b"]) for _ in range(20)} == {"a", "b"}
