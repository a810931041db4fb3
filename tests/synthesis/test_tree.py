import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridle.harness import TEXT_ACTION
from bridle.synthesis.tree import Node, Tree
from nodes import evidence, node

ROOT = node(0, None, None)


def test_the_same_program_again_is_a_duplicate_and_no_arm() -> None:
    tree = Tree((ROOT,)).grow(node(1, 0.5, program="p")).grow(node(2, 0.9, 1, program="p"))
    again = tree[2]
    assert (again.status, again.same_as, again.evidence, again.selectable) == ("duplicate", 1, None, False)
    assert [n.id for n in tree.selectable()] == [0, 1]
    assert Tree((ROOT,)).grow(node(1, 0.0, program=ROOT.program))[1].same_as == 0


def test_a_program_that_was_never_measured_makes_no_duplicate() -> None:
    failed = node(1, status="failed", evidence=None, program="p")
    assert Tree((ROOT,)).grow(failed).grow(node(2, 0.9, program="p"))[2].status == "measured"


def test_growing_leaves_the_tree_as_it_was() -> None:
    small = Tree((ROOT,))
    before = small.digest
    large = small.grow(node(1, 0.5))
    assert (len(small), len(large), small.digest) == (1, 2, before)
    assert large.digest != before


def test_children_and_lineage() -> None:
    tree = Tree((ROOT, node(1, 0.1), node(2, 0.2, 1), node(3, 0.3, 1), node(4, 0.4, 3)))
    assert [n.id for n in tree.children(1)] == [2, 3]
    assert [n.id for n in tree.lineage(4)] == [0, 1, 3, 4]
    assert [n.id for n in tree.lineage(0)] == [0]


@pytest.mark.parametrize(
    "nodes",
    [
        # The better one comes second.
        (node(1, 0.9), node(2, 0.95)),
        (node(1, 1.0), node(2, 1.0, confirmed=True)),
        (node(1, 1.0, evidence=evidence(1.0, complete=False)), node(2, 1.0)),
        (node(1, 1.0, evidence=evidence(1.0, refusals=3)), node(2, 1.0)),
        (node(1, 1.0, confirmed=True, evidence=evidence(1.0, refusals=3)), node(2, 1.0, confirmed=True)),
        (node(1, 1.0, status="duplicate"), node(2, 0.2)),
    ],
)
def test_the_best_is_the_best(nodes: tuple[Node, Node]) -> None:
    assert Tree((ROOT, *nodes)).best().id == 2


def test_among_equals_the_earliest_is_the_best() -> None:
    assert Tree((ROOT, node(1, 0.5), node(2, 0.5))).best().id == 1
    assert Tree((ROOT,)).best() is ROOT


@given(st.lists(st.tuples(st.sampled_from([0.0, 0.5, 0.9, 1.0]), st.sampled_from("pqrs"), st.booleans()), max_size=12))
def test_the_best_is_never_lost(values: list[tuple[float, str, bool]]) -> None:
    tree = Tree((ROOT,))
    best = 0.0
    for number, (h, program, usable) in enumerate(values, 1):
        measured = not any(n.program == program for n in tree.selectable())
        tree = tree.grow(node(number, h, program=program) if usable else node(number, status="failed", evidence=None))
        best = max(best, h) if usable and measured else best
        assert tree.best().h == best
        assert tree[number].parent == 0
        assert sum(n.selectable for n in tree) == len({n.program for n in tree.selectable()})


def test_a_node_gives_its_harness() -> None:
    assert node(1, 0.5, source="x = 1\n").harness(TEXT_ACTION).source == "x = 1\n"
