"""Where the nodes of a tree are drawn."""

from hypothesis import given
from hypothesis import strategies as st

from bridle.report.layout import COLUMN, MARGIN, ROW, layout
from bridle.synthesis.tree import Tree
from nodes import node


@st.composite
def trees(draw: st.DrawFn) -> Tree:
    """Any tree: each node below one that came before it."""
    parents = draw(st.lists(st.integers(0, 10**6), max_size=25))
    return Tree((node(0, None, None), *(node(n, 0.5, parent % n) for n, parent in enumerate(parents, 1))))


@given(trees())
def test_no_two_nodes_meet_and_children_stand_below_their_parents(tree: Tree) -> None:
    drawn = layout(tree)
    places = {spot.node.id: (spot.x, spot.y) for spot in drawn.spots}
    assert [spot.node for spot in drawn.spots] == list(tree)
    assert len(set(places.values())) == len(tree)
    for x, y in places.values():
        assert MARGIN <= x <= drawn.width - MARGIN
        assert MARGIN <= y <= drawn.height - MARGIN
    for spot in drawn.spots:
        if spot.node.parent is None:
            assert spot.above is None
        else:
            assert spot.above == places[spot.node.parent]
            assert spot.y == spot.above[1] + ROW
    leaves = sorted(places[n.id][0] for n in tree if not tree.children(n.id))
    assert leaves == [MARGIN + COLUMN * n for n in range(len(leaves))]
    for one in tree:
        below = [places[child.id][0] for child in tree.children(one.id)]
        assert below == sorted(below)  # in the order in which they were made
        assert not below or min(below) <= places[one.id][0] <= max(below)


def test_a_long_chain_is_no_trouble() -> None:
    tree = Tree((node(0, None, None), *(node(n, 0.5, n - 1) for n in range(1, 3000))))
    assert layout(tree).height == 2 * MARGIN + 2999 * ROW
