"""`bridle synthesize` and `bridle resume`: search for a harness."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from bridle.cli.console import JSON_OPTION, emit, leave

if TYPE_CHECKING:
    from bridle.models.model import Model
    from bridle.synthesis.outcome import Outcome
    from bridle.synthesis.plan import Plan

EXECUTOR = typer.Option("processes", help="Where rollouts run: inline, processes or processes:N.")
ITERATIONS = typer.Option(None, help="Stop after this many expansions (64, or 256 for the paper's preset).")
CALLS = typer.Option(None, help="Never make more model calls than this.")
TOKENS = typer.Option(None, help="Never use more tokens than this, in and out.")
USD = typer.Option(None, help="Never spend more than this; needs a model whose price is known.")
STEPS = typer.Option(None, help="Never take more environment steps than this.")
TIME = typer.Option(None, help="Stop after this time: 90, 90s, 15m or 2h.")


def synthesize(
    environment: str = typer.Argument(..., help="Such as textarena/TicTacToe-v0 or my_package.my_module:MyClass."),
    model: list[str] = typer.Option(
        ...,
        help="Who rewrites: provider:model, a URL#model, cmd:PROGRAM, replay:FILE, or rules (the rule learner). "
        "Repeatable, cheap first: the next one takes over after --escalate-after.",
        show_default=False,
    ),
    objective: str = typer.Option(
        None,
        help="What to maximise: workflow for tool calls (default there); verifier (default where the environment can "
        "probe), legality or policy.",
    ),
    preset: str = typer.Option("default", help="default, or paper: the paper's method and nothing else."),
    selector: str = typer.Option("thompson", help="thompson, greedy, breadth-first, uniform, chain or best-of-n."),
    weight: float = typer.Option(None, help="Thompson's C: higher trusts H more (20, or 1 for the paper's preset)."),
    iterations: int = ITERATIONS,
    concurrency: int = typer.Option(1, help="Expansions in flight."),
    order: str = typer.Option("dispatch", help="dispatch (reproducible) or free (faster)."),
    plateau: int = typer.Option(24, help="Give up after this many expansions without a better node."),
    escalate_after: int = typer.Option(8, help="Ask the next model after this many expansions without a better node."),
    two_parents: bool = typer.Option(
        False, "--two-parents", help="Show the refiner a second program too, which is right where the first is wrong."
    ),
    context: int = typer.Option(200_000, help="Tokens that the model's context holds; longer prompts are shortened."),
    examples: int = typer.Option(
        12_000, min=0, help="Tool calls: judged calls to learn from. More take longer and find rarer rules."
    ),
    target: float = typer.Option(None, help="The H that counts as done: 1 for games, 0.97 for tool calls."),
    lanes: int = typer.Option(10, help="Parallel episodes of a rollout."),
    steps: int = typer.Option(1000, help="Steps of each parallel episode."),
    matches: int = typer.Option(
        None, help="Whole matches of each parallel episode, at least; 2 for policy. Short ones: more, up to 100 steps."
    ),
    max_calls: int = CALLS,
    max_tokens: int = TOKENS,
    max_usd: float = USD,
    max_steps: int = STEPS,
    max_time: str = TIME,
    start_from: list[Path] = typer.Option(
        [], "--from", help="Start from this harness (a file or a run's folder) too, such as a sibling's; repeatable."
    ),
    seed: int = typer.Option(0, help="The same seed and answers give the same tree."),
    run: Path = typer.Option(None, help="The run's folder (default: a new one under .bridle/runs)."),
    record: Path = typer.Option(None, help="Append the model's answers to this file, for --model replay:FILE."),
    executor: str = EXECUTOR,
    json: bool = JSON_OPTION,
) -> None:
    """Search for a harness.

    Example:  bridle synthesize textarena/TicTacToe-v0 --model openai:gpt-5-mini --max-calls 20
    """
    from bridle.environments.catalog import resolve
    from bridle.synthesis.api import new_folder
    from bridle.synthesis.budget import Limit
    from bridle.synthesis.settings import ITERATIONS, Settings, root

    opened = resolve(environment)
    limit = Limit(
        iterations=iterations or ITERATIONS.get(preset),
        calls=max_calls,
        tokens=max_tokens,
        usd=max_usd,
        steps=max_steps,
        seconds=seconds(max_time),
    )
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
        limit=limit,
    )
    roots = [root(path, opened.contract) for path in start_from]
    plan = settings.plan(opened, environment_id=environment, models=model, roots=roots)
    folder = run or new_folder(environment)
    _run(plan, folder, executor=executor, json=json, resumed=False, record=record)


def resume(
    folder: Path = typer.Argument(..., help="The run's folder."),
    iterations: int = ITERATIONS,
    max_calls: int = CALLS,
    max_tokens: int = TOKENS,
    max_usd: float = USD,
    max_steps: int = STEPS,
    max_time: str = TIME,
    executor: str = EXECUTOR,
    json: bool = JSON_OPTION,
) -> None:
    """Go on with a run that was interrupted or that stopped.

    Limits given here replace the run's.

    Example:  bridle resume .bridle/runs/TicTacToe-v0-1 --max-calls 40
    """
    from dataclasses import replace

    from bridle.synthesis.run import read

    given: dict[str, Any] = {
        "iterations": iterations,
        "calls": max_calls,
        "tokens": max_tokens,
        "usd": max_usd,
        "steps": max_steps,
    }
    changed: dict[str, Any] = {
        name: value for name, value in {**given, "seconds": seconds(max_time)}.items() if value is not None
    }
    plan = read(folder).plan
    plan = replace(plan, limit=replace(plan.limit, **changed))
    _run(plan, folder, executor=executor, json=json, resumed=True)


def _run(plan: Plan, folder: Path, *, executor: str, json: bool, resumed: bool, record: Path | None = None) -> None:
    """Run the search with its progress shown, write the report, and end with the right exit code."""
    from bridle.cli.console import complain
    from bridle.cli.progress import Progress
    from bridle.report.html import write_report
    from bridle.synthesis import run as runs

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
    report = write_report(folder)
    if json:
        emit(summary(outcome, folder))
    else:
        tell(outcome, folder, report)
    leave(0 if outcome.reached else 3)


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
    done = f"{spent['iterations']:.0f} expansions, {spent['calls']:.0f} model calls{paid}"
    print(f"Spent: {done}, {spent['steps']:.0f} steps.")
    print(f"Harness: {folder / 'harness.py'}\nReport:  {report}")
    if not outcome.reached:
        print(f"To go on with more: bridle resume {folder} --iterations N")


def seconds(text: str | None) -> float | None:
    """`90`, `90s`, `15m`, `2h` as seconds; UsageError for anything else."""
    from bridle.errors import UsageError

    if text is None:
        return None
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smh]?)", text.strip())
    if match is None:
        raise UsageError(f"{text!r} is no time; write 90s, 15m or 2h.")
    return float(match[1]) * {"": 1, "s": 1, "m": 60, "h": 3600}[match[2]]
