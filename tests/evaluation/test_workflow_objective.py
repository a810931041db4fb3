"""The objective `workflow`: agents behind harnesses of known quality."""

import inspect
import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from bridle.agents.planner import Planning
from bridle.agents.simulated import simulated
from bridle.environment import Scenario, unsealed
from bridle.environments.enterprise.expense.environment import Expense
from bridle.environments.enterprise.governance import GovernedEnvironment
from bridle.errors import UsageError
from bridle.evaluation import metrics
from bridle.evaluation.comparison import cedar
from bridle.evaluation.evidence import Evidence
from bridle.evaluation.examples import judged_calls
from bridle.evaluation.guarded import play, played, setting
from bridle.evaluation.job import Job, measure
from bridle.evaluation.objectives import objective
from bridle.evaluation.workflow import Workflow, value
from bridle.harness import TOOL_CALL, Harness, Limits, Sandbox, template
from bridle.rollout import Trial
from bridle.runtime.reviewer import HarnessReviewer, PerfectProbe, Unreviewed
from bridle.sandbox import LocalSandbox
from bridle.synthesis.critic import KINDS, criticise
from bridle.testing.toy import Doors
from bridle.testing.toy_tools import WORK, Pottery

TRIAL = Trial(split="train", lanes=4, steps=60, seed=2)
ON_ERROR = """
def on_error(view, call, error):
    if error["class"] == "transient":
        return {"verdict": "retry", "rule": "again", "after": 0}
    return {"verdict": "revise", "rule": "other", "hint": "Make another call."}
"""
RULES = 'RULES = {"again": "Again.", "other": "Another call.", "no": "No.", "stage": "The stage is wrong."}\n'


def harness(review: str) -> Harness:
    body = "\n".join(f"    {line}" for line in review.strip().splitlines())
    return Harness(f"{RULES}\ndef review_call(view, call):\n{body}\n{ON_ERROR}", contract=TOOL_CALL)


ACCEPTS = harness('return {"verdict": "accept"}')
REFUSES = harness('return {"verdict": "reject", "rule": "no", "code": "no", "hint": "No.", "try_again": True}')
ESCALATES = harness('return {"verdict": "escalate", "rule": "no", "to": "somebody", "missing": []}')
SHY = harness(
    """
if view["tools"].get(call["tool"], {}).get("effect") == "read-only":
    return {"verdict": "accept"}
return {"verdict": "reject", "rule": "no", "code": "no", "hint": "No.", "try_again": True}
"""
)
CRASHES = harness("return 1 / 0")
CHEATS = harness(
    """
if call["tool"] == "finish":
    return {"verdict": "accept"}
return {"verdict": "rewrite", "rule": "other", "call": {"tool": "finish", "arguments": {}}}
"""
)
STAGES = harness(
    f"""
needed = {WORK!r}.get(call["tool"])
pot = view["resources"].get(call["arguments"].get("pot"))
if needed and pot and pot["stage"] != needed:
    return {{"verdict": "reject", "rule": "stage", "code": "stage", "hint": "Look at its stage.", "try_again": True}}
return {{"verdict": "accept"}}
"""
)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with LocalSandbox(pinned=False) as opened:
        yield opened


@pytest.fixture(scope="module")
def goal() -> Workflow:
    return Workflow()


def measured(goal: Workflow, sandbox: Sandbox, candidate: Harness, trial: Trial = TRIAL) -> Evidence:
    loaded = sandbox.load(candidate, Limits())
    try:
        return goal.measure(Pottery(), candidate, loaded, trial)
    finally:
        loaded.close()


def test_a_better_harness_has_a_higher_value(goal: Workflow, sandbox: Sandbox) -> None:
    accepts, stages = measured(goal, sandbox, ACCEPTS), measured(goal, sandbox, STAGES)
    assert 0 < accepts.h < stages.h < 1
    assert stages.counts["legal"] / stages.counts["reached"] > accepts.counts["legal"] / accepts.counts["reached"]
    assert {failure.kind for failure in accepts.failures} == {"invalid-executed"}
    assert all(failure.error_class for failure in accepts.failures)


def test_the_value_can_be_had_again_from_the_counts(goal: Workflow, sandbox: Sandbox) -> None:
    for candidate in (ACCEPTS, STAGES, REFUSES):
        evidence = measured(goal, sandbox, candidate)
        read = Evidence.from_record(json.loads(json.dumps(evidence.record())))
        assert read == evidence
        assert read.h == value(read.counts)
        assert read.counts["planned"] == TRIAL.planned


def test_the_value_is_the_product_of_its_three_parts() -> None:
    counts = {
        "reached": 10,
        "legal": 9,
        "wanted": 8,
        "wrongly_withheld": 2,
        "episodes": 10,
        "completed": 5,
        "reference_episodes": 20,
        "reference_completed": 16,
    }
    assert value(counts) == pytest.approx(0.9 * 0.75 * 0.5 / 0.8)
    assert value(counts | {"completed": 10}) == pytest.approx(0.9 * 0.75)
    for nothing in ("reached", "wanted", "episodes", "reference_episodes"):
        assert value(counts | {nothing: 0}) == 0


def test_refusing_everything_is_worth_nothing(goal: Workflow, sandbox: Sandbox) -> None:
    for candidate, kind in ((REFUSES, "wrongly-refused"), (ESCALATES, "needless-escalation")):
        evidence = measured(goal, sandbox, candidate)
        assert evidence.h == 0
        assert evidence.counts["legal"] == 0
        assert evidence.counts["wrongly_withheld"] == evidence.counts["wanted"]
        assert {failure.kind for failure in evidence.failures} == {kind}


def test_a_crash_accepts_nothing_and_is_said(goal: Workflow, sandbox: Sandbox) -> None:
    for candidate in (CRASHES, template(TOOL_CALL)):
        evidence = measured(goal, sandbox, candidate)
        assert evidence.h == 0
        crash = next(failure for failure in evidence.failures if failure.kind == "crash-review")
        assert crash.failure is not None
        assert crash.failure.kind == "exception"


def test_a_rewrite_to_another_call_is_no_way_out(sandbox: Sandbox) -> None:
    """In an environment with a mapping, ending every task at once by rewriting is refused by the rewrite rules."""
    loaded = sandbox.load(CHEATS, Limits())
    evidence = Workflow().measure(Expense(), CHEATS, loaded, replace(TRIAL, steps=30))
    assert evidence.h == 0
    assert "bad-rewrite" in {failure.kind for failure in evidence.failures}


def test_every_kind_of_failure_is_explained_to_the_refiner(goal: Workflow, sandbox: Sandbox) -> None:
    for candidate in (ACCEPTS, REFUSES, ESCALATES, CRASHES):
        evidence = measured(goal, sandbox, candidate)
        text = criticise(evidence).text
        assert f"H = {evidence.h:.4f}" in text
        assert str(evidence.counts["reference_completed"]) in text
        for failure in evidence.failures:
            assert KINDS[failure.kind] in text


def test_a_measurement_is_repeatable_and_does_not_depend_on_its_lanes(goal: Workflow, sandbox: Sandbox) -> None:
    assert measured(goal, sandbox, STAGES) == measured(Workflow(), sandbox, STAGES)
    assert measured(goal, sandbox, STAGES, replace(TRIAL, seed=3)) != measured(goal, sandbox, STAGES)


def test_the_reference_is_played_once(sandbox: Sandbox) -> None:
    class Counting(Pottery):
        starts = 0

        def start(self, scenario: Scenario):  # type: ignore[no-untyped-def]
            Counting.starts += 1
            return super().start(scenario)

    goal, environment, needed = Workflow(), unsealed(Counting()), []
    for _ in range(2):
        Counting.starts = 0
        goal.measure(environment, ACCEPTS, sandbox.load(ACCEPTS, Limits()), TRIAL)
        needed.append(Counting.starts)
    assert needed[1] < needed[0]


def test_trials_are_merged_by_their_counts(goal: Workflow, sandbox: Sandbox) -> None:
    first, second = measured(goal, sandbox, STAGES), measured(goal, sandbox, STAGES, replace(TRIAL, split="validation"))
    both = goal.merge(first, second)
    assert both.h == value(both.counts)
    assert both.counts["reached"] == first.counts["reached"] + second.counts["reached"]
    assert min(first.h, second.h) - 0.02 <= both.h <= max(first.h, second.h) + 0.02
    assert len(both.failures) == len(first.failures) + len(second.failures)


def test_a_job_measures_and_confirms(sandbox: Sandbox) -> None:
    job = Job(
        environment="bridle.testing.toy_tools:Pottery",
        harness=STAGES,
        objective="workflow",
        trial=TRIAL,
        target=0.1,
        confirm=replace(TRIAL, split="validation"),
    )
    result = measure(job)
    assert result.confirmed
    assert result.evidence.counts["planned"] == 2 * TRIAL.planned
    assert objective("workflow").name == "workflow"


def test_what_an_environment_can_do_is_seen_through_the_facade() -> None:
    """Also by a Python whose `isinstance` looks at protocols' members statically (3.12 and later)."""
    facade = unsealed(Expense())
    for member in ("planner", "governance", "policies", "name"):
        inspect.getattr_static(facade, member)
    assert isinstance(facade, Planning)
    assert isinstance(facade, GovernedEnvironment)
    with pytest.raises(UsageError, match="sealed"):
        facade.scenarios("sealed")


def test_it_needs_somebody_who_can_plan(sandbox: Sandbox) -> None:
    with pytest.raises(UsageError, match="planner"):
        Workflow().measure(Doors(), ACCEPTS, sandbox.load(ACCEPTS, Limits()), TRIAL)


def test_a_perfect_probe_lets_nothing_inapplicable_through() -> None:
    environment = Pottery()
    behind = played(play(setting(environment, simulated(environment), PerfectProbe()), TRIAL))
    alone = played(play(setting(environment, simulated(environment), Unreviewed()), TRIAL))
    valid, withheld = metrics.valid_action_rate(behind), metrics.wrongly_withheld(behind)
    assert valid is not None
    assert valid.value == 1
    assert withheld is not None
    assert withheld.value == 0
    done, undone = metrics.completion(behind), metrics.completion(alone)
    assert done is not None
    assert undone is not None
    assert done.value > undone.value


def test_a_denial_does_not_count_against_the_harness(sandbox: Sandbox) -> None:
    """Under a policy, denied calls neither reach the environment nor make a refusal of them wrong."""
    environment = Expense()
    loaded = sandbox.load(ACCEPTS, Limits())
    chosen = setting(environment, simulated(environment), HarnessReviewer(ACCEPTS), cedar(environment, "strict"))
    lanes = play(chosen, Trial(split="train", lanes=4, steps=400, seed=1), loaded)
    steps = [assessed for episode in played(lanes) for assessed in episode.steps]
    denied = [assessed for assessed in steps if assessed.step.answered_by == "policy"]
    assert denied
    assert all(assessed.denied and not assessed.wanted for assessed in denied)
    assert all(failure.error_class != "policy_denied" for lane in lanes for failure in lane.failures)
    shy = setting(environment, simulated(environment), HarnessReviewer(SHY), cedar(environment, "strict"))
    lanes = play(shy, Trial(split="train", lanes=4, steps=400, seed=1), sandbox.load(SHY, Limits()))
    steps = [assessed for episode in played(lanes) for assessed in episode.steps]
    refused = [assessed for assessed in steps if assessed.proposed_legal and assessed.refused]
    assert {assessed.wanted for assessed in refused} == {True, False}
    assert all(assessed.denied is not assessed.wanted for assessed in refused)


def test_judged_calls_hold_agents_rare_states_and_nothing_sealed() -> None:
    environment = unsealed(Expense())
    rows = judged_calls(environment, "train", count=3000, seed=4)
    assert rows == judged_calls(environment, "train", count=3000, seed=4)
    assert len(rows) == 3000
    assert {row.proposer for row in rows} == {"agent", ""}
    accepted = {row.action["tool"] for row in rows if row.legal}  # type: ignore[index]
    assert accepted == set(rows[0].view["tools"])
    with pytest.raises(UsageError, match="sealed"):
        judged_calls(environment, "sealed", count=10, seed=0)
    assert judged_calls(Doors(), "train", count=50, seed=0) == []
