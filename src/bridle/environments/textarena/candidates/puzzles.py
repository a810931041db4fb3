"""Candidates of the one-player families."""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import permutations, product
from typing import Any


def words(*names: str) -> Callable[[Any], list[str]]:
    """The same words in every state."""
    actions = [f"[{name}]" for name in names]
    return lambda env: list(actions)


def cells(rows: int, columns: int) -> list[str]:
    """`[row column]`, from 0."""
    return [f"[{row} {column}]" for row in range(rows) for column in range(columns)]


def _bandit(env: Any) -> list[str]:
    return [f"[{button}]" for button in env.buttons]


def _cryptarithm(env: Any) -> list[str]:
    return [
        f"[{letter} {digit}]"
        for letter in sorted(env.letters)
        for digit in range(10)
        if env.digit_used.get(digit, letter) == letter and (digit or letter not in env.first_letters)
    ]


def _guess(env: Any) -> list[str]:
    return [f"[{n}]" for n in range(env.min_number, env.max_number + 1) if n not in env.guessed_numbers]


def _mastermind(env: Any) -> list[str]:
    """Every code where there are few, else 300 drawn by the number of guesses made."""
    digits = range(1, env.num_numbers + 1)
    if not env.duplicate_numbers:
        codes = list(permutations(digits, env.code_length))
    else:
        rng = random.Random(len(env.state.game_state["history"]))
        codes = [tuple(rng.choices(digits, k=env.code_length)) for _ in range(300)]
    guessed = {tuple(entry["guess"]) for entry in env.state.game_state["history"]}
    return [f"[{' '.join(map(str, code))}]" for code in dict.fromkeys(codes) if code not in guessed]


def _minesweeper(env: Any) -> list[str]:
    return [f"[{r} {c}]" for r in range(env.rows) for c in range(env.cols) if not env.revealed[r][c]]


def _pegs(env: Any) -> list[str]:
    board, pairs = env.state.game_state["board"], sorted({(f, t) for f, _, t in env.ALLOWED_MOVES})
    return [f"[{f} {t}]" for f, t in pairs if board[f] and board[env._get_over(f, t)] and not board[t]]


def _rush_hour(env: Any) -> list[str]:
    taken, size, found = env._occupied(), env.BOARD_SIZE, []
    for name, car in sorted(env.state.game_state["vehicles"].items()):
        for way in "+-":
            r, c = car.front(way == "+")
            if 0 <= r < size and 0 <= c < size and taken[r][c] is None:
                found.append(f"[{name}{way}]")
    return found


def _sudoku(env: Any) -> list[str]:
    board, solution = env.state.game_state["board"], env.full_grid
    free = [(row, column) for row in range(9) for column in range(9) if board[row][column] == 0]
    return [f"[{row + 1} {column + 1} {solution[row][column]}]" for row, column in free]


_DIRECTIONS = words("up", "down", "left", "right")

PUZZLES: dict[str, Callable[[Any], list[str]]] = {
    "Bandit": _bandit,
    "Blackjack": words("Hit", "Stand"),
    "Cryptarithm": _cryptarithm,
    "FifteenPuzzle": _DIRECTIONS,
    "FrozenLake": _DIRECTIONS,
    "Game2048": words("Up", "Down", "Left", "Right"),
    "GuessTheNumber": _guess,
    "LightsOut": lambda env: cells(env.size, env.size),
    "Mastermind": _mastermind,
    "Minesweeper": _minesweeper,
    "PegJump": _pegs,
    "RushHour": _rush_hour,
    "Secretary": words("accept", "continue"),
    "Sokoban": _DIRECTIONS,
    "Sudoku": _sudoku,
    "TowerOfHanoi": lambda env: [f"[{source} {target}]" for source, target in product("ABC", repeat=2)],
}

EXACT_PUZZLES = frozenset(PUZZLES) - {
    "FifteenPuzzle",
    "FrozenLake",
    "Game2048",
    "Minesweeper",  # as shipped, a mine is refused
    "Sokoban",
    "TowerOfHanoi",
}
