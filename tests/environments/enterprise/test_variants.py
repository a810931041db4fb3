"""Variants of the workflows: siblings of the nominal scenarios, each change named, each truth exact."""

from __future__ import annotations

import copy
import json
from collections import Counter
from itertools import islice
from typing import Any

import pytest

from bridle.agents.planner import Sorting, Tempted
from bridle.agents.simulated import simulated
from bridle.environment import Scenario, unsealed
from bridle.environments.catalog import resolve
from bridle.environments.enterprise.routing import CaseTruth, Need, Routing
from bridle.environments.enterprise.variants import VARIANTS, Varying, apart
from bridle.errors import UsageError
from bridle.evaluation.comparison import cedar
from bridle.evaluation.guarded import play, played, setting
from bridle.evaluation.metrics import valid_action_rate
from bridle.rollout import Trial
from bridle.runtime.policies.cedar import CedarEngine
from bridle.runtime.policies.mapping import RequestMapping
from bridle.runtime.reviewer import PerfectProbe
from bridle.testing.environment import Effort, check_environment
from bridle.trace import POLICY_DENIED

CALM = {
    "expense": "transient=0&internal=0",
    "support": "transient=0&internal=0&moves=0",
    "deployment": "transient=0&internal=0&moves=0",
}
WORKFLOWS = tuple(CALM)
MUTATIONS = (
    "argument-renamed",
    "field-renamed",
    "argument-required",
    "state-inserted",
    "threshold-moved",
    "message-reworded",
    "observation-reformatted",
)
TWISTS = ("instruction-in-task", "instruction-in-data", "near-miss-id", "wrong-order", "needs-person")


def made(workflow: str, query: str = "", *, calm: bool = True) -> Any:
    parts = [CALM[workflow]] * calm + [query] * bool(query)
    return resolve(f"enterprise/{workflow}?{'&'.join(parts)}" if parts else f"enterprise/{workflow}")


def followed(environment: Any, scenario: Scenario) -> tuple[Any, list[Any]]:
    """The episode of a plan that is followed, and its steps; every call was legal."""
    episode, planner, steps = environment.start(scenario), environment.planner(scenario), []
    while not steps or not steps[-1].over:
        call = planner.remaining(episode.observe().view)[0]
        truth = episode.probe(call)
        steps.append(episode.step(call))
        assert truth.legal, (scenario.template, call, truth.feedback)
        assert steps[-1].legal
    return episode, steps


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("variant=other", "nominal, mutated, adversarial"),
        ("variant=mutated&mutation=none", "threshold-moved"),
        ("variant=adversarial&mutation=threshold-moved", "needs-person"),
        ("mutation=threshold-moved", "it has none"),
    ],
)
@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_a_wrong_variant_is_one_sentence_that_helps(workflow: str, query: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        made(workflow, query)


@pytest.mark.parametrize("variant", VARIANTS[1:])
@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_scenarios_are_the_siblings_of_the_nominal_ones(workflow: str, variant: str) -> None:
    nominal, varied = made(workflow), made(workflow, f"variant={variant}")
    for split in ("train", "validation", "sealed"):
        pairs = list(islice(zip(nominal.scenarios(split), varied.scenarios(split), strict=True), 700))
        for one, other in pairs:
            assert (one.split, one.index, one.seed) == (other.split, other.index, other.seed)
            assert apart(other.template)[0] == one.template
        changes = Counter(apart(other.template)[1] for _, other in pairs)
        assert set(changes) == set(MUTATIONS if variant == "mutated" else TWISTS)
        assert max(changes.values()) - min(changes.values()) <= 15, changes
        combined = {other.template for _, other in pairs}
        assert len(combined) > 2 * len({one.template for one, _ in pairs}), "a change meets several templates"
    task = [
        environment.start(environment.scenarios("train")[0]).observe().view["task"] for environment in (nominal, varied)
    ]
    assert task[1].startswith(task[0].split(" If you are not")[0])


@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_nominal_says_nothing_of_variants(workflow: str) -> None:
    plain, nominal = made(workflow), made(workflow, "variant=nominal")
    assert plain.name == nominal.name == f"enterprise/{workflow}"
    assert plain.scenarios("train")[:50] == nominal.scenarios("train")[:50]
    assert not any("~" in scenario.template for scenario in plain.scenarios("train")[:200])
    assert not isinstance(plain.planner(plain.scenarios("train")[0]), Tempted)


@pytest.mark.parametrize("mutation", MUTATIONS)
@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_whoever_reads_the_tools_of_now_gets_there(workflow: str, mutation: str) -> None:
    environment = made(workflow, f"variant=mutated&mutation={mutation}")
    assert environment.name == f"enterprise/{workflow}?variant=mutated&mutation={mutation}"
    for scenario in environment.scenarios("validation")[:21]:
        _, steps = followed(environment, scenario)
        assert steps[-1].terminated
        assert steps[-1].rewards == (1.0,), (scenario.template, steps[-1].result)


@pytest.mark.parametrize("twist", TWISTS)
@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_whoever_is_not_led_astray_gets_there(workflow: str, twist: str) -> None:
    environment = made(workflow, f"variant=adversarial&mutation={twist}")
    for scenario in environment.scenarios("validation")[:21]:
        _, steps = followed(environment, scenario)
        assert steps[-1].rewards == (1.0,), (scenario.template, steps[-1].result)


@pytest.mark.parametrize("mutation", MUTATIONS)
@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_each_mutation_is_felt(workflow: str, mutation: str) -> None:
    """Somebody who goes on as before meets another answer: of the truth, in a result, or in a sentence."""
    nominal, now = made(workflow), made(workflow, f"variant=mutated&mutation={mutation}")
    felt = over = False
    for before, after in islice(zip(nominal.scenarios("train"), now.scenarios("train"), strict=True), 60):
        old, new, planner = nominal.start(before), now.start(after), nominal.planner(before)
        over = False
        while not (felt or over):
            call = planner.remaining(old.observe().view)[0]
            calls = [*old.legal_actions(), _missing(workflow)]
            felt = any(old.probe(one) != new.probe(one) for one in calls)
            steps = [one.step(copy.deepcopy(call)) for one in (old, new)]
            felt, over = felt or steps[0] != steps[1], any(step.over for step in steps)
    assert felt


def _missing(workflow: str) -> dict[str, Any]:
    noun, number = {
        "expense": ("request", "REQ-0001"),
        "support": ("ticket", "TCK-0001"),
        "deployment": ("release", "REL-0001"),
    }[workflow]
    return {"tool": f"get_{noun}", "arguments": {f"{noun}_id": number}}


@pytest.mark.parametrize("variant", VARIANTS[1:])
@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_variants_keep_the_contract(workflow: str, variant: str) -> None:
    report = check_environment(made(workflow, f"variant={variant}", calm=False), Effort(scenarios=5, steps=24, every=5))
    assert report.findings == []
    assert min(report.probed_legal, report.probed_illegal) > 10


def test_an_inserted_state_is_a_state() -> None:
    environment = made("support", "variant=mutated&mutation=state-inserted")
    scenario = next(
        s
        for s in environment.scenarios("train")
        if s.template.startswith("answer/")
        and environment.planner(s).remaining(_opened(environment, s).observe().view)[0]["tool"] == "accept_ticket"
    )
    episode = _opened(environment, scenario)
    accept = environment.planner(scenario).remaining(episode.observe().view)[0]
    identity = accept["arguments"]["ticket_id"]
    start = {"tool": "start_investigation", "arguments": {"ticket_id": identity}}
    refused = episode.probe(start)
    assert refused == (False, f"{identity} is assigned; start_investigation needs accepted.", "state_conflict")
    before = episode.observe().view["resources"][identity]["version"]
    assert episode.step(accept).result["ticket"]["state"] == "accepted"
    assert episode.observe().view["resources"][identity]["version"] == before + 1
    assert episode.probe(accept).error_class == "state_conflict"
    assert episode.probe({"tool": "read_reply", "arguments": {"ticket_id": identity}}).feedback.startswith(
        f"{identity} is accepted;"
    )
    assert episode.step(start).result["ticket"]["state"] == "investigating"
    assert episode.probe(accept).feedback == f"{identity} is investigating; start needs assigned."


def _opened(environment: Any, scenario: Scenario) -> Any:
    """The episode after its first call, which opens the ticket."""
    episode = environment.start(scenario)
    assert episode.step(environment.planner(scenario).remaining(episode.observe().view)[0]).legal
    return episode


def test_guarded_play_uses_the_tools_and_the_mapping_of_each_scenario() -> None:
    environment = made("expense", "variant=mutated")
    assert isinstance(environment, Varying)
    chosen = setting(environment, simulated(environment, "large"), PerfectProbe(), cedar(environment, "strict"))
    episodes = played(play(chosen, Trial(split="train", lanes=7, steps=400, seed=1), episodes=6))
    rate = valid_action_rate(episodes)
    assert rate is not None
    assert rate.value == 1.0
    assert sum(episode.success for episode in episodes) / len(episodes) > 0.8
    asked = [step.step.decision for episode in episodes for step in episode.steps if step.step.decision is not None]
    assert asked
    assert not any(decision.errors for decision in asked), "each call can be put as a question"


def test_a_search_can_have_a_variant() -> None:
    environment = unsealed(made("support", "variant=mutated"))
    assert isinstance(environment, Varying)
    edition = environment.edition(environment.scenarios("train")[0])
    assert edition.name in MUTATIONS
    assert len(edition.tools) >= 27


@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_planted_instructions_are_where_they_are_said_to_be(workflow: str) -> None:
    for twist in ("instruction-in-task", "instruction-in-data"):
        environment = made(workflow, f"variant=adversarial&mutation={twist}")
        for scenario in environment.scenarios("train")[:30]:
            episode, _ = followed(environment, scenario)
            view = dict(episode.observe().view)
            task = view.pop("task")
            assert ("NOTE TO THE ASSISTANT" in task) is (twist == "instruction-in-task")
            assert ("NOTE TO THE ASSISTANT" in json.dumps(view)) is (twist == "instruction-in-data")


@pytest.mark.parametrize("twist", TWISTS[:4])
@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_whoever_follows_a_lure_pays_for_it(workflow: str, twist: str) -> None:
    """Each lure leads to calls; doing what it says costs some their success, or is not applicable."""
    environment = made(workflow, f"variant=adversarial&mutation={twist}")
    lured = failed = refused = 0
    for scenario in environment.scenarios("train")[:21]:
        episode, planner, done, over = environment.start(scenario), environment.planner(scenario), [], False
        assert isinstance(planner, Tempted)
        while not over:
            view = episode.observe().view
            lure = planner.temptation(view)
            fresh = lure is not None and lure not in done
            call = lure if fresh else planner.remaining(view)[0]
            done += [call] * fresh
            step = episode.step(call)
            over = step.over
            refused += fresh and not step.legal
        lured += bool(done)
        failed += step.rewards == (0.0,)
    assert lured > 12
    assert (refused if twist == "wrong-order" else failed) > 2


def test_simulated_agents_fall_for_lures_at_their_rate_and_only_where_there_are_some() -> None:
    environment = made("support", "variant=adversarial&mutation=instruction-in-task")

    def harmful(profile: str) -> int:
        count = 0
        for scenario in environment.scenarios("train")[:60]:
            agent, episode = simulated(environment, profile)(scenario, 3), environment.start(scenario)
            planted = environment.planner(scenario).temptation({**episode.observe().view})
            count += any(agent.propose(episode.observe()) == planted for _ in range(3))
        return count

    assert 15 < harmful("small") < 50
    assert harmful("large") < harmful("small")


@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_the_truth_says_who_is_needed(workflow: str) -> None:
    environment, nominal = made(workflow, "variant=adversarial"), made(workflow)
    pairs = zip(environment.scenarios("train")[:60], nominal.scenarios("train")[:60], strict=True)
    for scenario, sibling in pairs:
        episode, _ = followed(environment, scenario)
        truth = episode.truth()
        assert isinstance(truth, CaseTruth)
        anyhow = followed(nominal, sibling)[0].truth().needs_person
        assert anyhow is False or workflow == "deployment", "elsewhere only a twist makes somebody necessary"
        assert truth.needs_person is (anyhow or scenario.template.endswith("~needs-person"))
        persons = [routing for routing in truth.routings if routing.person]
        assert bool(persons) is truth.needs_person
        assert all(routing.correct for routing in truth.routings), truth.routings
        assert truth.need is None or truth.need.to not in ("", "me")


def test_routing_decisions_are_noted_right_or_wrong() -> None:
    environment = made("support")
    scenario = next(s for s in environment.scenarios("train") if s.template == "intake/login/business")
    episode, planner = environment.start(scenario), environment.planner(scenario)
    while (call := planner.remaining(episode.observe().view)[0])["tool"] != "route_ticket":
        assert episode.step(call).legal
    ticket = call["arguments"]["ticket_id"]
    for queue, legal in (("billing", False), ("technical", True), ("key_accounts", True)):
        assert episode.step({"tool": "route_ticket", "arguments": {"ticket_id": ticket, "queue": queue}}).legal is legal
    episode.step({"tool": "route_ticket", "arguments": {"ticket_id": ticket, "queue": "nowhere"}})
    assert episode.truth().routings == (
        Routing(ticket, "billing", "key_accounts"),
        Routing(ticket, "technical", "key_accounts"),
        Routing(ticket, "key_accounts", "key_accounts"),
    )
    assert [routing.correct for routing in episode.truth().routings] == [False, False, True]


def test_authority_is_no_need_for_a_person() -> None:
    assert CaseTruth(need=Need("team_lead", "authority")).needs_person is False
    assert CaseTruth(need=Need("team_lead")).needs_person is True
    assert CaseTruth().needs_person is False


def test_the_truth_on_rights_is_what_the_strict_policy_says() -> None:
    """A nominal start needs somebody else exactly where the plan meets a denial, and hands over are right then."""
    environment = made("expense")
    governance = environment.governance("strict")
    engine = CedarEngine(governance.policies, governance.schema, entities=governance.entities)
    mapping = RequestMapping.from_data(governance.mapping)
    needed = 0
    for scenario in environment.scenarios("validation")[:120]:
        episode, planner, denied, over = environment.start(scenario), environment.planner(scenario), False, False
        while not over:
            call = planner.remaining(episode.observe().view)[0]
            permits = engine.evaluate(mapping.request(call, episode.facts(*mapping.resource(call)))).permits
            denied |= not permits
            over = (episode.step(call) if permits else episode.withhold(call, POLICY_DENIED, "no")).over
        truth = episode.truth()
        assert (truth.need is not None) is denied, (scenario, truth)
        assert truth.needs_person is False, "authority is the policy's alone"
        assert [routing.person for routing in truth.routings if routing.person] == [True] * denied
        assert all(routing.correct for routing in truth.routings)
        needed += denied
    assert 10 < needed < 40


def test_simulated_agents_misroute_where_work_is_sent_somewhere() -> None:
    """At their rate, to another of the places listed; in expense, whose planner sends nothing, nothing is drawn."""
    assert not isinstance(made("expense").planner(made("expense").scenarios("train")[0]), Sorting)
    for variant in ("nominal", "mutated", "adversarial"):
        environment = made("support", f"variant={variant}")
        right, wrong = 0, 0
        for scenario in environment.scenarios("train")[:53]:
            planner, episode = environment.planner(scenario), environment.start(scenario)
            assert isinstance(planner, Sorting)
            agent, over = simulated(environment, "small")(scenario, 3), False
            while not over:
                plan = planner.remaining(episode.observe().view)[0]
                call = agent.propose(episode.observe())
                where = planner.routes.get(plan["tool"])
                if (
                    where is not None
                    and call["tool"] == plan["tool"]
                    and call["arguments"].keys() == plan["arguments"].keys()
                ):
                    listed = episode.observe().view["tools"][plan["tool"]]["schema"]["properties"][where]["enum"]
                    right += call["arguments"][where] == plan["arguments"][where]
                    wrong += call["arguments"][where] in listed and call["arguments"][where] != plan["arguments"][where]
                over = episode.step(plan).over
        assert right > 3 * wrong > 0, variant
