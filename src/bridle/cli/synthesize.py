"""`bridle synthesize` and `bridle resume`: search for a harness."""

from __future__ import annotations

import re
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bridle.cli import search_options as options
from bridle.cli.console import JSON_OPTION, emit, leave

if TYPE_CHECKING:
    from bridle.models.model import Model
    from bridle.synthesis.budget import Limit
    from bridle.synthesis.outcome import Outcome
    from bridle.synthesis.plan import Plan
    from bridle.synthesis.settings import Settings


def synthesize(
    environment: str = options.ENVIRONMENT,
    model: list[str] = options.MODEL,
    objective: str = options.OBJECTIVE,
    preset: str = options.PRESET,
    selector: str = options.SELECTOR,
    weight: float = options.WEIGHT,
    iterations: int = options.ITERATIONS,
    concurrency: int = options.CONCURRENCY,
    order: str = options.ORDER,
    plateau: int = options.PLATEAU,
    escalate_after: int = options.ESCALATE_AFTER,
    two_parents: bool = options.TWO_PARENTS,
    context: int = options.CONTEXT,
    examples: int = options.EXAMPLES,
    target: float = options.TARGET,
    lanes: int = options.LANES,
    steps: int = options.STEPS,
    matches: int = options.MATCHES,
    max_calls: int = options.MAX_CALLS,
    max_tokens: int = options.MAX_TOKENS,
    max_usd: float = options.MAX_USD,
    max_steps: int = options.MAX_STEPS,
    max_time: str = options.MAX_TIME,
    start_from: list[Path] = options.START_FROM,
    seed: int = options.SEED,
    run: Path = options.RUN,
    record: Path = options.RECORD,
    executor: str = options.EXECUTOR,
    json: bool = JSON_OPTION,
) -> None:
    """Search for a harness.

    Example:  bridle synthesize textarena/TicTacToe-v0 --model openai:gpt-5-mini --max-calls 20
    """
    from bridle.synthesis.settings import ITERATIONS, Settings

    most = ITERATIONS.get(preset) if iterations is None else iterations
    settings = Settings(
        objective=objective,
        preset=preset,
        selector=selector,
        weight=weight,
        concurrency=concurrency,
        order=order,
        target=target,
        lanes=lanes,
        steps=steps,
        matches=matches,
        seed=seed,
        plateau=plateau,
        escalate_after=escalate_after,
        two_parents=two_parents,
        context=context,
        examples=examples,
        limit=limit(most, max_calls, max_tokens, max_usd, max_steps, max_time),
    )
    plan = planned(settings, environment, model, start_from)
    _run(plan, run, executor=executor, json=json, resumed=False, record=record)


def resume(
    folder: Path = options.FOLDER,
    iterations: int = options.ITERATIONS,
    max_calls: int = options.MAX_CALLS,
    max_tokens: int = options.MAX_TOKENS,
    max_usd: float = options.MAX_USD,
    max_steps: int = options.MAX_STEPS,
    max_time: str = options.MAX_TIME,
    executor: str = options.EXECUTOR,
    json: bool = JSON_OPTION,
) -> None:
    """Go on with a run that was interrupted or that stopped.

    Limits given here replace the run's.

    Example:  bridle resume .bridle/runs/TicTacToe-v0-1 --max-calls 40
    """
    from bridle.cli.given import run_folder
    from bridle.synthesis.run import read

    plan = read(run_folder(folder)).plan
    given = asdict(limit(iterations, max_calls, max_tokens, max_usd, max_steps, max_time))
    changed = {name: value for name, value in given.items() if value is not None}
    plan = replace(plan, limit=replace(plan.limit, **changed))
    _run(plan, folder, executor=executor, json=json, resumed=True)


def limit(
    iterations: int | None,
    calls: int | None,
    tokens: int | None,
    usd: float | None,
    steps: int | None,
    time: str | None,
) -> Limit:
    """What a run may spend, as the options say it; UsageError for what is no limit."""
    from bridle.synthesis.budget import Limit

    return Limit(iterations=iterations, calls=calls, tokens=tokens, usd=usd, steps=steps, seconds=seconds(time))


def planned(settings: Settings, environment: str, models: list[str], start_from: list[Path]) -> Plan:
    """The plan of a search in an environment; UsageError for what can't be meant."""
    from bridle.environments.catalog import resolve
    from bridle.errors import UsageError
    from bridle.evaluation.objectives import OBJECTIVES
    from bridle.synthesis.learner.learner import RULES
    from bridle.synthesis.settings import root

    opened = resolve(environment)
    calls = opened.contract.name == "tool-call"
    if RULES in models and not calls:
        raise UsageError(f"The rule learner writes harnesses for tool calls, and {environment} has text actions.")
    if settings.objective in OBJECTIVES and (settings.objective == "workflow") is not calls:
        fits = "workflow" if calls else "verifier, legality or policy"
        raise UsageError(f"The objective of {environment} is {fits}, and not {settings.objective}.")
    roots = [root(path, opened.contract) for path in start_from]
    return settings.plan(opened, environment_id=environment, models=models, roots=roots)


def _run(plan: Plan, run: Path | None, *, executor: str, json: bool, resumed: bool, record: Path | None = None) -> None:
    """Run the search with its progress shown, write the report, and end with the right exit code.

    `run` is its folder; None is a new one.
    """
    from bridle.cli.console import complain
    from bridle.cli.given import free_for
    from bridle.cli.progress import Progress
    from bridle.errors import UsageError
    from bridle.report.html import write_report
    from bridle.synthesis import run as runs
    from bridle.synthesis.api import new_folder

    folder = run or new_folder(plan.environment or "run")
    if not resumed:
        free_for(folder, evaluation=False)
    there, begun = folder.exists(), (folder / runs.JOURNAL).exists()
    with Progress(plan, quiet=json) as progress:
        try:
            if resumed:
                outcome = runs.resume(folder, executor=executor, hooks=progress.hooks, change=lambda _: plan)
            else:
                outcome = runs.start(
                    plan, folder, model=recording(plan, record), executor=executor, hooks=progress.hooks
                )
        except KeyboardInterrupt:
            complain(f"Interrupted; nothing is lost. Go on with  bridle resume {folder}")
            leave(130)
        except UsageError:
            if not begun:
                _forget(folder, keep=there)
            raise
    report = write_report(folder)
    if json:
        emit(summary(outcome, folder))
    else:
        tell(outcome, folder, report)
    leave(0 if outcome.reached else 3)


def _forget(folder: Path, *, keep: bool) -> None:
    """Take back the journal of a run that could not begin, so that its folder is free for the next attempt."""
    from bridle.synthesis import run as runs

    if not (folder / runs.JOURNAL).exists() or len(runs.read(folder).tree):
        return
    journal = folder / runs.JOURNAL
    beside = [journal.with_name(f"{journal.name}{end}") for end in ("-wal", "-shm")]
    for file in (journal, *beside, journal.with_suffix(".lock")):
        file.unlink(missing_ok=True)
    if not keep and not any(folder.iterdir()):
        folder.rmdir()


def recording(plan: Plan, file: Path | None) -> list[Model] | None:
    """The plan's models with their answers recorded to a file; None (open them as usual) where there is no file."""
    if file is None:
        return None
    from bridle.models import Recorder, open_model
    from bridle.synthesis.learner.learner import RULES, NoModel

    specs, about = (plan.model, *plan.stronger), {"environment": plan.environment}
    return [NoModel() if spec == RULES else Recorder(open_model(spec), file, about=about) for spec in specs]


def summary(outcome: Outcome, folder: Path) -> dict[str, Any]:
    """The outcome as a JSON object."""
    best = outcome.best
    return {
        "stop": outcome.stop,
        "reached": outcome.reached,
        "run": str(folder),
        "harness": str(folder / "harness.py"),
        "report": str(folder / "report.html"),
        "nodes": len(outcome.tree),
        "tree": outcome.tree.digest,
        "best": {
            "node": best.id,
            "h": best.h,
            "confirmed": best.confirmed,
            "root": root_of(outcome),
            "counts": best.evidence.counts if best.evidence else {},
        },
        "spent": dict(outcome.spent),
        "forecast": outcome.forecast.record() if outcome.forecast is not None else None,
    }


def root_of(outcome: Outcome) -> dict[str, Any]:
    """The root that the best node descends from: its number, and which harness's file it was, if it was one."""
    first = outcome.tree.lineage(outcome.best.id)[0]
    return {"node": first.id, "from": first.reason.removeprefix("from ") or None}


def tell(outcome: Outcome, folder: Path, report: Path) -> None:
    """The outcome in a few lines."""
    from bridle.synthesis.outcome import STOPS

    best, spent = outcome.best, outcome.spent
    print(f"Stopped: {STOPS[outcome.stop]}.")
    print(f"Best: node {best.id}, H = {best.h:.4f}{', confirmed on fresh scenarios' if best.confirmed else ''}.")
    if (root := root_of(outcome))["from"] is not None:
        print(f"It descends from {root['from']}." if best.id > 0 else f"It is {root['from']}, as it was.")
    paid = f", {spent['tokens']:,.0f} tokens" if spent["tokens"] else ""
    paid += f", ${spent['usd']:.2f}" if spent["usd"] else ""
    done = [
        counted(spent["iterations"], "expansion"),
        counted(spent["calls"], "model call"),
        counted(spent["steps"], "step"),
    ]
    print(f"Spent: {', '.join(done)}{paid}.")
    print(f"Harness: {folder / 'harness.py'}\nReport:  {report}")
    if not outcome.reached:
        print(going_on(outcome.stop, folder))


def counted(number: float, noun: str) -> str:
    """`1 expansion`, `2 expansions`."""
    return f"{number:,.0f} {noun}{'' if round(number) == 1 else 's'}"


def going_on(stop: str, folder: Path) -> str:
    """What to do after a run that did not reach its target."""
    more = {
        "iterations": "--iterations N",
        "calls": "--max-calls N",
        "tokens": "--max-tokens N",
        "usd": "--max-usd X",
        "steps": "--max-steps N",
        "time": "--max-time T",
    }
    if stop in more:
        return f"To go on with more: bridle resume {folder} {more[stop]}"
    if stop == "plateau":
        return f"To start anew from what was found, with another model or selector: bridle synthesize … --from {folder}"
    return f"Once that is mended: bridle resume {folder}"


def seconds(text: str | None) -> float | None:
    """`90`, `90s`, `15m`, `2h` as seconds; UsageError for anything else."""
    from bridle.errors import UsageError

    if text is None:
        return None
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smh]?)", text.strip())
    if match is None:
        raise UsageError(f"{text!r} is no time; write 90s, 15m or 2h.")
    return float(match[1]) * {"": 1, "s": 1, "m": 60, "h": 3600}[match[2]]
