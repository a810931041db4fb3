"""Games in one process do not disturb each other, whoever else draws random numbers, and whatever the hash seed."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

from textarena_play import start

TEN = (
    "2048-v0",
    "Blackjack-v0",
    "FrozenLake-v0-random",
    "Golf-v0",
    "LiarsDice-v0",
    "Minesweeper-v0",
    "PigDice-v0",
    "PigDice-v0-short",
    "Poker-v0",
    "Stratego-v0",
)


def turn(episode: object, rng: random.Random, told: list[object]) -> bool:
    """One random legal turn, noted; False when the game is over."""
    told.append(episode.observe())  # type: ignore[attr-defined]
    action = rng.choice(episode.legal_actions())  # type: ignore[attr-defined]
    step = episode.step(action)  # type: ignore[attr-defined]
    told.append((action, step))
    return not step.over


def alone(game: str, steps: int = 25) -> list[object]:
    told: list[object] = []
    episode, rng = start(game, 4), random.Random(4)
    for _ in range(steps):
        if not turn(episode, rng, told):
            break
    return told


def test_ten_games_interleaved_are_as_alone() -> None:
    """Two of the ten share one family's code."""
    expected = {game: alone(game) for game in TEN}
    told: dict[str, list[object]] = {game: [] for game in TEN}
    playing = {game: (start(game, 4), random.Random(4)) for game in TEN}
    order, state = random.Random(9), random.getstate()
    while playing:
        game = order.choice(sorted(playing))
        random.seed(len(told[game]))
        if not turn(*playing[game], told[game]) or len(told[game]) == 50:
            del playing[game]
    random.setstate(state)
    assert told == expected


def test_two_episodes_of_one_game_interleaved_are_as_alone() -> None:
    expected = alone("Stratego-v0")
    first, second = start("Stratego-v0", 4), start("Stratego-v0", 4)
    generators = random.Random(4), random.Random(4)
    told: tuple[list[object], list[object]] = ([], [])
    for _ in range(25):
        turn(first, generators[0], told[0])
        turn(second, generators[1], told[1])
    assert told == (expected, expected)


def test_the_process_s_generator_is_left_alone() -> None:
    state = random.getstate()
    for game in TEN:
        alone(game, 5)
    assert random.getstate() == state


def test_transcripts_are_equal_across_hash_seeds() -> None:
    script = (
        "import hashlib, sys\nsys.path.insert(0, sys.argv[1])\n"
        "from test_textarena_interleaving import TEN, alone\n"
        "print(hashlib.sha256(repr([alone(game) for game in TEN]).encode()).hexdigest())"
    )
    digests = set()
    for seed in ("1", "2"):
        run = subprocess.run(
            [sys.executable, "-c", script, str(Path(__file__).parent)],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        )
        digests.add(run.stdout)
    assert len(digests) == 1
