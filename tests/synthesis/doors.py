"""Programs for the toy environment of doors, from useless to right, as a scripted model would answer."""

HEAD = """import random, re

def rows(board):
    return re.findall(r"^(\\d+) (shut|locked|creaking|open)( key)?$", board.split("Row:\\n")[-1], re.M)
"""

ALWAYS_FOUR = """
def propose_action(board):
    return "[open 4]"

def is_legal_action(board, action):
    return True
"""

REACHABLE = (
    HEAD
    + """
def moves(board):
    found, doors = [], rows(board)
    for i, (n, kind, key) in enumerate(doors):
        beside = any(0 <= j < len(doors) and doors[j][1] == "open" for j in (i - 1, i + 1))
        if kind == "shut" and beside:
            found.append(f"[open {n}]")
    return found

def propose_action(board):
    return random.choice(moves(board) or ["[open 1]"])

def is_legal_action(board, action):
    return action in moves(board)
"""
)

RIGHT = (
    HEAD
    + """
def moves(board):
    found, doors = [], rows(board)
    keys = int(re.findall(r"Keys in hand: (\\d+)", board)[-1])
    for i, (n, kind, key) in enumerate(doors):
        beside = any(0 <= j < len(doors) and doors[j][1] == "open" for j in (i - 1, i + 1))
        if key:
            found.append(f"[take {n}]")
        if not beside or kind == "open":
            continue
        if kind == "shut" or (kind == "locked" and keys):
            found.append(f"[open {n}]")
        if kind == "creaking":
            found.append(f"[oil {n}]")
    return found

def propose_action(board):
    return random.choice(moves(board) or ["[open 1]"])

def is_legal_action(board, action):
    match = re.fullmatch(r"\\[(open|take|oil) ([0-9]{1,3})\\]", action)
    return bool(match) and f"[{match[1]} {int(match[2])}]" in moves(board)
"""
)


def answer(code: str) -> str:
    """A model's answer around some code."""
    return f"I looked at the problems.\n\n```python\n{code.strip()}\n```\n"
