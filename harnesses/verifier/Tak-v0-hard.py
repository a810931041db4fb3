# Bridle harness 20bbccf8931e69d5ad1f559a5f031d2209a597e2ec120ba460e8858f4651af00
# contract text-action, observation full; for textarena/Tak-v0-hard, objective verifier, written by assistant
import itertools
import random
import re

SUPPLY = re.compile(r"Available Flat Stones: (\d+), Available Capstones: (\d+)")
WAYS = ((0, 1), (0, -1), (1, 0), (-1, 0))


def read_state(text):
    """(player, stacks, flats, capstones) from the last board; a stack runs from bottom to top, as printed"""
    me = re.search(r"You are Player ([01]) in Tak", text).group(1)
    shown = text[text.rfind("[GAME] Current Board:"):]
    stacks = {}
    for row, cells in re.findall(r"^ *(\d+) \|(.*)\|[ \t]*$", shown, re.M):
        for col, cell in enumerate(cells.split("|")):
            here = re.search(r"\(\d+\) (\S+)", cell)
            stacks[int(row), col] = here.group(1).split("/") if here else []
    flats, caps = SUPPLY.findall(shown)[-1]
    return me, stacks, int(flats), int(caps)


def is_ok(state, kind, source, targets):
    me, stacks, flats, caps = state
    if any(cell not in stacks for cell, _ in targets):
        return False
    if kind == "place":
        cell, pieces = targets[0]
        return (source is None and len(targets) == 1 and len(pieces) == 1 and not stacks[cell]
                and pieces[0][-1] == me and (caps if pieces[0][0] == "C" else flats) > 0)
    if source is None or not stacks.get(source) or stacks[source][-1][-1] != me:
        return False
    stack = stacks[source]
    carried = [p for _, pieces in targets for p in pieces]
    if carried != stack[-len(carried):]:
        return False
    dr, dc = targets[0][0][0] - source[0], targets[0][0][1] - source[1]
    if (dr, dc) not in WAYS:
        return False
    for i, (cell, pieces) in enumerate(targets, 1):
        if cell != (source[0] + i * dr, source[1] + i * dc):
            return False
        top = stacks[cell][-1][0] if stacks[cell] else ""
        if top == "C" or (top == "W" and not (len(carried) == 1 and carried[0][0] == "C")):
            return False
    return True


def all_moves(state):
    """The legal moves of stacks as (source, targets)"""
    me, stacks = state[0], state[1]
    size = max(r for r, _ in stacks) + 1
    for source, stack in stacks.items():
        if not stack or stack[-1][-1] != me:
            continue
        for dr, dc in WAYS:
            for n in range(1, min(len(stack), size) + 1):
                hand = stack[-n:]
                for parts in range(1, min(n, size - 1) + 1):
                    for cuts in itertools.combinations(range(1, n), parts - 1):
                        edge = (0,) + cuts + (n,)
                        targets = [((source[0] + (i + 1) * dr, source[1] + (i + 1) * dc), hand[edge[i]:edge[i + 1]])
                                   for i in range(parts)]
                        if is_ok(state, "move", source, targets):
                            yield source, targets


def show(cell):
    return "(%d,%d)" % cell


def propose_action(board: str) -> str:
    state = read_state(board)
    me, stacks, flats, caps = state
    free = [cell for cell, stack in stacks.items() if not stack]
    kinds = (["F"] * 4 + ["W"] * 2 if flats else []) + (["C"] if caps else [])
    moves = list(all_moves(state))
    if moves and (not free or not kinds or random.random() < 0.5):
        big = [m for m in moves if len(m[1]) > 1 or len(m[1][0][1]) > 1]
        source, targets = random.choice(big if big and random.random() < 0.3 else moves)
        return "[move %s {%s}]" % (show(source), ", ".join(show(c) + ": [" + ", ".join(p) + "]" for c, p in targets))
    if not free or not kinds:
        return "[]"
    return "[place () {%s: [%s]}]" % (show(random.choice(free)), random.choice(kinds) + me)


ENTRY = r"\(\d+,\d+\): \[[A-Z]\d+(?:, [A-Z]\d+)*\]"
ACTION = re.compile(r"\[(place|move) \((?:(\d+),(\d+))?\) \{(" + ENTRY + r"(?:, " + ENTRY + r")*)\}\]")
TARGET = re.compile(r"\((\d+),(\d+)\): \[([^\]]*)\]")


def parse_action(text):
    """(kind, source or None, [(target, pieces), ...]) of the first action in the text, or None"""
    m = ACTION.search(text)
    if m is None:
        return None
    source = None if m.group(2) is None else (int(m.group(2)), int(m.group(3)))
    targets = {}
    for r, c, pieces in TARGET.findall(m.group(4)):
        targets[int(r), int(c)] = pieces.split(", ")
    return m.group(1), source, list(targets.items())


def is_ok_2(state, kind, source, targets):
    me, stacks, flats, caps = state
    if any((cell not in stacks for cell, _ in targets)):
        return False
    if kind == 'place':
        cell, pieces = targets[0]
        return source is None and len(targets) == 1 and (len(pieces) == 1) and (not stacks[cell]) and (pieces[0][0] in 'FWC') and (pieces[0][-1] == me) and ((caps if pieces[0][0] == 'C' else flats) > 0)
    if source is None or not stacks.get(source) or stacks[source][-1][-1] != me:
        return False
    stack = stacks[source]
    carried = [p for _, pieces in targets for p in pieces]
    if carried != stack[-len(carried):]:
        return False
    dr, dc = (targets[0][0][0] - source[0], targets[0][0][1] - source[1])
    if (dr, dc) not in WAYS:
        return False
    for i, (cell, pieces) in enumerate(targets, 1):
        if cell != (source[0] + i * dr, source[1] + i * dc):
            return False
        top = stacks[cell][-1][0] if stacks[cell] else ''
        if top == 'C' or (top == 'W' and (not (len(carried) == 1 and carried[0][0] == 'C'))):
            return False
    return True


def is_legal_action(board: str, action: str) -> bool:
    if not isinstance(action, str) or len(action) > 4096:
        return False
    act = parse_action(action)
    return act is not None and is_ok_2(read_state(board), *act)
