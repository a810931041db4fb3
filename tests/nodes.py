"""Nodes, evidence and failed steps: made by hand, and made up."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from bridle.errors import Blame, Failure
from bridle.evaluation.evidence import Evidence
from bridle.rollout import FailedStep
from bridle.synthesis.tree import Node


def evidence(h: float, *, complete: bool = True, refusals: int = 0, failures: tuple[FailedStep, ...] = ()) -> Evidence:
    counts = {
        "legal": round(1000 * h),
        "attempted": 1000,
        "planned": 1000,
        "wrong_refusals": refusals,
        "episodes": 3,
        "rewarded": 0,
    }
    return Evidence(h=h, complete=complete, counts=counts, endings={"planned": 1}, failures=failures)


def node(id: int, h: float | None = None, parent: int | None = 0, **more: Any) -> Node:
    """A measured node with this H; `h` None makes a root that was never right."""
    status = more.pop("status", "root" if parent is None else "measured")
    found = more.pop("evidence", evidence(h or 0.0))
    return Node(**{"id": id, "parent": parent, "status": status, "program": str(id), "evidence": found, **more})


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=4,
)
ACTIONS = TEXT | st.fixed_dictionaries({"tool": TEXT, "arguments": st.dictionaries(TEXT, JSON, max_size=2)})
WHOLE = st.integers(0, 2**40)
SHARE = st.floats(0, 1)

FAILURES = st.builds(
    Failure, blame=st.sampled_from(Blame), kind=TEXT, message=TEXT, line=st.none() | st.integers(1, 9999)
)
FAILED_STEPS = st.builds(
    FailedStep,
    kind=st.sampled_from(["illegal-accepted", "crash-propose", "environment", "something new"]),
    place=st.tuples(WHOLE, WHOLE, WHOLE),
    player=st.integers(0, 9),
    observation=st.none() | TEXT | st.dictionaries(TEXT, JSON, max_size=2),
    action=st.none() | ACTIONS,
    feedback=TEXT,
    failure=st.none() | FAILURES,
    error_class=TEXT,
    rule=TEXT,
)
EVIDENCE = st.builds(
    Evidence,
    h=SHARE,
    complete=st.booleans(),
    counts=st.dictionaries(TEXT, WHOLE, max_size=4),
    endings=st.dictionaries(TEXT, WHOLE, max_size=3),
    reward=st.none() | SHARE,
    failures=st.lists(FAILED_STEPS, max_size=3).map(tuple),
)
NODES = st.builds(
    Node,
    id=WHOLE,
    parent=st.none() | WHOLE,
    status=st.sampled_from(["root", "measured", "duplicate", "unusable", "failed"]),
    source=TEXT,
    program=TEXT,
    evidence=st.none() | EVIDENCE,
    confirmed=st.booleans(),
    scope=st.lists(TEXT, max_size=2).map(tuple),
    prompt=TEXT,
    reason=TEXT,
    same_as=st.none() | WHOLE,
    spent=st.dictionaries(TEXT, st.floats(0, 1e12), max_size=3),
)
