"""The harness for deployments that was written by hand: data that only ever runs in the sandbox."""

from __future__ import annotations

import random
import sys

import pytest
from deployment_world import looks_applicable

from bridle.environment import Shipping
from bridle.environments.enterprise.deployment.environment import Deployment
from bridle.evaluation.comparison import compare
from bridle.evaluation.lint import lint
from bridle.evaluation.metrics import completion, false_acceptance, repeated_failure_rate, wrongly_withheld
from bridle.harness import Call, Limits
from bridle.rollout import Trial
from bridle.runtime.verdict import Verdict, review_verdict, rules_of
from bridle.sandbox import LocalSandbox

ENVIRONMENT = Deployment()


def test_it_is_shipped_as_data() -> None:
    assert isinstance(ENVIRONMENT, Shipping)
    harness = ENVIRONMENT.manual_harness()
    assert harness.contract is ENVIRONMENT.contract
    assert len(rules_of(harness)) > 30
    package = "bridle.environments.enterprise.deployment"
    assert not [name for name in sys.modules if name.startswith(package) and "manual" in name]


def test_nothing_speaks_against_its_source() -> None:
    assert lint(ENVIRONMENT.manual_harness()) == []


@pytest.mark.parametrize("variant", ["nominal", "adversarial"])
def test_it_says_what_somebody_who_knows_the_rules_says(variant: str) -> None:
    """Over made-up calls in the views of plans: it accepts, or puts a spelling right, or refuses."""
    environment, harness = Deployment(moves=0, variant=variant), ENVIRONMENT.manual_harness()
    rules, wrong, rows = rules_of(harness), [], 0
    with LocalSandbox(pinned=False) as sandbox, sandbox.load(harness, Limits()) as loaded:
        for scenario in environment.scenarios("validation")[:16]:
            episode, planner = environment.start(scenario), environment.planner(scenario)
            rng, over = random.Random(scenario.seed), False
            while not over:
                view = episode.observe().view
                calls = [action for action in episode.foreign_actions(rng) if isinstance(action, dict)]
                replies = loaded.batch([Call("review_call", (view, action)) for action in calls])
                for action, reply in zip(calls, replies, strict=True):
                    assert reply.failure is None, reply.failure
                    verdict = review_verdict(reply.value, rules)
                    assert isinstance(verdict, Verdict), verdict
                    final = verdict.call if verdict.word == "rewrite" else action
                    rows += 1
                    if (verdict.word in ("accept", "rewrite")) != looks_applicable(view, final):
                        wrong.append((action, verdict))
                over = episode.step(planner.remaining(view)[0]).over
    assert rows > 1500
    assert len(wrong) / rows < 0.002, wrong[:5]


def test_agents_get_further_behind_it() -> None:
    harness = ENVIRONMENT.manual_harness()
    trial = Trial(split="validation", lanes=4, steps=100_000, seed=0)
    with LocalSandbox(pinned=False) as sandbox, sandbox.load(harness, Limits()) as loaded:
        found = compare(ENVIRONMENT, harness, loaded, profile="small", policy="strict", trial=trial, episodes=14)
    played = found.with_harness.episodes
    gain = found.gain(seed=0)
    assert gain is not None
    assert gain.low > 0
    for rate, most in ((false_acceptance, 0.03), (wrongly_withheld, 0.01), (repeated_failure_rate, 0.1)):
        estimate = rate(played)
        assert estimate is None or estimate.value <= most, (rate.__name__, estimate)
    reached = completion(played)
    assert reached is not None
    assert reached.value > 0.8
