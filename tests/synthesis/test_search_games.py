"""A search on each of the first six games ends with the stop reason that its script implies."""

from pathlib import Path

import pytest
from doors import answer

from bridle.errors import ModelFault
from bridle.execution import Inline
from bridle.models import Scripted
from bridle.synthesis import run as runs
from bridle.synthesis.budget import Limit
from bridle.synthesis.plan import Plan

GAMES = ("TicTacToe-v0", "Chess-v0", "Sudoku-v0", "FrozenLake-v0", "PigDice-v0", "Othello-v0")

CELLS = """
import random, re

def free(board):
    last = board.rsplit("Current Board:", 1)[1]
    return re.findall(r"(?<![\\w.])([0-8])(?![\\w.])", last.split("Available")[0])

def propose_action(board):
    return f"[{random.choice(free(board) or ['0'])}]"

def is_legal_action(board, action):
    match = re.search(r"\\[\\s*(\\d+)\\s*\\]", action)
    return bool(match) and str(int(match[1])) in free(board)
"""

DICE = """
import random

def propose_action(board):
    return random.choice(["[roll]", "[hold]"])

def is_legal_action(board, action):
    return "[roll]" in action.lower() or "[hold]" in action.lower()
"""

NEVER = """
def propose_action(board):
    return "certainly not an action {number}"

def is_legal_action(board, action):
    return False
"""


def search(folder: Path, game: str, model: Scripted, **changes: object) -> runs.Outcome:
    plan = Plan(environment=f"textarena/{game}", model="scripted", lanes=2, steps=40, **changes)  # type: ignore[arg-type]
    return runs.start(plan, folder, model=model, executor=Inline())


@pytest.mark.parametrize(("game", "program"), [("TicTacToe-v0", CELLS), ("PigDice-v0", DICE)])
def test_a_right_program_reaches_the_target(tmp_path: Path, game: str, program: str) -> None:
    outcome = search(tmp_path / "run", game, Scripted(lambda request: answer(program)), limit=Limit(iterations=4))
    assert outcome.stop == "target", outcome.best.evidence


@pytest.mark.parametrize("game", GAMES)
def test_hopeless_scripts_stop_for_their_reason(tmp_path: Path, game: str) -> None:
    def hopeless() -> Scripted:
        return Scripted(lambda request: answer(NEVER.replace("{number}", f"{request.digest[:8]}")))

    assert search(tmp_path / "budget", game, hopeless(), limit=Limit(iterations=2)).stop == "iterations"
    assert search(tmp_path / "plateau", game, hopeless(), plateau=2).stop == "plateau"
    gone = Scripted(lambda request: ModelFault("Nobody is there; start the server.", permanent=True))
    failed = search(tmp_path / "failed", game, gone)
    assert failed.stop == "model-failed"
    assert all(node.status == "failed" for node in failed.tree.nodes[1:])
