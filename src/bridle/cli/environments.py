"""`bridle environments`: what there is, and whether an environment keeps its contract."""

from __future__ import annotations

import sys
from dataclasses import asdict
from fnmatch import fnmatchcase
from typing import NoReturn

import typer

from bridle.cli.console import JSON_OPTION, emit, leave, table


def environments(
    check: str | None = typer.Option(None, metavar="ID", help="Run the contract suite; * stands for any text."),
    match: str = typer.Option("", help="List only ids that contain this."),
    judged: str | None = typer.Option(None, metavar="ID", help="Make and keep a judged table of this environment."),
    split: str = typer.Option("train", help="Its split: train, validation or sealed."),
    rows: int = typer.Option(1500, min=1, help="Its rows."),
    seed: int = typer.Option(0, help="Its seed."),
    evaluated: bool = typer.Option(False, "--evaluated", help="List only the paper's 32 evaluation games."),
    json: bool = JSON_OPTION,
) -> None:
    """List the environments, or check one, yours too.

    Iterations are the paper's: how many its search took.

    Example:  bridle environments --check my_module:MyEnvironment
    """
    from bridle.environments.catalog import listing

    if check is not None:
        _check([e.id for e in listing() if fnmatchcase(e.id, check)] if "*" in check else [check], check, json)
    if judged is not None:
        _judged(judged, split, count=rows, seed=seed, json=json)
    entries = [entry for entry in listing() if match in entry.id and (entry.evaluated or not evaluated)]
    if json:
        emit({"environments": [asdict(entry) for entry in entries]})
        return
    if not entries:
        print(f"No environment's id contains {match!r}. Your own is named as package.module:Class.")
        return
    lines = [
        [e.id, str(e.players), e.contract, str(e.learning_steps or "-"), "yes" if e.evaluated else "-"] for e in entries
    ]
    table("", ["id", "players", "contract", "paper's iterations", "paper evaluates it"], lines)


def _judged(identifier: str, split: str, *, count: int, seed: int, json: bool) -> NoReturn:
    """Make a judged table, or find the one that was kept, and say what is in it."""
    from collections import Counter

    from bridle.environment import SPLITS
    from bridle.environments.catalog import resolve
    from bridle.errors import UsageError
    from bridle.evaluation.tables import judged_table, table_path

    chosen = next((name for name in SPLITS if name == split), None)
    if chosen is None:
        raise UsageError(f"There is no split {split!r}; use one of {', '.join(SPLITS)}.")
    rows, kept = judged_table(resolve(identifier), identifier, chosen, count=count, seed=seed)
    strata = Counter(row.stratum for row in rows)
    path = table_path(identifier, chosen, count=count, seed=seed)
    if json:
        emit({"environment": identifier, "split": split, "file": str(path), "kept": kept, "strata": dict(strata)})
    else:
        table(
            f"{path} ({'kept' if kept else 'made'})",
            ["stratum", "rows"],
            [[k, str(n)] for k, n in sorted(strata.items())],
        )
    leave(0)


def _check(identifiers: list[str], asked: str, json: bool) -> NoReturn:
    """Run the contract suite on each; exit 0 when nothing was found, else 1."""
    from bridle.environments.catalog import resolve
    from bridle.errors import UsageError
    from bridle.testing.environment import check_environment

    if not identifiers:
        raise UsageError(f"No environment's id is like {asked!r}; `bridle environments` lists them.")
    reports = []
    for identifier in identifiers:
        if len(identifiers) > 1 and sys.stderr.isatty():
            print(f"\r\033[K{identifier}", end="", file=sys.stderr, flush=True)
        reports.append((identifier, check_environment(resolve(identifier))))
    found = [f"{identifier}: {finding}" for identifier, report in reports for finding in report.findings]
    if json:
        emit({"environments": [{**asdict(report), "environment": identifier} for identifier, report in reports]})
        leave(1 if found else 0)
    columns = ["environment", "episodes", "steps", "probed legal", "probed illegal", "findings"]
    rows = [
        [i, str(r.episodes), str(r.steps), str(r.probed_legal), str(r.probed_illegal), str(len(r.findings))]
        for i, r in reports
    ]
    table("", columns, rows)
    for finding in found:
        print(finding)
    able = {capability for _, report in reports for capability in report.capabilities}
    print("breaks the contract" if found else f"keeps the contract; capabilities: {', '.join(sorted(able)) or 'none'}")
    leave(1 if found else 0)
