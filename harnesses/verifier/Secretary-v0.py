# Bridle harness 1d8531ced1f414e3e5a367c3fd7b69cfe198ebbf681d2957a682820650e0ffdd
# contract text-action, observation full; for textarena/Secretary-v0, objective verifier, written by assistant
import random


def propose_action(board: str) -> str:
    return random.choice(("[accept]", "[continue]", "[continue]"))


ACTIONS = ("[accept]", "[continue]")


def is_legal_action(board: str, action: str) -> bool:
    if not isinstance(action, str) or len(action) > 4096:
        return False
    if "[" not in action and "]" not in action:
        action = "[" + action + "]"
    return action.strip() in ACTIONS
