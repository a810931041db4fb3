"""Several models: the cheap one first, the next one after a plateau, each with its own price and journalled by name."""

import json
from pathlib import Path

import pytest
from doors import ALWAYS_FOUR, REACHABLE, RIGHT, answer
from hypothesis import given
from hypothesis import strategies as st

from bridle.errors import UsageError
from bridle.execution import Inline
from bridle.journal import Journal
from bridle.models import Completion, Recorder, Request, Scripted, Usage, open_model
from bridle.synthesis import run as runs
from bridle.synthesis.budget import Limit
from bridle.synthesis.outcome import Hooks, Outcome
from bridle.synthesis.plan import Plan
from bridle.synthesis.schedule import standing
from bridle.synthesis.tree import Tree
from nodes import node


def plan(**changes: object) -> Plan:
    fields = {"environment": "bridle.testing.toy:Doors", "model": "a", "stronger": ("b",), "lanes": 4, "steps": 60}
    return Plan(**{**fields, "escalate_after": 3, **changes})  # type: ignore[arg-type]


def start(folder: Path, models: list[Scripted], chosen: Plan, **more: object) -> Outcome:
    return runs.start(chosen, folder, model=models, executor=Inline(), **more)  # type: ignore[arg-type]


def cheap(request: Request) -> str:
    return answer(f"{ALWAYS_FOUR}\nX = '{request.digest}'\n")


@given(
    st.lists(st.sampled_from([None, 0.2, 0.4, 0.6]), max_size=20),
    st.integers(1, 3),
    st.integers(1, 4),
)
def test_the_level_is_a_fold_that_never_goes_back(hs: list[float | None], levels: int, after: int) -> None:
    tree = Tree((node(0, parent=None),))
    before = standing(tree, levels=levels, escalate_after=after)
    assert before == (0, 0)
    best = 0.0
    for number, h in enumerate(hs, 1):
        status = {"status": "unusable", "evidence": None} if h is None else {}
        tree = tree.grow(node(number, h, **status))
        now = standing(tree, levels=levels, escalate_after=after)
        better = h is not None and h > best
        best = max(best, h or 0.0)
        due = not better and before.since + 1 >= after
        assert now.level == min(levels - 1, before.level + (due and before.level < levels - 1))
        if now.level > before.level or better:
            assert now.since == 0
        else:
            assert now.since == before.since + 1
        before = now


def test_the_stronger_model_takes_over_after_a_plateau_and_who_wrote_what_is_kept(tmp_path: Path) -> None:
    weak, strong = Scripted(cheap, name="weak"), Scripted([answer(RIGHT)] * 4, name="strong")
    outcome = start(tmp_path / "run", [weak, strong], plan(selector="greedy"))
    assert outcome.stop == "target"
    assert len(strong.requests) >= 1
    assert [n.model for n in outcome.tree.expansions[:-1]] == ["weak"] * (len(outcome.tree.expansions) - 1)
    assert outcome.best.model == "strong"
    with Journal(tmp_path / "run" / runs.JOURNAL, write=False) as journal:
        intents = [e.payload["model"] for e in journal.events("call.intent") if e.payload]
        started = journal.last("run.started")
    assert intents == ["weak"] * len(weak.requests) + ["strong"] * len(strong.requests)
    assert started is not None
    assert started.payload is not None
    assert (started.payload["model"], started.payload["stronger"]) == ("weak", ["strong"])


def test_a_plateau_counts_from_the_strongest_models_turn(tmp_path: Path) -> None:
    weak, strong = Scripted(cheap, name="weak"), Scripted(cheap, name="strong")
    outcome = start(tmp_path / "run", [weak, strong], plan(plateau=4, selector="best-of-n"))
    assert outcome.stop == "plateau"
    assert (len(weak.requests), len(strong.requests)) == (1 + 3, 4), "the first answer was better than nothing"


def test_concurrency_changes_only_what_a_decision_sees_and_a_run_goes_on(tmp_path: Path) -> None:
    def models() -> list[Scripted]:
        return [Scripted(cheap, name="weak"), Scripted(cheap, name="strong")]

    chosen = plan(concurrency=2, limit=Limit(iterations=8))
    whole = start(tmp_path / "whole", models(), chosen)
    left = iter(range(4))

    def stop(*_: object) -> None:
        if next(left, None) is None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        start(tmp_path / "cut", models(), chosen, hooks=Hooks(on_node=stop))
    again = runs.resume(tmp_path / "cut", model=models(), executor=Inline())
    assert again.tree.digest == whole.tree.digest
    assert {n.model for n in whole.tree.expansions} == {"weak", "strong"}


class Dear(Scripted):
    """A model with a price for each call."""

    def __init__(self, usd: float, name: str) -> None:
        self._usd = usd
        super().__init__(self._reply, name=name)

    def _reply(self, request: Request) -> Completion:
        usage = Usage(input_tokens=1, output_tokens=1)
        return Completion(text=cheap(request), model=self.name, usd=self._usd, usage=usage)

    def price(self, usage: Usage) -> float:
        return self._usd


def test_each_model_is_reserved_at_its_own_price(tmp_path: Path) -> None:
    models = [Dear(0.01, "weak"), Dear(1.0, "strong")]
    outcome = start(tmp_path / "run", list(models), plan(limit=Limit(iterations=None, usd=3.5), plateau=None))
    assert outcome.stop == "usd"
    assert outcome.spent["usd"] == pytest.approx(0.01 * len(models[0].requests) + len(models[1].requests))
    assert (len(models[0].requests) >= 3, len(models[1].requests)) == (True, 2)


def test_what_several_models_answered_is_recorded_in_one_file_and_replayed(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    models = [Scripted(cheap, name="weak"), Scripted([answer(REACHABLE), answer(RIGHT)] * 2, name="strong")]
    chosen = plan(selector="greedy", limit=Limit(iterations=12))
    live = runs.start(chosen, tmp_path / "live", model=[Recorder(m, path) for m in models], executor=Inline())
    assert {json.loads(line)["model"] for line in path.read_text().splitlines()[1:]} == {"weak", "strong"}
    again = runs.start(chosen, tmp_path / "again", model=[open_model(f"replay:{path}")] * 2, executor=Inline())
    assert [n.program for n in again.tree] == [n.program for n in live.tree]
    assert again.stop == live.stop


def test_the_rule_learner_may_come_first(tmp_path: Path) -> None:
    chosen = plan(
        environment="bridle.testing.toy_tools:Pottery", objective="workflow", model="rules", stronger=("b",), target=0.9
    )
    assert chosen == Plan.from_record(json.loads(json.dumps(chosen.record())))
    with pytest.raises(UsageError, match="relieved"):
        plan(escalate_after=0)
