"""What is listed as legal is legal, and nothing plain is left out: against brute force over each game's grammar."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import pytest
from textarena_play import environment, families, random_play

from bridle.environments.textarena.candidates import CANDIDATES, is_exhaustive

FILES = "abcdefghij"


def squares(size: int) -> list[str]:
    return [f"{FILES[c]}{r}" for c in range(size) for r in range(1, size + 1)]


def pairs(texts: list[str], form: str = "[{}{}]") -> list[str]:
    return [form.format(a, b) for a in texts for b in texts]


def numbers(*sizes: int, first: int = 0) -> list[str]:
    return [f"[{' '.join(map(str, place))}]" for place in product(*(range(first, size + first) for size in sizes))]


def words(*texts: str) -> list[str]:
    return [f"[{text}]" for text in texts]


def tak(env: Any) -> Iterator[str]:
    """Every placement, and every move of one piece, or of two that go on together or part."""
    size, player = env.board_size, env.state.current_player_id
    for r, c in product(range(size), repeat=2):
        yield from (f"[place () {{({r},{c}): [{kind}{player}]}}]" for kind in "FWC")
        stack = env.board[r][c]
        for dr, dc in ((0, 1), (0, -1), (1, 0), (-1, 0)):
            one, two = f"({r + dr},{c + dc})", f"({r + 2 * dr},{c + 2 * dc})"
            if len(stack) >= 1:
                yield f"[move ({r},{c}) {{{one}: [{stack[-1]}]}}]"
            if len(stack) >= 2:
                yield f"[move ({r},{c}) {{{one}: [{stack[-2]}, {stack[-1]}]}}]"
                yield f"[move ({r},{c}) {{{one}: [{stack[-2]}], {two}: [{stack[-1]}]}}]"


def spite(env: Any) -> list[str]:
    cards = [f"{rank}{suit}" for rank in "A23456789JQK" for suit in "♠♥♦♣"]
    return [
        "[draw]",
        *(f"[{verb} {card} {pile}]" for verb in ("play", "discard") for card in cards for pile in range(4)),
    ]


GRAMMARS: dict[str, Callable[[Any], list[str]]] = {
    "Alquerque": lambda env: pairs(squares(5), "[{} {}]"),
    "Bandit": lambda env: words(*env.buttons, "pink "),
    "Battleship": lambda env: [f"[{FILES[r].upper()}{c}]" for r, c in product(range(10), repeat=2)],
    "Blackjack": lambda env: words("Hit", "Stand", "Fold"),
    "Breakthrough": lambda env: pairs(squares(env.board_size)),
    "Briscola": lambda env: [f"[play {n}]" for n in range(6)],
    "Checkers": lambda env: numbers(8, 8, 8, 8),
    "Chess": lambda env: [*pairs(squares(8)), *(a[:-1] + kind + "]" for a in pairs(squares(8)) for kind in "qrbn")],
    "Chopsticks": lambda env: [f"[{verb} {a} {b}]" for verb in ("attack", "split") for a in range(9) for b in range(9)],
    "ConnectFour": lambda env: [f"[col {n}]" for n in range(9)],
    "Crusade": lambda env: pairs(squares(8), "[{} {}]"),
    "Cryptarithm": lambda env: [f"[{letter} {digit}]" for letter in "SENDMORYX" for digit in range(10)],
    "FifteenPuzzle": lambda env: words("up", "down", "left", "right"),
    "FrozenLake": lambda env: words("up", "down", "left", "right"),
    "Game2048": lambda env: words("Up", "Down", "Left", "Right"),
    "GameOfPureStrategy": lambda env: words(*"A23456789JQK", "10"),
    "GermanWhist": lambda env: [f"[play {n}]" for n in range(16)],
    "Golf": lambda env: [*words("draw", "take", "discard", "knock"), *(f"[swap {a[1:]}" for a in numbers(5, 5))],
    "GuessTheNumber": lambda env: numbers(60),
    "HighSociety": lambda env: numbers(13),
    "IndianPoker": lambda env: [
        *words("check", "call", "fold"),
        *(f"[{verb} {n}]" for verb in ("bet", "raise") for n in range(0, 210, 1)),
    ],
    "IteratedMatchingPennies": lambda env: words("heads", "tails", "edge"),
    "IteratedRockPaperScissors": lambda env: words("rock", "paper", "scissors", "well"),
    "KuhnPoker": lambda env: words("check", "bet", "call", "fold"),
    "LightsOut": lambda env: numbers(7, 7),
    "LinesOfAction": lambda env: pairs(squares(8)),
    "Mastermind": lambda env: numbers(6, 6, 6, 6, first=1),
    "MemoryGame": lambda env: numbers(4, 4, 4, 4),
    "Minesweeper": lambda env: numbers(9, 9),
    "Nim": lambda env: numbers(5, 8),
    "Othello": lambda env: [f"[{r}, {c}]" for r, c in product(range(9), repeat=2)],
    "PegJump": lambda env: numbers(16, 16),
    "PigDice": lambda env: words("roll", "hold", "stop"),
    "QuantumTicTacToe": lambda env: [f"[{a},{b}]" for a in range(10) for b in range(a, 10)],
    "ReverseTicTacToe": lambda env: numbers(10),
    "RushHour": lambda env: [f"[{car}{way}]" for car in "ABCDEFGHIJX" for way in "+-"],
    "Santorini": lambda env: [
        f"[{worker}{a}{b}{c}]"
        for worker in ("N1", "N2", "W1", "W2")
        for a in near(env, worker)
        for b in around(a)
        for c in around(b)
    ],
    "Secretary": lambda env: words("accept", "continue", "stop"),
    "SimpleTak": lambda env: numbers(18),
    "Snake": lambda env: words("up", "down", "left", "right"),
    "Sokoban": lambda env: words("up", "down", "left", "right"),
    "SpiteAndMalice": spite,
    "Stratego": lambda env: [
        f"[{a} {b}]"
        for a in (f"{chr(65 + r)}{c}" for r, c in product(range(10), repeat=2) if isinstance(env.board[r][c], dict))
        for b in (f"{chr(65 + r)}{c}" for r, c in product(range(10), repeat=2))
        if a[0] == b[0] or a[1] == b[1]
    ],
    "Sudoku": lambda env: numbers(9, 9, 9, first=1),
    "Surround": lambda env: words("up", "down", "left", "right"),
    "Tak": lambda env: list(tak(env)),
    "TicTacToe": lambda env: numbers(10),
    "TowerOfHanoi": lambda env: pairs(["A", "B", "C"], "[{} {}]"),
    "UltimateTicTacToe": lambda env: numbers(9, 9),
    "WildTicTacToe": lambda env: [f"[{mark} {n}]" for n in range(10) for mark in "XO"],
}
"""All actions, plainly spelt, that could be legal in any state of a family whose legal actions are finite; a few that
can't. For Tak, of the moves those of one or two pieces."""


def near(env: Any, worker: str) -> list[str]:
    owner, number = ("N", "W").index(worker[0]), int(worker[1])
    return [f"{chr(65 + r)}{c + 1}" for r, c in product(range(5), repeat=2) if env.board[r][c][1] == (owner, number)]


def around(square: str) -> list[str]:
    r, c = ord(square[0]) - 65, int(square[1]) - 1
    return [
        f"{chr(65 + r + dr)}{c + dc + 1}"
        for dr, dc in product((-1, 0, 1), repeat=2)
        if 0 <= r + dr < 5 and 0 <= c + dc < 5
    ]


OPEN = {"ColonelBlotto", "IteratedTwoThirdsAverage", "LiarsDice", "NewRecruit", "Poker"}
"""Families without a finite grammar; for them only what is listed is tried."""


def test_every_family_is_covered() -> None:
    assert set(GRAMMARS) | OPEN == set(families()) == set(CANDIDATES)


@pytest.mark.parametrize("family", families())
def test_legal_actions_are_those_that_brute_force_finds(family: str) -> None:
    made = environment(families()[family] if family != "Battleship" else "Battleship-v0")
    for seed in range(2):
        episode, rng = made.start(made.scenarios("train")[seed]), random.Random(seed)
        checked = 0
        for _, step in random_play(episode, rng, 40):
            if step.over or checked == 6:
                break
            if rng.random() < 0.8:
                continue
            checked += 1
            legal = [str(action) for action in episode.legal_actions()]
            assert len(set(legal)) == len(legal)
            for action in rng.sample(legal, min(len(legal), 60)):
                assert episode.probe(action), action
            if family in OPEN:
                assert not is_exhaustive(family, episode._env)
                continue
            grammar = GRAMMARS[family](episode._env)
            tried = grammar if len(grammar) <= 1500 else rng.sample(grammar, 1500)
            missing = [action for action in tried if action not in set(legal) and episode._plays(action)]
            assert missing == []
            assert family == "Tak" or set(legal) <= set(grammar)
