"""`bridle doctor`: what this machine offers, and whether the sandbox holds on it."""

from __future__ import annotations

import sys
from typing import Any

import typer

from bridle.cli.console import JSON_OPTION, complain, emit, leave, table

EXTRAS = {
    "textarena": "textarena",
    "models": "pydantic_ai",
    "enterprise": "cedarpy",
    "numpy": "numpy",
    "statistics": "scipy",
}

SHOWN = 90
"""Characters of a sentence that the table of attacks shows."""


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

    shown = not json and sys.stderr.isatty()

    def progress(name: str) -> None:
        if shown:
            print(f"\r\033[K{name}", end="", file=sys.stderr, flush=True)

    found = examine(attack=attack, progress=progress)
    if shown:
        print("\r\033[K", end="", file=sys.stderr)
    record: dict[str, Any] = {**found.record(), "extras": extras()}
    if json:
        emit(record)
    else:
        tell(record)
    if found.complaint:
        complain(found.complaint)
    leave(0 if found.sound else 1)


def extras() -> dict[str, bool]:
    """Which optional parts are installed; nothing is imported."""
    from importlib.util import find_spec

    return {extra: find_spec(module) is not None for extra, module in EXTRAS.items()}


def tell(record: dict[str, Any]) -> None:
    """The record as tables, and what it comes to in a sentence."""
    title = f"Sandbox: {record['level']}, {record['meaning']}"
    rows = [[name, str(value)] for name, value in record["layers"].items()]
    rows += [["kernel", record["kernel"]], ["machine", record["machine"]]]
    rows += [["never tested", text] for text in record["untested"]]
    table(title, ["layer", "state"], rows)
    table("", ["extra", "installed"], [[name, "yes" if there else "no"] for name, there in record["extras"].items()])
    if record["attacked"]:
        attacks = [
            [a["family"], a["name"], a["outcome"], "refused" if a["gated"] else "passed", shorten(a["how"])]
            for a in record["attacks"]
        ]
        table("Attacks", ["aims at", "attack", "outcome", "gate alone", "how"], attacks)
    print(summary(record))


def shorten(text: str) -> str:
    """At most so much as fits beside the other columns; the whole is in the JSON."""
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"


def summary(record: dict[str, Any]) -> str:
    """One line: the level and how the attacks ended."""
    line = f"{record['level']} ({record['meaning']})"
    if record["attacked"]:
        counts = ", ".join(f"{count} {outcome}" for outcome, count in record["outcomes"].items() if count)
        escaped = [a["name"] for a in record["attacks"] if a["outcome"] == "escaped"]
        line += f": {len(record['attacks'])} attacks, {counts}" + (f" ({', '.join(escaped)})" if escaped else "")
    return line + "."
