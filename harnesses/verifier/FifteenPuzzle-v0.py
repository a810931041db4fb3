# Bridle harness 3206c54754b9df693541ffb70103f854e6c790f2c4f7eade5e29d89ec6469406
# contract text-action, observation full; for textarena/FifteenPuzzle-v0, objective verifier, written by assistant
import random
import re

ROW = re.compile(r"^ *(?:\d+|__)(?: +(?:\d+|__))+ *$", re.MULTILINE)


def legal_moves(board):
    # the last grid is the current one; only the place of the gap matters
    rows = [row.split() for row in ROW.findall(board[board.rindex("Current Board:"):])]
    r, c = next((r, c) for r, row in enumerate(rows) for c, cell in enumerate(row) if cell == "__")
    can = {"up": r < len(rows) - 1, "down": r > 0, "left": c < len(rows[r]) - 1, "right": c > 0}
    return [name for name in can if can[name]]


def propose_action(board: str) -> str:
    return "[" + random.choice(legal_moves(board)) + "]"


MOVE = re.compile(r"\[([a-zA-Z]+)\]")


def is_legal_action(board: str, action: str) -> bool:
    if len(action) > 4096:
        return False
    if "[" not in action and "]" not in action:
        action = "[" + action + "]"
    found = MOVE.search(action)  # the first bracketed word counts
    return found is not None and found.group(1) in legal_moves(board)
