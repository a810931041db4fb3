# Bridle harness ac8f98a7a01a24692f8aa75e2ba06c1f41ac20fb77e1f70c681861fa8fad9745
# contract text-action, observation full; for textarena/TowerOfHanoi-v0, objective policy, written by assistant
import random
import re

TOWER = re.compile(r"^([A-C]): \[([\d, ]*)\]", re.MULTILINE)
MOVE = re.compile(r"\[([ABC])\s*,?\s*([ABC])\]", re.IGNORECASE)


def read(board):
    # current position = the last "Current Board:" block; disks are listed bottom to top
    last = board[board.rindex("Current Board:"):]
    return {name: [int(d) for d in re.findall(r"\d+", disks)] for name, disks in TOWER.findall(last)}


def allowed(towers, source, target):
    if not towers[source]:
        return False
    if source == target:
        return True
    return not towers[target] or towers[target][-1] > towers[source][-1]


def propose_action(board: str) -> str:
    towers = read(board)
    where = {disk: name for name, disks in towers.items() for disk in disks}
    goal = re.search(r"to tower ([A-C])", board)
    target = goal.group(1) if goal else "C"
    move = None
    # largest disk first: whatever is not in its place sends all smaller disks to the third tower;
    # the smallest disk that is out of place can move at once
    for disk in sorted(where, reverse=True):
        if where[disk] != target:
            move = (where[disk], target)
            target = next(name for name in "ABC" if name not in move)
    if move is None or not allowed(towers, *move):
        move = random.choice([(a, b) for a in "ABC" for b in "ABC" if allowed(towers, a, b)])
    return "[%s %s]" % move


def is_legal_action(board: str, action: str) -> bool:
    if len(action) > 4096:
        return False
    if "[" not in action and "]" not in action:
        action = "[" + action + "]"
    found = MOVE.search(action)
    return found is not None and allowed(read(board), found.group(1).upper(), found.group(2).upper())
