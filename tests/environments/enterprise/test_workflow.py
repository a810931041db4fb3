"""Episodes of workflows, on the small toy: limits, mishaps, withheld calls."""

from __future__ import annotations

import random
from itertools import islice

import pytest

from bridle.environment import Scenario
from bridle.environments.enterprise.templates import TemplatedScenarios, divided
from bridle.environments.enterprise.workflow import WorkflowEpisode
from bridle.errors import EnvironmentFault, UsageError
from bridle.testing.environment import Effort, check_environment
from bridle.testing.toy_tools import Pottery

LOOK = {"tool": "look_around", "arguments": {}}
CLOSE = {"tool": "close_studio", "arguments": {}}


def start(transient: float = 0.0, seed: int = 3, template: str = "fired/2") -> WorkflowEpisode:
    scenario = Scenario(split="train", index=0, seed=seed, template=template)
    return Pottery(transient).start(scenario)


def test_the_toy_keeps_the_contract() -> None:
    report = check_environment(Pottery(), Effort(scenarios=10, steps=60, every=2))
    assert report.findings == []
    assert set(report.capabilities) == {"probe", "legal_actions", "foreign_actions"}


@pytest.mark.parametrize("split", ["train", "validation", "sealed"])
def test_the_potter_reaches_the_goal(split: str) -> None:
    environment = Pottery(0)
    for scenario in islice(environment.scenarios(split), 60):  # type: ignore[arg-type]
        episode, planner = environment.start(scenario), environment.planner(scenario)
        while not (step := episode.step(planner.remaining(episode.observe().view)[0])).over:
            assert step.legal, step.feedback
        assert step.rewards == (1.0,)


def test_an_episode_ends_when_its_turns_are_spent() -> None:
    episode = start()
    steps = [episode.step(LOOK) for _ in range(18)]
    assert [step.over for step in steps] == [False] * 17 + [True]
    assert (steps[-1].truncated, steps[-1].terminated, steps[-1].rewards) == (True, False, (0.0,))
    for late in (episode.step, lambda call: episode.withhold(call, "refused", "")):
        with pytest.raises(EnvironmentFault, match="over"):
            late(LOOK)


def test_a_session_closes_after_four_inapplicable_calls() -> None:
    episode = start()
    wrong = {"tool": "fire_pot", "arguments": {}}
    assert not any(episode.step(call).over for call in (wrong, LOOK, wrong, LOOK, wrong))
    assert episode.step(wrong).truncated


def test_what_the_interface_refuses_counts_and_shows_as_if_the_system_had() -> None:
    wrong = {"tool": "fire_pot", "arguments": {}}
    stepped, told = start(), start()
    for _ in range(4):
        step = stepped.step(wrong)
        again = told.withhold(wrong, step.error_class, step.feedback)
        assert again == step
        assert told.observe() == stepped.observe()
    assert step.over


def test_what_the_harness_refused_costs_a_turn_and_is_not_shown() -> None:
    episode = start()
    before = episode.observe()
    steps = [episode.withhold(LOOK, "rejected", "no") for _ in range(18)]
    assert episode.observe() == before
    assert [step.over for step in steps] == [False] * 17 + [True], "the fifth is no inapplicable call too many"
    assert not steps[0].legal
    assert steps[0].error_class == "rejected"


def test_transient_failures_befall_applicable_calls_only_and_change_nothing() -> None:
    failed = seen = 0
    for seed in range(300):
        episode = start(0.5, seed)
        wrong = episode.step({"tool": "dry_pot", "arguments": {}})
        assert wrong.error_class == "schema"
        truth, step = episode.probe(LOOK), episode.step(LOOK)
        assert truth.legal
        assert step.legal
        assert step.error_class in ("", "transient")
        failed += step.error_class == "transient"
        seen += bool(episode.observe().view["resources"]) == (step.error_class == "")
    assert 100 < failed < 200
    assert seen == 300


def test_probing_draws_no_mishap() -> None:
    plain, probed = start(0.3, 8), start(0.3, 8)
    for _ in range(12):
        for action in probed.foreign_actions(random.Random(1)):
            probed.probe(action)
        probed.legal_actions()
        assert plain.step(LOOK) == probed.step(LOOK)


def test_groups_are_in_every_split_and_templates_in_one() -> None:
    groups = {f"g{n}": [f"g{n}/{i}" for i in range(3 + n)] for n in range(6)}
    found = divided(groups)
    names = [name for split in found.values() for name in split]
    assert sorted(names) == sorted(name for group in groups.values() for name in group)
    for split in found.values():
        assert {name.split("/")[0] for name in split} == set(groups)
    with pytest.raises(UsageError, match="'few'"):
        divided({"few": ["a", "b"]})


def test_scenarios_are_a_sequence() -> None:
    scenarios = TemplatedScenarios("sealed", {"train": ("a",), "sealed": ("b", "c")}, length=10)
    assert [s.template for s in scenarios[:4]] == ["b", "c", "b", "c"]
    assert [s.seed for s in scenarios[:3]] == [1, 3, 5]
    assert scenarios[-1] == scenarios[9]
    assert len(list(scenarios)) == 10
    with pytest.raises(IndexError):
        scenarios[10]
    with pytest.raises(UsageError, match="train, sealed"):
        TemplatedScenarios("test", {"train": ("a",), "sealed": ("b",)})
