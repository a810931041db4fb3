# Bridle harness 99240a394a4e28e0e7796352f2ed15572fae4f52b9a083bab0d70c976131206d
# contract text-action, observation full; for textarena/Othello-v0, objective verifier, written by assistant
import re
import random

ACTION = re.compile(r"\[\s*(\d+)\s*,\s*(\d+)\s*\]")
ROW = re.compile(r"^\s*\d+\|(.*)\|[ \t]*$", re.M)
WAYS = [(i, j) for i in (-1, 0, 1) for j in (-1, 0, 1) if i or j]


def read_state(text):
    """(own piece, grid) from the last board"""
    me = re.search(r"You are Player \d+ playing (?:Black|White) \(([BW])\)", text).group(1)
    return me, [row.split("|") for row in ROW.findall(text[text.rfind("Game Board:"):])]


def legal_squares(text):
    me, grid = read_state(text)
    found = []
    for r in range(len(grid)):
        for c in range(len(grid[r])):
            if grid[r][c] not in ("B", "W") and any(flanks(grid, me, r, c, i, j) for i, j in WAYS):
                found.append((r, c))
    return found


def flanks(grid, me, r, c, i, j):
    other = "W" if me == "B" else "B"
    count = 0
    r, c = r + i, c + j
    while 0 <= r < len(grid) and 0 <= c < len(grid[r]) and grid[r][c] == other:
        r, c, count = r + i, c + j, count + 1
    return count > 0 and 0 <= r < len(grid) and 0 <= c < len(grid[r]) and grid[r][c] == me


def is_legal_action(board: str, action: str) -> bool:
    if not isinstance(action, str) or len(action) > 4096:
        return False
    if "[" not in action and "]" not in action:
        action = "[" + action + "]"
    found = ACTION.search(action)
    return found is not None and (int(found.group(1)), int(found.group(2))) in legal_squares(board)


ROW_2 = re.compile('^ *\\d+\\|([^\\n]*)\\|', re.M)


def read_state_2(text):
    """(own piece, grid) from the last board"""
    at = text.find(' (', text.find('You are Player'))
    return (text[at + 2], [row.split('|') for row in ROW_2.findall(text, text.rfind('Game Board:'))])


def flanks_2(grid, me, r, c, i, j):
    """True when a piece on (r, c) would flip something in this direction"""
    count = 0
    r, c = (r + i, c + j)
    while 0 <= r < len(grid) and 0 <= c < len(grid) and (grid[r][c] != me) and (grid[r][c] in 'BW'):
        r, c, count = (r + i, c + j, count + 1)
    return count > 0 and 0 <= r < len(grid) and (0 <= c < len(grid)) and (grid[r][c] == me)


def is_free(grid, me, r, c):
    return grid[r][c] not in 'BW' and any((flanks_2(grid, me, r, c, i, j) for i, j in WAYS))


def propose_action(board: str) -> str:
    me, grid = read_state_2(board)
    squares = [(r, c) for r in range(len(grid)) for c in range(len(grid))]
    random.shuffle(squares)
    for r, c in squares:
        if is_free(grid, me, r, c):
            return '[%d, %d]' % (r, c)
    return '[]'
