"""For each family a list of actions among which every legal one is, in its plainest spelling.

The list may depend on the state but need not be tight: what is legal in it, a probe tells.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def _words(*words: str) -> Callable[[Any], list[str]]:
    actions = [f"[{word}]" for word in words]
    return lambda env: actions


def _chess(env: Any) -> list[str]:
    return [f"[{move.uci()}]" for move in env.state.game_state["board"].pseudo_legal_moves]


def _sudoku(env: Any) -> list[str]:
    board = env.state.game_state["board"]
    free = [(r, c) for r in range(9) for c in range(9) if board[r][c] == 0]
    return [f"[{r + 1} {c + 1} {digit}]" for r, c in free for digit in range(1, 10)]


def _othello(env: Any) -> list[str]:
    return [f"[{r}, {c}]" for r in range(env.N) for c in range(env.N)]


CANDIDATES: dict[str, Callable[[Any], list[str]]] = {
    "TicTacToe": _words(*map(str, range(9))),
    "Chess": _chess,
    "Sudoku": _sudoku,
    "FrozenLake": _words("up", "down", "left", "right"),
    "PigDice": _words("roll", "hold"),
    "Othello": _othello,
}


def candidates_for(family: str, env: Any) -> list[str]:
    """The candidates of this game's present state."""
    return CANDIDATES[family](env)
