# Bridle harness a11aeac55ba331fe473d605cfdd705a30325e573c2e37f2262f358ffd8bb8ad8
# contract text-action, observation full; for textarena/PegJump-v0, objective verifier, written by assistant
import random
import re

ACTION = re.compile(r"\[(\d+)\s*(?:->)?\s*(\d+)\]")
# (end, jumped peg, other end), each in both directions; the last four stand in the place of the bottom row's lines
TRIPLES = ((1, 2, 4), (2, 4, 7), (4, 7, 11), (3, 5, 8), (5, 8, 12), (6, 9, 13), (1, 3, 6), (3, 6, 10), (6, 10, 15),
           (2, 5, 9), (5, 9, 14), (4, 8, 13), (4, 5, 6), (7, 8, 9), (8, 9, 10), (7, 11, 13), (8, 12, 14), (9, 13, 15),
           (9, 12, 13))
SPARE = ((12, 13, 14), (13, 14, 15), (8, 11, 12), (10, 13, 14))  # doubtful: only where nothing else is left


def read_pegs(text):
    shown = text[text.rfind("Pegs left:"):]
    return {int(n) for n, mark in re.findall(r"(\d+)([●○])", shown) if mark == "●"}


def jumps(pegs, triples=TRIPLES):
    """The (from, to) that are possible"""
    both = triples + tuple((c, b, a) for a, b, c in triples)
    return [(a, c) for a, b, c in both if a in pegs and b in pegs and c not in pegs]


def propose_action(board: str) -> str:
    pegs = read_pegs(board)
    options = jumps(pegs) or jumps(pegs, SPARE)
    return "[%d %d]" % random.choice(options) if options else "[]"


def is_legal_action(board: str, action: str) -> bool:
    if not isinstance(action, str) or len(action) > 4096:
        return False
    if "[" not in action and "]" not in action:
        action = "[" + action + "]"
    found = ACTION.fullmatch(action.strip())
    return found is not None and (int(found.group(1)), int(found.group(2))) in jumps(read_pegs(board))
