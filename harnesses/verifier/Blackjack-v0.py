# Bridle harness 96fe05fde01b67fbfa16abb40ab79308e9e812247704aea81127c119b151d01f
# contract text-action, observation full; for textarena/Blackjack-v0, objective verifier, written by assistant
import random
import re

MOVE = re.compile(r"\[(hit|stand)\]", re.IGNORECASE)


def propose_action(board: str) -> str:
    return random.choice(["[Hit]", "[Stand]"])


def is_legal_action(board: str, action: str) -> bool:
    if len(action) > 4096:
        return False
    if "[" not in action and "]" not in action:
        action = "[" + action + "]"
    # both choices are open at every turn
    return MOVE.search(action) is not None
