"""Every game has a golden playthrough, and plays it."""

from __future__ import annotations

import pytest
from textarena_golden import FOLDER, golden
from textarena_play import families

from bridle.environments.textarena.games import games

FIRST = set(families().values())


def test_every_game_has_one() -> None:
    assert {path.stem for path in FOLDER.glob("*.txt")} == set(games())


@pytest.mark.parametrize(
    "game", [game if game in FIRST else pytest.param(game, marks=pytest.mark.slow) for game in games()]
)
def test_it_is_played_again(game: str) -> None:
    """If the change is meant: python tests/environments/textarena_golden.py"""
    assert golden(game) == (FOLDER / f"{game}.txt").read_text(encoding="utf-8")
