# Bridle harness 830ecabd2afeab05ed7fcba76765a0848364eefbf15ed44d1b1f6b268597f148
# contract text-action, observation full; for textarena/Crusade-v0, objective verifier, written by assistant
import random
import re

ROW = r"[ \t]*[1-8] \|(?: [WB.])+[ \t]*"
BOARD = re.compile(r"^" + ROW + r"(?:\n" + ROW + r")*$", re.MULTILINE)
MOVED = re.compile(r"moved their piece from ([a-h])([1-8]) to ([a-h])([1-8])")
MOVE = re.compile(r"\[\s*([a-h])([1-8])\s+([a-h])([1-8])\s*\]", re.IGNORECASE)
COLS = "abcdefgh"
JUMPS = [(1, 2), (2, 1), (-1, 2), (-2, 1), (1, -2), (2, -1), (-1, -2), (-2, -1)]


def squares(groups):
    c1, r1, c2, r2 = groups
    return COLS.index(c1.lower()), int(r1), COLS.index(c2.lower()), int(r2)


def legal_moves(board):
    # current position = the last block of "n | x x x" rows, and what was moved after it, if anything
    last = list(BOARD.finditer(board))[-1]
    cells = {}
    for line in last.group(0).split("\n"):
        label, row = line.split("|")
        for col, piece in enumerate(row.split()):
            cells[(col, int(label))] = piece
    for c1, r1, c2, r2 in map(squares, MOVED.findall(board[last.end():])):
        cells[(c2, r2)], cells[(c1, r1)] = cells[(c1, r1)], "."
    me = "W" if "You are Player 0" in board else "B"
    return [(c, r, c + a, r + b) for (c, r), piece in cells.items() if piece == me
            for a, b in JUMPS if cells.get((c + a, r + b), me) != me]


def propose_action(board: str) -> str:
    moves = legal_moves(board)
    if not moves:
        return "[b1 c3]"
    c1, r1, c2, r2 = random.choice(moves)
    return "[%s%d %s%d]" % (COLS[c1], r1, COLS[c2], r2)


def is_legal_action(board: str, action: str) -> bool:
    if len(action) > 4096:
        return False
    if "[" not in action and "]" not in action:
        action = "[" + action + "]"
    found = MOVE.search(action)  # the first well-formed move counts
    return found is not None and squares(found.groups()) in legal_moves(board)
