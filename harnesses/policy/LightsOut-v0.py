# Bridle harness 5edd61ce9ab4d1e469f5f7c006ab5eccd6dbe05d8d698b3380ee195395c26f65
# contract text-action, observation full; for textarena/LightsOut-v0, objective policy, written by assistant
import itertools
import random
import re

ROW = re.compile(r"^ *(\d+): ([O.](?: [O.])*) *$", re.MULTILINE)
MOVE = re.compile(r"\[\s*(\d+)\s+(\d+)\s*\]")


def read(board):
    # later grids overwrite earlier ones, so the last (current) grid remains
    rows = {int(label): cells.split() for label, cells in ROW.findall(board)}
    return [rows[r] for r in range(len(rows))]


def basis(size):
    # Gauss over GF(2): pivots {light bit: (lights, presses)} and the presses that change nothing
    pivots, quiet = {}, []
    for r in range(size):
        for c in range(size):
            lights, presses = 0, 1 << (r * size + c)
            for a, b in ((r, c), (r - 1, c), (r + 1, c), (r, c - 1), (r, c + 1)):
                if 0 <= a < size and 0 <= b < size:
                    lights |= 1 << (a * size + b)
            while lights and lights.bit_length() in pivots:
                other = pivots[lights.bit_length()]
                lights, presses = lights ^ other[0], presses ^ other[1]
            if lights:
                pivots[lights.bit_length()] = (lights, presses)
            else:
                quiet.append(presses)
    return pivots, quiet


def solve(pivots, quiet, lights):
    # fewest presses that turn exactly these lights, or None
    presses = 0
    while lights:
        if lights.bit_length() not in pivots:
            return None
        other = pivots[lights.bit_length()]
        lights, presses = lights ^ other[0], presses ^ other[1]
    best = presses
    for n in range(1, len(quiet) + 1):
        for some in itertools.combinations(quiet, n):
            other = presses
            for q in some:
                other ^= q
            if bin(other).count("1") < bin(best).count("1"):
                best = other
    return best


def propose_action(board: str) -> str:
    grid = read(board)
    size = len(grid)
    lights = sum(1 << (r * size + c) for r in range(size) for c in range(size) if grid[r][c] == "O")
    left = re.findall(r"(\d+) moves? remaining", board)
    left = int(left[-1]) if left else 20
    pivots, quiet = basis(size)
    plan = solve(pivots, quiet, lights)
    if plan is None or bin(plan).count("1") > left:
        # cannot be finished: leave as few lights as possible on after the last move
        options = []
        for n in (1, 2):
            for some in itertools.combinations(range(size * size), n):
                other = solve(pivots, quiet, lights ^ sum(1 << i for i in some))
                if other is not None and bin(other).count("1") <= left:
                    count = bin(other).count("1")
                    options.append(((left - count) % 2, n, count, other))
            if options and min(options)[0] == 0:
                break
        plan = min(options)[3] if options else plan
    cells = [i for i in range(size * size) if plan is not None and plan >> i & 1]
    return "[%d %d]" % divmod(random.choice(cells or list(range(size * size))), size)


def is_legal_action(board: str, action: str) -> bool:
    if len(action) > 4096:
        return False
    if "[" not in action and "]" not in action:
        action = "[" + action + "]"
    found = MOVE.search(action)
    if found is None or max(map(len, found.groups())) > 9:
        return False
    return int(found.group(1)) < len(read(board)) and int(found.group(2)) < len(read(board))
