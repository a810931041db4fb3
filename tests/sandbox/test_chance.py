"""The seeded `random` of a worker: the same for the same seed, and fair."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridle.sandbox.chance import QUICK_DRAWS, CallRandom

DRAWS: dict[str, Callable[[random.Random], Any]] = {
    "random": lambda r: r.random(),
    "getrandbits": lambda r: (r.getrandbits(1), r.getrandbits(64), r.getrandbits(65), r.getrandbits(0)),
    "choice": lambda r: r.choice("abc"),
    "choices": lambda r: r.choices("abc", k=5),
    "sample": lambda r: r.sample(range(100), 20),
    "shuffle": lambda r: (lambda x: (r.shuffle(x), x))(list(range(40))),
    "gauss": lambda r: (r.gauss(0, 1), r.gauss(0, 1), r.normalvariate(0, 1)),
    "randbytes": lambda r: r.randbytes(33),
    "randrange": lambda r: (r.randrange(10**30), r.randint(1, 6)),
}


@pytest.mark.parametrize("name", DRAWS)
@given(seed=st.integers(0, 2**64 - 1), before=st.integers(0, 2 * QUICK_DRAWS), other=st.integers(0, 2**64 - 1))
def test_the_seed_decides(name: str, seed: int, before: int, other: int) -> None:
    """Whatever was drawn before it, with whatever seed, and from however many draws on."""
    fresh, used = CallRandom(), CallRandom()
    used.begin(other)
    [used.random() for _ in range(before)]
    used.gauss(0, 1)
    fresh.begin(seed)
    used.begin(seed)
    assert [fresh.random() for _ in range(before)] == [used.random() for _ in range(before)]
    assert DRAWS[name](fresh) == DRAWS[name](used)
    assert [fresh.random() for _ in range(30)] == [used.random() for _ in range(30)]


def test_seeds_differ() -> None:
    drawn = set()
    for seed in range(5000):
        chance = CallRandom()
        chance.begin(seed)
        drawn.add((chance.random(), chance.getrandbits(64)))
    assert len(drawn) == 5000


@pytest.mark.parametrize("draw", [0, 1, QUICK_DRAWS - 1, QUICK_DRAWS, QUICK_DRAWS + 5])
def test_each_draw_is_fair_over_consecutive_seeds(draw: int) -> None:
    """Seeds are often consecutive numbers: what they give must not be."""
    chance, faces, mean = CallRandom(), Counter(), 0.0
    for seed in range(6000):
        chance.begin(seed)
        for _ in range(draw):
            chance.random()
        faces[chance.randrange(6)] += 1
        mean += chance.random() / 6000
    assert all(850 < faces[face] < 1150 for face in range(6))
    assert 0.48 < mean < 0.52


def test_an_explicit_seed_is_cpythons() -> None:
    chance = CallRandom()
    chance.begin(5)
    chance.seed(42)
    reference = random.Random(42)
    assert [chance.random() for _ in range(30)] == [reference.random() for _ in range(30)]


def test_its_state_can_be_kept_and_put_back() -> None:
    chance = CallRandom()
    for draws in (0, 3, QUICK_DRAWS + 3):
        chance.begin(9)
        [chance.random() for _ in range(draws)]
        state = chance.getstate()
        first = [chance.random() for _ in range(5)]
        chance.begin(1)
        chance.setstate(state)
        assert [chance.random() for _ in range(5)] == first


def test_negative_seeds_and_huge_ones() -> None:
    chance = CallRandom()
    for seed in (-1, -(2**70), 2**200):
        chance.begin(seed)
        assert 0 <= chance.random() < 1
