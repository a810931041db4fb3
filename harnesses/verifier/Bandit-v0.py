# Bridle harness 2b3cacd6f961d290941d45a5e882a0b67c6f40924fa9d6cc50ae084ca45121de
# contract text-action, observation full; for textarena/Bandit-v0, objective verifier, written by assistant
import random
import re

BUTTONS = re.compile(r"room with \d+ buttons: ([^.]+)\.")


def buttons_of(board):
    return [name.strip() for name in BUTTONS.search(board).group(1).split(",")]


def propose_action(board: str) -> str:
    return "[" + random.choice(buttons_of(board)) + "]"


MOVE = re.compile(r"\[(.*)\]")


def is_legal_action(board: str, action: str) -> bool:
    if len(action) > 4096:
        return False
    if "[" not in action and "]" not in action:
        action = "[" + action + "]"
    # any button may be pressed at any time, but it has to stand there exactly
    found = MOVE.search(action)
    return found is not None and found.group(1) in buttons_of(board)
