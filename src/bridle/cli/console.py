"""What a person sees: tables and progress on a terminal, plain lines elsewhere, JSON for machines."""

from __future__ import annotations

import json
import sys
from typing import Any, NoReturn

import typer

JSON_OPTION = typer.Option(False, "--json", help="Print one JSON object instead of text.")


def complain(sentence: str) -> None:
    """One sentence on standard error."""
    print(f"bridle: {sentence}", file=sys.stderr)


def emit(value: dict[str, Any]) -> None:
    """One JSON object on standard output."""
    print(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def table(title: str, columns: list[str], rows: list[list[str]]) -> None:
    """A table: drawn on a terminal, tab-separated elsewhere."""
    if not sys.stdout.isatty():
        if title:
            print(title)
        print("\t".join(columns))
        for row in rows:
            print("\t".join(row))
        return
    from rich.console import Console
    from rich.table import Column, Table
    from rich.text import Text

    folded = [Column(column, overflow="fold") for column in columns]  # ids are never cut: they are typed again
    drawn = Table(*folded, title=title or None, title_justify="left")
    for row in rows:
        # Text, not markup: cells may hold what harnesses and environments said.
        drawn.add_row(*map(Text, row))
    Console().print(drawn)


def leave(code: int) -> NoReturn:
    """End the command with an exit code."""
    raise typer.Exit(code)
