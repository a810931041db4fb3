"""Objectives: what a search maximises. Each plays a trial with a loaded harness and gives its `Evidence`.

Source: the paper, section 3: H = legal actions / actions over the rollouts; for `policy`, H = 0 if any action was
illegal, else 0.5 + 0.5 r.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

from bridle.agents.random_legal import random_legal
from bridle.environment import Environment
from bridle.errors import UsageError
from bridle.evaluation.evidence import Evidence, of_rollout, pooled
from bridle.evaluation.verifier import Verifier
from bridle.evaluation.workflow import Workflow
from bridle.harness import Harness, Loaded
from bridle.rollout import Trial, lockstep


class Objective(Protocol):
    """One way to value a harness."""

    @property
    def name(self) -> str:
        """What it is called on the command line."""

    @property
    def goal(self) -> str:
        """What the refiner is told it is for."""

    def measure(self, environment: Environment, harness: Harness, loaded: Loaded, trial: Trial) -> Evidence:
        """Play the trial with a harness, `loaded`. Failures are data in the evidence; only the harness's lower `h`."""

    def merge(self, first: Evidence, second: Evidence) -> Evidence:
        """The evidence of both trials together, for a confirmation on fresh seeds."""


@dataclass(frozen=True)
class Legality:
    """The paper's: H = legal ÷ attempted, pooled over all steps; the harness plays every seat."""

    name: str = "legality"
    goal: str = "every action that propose_action returns is legal, and is_legal_action tells legal from illegal"

    def measure(self, environment: Environment, harness: Harness, loaded: Loaded, trial: Trial) -> Evidence:
        """Play the trial in lockstep."""
        return of_rollout(lockstep(environment, loaded, trial))

    def merge(self, first: Evidence, second: Evidence) -> Evidence:
        """Pooled."""
        return pooled(first, second)


@dataclass(frozen=True)
class Policy:
    """The paper's policy objective: H = 0 if any action was illegal, else 0.5 + 0.5 r, r the mean reward in [0, 1].

    The other seats are played by a random legal player; the harness's seat alternates between episodes.
    """

    name: str = "policy"
    goal: str = "propose_action returns a legal action that maximises the final reward"

    def measure(self, environment: Environment, harness: Harness, loaded: Loaded, trial: Trial) -> Evidence:
        """Play the trial in lockstep against random legal opponents."""
        opponent = random_legal if environment.players > 1 else None
        rollout = lockstep(environment, loaded, trial, opponent=opponent)
        low, high = environment.reward_range
        # A reward outside the declared range is the environment's fault, and H stays in [0, 1].
        scaled = [min(1.0, max(0.0, (reward - low) / ((high - low) or 1.0))) for reward in rollout.rewards]
        evidence = of_rollout(rollout)
        return _valued(replace(evidence, reward=sum(scaled) / len(scaled) if scaled else None))

    def merge(self, first: Evidence, second: Evidence) -> Evidence:
        """Pooled; rewards weighted by episodes."""
        both = pooled(first, second)
        weighted = [(e.reward, e.counts["rewarded"]) for e in (first, second) if e.reward is not None]
        total = sum(weight for _, weight in weighted)
        reward = sum(value * weight for value, weight in weighted) / total if total else None
        return _valued(replace(both, reward=reward))


def _valued(evidence: Evidence) -> Evidence:
    clean = evidence.counts["legal"] == evidence.counts["attempted"] > 0
    return replace(evidence, h=0.5 + 0.5 * (evidence.reward or 0.0) if clean else 0.0)


OBJECTIVES: dict[str, Objective] = {
    objective.name: objective for objective in (Legality(), Policy(), Verifier(), Workflow())
}


def objective(name: str) -> Objective:
    """The objective called `name`; UsageError where there is none."""
    if name not in OBJECTIVES:
        raise UsageError(f"There is no objective {name!r}; use one of {', '.join(OBJECTIVES)}.")
    return OBJECTIVES[name]
