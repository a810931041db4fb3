"""Candidates of the board games for two."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations, permutations
from typing import Any

from bridle.environments.textarena.candidates.puzzles import words

_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_AROUND = [(dr, dc) for dr in (-1, 0, 1) for dc in (-1, 0, 1) if dr or dc]
_STRAIGHT = [(-1, 0), (1, 0), (0, -1), (0, 1)]


def _own(board: list[list[Any]], pieces: str) -> Iterator[tuple[int, int]]:
    """Where the pieces stand."""
    for r, row in enumerate(board):
        for c, piece in enumerate(row):
            if piece and piece in pieces:
                yield r, c


def _at(board: list[list[Any]], r: int, c: int, off: Any = "off") -> Any:
    """What stands there, or `off` beyond the board."""
    return board[r][c] if 0 <= r < len(board) and 0 <= c < len(board) else off


def _alquerque(env: Any) -> list[str]:
    board, player = env.state.game_state["board"], env.state.current_player_id
    enemy, found = "BR"[player], []
    for r, c in _own(board, "RB"[player]):
        for dr, dc in _AROUND:
            if (dr, dc) in env.forward_dirs[player] and _at(board, r + dr, c + dc) == "":
                found.append((r, c, r + dr, c + dc))
            if _at(board, r + dr, c + dc) == enemy and _at(board, r + 2 * dr, c + 2 * dc) == "":
                found.append((r, c, r + 2 * dr, c + 2 * dc))
    return [f"[{_LETTERS[c]}{5 - r} {_LETTERS[to_c]}{5 - to_r}]" for r, c, to_r, to_c in found]


def _battleship(env: Any) -> list[str]:
    fired = env.state.game_state["tracking_board"][env.state.current_player_id]
    size = range(env.grid_size)
    return [f"[{_LETTERS[r].upper()}{c}]" for r in size for c in size if fired[r][c] == "~"]


def _breakthrough(env: Any) -> list[str]:
    board, player = env.state.game_state["board"], env.state.current_player_id
    size, ahead = env.board_size, 1 - 2 * player
    return [
        f"[{_LETTERS[c]}{r + 1}{_LETTERS[to]}{r + 1 + ahead}]"
        for r, c in _own(board, "WB"[player])
        for to in (c - 1, c, c + 1)
        if 0 <= to < size and 0 <= r + ahead < size and env._is_valid_move(player, r, c, r + ahead, to)
    ]


def _checkers(env: Any) -> list[str]:
    board, player = env.state.game_state["board"], env.state.current_player_id
    return [
        f"[{r} {c} {r + dr} {c + dc}]"
        for r, c in _own(board, ("rR", "bB")[player])
        for dr, dc in ((a * k, b * k) for k in (1, 2) for a in (-1, 1) for b in (-1, 1))
        if env._is_valid_move(player, r, c, r + dr, c + dc)
    ]


def _chess(env: Any) -> list[str]:
    return [f"[{move.uci()}]" for move in env.state.game_state["board"].legal_moves]


def _connect_four(env: Any) -> list[str]:
    return [f"[col {c}]" for c in range(env.num_cols) if env.state.game_state["board"][0][c] == "."]


def _crusade(env: Any) -> list[str]:
    return list(env._legal_moves_for_player(env.state.current_player_id))


def _lines_of_action(env: Any) -> list[str]:
    board, player, size = env.state.game_state["board"], env.state.current_player_id, env.BOARD_N
    own, enemy = ("O", "X") if player == 0 else ("X", "O")
    found = []
    for r, c in _own(board, own):
        for dr, dc in _AROUND:
            far = env._count_pieces_on_line(r, c, dr, dc)
            to_r, to_c = r + far * dr, c + far * dc
            if not (0 <= to_r < size and 0 <= to_c < size) or board[to_r][to_c] == own:
                continue
            if all(board[r + k * dr][c + k * dc] != enemy for k in range(1, far)):
                found.append(f"[{env.rc_to_coord(r, c)}{env.rc_to_coord(to_r, to_c)}]")
    return found


def _memory(env: Any) -> list[str]:
    size, matched = env.grid_size, env.state.game_state["matched_positions"]
    free = [(r, c) for r in range(size) for c in range(size) if (r, c) not in matched]
    return [f"[{a} {b} {c} {d}]" for (a, b), (c, d) in permutations(free, 2)]


def _nim(env: Any) -> list[str]:
    piles = env.state.game_state["piles"]
    return [f"[{pile} {n}]" for pile, size in enumerate(piles) for n in range(1, size + 1)]


def _othello(env: Any) -> list[str]:
    """A player without a move may send anything, where that is not corrected."""
    legal = env._valid_moves("BW"[env.state.current_player_id])
    return [f"[{r}, {c}]" for r, c in legal] or ["[pass]"]


def _quantum(env: Any) -> list[str]:
    board = env.state.game_state["board"]
    free = [r * 3 + c for r in range(3) for c in range(3) if not board[r][c]]
    return [f"[{a},{b}]" for a, b in combinations(free, 2)]


def _free_cells(env: Any) -> list[str]:
    flat = [piece for row in env.state.game_state["board"] for piece in row]
    return [f"[{cell}]" for cell, piece in enumerate(flat) if piece == ""]


def _wild(env: Any) -> list[str]:
    return [f"[{mark} {cell[1:-1]}]" for cell in _free_cells(env) for mark in "XO"]


def _santorini(env: Any) -> list[str]:
    listed = env._get_valid_moves(env.state.current_player_id)
    return listed.split(", ") if listed else []


def _stratego(env: Any) -> list[str]:
    board, player = env.board, env.state.current_player_id
    found = []
    for r in range(10):
        for c in range(10):
            piece = board[r][c]
            if not isinstance(piece, dict) or piece["player"] != player or piece["rank"] in ("Bomb", "Flag"):
                continue
            for dr, dc in _STRAIGHT:
                for far in range(1, 10 if piece["rank"] == "Scout" else 2):
                    target = _at(board, r + dr * far, c + dc * far, off="~")
                    if target is None or (isinstance(target, dict) and target["player"] != player):
                        found.append(f"[{chr(65 + r)}{c} {chr(65 + r + dr * far)}{c + dc * far}]")
                    if target is not None:
                        break
    return found


def _tak(env: Any) -> list[str]:
    """Placements; and moves of the top pieces of a stack in a line, with every way to drop up to four of them."""
    board, size, player = env.board, env.board_size, env.state.current_player_id
    left = env.players[player]
    kinds = ("FW" if left["stones"] else "") + ("C" if left["capstones"] else "")
    free = [(r, c) for r in range(size) for c in range(size) if not board[r][c]]
    found = [f"[place () {{({r},{c}): [{kind}{player}]}}]" for r, c in free for kind in kinds]
    for r in range(size):
        for c in range(size):
            if board[r][c] and board[r][c][-1][-1] == str(player):
                for way in _STRAIGHT:
                    open_to = _reach(board, r, c, way)
                    lone = open_to > 0 or _flattens(board, r, c, way)
                    drops = [d for d in _drops(board[r][c]) if (lone if d == (1,) else len(d) <= open_to)]
                    found += [_tak_move(board[r][c], r, c, way, drop) for drop in drops]
    return found


def _reach(board: list[list[Any]], r: int, c: int, way: tuple[int, int]) -> int:
    """How many squares on from here are on the board and not covered by a wall or a capstone."""
    far = 0
    while True:
        target = _at(board, r + way[0] * (far + 1), c + way[1] * (far + 1), off=["W"])
        if target and target[-1][0] in "WC":
            return far
        far += 1


def _flattens(board: list[list[Any]], r: int, c: int, way: tuple[int, int]) -> bool:
    """Whether the piece on top is a capstone beside a wall."""
    target = _at(board, r + way[0], c + way[1], off=[])
    return bool(board[r][c][-1][0] == "C" and target and target[-1][0] == "W")


def _drops(stack: list[str]) -> Iterator[tuple[int, ...]]:
    """How many pieces to drop on each square in turn."""
    for carried in range(1, min(len(stack), 4) + 1):
        for cuts in range(carried):
            for places in combinations(range(1, carried), cuts):
                ends = (*places, carried)
                yield tuple(b - a for a, b in zip((0, *places), ends, strict=True))


def _tak_move(stack: list[str], r: int, c: int, way: tuple[int, int], drops: tuple[int, ...]) -> str:
    carried, parts = stack[len(stack) - sum(drops) :], []
    for far, count in enumerate(drops, 1):
        dropped, carried = carried[:count], carried[count:]
        parts.append(f"({r + way[0] * far},{c + way[1] * far}): [{', '.join(dropped)}]")
    return f"[move ({r},{c}) {{{', '.join(parts)}}}]"


def _ultimate(env: Any) -> list[str]:
    state = env.state.game_state
    boards = range(9) if state["next_micro_board"] is None else [state["next_micro_board"]]
    return [
        f"[{macro} {3 * r + c}]"
        for macro in boards
        if state["macro_board"][macro // 3][macro % 3] == " "
        for r in range(3)
        for c in range(3)
        if state["board"][macro][r][c] == " "
    ]


BOARDS: dict[str, Callable[[Any], list[str]]] = {
    "Alquerque": _alquerque,
    "Battleship": _battleship,
    "Breakthrough": _breakthrough,
    "Checkers": _checkers,
    "Chess": _chess,
    "ConnectFour": _connect_four,
    "Crusade": _crusade,
    "LinesOfAction": _lines_of_action,
    "MemoryGame": _memory,
    "Nim": _nim,
    "Othello": _othello,
    "QuantumTicTacToe": _quantum,
    "ReverseTicTacToe": _free_cells,
    "Santorini": _santorini,
    "SimpleTak": _free_cells,
    "Snake": words("up", "down", "left", "right"),
    "Stratego": _stratego,
    "Surround": words("up", "down", "left", "right"),
    "Tak": _tak,
    "TicTacToe": _free_cells,
    "UltimateTicTacToe": _ultimate,
    "WildTicTacToe": _wild,
}

EXACT_BOARDS = frozenset(BOARDS)
