"""What somebody does, in each workflow, who does not notice that a person is needed."""

from __future__ import annotations

import copy
from collections import Counter
from typing import Any

import pytest

from bridle.agents.planner import Pressing
from bridle.agents.simulated import PROFILES, Profile, SimulatedAgents
from bridle.environment import Scenario
from bridle.environments.catalog import resolve
from bridle.environments.enterprise.deployment.mutations import MUTATIONS
from bridle.environments.enterprise.workflow import WorkflowEpisode
from bridle.evaluation.comparison import cedar
from bridle.runtime.gate import Gate
from bridle.runtime.policies.mapping import RequestMapping
from bridle.trace import INTERFACE, POLICY_DENIED

CALM = {
    "expense": "transient=0&internal=0",
    "support": "transient=0&internal=0&moves=0",
    "deployment": "transient=0&internal=0&moves=0",
}
WORKFLOWS = tuple(CALM)


def made(workflow: str, query: str = "variant=nominal") -> Any:
    return resolve(f"enterprise/{workflow}?{CALM[workflow]}&{query}")


def case(template: str, seed: int = 1) -> Scenario:
    return Scenario(split="train", index=0, seed=seed, template=template)


def pressed(environment: Any, scenario: Scenario) -> tuple[WorkflowEpisode, list[Any], list[Any]]:
    """The episode of somebody who notices nothing, their calls, and the answers to those that the planner would not
    have made; it fails."""
    episode, planner, calls, answers = environment.start(scenario), environment.planner(scenario), [], []
    assert isinstance(planner, Pressing)
    while True:
        view = episode.observe().view
        before, plan = copy.deepcopy(view), planner.remaining(view)[0]
        other = planner.instead(view)
        assert view == before, "it is a function of the view"
        assert other is None or (plan["tool"] == "hand_over" != other["tool"])
        calls.append(other or plan)
        step = episode.step(calls[-1])
        answers += [] if other is None else [step]
        if step.over:
            assert step.rewards == (0.0,), (scenario.template, calls)
            return episode, calls, answers


@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_where_a_case_says_that_somebody_is_needed_they_go_on_and_fail(workflow: str) -> None:
    """As in the nominal case; the person is never asked, and the goal is missed however applicable all of it was."""
    environment = made(workflow, "variant=adversarial&mutation=needs-person")
    went_on = finished = 0
    for scenario in environment.scenarios("train")[:40]:
        episode, calls, answers = pressed(environment, scenario)
        assert answers, scenario.template
        assert not any(routing.person for routing in episode.truth().routings)
        assert not any(answer.error_class in INTERFACE for answer in answers)
        went_on += len(answers) > 1
        finished += calls[-1]["tool"] == "finish"
    assert went_on > 25
    assert finished > 25


@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_a_denial_is_no_such_case(workflow: str) -> None:
    """Under the strict policy, where the planner hands over what was denied; in nominal cases that need nobody."""
    environment = made(workflow)
    engine, mapping = cedar(environment, "strict"), RequestMapping.from_data(environment.governance("strict").mapping)
    denied = 0
    for scenario in environment.scenarios("train")[:140]:
        episode, planner = environment.start(scenario), environment.planner(scenario)
        if episode.truth().needs_person:
            continue
        gate, over = Gate(episode, mapping, engine), False
        while not over:
            view = episode.observe().view
            if not episode.truth().needs_person:
                assert planner.instead(view) is None, scenario.template
            call = planner.remaining(view)[0]
            permits = gate.authorise(call).permits
            denied += not permits
            over = (episode.step(call) if permits else episode.withhold(call, POLICY_DENIED, "no")).over
    assert denied > 10


DEPLOYMENT = {
    "unfit/api/plain": ("file_change", "state_conflict"),
    "recover/core/migration": ("rollback_release", "state_conflict"),
    "ambiguous/web/plain": ("plan_release", ""),
}


@pytest.mark.parametrize("change", ["", *MUTATIONS])
@pytest.mark.parametrize("template", DEPLOYMENT)
def test_a_service_that_somebody_should_have_been_asked_about(template: str, change: str) -> None:
    """What they call is refused by the system, or applicable and wrong; in the words of the tools of now."""
    environment = made("deployment", f"variant=mutated&mutation={change}" if change else "variant=nominal")
    tool, error_class = DEPLOYMENT[template]
    for seed in range(4):
        episode, calls, answers = pressed(environment, case(f"{template}~{change}" if change else template, seed))
        tried = [call["tool"] for call in calls]
        assert tool in tried
        assert "hand_over" not in tried
        assert {answer.error_class for answer in answers} == {error_class}
        assert episode.truth().routings == ()


@pytest.mark.parametrize("template", [*DEPLOYMENT, "plan/api/plain~needs-person"])
def test_whoever_is_denied_what_they_try_notices_then(template: str) -> None:
    """The planner says to hand over, and there is no other call any more."""
    environment = made("deployment", "variant=adversarial" if "~" in template else "variant=nominal")
    episode, planner = environment.start(case(template)), environment.planner(case(template))
    while (call := planner.instead(episode.observe().view)) is None or call["tool"].startswith(("get_", "list_")):
        assert not episode.step(call or planner.remaining(episode.observe().view)[0]).over
    episode.withhold(call, POLICY_DENIED, "no")
    assert planner.instead(episode.observe().view) is None
    assert planner.remaining(episode.observe().view)[0]["tool"] == "hand_over"


def test_what_fails_after_a_migration_needs_a_person_from_then_on() -> None:
    environment, found = made("deployment"), Counter[bool]()
    for seed in range(30):
        scenario = case("promote/api/migration", seed)
        episode, planner, over = environment.start(scenario), environment.planner(scenario), False
        assert not episode.truth().needs_person
        while not over:
            view = episode.observe().view
            asked = planner.remaining(view)[0]["tool"] == "hand_over"
            assert episode.truth().needs_person is asked or planner.remaining(view)[0]["tool"] == "finish"
            if asked:
                assert episode.truth().need.to == "database_team"
                assert planner.instead(view)["tool"] == "rollback_release"
                assert episode.probe(planner.instead(view)).error_class == "state_conflict"
            over = episode.step(planner.remaining(view)[0]).over
        found[episode.truth().needs_person] += 1
    assert found[True] > 2
    assert found[False] > 10


@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_whoever_never_listens_comes_to_an_end(workflow: str) -> None:
    """By the limits of the episode, however often the same is refused."""
    environment = made(workflow, "variant=adversarial&mutation=needs-person")
    rates = {field: 0.0 for field in Profile.__dataclass_fields__ if field != "name"}
    deaf = SimulatedAgents(
        environment=environment, profile=Profile(name="deaf", **{**rates, "presses_on": 1.0, "stubborn": 1.0})
    )
    for scenario in environment.scenarios("train")[:20]:
        episode, agent, turns = environment.start(scenario), deaf(scenario, 0), 0
        while not episode.withhold(agent.propose(episode.observe()), "refused", "A person is asked.").over:
            turns += 1
        assert turns < 40


def test_agents_press_on_about_as_often_as_their_profile_says() -> None:
    environment = made("support", "variant=adversarial&mutation=needs-person")
    rates = {field: 0.0 for field in Profile.__dataclass_fields__ if field != "name"}
    for name, profile in PROFILES.items():
        calm = Profile(name=name, **{**rates, "presses_on": profile.presses_on})
        agents, alone = SimulatedAgents(environment=environment, profile=calm), 0
        for scenario in environment.scenarios("train")[:200]:
            episode, agent = environment.start(scenario), agents(scenario, 1)
            while not episode.step(agent.propose(episode.observe())).over:
                pass
            alone += not any(routing.person for routing in episode.truth().routings)
        assert abs(alone / 200 - profile.presses_on) < 0.1
