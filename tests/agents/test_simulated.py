"""Simulated agents: seeded, labelled, fair, and wrong about as often as their profile says."""

from __future__ import annotations

import copy
import json
import random
from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest

from bridle.agents.planner import Planning
from bridle.agents.simulated import PROFILES, Profile, SimulatedAgent, simulated
from bridle.environment import Environment, Observation
from bridle.environments.enterprise.expense.environment import Expense
from bridle.errors import UsageError
from bridle.runtime.effects import Refusal
from bridle.testing.toy import Doors
from bridle.testing.toy_tools import Pottery

EXPENSE, POTTERY = Expense(), Pottery()
SCHEMA = {
    "type": "object",
    "properties": {"n": {"type": "integer"}, "id": {"type": "string"}},
    "required": ["n", "id"],
    "additionalProperties": False,
}
NOTHING = {field: 0.0 for field in Profile.__dataclass_fields__ if field != "name"}
DONE = {"tool": "done", "arguments": {}}


def profile(**rates: float) -> Profile:
    return Profile(name="test", **{**NOTHING, **rates})


class Steps:
    """A plan that does not move: three calls and the end."""

    plan = [{"tool": f"t{n}", "arguments": {"n": n, "id": f"X-10{n}"}} for n in range(3)] + [DONE]

    def remaining(self, view: Mapping[str, Any]) -> list[dict[str, Any]]:
        return copy.deepcopy(self.plan)


def agent(seed: int = 0, **rates: float) -> SimulatedAgent:
    return SimulatedAgent(Steps(), profile(**rates), random.Random(seed))


def seen(*calls: dict[str, Any]) -> Observation:
    tools = {name: {"schema": SCHEMA} for name in ("t0", "t1", "t2")}
    return Observation(0, {"tools": tools, "calls": list(calls), "resources": {}})


def failed(error_class: str) -> dict[str, Any]:
    return {"tool": "t0", "arguments": {}, "ok": False, "error": {"class": error_class, "message": "m"}}


def completion(environment: Environment, name: str, *, perfect: bool, episodes: int = 150) -> tuple[float, float]:
    """Completion, and the share of proposals that were not applicable; `perfect` refuses those, up to five a turn."""
    agents = simulated(environment, name)
    done = proposals = wrong = 0.0
    for scenario in environment.scenarios("validation")[:episodes]:
        episode: Any = environment.start(scenario)
        one, over = agents(scenario, 0), False
        while not over:
            refusals: tuple[Refusal, ...] = ()
            for _ in range(5 if perfect else 1):
                action = one.propose(episode.observe(), refusals)
                truth = episode.probe(action)
                proposals += 1
                wrong += not truth
                if truth:
                    break
                refusals += (Refusal(action, truth.feedback),)
            withheld = perfect and not truth
            step = episode.withhold(action, "refused", "") if withheld else episode.step(action)
            over = step.over
        done += step.rewards[0]
    return done / episodes, wrong / proposals


def test_names_say_what_they_are() -> None:
    for name in PROFILES:
        agents = simulated(EXPENSE, name)
        assert agents.name == f"simulated-{name}"
        assert agents(EXPENSE.scenarios("train")[0], 0).name == agents.name


def test_what_can_not_be_simulated_is_said() -> None:
    with pytest.raises(UsageError, match="small, large"):
        simulated(EXPENSE, "huge")
    with pytest.raises(UsageError, match="toy/doors has no planner"):
        simulated(Doors())
    assert isinstance(EXPENSE, Planning)


@pytest.mark.parametrize("environment", [EXPENSE, POTTERY], ids=["expense", "pottery"])
def test_a_harness_has_something_to_gain(environment: Environment) -> None:
    """Bare completion lies in the middle; behind a perfect filter it is much higher; the large agent is the better."""
    small, wrong = completion(environment, "small", perfect=False)
    filtered, _ = completion(environment, "small", perfect=True)
    large, fewer = completion(environment, "large", perfect=False)
    assert 0.3 < small < 0.72
    assert filtered > small + 0.2
    assert filtered > 0.8
    assert large > small + 0.1
    assert 0.2 < wrong < 0.45
    assert fewer < wrong / 1.5


def test_the_same_seed_makes_the_same_episode_and_another_seed_another() -> None:
    def proposals(seed: int) -> list[Any]:
        found = []
        for scenario in EXPENSE.scenarios("train")[:20]:
            episode, one = EXPENSE.start(scenario), simulated(EXPENSE)(scenario, seed)
            while True:
                found.append(one.propose(episode.observe()))
                if episode.step(found[-1]).over:
                    break
        return found

    state = random.getstate()
    assert proposals(1) == proposals(1)
    assert proposals(1) != proposals(2)
    assert random.getstate() == state


def test_proposals_depend_on_the_view_alone() -> None:
    """An agent that is shown a stored copy of every view proposes what it proposed in the episode."""
    for scenario in EXPENSE.scenarios("train")[:20]:
        episode, one = EXPENSE.start(scenario), simulated(EXPENSE)(scenario, 5)
        views, proposed = [], []
        while True:
            views.append(json.dumps(episode.observe().view))
            proposed.append(one.propose(episode.observe()))
            if episode.step(proposed[-1]).over:
                break
        again = simulated(EXPENSE)(scenario, 5)
        assert [again.propose(Observation(0, json.loads(view))) for view in views] == proposed


def test_every_class_of_mistake_is_made() -> None:
    classes: Counter[str] = Counter()
    for scenario in EXPENSE.scenarios("train")[:300]:
        episode, one = EXPENSE.start(scenario), simulated(EXPENSE)(scenario, 0)
        while not (step := episode.step(one.propose(episode.observe()))).over:
            classes[step.error_class] += 1
    assert {"schema", "missing_precondition", "state_conflict", "not_found"} <= set(classes)


def test_without_rates_it_follows_the_plan() -> None:
    one = agent()
    for observation in (seen(), seen(failed("schema")), seen(failed("policy_denied"))):
        assert one.propose(observation) == Steps.plan[0]
    assert one.propose(seen(), [Refusal(Steps.plan[0], "no")]) == Steps.plan[0]


@pytest.mark.parametrize(
    ("rate", "expected"),
    [("too_early", Steps.plan[1:3]), ("wrong_order", Steps.plan[1:2]), ("gives_up", [DONE])],
)
def test_slips(rate: str, expected: list[Any]) -> None:
    found = [agent(seed, **{rate: 1.0}).propose(seen()) for seed in range(40)]
    assert all(call in expected for call in found)
    assert all(call in found for call in expected)


def test_an_invented_id_is_a_near_miss() -> None:
    call: Any = agent(1, invented=1.0).propose(seen())
    assert call["arguments"]["n"] == 0
    assert call["arguments"]["id"] != "X-100"
    assert call["arguments"]["id"].startswith("X-")


def test_a_repetition_needs_a_last_call() -> None:
    one = agent(3, repeat=1.0)
    first = one.propose(seen())
    assert first == Steps.plan[0]
    assert [one.propose(seen()) for _ in range(3)] == [first] * 3


def test_a_habit_stays_until_a_hint_cures_it() -> None:
    one = agent(4, omitted=1.0, heeds_hint=1.0)
    for _ in range(5):
        call: Any = one.propose(seen())
        assert len(call["arguments"]) == 1
    assert one.propose(seen(), [Refusal(call, "n is missing")]) == Steps.plan[0]
    assert one.propose(seen()) == Steps.plan[0], "cured"


def test_hints_are_taken_by_chance_and_more_often_than_errors() -> None:
    def right_after(hint: bool, name: str) -> float:
        rates = {**vars(PROFILES[name]), **dict.fromkeys(("too_early", "wrong_order", "repeat", "invented"), 0.0)}
        right = 0
        for seed in range(400):
            one = SimulatedAgent(Steps(), Profile(**{**rates, "omitted": 1.0}), random.Random(seed))
            wrong = one.propose(seen())
            answer = one.propose(seen(), [Refusal(wrong, "n")]) if hint else one.propose(seen(failed("schema")))
            right += answer == Steps.plan[0]
        return right / 400

    for name in PROFILES:
        assert abs(right_after(True, name) - PROFILES[name].heeds_hint) < 0.1
        assert right_after(False, name) < right_after(True, name)
    assert right_after(True, "small") < right_after(True, "large")


def test_a_denied_call_is_made_again_by_chance() -> None:
    again = 0
    for seed in range(400):
        one = agent(seed, omitted=1.0, retry_denied=0.5)
        first = one.propose(seen())
        one._habits["t0"] = None
        again += one.propose(seen(failed("policy_denied"))) == first
    assert 150 < again < 250


def test_of_choices_it_takes_the_right_one_where_it_is_offered() -> None:
    choices = [{"tool": "t9", "arguments": {}}, Steps.plan[0]]
    assert agent(malformed=1.0).propose(seen(), (), choices) == Steps.plan[0]
    assert agent(too_early=1.0).propose(seen(), (), Steps.plan) in Steps.plan[1:]
    assert agent().propose(seen(), (), choices[:1]) == Steps.plan[0]
