"""REx's numbers, and what the baselines choose."""

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridle.errors import UsageError
from bridle.synthesis.selection import SELECTORS, BreadthFirst, Selector, Thompson, selector
from bridle.synthesis.tree import Tree
from nodes import node

LADDER = Tree((*(node(i, i / 10) for i in range(10)), node(10, 0.95)))
"""Eleven nodes, h = 0 … 0.95."""


@st.composite
def groves(draw: st.DrawFn) -> Tree:
    """A root and some nodes, of which some can't be selected."""
    values = draw(st.lists(st.none() | st.floats(0, 1), min_size=1, max_size=8))
    return Tree(
        (
            node(0, parent=None),
            *(
                node(i, h) if h is not None else node(i, status="failed", evidence=None)
                for i, h in enumerate(values, 1)
            ),
        )
    )


def shares(chosen: Selector, tree: Tree, pulls: dict[int, int], draws: int = 20_000) -> dict[int, float]:
    rng = random.Random(0)
    counts = Counter(chosen.select(tree, pulls, rng).id for _ in range(draws))
    return {number: count / draws for number, count in counts.items()}


@pytest.mark.parametrize(("weight", "share"), [(1, 0.21), (5, 0.43), (20, 0.67)])
def test_the_best_of_eleven_is_picked_as_often_as_rex_does(weight: float, share: float) -> None:
    assert shares(Thompson(weight=weight), LADDER, {})[10] == pytest.approx(share, abs=0.01)


@given(h=st.floats(0, 1), weight=st.floats(0, 50), pulled=st.integers(0, 500))
def test_an_arm_is_rexs_beta(h: float, weight: float, pulled: int) -> None:
    thompson = Thompson(weight=weight)
    assert thompson.arm(node(3, h), pulled) == (1 + weight * h, 1 + weight * (1 - h) + pulled)
    assert thompson.arm(node(0, None, None), pulled) == (1.0, 1.0 + pulled)
    seeded = node(0, 0.5, None)  # a root that was somebody's harness is an arm like any other
    assert thompson.arm(seeded, pulled) == (1 + weight / 2, 1 + weight / 2 + pulled)


def test_what_was_expanded_often_is_chosen_less() -> None:
    often = shares(Thompson(weight=5), LADDER, {10: 30})
    assert often.get(10, 0.0) < 0.02
    assert max(often, key=often.__getitem__) == 9


@given(tree=groves(), seed=st.integers(0, 9), pulls=st.dictionaries(st.integers(0, 8), st.integers(0, 9)))
@pytest.mark.parametrize("name", SELECTORS)
def test_every_selector_chooses_an_arm_and_the_same_one_again(
    name: str, tree: Tree, seed: int, pulls: dict[int, int]
) -> None:
    chosen = [selector(name, weight=2.0).select(tree, pulls, random.Random(seed)) for _ in range(2)]
    assert chosen[0] is chosen[1]
    assert chosen[0].selectable


def test_thompson_draws_from_every_arm_in_every_order() -> None:
    """The root is drawn too, and its place among the nodes makes no difference."""
    found = shares(Thompson(weight=1), Tree((node(0, None, None), node(1, 0.0), node(2, 1.0))), {})
    assert {*found} == {0, 1, 2}
    turned = shares(Thompson(weight=1), Tree((node(2, 1.0), node(1, 0.0), node(0, None, None))), {})
    assert found[2] == pytest.approx(turned[2], abs=0.02)
    assert found[0] == pytest.approx(turned[0], abs=0.02)


def test_the_baselines() -> None:
    tree = Tree(
        (node(0, None, None), node(1, 0.5), node(2, 0.9), node(3, 0.9), node(4, status="unusable", evidence=None))
    )
    rng = random.Random(0)

    def chosen(name: str, pulls: dict[int, int]) -> int:
        return selector(name).select(tree, pulls, rng).id

    assert chosen("greedy", {}) == 2
    assert chosen("greedy", {2: 1}) == 3
    assert chosen("greedy", {2: 1, 3: 1}) == 2
    assert chosen("chain", {}) == 3
    assert chosen("best-of-n", {0: 99}) == 0
    assert chosen("breadth-first", {0: 3, 1: 2}) == 1
    assert chosen("breadth-first", {0: 9, 1: 3, 2: 4, 3: 4}) == 1
    assert BreadthFirst(width=1).select(tree, {0: 1}, rng).id == 1
    assert shares(selector("uniform"), tree, {}, 4000) == pytest.approx(dict.fromkeys(range(4), 0.25), abs=0.03)


def test_an_unknown_selector_is_said_with_those_there_are() -> None:
    with pytest.raises(UsageError, match=r"'thomson'.*thompson, greedy"):
        selector("thomson")
