# Bridle harness 3209868fdeedd6e073eb75a1e531009f4f5e357521988317be6e1bf0973a20fa
# contract text-action, observation full; for textarena/FrozenLake-v0, objective policy, written by assistant
import random
import re

ACTION = re.compile(r"\[(up|down|left|right|w|a|s|d)\]", re.I)
WAYS = {"up": (-1, 0), "down": (1, 0), "left": (0, -1), "right": (0, 1)}
SHORT = {"w": "up", "s": "down", "a": "left", "d": "right"}


def read_grid(text):
    """({(row, col): ' ', 'H', 'G' or 'P'}, own cell) of the last board"""
    rows = re.findall(r"^\|(.*)\|[ \t]*$", text[text.rfind("Current Board:"):], re.M)
    grid = {(r, c): cell.strip() for r, row in enumerate(rows) for c, cell in enumerate(row.split("|"))}
    return grid, next(cell for cell, mark in grid.items() if mark == "P")


def step(cell, way):
    return cell[0] + WAYS[way][0], cell[1] + WAYS[way][1]


def propose_action(board: str) -> str:
    grid, start = read_grid(board)
    goal = next((cell for cell, mark in grid.items() if mark == "G"), max(grid))
    ways = [way for way in WAYS if step(start, way) in grid]
    random.shuffle(ways)
    first, queue = {start: ""}, [start]
    for cell in queue:  # breadth first; a hole ends a path
        if grid[cell] == "H":
            continue
        for way in ways if cell == start else WAYS:
            after = step(cell, way)
            if after in grid and after not in first:
                first[after] = first[cell] or way
                queue.append(after)
    # the goal if it can be reached, else the reachable cell nearest to it
    target = min(first, key=lambda c: (abs(c[0] - goal[0]) + abs(c[1] - goal[1]), grid[c] == "H"))
    safe = [way for way in ways if grid[step(start, way)] != "H"]
    return "[" + (first[target] or (safe or ways)[0]) + "]"


def is_legal_action(board: str, action: str) -> bool:
    if not isinstance(action, str) or len(action) > 4096:
        return False
    if "[" not in action and "]" not in action:
        action = "[" + action + "]"
    found = ACTION.search(action)
    if found is None:
        return False
    word = found.group(1).lower()
    grid, start = read_grid(board)
    return step(start, SHORT.get(word, word)) in grid
