"""`enterprise/support` as an environment: contract, splits, plans, policies, and what its view lets one know."""

from __future__ import annotations

import json
import random
from collections import Counter
from typing import Any

import pytest

from bridle.environment import SPLITS, Scenario, Shipping
from bridle.environments.catalog import resolve
from bridle.environments.enterprise.governance import GovernedEnvironment
from bridle.environments.enterprise.support.environment import Support
from bridle.environments.enterprise.support.journeys import JOURNEYS, TEMPLATES
from bridle.errors import UsageError
from bridle.runtime.policies.cedar import CedarEngine
from bridle.runtime.policies.mapping import RequestMapping
from bridle.testing.environment import Effort, check_environment
from bridle.trace import POLICY_DENIED, ToolEffect

CALM = Support(transient=0, internal=0, moves=0)
MAPPING = RequestMapping.from_data(CALM.governance("strict").mapping)


def engine(policy: str) -> CedarEngine:
    governance = CALM.governance(policy)
    return CedarEngine(governance.policies, governance.schema, entities=governance.entities)


ENGINES = {policy: engine(policy) for policy in CALM.policies}


def decide(policy: str, made: Any, action: Any) -> Any:
    return ENGINES[policy].evaluate(MAPPING.request(action, made.facts(*MAPPING.resource(action))))


@pytest.mark.parametrize("options", ["", "?transient=0.3&internal=0.2&moves=0.3"])
def test_it_keeps_the_contract(options: str) -> None:
    report = check_environment(resolve(f"enterprise/support{options}"), Effort(scenarios=6, steps=40, every=4))
    assert report.findings == []
    assert set(report.capabilities) == {"probe", "legal_actions", "foreign_actions"}
    assert min(report.probed_legal, report.probed_illegal) > 30


@pytest.mark.parametrize("options", ["transient=often", "moves=-1", "transient=0.7&internal=0.7"])
def test_a_rate_that_is_none_is_refused(options: str) -> None:
    with pytest.raises(UsageError, match=r"transient|moves"):
        resolve(f"enterprise/support?{options}")


def test_splits_share_neither_templates_nor_seeds() -> None:
    templates = CALM.templates
    names = [name for split in SPLITS for name in templates[split]]
    assert len(names) == len(set(names)) == sum(map(len, TEMPLATES.values())) >= 90
    for split in SPLITS:
        assert {name.split("/")[0] for name in templates[split]} == set(JOURNEYS), "every journey is in every split"


@pytest.mark.parametrize("journey", JOURNEYS)
def test_the_plan_reaches_the_goal_of_every_template(journey: str) -> None:
    for template in TEMPLATES[journey]:
        for seed in range(3):
            scenario = Scenario(split="train", index=0, seed=seed, template=template)
            episode, planner = CALM.start(scenario), CALM.planner(scenario)
            while not (step := episode.step(planner.remaining(episode.observe().view)[0])).over:
                assert step.legal, (template, seed, step.feedback)
            assert step.rewards == (1.0,), (template, seed, step.result)


def test_plans_get_over_mishaps_and_over_others() -> None:
    environment = Support(transient=0.05, internal=0.05, moves=0.1)
    rewards, classes = [], Counter[str]()
    for scenario in environment.scenarios("validation")[:90]:
        episode, planner = environment.start(scenario), environment.planner(scenario)
        while not (step := episode.step(planner.remaining(episode.observe().view)[0])).over:
            classes[step.error_class] += 1
            assert step.legal or step.error_class == "stale", step.feedback
        rewards += step.rewards
    assert classes["stale"] > 5
    assert sum(rewards) / len(rewards) > 0.85


def test_finishing_at_once_is_no_success() -> None:
    for scenario in CALM.scenarios("train")[:60]:
        assert CALM.start(scenario).step({"tool": "finish", "arguments": {}}).rewards == (0.0,), scenario.template


def test_the_tools_declare_what_they_do() -> None:
    view = CALM.start(CALM.scenarios("train")[0]).observe().view
    assert len(view["tools"]) == 27
    assert {tool["effect"] for tool in view["tools"].values()} == {effect.value for effect in ToolEffect}
    for name, tool in view["tools"].items():
        assert tool["schema"]["additionalProperties"] is False, name
        assert tool.get("compensation", "finish") in view["tools"]
    assert view["tools"]["send_message"]["effect"] == view["tools"]["pay_refund"]["effect"] == "irreversible"


def test_foreign_actions_are_of_every_kind() -> None:
    classes: Counter[str] = Counter()
    for scenario in CALM.scenarios("train")[:30]:
        episode, planner = CALM.start(scenario), CALM.planner(scenario)
        for _ in range(4):
            if episode.step(planner.remaining(episode.observe().view)[0]).over:
                break
            for action in episode.foreign_actions(random.Random(scenario.seed)):
                classes[episode.probe(action).error_class or "legal"] += 1
    assert set(classes) == {"legal", "schema", "unknown_tool", "not_found", "state_conflict", "missing_precondition"}
    assert min(classes.values()) / classes.total() > 0.015, classes
    assert classes["legal"] / classes.total() > 0.2


def test_every_tool_is_applicable_and_inapplicable_somewhere() -> None:
    found: dict[str, set[bool]] = {}
    for scenario in CALM.scenarios("train")[:53]:
        episode, planner, rng = CALM.start(scenario), CALM.planner(scenario), random.Random(scenario.seed)
        over = False
        while not over:
            for action in episode.foreign_actions(rng):
                if isinstance(action, dict) and (truth := episode.probe(action)).error_class not in (
                    "schema",
                    "unknown_tool",
                ):
                    found.setdefault(str(action["tool"]), set()).add(truth.legal)
            over = episode.step(planner.remaining(episode.observe().view)[0]).over
    always = {"list_tickets", "list_queues", "finish"}
    assert {tool for tool, truths in found.items() if truths == {True}} <= always
    assert {tool for tool, truths in found.items() if True in truths} | {"finish"} >= set(
        CALM.start(CALM.scenarios("train")[0]).observe().view["tools"]
    )


def test_the_handle_can_not_be_matched_with_anybody() -> None:
    for scenario in CALM.scenarios("train")[:30]:
        episode, planner = CALM.start(scenario), CALM.planner(scenario)
        while not episode.step(planner.remaining(episode.observe().view)[0]).over:
            pass
        view = dict(episode.observe().view)
        me, text = view.pop("me"), json.dumps(view)
        facts = episode.facts("Desk", "support")
        assert me not in text
        assert facts.subject["id"] not in me
        assert "payment_cents" not in text
        assert '"Role"' not in text


def test_every_tool_is_mapped_and_it_ships_what_it_needs() -> None:
    assert isinstance(CALM, GovernedEnvironment)
    assert isinstance(CALM, Shipping)
    view = CALM.start(CALM.scenarios("train")[0]).observe().view
    assert set(MAPPING.tools) == set(view["tools"])


@pytest.mark.parametrize("policy", CALM.policies)
def test_a_plan_succeeds_under_a_policy_and_hands_over_what_is_denied(policy: str) -> None:
    """And the truth on who is needed is exactly what the strict policy says."""
    denied = 0
    scenarios = CALM.scenarios("validation")[:100]
    for scenario in scenarios:
        made, planner, refused = CALM.start(scenario), CALM.planner(scenario), False
        while True:
            action = planner.remaining(made.observe().view)[0]
            decision = decide(policy, made, action)
            assert not decision.errors, (action, decision.errors)
            refused |= not decision.permits
            step = made.step(action) if decision.permits else made.withhold(action, POLICY_DENIED, "no")
            if step.over:
                break
        assert step.rewards == (1.0,), (scenario.template, step.result)
        denied += refused
        if policy == "strict":
            truth = made.truth()
            assert (truth.need is not None) is refused, (scenario, truth.need)
            assert all(routing.correct for routing in truth.routings), truth
    share = denied / len(scenarios)
    assert (0.1 < share < 0.3) if policy == "strict" else (share < 0.05)


def test_the_lax_policy_permits_more_and_nothing_less() -> None:
    found: Counter[tuple[bool, bool]] = Counter()
    for scenario in CALM.scenarios("train")[:60]:
        made, planner = CALM.start(scenario), CALM.planner(scenario)
        while True:
            action = planner.remaining(made.observe().view)[0]
            for one in [action, *made.legal_actions()]:
                found[decide("strict", made, one).permits, decide("lax", made, one).permits] += 1
            if made.step(action).over:
                break
    assert found[True, False] == 0
    assert found[False, True] > 100
    assert found[True, True] > 500
