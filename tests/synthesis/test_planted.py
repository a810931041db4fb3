"""Orders planted in what an environment says stay data: fenced in every prompt, and no rule of the rule learner's."""

from collections.abc import Iterator
from itertools import cycle
from pathlib import Path

import pytest
from doors import ALWAYS_FOUR, HEAD, REACHABLE, answer
from markdown_it import MarkdownIt
from planted import MARK, PLANTED, PlantedDoors, PlantedPottery

from bridle.execution import Inline
from bridle.models import Scripted
from bridle.runtime.verdict import rules_of
from bridle.synthesis import run as runs
from bridle.synthesis.budget import Limit
from bridle.synthesis.outcome import Outcome
from bridle.synthesis.plan import LEAST_CONTEXT, Plan, Root
from bridle.testing.toy_tools import Pottery

CRASHES = (
    HEAD
    + """
def propose_action(board):
    raise ValueError("what is this? " + board)

def is_legal_action(board, action):
    raise KeyError(board)
"""
)

HALF_CRASHES = REACHABLE.replace("return action in moves(board)", "return action in moves(board) or 1 / len(board[:0])")


TWO = (Root(name="reachable", source=REACHABLE), Root(name="crashes", source=CRASHES))


def outside(markdown: str) -> str:
    """What a reader of the Markdown takes for our own words."""
    return "\n".join(token.content for token in MarkdownIt().parse(markdown) if token.type != "fence")


def replies() -> Iterator[str]:
    """Programs of all kinds, each unlike the others, and now and then none."""
    for number, code in enumerate(cycle(["", CRASHES, ALWAYS_FOUR, REACHABLE, HALF_CRASHES])):
        yield answer(f"{code}\nX = {number}\n") if code else f"No code, since: {PLANTED[number % len(PLANTED)]}"


def start(folder: Path, model: Scripted, **changes: object) -> Outcome:
    fields = {"environment": None, "lanes": 3, "steps": 40, "selector": "chain", "limit": Limit(iterations=8)}
    plan = Plan(**{**fields, **changes})  # type: ignore[arg-type]
    return runs.start(plan, folder, model=model, environment=PlantedDoors(), executor=Inline())


@pytest.mark.parametrize(
    "changes",
    [
        {"objective": "verifier"},
        {"objective": "legality", "preset": "paper"},
        {"objective": "policy", "matches": 2},
        {"objective": "verifier", "context": LEAST_CONTEXT},
        {"objective": "verifier", "two_parents": True, "roots": TWO},
    ],
    ids=["verifier", "paper", "policy", "small context", "two parents"],
)
def test_in_every_prompt_they_stand_between_markers_that_they_can_not_close(
    tmp_path: Path, changes: dict[str, object]
) -> None:
    told = replies()
    model = Scripted(lambda request: next(told))
    start(tmp_path / "run", model, **changes)
    assert len(model.requests) >= 8
    for request in model.requests:
        assert MARK in request.prompt
        assert MARK not in outside(request.prompt)
    assert any("Failure:" in request.prompt for request in model.requests)
    assert any("could not be used" in request.prompt for request in model.requests) != (
        changes.get("preset") == "paper"
    )


def test_a_policys_matches_are_fenced_too(tmp_path: Path) -> None:
    legal = REACHABLE.replace(
        'or ["[open 1]"]', 'or [f"[oil {n}]" for n, kind, key in rows(board) if kind == "creaking"]'
    )
    model = Scripted(lambda request: answer(f"{legal}\nX = '{request.digest}'\n"))
    start(tmp_path / "run", model, objective="policy", matches=2, limit=Limit(iterations=3))
    first = model.requests[0].prompt
    assert "A random legal player's worst match" in first
    assert MARK not in outside(first)


def test_tool_results_errors_and_tasks_are_fenced(tmp_path: Path) -> None:
    plan = Plan(
        environment=None,
        objective="workflow",
        lanes=2,
        steps=30,
        examples=400,
        limit=Limit(iterations=2),
        roots=(Root(name="accepts.py", source=ACCEPTS_ALL),),
        selector="chain",
    )
    model = Scripted(lambda request: answer(f"{ACCEPTS_ALL}\nX = '{request.digest}'\n"))
    runs.start(plan, tmp_path / "run", model=model, environment=PlantedPottery(), executor=Inline())
    assert model.requests
    for request in model.requests:
        assert request.prompt.count(MARK) > 5
        assert MARK not in outside(request.prompt)


ACCEPTS_ALL = """
RULES = {"all": "Everything is tried."}

def review_call(view, call):
    return {"verdict": "accept"}

def on_error(view, call, error):
    return {"verdict": "give_up", "rule": "all", "hint": "Leave it."}
"""


def test_none_becomes_a_rule_of_the_rule_learners(tmp_path: Path) -> None:
    plan = Plan(
        environment=None, objective="workflow", model="rules", target=0.9, lanes=2, steps=40, examples=3000,
        limit=Limit(iterations=2),
    )  # fmt: skip
    clean, planted = (
        runs.start(plan, tmp_path / name, environment=environment, executor=Inline())
        for name, environment in (("clean", Pottery()), ("planted", PlantedPottery()))
    )
    assert planted.reached
    assert MARK not in planted.best.source
    # Which scenarios it withholds to test its rules depends on the tasks' texts; what it can find does not.
    rules = rules_of(planted.harness)
    assert len(rules) > 10
    assert rules.items() <= rules_of(clean.harness).items()
