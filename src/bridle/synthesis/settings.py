"""Settings: what a caller may choose of a search. What is left open gets the default that suits the environment."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from bridle.environment import Environment, ForeignActing, Probing, sample
from bridle.errors import UsageError
from bridle.harness import Contract, Limits, read
from bridle.synthesis.budget import Limit
from bridle.synthesis.learner.learner import RULES
from bridle.synthesis.plan import Plan, Root, paper
from bridle.synthesis.surface import program_digest

TOOL_CALL_TARGET = 0.97
"""The H that counts as done for tool calls, where agents err and plans can fail for reasons of their own."""

HARNESS = "harness.py"
"""The file of a run's best harness."""

MATCHES = 2
"""Whole matches of a lane under the objective `policy`, at least."""

ITERATIONS = {"default": 64, "paper": 256}
"""Expansions of a run, by preset."""

PLAIN_TOOLS = 21
"""Tools for which a plan's default number of judged calls is enough: so many has `enterprise/expense`."""

EXAMPLES_A_TOOL = 2_000
"""Judged calls for each further tool: more than its share of those, as journeys to rare states get longer, too."""

MOST_EXAMPLES = 36_000
"""Judged calls at most that nobody asked for: learning from them takes a minute or two."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """A search's settings, each as in `Plan`; None is the default for the environment and the preset.

    `objective`: `workflow` for tool calls; else `verifier` where episodes can probe and make up foreign actions, and
    `legality` where they can't or under the paper's preset. `target`: 1, and 0.97 for tool calls. `weight`: 20, and 1
    under the paper's preset. `matches`: 2 under `policy`. `limit`: 64 iterations, or 256 under the paper's preset.
    `examples`: the plan's, and for the rule learner as many as the environment's tools ask for (`examples_for`).
    """

    objective: str | None = None
    preset: str = "default"
    selector: str = "thompson"
    weight: float | None = None
    seed: int = 0
    concurrency: int = 1
    order: str = "dispatch"
    lanes: int = 10
    steps: int = 1000
    matches: int | None = None
    target: float | None = None
    plateau: int = 24
    escalate_after: int = 8
    two_parents: bool = False
    context: int = 200_000
    examples: int | None = None
    limit: Limit | None = None
    limits: Limits = field(default_factory=Limits)

    def plan(
        self,
        environment: Environment,
        *,
        environment_id: str | None,
        models: Sequence[str],
        roots: Sequence[Root] = (),
    ) -> Plan:
        """The plan of a search in this environment: by these models, cheap first; from these roots beside the template.

        `environment_id` is None where the environment is an object that no id names. Raises UsageError for what can't
        be meant.
        """
        if self.preset == "paper" and (self.two_parents or len(models) > 1):
            raise UsageError("The paper's method has one model and one parent; leave the preset out for more of them.")
        calls = environment.contract.name == "tool-call"
        objective = self.objective or suited(environment, preset=self.preset)
        default = Plan(environment=environment_id, preset=self.preset)
        usual = examples_for(environment) if models[0] == RULES else default.examples
        plan = Plan(
            environment=environment_id,
            objective=objective,
            model=models[0],
            stronger=tuple(models[1:]),
            escalate_after=self.escalate_after,
            preset=self.preset,
            selector=self.selector,
            weight=default.weight if self.weight is None else self.weight,
            seed=self.seed,
            concurrency=self.concurrency,
            order=self.order,
            lanes=self.lanes,
            steps=self.steps,
            matches=self.matches or (MATCHES if objective == "policy" else None),
            target=self.target or (TOOL_CALL_TARGET if calls else default.target),
            plateau=self.plateau,
            limit=self.limit or Limit(iterations=ITERATIONS[self.preset]),
            limits=self.limits,
            two_parents=self.two_parents,
            context=self.context,
            examples=usual if self.examples is None else self.examples,
            roots=tuple(roots),
        )
        return paper(plan) if self.preset == "paper" else plan


def root(path: Path, contract: Contract) -> Root:
    """A harness's file, or a run's folder, as a root: of the same contract; environment and observations may be others.

    Raises:
        UsageError: the file can't be read, is for another contract, was edited after it was written, or is no Python.
    """
    if path.is_dir():
        path = path / HARNESS
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"The harness {path} can't be read ({error}); name a Python file.") from None
    made_for = re.match(r"# Bridle harness .*\n# contract ([\w-]+), observation (\w+);", text)
    variant = replace(contract, observation=made_for[2]) if made_for and made_for[1] == contract.name else contract
    source = read(text, variant).source
    try:
        program_digest(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise UsageError(f"The harness {path} can't be parsed ({error}); mend it first.") from None
    name = f"{path.resolve().parent.name}/{path.name}" if path.name == HARNESS else path.name
    return Root(name=name, source=source)


def suited(environment: Environment, *, preset: str = "default") -> str:
    """The objective that suits an environment: the strictest one that it can be held to; the paper's for its preset."""
    if environment.contract.name == "tool-call":
        return "workflow"
    if preset == "paper":
        return "legality"
    episode = sample(environment)
    return "verifier" if isinstance(episode, Probing) and isinstance(episode, ForeignActing) else "legality"


def examples_for(environment: Environment) -> int:
    """How many judged calls the rule learner is given where nobody says: 12,000, and more where there are many tools.

    2,000 more for each tool above 21, 36,000 at most. What counts is in how many scenarios a tool was accepted, and the
    more tools there are, the smaller is the share of the scenarios in which any one of them comes into play.
    """
    usual = Plan(environment=None).examples
    view = sample(environment).observe().view
    tools = view.get("tools", ()) if isinstance(view, dict) else ()
    return min(MOST_EXAMPLES, usual + EXAMPLES_A_TOOL * max(0, len(tools) - PLAIN_TOOLS))
