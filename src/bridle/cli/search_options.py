"""The options of `bridle synthesize` and `bridle resume`."""

from __future__ import annotations

import typer

ENVIRONMENT = typer.Argument(..., help="Such as textarena/TicTacToe-v0 or my_package.my_module:MyClass.")
FOLDER = typer.Argument(..., help="The run's folder.")

MODEL = typer.Option(
    ...,
    help="Who rewrites: provider:model, a URL#model, cmd:PROGRAM, replay:FILE, or rules (the rule learner). "
    "Repeatable, cheap first: the next one takes over after --escalate-after.",
    show_default=False,
)
OBJECTIVE = typer.Option(
    None,
    help="What to maximise: workflow for tool calls (default there); verifier (default where the environment can "
    "probe), legality or policy.",
)
PRESET = typer.Option("default", help="default, or paper: the paper's method and nothing else.")
SELECTOR = typer.Option("thompson", help="thompson, greedy, breadth-first, uniform, chain or best-of-n.")
WEIGHT = typer.Option(None, help="Thompson's C: higher trusts H more (20, or 1 for the paper's preset).")
CONCURRENCY = typer.Option(1, help="Expansions in flight.")
ORDER = typer.Option("dispatch", help="dispatch (reproducible) or free (faster).")
PLATEAU = typer.Option(24, help="Give up after this many expansions without a better node.")
ESCALATE_AFTER = typer.Option(8, help="Ask the next model after this many expansions without a better node.")
TWO_PARENTS = typer.Option(
    False, "--two-parents", help="Show the refiner a second program too, which is right where the first is wrong."
)
CONTEXT = typer.Option(200_000, help="Tokens that the model's context holds; longer prompts are shortened.")
EXAMPLES = typer.Option(
    None,
    min=0,
    help="Tool calls: judged calls to learn from (12000; the rule learner 2000 more for each tool above 21, up to "
    "36000). More take longer and find rarer rules.",
)
TARGET = typer.Option(None, help="The H that counts as done: 1 for games, 0.97 for tool calls.")
LANES = typer.Option(10, help="Parallel episodes of a rollout.")
STEPS = typer.Option(1000, help="Steps of each parallel episode.")
MATCHES = typer.Option(
    None, help="Whole matches of each parallel episode, at least; 2 for policy. Short ones: more, up to 100 steps."
)

ITERATIONS = typer.Option(None, help="Stop after this many expansions (64, or 256 for the paper's preset).")
MAX_CALLS = typer.Option(None, help="Never make more model calls than this.")
MAX_TOKENS = typer.Option(None, help="Never use more tokens than this, in and out.")
MAX_USD = typer.Option(None, help="Never spend more than this; needs a model whose price is known.")
MAX_STEPS = typer.Option(None, help="Never take more environment steps than this.")
MAX_TIME = typer.Option(None, help="Stop after this time: 90, 90s, 15m or 2h.")

START_FROM = typer.Option(
    [], "--from", help="Start from this harness (a file or a run's folder) too, such as a sibling's; repeatable."
)
SEED = typer.Option(0, help="The same seed and answers give the same tree.")
RUN = typer.Option(None, help="The run's folder (default: a new one under .bridle/runs).")
RECORD = typer.Option(None, help="Append the model's answers to this file, for --model replay:FILE.")
EXECUTOR = typer.Option("processes", help="Where rollouts run: inline, processes or processes:N.")
