# Bridle harness 2f97271084d78c5082cd21842b278e58504a134fa637d2209886781e41173464
# contract text-action, observation full; for textarena/Sokoban-v0, objective verifier, written by assistant
import random
import re

ACTION = re.compile(r"\[(up|down|left|right|w|a|s|d)\]", re.I)
WAYS = {"up": (-1, 0), "down": (1, 0), "left": (0, -1), "right": (0, 1)}
SHORT = {"w": "up", "a": "left", "s": "down", "d": "right"}


def read_board(text):
    """({(row, column): mark}, cell of the player) of the last board"""
    shown = text[text.rfind("Current Board:"):]
    rows = [line.split() for line in shown.split("\n") if re.match(r"\s*#( |$)", line)]
    grid = {(r, c): mark for r, row in enumerate(rows) for c, mark in enumerate(row)}
    return grid, next((cell for cell, mark in grid.items() if mark not in "#_OX√"), None)


def legal_ways(text):
    """The directions in which the player can step or push"""
    grid, (r, c) = read_board(text)
    found = []
    for way, (i, j) in WAYS.items():
        ahead, beyond = grid.get((r + i, c + j), "#"), grid.get((r + 2 * i, c + 2 * j), "#")
        if ahead in "_O" or (ahead in "X√" and beyond in "_O"):
            found.append(way)
    return found


def propose_action(board: str) -> str:
    ways = legal_ways(board)
    return "[" + random.choice(ways) + "]" if ways else "[]"


def is_legal_action(board: str, action: str) -> bool:
    if not isinstance(action, str) or len(action) > 4096:
        return False
    if "[" not in action and "]" not in action:
        action = "[" + action + "]"
    found = ACTION.search(action)
    if found is None:
        return False
    word = found.group(1).lower()
    return SHORT.get(word, word) in legal_ways(board)
