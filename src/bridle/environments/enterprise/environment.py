"""The environment of any workflow: it is told what the workflow is made of, and each workflow makes its own things."""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Generic

from bridle.environment import Scenario, Split
from bridle.environments.enterprise.governance import Governance, shipped, shipped_harness
from bridle.environments.enterprise.mutations import Mutation
from bridle.environments.enterprise.revised import Planner
from bridle.environments.enterprise.routing import Need
from bridle.environments.enterprise.templates import divided
from bridle.environments.enterprise.twists import StartT, Twist, Twisted, twisted
from bridle.environments.enterprise.variants import (
    Edition,
    Editions,
    TemptedPlanner,
    Variant,
    apart,
    mutated,
    replanned,
)
from bridle.environments.enterprise.workflow import Allowance, Case, Mishaps, System, WorkflowEpisode
from bridle.errors import UsageError
from bridle.harness import TOOL_CALL, Harness
from bridle.trace import Tool

POLICIES = ("strict", "lax")
INVALID_CALLS = 4
"""Inapplicable calls after which a system closes a session."""

CLOSING = (
    f"Call finish when the task is done. The session closes after {INVALID_CALLS} calls that can't be carried out."
)
"""What every task says at its end."""


@dataclass(frozen=True, kw_only=True)
class Workflow(Generic[StartT]):
    """What a workflow is made of, as data.

    `package` is whose folder holds the policies and the harness written by hand. `groups` are the names of templates by
    group. `advice` stands behind each task: to whom work is handed over. `need` says whom a nominal start of a journey
    (the first part of a template's name) needs besides its subject.
    """

    name: str
    package: str
    description: str
    advice: str
    groups: Mapping[str, Sequence[str]]
    tools: Sequence[Tool]
    finish: Tool
    mutations: Mapping[str, Mutation]
    twists: Mapping[str, Twist[StartT]]
    need: Callable[[str, StartT], Need | None]


class WorkflowEnvironment(ABC, Generic[StartT]):
    """A workflow in one of its variants, with services that fail at some rates."""

    def __init__(self, workflow: Workflow[StartT], mishaps: Mishaps, variant: str, mutation: str) -> None:
        """`variant` is nominal, mutated or adversarial; `mutation` picks one of the variant's changes.

        Raises:
            UsageError: there is no such variant or mutation.
        """
        self._workflow, self._mishaps = workflow, mishaps
        self.variant = Variant(variant, mutation, mutations=workflow.mutations, twists=tuple(workflow.twists))
        self.name = "?".join(filter(None, (f"enterprise/{workflow.name}", self.variant.query)))
        self.description = workflow.description
        self.action_space = 'A tool call: {"tool": name, "arguments": {…}}. The view declares the tools.'
        self.contract = TOOL_CALL
        self.players = 1
        self.reward_range = (0.0, 1.0)
        self.policies = POLICIES
        self.templates: Mapping[str, tuple[str, ...]] = divided(workflow.groups)
        self._editions = Editions(workflow.tools, self.variant)

    @abstractmethod
    def _drawn(self, template: str, seed: int) -> StartT:
        """The nominal start that a nominal template and a seed make; always the same."""

    @abstractmethod
    def _system(self, twisted: Twisted[StartT], seed: int) -> System:
        """The nominal system of a start, newly made."""

    @abstractmethod
    def _planner(self, start: StartT) -> Planner:
        """Who knows the goal of a start."""

    def scenarios(self, split: Split) -> Sequence[Scenario]:
        """Templates of the split in turn, each time with another seed."""
        return self.variant.scenarios(split, self.templates)

    def start(self, scenario: Scenario) -> WorkflowEpisode:
        """The start that the scenario's template and seed make."""
        twisted, change = self._twisted(scenario)
        start, mutation = twisted.start, self.variant.mutation(change)
        turns = start.turns + mutation.turns
        case = Case(
            task=f"{start.task} {self._workflow.advice} {CLOSING}",
            me=f"me-{random.Random(f'{scenario.seed}/me').getrandbits(32):08x}",
            subject=start.subject,
            system=mutated(self._system(twisted, scenario.seed), mutation),
            allowance=Allowance(turns=turns + turns // 2 + 2, invalid=INVALID_CALLS),
            mishaps=self._mishaps,
            finish=self._workflow.finish,
            seed=scenario.seed,
            need=twisted.need,
        )
        return WorkflowEpisode(case, self._editions.workplace(change))

    def planner(self, scenario: Scenario) -> Planner:
        """Who knows the goal of a scenario, for simulated agents."""
        twisted, change = self._twisted(scenario)
        planner = replanned(self._planner(twisted.start), self.variant.mutation(change))
        return planner if twisted.lure is None else TemptedPlanner(planner, twisted.lure)

    def edition(self, scenario: Scenario) -> Edition:
        """The tools and the mapping that hold for a scenario."""
        return self._editions.edition(apart(scenario.template)[1], self.governance().mapping)

    def governance(self, policy: str = "strict") -> Governance:
        """The texts of one of the policies; the mapping is the nominal one, `edition` has a scenario's."""
        return shipped(self._workflow.package, policy, POLICIES)

    def manual_harness(self) -> Harness:
        """A harness written by hand from the tools' documentation."""
        return shipped_harness(self._workflow.package)

    def _twisted(self, scenario: Scenario) -> tuple[Twisted[StartT], str]:
        """The scenario's start with its twist, and the name of its change."""
        template, change = apart(scenario.template)
        start = self._drawn(template, scenario.seed)
        found = twisted(self._workflow.twists, start, change, scenario.seed)
        return replace(found, need=found.need or self._workflow.need(template.split("/")[0], start)), change


def mishaps(transient: str | float, internal: str | float) -> Mishaps:
    """The rates of both failures, per applicable call, from an id's query.

    Raises:
        UsageError: a rate is not a number from 0 to 1, or they exceed 1 together.
    """
    found = Mishaps(transient=rate("transient", transient), internal=rate("internal", internal))
    if found.transient + found.internal > 1:
        raise UsageError("The rates transient and internal exceed 1 together; lower one of them.")
    return found


def rate(name: str, value: str | float) -> float:
    """The rate that the option of that name states; UsageError where it is not a number from 0 to 1."""
    try:
        found = float(value)
    except ValueError:
        found = -1.0
    if not 0 <= found <= 1:
        raise UsageError(f"{name}={value} is not a rate; use a number from 0 to 1.")
    return found
