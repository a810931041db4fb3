# Bridle harness d0926c774d8c155c116a42d78d7434f28fad2b40e66757135515ed6df9d0e269
# contract text-action, observation full; for textarena/Minesweeper-v0, objective verifier, written by assistant
import random
import re

ACTION = re.compile(r"\[(\d+)\s(\d+)\]")


def unrevealed(text):
    """The cells (row, column) of the last board that show a dot"""
    lines = [line.split() for line in text[text.rfind("Board:"):].split("\n")[1:]]
    lines = [tokens for tokens in lines if tokens]
    size = len(lines[0])  # the heading with the column numbers
    return [(int(tokens[0]), c) for tokens in lines[1:] if len(tokens) == size + 1 and tokens[0].isdigit()
            for c, mark in enumerate(tokens[1:]) if mark == "."]


def propose_action(board: str) -> str:
    cells = unrevealed(board)
    return "[%d %d]" % random.choice(cells) if cells else "[]"


def is_legal_action(board: str, action: str) -> bool:
    if not isinstance(action, str) or len(action) > 4096:
        return False
    if "[" not in action and "]" not in action:
        action = "[" + action + "]"
    found = ACTION.search(action)
    return found is not None and (int(found.group(1)), int(found.group(2))) in unrevealed(board)
