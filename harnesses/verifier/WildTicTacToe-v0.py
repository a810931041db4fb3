# Bridle harness 1aa8ba3fdaab8ede902702ce5c7450037784c3b4b1058db3eb254474f8363623
# contract text-action, observation full; for textarena/WildTicTacToe-v0, objective verifier, written by assistant
import random
import re

ROW = re.compile(r"^ *([0-8XO]) \| ([0-8XO]) \| ([0-8XO]) *$", re.MULTILINE)
MOVE = re.compile(r"\[\s*([XO])\s+(\d+)\s*\]", re.IGNORECASE)


def empty_cells(board):
    # current position = the last three "a | b | c" rows; an empty cell shows its number
    cells = [piece for row in ROW.findall(board)[-3:] for piece in row]
    return [i for i, piece in enumerate(cells) if piece not in "XO"]


def propose_action(board: str) -> str:
    return "[%s %d]" % (random.choice("XO"), random.choice(empty_cells(board)))


def is_legal_action(board: str, action: str) -> bool:
    if len(action) > 4096:
        return False
    if "[" not in action and "]" not in action:
        action = "[" + action + "]"
    found = MOVE.search(action)  # the first well-formed move counts
    if found is None or len(found.group(2)) > 9:
        return False
    return int(found.group(2)) in empty_cells(board)
