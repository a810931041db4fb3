"""Steps a second of the adapter beside the bare TextArena loop, on the same actions in the same run.

    python benchmarks/textarena_games.py [--seconds 0.6] [--rounds 5] [GAME ...]

The bare loop is TextArena's own: `make`, `reset`, then `get_observation` and `step` until the game is over, with its
default wrappers. The adapter does the same through its port. Both play the same recorded legal actions of one game; a
round is each of them in turn, and the medians over the rounds are printed.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import textarena

from bridle.environments.textarena.corrections import corrections_of
from bridle.environments.textarena.environment import TextArenaEnvironment
from bridle.environments.textarena.games import games
from bridle.environments.textarena.loader import LoadedGame, registered

GAMES = (
    "TicTacToe-v0",
    "2048-v0",
    "FrozenLake-v0",
    "Sudoku-v0",
    "PigDice-v0",
    "Othello-v0",
    "Poker-v0",
    "LinesOfAction-v0",
    "UltimateTicTacToe-v0",
    "Chess-v0",
    "Tak-v0",
    "Battleship-v0-extreme",
)
GROWING = ("Chess-v0", "Tak-v0", "Battleship-v0-extreme")
SEED = 3


def record(game_id: str, steps: int = 1500) -> list[str]:
    """Legal actions of a seeded random game."""
    environment = TextArenaEnvironment(games()[game_id])
    episode, rng, taken = environment.start(environment.scenarios("train")[SEED]), random.Random(SEED), list[str]()
    for _ in range(steps):
        legal = episode.legal_actions()
        if not legal:
            break
        taken.append(str(rng.choice(legal)))
        if episode.step(taken[-1]).over:
            break
    return taken


def bare_maker(game_id: str) -> Callable[[], Any]:
    """TextArena's `make`; where the installed game does not compile on this Python, its class repaired."""
    try:
        textarena.make(game_id)
    except SyntaxError:
        family, class_name, options, _ = registered(game_id)
        source = (LoadedGame(family, "none")._folder / "env.py").read_text(encoding="utf-8")
        for correction in corrections_of(family, "none"):
            source = correction.apply(source)
        lines = [line for line in source.splitlines() if ".renderer import" not in line]
        scope: dict[str, Any] = {"__name__": f"repaired_{family}"}
        exec("\n".join(lines), scope)
        wrappers = textarena.envs.registration.ENV_REGISTRY[game_id].default_wrappers

        def make() -> Any:
            env = scope[class_name](**options)
            for wrapper in wrappers:
                env = wrapper(env)
            return env

        return make
    return lambda: textarena.make(game_id)


def bare(game_id: str, taken: list[str]) -> Callable[[], None]:
    make, players = bare_maker(game_id), games()[game_id].players
    environment = TextArenaEnvironment(games()[game_id])
    seed = environment.scenarios("train")[SEED].seed

    def play() -> None:
        env = make()
        env.reset(num_players=players, seed=seed)
        for action in taken:
            env.get_observation()
            env.step(action)

    try:
        play()
    except TypeError:  # Tak as shipped breaks on the winning move
        taken.pop()
    return play


def adapted(game_id: str, taken: list[str]) -> Callable[[], None]:
    environment = TextArenaEnvironment(games()[game_id])
    scenario = environment.scenarios("train")[SEED]

    def play() -> None:
        episode = environment.start(scenario)
        for action in taken:
            episode.observe()
            episode.step(action)

    return play


def rate(play: Callable[[], None], steps: int, seconds: float) -> float:
    """Steps a second of whole games over about that long."""
    count, start = 0, time.perf_counter()
    while time.perf_counter() - start < seconds:
        play()
        count += steps
    return count / (time.perf_counter() - start)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("games", nargs="*", default=GAMES)
    parser.add_argument("--seconds", type=float, default=0.3, help="per game, side and round")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    ratios: dict[str, float] = {}
    print(f"{'game':24} {'bare':>9} {'adapter':>9} {'ratio':>7}   steps/s, observations and starts included")
    for game_id in options.games:
        taken = record(game_id)
        sides = (bare(game_id, taken), adapted(game_id, taken))
        rates: tuple[list[float], list[float]] = ([], [])
        for _ in range(options.rounds):
            for side, found in zip(sides, rates, strict=True):
                found.append(rate(side, len(taken), options.seconds))
        ratios[game_id] = median(own / reference for reference, own in zip(*rates, strict=True))
        print(f"{game_id:24} {median(rates[0]):9.0f} {median(rates[1]):9.0f} {ratios[game_id]:7.2f}")
    growing = [f"{game_id} {ratios[game_id]:.2f}" for game_id in GROWING if game_id in ratios]
    print(f"median ratio {median(ratios.values()):.2f} (bar 0.95); where history grows (bar 2): {', '.join(growing)}")


if __name__ == "__main__":
    main()
