"""`bridle lint`: what speaks against a harness before it is measured."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from bridle.cli.console import JSON_OPTION, emit, leave, table

if TYPE_CHECKING:
    from bridle.evaluation.lint import Finding
    from bridle.harness import Harness


def lint(
    harness: Path = typer.Argument(..., help="The harness's file, or its run's folder."),
    environment: str = typer.Argument("", help="The environment's id, to see which rules come up there."),
    ignore: list[str] = typer.Option([], help="A kind of finding to leave out; may be given several times."),
    rows: int = typer.Option(4000, min=1, help="Judged calls of the environment to ask the harness about."),
    episodes: int = typer.Option(40, min=1, help="Episodes of a simulated agent behind the harness."),
    seed: int = typer.Option(0, help="Which calls and episodes."),
    json: bool = JSON_OPTION,
) -> None:
    """Look for what should not stand in a harness of tool calls.

    It speaks of roles, permissions or approvers; it decides by sentences copied from observations, or by the ids of one
    scenario; a rule is named nowhere or cites no counterexample; in an environment, also rules that never come up and
    rules that stop applicable calls only. The source is read without running it; in an environment it runs in the
    sandbox, and what comes up there needs no citation. Exit code 0 when nothing was found, else 3.

    Example:  bridle lint .bridle/runs/expense-1/harness.py enterprise/expense
    """
    from bridle.errors import UsageError
    from bridle.evaluation.lint import KINDS
    from bridle.evaluation.lint import lint as look

    if unknown := sorted(set(ignore) - set(KINDS)):
        raise UsageError(f"There is no kind of finding {unknown[0]}; there are {', '.join(KINDS)}.")
    read = _read(harness, environment)
    found = look(read)
    record: dict[str, object] = {"harness": read.digest, "environment": environment or None}
    if environment:
        more, rules = _in_play(read, environment, rows=rows, episodes=episodes, seed=seed)
        met = {rule for rule, counts in rules.items() if counts["inapplicable"] or counts["after_error"]}
        found = [one for one in found if one.kind != "no-counterexample" or one.rule not in met]
        found = sorted([*found, *more], key=lambda finding: (finding.line, finding.kind))
        record["rules"] = rules
    found = [finding for finding in found if finding.kind not in ignore]
    if json:
        emit({**record, "findings": [finding.record() for finding in found]})
    else:
        _tell(harness, found)
    leave(3 if found else 0)


def _read(path: Path, environment: str) -> Harness:
    """The harness in a file, for the environment where one is named."""
    from bridle.cli.given import read_harness
    from bridle.environments.catalog import resolve
    from bridle.harness import TOOL_CALL

    return read_harness(path, resolve(environment).contract if environment else TOOL_CALL)


def _in_play(
    harness: Harness, name: str, *, rows: int, episodes: int, seed: int
) -> tuple[list[Finding], dict[str, dict[str, int]]]:
    """What the rules do in the environment, and how often each came up."""
    from bridle.environments.catalog import resolve
    from bridle.evaluation.lint_in_play import exercise, lint_in_play
    from bridle.harness import Limits
    from bridle.sandbox import LocalSandbox

    environment = resolve(name)
    with LocalSandbox() as sandbox, sandbox.load(harness, Limits()) as loaded:
        seen = exercise(environment, harness, loaded, rows=rows, episodes=episodes, seed=seed)
    return lint_in_play(environment, harness, seen), {rule: one._asdict() for rule, one in seen.items()}


def _tell(path: Path, found: list[Finding]) -> None:
    if not found:
        print(f"{path}: nothing found.")
        return
    rows = [[str(one.line), one.kind, one.rule, one.message, one.instead] for one in found]
    table(str(path), ["line", "kind", "rule", "what", "instead"], rows)
