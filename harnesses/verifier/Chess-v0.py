# Bridle harness 3f80bfbd15111dbe694ad03deee53540fa304521cbc75143dfe374e689b10507
# contract text-action, observation full; for textarena/Chess-v0, objective verifier, written by assistant
import random
import re

ROW = r"[ \t]*[1-8] \|(?: [PNBRQKpnbrqk.]){8} \|[ \t]*"
BOARD = re.compile(r"^" + ROW + r"(?:\n" + ROW + r"){7}$", re.MULTILINE)
DONE = re.compile(r"made the following move: ([a-h][1-8][a-h][1-8])")
MOVE = re.compile(r"\[([a-h][1-8][a-h][1-8][qrbn]?)\]", re.IGNORECASE)
STRAIGHT = [(1, 0), (-1, 0), (0, 1), (0, -1)]
DIAGONAL = [(1, 1), (1, -1), (-1, 1), (-1, -1)]
JUMPS = [(1, 2), (2, 1), (-1, 2), (-2, 1), (1, -2), (2, -1), (-1, -2), (-2, -1)]
SLIDES = {"b": DIAGONAL, "r": STRAIGHT, "q": STRAIGHT + DIAGONAL}


def read(board):
    # squares are (file, rank) from 0; the last board is the current one; the move list gives the past
    cells = {}
    for line in BOARD.findall(board)[-1].split("\n"):
        label, row = line.split("|")[:2]
        for f, piece in enumerate(row.split()):
            cells[(f, int(label) - 1)] = piece
    return cells, "You are playing White" in board, DONE.findall(board)


def own(piece, white):
    return piece != "." and piece.isupper() == white


def square(text):
    return "abcdefgh".index(text[0]), int(text[1]) - 1


def name(cell):
    return "abcdefgh"[cell[0]] + str(cell[1] + 1)


def attacked(cells, cell, by_white):
    f, r = cell

    def is_foe(where, kinds):
        piece = cells.get(where, ".")
        return own(piece, by_white) and piece.lower() in kinds

    back = -1 if by_white else 1
    if is_foe((f - 1, r + back), "p") or is_foe((f + 1, r + back), "p"):
        return True
    if any(is_foe((f + a, r + b), "n") for a, b in JUMPS):
        return True
    if any(is_foe((f + a, r + b), "k") for a, b in STRAIGHT + DIAGONAL):
        return True
    for steps, kinds in ((STRAIGHT, "rq"), (DIAGONAL, "bq")):
        for a, b in steps:
            x, y = f + a, r + b
            while cells.get((x, y)) == ".":
                x, y = x + a, y + b
            if is_foe((x, y), kinds):
                return True
    return False


def candidates(cells, white, done):
    # (from, to, square of a pawn taken in passing or None) without a look at checks
    ahead, home = (1, 1) if white else (-1, 6)
    passing = None
    if done:
        start, end = square(done[-1][:2]), square(done[-1][2:])
        if cells[end].lower() == "p" and abs(start[1] - end[1]) == 2 and not own(cells[end], white):
            passing = (end[0], (start[1] + end[1]) // 2)
    for (f, r), piece in cells.items():
        if not own(piece, white):
            continue
        kind = piece.lower()
        if kind == "p":
            if cells.get((f, r + ahead)) == ".":
                yield (f, r), (f, r + ahead), None
                if r == home and cells[(f, r + 2 * ahead)] == ".":
                    yield (f, r), (f, r + 2 * ahead), None
            for side in (-1, 1):
                to = (f + side, r + ahead)
                if own(cells.get(to, "."), not white):
                    yield (f, r), to, None
                elif to == passing:
                    yield (f, r), to, (f + side, r)
        elif kind in "nk":
            for a, b in JUMPS if kind == "n" else STRAIGHT + DIAGONAL:
                to = (f + a, r + b)
                if to in cells and not own(cells[to], white):
                    yield (f, r), to, None
        else:
            for a, b in SLIDES[kind]:
                to = (f + a, r + b)
                while to in cells and not own(cells[to], white):
                    yield (f, r), to, None
                    if cells[to] != ".":
                        break
                    to = (to[0] + a, to[1] + b)


def legal_moves(board):
    cells, white, done = read(board)
    moves = []
    for start, end, taken in candidates(cells, white, done):
        after = dict(cells)
        after[end], after[start] = cells[start], "."
        if taken:
            after[taken] = "."
        king = next(cell for cell, piece in after.items() if piece == ("K" if white else "k"))
        if not attacked(after, king, not white):
            last = cells[start].lower() == "p" and end[1] in (0, 7)
            moves += [name(start) + name(end) + kind for kind in ("qrbn" if last else [""])]
    rank = 0 if white else 7
    touched = {text for move in done for text in (move[:2], move[2:])}
    if cells[(4, rank)] == ("K" if white else "k") and name((4, rank)) not in touched:
        for corner, empty, way, to in ((7, (5, 6), (4, 5, 6), 6), (0, (1, 2, 3), (4, 3, 2), 2)):
            if (cells[(corner, rank)] == ("R" if white else "r") and name((corner, rank)) not in touched
                    and all(cells[(f, rank)] == "." for f in empty)
                    and not any(attacked(cells, (f, rank), not white) for f in way)):
                moves.append(name((4, rank)) + name((to, rank)))
    return moves


def propose_action(board: str) -> str:
    return "[" + random.choice(legal_moves(board) or ["e2e4"]) + "]"


def is_legal_action(board: str, action: str) -> bool:
    if len(action) > 4096:
        return False
    if "[" not in action and "]" not in action:
        action = "[" + action + "]"
    found = MOVE.search(action)  # the first well-formed move counts
    if found is None:
        return False
    move, moves = found.group(1).lower(), legal_moves(board)
    # castling may also be written as the king's move onto its own rook
    cells = read(board)[0]
    castling = {"e1h1": "e1g1", "e1a1": "e1c1", "e8h8": "e8g8", "e8a8": "e8c8"}.get(move)
    if castling and cells[square(move)].lower() == "k" and castling in moves:
        rook = cells[square(move[2:])]
        return rook.lower() == "r" and rook.isupper() == cells[square(move)].isupper()
    return move in moves
