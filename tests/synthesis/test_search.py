"""The search, end to end: a scripted model, the toy environment, the real sandbox."""

import json
import random
import socket
from pathlib import Path

import pytest
from doors import ALWAYS_FOUR, REACHABLE, RIGHT, answer

from bridle.errors import JournalBusy, ModelFault, UsageError
from bridle.execution import Inline
from bridle.journal import Journal
from bridle.models import Completion, Request, Scripted, Usage
from bridle.synthesis import run as runs
from bridle.synthesis.budget import Limit
from bridle.synthesis.outcome import Hooks
from bridle.synthesis.plan import Plan, paper

DOORS = "bridle.testing.toy:Doors"


def plan(**changes: object) -> Plan:
    return Plan(**{"environment": DOORS, "model": "scripted", "lanes": 4, "steps": 60, **changes})  # type: ignore[arg-type]


def start(folder: Path, model: Scripted, chosen: Plan, **more: object) -> runs.Outcome:
    return runs.start(chosen, folder, model=model, executor=Inline(), **more)  # type: ignore[arg-type]


def by_request(seed: int) -> Scripted:
    """A simulated refiner: which program it writes depends on the request alone."""

    def reply(request: Request) -> str:
        rng = random.Random(f"{seed}/{request.digest}")
        code = rng.choice([ALWAYS_FOUR, REACHABLE, "no code at all", "def broken(:"])
        return answer(code + f"\n# {rng.random()}\nX{rng.randrange(4)} = 1\n") if "def" in code else code

    return Scripted(reply, name="simulated refiner")


def test_the_target_is_reached_confirmed_and_written(tmp_path: Path) -> None:
    told: list[int] = []
    hooks = Hooks(on_node=lambda node, tree: told.append(node.id))
    model = Scripted([answer(ALWAYS_FOUR), answer(REACHABLE), answer(RIGHT), answer(RIGHT)])
    outcome = start(tmp_path / "run", model, plan(), hooks=hooks)
    assert (outcome.stop, outcome.best.id, outcome.best.confirmed, outcome.best.h) == ("target", 4, True, 1.0)
    assert told == [1, 2, 3, 4]
    third = outcome.tree[3]
    assert third.scope == ("propose_action",), "an action that its own check refused opens the proposer only"
    assert third.h == 1.0
    assert third.evidence is not None
    assert third.evidence.disagrees, "the frozen check still refuses what the new proposer does: not done"
    assert outcome.best.evidence is not None
    assert outcome.best.evidence.counts["attempted"] == 2 * 4 * 60
    text = (tmp_path / "run" / "harness.py").read_text()
    assert text.startswith("# Bridle harness ")
    assert "H = 1.0000 (confirmed)" in text
    assert [node.h for node in outcome.tree] == sorted(node.h for node in outcome.tree)


def test_each_limit_stops_with_its_reason(tmp_path: Path) -> None:
    cases = {
        "iterations": plan(limit=Limit(iterations=2)),
        "calls": plan(limit=Limit(iterations=None, calls=3)),
        "tokens": plan(limit=Limit(iterations=None, tokens=70_000)),
        "steps": plan(limit=Limit(iterations=None, steps=500)),
        "plateau": plan(plateau=3),
    }
    for name, chosen in cases.items():
        model = Scripted(lambda request: answer(ALWAYS_FOUR + f"\nX = {request.sample}\n"))
        outcome = start(tmp_path / name, model, chosen)
        assert outcome.stop == name
        assert not outcome.reached
        if name == "calls":
            assert len(model.requests) == 3


def test_money_is_reserved_at_the_models_price_before_it_is_spent(tmp_path: Path) -> None:
    class Dear(Scripted):
        def price(self, usage: Usage) -> float:
            return (usage.input_tokens + usage.output_tokens) * 1e-5

    model = Dear(lambda request: Completion(text=answer(ALWAYS_FOUR + f"\nX = {request.sample}\n"), model="m", usd=0.1))
    outcome = start(tmp_path / "run", model, plan(limit=Limit(iterations=None, usd=0.75)))
    assert outcome.stop == "usd"
    spent = outcome.spent["usd"]
    assert spent == pytest.approx(0.1 * len(model.requests))
    assert 0.0 < spent <= 0.75


def test_a_wrong_answer_gets_one_repair_and_then_is_a_recorded_failure(tmp_path: Path) -> None:
    model = Scripted(["Sorry.", "```python\nimport os\n```", "no", answer(RIGHT)])
    outcome = start(tmp_path / "run", model, plan(limit=Limit(iterations=2)))
    assert [node.status for node in outcome.tree] == ["root", "unusable", "measured"] or outcome.tree[
        2
    ].status == "measured"
    assert "could not be used" in model.requests[1].prompt
    assert outcome.tree[1].spent["calls"] == 2


def test_the_same_program_is_not_measured_twice(tmp_path: Path) -> None:
    model = Scripted([answer(REACHABLE), answer("# another comment\n" + REACHABLE)])
    outcome = start(tmp_path / "run", model, plan(limit=Limit(iterations=2)))
    assert outcome.tree[2].status == "duplicate"
    assert outcome.tree[2].same_as == 1
    assert outcome.tree[2].evidence is None


def test_a_model_that_fails_pauses_the_run_and_resume_goes_on(tmp_path: Path) -> None:
    gone = Scripted(lambda request: ModelFault("The key is wrong; set another.", permanent=True))
    outcome = start(tmp_path / "run", gone, plan())
    assert outcome.stop == "model-failed"
    assert len(gone.requests) == 3
    better = runs.resume(tmp_path / "run", model=Scripted([answer(RIGHT)]), executor=Inline())
    assert better.stop == "target"


def test_requests_from_one_node_differ_and_name_the_earlier_children(tmp_path: Path) -> None:
    model = Scripted(lambda request: answer(ALWAYS_FOUR + f"\nX = {request.sample}\n"))
    start(tmp_path / "run", model, plan(selector="best-of-n", limit=Limit(iterations=3)))
    assert len({request.prompt for request in model.requests}) == 3
    assert "attempt 1: H = " in model.requests[2].prompt


def test_concurrency_and_workers_do_not_change_the_tree(tmp_path: Path) -> None:
    chosen = plan(concurrency=3, limit=Limit(iterations=8))
    first = start(tmp_path / "a", by_request(1), chosen)
    again = start(tmp_path / "b", by_request(1), chosen)
    pooled = runs.start(chosen, tmp_path / "c", model=by_request(1), executor="processes:2")
    other = start(tmp_path / "d", by_request(2), chosen)
    assert first.tree.digest == again.tree.digest == pooled.tree.digest
    assert first.tree.digest != other.tree.digest


def test_resume_of_a_finished_run_asks_nothing_and_more_iterations_go_on(tmp_path: Path) -> None:
    start(tmp_path / "run", by_request(3), plan(limit=Limit(iterations=3)))
    whole = start(tmp_path / "whole", by_request(3), plan(limit=Limit(iterations=6)))
    silent = Scripted([])
    same = runs.resume(tmp_path / "run", model=silent, executor=Inline())
    assert same.stop == "iterations"
    assert silent.requests == ()

    def more(chosen: Plan) -> Plan:
        return plan(limit=Limit(iterations=6))

    grown = runs.resume(tmp_path / "run", model=by_request(3), executor=Inline(), change=more)
    assert grown.tree.digest == whole.tree.digest


def test_a_second_writer_and_a_second_start_are_refused(tmp_path: Path) -> None:
    start(tmp_path / "run", by_request(3), plan(limit=Limit(iterations=1)))
    with pytest.raises(UsageError, match="already holds a run"):
        start(tmp_path / "run", by_request(3), plan())
    with Journal(tmp_path / "run" / "journal.sqlite"), pytest.raises(JournalBusy):
        runs.resume(tmp_path / "run", model=by_request(3), executor=Inline())


def test_the_paper_preset_is_the_method_and_nothing_else(tmp_path: Path) -> None:
    chosen = paper(plan(selector="greedy", weight=9.0))
    assert (chosen.selector, chosen.weight, chosen.confirm, chosen.strict, chosen.plateau) == (
        "thompson",
        1.0,
        False,
        False,
        None,
    )
    outcome = start(tmp_path / "run", Scripted(["no code", answer(RIGHT)]), chosen)
    assert [node.status for node in outcome.tree] == ["root", "unusable", "measured"]
    assert outcome.stop == "target"
    assert outcome.best.evidence is not None
    assert outcome.best.evidence.counts["attempted"] == 4 * 60


def test_a_run_reads_back_as_it_was(tmp_path: Path) -> None:
    outcome = start(tmp_path / "run", by_request(5), plan(limit=Limit(iterations=4)))
    record = runs.read(tmp_path / "run")
    assert record.tree.digest == outcome.tree.digest
    assert record.stop == outcome.stop
    assert record.in_doubt == 0
    assert json.loads(json.dumps(record.tree.nodes[-1].record())) == record.tree.nodes[-1].record()


REACH = "re.enum.sys.modules"
"""A way to modules that the static gate does not see; should it come to see it, the node is unusable instead."""


@pytest.mark.parametrize(
    "attempt",
    [
        "{reach}['posix'].open({file!r}, 65)",
        "{reach}['_socket'].socket().connect(('127.0.0.1', {port}))",
        "{reach}['posix'].execv('/usr/bin/touch', ['touch', {file!r}])",
        "{reach}['posix'].fork() or {reach}['posix'].open({file!r}, 65)",
    ],
    ids=["file", "socket", "process", "fork"],
)
def test_a_harness_that_reaches_out_is_a_harness_failure_and_nothing_happens(tmp_path: Path, attempt: str) -> None:
    file = tmp_path / "written-by-harness"
    with socket.create_server(("127.0.0.1", 0)) as listener:
        act = attempt.format(reach=REACH, file=str(file), port=listener.getsockname()[1])
        hostile = f"""
import re

def propose_action(board):
    {act}
    return "[open 4]"

def is_legal_action(board, action):
    return True
"""
        model = Scripted(lambda request: answer(hostile))
        outcome = start(tmp_path / "run", model, plan(limit=Limit(iterations=1)))
        listener.setblocking(False)
        with pytest.raises(BlockingIOError):
            listener.accept()
    node = outcome.tree[1]
    assert not file.exists()
    if node.status == "measured":
        assert node.evidence is not None
        assert node.evidence.h == 0.0
        assert {step.failure.blame for step in node.evidence.failures if step.failure} == {"harness"}
    else:
        assert node.status == "unusable"
