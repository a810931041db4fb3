"""The confined lockstep rollout beside the same loop with the same functions called in this process.

Where the functions draw from `random`, both seed it before each call, as determinism asks. Bars: at least 0.95 of the
in-process speed on Chess and Othello, at least 0.85 on TicTacToe.

A rollout that runs alone has the games on one CPU and the harness on another, two half-batches in flight (what a search
with one expansion at a time, and `bridle check`, do): that is the ratio with the bar. Beside it stands a pair that
shares one CPU, as where every CPU has a rollout of its own. On a busy machine the ratios say little.
"""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from statistics import median
from typing import Any

from bridle.environments.catalog import resolve
from bridle.harness import Call, Harness, Limits, Reply
from bridle.rollout import Trial, lockstep
from bridle.sandbox import LocalSandbox

ROUNDS = 20

PROGRAMS = {
    "TicTacToe-v0": """
import random, re

def propose_action(board):
    cells = re.findall(r"(?<![0-9.])([0-8])(?![0-9.])", board.rsplit("Current Board:", 1)[1])
    return f"[{random.choice(cells or ['0'])}]"

def is_legal_action(board, action):
    return action.strip("[]") in board.rsplit("Current Board:", 1)[1]
""",
    "Othello-v0": """
import random, re

LINES = [(a, b) for a in (-1, 0, 1) for b in (-1, 0, 1) if a or b]

def moves(board):
    rows = [r.split("|") for r in re.findall(r"^[0-7][|](.*)[|]$", board, re.M)[-8:]]
    me = "B" if "playing Black" in board else "W"
    found = []
    for r in range(8):
        for c in range(8):
            if rows[r][c] != ".":
                continue
            for a, b in LINES:
                y, x, n = r + a, c + b, 0
                while 0 <= y < 8 and 0 <= x < 8 and rows[y][x] not in (".", me):
                    y, x, n = y + a, x + b, n + 1
                if n and 0 <= y < 8 and 0 <= x < 8 and rows[y][x] == me:
                    found.append(f"[{r}, {c}]")
                    break
    return found

def propose_action(board):
    return random.choice(moves(board) or ["[0, 0]"])

def is_legal_action(board, action):
    return True
""",
    "Chess-v0": """
import re

def propose_action(board):
    black = "playing Black" in board[:200]
    played = re.findall(r"made the following move: (\\w+)", board)
    shuffle = ["g8f6", "f6g8"] if black else ["g1f3", "f3g1"]
    return f"[{shuffle[(len(played) // 2) % 2]}]"

def is_legal_action(board, action):
    return re.fullmatch(r"\\[[a-h][1-8][a-h][1-8][qrbn]?\\]", action) is not None
""",
}


class Direct:
    """The reference: this file's own functions, called in this process. Never a way to run generated code."""

    def __init__(self, source: str) -> None:
        self._names: dict[str, Any] = {}
        self._seeds = "random." in source
        exec(source, self._names)  # a constant of this file, written by hand

    def call(self, function: str, *values: Any) -> Reply:
        return Reply(self._names[function](*values))

    def batch(self, calls: Sequence[Call]) -> list[Reply]:
        names = self._names
        replies = []
        for call in calls:
            if self._seeds:
                random.seed(call.seed)
            value = names[call.function](*call.values)
            then = Reply(names[call.then](*call.values, value)) if call.then else None
            replies.append(Reply(value, None, then))
        return replies

    def close(self) -> None:
        pass


def speed(game: str, loaded: Any, round_: int) -> float:
    """Harness steps a second in one lockstep rollout."""
    environment, began = resolve(f"textarena/{game}"), time.perf_counter()
    rollout = lockstep(environment, loaded, Trial(lanes=10, steps=200, offset=round_ * 1000, seed=round_))
    assert rollout.attempted > 100, rollout.endings
    return rollout.attempted / (time.perf_counter() - began)


def main() -> None:
    print(f"{'game':14} {'in-process':>12} {'confined':>12} {'ratio':>7}   bar      {'same CPU':>10} {'ratio':>7}")
    with LocalSandbox(pinned=False) as spread, LocalSandbox() as pinned:
        for game, source in PROGRAMS.items():
            harness, direct = Harness(source), Direct(source)
            rounds = []
            with spread.load(harness, Limits()) as apart:
                for round_ in range(ROUNDS):
                    rounds.append([speed(game, apart, round_), speed(game, direct, round_)])
            with pinned.load(harness, Limits()) as beside:  # pins this thread too, so it comes after the others
                for round_ in range(ROUNDS):
                    rounds[round_] += [speed(game, beside, round_), speed(game, direct, round_)]
            bar = 0.85 if game.startswith("TicTacToe") else 0.95
            apart_, alone, same = (median(row[side] for row in rounds) for side in (0, 1, 2))
            ratio, same_ratio = (median(row[i] / row[i + 1] for row in rounds) for i in (0, 2))
            shown = f"{game:14} {alone:10.0f}/s {apart_:10.0f}/s {ratio:7.2f}   >= {bar:.2f}"
            print(f"{shown}  {same:8.0f}/s {same_ratio:7.2f}")


if __name__ == "__main__":
    main()
