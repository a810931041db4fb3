# Bridle harness 8c731ce986bd1a37962cc6cdc45e8ba054ea0b7225f67adb43f39df5d3dba5c2
# contract text-action, observation full; for textarena/Sokoban-v0, objective policy, written by assistant
import random
import re

ROW = re.compile(r"^[ \t]*(#(?: [#_OXP√])+)[ \t]*$", re.MULTILINE)
MOVE = re.compile(r"\[(up|down|left|right|w|a|s|d)\]", re.IGNORECASE)
STEP = {"up": (-1, 0), "left": (0, -1), "down": (1, 0), "right": (0, 1)}
SHORT = {"w": "up", "a": "left", "s": "down", "d": "right"}
LIMIT = 31  # turns
NODES = 60000


def read(board):
    chunks = [chunk for chunk in board.split("Current Board:")[1:] if ROW.search(chunk)]
    goals, cells = set(), {}
    for chunk in chunks:  # a goal below the player is hidden, so older boards help
        cells = {(r, c): sign for r, row in enumerate(ROW.findall(chunk))
                 for c, sign in enumerate(row.split())}
        goals |= {cell for cell, sign in cells.items() if sign in "O√"}
    floor = {cell for cell, sign in cells.items() if sign != "#"}
    boxes = frozenset(cell for cell, sign in cells.items() if sign in "X√")
    player = next(cell for cell, sign in cells.items() if sign == "P")
    if len(goals) < len(boxes):
        goals.add(player)
    return floor, goals, boxes, player, LIMIT - (len(chunks) - 1)


def moved(floor, boxes, player, step):
    # the state after a step, or None where it is blocked
    to = (player[0] + step[0], player[1] + step[1])
    if to not in floor:
        return None
    if to in boxes:
        beyond = (to[0] + step[0], to[1] + step[1])
        if beyond not in floor or beyond in boxes:
            return None
        boxes = (boxes - {to}) | {beyond}
    return to, boxes


def propose_action(board: str) -> str:
    floor, goals, boxes, player, left = read(board)
    names = random.sample(sorted(STEP), 4)
    start = (player, boxes)
    came = {start: None}
    layer, depth = [start], 0
    best, best_count = start, len(boxes & goals)
    while layer and best_count < len(boxes) and depth < max(left, 1) and len(came) < NODES:
        depth += 1
        following = []
        for state in layer:
            for name in names:
                new = moved(floor, state[1], state[0], STEP[name])
                if new is not None and new not in came:
                    came[new] = (state, name)
                    following.append(new)
                    count = len(new[1] & goals)
                    if count > best_count:
                        best, best_count = new, count
        layer = following
    if best != start:
        while came[best][0] != start:
            best = came[best][0]
        return "[" + came[best][1] + "]"
    # nothing better in reach: keep as many boxes on goals as possible, rather without pushing
    options = []
    for name in names:
        new = moved(floor, boxes, player, STEP[name])
        if new is not None:
            options.append((-len(new[1] & goals), new[1] != boxes, name))
    return "[" + (min(options)[2] if options else "up") + "]"


def is_legal_action(board: str, action: str) -> bool:
    if len(action) > 4096:
        return False
    if "[" not in action and "]" not in action:
        action = "[" + action + "]"
    found = MOVE.search(action)
    if found is None:
        return False
    name = found.group(1).lower()
    floor, goals, boxes, player, left = read(board)
    return moved(floor, boxes, player, STEP[SHORT.get(name, name)]) is not None
