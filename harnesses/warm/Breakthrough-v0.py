# Bridle harness 0dcedab26e2dde22e1e928cf89bf6b0802baef59232206704424bb67a3cbf8e9
# contract text-action, observation full; for textarena/Breakthrough-v0, objective verifier, written by assistant
import random
import re

ROW = r"[ \t]*\d+ *\|(?: +[WB.])+[ \t]*"
BOARD = re.compile(r"^" + ROW + r"(?:\n" + ROW + r")*$", re.MULTILINE)
COLS = "abcdefghijklmnopqrstuvwxyz"


def legal_moves(board):
    # current position = the last block of "n | x x x" rows in the observation
    cells = {}
    for line in BOARD.findall(board)[-1].split("\n"):
        label, row = line.split("|")
        for col, piece in enumerate(row.split()):
            cells[(col, int(label))] = piece
    who = re.search(r"You are playing (White|Black)", board).group(1)
    me, foe, step = ("W", "B", 1) if who == "White" else ("B", "W", -1)
    moves = []
    for (col, row), piece in cells.items():
        if piece == me:
            for d in (-1, 0, 1):
                if cells.get((col + d, row + step)) == ("." if d == 0 else foe):
                    moves.append((col, row, col + d, row + step))
    return moves


def propose_action(board: str) -> str:
    moves = legal_moves(board)
    if not moves:
        return "[a1a2]"
    c1, r1, c2, r2 = random.choice(moves)
    return "[%s%d%s%d]" % (COLS[c1], r1, COLS[c2], r2)


MOVE = re.compile(r"\[([a-h])(\d+)([a-h])(\d+)\]", re.IGNORECASE)


def is_legal_action(board: str, action: str) -> bool:
    if len(action) > 4096:
        return False
    if "[" not in action and "]" not in action:
        action = "[" + action + "]"
    found = MOVE.search(action)  # first match counts; files outside a-h do not match at all
    if found is None or max(len(found.group(2)), len(found.group(4))) > 9:
        return False
    c1, r1, c2, r2 = found.groups()
    move = (COLS.find(c1.lower()), int(r1), COLS.find(c2.lower()), int(r2))
    return move in legal_moves(board)
