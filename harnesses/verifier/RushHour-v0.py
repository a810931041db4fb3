# Bridle harness 6387381eb2d9db1ef18139409c98cbad86c2172a7ac289c9083b856338e7dc8e
# contract text-action, observation full; for textarena/RushHour-v0, objective verifier, written by assistant
import random
import re

ROW = re.compile(r"^([A-Z.](?: [A-Z.]){3,})(?: >)?[ \t]*$", re.M)


def read_rows(text):
    """The rows of the last grid (as many as it has columns)"""
    rows = [row.split() for row in ROW.findall(text)]
    return rows[-len(rows[-1]):]


def legal_moves(text):
    """The moves as 'A+'; + is one cell to the right or down, - to the left or up"""
    rows = read_rows(text)
    cars = {}
    for r, row in enumerate(rows):
        for c, car in enumerate(row):
            if car != ".":
                cars.setdefault(car, []).append((r, c))
    found = []
    for car, cells in cars.items():
        (r0, c0), (r1, c1) = cells[0], cells[-1]
        i, j = (0, 1) if r0 == r1 else (1, 0)
        for sign, r, c in (("+", r1 + i, c1 + j), ("-", r0 - i, c0 - j)):
            if 0 <= r < len(rows) and 0 <= c < len(rows[0]) and rows[r][c] == ".":
                found.append(car + sign)
    return found


def propose_action(board: str) -> str:
    moves = legal_moves(board)
    return "[" + random.choice(moves) + "]" if moves else "[]"


ACTION = re.compile(r"\[([A-Z])([+-])\]", re.I)


def is_legal_action(board: str, action: str) -> bool:
    if not isinstance(action, str) or len(action) > 4096:
        return False
    if "[" not in action and "]" not in action:
        action = "[" + action + "]"
    found = ACTION.fullmatch(action.strip())
    return found is not None and found.group(1).upper() + found.group(2) in legal_moves(board)
