# Bridle harness 65c56251ff1d759979d61248ca4c3e0cd3e4cd6f03460a20e44d95a2dbd43452
# contract text-action, observation full; for textarena/Golf-v0, objective verifier, written by assistant
import random
import re


def legal_actions(board):
    me = int(re.search(r"You are playing Golf.* - Player (\d)", board).group(1))
    other = 1 - me
    # a card is in hand from "You took/drew" until the own swap or discard, or the other player's action
    events = re.findall(r"^\[GAME\] You (took|drew)|^(\[GAME\] (?:Player %d|You) (?:swapped|discarded)|\[Player %d\])"
                        % (me, other), board, re.MULTILINE)
    holding = events[-1][0] if events else ""
    if holding:
        swaps = ["swap %d %d" % (row, col) for row in (1, 2) for col in (1, 2, 3)]
        return swaps + ["discard"] * (holding == "drew")
    pile = re.findall(r"^Discard pile: (.*)$", board, re.MULTILINE)
    return ["draw"] + ["take"] * bool(pile and pile[-1].strip() not in ("None", ""))


def propose_action(board: str) -> str:
    return "[" + random.choice(legal_actions(board)) + "]"


KINDS = [re.compile(pattern, re.IGNORECASE) for pattern in (
    r"\[(draw)\]", r"\[(take)\]", r"\[(discard)\]", r"\[(knock)\]",
    r"\[(swap) (\d+) (\d+)\]", r"\[(peek) (\d+) (\d+)\]")]


def is_legal_action(board: str, action: str) -> bool:
    if len(action) > 4096:
        return False
    if "[" not in action and "]" not in action:
        action = "[" + action + "]"
    # exactly one kind of action may occur in the text; the first one of that kind counts
    found = [match.groups() for match in (kind.search(action) for kind in KINDS) if match]
    if len(found) != 1 or max(map(len, found[0])) > 9:
        return False
    word, numbers = found[0][0].lower(), [str(int(number)) for number in found[0][1:]]
    return " ".join([word] + numbers) in legal_actions(board)
