"""The commands."""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperGroup

from bridle.cli.assess import assess
from bridle.cli.check import check
from bridle.cli.console import complain
from bridle.cli.demo import demo
from bridle.cli.doctor import doctor
from bridle.cli.environments import environments
from bridle.cli.evaluate import evaluate
from bridle.cli.explain import explain
from bridle.cli.export import export
from bridle.cli.lint import lint
from bridle.cli.paper import paper
from bridle.cli.report import report
from bridle.cli.synthesize import resume, synthesize

HELP = """Bridle keeps an LLM agent's actions applicable.

It watches an agent fail in an environment whose feedback a machine can check, and synthesises a harness: deterministic
Python that verifies, filters or replaces the agent's actions. A harness never authorises anything.

Exit codes: 0 done; 1 failure; 2 usage; 3 stopped below the target, or escalated; 130 interrupted.
"""


class Commands(TyperGroup):
    """The commands; an interrupt that none of them answers itself ends with a word and 130."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was named."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            complain("Interrupted.")
            raise typer.Exit(130) from None


app = typer.Typer(
    cls=Commands,
    help=HELP,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

for command in (
    demo,
    doctor,
    environments,
    assess,
    synthesize,
    resume,
    explain,
    export,
    check,
    lint,
    evaluate,
    paper,
    report,
):
    app.command()(command)


@app.callback(invoke_without_command=True)
def root(version: bool = typer.Option(False, "--version", help="Print the version and end.")) -> None:
    """Options before the command."""
    if version:
        from importlib.metadata import version as installed

        print(installed("bridle"))
        raise typer.Exit


app.info.help = HELP
root.__doc__ = HELP
