# Bridle harness e9db3a444a72bc260c2624df60ae6779773b88097552094b416741ccc15792d0
# contract text-action, observation full; for textarena/Sudoku-v0, objective verifier, written by assistant
import random
import re

ROW = re.compile(r"^R\d+ ([ .|\d]+)$", re.M)
PEERS = [[j for j in range(81) if j != i and (i // 9 == j // 9 or i % 9 == j % 9
                                              or (i // 27 == j // 27 and i % 9 // 3 == j % 9 // 3))] for i in range(81)]


def read_grid(text):
    """The last 9 rows as 81 numbers, 0 = empty"""
    return [0 if token == "." else int(token) for row in ROW.findall(text)[-9:] for token in re.findall(r"\.|\d+", row)]


def solutions(grid, limit):
    """Up to limit completed grids"""
    best, options = -1, range(10)
    for i in range(81):
        if grid[i] == 0:
            used = {grid[j] for j in PEERS[i]}
            free = [n for n in range(1, 10) if n not in used]
            if best < 0 or len(free) < len(options):
                best, options = i, free
            if len(free) < 2:
                break
    if best < 0:
        return [grid]
    found = []
    for n in options:
        found += solutions(grid[:best] + [n] + grid[best + 1:], limit - len(found))
        if len(found) >= limit:
            break
    return found


def propose_action(board: str) -> str:
    grid = read_grid(board)
    full = solutions(grid, 8)
    cells = [i for i in range(81) if grid[i] == 0]
    if not cells or not full:
        return "[]"
    sure = [i for i in cells if len({solution[i] for solution in full}) == 1]
    i = random.choice(sure or cells)
    return "[%d %d %d]" % (i // 9 + 1, i % 9 + 1, full[0][i])


ACTION = re.compile(r"\[(\d+)\s(\d+)\s(\d+)\]")


def is_right(grid, row, column, number):
    """An empty cell, and a digit with which the grid can be completed"""
    if not (1 <= row <= 9 and 1 <= column <= 9 and 1 <= number <= 9):
        return False
    i = (row - 1) * 9 + column - 1
    return (grid[i] == 0 and all(grid[j] != number for j in PEERS[i])
            and bool(solutions(grid[:i] + [number] + grid[i + 1:], 1)))


def is_legal_action(board: str, action: str) -> bool:
    if not isinstance(action, str) or len(action) > 4096:
        return False
    if "[" not in action and "]" not in action:
        action = "[" + action + "]"
    found = ACTION.search(action)
    return found is not None and is_right(read_grid(board), *map(int, found.groups()))
