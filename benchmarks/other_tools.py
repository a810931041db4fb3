"""A rule-learner harness in an environment that nobody here wrote: AgentDojo's four suites.

Trained on half of each suite's tasks, measured on the other half: false acceptance and false rejection with intervals,
clustered by task, beside no harness and a perfect probe. The agents are simulated (they stray from the calls that solve
a task); AgentDojo's tools are real. Needs `pip install agentdojo==0.1.35`.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

from bridle.agents.simulated import simulated
from bridle.environments.catalog import resolve
from bridle.errors import BridleError
from bridle.evaluation import metrics
from bridle.evaluation.assessed import AssessedEpisode
from bridle.evaluation.guarded import play, played, setting
from bridle.harness import TOOL_CALL, Harness, Limits, Loaded
from bridle.rollout import Trial
from bridle.runtime.reviewer import HarnessReviewer, PerfectProbe, Reviewer, Unreviewed
from bridle.sandbox import LocalSandbox
from bridle.statistics import Estimate
from bridle.synthesis import run as runs
from bridle.synthesis.budget import Limit
from bridle.synthesis.plan import Plan

FIGURES = {
    "valid-action rate": metrics.valid_action_rate,
    "false acceptance": metrics.false_acceptance,
    "false rejection": metrics.false_rejection,
    "wrongly refused or escalated": metrics.wrongly_withheld,
    "completion": metrics.completion,
}


def learned(suite: str, folder: Path, *, steps: int) -> Harness:
    """The rule learner's harness for a suite, from its open tasks."""
    plan = Plan(
        environment=f"dojo:Dojo?suite={suite}",
        objective="workflow",
        model="rules",
        target=0.97,
        steps=steps,
        limit=Limit(iterations=4),
    )
    outcome = runs.start(plan, folder, executor="inline")
    print(f"{suite}: stopped: {outcome.stop}; H {outcome.best.h:.3f} on open tasks", flush=True)
    return Harness(outcome.best.source, contract=TOOL_CALL)


def shown(estimate: Estimate | None) -> str:
    """A figure with its interval and denominator."""
    if estimate is None:
        return "no data"
    return f"{estimate.value:.3f} [{estimate.low:.3f}, {estimate.high:.3f}] of {estimate.n}"


def measured(suite: str, harness: Harness, *, episodes: int) -> None:
    """Print the suite's table, on the sealed tasks."""
    environment = resolve(f"dojo:Dojo?suite={suite}")
    trial = Trial(split="sealed", lanes=10, steps=100_000)
    agents = simulated(environment, "small")

    def condition(reviewer: Reviewer, loaded: Loaded | None = None) -> list[AssessedEpisode]:
        return list(played(play(setting(environment, agents, reviewer), trial, loaded, episodes=episodes)))

    with LocalSandbox() as sandbox, sandbox.load(harness, Limits()) as loaded:
        columns = {
            "no harness": condition(Unreviewed()),
            "rule learner": condition(HarnessReviewer(harness), loaded),
            "perfect probe": condition(PerfectProbe()),
        }
    print(f"{suite}, sealed tasks, {agents.name}", *(f"{name:>34}" for name in columns), sep="")
    for name, figure in FIGURES.items():
        print(f"{name:40}", *(f"{shown(figure(found)):>34}" for found in columns.values()), sep="", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("suites", nargs="*", default=["banking", "slack", "travel", "workspace"])
    parser.add_argument("--episodes", type=int, default=20, help="Episodes of each of 10 lanes.")
    parser.add_argument("--steps", type=int, default=300, help="Proposals of each of 10 lanes of a search's rollout.")
    parser.add_argument("--keep", type=Path, help="Write the harnesses into this folder.")
    asked = parser.parse_args()
    os.chdir(Path(__file__).parent)
    try:
        resolve("dojo:Dojo")
    except BridleError as error:
        print(f"AgentDojo is not installed here ({error}); pip install agentdojo==0.1.35.", file=sys.stderr)
        return 0
    for suite in asked.suites:
        began = time.perf_counter()
        with tempfile.TemporaryDirectory() as folder:
            harness = learned(suite, Path(folder) / "run", steps=asked.steps)
        if asked.keep:
            asked.keep.mkdir(parents=True, exist_ok=True)
            (asked.keep / f"{suite}.py").write_text(harness.source)
        measured(suite, harness, episodes=asked.episodes)
        print(f"{time.perf_counter() - began:.0f} s\n", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
