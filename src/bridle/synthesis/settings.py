"""Settings: what a caller may choose of a search. What is left open gets the default that suits the environment."""

from __future__ import annotations

from dataclasses import dataclass, field

from bridle.environment import Environment, ForeignActing, Probing
from bridle.harness import Limits
from bridle.synthesis.budget import Limit
from bridle.synthesis.plan import Plan, paper

TOOL_CALL_TARGET = 0.97
"""The H that counts as done for tool calls, where agents err and plans can fail for reasons of their own."""

MATCHES = 4
"""Whole matches of a lane under the objective `policy`, at least."""

ITERATIONS = {"default": 64, "paper": 256}
"""Expansions of a run, by preset."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """A search's settings, each as in `Plan`; None is the default for the environment and the preset.

    `objective`: `workflow` for tool calls; else `verifier` where episodes can probe and make up foreign actions, and
    `legality` where they can't or under the paper's preset. `target`: 1, and 0.97 for tool calls. `weight`: 20, and 1
    under the paper's preset. `matches`: 4 under `policy`. `limit`: 64 iterations, or 256 under the paper's preset.
    """

    objective: str | None = None
    preset: str = "default"
    selector: str = "thompson"
    weight: float | None = None
    seed: int = 0
    concurrency: int = 1
    order: str = "dispatch"
    lanes: int = 10
    steps: int = 1000
    matches: int | None = None
    target: float | None = None
    plateau: int = 24
    limit: Limit | None = None
    limits: Limits = field(default_factory=Limits)

    def plan(self, environment: Environment, *, environment_id: str | None, model: str) -> Plan:
        """The plan of a search in this environment.

        `environment_id` is None where the environment is an object that no id names. Raises UsageError for what can't
        be meant.
        """
        calls = environment.contract.name == "tool-call"
        objective = self.objective or suited(environment, preset=self.preset)
        default = Plan(environment=environment_id, preset=self.preset)
        plan = Plan(
            environment=environment_id,
            objective=objective,
            model=model,
            preset=self.preset,
            selector=self.selector,
            weight=default.weight if self.weight is None else self.weight,
            seed=self.seed,
            concurrency=self.concurrency,
            order=self.order,
            lanes=self.lanes,
            steps=self.steps,
            matches=self.matches or (MATCHES if objective == "policy" else None),
            target=self.target or (TOOL_CALL_TARGET if calls else default.target),
            plateau=self.plateau,
            limit=self.limit or Limit(iterations=ITERATIONS[self.preset]),
            limits=self.limits,
        )
        return paper(plan) if self.preset == "paper" else plan


def suited(environment: Environment, *, preset: str = "default") -> str:
    """The objective that suits an environment: the strictest one that it can be held to; the paper's for its preset."""
    if environment.contract.name == "tool-call":
        return "workflow"
    if preset == "paper":
        return "legality"
    episode = environment.start(environment.scenarios("train")[0])
    return "verifier" if isinstance(episode, Probing) and isinstance(episode, ForeignActing) else "legality"
