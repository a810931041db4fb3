"""`bridle doctor`: what this machine offers, and whether the sandbox holds on it."""

from __future__ import annotations

import sys
from typing import Any

import typer

from bridle.cli.console import JSON_OPTION, emit, leave, table

EXTRAS = {
    "textarena": "textarena",
    "models": "pydantic_ai",
    "enterprise": "cedarpy",
    "numpy": "numpy",
    "statistics": "scipy",
}


def doctor(
    attack: bool = typer.Option(False, "--attack", help="Run the attack suite against this machine's sandbox."),
    json: bool = JSON_OPTION,
) -> None:
    """Say how strongly this machine confines generated code.

    Lists what is installed too; with --attack, tries to break out.

    Exit code 0 when generated code can be confined (and every attack was contained), else 1.

    Example:  bridle doctor --attack
    """
    from bridle.sandbox.doctor import examine

    def progress(name: str) -> None:
        if not json and sys.stderr.isatty():
            print(f"\r\033[K{name}", end="", file=sys.stderr, flush=True)

    found = examine(attack=attack, progress=progress)
    if not json and sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr)
    record: dict[str, Any] = {**found.record(), "extras": extras()}
    if json:
        emit(record)
    else:
        tell(record)
    leave(0 if found.sound else 1)


def extras() -> dict[str, bool]:
    """Which optional parts are installed; nothing is imported."""
    from importlib.util import find_spec

    return {extra: find_spec(module) is not None for extra, module in EXTRAS.items()}


def tell(record: dict[str, Any]) -> None:
    """The record as tables."""
    rows = [[name, str(value)] for name, value in record["layers"].items()]
    table(f"Sandbox: {record['level']}", ["layer", "state"], rows)
    table("", ["extra", "installed"], [[name, "yes" if there else "no"] for name, there in record["extras"].items()])
    if record["attacks"]:
        attacks = [[a["name"], a["outcome"], a["how"]] for a in record["attacks"]]
        table("Attacks", ["attack", "outcome", "how"], attacks)
