"""A search that starts from existing harnesses: they are roots like any other, and cost no model call."""

from pathlib import Path

import pytest
from doors import ALWAYS_FOUR, REACHABLE, RIGHT, answer

from bridle.errors import UsageError
from bridle.execution import Inline
from bridle.harness import TEXT_ACTION, TOOL_CALL, Contract, Harness, write
from bridle.models import Request, Scripted
from bridle.synthesis import run as runs
from bridle.synthesis.budget import Limit
from bridle.synthesis.outcome import Hooks, Outcome
from bridle.synthesis.plan import Plan, Root
from bridle.synthesis.settings import root


def plan(*codes: str, **changes: object) -> Plan:
    roots = tuple(Root(name=f"{number}.py", source=code) for number, code in enumerate(codes, 1))
    fields = {"environment": "bridle.testing.toy:Doors", "model": "scripted", "lanes": 4, "steps": 60, "roots": roots}
    return Plan(**{**fields, **changes})  # type: ignore[arg-type]


def start(folder: Path, model: Scripted, chosen: Plan, **more: object) -> Outcome:
    return runs.start(chosen, folder, model=model, executor=Inline(), **more)  # type: ignore[arg-type]


def numbered(code: str) -> Scripted:
    return Scripted(lambda request: answer(f"{code}\nX = '{request.digest}'\n"))


def test_a_root_that_is_right_is_confirmed_and_ends_the_run_without_a_call(tmp_path: Path) -> None:
    model = Scripted([])
    outcome = start(tmp_path / "run", model, plan(REACHABLE, RIGHT))
    assert (outcome.stop, outcome.best.id, outcome.best.confirmed) == ("target", -2, True)
    assert model.requests == ()
    assert outcome.spent["calls"] == outcome.spent["iterations"] == 0
    assert outcome.spent["steps"] >= 2 * 4 * 60
    assert RIGHT in (tmp_path / "run" / "harness.py").read_text()
    assert [node.status for node in outcome.tree] == ["root", "warm", "warm"]


def test_its_code_is_real_code_to_the_refiner_however_bad(tmp_path: Path) -> None:
    model = Scripted([answer(RIGHT)])
    outcome = start(tmp_path / "run", model, plan(ALWAYS_FOUR, selector="chain"))
    assert (outcome.stop, outcome.best.parent) == ("target", -1)
    (request,) = model.requests
    assert ALWAYS_FOUR.strip() in request.prompt
    assert "Nothing yet" not in request.prompt
    assert "### Problem 1" in request.prompt
    assert outcome.tree.lineage(outcome.best.id)[0].reason == "from 1.py"


def test_the_template_stays_an_arm(tmp_path: Path) -> None:
    chosen = plan(ALWAYS_FOUR, selector="uniform", limit=Limit(iterations=12))
    outcome = start(tmp_path / "run", numbered(ALWAYS_FOUR), chosen)
    assert {node.parent for node in outcome.tree.expansions} >= {0, -1}


def test_the_same_program_twice_is_one_arm_and_an_answer_equal_to_a_root_is_a_duplicate(tmp_path: Path) -> None:
    chosen = plan(REACHABLE, "# another comment\n" + REACHABLE, limit=Limit(iterations=1))
    outcome = start(tmp_path / "run", Scripted([answer(REACHABLE)]), chosen)
    assert [node.status for node in outcome.tree] == ["root", "warm", "duplicate", "duplicate"]
    assert [node.same_as for node in outcome.tree][2:] == [-1, -1]


def test_a_root_that_can_not_be_loaded_is_a_program_with_nothing_right(tmp_path: Path) -> None:
    outcome = start(tmp_path / "run", Scripted([answer(RIGHT)]), plan("import os\n"))
    assert outcome.stop == "target"
    assert outcome.tree[-1].h == 0.0


def test_a_run_goes_on_from_its_journal_wherever_it_stopped(tmp_path: Path) -> None:
    def reply(request: Request) -> str:
        return answer(f"{ALWAYS_FOUR}\nX = '{request.digest}'\n")

    chosen = plan(REACHABLE, limit=Limit(iterations=6), concurrency=2)
    whole = start(tmp_path / "whole", Scripted(reply), chosen)

    def stop(node: object, tree: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        start(tmp_path / "cut", Scripted(reply), chosen, hooks=Hooks(on_node=stop))
    assert [node.id for node in runs.read(tmp_path / "cut").tree] == [0, -1]
    again = runs.resume(tmp_path / "cut", model=Scripted(reply), executor=Inline())
    assert again.tree.digest == whole.tree.digest
    assert again.spent == whole.spent
    assert runs.read(tmp_path / "cut").plan.roots == chosen.roots


def test_roots_are_paid_for_and_a_budget_without_room_for_them_says_so(tmp_path: Path) -> None:
    outcome = start(tmp_path / "run", Scripted([]), plan(RIGHT, limit=Limit(steps=100)))
    assert (outcome.stop, outcome.spent["steps"], len(outcome.tree)) == ("steps", 0.0, 1)


def test_a_plateau_counts_expansions_not_roots(tmp_path: Path) -> None:
    chosen = plan(REACHABLE, ALWAYS_FOUR, ALWAYS_FOUR + "\nY = 1\n", plateau=2)
    outcome = start(tmp_path / "run", numbered(ALWAYS_FOUR), chosen)
    assert (outcome.stop, len(outcome.tree.expansions)) == ("plateau", 2)


OTHER_VARIANT = Contract(name="text-action", functions=TEXT_ACTION.functions, observation="board")


def test_a_harness_made_for_another_environment_or_observation_may_be_a_root(tmp_path: Path) -> None:
    path = tmp_path / "sibling.py"
    path.write_text(write(Harness(REACHABLE, contract=OTHER_VARIANT), "node 3, H = 1.0000"))
    assert root(path, TEXT_ACTION) == Root(name="sibling.py", source=REACHABLE)
    path.write_text(REACHABLE)
    assert root(path, TEXT_ACTION).source == REACHABLE


def test_a_runs_folder_stands_for_its_best_harness(tmp_path: Path) -> None:
    start(tmp_path / "first", Scripted([answer(RIGHT)]), plan())
    found = root(tmp_path / "first", TEXT_ACTION)
    assert (found.name, found.source) == ("first/harness.py", RIGHT.strip() + "\n")
    with pytest.raises(UsageError, match="can't be read"):
        root(tmp_path, TEXT_ACTION)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (None, "can't be read"),
        ("def propose_action(:\n", "can't be parsed"),
        (write(Harness(REACHABLE), "by hand").replace("open 1", "open 2"), "was edited"),
        (write(Harness("X = 1\n", contract=TOOL_CALL), "by hand"), "was made for tool-call"),
    ],
)
def test_what_can_not_be_a_root_is_refused(tmp_path: Path, text: str | None, says: str) -> None:
    path = tmp_path / "sibling.py"
    if text is not None:
        path.write_text(text)
    with pytest.raises(UsageError, match=says):
        root(path, TEXT_ACTION)
