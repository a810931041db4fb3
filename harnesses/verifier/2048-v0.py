# Bridle harness 161115c7928ac4bcbe2e2023e91ccd553d385b5552c0524a2b500ac0afffaa9b
# contract text-action, observation full; for textarena/2048-v0, objective verifier, written by assistant
import random
import re

ROW = re.compile(r"^\|(.*)\|[ \t]*$", re.MULTILINE)


def slide(row):
    out, last = [], None
    for tile in row:
        if tile != ".":
            if tile == last:
                out[-1] = str(2 * int(tile))
                last = None
            else:
                out.append(tile)
                last = tile
    return out + ["."] * (len(row) - len(out))


def legal_moves(board):
    # the last grid is the current one; a move is legal if it changes the grid
    last = board[board.rindex("Score:"):]
    rows = [re.findall(r"\d+|\.", row) for row in ROW.findall(last)]
    columns = [list(column) for column in zip(*rows)]
    moves = []
    for lines, toward, away in ((rows, "Left", "Right"), (columns, "Up", "Down")):
        if any(slide(line) != line for line in lines):
            moves.append(toward)
        if any(slide(line[::-1]) != line[::-1] for line in lines):
            moves.append(away)
    return moves


def propose_action(board: str) -> str:
    return "[" + random.choice(legal_moves(board) or ["Up"]) + "]"


MOVE = re.compile(r"\[\W*(up|down|left|right)\W*\]", re.IGNORECASE)


def is_legal_action(board: str, action: str) -> bool:
    if len(action) > 4096:
        return False
    if "[" not in action and "]" not in action:
        action = "[" + action + "]"
    found = MOVE.findall(action)  # the last bracketed direction counts
    return bool(found) and found[-1].capitalize() in legal_moves(board)
