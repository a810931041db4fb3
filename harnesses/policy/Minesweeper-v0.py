# Bridle harness 2ce8426e8bbadacd367b9e44c978e9a4dd7d4c4d17bd5750912ea9030c6c8b9f
# contract text-action, observation full; for textarena/Minesweeper-v0, objective policy, written by assistant
import math
import random
import re

MOVE = re.compile(r"\[\s*(\d+)\s+(\d+)\s*\]")
MINES = 10  # 8x8: the rewards fit 54 safe cells


def read(board):
    # the last grid: {(row, column): sign}; the first line holds the column numbers
    lines = [line.split() for line in board[board.rindex(" Board:"):].split("\n")[1:] if line.strip()]
    width = len(lines[0])
    rows = [line[1:] for line in lines[1:] if len(line) == width + 1 and line[0].isdigit()]
    return {(r, c): sign for r, row in enumerate(rows) for c, sign in enumerate(row)}


def around(cells, r, c):
    return [(a, b) for a in (r - 1, r, r + 1) for b in (c - 1, c, c + 1)
            if (a, b) != (r, c) and (a, b) in cells]


def times(p, q):
    out = {}
    for i, a in p.items():
        for j, b in q.items():
            out[i + j] = out.get(i + j, 0) + a * b
    return out


def groups_of(cells):
    # hidden cells that touch the same numbers form one group; connected groups form a component
    touching, need, room = {}, {}, {}
    for (r, c), sign in cells.items():
        if sign.isdigit():
            hidden = [cell for cell in around(cells, r, c) if cells[cell] == "."]
            if hidden:
                need[(r, c)], room[(r, c)] = int(sign), len(hidden)
                for cell in hidden:
                    touching.setdefault(cell, []).append((r, c))
    groups = {}
    for cell, numbers in touching.items():
        groups.setdefault(tuple(sorted(numbers)), []).append(cell)
    rest, components = set(groups), []
    while rest:
        component, i = [min(rest)], 0
        rest.discard(component[0])
        while i < len(component):
            near = sorted(g for g in rest if set(g) & set(component[i]))
            component += near
            rest -= set(near)
            i += 1
        components.append(component)
    return groups, components, need, room


def count(component, groups, need, room):
    # {mines: ways} and, for each group, {mines: ways times mines in the group}
    total, inside = {}, {g: {} for g in component}
    chosen = []

    def fill(i, ways):
        if i == len(component):
            mines = sum(chosen)
            total[mines] = total.get(mines, 0) + ways
            for g, k in zip(component, chosen):
                if k:
                    inside[g][mines] = inside[g].get(mines, 0) + ways * k
            return
        group = component[i]
        size = len(groups[group])
        for number in group:
            room[number] -= size
        low = max(0, max(need[number] - room[number] for number in group))
        high = min(size, min(need[number] for number in group))
        for k in range(low, high + 1):
            for number in group:
                need[number] -= k
            chosen.append(k)
            fill(i + 1, ways * math.comb(size, k))
            chosen.pop()
            for number in group:
                need[number] += k
        for number in group:
            room[number] += size

    fill(0, 1)
    return total, inside


def chances(cells):
    # probability of a mine for every hidden cell
    groups, components, need, room = groups_of(cells)
    counted = [count(component, groups, need, room) for component in components]
    bordering = {cell for group in groups.values() for cell in group}
    free = [cell for cell, sign in cells.items() if sign == "." and cell not in bordering]

    def weight(ways, mines, places):
        return sum(n * math.comb(places, mines - m) for m, n in ways.items() if 0 <= mines - m <= places)

    everything = {0: 1}
    for total, inside in counted:
        everything = times(everything, total)
    fitting = [m for m in range(len(cells) + 1) if weight(everything, m, len(free))]
    if not fitting:
        return {cell: 0.5 for cell in list(bordering) + free}
    mines = min(fitting, key=lambda m: abs(m - MINES))
    whole = weight(everything, mines, len(free))
    result = {}
    for i, (total, inside) in enumerate(counted):
        others = {0: 1}
        for j, (other, unused) in enumerate(counted):
            if j != i:
                others = times(others, other)
        for group, ways in inside.items():
            share = weight(times(others, ways), mines, len(free)) / (whole * len(groups[group]))
            for cell in groups[group]:
                result[cell] = share
    if free:
        mean = sum(n * math.comb(len(free), mines - m) * (mines - m)
                   for m, n in everything.items() if 0 <= mines - m <= len(free)) / (whole * len(free))
        for cell in free:
            result[cell] = mean
    return result


def propose_action(board: str) -> str:
    cells = read(board)
    hidden = [cell for cell, sign in cells.items() if sign == "."]
    if len(hidden) == len(cells):
        rows, columns = max(cells)
        return "[%d %d]" % (random.choice((rows // 2, (rows + 1) // 2)),
                            random.choice((columns // 2, (columns + 1) // 2)))
    odds = chances(cells)
    random.shuffle(hidden)

    def rank(cell):
        # safest first; then few hidden neighbours, as they open more often
        return round(odds[cell], 6), sum(cells[near] == "." for near in around(cells, *cell))

    return "[%d %d]" % min(hidden, key=rank) if hidden else "[0 0]"


def is_legal_action(board: str, action: str) -> bool:
    if len(action) > 4096:
        return False
    if "[" not in action and "]" not in action:
        action = "[" + action + "]"
    found = MOVE.search(action)
    if found is None or max(map(len, found.groups())) > 9:
        return False
    return read(board).get((int(found.group(1)), int(found.group(2)))) == "."
