# Bridle harness 873a6d03194557ebc1559e0fa82333a7bf1131b959c520fea58d3148a96c2ab6
# contract text-action, observation full; for textarena/2048-v0, objective policy, written by assistant
import random
import re

ROW = re.compile(r"^\|(.*)\|[ \t]*$", re.MULTILINE)
MOVE = re.compile(r"\[(up|down|left|right)\]", re.IGNORECASE)
FOURTH = [rank ** 4 for rank in range(32)]
SUM = [11 * rank ** 3.5 for rank in range(32)]
BUDGET = 2500  # positions looked at in one call: this bounds the time
LOST = -1000000  # worth of a full grid without a move
ENOUGH = 1005  # sum of the tiles at which the game is brought to its end
TOO_HIGH = 10  # a tile of 1024 would take the reward beyond its scale


def read(board):
    # the last grid, as rows of ranks: 0 empty, 1 for 2, 2 for 4, ...
    last = board[board.rindex("Score:"):]
    return tuple(tuple(0 if cell == "." else int(re.sub(r"\D", "", cell)).bit_length() - 1
                       for cell in row.split()) for row in ROW.findall(last))


def slide(row):
    out, last = [], 0
    for tile in row:
        if tile:
            if tile == last:
                out[-1] += 1
                last = 0
            else:
                out.append(tile)
                last = tile
    return tuple(out) + (0,) * (len(row) - len(out))


def learn(lines, row):
    # (slid left, slid right, worth): monotone lines, free cells and possible merges are good
    merges = run = last = 0
    for tile in row:
        if tile:
            if tile == last:
                run += 1
            elif run:
                merges += 1 + run
                run = 0
            last = tile
    if run:
        merges += 1 + run
    falls = rises = worth = 0
    for a, b in zip(row, row[1:]):
        if a > b:
            falls += FOURTH[a] - FOURTH[b]
        else:
            rises += FOURTH[b] - FOURTH[a]
    for tile in row:
        worth -= SUM[tile]
    worth += 200000 + 270 * row.count(0) + 700 * merges - 47 * min(falls, rises)
    lines[row] = slide(row), slide(row[::-1])[::-1], worth
    return lines[row]


def moves_of(grid, lines):
    # the grids after the moves that change something, up to transposition (worth the same)
    found = []
    for view in (grid, tuple(zip(*grid))):
        facts = [lines[row] if row in lines else learn(lines, row) for row in view]
        for side in (0, 1):
            new = tuple([fact[side] for fact in facts])
            if new != view:
                found.append(new)
    return found


def worth(grid, depth, lines, known):
    # the worth of a grid before a tile appears, with so many tiles looked ahead
    if depth > 0 and len(known) < BUDGET:
        if (grid, depth) in known:
            return known[grid, depth]
        total = free = 0
        for r, row in enumerate(grid):
            for c, tile in enumerate(row):
                if not tile:
                    free += 1
                    for new, share, further in ((1, 0.9, depth - 1), (2, 0.1, depth - 2)):
                        filled = grid[:r] + (row[:c] + (new,) + row[c + 1:],) + grid[r + 1:]
                        total += share * max([worth(after, further, lines, known)
                                              for after in moves_of(filled, lines)] or [LOST])
        known[grid, depth] = total / free
        return known[grid, depth]
    if (grid, 0) not in known:
        total = 0
        for row in grid + tuple(zip(*grid)):
            total += (lines[row] if row in lines else learn(lines, row))[2]
        known[grid, 0] = total
    return known[grid, 0]


def after(grid, name):
    name = name.lower()
    view = grid if name in ("left", "right") else tuple(zip(*grid))
    new = tuple(slide(row) if name in ("left", "up") else slide(row[::-1])[::-1] for row in view)
    return new if name in ("left", "right") else tuple(zip(*new))


def looseness(grid):
    # how far a grid is from having no move: free cells, then equal neighbours
    pairs = sum(a == b and a > 0 for lines in (grid, tuple(zip(*grid)))
                for row in lines for a, b in zip(row, row[1:]))
    return sum(row.count(0) for row in grid), pairs


def propose_action(board: str) -> str:
    grid = read(board)
    names = [name for name in ("Up", "Down", "Left", "Right") if after(grid, name) != grid]
    if not names:
        return "[Up]"
    names = [name for name in names if max(map(max, after(grid, name))) < TOO_HIGH] or names
    random.shuffle(names)
    if sum(2 ** tile for row in grid for tile in row if tile) >= ENOUGH:
        return "[" + min(names, key=lambda name: looseness(after(grid, name))) + "]"
    depth = 2 if sum(row.count(0) for row in grid) <= 4 else 1
    lines, known = {}, {}
    # worths may be negative: the best is taken among the moves that change the grid, whatever its worth
    return "[" + max(names, key=lambda name: worth(after(grid, name), depth, lines, known)) + "]"


def is_legal_action(board: str, action: str) -> bool:
    if len(action) > 4096:
        return False
    if "[" not in action and "]" not in action:
        action = "[" + action + "]"
    found = MOVE.search(action)
    if found is None:
        return False
    grid = read(board)
    return after(grid, found.group(1)) != grid
