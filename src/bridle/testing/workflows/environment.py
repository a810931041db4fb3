"""`bridle.testing.workflows.environment:RandomWorkflow?seed=7`: the environment of one random workflow."""

from __future__ import annotations

import random
from collections.abc import Sequence

from bridle.arguments import ArgumentCheck
from bridle.environment import Scenario, SeededScenarios, Split
from bridle.errors import UsageError
from bridle.harness import TOOL_CALL
from bridle.testing.workflows.blueprint import Blueprint
from bridle.testing.workflows.drawing import draw
from bridle.testing.workflows.episode import RandomEpisode, Start, targets_of
from bridle.testing.workflows.planner import Target, Worker
from bridle.testing.workflows.world import World, peopled


class RandomWorkflow:
    """The workflow of a seed. `blueprint.rules` are the true rules of its calls, `blueprint.recoveries` of errors."""

    def __init__(self, seed: str | int = 0, transient: str | float = 0.05) -> None:
        """`transient` is the rate of failures that befall applicable calls; both as text where they come from an id.

        Raises:
            UsageError: the seed is no whole number, or the rate none from 0 to 1.
        """
        try:
            number, rate = int(seed), float(transient)
        except ValueError:
            raise UsageError(f"seed={seed}, transient={transient}: use a whole number and a rate.") from None
        if not 0 <= rate <= 1:
            raise UsageError(f"transient={transient} is not a rate; use a number from 0 to 1.")
        self.blueprint: Blueprint = draw(number, transient=rate)
        self.name = self.blueprint.name
        self.description = "A workflow that was drawn at random: its words mean nothing, its rules are known."
        self.action_space = 'A tool call: {"tool": name, "arguments": {…}}. The view declares the tools.'
        self.contract = TOOL_CALL
        self.players = 1
        self.reward_range = (0.0, 1.0)
        self._check = ArgumentCheck([plan.tool for plan in self.blueprint.plans])

    def scenarios(self, split: Split) -> Sequence[Scenario]:
        """Any number of seeds."""
        return SeededScenarios(split, length=3_000_000)

    def start(self, scenario: Scenario) -> RandomEpisode:
        """A world with a few things, and one or two of them to work on."""
        world, targets = self._start(scenario)
        work = ", ".join(f"{target.identity} until it is {target.state}" for target in targets)
        start = Start(
            task=f"Work on {work}. Leave to a person what can't be done. Touch nothing else.",
            me=f"me-{random.Random(f'{scenario.seed}/me').getrandbits(32):08x}",
            world=world,
            targets=targets,
            turns=14 * len(targets) + 6,
            seed=scenario.seed,
        )
        return RandomEpisode(start, self.blueprint, self._check)

    def planner(self, scenario: Scenario) -> Worker:
        """Who knows what is wanted in a scenario, for simulated agents."""
        return Worker(self.blueprint, self._start(scenario)[1])

    def _start(self, scenario: Scenario) -> tuple[World, tuple[Target, ...]]:
        rng = random.Random(f"{self.name}/{scenario.seed}")
        world = peopled(self.blueprint, rng)
        return world, targets_of(self.blueprint, world, rng, rng.randint(1, 2))
