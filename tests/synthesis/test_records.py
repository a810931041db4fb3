"""What is journalled reads back as it was: through JSON, and with one digest."""

import json

from hypothesis import given
from hypothesis import strategies as st

from bridle.evaluation.evidence import Evidence
from bridle.harness import Limits, digest
from bridle.synthesis.budget import Limit
from bridle.synthesis.plan import Plan
from bridle.synthesis.tree import Node, Tree
from nodes import EVIDENCE, NODES


@given(EVIDENCE)
def test_evidence(evidence: Evidence) -> None:
    assert Evidence.from_record(json.loads(json.dumps(evidence.record()))) == evidence


@given(NODES)
def test_nodes(node: Node) -> None:
    record = json.loads(json.dumps(node.record()))
    assert record == node.record()
    again = Node.from_record(record)
    assert again == node
    assert digest(record) == digest(node.record())
    assert Tree((again,)).digest == Tree((node,)).digest


PLANS = st.builds(
    Plan,
    environment=st.none() | st.just("bridle.testing.toy:Doors?size=5"),
    objective=st.sampled_from(["legality", "policy"]),
    preset=st.sampled_from(["default", "paper"]),
    weight=st.floats(0, 100),
    seed=st.integers(-(2**53) + 1, 2**53 - 1),
    concurrency=st.integers(1, 16),
    order=st.sampled_from(["dispatch", "free"]),
    lanes=st.integers(1, 100),
    steps=st.integers(1, 5000),
    target=st.floats(0.01, 1.0),
    confirm=st.booleans(),
    strict=st.booleans(),
    plateau=st.none() | st.integers(1, 99),
    limit=st.builds(Limit, iterations=st.none() | st.integers(0, 999), usd=st.none() | st.floats(0, 1e6)),
    limits=st.builds(Limits, call_seconds=st.floats(0.001, 60)),
)


@given(PLANS)
def test_plans(plan: Plan) -> None:
    record = json.loads(json.dumps(plan.record()))
    assert Plan.from_record(record) == plan
    assert digest(record) == digest(plan.record())
