# Bridle harness ccb546a44f7454c6f371d841ee0a575d83940302a42c4ecd57ea8e778e6ae10b
# contract text-action, observation full; for textarena/LiarsDice-v0, objective verifier, written by assistant
import random
import re

CALL = re.compile(r"\[call\]", re.I)
BID = re.compile(r"\[bid\s*:?\s*(\d+)[,\s]+(\d+)\]", re.I)
MADE = re.compile(r"^\[GAME\] Player \d+ bids (\d+) of face (\d+)", re.M)


def current_bid(text):
    """(quantity, face) of the last bid in the current round, (0, 0) before the first"""
    bids = MADE.findall(text[text.rfind("New round - Remaining dice"):])
    return (int(bids[-1][0]), int(bids[-1][1])) if bids else (0, 0)


def propose_action(board: str) -> str:
    quantity, face = current_bid(board)
    if quantity and random.random() < 0.25:
        return "[Call]"
    bids = [(q, f) for q in range(max(quantity, 1), quantity + 5) for f in range(max(face, 1), 7)
            if (q, f) != (quantity, face)]
    return "[Bid: %d, %d]" % random.choice(bids)


def is_legal_action(board: str, action: str) -> bool:
    if not isinstance(action, str) or len(action) > 4096:
        return False
    if "[" not in action and "]" not in action:
        action = "[" + action + "]"
    quantity, face = current_bid(board)
    if CALL.search(action):
        return quantity > 0
    found = BID.search(action)
    if found is None:
        return False
    q, f = int(found.group(1)), int(found.group(2))
    return q >= quantity and f >= face and (q, f) != (quantity, face) and 1 <= f <= 6
