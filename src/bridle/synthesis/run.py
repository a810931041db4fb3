"""A run: a folder with its journal, its best harness and its report; started, resumed, or read."""

from __future__ import annotations

import platform
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from bridle.environment import Environment, unsealed
from bridle.environments.catalog import resolve
from bridle.errors import JournalFault, UsageError
from bridle.execution import open_executor
from bridle.harness import write
from bridle.journal import Journal
from bridle.models import open_model
from bridle.models.model import Model, Usage
from bridle.models.retry import Retry
from bridle.sandbox import LocalSandbox
from bridle.synthesis.learner.learner import RULES, NoModel, RuleLearner
from bridle.synthesis.outcome import Hooks, Outcome
from bridle.synthesis.plan import Plan
from bridle.synthesis.prompts import version as prompt_version
from bridle.synthesis.refiner import PROMPTS, ModelRefiner, Refiner
from bridle.synthesis.schedule import Level
from bridle.synthesis.search import Parts, Search, priced
from bridle.synthesis.tree import Node, Tree

JOURNAL, HARNESS, REPORT = "journal.sqlite", "harness.py", "report.html"
PACKAGES = ("bridle", "textarena", "numpy", "pydantic-ai-slim", "cedarpy", "transitions")


GRACE = 5.0
"""Seconds that a run which ended waits for expansions that it abandoned."""


@dataclass(frozen=True, kw_only=True)
class Record:
    """A run read back from its journal. `stop` is None while it is under way or was killed."""

    folder: Path
    plan: Plan
    started: dict[str, Any]
    tree: Tree
    stop: str | None
    calls: int
    in_doubt: int
    seconds: float

    @property
    def best(self) -> Node:
        """The best node so far."""
        return self.tree.best()


def start(
    plan: Plan,
    folder: Path,
    *,
    environment: Environment | None = None,
    model: Model | Sequence[Model] | None = None,
    refiner: Refiner | None = None,
    executor: str | Executor = "processes",
    hooks: Hooks | None = None,
    retry: Retry = Retry(),
) -> Outcome:
    """Start a run in a new folder.

    What is not handed over is opened from the plan's names; `retry` is how patient it is with a model. Raises
    UsageError where the folder holds a run already.
    """
    opened = resolve(plan.environment) if environment is None and plan.environment else environment
    if opened is None:
        raise UsageError("Name an environment, or hand one over.")
    speakers, own = _models(plan, model)
    if plan.limit.usd is not None:
        for speaker in speakers:
            if speaker.name != RULES:
                priced(speaker, Usage(input_tokens=1, output_tokens=1))
    with Journal(folder / JOURNAL) as journal:
        if journal.last("run.started") is not None:
            raise UsageError(
                f"{folder} already holds a run; go on with  bridle resume {folder}  or name another folder."
            )
        journal.append("run.started", "", started(plan, opened, speakers))
        parts = _parts(plan, opened, _levels(plan, speakers, refiner), journal, executor, hooks, retry)
        return _search(plan, parts, folder, opened=own)


def resume(
    folder: Path,
    *,
    environment: Environment | None = None,
    model: Model | Sequence[Model] | None = None,
    refiner: Refiner | None = None,
    executor: str | Executor = "processes",
    hooks: Hooks | None = None,
    retry: Retry = Retry(),
    change: Callable[[Plan], Plan] = lambda plan: plan,
) -> Outcome:
    """Go on with a run where its journal ends. `change` may widen its limits; nothing else of the plan may change."""
    if not (folder / JOURNAL).exists():
        raise UsageError(f"There is no run in {folder}; start one with  bridle synthesize.")
    with Journal(folder / JOURNAL) as journal:
        journal.verify()
        plan = _plan(journal, folder)
        plan = replace(plan, limit=change(plan).limit)
        opened = environment or (resolve(plan.environment) if plan.environment else None)
        if opened is None:
            raise UsageError("This run's environment was an object; resume it from Python with the same.")
        journal.append("run.resumed", "", {"limit": plan.record()["limit"]})
        speakers, own = _models(plan, model)
        parts = _parts(plan, opened, _levels(plan, speakers, refiner), journal, executor, hooks, retry)
        return _search(plan, parts, folder, opened=own)


def read(folder: Path) -> Record:
    """A run from its journal, without changing anything; works on a run that is under way."""
    with Journal(folder / JOURNAL, write=False) as journal:
        started_event = journal.last("run.started")
        if started_event is None or started_event.payload is None:
            raise JournalFault(f"The journal in {folder} has no beginning: nothing was lost, start the run again.")
        nodes = tuple(Node.from_record(e.payload) for e in journal.events("node") if e.payload is not None)
        stopped, resumed = journal.last("run.stopped"), journal.last("run.resumed")
        stop = None
        if stopped is not None and stopped.payload is not None and (resumed is None or resumed.seq < stopped.seq):
            stop = str(stopped.payload["stop"])
        intents = {event.key for event in journal.events("call.intent")}
        results = {event.key for event in journal.events("call.result")}
        return Record(
            folder=folder,
            plan=_plan(journal, folder),
            started=started_event.payload,
            tree=Tree(nodes),
            stop=stop,
            calls=len(intents),
            in_doubt=len(intents - results),
            seconds=sum((e.payload or {}).get("seconds", 0.0) for e in journal.events("session.ended")),
        )


def started(plan: Plan, environment: Environment, models: Sequence[Model]) -> dict[str, Any]:
    """What a run records of its circumstances before it begins."""
    versions = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    return {
        "plan": plan.record(),
        "environment": {
            "name": environment.name,
            "contract": environment.contract.name,
            "observation": environment.contract.observation,
            "players": environment.players,
        },
        "model": models[0].name,
        "stronger": [model.name for model in models[1:]],
        "sandbox": sandbox_level(),
        "prompts": [prompt_version(PROMPTS[environment.contract.name]), prompt_version("repair")],
        "versions": versions,
    }


def sandbox_level() -> str:
    """How strongly this machine confines, in words; SandboxFault where it can't."""
    with LocalSandbox(pinned=False) as sandbox:
        return f"{sandbox.level} ({sandbox.level.meaning})"


def _plan(journal: Journal, folder: Path) -> Plan:
    event = journal.last("run.started")
    if event is None or event.payload is None:
        raise JournalFault(f"The journal in {folder} has no beginning: nothing was lost, start the run again.")
    plan = Plan.from_record(event.payload["plan"])
    resumed = journal.last("run.resumed")
    if resumed is not None and resumed.payload is not None:
        plan = replace(plan, limit=replace(plan.limit, **resumed.payload["limit"]))
    return plan


def _parts(
    plan: Plan,
    environment: Environment,
    levels: tuple[Level, ...],
    journal: Journal,
    executor: str | Executor,
    hooks: Hooks | None,
    retry: Retry,
) -> Parts:
    return Parts(
        environment=unsealed(environment),
        levels=levels,
        journal=journal,
        executor=open_executor(executor) if isinstance(executor, str) else executor,
        hooks=hooks or Hooks(),
        retry=retry,
    )


def _refiner(plan: Plan, model: Model) -> Refiner:
    """The rule learner, or a model; the paper's method knows no repair request."""
    if model.name == RULES:
        return RuleLearner()
    return ModelRefiner(name=model.name, repairs=0 if plan.preset == "paper" else 1, context=plan.context)


def _levels(plan: Plan, models: Sequence[Model], refiner: Refiner | None) -> tuple[Level, ...]:
    """The schedule: each model with the refiner that asks it."""
    return tuple(Level(model=model, refiner=refiner or _refiner(plan, model)) for model in models)


def _models(plan: Plan, given: Model | Sequence[Model] | None) -> tuple[tuple[Model, ...], tuple[Model, ...]]:
    """The models of the schedule, and those of them that were opened here and have to be closed.

    None is opened where the rule learner refines.
    """
    if given is not None:
        return (tuple(given) if isinstance(given, Sequence) else (given,)), ()
    models: list[Model] = []
    for spec in (plan.model, *plan.stronger):
        models.append(NoModel() if spec == RULES else open_model(spec))
    return tuple(models), tuple(models)


def _search(plan: Plan, parts: Parts, folder: Path, *, opened: Sequence[Model]) -> Outcome:
    """Search, write the best harness, and leave nothing running. `opened` are the models that this run has to close."""
    search = Search(plan, parts)
    try:
        outcome = search.run()
        best = outcome.best
        note = f"node {best.id}, H = {best.h:.4f}{' (confirmed)' if best.confirmed else ''}"
        (folder / HARNESS).write_text(write(best.harness(parts.environment.contract), note), "utf-8")
        return outcome
    finally:
        parts.executor.shutdown(wait=False, cancel_futures=True)
        for model in opened:
            close = getattr(model, "close", None)
            if callable(close):
                close()
        search.join(GRACE)
