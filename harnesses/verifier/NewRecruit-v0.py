# Bridle harness 3387c9e8099a31b8ebbc47bb4106aae203f682445b52e493e493a87827d19642
# contract text-action, observation full; for textarena/NewRecruit-v0, objective verifier, written by assistant
import random
import re

ACCEPT = re.compile(r"\[Accept\]", re.I)
REJECT = re.compile(r"\[Reject\]", re.I)
PROPOSE = re.compile(r"\[Propose\]\s*[A-E]{8}", re.I)
EVENT = re.compile(r"^\[GAME\] Player \d+ \(\w+\) (made a new proposal|[^\n]*\breject)", re.M | re.I)


def is_pending(text):
    """True when there is a proposal to answer"""
    events = EVENT.findall(text)
    return bool(events) and events[-1].lower() == "made a new proposal"


def propose_action(board: str) -> str:
    if is_pending(board) and random.random() < 0.2:
        return random.choice(("[Accept]", "[Reject]"))
    return "[Propose] " + "".join(random.choice("ABCDE") for _ in range(8))


def is_legal_action(board: str, action: str) -> bool:
    if not isinstance(action, str) or len(action) > 4096:
        return False
    if "[" not in action and "]" not in action:
        action = "[" + action + "]"
    if ACCEPT.search(action) or REJECT.search(action):
        return is_pending(board)
    return PROPOSE.search(action) is not None
