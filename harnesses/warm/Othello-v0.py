# Bridle harness 1ab5bb34d9f9b1f786ff2b8019517e9d8d0d80d6e71091c7b507de20ab998ee1
# contract text-action, observation full; for textarena/Othello-v0, objective verifier, written by assistant
import random
import re

ROW = r"[ \t]*\d+ *\|(?:[BW.]\|)+[ \t]*"
BOARD = re.compile(r"^" + ROW + r"(?:\n" + ROW + r")*$", re.MULTILINE)
MOVE = re.compile(r"\[\s*(\d+)\s*,\s*(\d+)\s*\]")
DIRS = [(a, b) for a in (-1, 0, 1) for b in (-1, 0, 1) if a or b]


def legal_moves(board):
    # current position = the last block of "n|.|.|" rows in the observation
    lines = BOARD.findall(board)[-1].split("\n")
    cells = {}
    for r, line in enumerate(lines):
        for c, piece in enumerate(line.split("|")[1:-1]):
            cells[(r, c)] = piece
    who = re.search(r"playing (Black|White)", board).group(1)
    me, foe = ("B", "W") if who == "Black" else ("W", "B")
    moves = []
    for (r, c), piece in cells.items():
        if piece != ".":
            continue
        for dr, dc in DIRS:
            n = 1
            while cells.get((r + n * dr, c + n * dc)) == foe:
                n += 1
            if n > 1 and cells.get((r + n * dr, c + n * dc)) == me:
                moves.append((r, c))
                break
    return moves


def propose_action(board: str) -> str:
    moves = legal_moves(board)
    if not moves:
        return "[0, 0]"
    return "[%d, %d]" % random.choice(moves)


def is_legal_action(board: str, action: str) -> bool:
    if len(action) > 4096:
        return False
    if "[" not in action and "]" not in action:
        action = "[" + action + "]"
    found = MOVE.search(action)  # the first well-formed coordinate pair counts
    if found is None or max(map(len, found.groups())) > 9:
        return False
    return (int(found.group(1)), int(found.group(2))) in legal_moves(board)
