# Bridle harness c96155a712f490c156b6a9e0ae718a87af75db411e0d526ee1add7c0f441acc3
# contract text-action, observation full; for textarena/TowerOfHanoi-v0, objective verifier, written by assistant
import random
import re


def read_towers(text):
    """{'A': [3, 2, 1], ...} of the last board, the top disk last"""
    shown = text[text.rfind("Current Board:"):]
    return {name: [int(n) for n in re.findall(r"\d+", disks)]
            for name, disks in re.findall(r"^([A-Z]): \[([\d, ]*)\]", shown, re.M)}


def fits(towers, source, target):
    """A top disk may go anywhere but onto a smaller one, also back to its own tower"""
    return (source in towers and target in towers and bool(towers[source])
            and not (towers[target] and towers[target][-1] < towers[source][-1]))


def propose_action(board: str) -> str:
    towers = read_towers(board)
    return "[%s %s]" % random.choice([(a, b) for a in towers for b in towers if fits(towers, a, b)])


ACTION = re.compile(r"\[([ABCabc])\s*,?\s*([ABCabc])\]")


def read_towers_2(text):
    """{'A': [3, 2, 1], ...} of the last board, the top disk last"""
    shown = text[text.rfind('Current Board:'):]
    towers = {name: [int(n) for n in re.findall('\\d+', disks)] for name, disks in re.findall('^([A-Z]): \\[([\\d, ]*)\\]', shown, re.M)}
    for source, target in re.findall('^\\[GAME\\] You moved disk \\d+ from ([A-C]) to ([A-C])', shown, re.M):
        towers[target].append(towers[source].pop())
    return towers


def is_legal_action(board: str, action: str) -> bool:
    if not isinstance(action, str) or len(action) > 4096:
        return False
    if '[' not in action and ']' not in action:
        action = '[' + action + ']'
    moves = [(a.upper(), b.upper()) for a, b in ACTION.findall(action)]
    towers = read_towers_2(board)
    for source, target in moves:
        if not fits(towers, source, target):
            return False
        towers[target].append(towers[source].pop())
    return bool(moves)
