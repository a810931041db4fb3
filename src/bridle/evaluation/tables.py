"""Judged tables as files: made once, kept, and read again; one line of JSON for each row."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from bridle.environment import Environment, Split
from bridle.errors import UsageError
from bridle.evaluation.judged import Row, judged_rows

FOLDER = Path(".bridle/tables")


def table_path(environment_id: str, split: Split, *, count: int, seed: int, folder: Path = FOLDER) -> Path:
    """Where the table is kept. The name holds all that the table depends on but the versions, which its head holds."""
    name = re.sub(r"[^A-Za-z0-9.]+", "-", environment_id).strip("-")
    return folder / f"{name}-{split}-{seed}-{count}.jsonl"


def judged_table(
    environment: Environment, environment_id: str, split: Split, *, count: int, seed: int, folder: Path = FOLDER
) -> tuple[list[Row], bool]:
    """The table's rows, and whether they were read from a file that an equal call had kept.

    A file that other versions made is made anew.

    Raises:
        UsageError: the environment tells no truth about actions that somebody else makes up.
    """
    path = table_path(environment_id, split, count=count, seed=seed, folder=folder)
    head = _head(environment_id, split, count=count, seed=seed)
    if path.exists():
        lines = path.read_text("utf-8").splitlines()
        if lines and json.loads(lines[0]) == head:
            return [Row(**_row(json.loads(line))) for line in lines[1:]], True
    rows = judged_rows(environment, split, count=count, seed=seed)
    if not rows:
        raise UsageError(f"{environment_id} can't judge foreign actions: it has no probe() or no foreign_actions().")
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(
        "\n".join(json.dumps(line, ensure_ascii=False) for line in [head, *map(asdict, rows)]) + "\n", "utf-8"
    )
    part.rename(path)
    return rows, False


def _head(environment_id: str, split: Split, *, count: int, seed: int) -> dict[str, Any]:
    versions = {}
    for package in ("bridle", "textarena"):
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    return {
        "table": 1,
        "environment": environment_id,
        "split": split,
        "seed": seed,
        "rows": count,
        "versions": versions,
    }


def _row(record: dict[str, Any]) -> dict[str, Any]:
    """A row's fields as they were: JSON has lists where a row has tuples."""
    return {name: tuple(value) if name == "place" and value is not None else value for name, value in record.items()}
