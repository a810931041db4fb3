"""A running search as a person sees it."""

import io
from dataclasses import replace

from rich.console import Console

from bridle.cli.progress import Progress, last_failures, line, spent
from bridle.rollout import FailedStep
from bridle.synthesis.budget import Limit
from bridle.synthesis.plan import Plan
from bridle.synthesis.tree import Tree
from nodes import evidence, node

PLAN = Plan(environment="a/game", objective="legality", limit=Limit(iterations=8, usd=2.0, seconds=60))
STEP = FailedStep(
    kind="illegal-accepted", place=(0, 0, 0), player=0, observation="b", feedback="No [such] door.\nReally.", count=7
)


def tree() -> Tree:
    paid = {"calls": 2.0, "tokens": 1234.0, "usd": 0.5, "steps": 100.0}
    warm = node(-1, 0.2, parent=None, status="warm", reason="from old.py")
    first = replace(node(1, 0.5, parent=-1), spent=paid)
    return Tree((node(0, parent=None), warm, first, replace(node(2, 0.4), spent=paid)))


def test_what_is_spent_stands_beside_its_limit() -> None:
    assert spent(PLAN, tree(), 12.4) == (
        "expansions 2 of 8 · model calls 4 · tokens 2,468 · $ 1 of 2 · steps 200 · 12 s of 60 s"
    )
    assert spent(PLAN, None, 0.0) == "expansions 0 of 8 · $ 0 of 2 · 0 s of 60 s"


def test_the_newest_nodes_failures_are_shown_in_a_line() -> None:
    failed = tree().grow(node(3, 0.1, evidence=evidence(0.1, failures=(STEP,))))
    assert last_failures(failed) == ["last failures: 7 × illegal-accepted (No [such] door.)"]
    assert last_failures(tree()) == []


def test_every_node_is_a_line_and_the_live_view_shows_all_that_matters() -> None:
    nodes = tree().nodes
    assert line(nodes[0]) == "root (write from scratch)"
    assert line(nodes[1]).startswith("node -1 from old.py: H = 0.2000")
    progress = Progress(PLAN, quiet=True)
    progress.hooks.on_dispatch(4, 1)
    progress.hooks.on_node(nodes[-1], tree().grow(node(3, 0.1, evidence=evidence(0.1, failures=(STEP,)))))
    console = Console(file=io.StringIO(), width=200)
    console.print(progress._drawn())
    assert isinstance(console.file, io.StringIO)
    said = console.file.getvalue()
    for part in ("a/game · legality", "node -1 from old.py", "node 1 from -1", "best: node 1", "pending: 4 from 1"):
        assert part in said
    assert "$ 1 of 2" in said
    assert "No [such] door." in said
