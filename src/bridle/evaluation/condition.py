"""A condition: which agent works behind what. The rows of facts that an evaluation sets side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from bridle.errors import UsageError
from bridle.evaluation.offers import ShownCandidates
from bridle.harness import Harness
from bridle.runtime.reviewer import (
    ActingHarness,
    FilteringHarness,
    HarnessReviewer,
    PerfectProbe,
    Reviewer,
    Unreviewed,
)
from bridle.runtime.verdict import defines

Manner: TypeAlias = Literal["none", "verifier", "filter", "alone", "probe"]
"""No harness, a harness in front of the agent, one that also offers it choices, a harness that acts alone, or a perfect
`probe` in its place."""

MODES = ("verifier", "filter", "policy")
"""How a harness can be put to work."""

USUAL = ("verifier", "policy")
"""The modes of every harness where none are named: a filter takes dozens of reviews for each call."""

SMALL, LARGE = "simulated:small", "simulated:large"
"""The agents that are used where none are named."""


@dataclass(frozen=True, kw_only=True)
class Contender:
    """A harness with the name that it goes by, and what its synthesis cost, as far as that is known.

    `made` says where it comes from: `manual` is written by hand.
    """

    name: str
    harness: Harness
    made: Literal["generated", "manual"] = "generated"
    calls: int | None = None
    tokens: int | None = None
    usd: float | None = None

    @property
    def acts(self) -> bool:
        """Whether it can act alone."""
        return defines(self.harness, "propose_call")

    def record(self) -> dict[str, Any]:
        """As a JSON object."""
        return {
            "name": self.name,
            "made": self.made,
            "digest": self.harness.digest,
            "contract": self.harness.contract.name,
            "source": self.harness.source,
            "synthesis": {"calls": self.calls, "tokens": self.tokens, "usd": self.usd},
        }


@dataclass(frozen=True, kw_only=True)
class Condition:
    """An agent (`simulated:small`, `model:…`) behind something. Without an agent the harness acts alone."""

    agent: str
    manner: Manner
    contender: Contender | None = None

    @property
    def name(self) -> str:
        """As the tables show it: a simulated agent's figures say so wherever they appear."""
        kind, _, which = self.agent.partition(":")
        who = which if kind == "model" else f"{kind}-{which}"
        if self.contender is None:
            return f"{who}, {'no harness' if self.manner == 'none' else 'perfect probe'}"
        if self.manner == "alone":
            return f"{self.contender.name} alone"
        return f"{who}, {self.contender.name}{' (filter)' if self.manner == 'filter' else ''}"

    @property
    def simulated(self) -> bool:
        """Whether a simulated agent is in it."""
        return self.manner != "alone" and self.agent.startswith("simulated:")

    @property
    def without(self) -> str:
        """The name of the same agent without a harness; a harness alone is compared with the agent it stands for."""
        return Condition(agent=self.agent, manner="none").name

    @property
    def perfect(self) -> str:
        """The name of the same agent behind a perfect probe."""
        return Condition(agent=self.agent, manner="probe").name

    def reviewer(self) -> Reviewer:
        """Who reviews; HarnessFault where the harness's rules can't be read."""
        if self.contender is None:
            return Unreviewed() if self.manner == "none" else PerfectProbe()
        if self.manner == "filter":
            return FilteringHarness(self.contender.harness, candidates=ShownCandidates())
        return (ActingHarness if self.manner == "alone" else HarnessReviewer)(self.contender.harness)

    def record(self) -> dict[str, Any]:
        """As a JSON object."""
        name = None if self.contender is None else self.contender.name
        return {"name": self.name, "agent": self.agent, "manner": self.manner, "harness": name}


def conditions(
    agents: Sequence[str], contenders: Sequence[Contender], modes: Sequence[str] = USUAL
) -> tuple[Condition, ...]:
    """Every agent without a harness, behind each one, and behind a perfect probe; each harness alone that can act.

    Raises:
        UsageError: there is no such mode, or a harness can't be put to work in any of them.
    """
    if unknown := [mode for mode in modes if mode not in MODES]:
        raise UsageError(f"There is no mode {unknown[0]!r}; use {', '.join(MODES)}.")
    found: list[Condition] = []
    manners: list[Manner] = [manner for manner in ("verifier", "filter") if manner in modes]
    for agent in agents:
        found.append(Condition(agent=agent, manner="none"))
        found += [
            Condition(agent=agent, manner=way, contender=contender) for way in manners for contender in contenders
        ]
        found.append(Condition(agent=agent, manner="probe"))
    acting = [one for one in contenders if one.acts] if "policy" in modes else []
    found += [Condition(agent=agents[0], manner="alone", contender=one) for one in acting]
    if idle := [one.name for one in contenders if not manners and one not in acting]:
        raise UsageError(f"{idle[0]} defines no propose_call, so it can't act alone; ask for another mode as well.")
    return tuple(found)
