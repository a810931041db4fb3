# Bridle harness 3a2f7256b3d988f25706ec92219773475dd1b98a4ea931aa4270b71d12285abd
# contract text-action, observation full; for textarena/Chopsticks-v0, objective verifier, written by assistant
import random
import re

HANDS = re.compile(r"^Player ([01]): \[(\d+), (\d+)\]", re.MULTILINE)


def legal_moves(board):
    # the last line of each player shows the hands as they are now
    hands = {player: [int(left), int(right)] for player, left, right in HANDS.findall(board)}
    me = re.search(r"You are Player ([01])", board).group(1)
    mine, other = hands[me], hands["1" if me == "0" else "0"]
    attacks = [("attack", m, o) for m in (0, 1) for o in (0, 1) if mine[m] and other[o]]
    splits = [("split", left, sum(mine) - left) for left in range(sum(mine) + 1) if left != mine[0]]
    return attacks + splits


def propose_action(board: str) -> str:
    return "[%s %d %d]" % random.choice(legal_moves(board) or [("attack", 0, 0)])


ATTACK = re.compile(r"\[\s*attack\s+([01])\s+([01])\s*\]", re.IGNORECASE)
SPLIT = re.compile(r"\[\s*split\s+(\d+)\s+(\d+)\s*\]", re.IGNORECASE)


def is_legal_action(board: str, action: str) -> bool:
    if len(action) > 4096:
        return False
    if "[" not in action and "]" not in action:
        action = "[" + action + "]"
    attack, split = ATTACK.search(action), SPLIT.search(action)
    if attack:
        move = ("attack", int(attack.group(1)), int(attack.group(2)))
    elif split and max(map(len, split.groups())) < 10:
        move = ("split", int(split.group(1)), int(split.group(2)))
    else:
        return False
    return move in legal_moves(board)
