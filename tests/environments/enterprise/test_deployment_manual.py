"""The harness for deployments that was written by hand: data that only ever runs in the sandbox."""

from __future__ import annotations

import random
import sys
from dataclasses import replace
from typing import Any

import pytest
from deployment_world import artifact, episode, looks_applicable, release, service

from bridle.environment import Shipping
from bridle.environments.enterprise.deployment.environment import Deployment
from bridle.environments.enterprise.deployment.records import Service
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


def escalated(of: Service, task: str, *reads: dict[str, Any], call: dict[str, Any]) -> Any:
    """The harness's answer to a call, after the reads."""
    harness = ENVIRONMENT.manual_harness()
    made = episode(of, task=task, opened=False)
    for read in reads:
        assert made.step(read).legal
    with LocalSandbox(pinned=False) as sandbox, sandbox.load(harness, Limits()) as loaded:
        return loaded.call("review_call", made.observe().view, call).value


def tool(name: str, **arguments: Any) -> dict[str, Any]:
    return {"tool": name, "arguments": arguments}


@pytest.mark.parametrize("longest", [29, 30])
def test_where_no_window_is_long_enough_it_asks_for_a_person(longest: int) -> None:
    of = service()
    release(of, change="")
    of.windows[0].minutes, of.windows[1].minutes = 20, longest
    answer = escalated(
        of,
        "File the change record of REL-1001 of SVC-1001.",
        tool("get_release", release_id="REL-1001"),
        tool("list_windows", service_id="SVC-1001"),
        call=tool("file_change", release_id="REL-1001", window_id="WIN-1001", risk="medium", summary="x"),
    )
    assert answer["verdict"] == ("escalate" if longest < 30 else "reject")
    if longest < 30:
        assert (answer["to"], answer["missing"]) == ("release_desk", ["a window of 30 minutes"])


@pytest.mark.parametrize("named", [False, True])
def test_where_several_artifacts_have_the_version_it_asks_which(named: bool) -> None:
    of = service()
    artifact(of)
    of.artifacts.append(replace(of.artifacts[0], id="ART-1002"))
    answer = escalated(
        of,
        f"Plan a release of {'ART-1001' if named else 'version 2.0.0'} of SVC-1001.",
        tool("list_artifacts", service_id="SVC-1001"),
        tool("get_artifact", artifact_id="ART-1001"),
        call=tool("plan_release", artifact_id="ART-1001", strategy="rolling"),
    )
    assert answer["verdict"] == ("accept" if named else "escalate")
    assert named or (answer["to"], answer["missing"]) == ("service_team", ["which of ART-1001, ART-1002 is meant"])


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
