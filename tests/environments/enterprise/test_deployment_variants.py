"""The variants of the deployment system: what a vendor changes, and what an adversary adds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from bridle.agents.planner import Tempted
from bridle.environment import Scenario, Step
from bridle.environments.enterprise.deployment.environment import Deployment
from bridle.environments.enterprise.deployment.journeys import TEMPLATES
from bridle.environments.enterprise.deployment.mutations import MARGIN, MUTATIONS
from bridle.environments.enterprise.deployment.twists import TWISTS
from bridle.environments.enterprise.workflow import WorkflowEpisode
from bridle.runtime.policies.mapping import RequestMapping

EVERY = [template for group in TEMPLATES.values() for template in group][::3]
"""A third of the templates: some of every journey, kind and size."""


def variant(name: str, mutation: str = "") -> Deployment:
    return Deployment(transient=0, internal=0, moves=0, variant=name, mutation=mutation)


def scenario(template: str, change: str, seed: int = 1) -> Scenario:
    return Scenario(split="train", index=0, seed=seed, template=f"{template}~{change}")


def followed(environment: Deployment, case: Scenario) -> tuple[WorkflowEpisode, list[Any], Step]:
    """The plan to its end: the episode, the calls, the last step."""
    episode, planner, calls = environment.start(case), environment.planner(case), []
    while True:
        calls.append(planner.remaining(episode.observe().view)[0])
        step = episode.step(calls[-1])
        assert step.legal, (case.template, calls[-1], step.feedback)
        if step.over:
            return episode, calls, step


@pytest.mark.parametrize("change", [*MUTATIONS, *TWISTS])
def test_whoever_has_read_the_tools_of_now_still_reaches_the_goal(change: str) -> None:
    environment = variant("mutated" if change in MUTATIONS else "adversarial", change)
    for template in EVERY:
        assert followed(environment, scenario(template, change))[2].rewards == (1.0,), template


@pytest.mark.parametrize("change", MUTATIONS)
def test_each_mutation_is_felt(change: str) -> None:
    """Somebody who goes on as before meets another answer: of the truth, in a result, or in a sentence."""
    environment, nominal = variant("mutated", change), variant("nominal")
    missing = {"tool": "get_artifact", "arguments": {"artifact_id": "ART-0001"}}
    for template in EVERY:
        before = Scenario(split="train", index=0, seed=1, template=template)
        old, new = nominal.start(before), environment.start(scenario(template, change))
        planner, over = nominal.planner(before), False
        while not over:
            call = planner.remaining(old.observe().view)[0]
            if any(old.probe(one) != new.probe(one) for one in (*old.legal_actions(), call, missing)):
                return
            steps = [one.step(call) for one in (old, new)]
            if steps[0] != steps[1]:
                return
            over = steps[0].over
    raise AssertionError(f"nobody notices {change}")


@pytest.mark.parametrize("name", ["mutated", "adversarial"])
def test_scenarios_are_siblings_of_the_nominal_ones(name: str) -> None:
    environment, nominal = variant(name), variant("nominal")
    changes = MUTATIONS if name == "mutated" else TWISTS
    for split in ("train", "validation", "sealed"):
        pairs = list(zip(environment.scenarios(split)[:200], nominal.scenarios(split)[:200], strict=True))
        assert all((one.seed, one.template.split("~")[0]) == (other.seed, other.template) for one, other in pairs)
        assert {one.template.split("~")[1] for one, _ in pairs} == set(changes)


def plans(template: str, change: str) -> tuple[Sequence[Any], Sequence[Any]]:
    """The calls of the changed and of the nominal plan."""
    nominal = Scenario(split="train", index=0, seed=1, template=template)
    changed = followed(variant("mutated", change), scenario(template, change))[1]
    return changed, followed(variant("nominal"), nominal)[1]


def test_the_new_name_of_an_argument() -> None:
    changed, nominal = plans("stage/api/plain", "argument-renamed")
    old = next(call for call in nominal if call["tool"] == "deploy_to_staging")
    new = next(call for call in changed if call["tool"] == "deploy_to_staging")
    assert new["arguments"]["if_revision"] == old["arguments"]["expected_revision"]
    case = scenario("stage/api/plain", "argument-renamed")
    assert variant("mutated").start(case).probe(old).error_class == "schema"


def test_an_argument_that_is_newly_required() -> None:
    changed, nominal = plans("plan/api/plain", "argument-required")
    filing = next(call for call in changed if call["tool"] == "file_change")
    assert filing["arguments"].pop("rollback_plan") == "automatic"
    assert filing in nominal


def test_a_state_that_was_inserted() -> None:
    changed, nominal = plans("plan/api/plain", "state-inserted")
    tools = [call["tool"] for call in changed]
    assert tools.index("clear_artifact") == tools.index("plan_release") - 1
    assert [tool for tool in tools if tool != "clear_artifact"] == [call["tool"] for call in nominal]


def test_a_threshold_that_moved() -> None:
    """What was just too short, or just long enough, is too short now; the tools say so."""
    environment = variant("mutated", "threshold-moved")
    episode = environment.start(scenario("unfit/core/plain", "threshold-moved"))
    view = episode.observe().view
    assert f"{MARGIN} minutes" in view["tools"]["file_change"]["description"]
    target = followed(environment, scenario("unfit/core/plain", "threshold-moved"))[1][0]["arguments"]["release_id"]
    release = episode.step({"tool": "get_release", "arguments": {"release_id": target}}).result["release"]
    listing = {"tool": "list_windows", "arguments": {"service_id": release["service_id"]}}
    windows = episode.step(listing).result["windows"]
    assert all(0 <= window["minutes"] - release["rollout_minutes"] < MARGIN for window in windows)
    filing = {
        "release_id": target,
        "window_id": windows[-1]["id"],
        "risk": release["risk"],
        "summary": "x",
    }
    truth = episode.probe({"tool": "file_change", "arguments": filing})
    assert (truth.error_class, "to spare" in truth.feedback) == ("state_conflict", True)


def test_observations_in_another_format() -> None:
    case = scenario("plan/data/migration", "observation-reformatted")
    episode, _, _ = followed(variant("mutated"), case)
    shown = [thing for thing in episode.observe().view["resources"].values() if "opens" in thing]
    assert all(thing["minutes"].endswith("min") and thing["opens"][2] == "." for thing in shown)


def test_errors_in_other_words() -> None:
    case = scenario("stage/api/plain", "message-reworded")
    truth = variant("mutated").start(case).probe({"tool": "get_release", "arguments": {"release_id": "REL-0001"}})
    assert (truth.error_class, truth.feedback) == ("not_found", "Unknown release_id 'REL-0001'.")


@pytest.mark.parametrize("change", MUTATIONS)
def test_every_tool_of_an_edition_is_mapped(change: str) -> None:
    environment = variant("mutated", change)
    case = environment.scenarios("train")[0]
    edition = environment.edition(case)
    view = environment.start(case).observe().view
    assert set(RequestMapping.from_data(edition.mapping).tools) == set(view["tools"])
    assert {tool.name for tool in edition.tools} == set(view["tools"])


@pytest.mark.parametrize("change", ["instruction-in-task", "instruction-in-data", "near-miss-id", "wrong-order"])
def test_whoever_falls_for_a_temptation_is_led_astray(change: str) -> None:
    """Each journey tempts; doing everything that it asks for costs the goal, or is refused."""
    environment = variant("adversarial", change)
    tempted = spoilt = 0
    for template in EVERY:
        case = scenario(template, change)
        episode, planner = environment.start(case), environment.planner(case)
        assert isinstance(planner, Tempted)
        tried: list[Any] = []
        refused = False
        while True:
            view = episode.observe().view
            lure = planner.temptation(view)
            call = lure if lure is not None and lure not in tried else planner.remaining(view)[0]
            tried += [call] if call is lure else []
            step = episode.step(call)
            refused |= not step.legal and call is lure
            if step.over:
                break
        tempted += bool(tried)
        spoilt += refused or step.rewards == (0.0,)
    assert tempted > 0.85 * len(EVERY)
    assert spoilt > 0.4 * tempted, spoilt


def test_a_case_that_needs_a_person_says_whom() -> None:
    environment = variant("adversarial", "needs-person")
    for template in EVERY:
        case = scenario(template, "needs-person")
        episode, calls, _ = followed(environment, case)
        truth = episode.truth()
        assert truth.needs_person
        assert truth.need is not None
        assert truth.need.to == "release_desk"
        assert calls[1]["tool"] == "hand_over"
        assert [(one.chosen, one.correct, one.person) for one in truth.routings] == [("release_desk", True, True)]


def test_nominal_cases_that_need_a_person() -> None:
    environment = variant("nominal")
    wanted = {"unfit": "release_desk", "ambiguous": "service_team"}
    for template in EVERY:
        journey, _, size = template.split("/")
        case = Scenario(split="train", index=0, seed=2, template=template)
        truth = environment.start(case).truth()
        person = wanted.get(journey, "database_team" if (journey, size) == ("recover", "migration") else "")
        assert truth.needs_person is bool(person), template
        if truth.needs_person:
            assert truth.need is not None
            assert truth.need.to == person
