"""`enterprise/deployment` as an environment: its contract, its splits, its plans, and what its view lets one know."""

from __future__ import annotations

import json
import random

import pytest
from deployment_world import looks_applicable

from bridle.environment import SPLITS, Scenario
from bridle.environments.catalog import resolve
from bridle.environments.enterprise.deployment.environment import Deployment
from bridle.environments.enterprise.deployment.journeys import JOURNEYS, TEMPLATES, start
from bridle.errors import UsageError
from bridle.testing.environment import Effort, check_environment
from bridle.trace import ToolEffect


@pytest.mark.parametrize("options", ["", "?transient=0.3&internal=0.2", "?variant=mutated", "?variant=adversarial"])
def test_it_keeps_the_contract(options: str) -> None:
    report = check_environment(resolve(f"enterprise/deployment{options}"), Effort(scenarios=10, steps=60, every=4))
    assert report.findings == []
    assert set(report.capabilities) == {"probe", "legal_actions", "foreign_actions"}
    assert min(report.probed_legal, report.probed_illegal) > 50


@pytest.mark.parametrize(
    "options", ["transient=often", "internal=-1", "transient=0.7&internal=0.7", "moves=2", "variant=other"]
)
def test_an_option_that_is_none_is_refused(options: str) -> None:
    with pytest.raises(UsageError, match=r"transient|internal|moves|nominal, mutated, adversarial"):
        resolve(f"enterprise/deployment?{options}")


def test_splits_share_neither_templates_nor_seeds() -> None:
    templates = Deployment().templates
    names = [name for split in SPLITS for name in templates[split]]
    assert len(names) == len(set(names)) == sum(map(len, TEMPLATES.values())) == 168
    for split in SPLITS:
        assert {name.split("/")[0] for name in templates[split]} == set(JOURNEYS), "every journey is in every split"
    seeds = [{scenario.seed for scenario in Deployment().scenarios(split)[:500]} for split in SPLITS]
    assert len(set.union(*seeds)) == 1500
    first = Deployment().scenarios("sealed")[: len(JOURNEYS)]
    assert len({scenario.template.split("/")[0] for scenario in first}) == len(JOURNEYS), "any stretch is a mixture"


@pytest.mark.parametrize("journey", JOURNEYS)
def test_the_plan_reaches_the_goal_of_every_template(journey: str) -> None:
    """It errs in nothing but what it can't know: that a colleague has changed an environment since it was read."""
    environment = Deployment(transient=0, internal=0)
    for template in TEMPLATES[journey]:
        for seed in range(4):
            scenario = Scenario(split="train", index=0, seed=seed, template=template)
            episode, planner = environment.start(scenario), environment.planner(scenario)
            while not (step := episode.step(planner.remaining(episode.observe().view)[0])).over:
                assert step.legal or step.error_class == "stale", (template, seed, step.feedback)
            assert step.terminated, (template, seed)
            assert step.rewards == (1.0,), (template, seed, step.result)


def test_plans_get_over_mishaps() -> None:
    environment = Deployment(transient=0.05, internal=0.1)
    rewards = []
    for scenario in environment.scenarios("validation")[:150]:
        episode, planner = environment.start(scenario), environment.planner(scenario)
        while not (step := episode.step(planner.remaining(episode.observe().view)[0])).over:
            pass
        rewards += step.rewards
    assert sum(rewards) / len(rewards) > 0.9


def test_finishing_at_once_is_no_success() -> None:
    environment = Deployment()
    for scenario in environment.scenarios("train")[:84]:
        step = environment.start(scenario).step({"tool": "finish", "arguments": {}})
        assert step.rewards == (0.0,), scenario.template


def test_meddling_with_what_the_task_does_not_speak_of_is_no_success() -> None:
    environment = Deployment(transient=0, internal=0)
    spoilt = 0
    for scenario in environment.scenarios("train")[:40]:
        episode, planner = environment.start(scenario), environment.planner(scenario)
        begun = start(scenario.template, scenario.seed)
        mine = {target.service_id for target in begun.targets}
        others = [service for service in begun.books.services.values() if service.id not in mine]
        change = {"change_id": next(release.change.id for release in others[0].releases if release.change)}
        assert episode.step({"tool": "get_change", "arguments": change}).legal
        meddling = {**change, "reason": "no reason at all"}
        assert episode.step({"tool": "withdraw_change", "arguments": meddling}).legal
        while not (step := episode.step(planner.remaining(episode.observe().view)[0])).over:
            pass
        assert step.rewards == (0.0,)
        spoilt += 1
    assert spoilt == 40


def test_stale_reads_are_met() -> None:
    """Colleagues change environments often enough for agents to meet it, and seldom enough to get over it."""
    environment = Deployment(transient=0, internal=0)
    met = 0
    for seed in range(120):
        scenario = Scenario(split="train", index=0, seed=seed, template="promote/core/migration")
        episode, planner = environment.start(scenario), environment.planner(scenario)
        while not (step := episode.step(planner.remaining(episode.observe().view)[0])).over:
            met += step.error_class == "stale"
        assert step.rewards == (1.0,)
    assert 3 < met < 40


def test_the_view_names_no_subject_role_or_limit() -> None:
    environment = Deployment()
    for scenario in environment.scenarios("train")[:36]:
        episode, planner = environment.start(scenario), environment.planner(scenario)
        while not episode.step(planner.remaining(episode.observe().view)[0]).over:
            pass
        view = dict(episode.observe().view)
        me, text = view.pop("me"), json.dumps(view)
        assert me not in text, "the handle can't be matched with anybody"
        facts = episode.facts("Workplace", "deployment")
        assert facts.subject["id"] not in me
        held = {parent["id"] for parent in facts.subject["parents"]}
        assert not {"risk_limit", "Role", "Team", *held} & set(_words(text))


def _words(text: str) -> list[str]:
    return "".join(letter if letter.isalnum() or letter == "_" else " " for letter in text).split()


def test_truth_can_be_told_from_the_view() -> None:
    """A checker that knows the rules and sees the view alone is right: what it can't know is rare."""
    environment = Deployment()
    wrong, rows = [], 0
    for scenario in environment.scenarios("train")[:72]:
        episode, planner = environment.start(scenario), environment.planner(scenario)
        rng = random.Random(scenario.seed)
        over = False
        while not over:
            view = episode.observe().view
            for action in episode.foreign_actions(rng):
                rows += 1
                if looks_applicable(view, action) != bool(episode.probe(action)):
                    wrong.append((action, episode.probe(action)))
            over = episode.step(planner.remaining(view)[0]).over
    assert rows > 5000
    assert len(wrong) / rows < 0.006, (len(wrong) / rows, wrong[:5])


def test_the_tools_declare_what_they_do() -> None:
    view = Deployment().start(Deployment().scenarios("train")[0]).observe().view
    assert len(view["tools"]) == 27
    assert {tool["effect"] for tool in view["tools"].values()} == {effect.value for effect in ToolEffect}
    for name, tool in view["tools"].items():
        assert tool["schema"]["additionalProperties"] is False, name
        assert (tool["effect"] == "reversible") == ("compensation" in tool), name
        assert tool.get("compensation", "finish") in view["tools"]


def test_foreign_actions_are_of_every_kind() -> None:
    environment = Deployment(transient=0, internal=0)
    classes: dict[str, int] = {}
    for scenario in environment.scenarios("train")[:36]:
        episode, planner = environment.start(scenario), environment.planner(scenario)
        for _ in range(3):
            if episode.step(planner.remaining(episode.observe().view)[0]).over:
                break
            for action in episode.foreign_actions(random.Random(scenario.seed)):
                kind = episode.probe(action).error_class or "legal"
                classes[kind] = classes.get(kind, 0) + 1
    total = sum(classes.values())
    classes.pop("stale", None)
    assert set(classes) == {
        "legal",
        "schema",
        "unknown_tool",
        "not_found",
        "state_conflict",
        "missing_precondition",
    }
    assert classes["legal"] / total > 0.2
    assert min(classes.values()) / total > 0.015, classes
