"""The merit of a hypothesis: what it explains, whom it refuses, and whether chance could have made it.

A hypothesis becomes a rule when it explains enough counterexamples of more than one scenario that nothing else
explains, refuses (nearly) no accepted call, in training and in withheld scenarios, and could not have got there by
chance: were it unrelated to acceptance, accepted calls would violate it as often as those of the error class that it
explains. What a tool declares is no chance.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import comb, sqrt

from bridle.synthesis.learner.cases import Cases
from bridle.synthesis.learner.condition import Condition, Declared, Given, Mentioned
from bridle.synthesis.learner.rule import CITED, Support

PREMISES = 100
"""How many premises there are to choose from, about: each makes it likelier that one of them fits by chance."""


@dataclass(frozen=True, kw_only=True)
class Demands:
    """What a rule has to show.

    `support` counterexamples from `scenarios` scenarios at least; at most a share `tolerance` of the accepted calls
    refused (noise), about the same for the withheld ones; a probability of at most `chance` that an unrelated condition
    would have spared the accepted calls.
    """

    support: int = 3
    scenarios: int = 2
    tolerance: float = 0.005
    chance: float = 1e-4

    def expected(self, accepted: int) -> float:
        """How many of so few accepted calls may be refused where a share `tolerance` is noise: two standard errors."""
        return self.tolerance * accepted + 2 * sqrt(self.tolerance * accepted)


@dataclass(frozen=True, kw_only=True)
class Merit:
    """A hypothesis weighed.

    `problem` says why it can't be a rule; empty where it can. `explained` are the counterexamples by tool, as masks.
    """

    support: Support
    explained: Mapping[str, int]
    error_class: str
    problem: str = ""


def weigh(condition: Condition, among: Sequence[Cases], unexplained: Mapping[str, int], demands: Demands) -> Merit:
    """Weigh a hypothesis for some tools. `unexplained` are the counterexamples that no rule explains yet, by tool."""
    explained: dict[str, int] = {}
    by_class: dict[str, int] = {}
    at_stake: dict[str, int] = {}
    ids: list[str] = []
    scenarios: set[str] = set()
    accepted = refused = withheld = withheld_refused = 0
    for cases in among:
        reach = cases.reach(condition)
        proper = cases.by_agent if isinstance(condition, Mentioned) else -1
        accepted += (reach.applies & cases.accepted & proper).bit_count()
        refused += (reach.violated & cases.accepted & proper).bit_count()
        withheld += (reach.applies & cases.withheld_accepted & proper).bit_count()
        withheld_refused += (reach.violated & cases.withheld_accepted & proper).bit_count()
        explained[cases.tool] = reach.violated & unexplained[cases.tool]
        for name, members in cases.by_class.items():
            at_stake[name] = at_stake.get(name, 0) + (reach.applies & unexplained[cases.tool] & members).bit_count()
            by_class[name] = by_class.get(name, 0) + (explained[cases.tool] & members).bit_count()
        for example in cases.members(explained[cases.tool]):
            scenarios.add(example.scenario)
            ids.append(example.id)
    error_class = max(by_class, key=lambda name: (by_class[name], name), default="")
    support = Support(
        count=len(ids),
        counterexamples=tuple(ids[:CITED]),
        accepted=accepted,
        refused=refused,
        withheld_accepted=withheld,
        withheld_refused=withheld_refused,
    )
    odds = 0.0
    if ids and not isinstance(condition, Declared):
        odds = by_chance(by_class[error_class], at_stake[error_class], refused, accepted)
        odds *= PREMISES if isinstance(condition, Given) else 1
    return Merit(
        support=support,
        explained=explained,
        error_class=error_class,
        problem=_contradiction(support, demands) or _shortage(support, len(scenarios), odds, demands),
    )


def contradicted(condition: Condition, cases: Cases, demands: Demands) -> bool:
    """Whether a tool's own accepted calls, in training or withheld, contradict a hypothesis."""
    reach = cases.reach(condition)
    proper = cases.by_agent if isinstance(condition, Mentioned) else -1
    mine, withheld = cases.accepted & proper, cases.withheld_accepted & proper
    if (reach.violated & mine).bit_count() > demands.tolerance * (reach.applies & mine).bit_count():
        return True
    return (reach.violated & withheld).bit_count() > demands.expected((reach.applies & withheld).bit_count())


def by_chance(violated: int, rejected: int, refused: int, accepted: int) -> float:
    """The probability that so few accepted calls would violate a condition that has nothing to do with acceptance.

    Fisher's exact test, one-sided: `violated` of `rejected` and `refused` of `accepted` calls violate it.
    """
    drawn, everything = violated + refused, rejected + accepted
    ways = sum(comb(accepted, few) * comb(rejected, drawn - few) for few in range(refused + 1))
    return ways / comb(everything, drawn)


def _contradiction(support: Support, demands: Demands) -> str:
    if support.refused > demands.tolerance * support.accepted:
        return f"refuses {support.refused} of {support.accepted} accepted calls"
    if support.withheld_refused > demands.expected(support.withheld_accepted):
        return f"refuses {support.withheld_refused} of {support.withheld_accepted} accepted calls in withheld scenarios"
    return ""


def _shortage(support: Support, scenarios: int, odds: float, demands: Demands) -> str:
    if support.count < demands.support:
        return f"only {support.count} counterexamples"
    if scenarios < demands.scenarios:
        return "counterexamples of one scenario only"
    if odds > demands.chance:
        return f"spares {support.accepted} accepted calls, which could be chance"
    return ""
