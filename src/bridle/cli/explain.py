"""`bridle explain`: the rules of a learned harness, and what each was learned from."""

from __future__ import annotations

import json as jsons
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from bridle.cli.console import JSON_OPTION, emit

if TYPE_CHECKING:
    from bridle.synthesis.grounds import Ground


def explain(
    run: Path = typer.Argument(..., help="The run's folder."),
    rule: list[str] = typer.Option([], help="Only this rule; may be given several times."),
    examples: int = typer.Option(3, min=0, help="Counterexamples to show of each rule."),
    json: bool = JSON_OPTION,
) -> None:
    """Say what a learned harness's rules were learned from.

    Of a run's best harness: each rule with its sentence, how many counterexamples it has, and the first of them as the
    calls that they were, with the environment's own answer. The calls are judged once more, from the run's environment
    and seed, and found by the ids that the harness cites; the harness is not run.

    Example:  bridle explain .bridle/runs/expense-1 --rule state-draft
    """
    from bridle.cli.given import measured
    from bridle.environments.catalog import resolve
    from bridle.errors import UsageError
    from bridle.synthesis.grounds import grounds, sentences

    record = measured(run)
    if not record.plan.environment:
        raise UsageError(
            "This run's environment was an object; ask from Python, with bridle.synthesis.grounds.grounds."
        )
    environment = resolve(record.plan.environment)
    if environment.contract.name != "tool-call":
        raise UsageError(f"{record.plan.environment} has text actions, and rules are of harnesses for tool calls.")
    names = list(sentences(record.best.source))
    if unknown := [one for one in rule if one not in names]:
        raise UsageError(f"The harness has no rule {unknown[0]!r}; it has {', '.join(names) or 'none'}.")
    if not json:
        print("Judging the environment's calls once more …", file=sys.stderr)
    found = grounds(record, environment)
    chosen = [one for one in found if not rule or one.rule in rule]
    if json:
        emit({"run": str(run), "node": record.best.id, "rules": [one.record() for one in chosen]})
        return
    for one in chosen:
        _tell(one, examples)
    if not any(one.cited for one in found):
        print("It cites no counterexamples: only the rule learner's harnesses do.")


def _tell(ground: Ground, examples: int) -> None:
    print(f"{ground.rule}: {ground.sentence}")
    if ground.cited:
        print(f"  {ground.cited + ground.more} counterexamples, {ground.cited} of them cited. {ground.note}")
    elif ground.note:
        print(f"  {ground.note}")
    for one in ground.counterexamples[:examples]:
        print(f"  {one.id}  {jsons.dumps(one.call, ensure_ascii=False)}")
        print(f"    {'accepted' if one.accepted else f'{one.error_class}: {one.feedback}'}")
    if ground.missing:
        print(f"  not found again: {', '.join(ground.missing)} (was the environment changed since?)")
