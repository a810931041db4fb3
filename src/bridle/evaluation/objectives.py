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
from bridle.evaluation.rewards import Source, Watcher, cached_reference, merged, scaled
from bridle.evaluation.verifier import Verifier, fingerprint
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

    The other seats are played by a random legal player; the harness's seat alternates between episodes. Where the trial
    plays whole matches, one that was cut or got stuck counts as the lowest reward, and the evidence says how the
    matches ended and what a random legal player gets.
    """

    name: str = "policy"
    goal: str = "propose_action returns a legal action that maximises the final reward"

    def measure(self, environment: Environment, harness: Harness, loaded: Loaded, trial: Trial) -> Evidence:
        """Play the trial in lockstep against random legal opponents."""
        opponent = random_legal if environment.players > 1 else None
        watcher = Watcher(environment) if trial.matches is not None else None
        rollout = lockstep(environment, loaded, trial, opponent=opponent, watch=watcher)
        evidence = of_rollout(rollout)
        if watcher is None:
            low, high = environment.reward_range
            values = scaled(rollout.rewards, low, high)
            return _valued(replace(evidence, reward=sum(values) / len(values) if values else None))
        reference = cached_reference(Source(fingerprint(environment), trial, environment)) if _open(trial) else None
        rewards = watcher.rewards(reference)
        counts = {**evidence.counts, "rewarded": len(rewards.values)}
        return _valued(replace(evidence, counts=counts, reward=rewards.mean, rewards=rewards))

    def merge(self, first: Evidence, second: Evidence) -> Evidence:
        """Pooled; rewards weighted by episodes."""
        both = pooled(first, second)
        if first.rewards is not None and second.rewards is not None:
            rewards = merged(first.rewards, second.rewards)
            return _valued(replace(both, reward=rewards.mean, rewards=rewards))
        weighted = [(e.reward, e.counts["rewarded"]) for e in (first, second) if e.reward is not None]
        total = sum(weight for _, weight in weighted)
        reward = sum(value * weight for value, weight in weighted) / total if total else None
        return _valued(replace(both, reward=reward))


def _open(trial: Trial) -> bool:
    """Whether the trial is the one that every candidate plays: a reference is worth making there only."""
    return trial.split == "train"


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
