"""The faster searches give what the games' own give."""

from __future__ import annotations

import random

import numpy as np
from textarena.envs.RushHour.env import RushHourEnv
from textarena.envs.Sokoban import utils
from textarena.envs.Sudoku.env import SudokuEnv

from bridle.environments.textarena.quick import one_solution, rush_hour_solvable, sokoban_search


def test_sokoban() -> None:
    compared = 0
    for seed in range(40):
        generators = {"random": random.Random(seed), "numpy": np.random.default_rng(seed)}
        try:
            room = utils.room_topology_generation((6, 6), 0.35, 20, rng_objects=generators)
            room = utils.place_boxes_and_player(room, num_boxes=3, second_player=False, rng_objects=generators)
        except (RuntimeError, RuntimeWarning):
            continue  # too small a room for the boxes
        structure = np.where(room == 5, 1, room)
        state = np.where(room == 2, 4, room)
        targets = {(r, c): (r, c) for r, c in zip(*np.where(structure == 2), strict=True)}
        expected = utils.reverse_playing(state.copy(), structure.copy())
        found = sokoban_search(state.copy(), structure, targets)
        assert (found[0] == expected[0]).all()
        assert found[1:] == expected[1:]
        compared += 1
    assert compared >= 20


def test_sudoku() -> None:
    game, state = SudokuEnv(), random.getstate()
    random.seed(3)
    answers = []
    for _ in range(40):
        grid = game._generate_full_grid()
        for cell in random.sample(range(81), random.randint(20, 50)):
            grid[cell // 9][cell % 9] = 0
        solutions: list[list[list[int]]] = []
        game._count_solutions([row[:] for row in grid], solutions)
        answers.append(one_solution(grid))
        assert answers[-1] == (len(solutions) == 1)
    random.setstate(state)
    assert len(set(answers)) == 2


def test_rush_hour() -> None:
    """Random boards, solvable and not, and some that need more states than are searched."""
    game, state = RushHourEnv(), random.getstate()
    random.seed(5)
    answers = []
    for _ in range(12):
        vehicles = game._generate_random_puzzle()
        if random.random() < 0.3:
            vehicles.append(type(vehicles[0])("Z", 0, 5, 3, False))
        answers.append(rush_hour_solvable(vehicles, game.BOARD_SIZE))
        assert answers[-1] == game._is_solvable(vehicles)
    random.setstate(state)
    assert len(set(answers)) == 2
