"""Rules: what was induced, as declarative values, each with the counterexamples that it stands on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from bridle.synthesis.learner.condition import Condition
from bridle.synthesis.learner.wording import Scalar

Kind: TypeAlias = Literal["declared", "shape", "reference", "precondition", "routing", "order", "conditional"]
KINDS: tuple[Kind, ...] = ("declared", "shape", "reference", "precondition", "routing", "order", "conditional")
"""The kinds of rules about a call, in the order in which a harness checks them."""

STATEFUL: tuple[Kind, ...] = ("precondition", "routing", "order", "conditional")
"""The kinds that are about the state which the view shows."""

CITED = 5
"""Counterexamples that a rule names; `support` counts all."""


PASSING = 0.8
"""The share of calls made again that have to go well for an error to be none of the call's."""


@dataclass(frozen=True, kw_only=True)
class Support:
    """What a rule stands on.

    `count` counterexamples are explained by it, `counterexamples` are the ids of some. Of `accepted` accepted calls
    that it applies to it refuses `refused`; the same for those in scenarios that were withheld from induction.
    """

    count: int
    counterexamples: tuple[str, ...]
    accepted: int
    refused: int
    withheld_accepted: int = 0
    withheld_refused: int = 0

    @property
    def precision(self) -> float:
        """The share of accepted calls that it leaves alone, the withheld ones included; 1 where there are none."""
        accepted = self.accepted + self.withheld_accepted
        return 1 - (self.refused + self.withheld_refused) / accepted if accepted else 1.0


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A call needs `condition`; where that does not hold, the environment answers `error_class`.

    The rule is about calls of `tools`, or, where that is empty, of every tool but those in `unless`. `ways` are for
    hints: which tool leads on from a value that the rule refuses; None where that can't be said of the rule at all.
    `person` says that where what it needs is empty, nothing fills it in: it is for a person then.
    """

    id: str
    kind: Kind
    tools: tuple[str, ...]
    condition: Condition
    sentence: str
    error_class: str
    support: Support
    unless: tuple[str, ...] = ()
    ways: tuple[tuple[Scalar, str], ...] | None = None
    person: bool = False

    def concerns(self, tool: str) -> bool:
        """Whether it is about calls of this tool."""
        return tool in self.tools if self.tools else tool not in self.unless


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A tool's argument that chooses one of the things shown: where none of them will do, `whom` is asked.

    `rules` are the ids of the rules by which a thing will do or not. In `dead` cases none did, and the call never went
    well later.
    """

    tool: str
    argument: str
    whom: str
    rules: tuple[str, ...]
    dead: int


@dataclass(frozen=True, kw_only=True)
class Spelling:
    """A value may be written in another way: a call that differs in nothing else is rewritten. `helper` does it."""

    id: str
    helper: str
    sentence: str
    support: Support


@dataclass(frozen=True, kw_only=True)
class Recovery:
    """What to do after an error of one class.

    `verdict`: `retry` (where `careful`, only what may be repeated by its declared effect) or `revise`. `repeated`
    counts the equal calls that were made again after such an error, `succeeded` those that then went well; `after` is
    how many calls later that was.
    """

    id: str
    error_class: str
    verdict: Literal["retry", "revise"]
    sentence: str
    careful: bool = False
    after: int = 0
    repeated: int = 0
    succeeded: int = 0
    seen: int = 0

    @property
    def passing(self) -> bool:
        """Whether such an error says nothing about the call: nearly all that were made again, unchanged, went well."""
        return self.verdict == "retry" and self.succeeded >= PASSING * self.repeated > 0


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """A hypothesis, or a group of counterexamples, that no rule came of, and why."""

    what: str
    why: str
    count: int


@dataclass(frozen=True, kw_only=True)
class Rulebook:
    """Everything that was induced, in the order in which a harness checks it."""

    rules: tuple[Rule, ...] = ()
    spellings: tuple[Spelling, ...] = ()
    recoveries: tuple[Recovery, ...] = ()
    choices: tuple[Choice, ...] = ()
    left_out: tuple[LeftOut, ...] = field(default=())
    examples: int = 0
    accepted: int = 0

    def objection(self, view: Mapping[str, Any], tool: str, arguments: Any) -> Rule | None:
        """The first rule that a call breaks, as it stands; None where it breaks none."""
        for rule in self.rules:
            if rule.concerns(tool) and rule.condition.wrong(view, tool, arguments):
                return rule
        return None
