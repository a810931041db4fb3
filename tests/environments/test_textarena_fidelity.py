"""The adapter against TextArena itself: the same game, the same words, the same rewards."""

from __future__ import annotations

import random

import pytest
from textarena_play import SLOW, bare_maker, families, with_hints

from bridle.environments.textarena.games import games
from bridle.environments.textarena.rules import DIES

REFUSES_OTHERWISE = {*DIES, "Cryptarithm"}
"""A refused text ends the game; and one game needs a correction of what it says of one."""

FIRST = set(families().values())


def cases() -> list[object]:
    return [
        game if game in FIRST and game not in SLOW else pytest.param(game, marks=pytest.mark.slow) for game in games()
    ]


@pytest.mark.parametrize("game", cases())
def test_the_adapter_plays_the_game_as_textarena_does(game: str) -> None:
    """Legal and refused actions, observation by observation, against `make` with TextArena's default wrappers."""
    environment = with_hints(game)
    family = environment._rules.loaded.family
    scenario = environment.scenarios("train")[1]
    episode, rng = environment.start(scenario), random.Random(1)
    process_wide = random.getstate()
    bare = bare_maker(game)()
    bare.reset(num_players=environment.players, seed=scenario.seed)
    generator, compared, refused = random.getstate(), 0, True
    try:
        for _ in range(60):
            random.setstate(generator)
            player, view = bare.get_observation()
            generator = random.getstate()
            assert episode.observe()[:2] == (player, view)
            actions = environment._rules.candidates(episode._env)
            rng.shuffle(actions)
            action = next((a for a in actions if episode._plays(a)), None)
            if not refused and family not in REFUSES_OTHERWISE and rng.random() < 0.2:
                action = "[no such action]"
            if action is None:
                break
            step = episode.step(action)
            random.setstate(generator)
            done, _ = bare.step(action)
            generator = random.getstate()
            compared, refused = compared + 1, not step.legal
            assert step.over == done
            if done:
                paid = bare.close()[0]
                assert step.rewards == tuple(paid[seat] for seat in range(environment.players))
                break
    finally:
        random.setstate(process_wide)
    assert compared
