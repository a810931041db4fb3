# Bridle harness 0c41e90e237059ab20b8c7b7f2f5eaaa70beb00127a9ca29e74244877af600da
# contract text-action, observation full; for textarena/KuhnPoker-v0, objective verifier, written by assistant
import random
import re

ACTION = re.compile(r"\[(check|bet|call|fold)\]", re.I)
MOVE = re.compile(r"^\[GAME\] Player \d+, submitted move: '\[(\w+)\]'\.[ \t]*$", re.M)


def legal_moves(text):
    """What may be said now: it depends on whether the last move of the current round was a bet"""
    moves = MOVE.findall(text[text.rfind("\n[GAME] ### Starting round"):])
    return ("call", "fold") if moves and moves[-1].lower() == "bet" else ("check", "bet")


def propose_action(board: str) -> str:
    return "[" + random.choice(legal_moves(board)) + "]"


def is_legal_action(board: str, action: str) -> bool:
    if not isinstance(action, str) or len(action) > 4096:
        return False
    if "[" not in action and "]" not in action:
        action = "[" + action + "]"
    found = ACTION.search(action)
    return found is not None and found.group(1).lower() in legal_moves(board)
