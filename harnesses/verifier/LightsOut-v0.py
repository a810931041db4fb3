# Bridle harness f3027e127f8e3a504cd383cd661cfa19b8f54fda1d9e2e0b175209b9c74c64a4
# contract text-action, observation full; for textarena/LightsOut-v0, objective verifier, written by assistant
import random
import re

SIZE = re.compile(r"You have a (\d+)x(\d+) grid")


def size_of(board):
    rows, columns = SIZE.search(board).groups()
    return int(rows), int(columns)


def propose_action(board: str) -> str:
    rows, columns = size_of(board)
    return "[%d %d]" % (random.randrange(rows), random.randrange(columns))


MOVE = re.compile(r"\[(\d+)\s+(\d+)\]")


def is_legal_action(board: str, action: str) -> bool:
    if len(action) > 4096:
        return False
    if "[" not in action and "]" not in action:
        action = "[" + action + "]"
    found = MOVE.fullmatch(action.strip())  # nothing but the pair; blanks between the numbers only
    if found is None or max(map(len, found.groups())) > 9:
        return False
    rows, columns = size_of(board)
    return int(found.group(1)) < rows and int(found.group(2)) < columns
