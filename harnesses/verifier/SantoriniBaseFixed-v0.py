# Bridle harness a611d189c02c804e2df697e32b5168c410d2a11ca9ea9ed808cb8eeb102e031a
# contract text-action, observation full; for textarena/SantoriniBaseFixed-v0, objective verifier, written by assistant
import random
import re

ACTION = re.compile(r"\[([NWG])([12])([A-E][1-5])([A-E][1-5])([A-E][1-5])\]", re.I)
ROW = re.compile(r"^([A-E]) │([^\n]*)│ \1[ \t]*$", re.M)
CELL = re.compile(r"([0-4])(?: ([NWG][12]))?")


def read_state(text):
    """(own letter, heights by square, worker by square, squares by worker) from the last grid"""
    me = re.search(r"You are playing (Navy|White|Grey)", text).group(1)[0]
    heights, standing = {}, {}
    for row, cells in ROW.findall(text)[-5:]:
        for col, cell in enumerate(cells.split("│"), 1):
            height, worker = CELL.search(cell).groups()
            heights[row + str(col)] = int(height)
            if worker:
                standing[row + str(col)] = worker
    return me, heights, standing


def near(square):
    """The squares around a square, on the board"""
    r, c = ord(square[0]), int(square[1])
    return [chr(r + i) + str(c + j) for i in (-1, 0, 1) for j in (-1, 0, 1)
            if (i or j) and 65 <= r + i <= 69 and 1 <= c + j <= 5]


def legal_moves(state):
    me, heights, standing = state
    found = []
    for source, worker in standing.items():
        if worker[0] != me:
            continue
        for dest in near(source):
            if dest in standing or heights[dest] > 3 or heights[dest] > heights[source] + 1:
                continue
            for build in near(dest):
                if (build == source or build not in standing) and heights[build] < 4:
                    found.append(worker + source + dest + build)
    return found


def propose_action(board: str) -> str:
    moves = legal_moves(read_state(board))
    return "[" + random.choice(moves) + "]" if moves else "[]"


def is_legal_action(board: str, action: str) -> bool:
    if not isinstance(action, str) or len(action) > 4096:
        return False
    if "[" not in action and "]" not in action:
        action = "[" + action + "]"
    found = ACTION.search(action)
    return found is not None and found.group(0)[1:-1].upper() in legal_moves(read_state(board))
