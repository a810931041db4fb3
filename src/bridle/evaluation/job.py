"""A job: everything a process needs to measure one harness, and the function that does it there.

A job is small and picklable; the process that runs it keeps a sandbox of its own, so that generated code runs confined
wherever jobs run.
"""

from __future__ import annotations

import atexit
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from bridle.environment import Environment, unsealed
from bridle.environments.catalog import resolve
from bridle.errors import Failure, HarnessFault
from bridle.evaluation.evidence import Evidence
from bridle.evaluation.judged import Row
from bridle.evaluation.objectives import objective
from bridle.harness import Call, Harness, Limits, Loaded, Reply, Sandbox
from bridle.rollout import FailedStep, Trial
from bridle.runtime.verdict import Verdict, review_verdict, rules_of


@dataclass(frozen=True, kw_only=True)
class Job:
    """Measure `harness` in `environment` (an id, or the picklable environment itself) under an objective.

    `confirm` is a second trial on fresh scenarios, played only after a first one that reached `target`, and pooled
    with it. `alone` says that nothing else is measured beside it on this machine: then the harness may run on another
    CPU than its games, and both at once.
    """

    environment: str | Environment
    harness: Harness
    objective: str
    trial: Trial
    target: float = 1.0
    confirm: Trial | None = None
    limits: Limits = field(default_factory=Limits)
    alone: bool = False


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What a job gave. `confirmed` is True where the second trial was played and reached the target too."""

    evidence: Evidence
    confirmed: bool


@dataclass(frozen=True, kw_only=True)
class Tried:
    """What came of a candidate: it can't be loaded, it repeats its parent's mistakes, or it was measured."""

    objection: Failure | None = None
    repeated: bool = False
    measured: Measured | None = None


def attempt(job: Job, mistakes: Sequence[Row]) -> Tried:
    """Load a candidate once, ask it about its parent's mistakes, and measure it unless it repeats all of them.

    Raises:
        SandboxFault: the sandbox failed; nothing is known of the harness.
    """
    try:
        loaded = sandbox(os.getpid(), pinned=not job.alone).load(job.harness, job.limits)
    except HarnessFault as fault:
        return Tried(objection=fault.failure)
    try:
        if mistakes and not any(_rightly(job.harness, loaded, mistakes)):
            return Tried(repeated=True)
        return Tried(measured=_played(job, loaded))
    finally:
        loaded.close()


def measure(job: Job) -> Measured:
    """Run a job in this process.

    Raises:
        SandboxFault: the sandbox failed; nothing is known of the harness.
    """
    try:
        loaded = sandbox(os.getpid(), pinned=not job.alone).load(job.harness, job.limits)
    except HarnessFault as fault:
        return Measured(evidence=unloadable(job.trial, fault), confirmed=False)
    try:
        return _played(job, loaded)
    finally:
        loaded.close()


def _played(job: Job, loaded: Loaded) -> Measured:
    """The trial, and the confirming one where the first reached the target."""
    environment = opened(job.environment) if isinstance(job.environment, str) else unsealed(job.environment)
    goal = objective(job.objective)
    evidence = goal.measure(environment, job.harness, loaded, job.trial)
    if job.confirm is None or not evidence.reaches(job.target):
        return Measured(evidence=evidence, confirmed=False)
    second = goal.measure(environment, job.harness, loaded, job.confirm)
    return Measured(evidence=goal.merge(evidence, second), confirmed=second.reaches(job.target))


@lru_cache(maxsize=8)
def opened(environment_id: str) -> Environment:
    """The environment of an id, without its sealed split; the same object for every job of this process."""
    return unsealed(resolve(environment_id))


def vet(harness: Harness, limits: Limits) -> Failure | None:
    """Load a harness in this process's sandbox and drop it: None when it loads, else why not."""
    try:
        sandbox(os.getpid()).load(harness, limits).close()
    except HarnessFault as fault:
        return fault.failure
    return None


def repeats(harness: Harness, rows: Sequence[Row], limits: Limits) -> bool:
    """Whether a harness's check gets every one of these rows wrong. A harness that can't be loaded repeats nothing."""
    return not any(rightly(harness, rows, limits) or [True])


def rightly(harness: Harness, rows: Sequence[Row], limits: Limits) -> list[bool]:
    """Which of these rows a harness's check gets right; empty where it can't be loaded."""
    try:
        loaded = sandbox(os.getpid()).load(harness, limits)
    except HarnessFault:
        return []
    try:
        return _rightly(harness, loaded, rows)
    finally:
        loaded.close()


def _rightly(harness: Harness, loaded: Loaded, rows: Sequence[Row]) -> list[bool]:
    text = harness.contract.name == "text-action"
    function = "is_legal_action" if text else "review_call"
    replies = loaded.batch([Call(function, (row.view, row.action)) for row in rows])
    rules = None if text else rules_of(harness)
    return [_accepts(reply, rules) is row.legal for reply, row in zip(replies, rows, strict=True)]


def _accepts(reply: Reply, rules: Mapping[str, str] | None) -> bool | None:
    """What a check said of a row: None where it failed."""
    if reply.failure is not None:
        return None
    if rules is None:
        return bool(reply.value)
    verdict = review_verdict(reply.value, rules)
    return verdict.word in ("accept", "rewrite") if isinstance(verdict, Verdict) else None


def unloadable(trial: Trial, fault: HarnessFault) -> Evidence:
    """The evidence of a harness that can't even be loaded: H = 0, and why."""
    step = FailedStep(kind="crash-load", place=(0, 0, 0), player=0, observation=None, failure=fault.failure)
    counts = {"legal": 0, "attempted": 0, "planned": trial.planned, "wrong_refusals": 0, "episodes": 0, "rewarded": 0}
    return Evidence(h=0.0, complete=False, counts=counts, endings={"load": 1}, failures=(step,))


@lru_cache(maxsize=2)
def sandbox(process: int, *, pinned: bool = True) -> Sandbox:
    """The sandbox of this process, opened on first use and closed when it ends (a forked child opens its own)."""
    from bridle.sandbox import LocalSandbox

    opened = LocalSandbox(pinned=pinned)
    atexit.register(opened.close)
    return opened
