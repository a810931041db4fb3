"""The reference page of the command line, made from the commands' own help: `python -m bridle.cli.page`."""

from __future__ import annotations

import typer
from typer.testing import CliRunner

WIDTH = 100


def page() -> str:
    """`docs/commands.md`."""
    from bridle.cli.app import app

    names = [command.name or getattr(command.callback, "__name__", "") for command in app.registered_commands]
    parts = ["# Commands\n\nMade from each command's `--help`; a test keeps it so.\n"]
    for name in ["", *names]:
        title = f"bridle {name}".strip()
        parts.append(f"## `{title}`\n\n```text\n{help_of(app, name)}```\n")
    return "\n".join(parts)


def help_of(app: typer.Typer, name: str) -> str:
    """The help text of one command, or of all of them where the name is empty."""
    words = [name, "--help"] if name else ["--help"]
    result = CliRunner().invoke(app, words, prog_name="bridle", terminal_width=WIDTH, max_content_width=WIDTH)
    return "\n".join(line.rstrip() for line in result.output.strip().splitlines()) + "\n"


if __name__ == "__main__":
    print(page(), end="")
