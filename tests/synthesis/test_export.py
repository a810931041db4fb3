"""Exported counterexamples pass on the harness they were exported with, and fail on what it grew out of."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from doors import ALWAYS_FOUR, REACHABLE, RIGHT, answer

from bridle.errors import JournalFault, UsageError
from bridle.execution import Inline
from bridle.harness import TEXT_ACTION, TOOL_CALL, Contract, Harness, write
from bridle.models import Scripted
from bridle.synthesis import run as runs
from bridle.synthesis.budget import Limit
from bridle.synthesis.export import DATA, TEST, export
from bridle.synthesis.plan import Plan
from bridle.testing.regression import Regression


def searched(folder: Path, *codes: str, **changes: object) -> runs.Record:
    fields = {
        "environment": "bridle.testing.toy:Doors",
        "objective": "verifier",
        "selector": "chain",
        "lanes": 2,
        "steps": 40,
        "limit": Limit(iterations=len(codes)),
    }
    model = Scripted([answer(code) for code in codes])
    runs.start(Plan(**{**fields, **changes}), folder, model=model, executor=Inline())  # type: ignore[arg-type]
    return runs.read(folder)


def pytest_on(folder: Path) -> tuple[int, str]:
    """Run the exported file with pytest, in a process of its own: its exit code and what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(folder), str(folder / TEST)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.returncode, done.stdout


def as_if_it_were(folder: Path, source: str, contract: Contract) -> None:
    """Put another harness in the exported one's place."""
    (folder / "harness.py").write_text(write(Harness(source, contract=contract), "an ancestor"), "utf-8")


def test_they_pass_on_the_best_harness_and_fail_on_each_of_its_ancestors(tmp_path: Path) -> None:
    record = searched(tmp_path / "run", ALWAYS_FOUR, REACHABLE, RIGHT)
    assert record.stop == "target"
    found = export(tmp_path / "run", tmp_path / "out")
    lineage = record.tree.lineage(record.best.id)
    assert len(lineage) == 4
    assert list(found.ancestors) == [node.id for node in lineage[:-1]]
    assert all(found.ancestors.values())
    assert (found.open, found.cases > 5) == (0, True)
    code, said = pytest_on(tmp_path / "out")
    assert (code, f"{found.cases} passed" in said) == (0, True), said
    for node in lineage[:-1]:
        as_if_it_were(tmp_path / "out", node.source, TEXT_ACTION)
        code, said = pytest_on(tmp_path / "out")
        assert (code, f"{found.ancestors[node.id]} failed" in said) == (1, True), said


def test_what_the_best_harness_itself_fails_on_is_an_expected_failure(tmp_path: Path) -> None:
    searched(tmp_path / "run", ALWAYS_FOUR, REACHABLE)
    found = export(tmp_path / "run", tmp_path / "out")
    assert found.open > 0
    code, said = pytest_on(tmp_path / "out")
    assert (code, f"{found.open} xfailed" in said) == (0, True), said


def test_the_cases_are_data_of_the_three_kinds_and_each_once(tmp_path: Path) -> None:
    searched(tmp_path / "run", ALWAYS_FOUR, REACHABLE, RIGHT)
    export(tmp_path / "run", tmp_path / "out")
    cases = json.loads((tmp_path / "out" / DATA).read_text())["cases"]
    assert {case["about"] for case in cases} == {"check", "propose", "runs"}
    questions = [json.dumps([case[k] for k in ("about", "function", "view", "action")]) for case in cases]
    assert len(questions) == len(set(questions))
    assert len({case["name"] for case in cases}) == len(cases)
    regression = Regression(tmp_path / "out")
    with regression.loaded() as loaded:
        flipped = [replace(c, legal=not c.legal) for c in regression.cases if c.about == "check"]
        assert all(regression.fails(loaded, case) for case in flipped), "a case whose truth is turned round fails"
        assert not any(regression.fails(loaded, case) for case in regression.cases)


@pytest.mark.slow
def test_tool_calls_are_exported_too(tmp_path: Path) -> None:
    plan = Plan(
        environment="bridle.testing.toy_tools:Pottery",
        objective="workflow",
        model="rules",
        target=0.95,
        lanes=3,
        steps=60,
    )
    refuses = """
RULES = {"no": "Nothing is applicable."}

def review_call(view, call):
    return {"verdict": "reject", "rule": "no", "code": "no", "hint": "Do nothing.", "try_again": False}

def on_error(view, call, error):
    return {"verdict": "give_up", "rule": "no", "hint": "Do nothing."}
"""
    from bridle.synthesis.plan import Root

    warm = replace(plan, roots=(Root(name="refuses.py", source=refuses),))
    runs.start(warm, tmp_path / "run", executor=Inline())
    found = export(tmp_path / "run", tmp_path / "out")
    assert found.cases > 0
    assert pytest_on(tmp_path / "out")[0] == 0
    as_if_it_were(tmp_path / "out", refuses, TOOL_CALL)
    assert pytest_on(tmp_path / "out")[0] == 1


def test_what_is_not_there_is_said_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(JournalFault):
        export(tmp_path / "nowhere", tmp_path / "out")
    with pytest.raises(UsageError, match="bridle export"):
        Regression(tmp_path)
