# Bridle harness 6dec6736172568032709b63b2289450bd18a6ae9205250e89a6f131cfcdd7489
# contract text-action, observation full; for textarena/FifteenPuzzle-v0, objective policy, written by assistant
import heapq
import random
import re

ACTION = re.compile(r"\[(up|down|left|right)\]", re.I)
WAYS = {"up": (1, 0), "down": (-1, 0), "left": (0, 1), "right": (0, -1)}  # where the empty space goes
STAGES = ((1, 2), (3, 4), (5, 9, 13), (6, 7, 8, 10, 11, 12, 14, 15))


def read_cells(text):
    """The 16 cells of the last board, row by row; the empty space is 0"""
    shown = text[text.rfind("Current Board:"):]
    return [0 if token == "__" else int(token) for token in re.findall(r"__|\d+", shown)[:16]]


def steps(cell):
    """[(word, new cell of the empty space), ...]"""
    r, c = divmod(cell, 4)
    return [(way, (r + i) * 4 + c + j) for way, (i, j) in WAYS.items() if 0 <= r + i < 4 and 0 <= c + j < 4]


def solvable(cells):
    order = [n or 16 for n in cells]
    swaps = sum(order[i] > order[j] for i in range(16) for j in range(i + 1, 16))
    r, c = divmod(cells.index(0), 4)
    return (swaps + 6 - r - c) % 2 == 0


def first_step(cells, tiles, homes, locked):
    """First word of a shortest way that brings the tiles home without touching the locked cells"""
    far = {(a, b): abs(a // 4 - b // 4) + abs(a % 4 - b % 4) for a in range(16) for b in range(16)}
    goal = tuple(homes[n] for n in tiles)
    state = (cells.index(0), tuple(cells.index(n) for n in tiles))
    guess = sum(far[pair] for pair in zip(state[1], goal))
    heap, best = [(guess, guess, 0, state, "")], {state: 0}
    while heap:
        _, guess, cost, state, first = heapq.heappop(heap)
        blank, places = state
        if places == goal:
            return first
        if best[state] < cost:
            continue
        for way, cell in steps(blank):
            if cell in locked:
                continue
            after, rest = places, guess
            if cell in places:
                i = places.index(cell)
                after = places[:i] + (blank,) + places[i + 1:]
                rest += far[blank, goal[i]] - far[cell, goal[i]]
            new = (cell, after)
            if cost + 1 < best.get(new, 999):
                best[new] = cost + 1
                heapq.heappush(heap, (cost + 1 + rest, rest, cost + 1, new, first or way))
    return ""


def propose_action(board: str) -> str:
    cells = read_cells(board)
    homes = {n: n - 1 for n in range(1, 16)}
    if not solvable(cells):  # then all but two tiles can be brought home
        homes[14], homes[15] = homes[15], homes[14]
    locked = set()
    for tiles in STAGES:  # each call shortens the way of the first unfinished stage by one
        if any(cells[homes[n]] != n for n in tiles):
            return "[" + first_step(cells, tiles, homes, locked) + "]"
        locked.update(homes[n] for n in tiles)
    words = [word for word, _ in steps(cells.index(0))]
    return "[right]" if "right" in words else "[" + random.choice(words) + "]"


def is_legal_action(board: str, action: str) -> bool:
    if not isinstance(action, str) or len(action) > 4096:
        return False
    if "[" not in action and "]" not in action:
        action = "[" + action + "]"
    found = ACTION.search(action)
    return found is not None and found.group(1).lower() in dict(steps(read_cells(board).index(0)))
