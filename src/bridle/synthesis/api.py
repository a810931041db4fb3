"""Synthesising a harness from Python, in one call. The command line is built of the same parts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from bridle.environment import Environment
from bridle.environments.catalog import resolve
from bridle.errors import UsageError
from bridle.harness import Harness
from bridle.models import open_model
from bridle.models.model import Model
from bridle.synthesis import run as runs
from bridle.synthesis.budget import Limit
from bridle.synthesis.learner.learner import RULES, NoModel
from bridle.synthesis.outcome import Hooks, Outcome
from bridle.synthesis.plan import Plan, Root
from bridle.synthesis.settings import Settings, root
from bridle.synthesis.tree import Node, Tree

RUNS = Path(".bridle/runs")
"""Where runs go that nobody gave a folder."""

OnNode = Callable[[Node, Tree], None]
OnStop = Callable[[Outcome], None]


def synthesize(
    environment: str | Environment,
    *,
    model: str | Model | Sequence[str | Model],
    objective: str | None = None,
    start_from: Sequence[Path | str | Harness] = (),
    settings: Settings = Settings(),
    run: Path | str | None = None,
    executor: str | Executor = "processes",
    on_node: OnNode | None = None,
    on_stop: OnStop | None = None,
) -> Outcome:
    """Search for a harness.

    With the default executor rollouts run in processes that import the calling script anew: it needs the usual
    `if __name__ == "__main__":`, and an environment that is an object has to be picklable. `executor="inline"` needs
    neither.

    Arguments:
        environment: An id such as `textarena/TicTacToe-v0` or `my_package.my_module:MyClass`, or the environment.
        model: Who rewrites: what `open_model` takes, `rules` (the rule learner), or a model; several are a schedule,
            cheap first.
        objective: What to maximise; the strictest that the environment can be held to where it isn't given.
        start_from: Harnesses to start from, or their files.
        settings: Everything else, budgets among it; `objective` goes before the one in here.
        run: The run's folder, a new one under `.bridle/runs` where it isn't given.
        executor: Where rollouts run: `processes`, `processes:N`, `inline`, or any `concurrent.futures.Executor`.
        on_node: Called with each committed node and the tree as it is then, in the calling thread.
        on_stop: Called with the outcome.

    Returns:
        How the run ended: `outcome.stop` and `.reached`, `.harness` (the best one), `.best` (its node, with the
        evidence), `.tree`, `.spent`, `.forecast`, and `.folder`, which holds the journal and `harness.py`.

    Raises:
        UsageError: something that can't be meant, in a sentence.
        MissingExtra: what the environment or the model needs is not installed.
        SandboxFault: this machine can't confine generated code.
    """
    opened = resolve(environment) if isinstance(environment, str) else environment
    models = [model] if isinstance(model, str) or not isinstance(model, Sequence) else list(model)
    if not models:
        raise UsageError("Name a model, or hand one over.")
    names = [one if isinstance(one, str) else one.name for one in models]
    identity = environment if isinstance(environment, str) else None
    plan = replace(settings, objective=objective or settings.objective).plan(
        opened,
        environment_id=identity,
        models=names,
        roots=[_root(one, opened, n) for n, one in enumerate(start_from, 1)],
    )
    folder = new_folder(identity or opened.name) if run is None else Path(run)
    hooks = _hooks(on_node, on_stop)
    with _opened(models) as speakers:
        return runs.start(plan, folder, environment=opened, model=speakers, executor=executor, hooks=hooks)


def resume(
    run: Path | str,
    *,
    environment: Environment | None = None,
    model: Model | Sequence[Model] | None = None,
    limit: Limit | None = None,
    executor: str | Executor = "processes",
    on_node: OnNode | None = None,
    on_stop: OnStop | None = None,
) -> Outcome:
    """Go on with a run that was interrupted or that stopped; what it has recorded is not asked for again.

    An environment or a model that was an object has to be handed over again. `limit` replaces the run's. Errors are
    those of `synthesize`, and JournalFault where the journal is broken.
    """

    def wider(plan: Plan) -> Plan:
        return plan if limit is None else replace(plan, limit=limit)

    return runs.resume(
        Path(run),
        environment=environment,
        model=model,
        executor=executor,
        hooks=_hooks(on_node, on_stop),
        change=wider,
    )


def new_folder(environment: str) -> Path:
    """The first folder under `.bridle/runs` that is not there yet, named after the environment."""
    name = re.sub(r"[^A-Za-z0-9.]+", "-", environment.split("/")[-1]).strip("-") or "run"
    number = 1
    while (RUNS / f"{name}-{number}").exists():
        number += 1
    return RUNS / f"{name}-{number}"


def _root(given: Path | str | Harness, environment: Environment, number: int) -> Root:
    """A harness, or its file, as a root."""
    if not isinstance(given, Harness):
        return root(Path(given), environment.contract)
    if given.contract.name != environment.contract.name:
        raise UsageError(
            f"A harness for {given.contract.name} can't start a search in {environment.name}, whose contract is "
            f"{environment.contract.name}."
        )
    return Root(name=f"harness {number} ({given.digest[:12]})", source=given.source)


@contextmanager
def _opened(models: Sequence[str | Model]) -> Iterator[list[Model]]:
    """The models; those of them that are opened here are closed again."""
    speakers: list[Model] = []
    with ExitStack() as ours:
        for one in models:
            if isinstance(one, str):
                speakers.append(NoModel() if one == RULES else open_model(one))
                if close := getattr(speakers[-1], "close", None):
                    ours.callback(close)
            else:
                speakers.append(one)
        yield speakers


def _hooks(on_node: OnNode | None, on_stop: OnStop | None) -> Hooks:
    hooks = Hooks()
    return replace(hooks, on_node=on_node or hooks.on_node, on_stop=on_stop or hooks.on_stop)
