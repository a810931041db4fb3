"""Searches on the toy of the tool-call contract end with the stop reason that their refiner implies."""

from pathlib import Path

from doors import answer

from bridle.errors import ModelFault
from bridle.execution import Inline
from bridle.models import Scripted
from bridle.synthesis import run as runs
from bridle.synthesis.budget import Limit
from bridle.synthesis.plan import Plan, Root

REFUSES_ALL = """
RULES = {"no": "Nothing is applicable."}

def review_call(view, call):
    return {"verdict": "reject", "rule": "no", "code": "no", "hint": "Do nothing. %s", "try_again": False}

def on_error(view, call, error):
    return {"verdict": "give_up", "rule": "no", "hint": "Do nothing."}
"""


def plan(**changes: object) -> Plan:
    chosen = {"environment": "bridle.testing.toy_tools:Pottery", "objective": "workflow", "lanes": 3, "steps": 60}
    return Plan(**{**chosen, "model": "scripted", "target": 0.95, **changes})  # type: ignore[arg-type]


def test_the_rule_learner_reaches_the_target_without_a_model(tmp_path: Path) -> None:
    outcome = runs.start(plan(model="rules"), tmp_path / "run", executor=Inline())
    assert outcome.stop == "target"
    assert outcome.spent["calls"] == 0
    assert '"' in outcome.best.source.split("RULES", 1)[1]


def test_a_run_that_starts_from_what_another_learned_ends_with_it(tmp_path: Path) -> None:
    learned = runs.start(plan(model="rules"), tmp_path / "cold", executor=Inline()).best
    warm = plan(roots=(Root(name="cold.py", source=learned.source),))
    outcome = runs.start(warm, tmp_path / "warm", model=Scripted([]), executor=Inline())
    assert (outcome.stop, outcome.best.id, outcome.spent["calls"]) == ("target", -1, 0)


def test_a_harness_that_refuses_everything_is_worth_nothing(tmp_path: Path) -> None:
    model = Scripted(lambda request: answer(REFUSES_ALL % request.digest[:8]))
    outcome = runs.start(plan(limit=Limit(iterations=2)), tmp_path / "run", model=model, executor=Inline())
    assert (outcome.stop, outcome.best.h) == ("iterations", 0.0)
    again = Scripted(lambda request: answer(REFUSES_ALL % request.digest[:8]))
    assert runs.start(plan(plateau=2), tmp_path / "plateau", model=again, executor=Inline()).stop == "plateau"


def test_a_model_that_fails_stops_the_run(tmp_path: Path) -> None:
    gone = Scripted(lambda request: ModelFault("Nobody is there; start the server.", permanent=True))
    assert runs.start(plan(), tmp_path / "run", model=gone, executor=Inline()).stop == "model-failed"
