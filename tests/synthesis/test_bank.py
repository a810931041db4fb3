"""The counterexample bank, and the candidates that it spares a rollout."""

from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bridle.errors import Blame, Failure
from bridle.evaluation.evidence import Evidence
from bridle.evaluation.job import repeats
from bridle.evaluation.judged import Row
from bridle.harness import TEXT_ACTION, TOOL_CALL, Harness, Limits
from bridle.models.model import Request
from bridle.rollout import FailedStep
from bridle.synthesis import run
from bridle.synthesis.bank import Bank, Table, bank, truth
from bridle.synthesis.budget import Limit
from bridle.synthesis.learner.learner import NoModel
from bridle.synthesis.ledger import Ledger
from bridle.synthesis.plan import Plan
from bridle.synthesis.refiner import Assignment, Refinement
from bridle.synthesis.tree import Node
from bridle.testing.toy_tools import Pottery

VIEW: dict[str, Any] = {"task": "t", "me": "m1", "tools": {}, "calls": [], "resources": {}}
RULES = 'RULES = {"no": "No."}\n\ndef on_error(view, call, error):\n    return {"verdict": "give_up", "rule": "no", "hint": ""}\n\n'
REJECT = '{"verdict": "reject", "rule": "no", "code": "no", "hint": "", "try_again": True}'


def call(number: int, tool: str = "act") -> dict[str, Any]:
    return {"tool": tool, "arguments": {"number": number, "kind": "a"}}


def failed(kind: str, number: int = 0, **more: Any) -> FailedStep:
    return FailedStep(kind=kind, place=(0, 0, 0), player=0, observation=VIEW, action=call(number), **more)


def node(identity: int, *failures: FailedStep) -> Node:
    evidence = Evidence(h=0.5, complete=True, counts={}, endings={}, failures=failures)
    return Node(id=identity, parent=0, status="measured", evidence=evidence)


def row(number: int, *, legal: bool, view: Any = VIEW) -> Row:
    return Row(player=0, view=view, action=call(number), legal=legal, stratum="")


def test_what_went_wrong_is_kept_once_with_its_truth() -> None:
    nodes = [
        node(1, failed("invalid-executed", 1, error_class="conflict"), failed("wrongly-refused", 2, rule="r")),
        node(2, failed("invalid-executed", 1, error_class="conflict"), failed("needless-escalation", 3)),
    ]
    held = bank(nodes, Table())
    assert [(entry.row.action["arguments"]["number"], entry.row.legal, entry.node) for entry in held.entries] == [  # type: ignore[index]
        (1, False, 1),
        (2, True, 1),
        (3, True, 2),
    ]
    assert held.entries[0].row.error_class == "conflict"
    assert held.entries[1].rule == "r"
    assert held.failed_on == {1: (0, 1), 2: (0, 2)}
    assert [r.action for r in held.of(2)] == [call(1), call(3)]


def test_a_denial_a_crash_and_a_fault_tell_nothing() -> None:
    crash = Failure(blame=Blame.HARNESS, kind="exception", message="x")
    for nothing in (
        failed("invalid-executed", error_class="policy_denied"),
        failed("crash-review", failure=crash),
        failed("crash-on-error", failure=crash),
        failed("environment"),
        failed("bad-rewrite", rule="spelling-number"),
    ):
        assert truth(nothing) is None
    assert bank([node(1, failed("bad-rewrite", rule="spelling-number"))], Table()).broken_rewrites == {
        "spelling-number"
    }


def test_contradictory_truths_are_undecidable() -> None:
    held = bank([node(1, failed("invalid-executed", 1)), node(2, failed("wrongly-refused", 1))], Table())
    assert [entry.undecidable for entry in held.entries] == [True]
    assert held.of(1) == held.of(2) == ()
    other_me = {**VIEW, "me": "m2"}
    against = Table([row(1, legal=True, view=other_me), row(2, legal=True)])
    held = bank([node(1, failed("invalid-executed", 1), failed("invalid-executed", 5))], against)
    assert [entry.undecidable for entry in held.entries] == [True, False]


def test_neighbours_pass_and_are_near() -> None:
    rows = [row(number, legal=number % 2 == 0, view={**VIEW, "calls": [{}] * number}) for number in range(12)]
    rows.append(Row(player=0, view=VIEW, action=call(5, "other"), legal=True, stratum=""))
    (entry,) = bank([node(1, failed("invalid-executed", 4))], Table(rows)).entries
    assert [neighbour.action for neighbour in entry.neighbours] == [call(4), call(0), call(2)]
    assert all(neighbour.legal for neighbour in entry.neighbours)


@given(st.lists(st.tuples(st.sampled_from(["invalid-executed", "wrongly-refused"]), st.integers(0, 3)), max_size=12))
def test_it_is_a_fold(failures: list[tuple[str, int]]) -> None:
    """More nodes only add to it, but for what turns out to be undecidable."""
    nodes = [node(number, failed(kind, which)) for number, (kind, which) in enumerate(failures, 1)]
    whole = bank(nodes, Table())
    for cut in range(len(nodes)):
        part = bank(nodes[:cut], Table())
        assert part.rows == whole.rows[: len(part.rows)]
        for early, late in zip(part.entries, whole.entries, strict=False):
            assert late.undecidable or not early.undecidable


def review(expression: str) -> Harness:
    return Harness(f"{RULES}def review_call(view, call):\n    return {expression}\n", contract=TOOL_CALL)


def test_a_candidate_is_asked_about_the_mistakes_of_its_parent() -> None:
    rows = [row(1, legal=False), row(2, legal=False)]
    assert repeats(review('{"verdict": "accept"}'), rows, Limits())
    assert not repeats(review(REJECT), rows, Limits())
    one = f'{REJECT} if call["arguments"]["number"] == 1 else {{"verdict": "accept"}}'
    assert not repeats(review(one), rows, Limits())
    assert repeats(review("1 / 0"), rows, Limits())
    assert repeats(review(REJECT), [row(1, legal=True)], Limits())


def test_text_candidates_are_asked_by_their_check() -> None:
    source = (
        "def propose_action(board):\n    return ''\n\ndef is_legal_action(board, action):\n    return action == 'a'\n"
    )
    rows = [
        Row(player=0, view="v", action="a", legal=False, stratum=""),
        Row(player=0, view="v", action="b", legal=True, stratum=""),
    ]
    candidate = Harness(source, contract=TEXT_ACTION)
    assert repeats(candidate, rows, Limits())
    assert not repeats(candidate, [*rows, Row(player=0, view="v", action="c", legal=False, stratum="")], Limits())


class Stubborn:
    """Always comes up with another way to write the same mistake; at its last attempt it does better."""

    name = "stubborn"

    def __init__(self) -> None:
        self.number = 0
        self.seen: list[Bank] = []

    def request(self, assignment: Assignment) -> Request | None:
        return None

    def refine(self, assignment: Assignment, ledger: Ledger) -> Refinement:
        self.number += 1
        self.seen.append(assignment.bank)
        accept = f'{{"verdict": "accept"}} if {self.number} else None'
        tame = f'{REJECT} if call["tool"] not in view["tools"] else {{"verdict": "accept"}}'
        needs = f'{REJECT} if set(view["tools"].get(call["tool"], {{}}).get("schema", {{}}).get("required", ())) - set(call["arguments"]) else {{"verdict": "accept"}}'
        return Refinement(
            harness=review(needs if self.number == 3 else tame if self.number == 4 else accept), prompt=""
        )


def test_repeating_the_parent_s_mistakes_is_not_played(tmp_path: Path) -> None:
    plan = Plan(
        environment=None,
        objective="workflow",
        model="rules",
        selector="chain",
        lanes=4,
        steps=40,
        strict=False,
        confirm=False,
        examples=200,
        limit=Limit(iterations=3),
    )
    refiner = Stubborn()
    outcome = run.start(
        plan, tmp_path / "run", environment=Pottery(), model=NoModel(), refiner=refiner, executor="inline"
    )
    first, second, third = outcome.tree.nodes[1:]
    assert first.status == "measured"
    assert first.evidence is not None
    assert refiner.seen[1].of(1)
    assert second.status == "unusable"
    assert "its parent got wrong" in second.reason
    assert second.evidence is None
    assert second.spent.get("steps", 0) == 0
    assert third.status == "measured"
    assert third.h > first.h
    assert [entry.node for entry in refiner.seen[2].entries] == [1] * len(refiner.seen[2].entries)
