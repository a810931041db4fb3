# Bridle harness 410a3ca9b7fd6e654810619a95ddb72c0cadfb57ad87bb77b8cdb2ec46060f68
# contract text-action, observation full; for textarena/Stratego-v0, objective verifier, written by assistant
import random
import re

ACTION = re.compile(r"\[([A-J])([0-9]) ([A-J])([0-9])\]", re.I)
ROW = re.compile(r"^([A-J]) +((?:\S+ +){9}\S+) *$", re.M)
WAYS = ((0, 1), (0, -1), (1, 0), (-1, 0))


def read_board(text):
    """{(row, column): '.', '~', '?' or an own piece} of the last board, which is the own view"""
    rows = ROW.findall(text, text.rfind("Current Board:"))
    return {(ord(name) - 65, c): mark for name, cells in rows for c, mark in enumerate(cells.split())}


def destinations(board, cell):
    """Where the own piece on this cell may go"""
    found = []
    if board.get(cell, ".") in (".", "~", "?", "BM", "FL"):
        return found
    for i, j in WAYS:
        r, c = cell[0] + i, cell[1] + j
        while board.get((r, c)) in (".", "?"):
            found.append((r, c))
            if board[r, c] == "?" or board[cell] != "SC":
                break
            r, c = r + i, c + j
    return found


def propose_action(board: str) -> str:
    grid = read_board(board)
    moves = [(a, b) for a in grid for b in destinations(grid, a)]
    if not moves:
        return "[]"
    start = random.choice(sorted({a for a, _ in moves})) if random.random() < 0.5 else random.choice(moves)[0]
    end = random.choice([b for a, b in moves if a == start])
    return "[%s%d %s%d]" % (chr(65 + start[0]), start[1], chr(65 + end[0]), end[1])


def is_legal_action(board: str, action: str) -> bool:
    if not isinstance(action, str) or len(action) > 4096:
        return False
    if "[" not in action and "]" not in action:
        action = "[" + action + "]"
    found = ACTION.search(action)
    if found is None:
        return False
    a, m, b, n = found.groups()
    return (ord(b.upper()) - 65, int(n)) in destinations(read_board(board), (ord(a.upper()) - 65, int(m)))
