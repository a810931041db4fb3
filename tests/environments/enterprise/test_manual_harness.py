"""The harnesses written by hand: data beside a workflow, right in the sandbox and behind the guard, and never imported."""

from __future__ import annotations

import random
from collections.abc import Iterator
from importlib import resources
from typing import Any

import pytest

from bridle.agents.simulated import simulated
from bridle.environment import Shipping
from bridle.environments.catalog import resolve
from bridle.evaluation.comparison import cedar
from bridle.evaluation.guarded import play, played, setting
from bridle.evaluation.metrics import changed_intent, completion, false_acceptance, valid_action_rate, wrongly_withheld
from bridle.harness import Call, Limits, Loaded
from bridle.rollout import Trial
from bridle.runtime.reviewer import HarnessReviewer, Unreviewed
from bridle.runtime.verdict import Verdict, review_verdict, rules_of
from bridle.sandbox.gate import examine
from bridle.sandbox.local import LocalSandbox

WORKFLOWS = ("expense", "support")


@pytest.fixture(scope="module", params=WORKFLOWS)
def shipped(request: pytest.FixtureRequest) -> Iterator[tuple[Any, Loaded]]:
    environment = resolve(f"enterprise/{request.param}")
    assert isinstance(environment, Shipping)
    sandbox = LocalSandbox()
    loaded = sandbox.load(environment.manual_harness(), Limits())
    yield environment, loaded
    loaded.close()
    sandbox.close()


@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_it_is_data_that_the_static_gate_lets_through(workflow: str) -> None:
    environment = resolve(f"enterprise/{workflow}")
    harness = environment.manual_harness()  # type: ignore[attr-defined]
    assert examine(harness, Limits()) == ()
    assert len(harness.source.splitlines()) < 400
    folder = resources.files(f"bridle.environments.enterprise.{workflow}")
    assert (folder / "manual.harness").read_text("utf-8") == harness.source
    assert resolve(f"enterprise/{workflow}?variant=mutated").manual_harness() == harness  # type: ignore[attr-defined]
    spoken = harness.source.lower()
    assert not [word for word in ("role", "employee", "limit_cents", "owner", "approver") if word in spoken]


def test_it_says_the_truth_as_far_as_a_view_shows_it(shipped: tuple[Any, Loaded]) -> None:
    """Over foreign actions in all sorts of states: what it accepts is applicable, and what it refuses is not."""
    environment, loaded = shipped
    rules = rules_of(environment.manual_harness())
    asked, truths = [], []
    for scenario in environment.scenarios("validation")[:60]:
        episode, planner, rng = environment.start(scenario), environment.planner(scenario), random.Random(scenario.seed)
        over = False
        while not over:
            view = episode.observe().view
            for action in rng.sample(actions := episode.foreign_actions(rng), min(8, len(actions))):
                if (
                    isinstance(action, dict)
                    and action.keys() == {"tool", "arguments"}
                    and isinstance(action["tool"], str)
                ):
                    asked.append(Call("review_call", (view, action)))
                    truths.append(episode.probe(action))
            over = episode.step(planner.remaining(view)[0]).over
    wrong = {True: [], False: []}
    for start in range(0, len(asked), 100):
        replies = loaded.batch(asked[start : start + 100])
        for call, reply, truth in zip(asked[start:], replies, truths[start:], strict=False):
            assert reply.failure is None, (call.values[1], reply.failure)
            verdict = review_verdict(reply.value, rules)
            assert isinstance(verdict, Verdict), verdict
            if (
                verdict.word != "rewrite"
                and (verdict.word == "accept") is not truth.legal
                and truth.error_class != "stale"
            ):
                wrong[truth.legal].append((call.values[1], truth, verdict.rule))
    assert len(asked) > 1500
    assert len(wrong[True]) / len(asked) < 0.002, wrong[True][:5]
    assert len(wrong[False]) / len(asked) < 0.002, wrong[False][:5]


def test_behind_the_guard_agents_get_further_with_it(shipped: tuple[Any, Loaded]) -> None:
    environment, loaded = shipped
    agents, engine = simulated(environment, "small"), cedar(environment, "strict")
    trial = Trial(split="validation", lanes=8, steps=300, seed=2)
    reviewer = HarnessReviewer(environment.manual_harness())
    without = played(play(setting(environment, agents, Unreviewed(), engine), trial, episodes=12))
    with_it = played(play(setting(environment, agents, reviewer, engine), trial, loaded, episodes=12))

    def rate(metric: Any, episodes: Any) -> float:
        estimate = metric(episodes)
        assert estimate is not None
        return float(estimate.value)

    assert rate(completion, with_it) > rate(completion, without) + 0.2
    assert rate(valid_action_rate, with_it) > 0.97
    assert rate(false_acceptance, with_it) < 0.03
    assert rate(wrongly_withheld, with_it) < 0.005
    assert rate(changed_intent, with_it) == 0


def test_what_a_vendor_changes_is_felt(shipped: tuple[Any, Loaded]) -> None:
    """Written for the tools as they were, it refuses what has become right: renamed fields at the least."""
    nominal, loaded = shipped
    environment = resolve(f"{nominal.name}?variant=mutated&mutation=field-renamed")
    agents, engine = simulated(environment, "large"), cedar(environment, "strict")
    reviewer = HarnessReviewer(nominal.manual_harness())
    trial = Trial(split="validation", lanes=8, steps=200, seed=2)
    episodes = played(play(setting(environment, agents, reviewer, engine), trial, loaded, episodes=8))
    estimate = wrongly_withheld(episodes)
    assert estimate is not None
    assert estimate.value > 0.02
