"""The confined lockstep rollout beside the same loop with the same functions called in this process.

Where the functions draw from `random`, both seed it before each call, as determinism asks. Bars: at least 0.95 of the
in-process speed on Chess and Othello, at least 0.85 on TicTacToe. Both share one CPU: on a busy machine the ratio says
little.
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


def speed(game: str, loaded: Any, seconds: float) -> float:
    """Harness steps a second in lockstep."""
    environment, steps, began, round_ = resolve(f"textarena/{game}"), 0, time.perf_counter(), 0
    while time.perf_counter() - began < seconds:
        rollout = lockstep(environment, loaded, Trial(lanes=10, steps=200, offset=round_ * 1000, seed=round_))
        assert rollout.attempted > 100, rollout.endings
        steps, round_ = steps + rollout.attempted, round_ + 1
    return steps / (time.perf_counter() - began)


def main() -> None:
    print(f"{'game':14} {'confined':>12} {'in-process':>12} {'ratio':>7}   bar")
    with LocalSandbox() as sandbox:
        for game, source in PROGRAMS.items():
            confined = sandbox.load(Harness(source), Limits())
            direct = Direct(source)
            pairs = [(speed(game, confined, 1.0), speed(game, direct, 1.0)) for _ in range(5)]
            ratio = median(a / b for a, b in pairs)
            bar = 0.85 if game.startswith("TicTacToe") else 0.95
            ours, theirs = (median(pair[side] for pair in pairs) for side in (0, 1))
            print(f"{game:14} {ours:10.0f}/s {theirs:10.0f}/s {ratio:7.2f}   >= {bar}")
            confined.close()


if __name__ == "__main__":
    main()
