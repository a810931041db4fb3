"""What makes some games slow to deal, done faster with the same result.

Each function stands for one of the games' own (TextArena 0.7.4), named in its docstring, and gives what that gives, bit
for bit; a test compares them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice, product
from typing import Any

import numpy as np

SOKOBAN_DEPTH, SOKOBAN_STATES = 299, 300_000
RUSH_HOUR_STATES = 1000
_FLOOR, _TARGET, _BOX_ON_TARGET, _BOX, _PLAYER = 1, 2, 3, 4, 5
_ALL_DIGITS = 0b1111111110


def sokoban_search(room: Any, structure: Any, targets: dict[Any, Any]) -> tuple[Any, int, dict[Any, Any]]:
    """`Sokoban.utils.depth_first_search`: plays backwards from the solved room, depth first, for the best start.

    `room` and `structure` are integer arrays (rows, columns); `targets` maps each target to its box. The answer is the
    room with the highest score (changes of the box pulled × how far boxes are from their targets), that score, and
    where the boxes are.
    """
    rows, columns = int(room.shape[0]), int(room.shape[1])
    names = list(targets)
    homes = [int(r) * columns + int(c) for r, c in names]
    ground = bytes(int(cell) for cell in structure.flat)
    first = bytes(int(cell) for cell in room.flat)
    explored: set[bytes] = set()
    best: list[Any] = [None, -1, None]

    def score(state: bytes, boxes: tuple[int, ...], changes: int) -> int:
        if state.count(_TARGET) != len(homes):
            return 0
        return changes * sum(
            abs(home // columns - box // columns) + abs(home % columns - box % columns)
            for home, box in zip(homes, boxes, strict=True)
        )

    def visit(state: bytes, player: int, boxes: tuple[int, ...], changes: int, depth: int) -> None:
        if depth <= 0 or len(explored) >= SOKOBAN_STATES or state in explored:
            return
        value = score(state, boxes, changes)
        if value > best[1]:
            best[:] = [state, value, boxes]
        explored.add(state)
        for step in (-columns, columns, -1, 1):
            if state[player + step] not in (_FLOOR, _TARGET):
                continue
            after = bytearray(state)
            after[player], after[player + step] = ground[player], _PLAYER
            pulled = player - step
            if state[pulled] in (_BOX_ON_TARGET, _BOX):
                after[player], after[pulled] = _BOX_ON_TARGET, ground[pulled]
                moved = tuple(player if box == pulled else box for box in boxes)
                visit(bytes(after), player + step, moved, changes + (moved != boxes), depth - 1)
            else:
                visit(bytes(after), player + step, boxes, changes, depth - 1)

    visit(first, first.index(_PLAYER), tuple(homes), 0, SOKOBAN_DEPTH)
    found = np.array(list(best[0]), dtype=room.dtype).reshape(rows, columns)
    where = {name: divmod(box, columns) for name, box in zip(names, best[2], strict=True)}
    return found, best[1], where


def one_solution(grid: Sequence[Sequence[int]]) -> bool:
    """`Sudoku._count_solutions(grid) == 1`: whether the puzzle (0 for free) has exactly one solution."""
    rows, columns, boxes = [_ALL_DIGITS] * 9, [_ALL_DIGITS] * 9, [_ALL_DIGITS] * 9
    free = []
    for r, c in product(range(9), repeat=2):
        box = r // 3 * 3 + c // 3
        if grid[r][c]:
            for left in ((rows, r), (columns, c), (boxes, box)):
                left[0][left[1]] &= ~(1 << grid[r][c])
        else:
            free.append((r, c, box))

    def count(limit: int) -> int:
        """Solutions of what is free, up to the limit; the cell with the fewest digits left goes first."""
        if not free:
            return 1
        place, fewest, left = -1, 10, 0
        for index, (r, c, b) in enumerate(free):
            digits = rows[r] & columns[c] & boxes[b]
            number = digits.bit_count()
            if number < fewest:
                place, fewest, left = index, number, digits
                if number < 2:
                    break
        cell = free[place]
        free[place] = free[-1]
        free.pop()
        r, c, b = cell
        found = 0
        while left and found < limit:
            bit = left & -left
            left ^= bit
            rows[r] ^= bit
            columns[c] ^= bit
            boxes[b] ^= bit
            found += count(limit - found)
            rows[r] ^= bit
            columns[c] ^= bit
            boxes[b] ^= bit
        free.append(cell)
        free[place], free[-1] = free[-1], free[place]
        return found

    return count(2) == 1


def rush_hour_solvable(vehicles: Sequence[Any], size: int) -> bool:
    """`RushHour._is_solvable`: whether breadth-first search frees the car X within 1000 states, in the same order."""
    across: list[bool] = [vehicle.horizontal for vehicle in vehicles]
    lines: list[int] = [vehicle.row if wide else vehicle.col for vehicle, wide in zip(vehicles, across, strict=True)]
    lengths: list[int] = [vehicle.length for vehicle in vehicles]
    start = tuple(vehicle.col if wide else vehicle.row for vehicle, wide in zip(vehicles, across, strict=True))
    red = next(index for index, vehicle in enumerate(vehicles) if vehicle.vid == "X")
    freed = size - lengths[red] if across[red] and lines[red] == 2 else size + 1

    def cell(index: int, along: int) -> int:
        """The bit of a square on the line of a vehicle."""
        return 1 << (lines[index] * size + along if across[index] else along * size + lines[index])

    if start[red] >= freed:
        return True
    seen, queue = {start}, [start]
    for places in islice(_growing(queue), RUSH_HOUR_STATES):
        taken = 0
        for index, place in enumerate(places):
            for along in range(place, place + lengths[index]):
                taken |= cell(index, along)
        for index, place in enumerate(places):
            for step, front in ((1, place + lengths[index]), (-1, place - 1)):
                if not 0 <= front < size or taken & cell(index, front):
                    continue
                after = (*places[:index], place + step, *places[index + 1 :])
                if after[red] >= freed:
                    return True
                if after not in seen:
                    seen.add(after)
                    queue.append(after)
    return False


def _growing(queue: list[tuple[int, ...]]) -> Iterator[tuple[int, ...]]:
    """The queue's members, those included that are added on the way."""
    at = 0
    while at < len(queue):
        yield queue[at]
        at += 1
