# Bridle harness d178a24bb7e950bccb533fea88488f0ce3687ee8813a191d604f8b00c1d0e6aa
# contract text-action, observation full; for textarena/Tak-v0-hard, objective verifier, written by assistant
import random
import re

ROW = re.compile(r"^ *\d+ \|(.*)\| *$", re.MULTILINE)


def read(board):
    # the last board and the last "Available" line belong to the player to move
    me = re.search(r"You are Player (\d)", board).group(1)
    flats, caps = re.findall(r"Available Flat Stones: (\d+), Available Capstones: (\d+)", board)[-1]
    last = board[board.rindex("Current Board:"):]
    cells = {}
    for r, row in enumerate(ROW.findall(last)):
        for c, text in enumerate(row.split("|")):
            cells[(r, c)] = re.findall(r"[FWC]\d+", text)  # bottom to top
    return me, int(flats), int(caps), cells


def spreads(cells, here, step, hand, first):
    # all ways to drop the whole hand (bottom piece first) on the squares that follow
    target = (here[0] + step[0], here[1] + step[1])
    if target not in cells:
        return []
    top = cells[target][-1] if cells[target] else "F"
    # a wall is flattened only by a move of nothing but the capstone to the next square
    if top[0] == "C" or (top[0] == "W" and not (first and len(hand) == 1 and hand[0][0] == "C")):
        return []
    found = [((target, tuple(hand)),)]
    for n in range(1, len(hand)):
        for rest in spreads(cells, target, step, hand[n:], False):
            found.append(((target, tuple(hand[:n])),) + rest)
    return found


def legal_actions(board):
    me, flats, caps, cells = read(board)
    size = int(round(len(cells) ** 0.5))
    kinds = ["F", "W"] * (flats > 0) + ["C"] * (caps > 0)
    places = [("place", None, ((cell, (kind + me,)),))
              for cell, stack in cells.items() if not stack for kind in kinds]
    moves = []
    for cell, stack in cells.items():
        if stack and stack[-1][-1] == me:
            for n in range(1, min(len(stack), size) + 1):
                for step in ((0, 1), (0, -1), (1, 0), (-1, 0)):
                    for parts in spreads(cells, cell, step, stack[-n:], True):
                        moves.append(("move", cell, parts))
    return places, moves


def propose_action(board: str) -> str:
    groups = [group for group in legal_actions(board) if group]
    if not groups:
        return "[place () {(0,0): [F0]}]"
    kind, source, parts = random.choice(random.choice(groups))
    where = "(%d,%d)" % source if source else "()"
    text = ", ".join("(%d,%d): [%s]" % (cell + (", ".join(pieces),)) for cell, pieces in parts)
    return "[%s %s {%s}]" % (kind, where, text)


ACTION = re.compile(r"\[(place|move) \((?:(\d{1,9}),(\d{1,9}))?\) \{(\([^{}]*\])\}\]")
PART = r"\((\d{1,9}),(\d{1,9})\): \[([^\[\]]*)\]"
PARTS = re.compile(PART + r"(?:, " + PART + r")*")
ONE_PART = re.compile(PART)


def is_legal_action(board: str, action: str) -> bool:
    if len(action) > 4096:
        return False
    found = ACTION.search(action)  # the first well-formed action counts
    if found is None or not PARTS.fullmatch(found.group(4)):
        return False
    kind, r, c, text = found.groups()
    if kind == "place":
        # the owner of a piece is read from the last digit: C10 counts as C0, W11 as W1
        text = re.sub(r"([FWC])\d+(\d)\]", r"\1\2]", text)
    source = None if r is None else (int(r), int(c))
    parts = tuple(((int(a), int(b)), tuple(pieces.split(", ")))
                  for a, b, pieces in ONE_PART.findall(text))
    places, moves = legal_actions(board)
    return (kind, source, parts) in (places if kind == "place" else moves)
