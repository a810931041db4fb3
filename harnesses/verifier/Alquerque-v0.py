# Bridle harness fbc03e3399ee87a71cad94494813dd1e76ebdd1e49b4f9ca0216e00edda4ad98
# contract text-action, observation full; for textarena/Alquerque-v0, objective verifier, written by assistant
import random
import re

ROW = r"[ \t]*\d \|(?: [RB.])+[ \t]*"
BOARD = re.compile(r"^" + ROW + r"(?:\n" + ROW + r")*$", re.MULTILINE)
MOVE = re.compile(r"\[\s*([a-e])([1-5])\s+([a-e])([1-5])\s*\]", re.IGNORECASE)
COLS = "abcde"
DIRS = [(a, b) for a in (-1, 0, 1) for b in (-1, 0, 1) if a or b]


def legal_moves(board):
    # current position = the last block of "n | x x x" rows in the observation
    cells = {}
    for line in BOARD.findall(board)[-1].split("\n"):
        label, row = line.split("|")
        for col, piece in enumerate(row.split()):
            cells[(col, int(label))] = piece
    me, ahead = ("R", 1) if "You are Player 0" in board else ("B", -1)
    foe = "B" if me == "R" else "R"
    moves = []
    for (c, r), piece in cells.items():
        if piece != me:
            continue
        for dc, dr in DIRS:
            near = cells.get((c + dc, r + dr))
            if near == "." and dr == ahead:
                moves.append((c, r, c + dc, r + dr))
            if near == foe and cells.get((c + 2 * dc, r + 2 * dr)) == ".":
                moves.append((c, r, c + 2 * dc, r + 2 * dr))
    return moves


def propose_action(board: str) -> str:
    moves = legal_moves(board)
    if not moves:
        return "[a2 a3]"
    c1, r1, c2, r2 = random.choice(moves)
    return "[%s%d %s%d]" % (COLS[c1], r1, COLS[c2], r2)


def is_legal_action(board: str, action: str) -> bool:
    if len(action) > 4096:
        return False
    if "[" not in action and "]" not in action:
        action = "[" + action + "]"
    found = MOVE.search(action)  # the first well-formed move counts
    if found is None:
        return False
    c1, r1, c2, r2 = found.groups()
    return (COLS.index(c1.lower()), int(r1), COLS.index(c2.lower()), int(r2)) in legal_moves(board)
