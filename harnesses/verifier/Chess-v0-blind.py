# Bridle harness 305d9dc97a0054ba6ac98a7f2e2873531fb62821ad4a46b4413c50ff90102cb8
# contract text-action, observation full; for textarena/Chess-v0-blind, objective verifier, written by assistant
import random
import re

MOVE_LINE = re.compile(
    r"^\[GAME\] Player ([01]) made the following move: ([a-h][1-8][a-h][1-8][qrbn]?)[ \t\r]*$", re.I | re.M)
ACTION = re.compile(r"\[([a-h][1-8][a-h][1-8][qrbn]?)\]", re.I)
START = "RNBQKBNR" + "P" * 8 + "." * 32 + "p" * 8 + "rnbqkbnr"  # index = rank * 8 + file
ROOK = ((1, 0), (-1, 0), (0, 1), (0, -1))
BISHOP = ((1, 1), (1, -1), (-1, 1), (-1, -1))
KNIGHT = ((1, 2), (2, 1), (-1, 2), (-2, 1), (1, -2), (2, -1), (-1, -2), (-2, -1))
STEPS = {"r": ROOK, "b": BISHOP, "q": ROOK + BISHOP, "k": ROOK + BISHOP, "n": KNIGHT}
RIGHTS = frozenset((0, 4, 7, 56, 60, 63))  # king and rook squares never touched so far


def decode(uci):
    """'e7e8q' -> (from, to, promotion letter or '')"""
    u = uci.lower()
    return ((ord(u[1]) - 49) * 8 + ord(u[0]) - 97, (ord(u[3]) - 49) * 8 + ord(u[2]) - 97, u[4:])


def encode(move):
    f, t, promo = move
    return "abcdefgh"[f % 8] + str(f // 8 + 1) + "abcdefgh"[t % 8] + str(t // 8 + 1) + promo


def play(b, rights, ep, move):
    """Position after a move: (board, rights, en passant square or -1)"""
    f, t, promo = move
    b = b[:]
    p = b[f]
    b[f] = "."
    if p in "Kk" and abs(f % 8 - t % 8) > 1:  # castling, also written as king takes own rook
        base = f - 4
        rook_from, rook_to, king_to = (base + 7, base + 5, base + 6) if t > f else (base, base + 3, base + 2)
        rook = b[rook_from]
        b[rook_from] = "."
        b[rook_to] = rook
        b[king_to] = p
    else:
        if p in "Pp" and t == ep and f % 8 != t % 8:
            b[f // 8 * 8 + t % 8] = "."
        b[t] = (promo.upper() if p.isupper() else promo) if promo else p
    new_ep = (f + t) // 2 if p in "Pp" and abs(f - t) == 16 else -1
    return b, rights - {f, t}, new_ep


def attacked(b, sq, by_white):
    r0, c0 = divmod(sq, 8)
    own = str.upper if by_white else str.lower
    knight, king, queen, pawn = own("n"), own("k"), own("q"), own("p")
    for dr, dc in KNIGHT:
        r, c = r0 + dr, c0 + dc
        if 0 <= r < 8 and 0 <= c < 8 and b[r * 8 + c] == knight:
            return True
    r = r0 - 1 if by_white else r0 + 1
    if 0 <= r < 8:
        for c in (c0 - 1, c0 + 1):
            if 0 <= c < 8 and b[r * 8 + c] == pawn:
                return True
    for steps, slider in ((ROOK, own("r")), (BISHOP, own("b"))):
        for dr, dc in steps:
            r, c, first = r0 + dr, c0 + dc, True
            while 0 <= r < 8 and 0 <= c < 8:
                p = b[r * 8 + c]
                if p != ".":
                    if p == slider or p == queen or (first and p == king):
                        return True
                    break
                r, c, first = r + dr, c + dc, False
    return False


def pseudo_moves(b, white, rights, ep):
    for f in range(64):
        p = b[f]
        if p == "." or p.isupper() != white:
            continue
        r0, c0 = divmod(f, 8)
        kind = p.lower()
        if kind == "p":
            d = 1 if white else -1
            r = r0 + d
            if not 0 <= r < 8:
                continue
            targets = []
            if b[r * 8 + c0] == ".":
                targets.append(r * 8 + c0)
                if r0 == (1 if white else 6) and b[(r + d) * 8 + c0] == ".":
                    targets.append((r + d) * 8 + c0)
            for c in (c0 - 1, c0 + 1):
                if 0 <= c < 8:
                    t = r * 8 + c
                    if t == ep or (b[t] != "." and b[t].isupper() != white):
                        targets.append(t)
            for t in targets:
                for promo in ("qrbn" if r in (0, 7) else ("",)):
                    yield f, t, promo
            continue
        for dr, dc in STEPS[kind]:
            r, c = r0 + dr, c0 + dc
            while 0 <= r < 8 and 0 <= c < 8:
                q = b[r * 8 + c]
                if q == "." or q.isupper() != white:
                    yield f, r * 8 + c, ""
                if q != "." or kind in "kn":
                    break
                r, c = r + dr, c + dc
        if kind == "k" and f == (4 if white else 60) and f in rights:
            for corner, empty, path in ((f + 3, (f + 1, f + 2), (f, f + 1, f + 2)),
                                        (f - 4, (f - 1, f - 2, f - 3), (f, f - 1, f - 2))):
                if (corner in rights and b[corner] == ("R" if white else "r")
                        and all(b[s] == "." for s in empty)
                        and not any(attacked(b, s, not white) for s in path)):
                    yield f, path[2], ""


def is_safe(b, white, rights, ep, move):
    after = play(b, rights, ep, move)[0]
    king = "K" if white else "k"
    return king not in after or not attacked(after, after.index(king), not white)


def position(text):
    """Replay the announced moves: (board, white to move, rights, en passant square)"""
    moves = []
    for who, uci in MOVE_LINE.findall(text):
        if moves and moves[-1][0] == who:  # echoed text may imitate a line; the game's own line is the last
            moves.pop()
        moves.append((who, uci))
    b, rights, ep = list(START), RIGHTS, -1
    for who, uci in moves:
        b, rights, ep = play(b, rights, ep, decode(uci))
    white = moves[-1][0] == "1" if moves else True
    return b, white, rights, ep


def propose_action(board: str) -> str:
    b, white, rights, ep = position(board)
    moves = list(pseudo_moves(b, white, rights, ep))
    random.shuffle(moves)
    if random.random() < 0.3:  # now and then prefer the rarer rules: castling, en passant, promotion
        moves.sort(key=lambda m: not (m[2] or (b[m[0]] in "Kk" and abs(m[0] - m[1]) == 2)
                                      or (b[m[0]] in "Pp" and m[1] == ep)))
    for move in moves:
        if is_safe(b, white, rights, ep, move):
            return "[" + encode(move) + "]"
    return "[]"


def is_legal_action(board: str, action: str) -> bool:
    if not isinstance(action, str) or len(action) > 4096:
        return False
    if "[" not in action and "]" not in action:
        action = "[" + action + "]"
    found = ACTION.search(action)
    if found is None:
        return False
    f, t, promo = decode(found.group(1))
    b, white, rights, ep = position(board)
    if b[f] in "Kk" and f in (4, 60) and not promo and b[t] == ("R" if white else "r") and t in (f + 3, f - 4):
        t = f + 2 if t > f else f - 2  # castling written as king takes own rook
    move = (f, t, promo)
    return move in pseudo_moves(b, white, rights, ep) and is_safe(b, white, rights, ep, move)
