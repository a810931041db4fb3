# Bridle harness 56f5b667518ee2f2c31096de9b1f0f98d307cf0940db13e4c9cb0dfe8752b374
# contract text-action, observation full; for textarena/ConnectFour-v0, objective verifier, written by assistant
import random
import re

ROW = r"[ \t]*[.XO](?: [.XO])+[ \t]*"
BOARD = re.compile(r"^" + ROW + r"(?:\n" + ROW + r")*$", re.MULTILINE)
# greedy start: on a line with several well-formed brackets the last one counts
MOVE = re.compile(r".*\[(?:col\s*)?(\d+)\].*", re.IGNORECASE)


def open_columns(board):
    # current position = the last block of ". X O" rows; a column is open while its top cell is empty
    top = BOARD.findall(board)[-1].split("\n")[0].split()
    return [col for col, disc in enumerate(top) if disc == "."]


def propose_action(board: str) -> str:
    columns = open_columns(board)
    return "[col %d]" % (random.choice(columns) if columns else 0)


def is_legal_action(board: str, action: str) -> bool:
    if len(action) > 4096:
        return False
    if "[" not in action and "]" not in action:
        action = "[" + action + "]"
    found = MOVE.search(action)
    if found is None or len(found.group(1)) > 9:
        return False
    return int(found.group(1)) in open_columns(board)
