"""The rule learner as a refiner: what an assignment changes, and what it refuses."""

from typing import Any, cast

import pytest

from bridle.environment import Environment
from bridle.errors import Blame, Failure, ModelFault, UsageError
from bridle.evaluation.examples import judged_calls
from bridle.evaluation.judged import Row
from bridle.evaluation.objectives import objective
from bridle.harness import TEXT_ACTION, TOOL_CALL, Contract, Limits, template
from bridle.models.model import Request
from bridle.synthesis.bank import Bank, Entry
from bridle.synthesis.learner.learner import NoModel, rule_learner
from bridle.synthesis.ledger import Ledger
from bridle.synthesis.refiner import Assignment
from bridle.testing.toy import Doors
from bridle.testing.toy_tools import Pottery
from bridle.trace import parts

NO_LEDGER = cast(Ledger, None)
"""The learner makes no model calls, so it is handed nothing to make them with."""


@pytest.fixture(scope="module")
def rows() -> tuple[Row, ...]:
    return tuple(judged_calls(Pottery(), "train", count=3000, seed=0))


def assignment(rows: tuple[Row, ...], *, contract: Contract = TOOL_CALL, **more: Any) -> Assignment:
    environment = cast(Environment, Pottery() if contract is TOOL_CALL else Doors())
    fields: dict[str, Any] = {
        "environment": environment,
        "objective": objective("workflow"),
        "parent": template(contract),
        "evidence": None,
        "from_root": True,
        "scope": (),
        "feedback": "",
        "siblings": "",
        "attempt": 1,
        "limits": Limits(),
        "vet": lambda harness: None,
        "examples": rows,
    }
    return Assignment(**(fields | more))


def test_it_writes_a_harness_and_asks_no_model(rows: tuple[Row, ...]) -> None:
    learner = rule_learner()
    given = assignment(rows)
    assert learner.request(given) is None
    refinement = learner.refine(given, NO_LEDGER)
    assert refinement.harness is not None
    assert refinement.harness.contract is TOOL_CALL
    assert learner.refine(given, NO_LEDGER) == refinement


def test_another_attempt_demands_something_else(rows: tuple[Row, ...]) -> None:
    sources = set()
    for attempt in range(1, 6):
        harness = rule_learner().refine(assignment(rows, attempt=attempt), NO_LEDGER).harness
        sources.add(harness.source if harness else "")
    assert len(sources) >= 2


def test_a_rewrite_that_the_guard_refused_is_not_tried_again(rows: tuple[Row, ...]) -> None:
    learner = rule_learner()
    before = {spelling.id for spelling in learner.rulebook(assignment(rows)).spellings}
    held = Bank(broken_rewrites=frozenset(("spelling-trimmed",)))
    after = {spelling.id for spelling in learner.rulebook(assignment(rows, bank=held)).spellings}
    assert before - after == {"spelling-trimmed"}
    assert after


def test_what_candidates_got_wrong_becomes_examples(rows: tuple[Row, ...]) -> None:
    """Nothing judged shows it; three failures in play and what passes beside them do."""
    glazed = [row for row in rows if parts(row.action)[0] == "glaze_pot"]
    without = tuple(row for row in rows if row not in glazed or row.legal)
    missed = [row for row in glazed if not row.legal and row.error_class == "state_conflict"][:12]
    assert len(missed) == 12
    learner = rule_learner()
    assert "glaze_pot-stage" not in {rule.id for rule in learner.rulebook(assignment(without)).rules}
    held = Bank(entries=tuple(Entry(row=row, kind="invalid-executed", node=1) for row in missed))
    assert "glaze_pot-stage" in {rule.id for rule in learner.rulebook(assignment(without, bank=held)).rules}


def test_no_examples_give_no_harness() -> None:
    refinement = rule_learner().refine(assignment(()), NO_LEDGER)
    assert refinement.harness is None
    assert "support" in refinement.reason


def test_a_module_that_does_not_load_is_no_harness(rows: tuple[Row, ...]) -> None:
    broken = Failure(blame=Blame.HARNESS, kind="static", message="line 3")
    refinement = rule_learner().refine(assignment(rows, vet=lambda harness: broken), NO_LEDGER)
    assert refinement.harness is None
    assert "line 3" in refinement.reason


def test_games_are_not_its_business() -> None:
    with pytest.raises(UsageError, match="tool calls"):
        rule_learner().refine(assignment((), contract=TEXT_ACTION), NO_LEDGER)


def test_there_is_no_model_behind_it() -> None:
    with pytest.raises(ModelFault, match="no model"):
        NoModel().complete(Request(prompt="", sample=1, max_output_tokens=1))
