# Bridle harness c01a45982918de69b0404c6d19cdb818d167c5897ba41f7ad35e51b27f0d1939
# contract text-action, observation full; for textarena/Checkers-v0, objective verifier, written by assistant
import random
import re

ROW = r"[ \t]*\d+ *\|(?: +[rRbB.])+[ \t]*"
BOARD = re.compile(r"^" + ROW + r"(?:\n" + ROW + r")*$", re.MULTILINE)


def legal_moves(board):
    # current position = the last block of "n | . b . r" rows; capitals are kings
    cells = {}
    for line in BOARD.findall(board)[-1].split("\n"):
        label, row = line.split("|")
        for c, piece in enumerate(row.split()):
            cells[(int(label), c)] = piece
    me, foe, ahead = ("r", "b", -1) if "You are Player 0" in board else ("b", "r", 1)
    moves = []
    for (r, c), piece in cells.items():
        if piece.lower() != me:
            continue
        for dr in ((ahead,) if piece == me else (-1, 1)):
            for dc in (-1, 1):
                near = cells.get((r + dr, c + dc), "")
                if near == ".":
                    moves.append((r, c, r + dr, c + dc))
                if near.lower() == foe and cells.get((r + 2 * dr, c + 2 * dc)) == ".":
                    moves.append((r, c, r + 2 * dr, c + 2 * dc))
    return moves


def propose_action(board: str) -> str:
    moves = legal_moves(board)
    return "[%d %d %d %d]" % (random.choice(moves) if moves else (5, 0, 4, 1))


MOVE = re.compile(r"\[\s*(\d)\s+(\d)\s+(\d)\s+(\d)\s*\]")


def is_legal_action(board: str, action: str) -> bool:
    if len(action) > 4096:
        return False
    if "[" not in action and "]" not in action:
        action = "[" + action + "]"
    found = MOVE.search(action)  # the first bracket of four single digits counts
    if found is None:
        return False
    return tuple(map(int, found.groups())) in legal_moves(board)
