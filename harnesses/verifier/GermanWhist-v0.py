# Bridle harness b7a4c8708d3aa7b2f5433df431a56e87dc0ba1127af474fd8c347654060603fb
# contract text-action, observation full; for textarena/GermanWhist-v0, objective verifier, written by assistant
import random
import re

CARD = re.compile(r"^ *(\d+)\. (?:10|[2-9JQKA])([♠♥♦♣])", re.MULTILINE)
LED = re.compile(r"Current trick:\s*Player \d: (?:10|[2-9JQKA])([♠♥♦♣])")


def legal_positions(board):
    # the last hand is the current one; the led suit has to be followed if possible
    last = board[board.rindex("Your hand:"):]
    suits = {int(position): suit for position, suit in CARD.findall(last)}
    led = LED.search(last)
    follow = [position for position, suit in suits.items() if led and suit == led.group(1)]
    return follow or list(suits)


def propose_action(board: str) -> str:
    return "[play %d]" % random.choice(legal_positions(board) or [1])


MOVE = re.compile(r"\[play (\d+)\]", re.IGNORECASE)


def is_legal_action(board: str, action: str) -> bool:
    if len(action) > 4096:
        return False
    if "[" not in action and "]" not in action:
        action = "[" + action + "]"
    found = MOVE.search(action)  # the first well-formed action counts
    return found is not None and len(found.group(1)) < 10 and int(found.group(1)) in legal_positions(board)
