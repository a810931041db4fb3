"""A random workflow as data: kinds of things, tools, what each does, and the true rules."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from bridle.testing.workflows.rules import TrueRecovery, TrueRule
from bridle.testing.workflows.words import Ids
from bridle.trace import Tool

Sort: TypeAlias = Literal["state", "flag", "number", "category", "text", "record", "list", "date"]
"""What a field holds. A `record` is a text that may be missing."""

Deed: TypeAlias = Literal["show", "list", "move", "set", "fill", "take", "answer", "send", "refer", "finish"]
"""What a tool does with the thing it names: show it, list all of a kind, move it to another state, set a flag, fill a
record, take from a number, answer something about it, send it somewhere, leave it to a person, end the task."""


@dataclass(frozen=True, kw_only=True)
class Field:
    """A field of a kind of things. `values` for those that have few; `share` is how often a flag or record is set."""

    name: str
    sort: Sort
    values: tuple[str, ...] = ()
    share: float = 0.5

    def draw(self, rng: random.Random) -> Any:
        """A value."""
        if self.sort in ("state", "category"):
            return rng.choice(self.values)
        if self.sort == "flag":
            return rng.random() < self.share
        if self.sort == "number":
            return rng.randint(1, 60) * 5
        if self.sort == "list":
            return sorted(rng.sample(self.values, rng.randint(1, 2)))
        if self.sort == "date":
            return day(rng)
        text = f"{self.name[:2]}{rng.randint(10_000, 99_999)}"
        return text if self.sort == "text" or rng.random() < self.share else None


@dataclass(frozen=True, kw_only=True)
class Slot:
    """An argument of a tool.

    `sort`: `id`, `number`, `whole`, `text`, `date`, `option` or `flag`. `about` names the kind that an id is of. What
    it has to look like is `form` (JSON Schema); the tool declares it where `declared`, else only the service knows.
    """

    name: str
    sort: Literal["id", "number", "whole", "text", "date", "option", "flag"]
    form: Mapping[str, Any]
    required: bool = True
    about: str = ""
    declared: bool = True

    def draw(self, rng: random.Random) -> Any:
        """A value that has the form."""
        if self.sort == "option":
            return rng.choice(self.form["enum"])
        if self.sort in ("number", "whole"):
            return rng.randint(self.form.get("minimum", 1), self.form.get("maximum", 300))
        if self.sort == "date":
            return day(rng)
        return rng.random() < 0.5 if self.sort == "flag" else f"as said {rng.randint(100, 999)}"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A tool as its owner knows it: its declaration, its slots, its rules in the order in which they are checked.

    It is about the thing of `kind` that the slot `subject` names. `field` and `value` are what its deed changes; a
    `source` is the slot that the value comes from. `froms` are the states that a `move` leads out of.
    """

    tool: Tool
    deed: Deed
    kind: str = ""
    subject: str = ""
    slots: tuple[Slot, ...] = ()
    rules: tuple[TrueRule, ...] = ()
    field: str = ""
    value: Any = None
    source: str = ""
    froms: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The tool's."""
        return self.tool.name


@dataclass(frozen=True, kw_only=True)
class Thing:
    """A kind of things. `state` names the field that moves; `order` are its states from first to last."""

    name: str
    ids: Ids
    fields: tuple[Field, ...]
    state: str = ""
    order: tuple[str, ...] = ()
    referred: str = ""


@dataclass(frozen=True, kw_only=True)
class Mishap:
    """A failure that befalls applicable calls, at a rate per call; the same call fails again for `wait` more calls."""

    error_class: str
    rate: float
    wait: int = 0
    unknown: bool = False


@dataclass(frozen=True, kw_only=True)
class Blueprint:
    """One workflow. `identity` is the key under which things carry their id."""

    name: str
    identity: str
    kinds: tuple[Thing, ...]
    plans: tuple[Plan, ...]
    mishaps: tuple[Mishap, ...] = ()
    recoveries: tuple[TrueRecovery, ...] = ()
    _by_name: dict[str, Plan] = field(default_factory=dict, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Sort the plans by name once."""
        self._by_name.update({plan.name: plan for plan in self.plans})

    @property
    def rules(self) -> tuple[TrueRule, ...]:
        """Every rule about a call, tool by tool."""
        return tuple(rule for plan in self.plans for rule in plan.rules)

    def plan(self, tool: str) -> Plan | None:
        """The tool of a name."""
        return self._by_name.get(tool)

    def kind(self, name: str) -> Thing:
        """The kind of a name."""
        return next(kind for kind in self.kinds if kind.name == name)

    def doing(self, deed: Deed, kind: str = "") -> Plan:
        """The first tool that does something, for a kind."""
        return next(plan for plan in self.plans if plan.deed == deed and plan.kind == kind)

    def shown_by(self, kind: str) -> Plan:
        """The tool that shows things of a kind: one by one, or all."""
        return next(plan for plan in self.plans if plan.deed in ("show", "list") and plan.kind == kind)


def day(rng: random.Random) -> str:
    """A date."""
    return f"20{rng.randint(30, 33)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}"
