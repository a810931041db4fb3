# Bridle harness 120597fe7ecea5d3c76179e8943933976288a7ab03ea2008c645523570720385
# contract text-action, observation full; for textarena/FrozenLake-v0, objective verifier, written by assistant
import random
import re

ROW = re.compile(r"^\|(.*)\|[ \t]*$", re.MULTILINE)
STEP = {"up": (-1, 0), "left": (0, -1), "down": (1, 0), "right": (0, 1)}


def legal_moves(board):
    # the last grid is the current one; every step that stays on it is accepted
    rows = [row.split("|") for row in ROW.findall(board[board.rindex("Current Board:"):])]
    at = next((r, c) for r, row in enumerate(rows) for c, cell in enumerate(row) if cell.strip() == "P")
    return [name for name, (a, b) in STEP.items()
            if 0 <= at[0] + a < len(rows) and 0 <= at[1] + b < len(rows[0])]


def propose_action(board: str) -> str:
    return "[" + random.choice(legal_moves(board)) + "]"


MOVE = re.compile(r"\[\s*(up|down|left|right|w|a|s|d)\s*\]", re.IGNORECASE)
SHORT = {"w": "up", "a": "left", "s": "down", "d": "right"}


def is_legal_action(board: str, action: str) -> bool:
    if len(action) > 4096:
        return False
    if "[" not in action and "]" not in action:
        action = "[" + action + "]"
    found = MOVE.search(action)  # the first well-formed action counts
    if found is None:
        return False
    name = found.group(1).lower()
    return SHORT.get(name, name) in legal_moves(board)
