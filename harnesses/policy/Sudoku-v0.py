# Bridle harness cdde5780adeb14da7a90491c0d5148ed186738cd48e648398a2c70eaf7d14dd9
# contract text-action, observation full; for textarena/Sudoku-v0, objective policy, written by assistant
import random
import re

ACTION = re.compile(r"\[(\d+)\s(\d+)\s(\d+)\]")
ROW = re.compile(r"^R\d+ ([ .|\d]+)$", re.M)


def read_grid(text):
    """The last 9 rows as 81 numbers, 0 = empty"""
    return [0 if token == "." else int(token) for row in ROW.findall(text)[-9:] for token in re.findall(r"\.|\d+", row)]


def peers():
    """For each cell the cells that must differ from it"""
    def unit(i):
        r, c = divmod(i, 9)
        return r, c, (r // 3, c // 3)
    units = [unit(i) for i in range(81)]
    return [[j for j in range(81) if j != i and any(a == b for a, b in zip(units[i], units[j]))] for i in range(81)]


def solutions(grid, around, limit):
    """Up to limit completed grids"""
    best, options = -1, range(10)
    for i in range(81):
        if grid[i] == 0:
            used = {grid[j] for j in around[i]}
            free = [n for n in range(1, 10) if n not in used]
            if best < 0 or len(free) < len(options):
                best, options = i, free
            if len(free) < 2:
                break
    if best < 0:
        return [grid]
    found = []
    for n in options:
        found += solutions(grid[:best] + [n] + grid[best + 1:], around, limit - len(found))
        if len(found) >= limit:
            break
    return found


def propose_action(board: str) -> str:
    grid = read_grid(board)
    around = peers()
    full = solutions(grid, around, 8)
    cells = [i for i in range(81) if grid[i] == 0]
    if not cells or not full:
        return "[]"
    sure = [i for i in cells if len({solution[i] for solution in full}) == 1]
    i = random.choice(sure or cells)
    return "[%d %d %d]" % (i // 9 + 1, i % 9 + 1, full[0][i])


def is_legal_action(board: str, action: str) -> bool:
    if not isinstance(action, str) or len(action) > 4096:
        return False
    if "[" not in action and "]" not in action:
        action = "[" + action + "]"
    found = ACTION.search(action)
    if found is None:
        return False
    r, c, n = map(int, found.groups())
    if not (1 <= r <= 9 and 1 <= c <= 9 and 1 <= n <= 9):
        return False
    grid, i = read_grid(board), (r - 1) * 9 + c - 1
    return grid[i] == 0 and bool(solutions(grid[:i] + [n] + grid[i + 1:], peers(), 1)) and all(
        grid[j] != n for j in peers()[i])
