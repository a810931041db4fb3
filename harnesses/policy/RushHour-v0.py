# Bridle harness b2eb482bbb164f9e6310c0145b87d045904b215b8761adfc05059cbf16ac218a
# contract text-action, observation full; for textarena/RushHour-v0, objective policy, written by assistant
import random
import re

ROW = r"[A-Za-z.](?: [A-Za-z.])+(?: >)?[ \t]*"
BOARD = re.compile(r"^" + ROW + r"(?:\n" + ROW + r")*$", re.MULTILINE)
MOVE = re.compile(r"\[\s*([A-Z])\s*([+-])\s*\]", re.IGNORECASE)
NODES = 150000


def read(board):
    # current position = the last block of rows; each car: name -> its line of cells and where it starts
    rows = [line.replace(">", "").split() for line in BOARD.findall(board)[-1].split("\n")]
    cars = {}
    for r, row in enumerate(rows):
        for c, name in enumerate(row):
            if name != ".":
                cars.setdefault(name, []).append((r, c))
    lines = {}
    for name, cells in cars.items():
        r, c = cells[0]
        if len(cells) > 1 and cells[0][1] == cells[1][1]:
            line, start = [(i, c) for i in range(len(rows))], r
        else:
            line, start = [(r, i) for i in range(len(rows[r]))], c
        lines[name] = (line, start, len(cells))
    return rows, lines


def legal_moves(board):
    rows, lines = read(board)
    moves = []
    for name, (line, start, length) in lines.items():
        for sign, place in (("+", start + length), ("-", start - 1)):
            if 0 <= place < len(line) and rows[line[place][0]][line[place][1]] == ".":
                moves.append((name, sign))
    return moves


def first_move(board):
    # breadth-first search over one-cell moves until X touches the right edge
    rows, lines = read(board)
    width = max(len(row) for row in rows)
    names = list(lines)
    random.shuffle(names)
    names.remove("X")
    names.append("X")
    bits = [[1 << (r * width + c) for r, c in lines[name][0]] for name in names]
    lengths = [lines[name][2] for name in names]
    key, used = 0, 0
    for i, name in enumerate(names):
        start = lines[name][1]
        key |= start << (4 * i)
        used |= sum(bits[i][start:start + lengths[i]])
    top = 4 * (len(names) - 1)
    goal = len(bits[-1]) - lengths[-1]
    info = [(i, 4 * i, 1 << (4 * i), bits[i], lengths[i], len(bits[i])) for i in range(len(names))]
    first = {key: None}
    layer = [(key, used)]
    while layer and len(first) < NODES:
        following = []
        for key, used in layer:
            before = first[key]
            for i, shift, one, line, length, size in info:
                p = (key >> shift) & 15
                if p + length < size and not used & line[p + length]:
                    new = key + one
                    if new not in first:
                        first[new] = before or (names[i], "+")
                        if new >> top == goal:
                            return first[new]
                        following.append((new, used ^ line[p] ^ line[p + length]))
                if p and not used & line[p - 1]:
                    new = key - one
                    if new not in first:
                        first[new] = before or (names[i], "-")
                        following.append((new, used ^ line[p - 1] ^ line[p + length - 1]))
        layer = following
    return None


def propose_action(board: str) -> str:
    move = first_move(board) or random.choice(legal_moves(board) or [("X", "+")])
    return "[%s%s]" % move


def is_legal_action(board: str, action: str) -> bool:
    if len(action) > 4096:
        return False
    if "[" not in action and "]" not in action:
        action = "[" + action + "]"
    found = MOVE.search(action)
    return found is not None and (found.group(1).upper(), found.group(2)) in legal_moves(board)
