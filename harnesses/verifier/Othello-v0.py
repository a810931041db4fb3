# Bridle harness 48b930e9198c2b45ce81410ba097464e0538934f5d4733acfe74f4bf3f20f5a4
# contract text-action, observation full; for textarena/Othello-v0, objective verifier, written by assistant
import random
import re

ACTION = re.compile(r"\[\s*(\d+)\s*,\s*(\d+)\s*\]")
ROW = re.compile(r"^\s*\d+\|(.*)\|[ \t]*$", re.M)
WAYS = [(i, j) for i in (-1, 0, 1) for j in (-1, 0, 1) if i or j]


def read_state(text):
    """(own piece, grid) from the last board"""
    me = re.search(r"You are Player \d+ playing (?:Black|White) \(([BW])\)", text).group(1)
    return me, [row.split("|") for row in ROW.findall(text[text.rfind("Game Board:"):])]


def legal_squares(text):
    me, grid = read_state(text)
    found = []
    for r in range(len(grid)):
        for c in range(len(grid[r])):
            if grid[r][c] not in ("B", "W") and any(flanks(grid, me, r, c, i, j) for i, j in WAYS):
                found.append((r, c))
    return found


def flanks(grid, me, r, c, i, j):
    other = "W" if me == "B" else "B"
    count = 0
    r, c = r + i, c + j
    while 0 <= r < len(grid) and 0 <= c < len(grid[r]) and grid[r][c] == other:
        r, c, count = r + i, c + j, count + 1
    return count > 0 and 0 <= r < len(grid) and 0 <= c < len(grid[r]) and grid[r][c] == me


def propose_action(board: str) -> str:
    squares = legal_squares(board)
    return "[%d, %d]" % random.choice(squares) if squares else "[]"


def is_legal_action(board: str, action: str) -> bool:
    if not isinstance(action, str) or len(action) > 4096:
        return False
    if "[" not in action and "]" not in action:
        action = "[" + action + "]"
    found = ACTION.search(action)
    return found is not None and (int(found.group(1)), int(found.group(2))) in legal_squares(board)
