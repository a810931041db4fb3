"""The merit of a hypothesis: what it explains, whom it refuses, and whether chance could have made it.

A hypothesis becomes a rule when it explains enough counterexamples of more than one scenario that nothing else
explains, refuses (nearly) no accepted call, in training and in withheld scenarios, and could not have got there by
chance: were it unrelated to acceptance, it would be violated by accepted calls as often as by rejected ones. What a
tool declares is no chance.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bridle.synthesis.learner.cases import Cases
from bridle.synthesis.learner.condition import Condition, Declared, Mentioned
from bridle.synthesis.learner.rule import CITED, Support


@dataclass(frozen=True, kw_only=True)
class Demands:
    """What a rule has to show.

    `support` counterexamples from `scenarios` scenarios at least; at most a share `tolerance` of the accepted calls
    refused (noise), the same for the withheld ones; a probability of at most `chance` that an unrelated condition would
    have spared the accepted calls.
    """

    support: int = 3
    scenarios: int = 2
    tolerance: float = 0.005
    chance: float = 1e-3


@dataclass(frozen=True, kw_only=True)
class Merit:
    """A hypothesis weighed.

    `problem` says why it can't be a rule; empty where it can. `explained` are the counterexamples by tool, as masks;
    `contradicted` says that it refuses more accepted calls than noise would account for.
    """

    support: Support
    explained: Mapping[str, int]
    error_class: str
    contradicted: bool
    problem: str = ""


def weigh(condition: Condition, among: Sequence[Cases], unexplained: Mapping[str, int], demands: Demands) -> Merit:
    """Weigh a hypothesis for some tools. `unexplained` are the counterexamples that no rule explains yet, by tool."""
    explained: dict[str, int] = {}
    classes: dict[str, int] = {}
    ids: list[str] = []
    scenarios: set[str] = set()
    accepted = refused = withheld = withheld_refused = rejected = violated = 0
    for cases in among:
        reach = cases.reach(condition)
        proper = cases.by_agent if isinstance(condition, Mentioned) else -1
        accepted += (reach.applies & cases.accepted & proper).bit_count()
        refused += (reach.violated & cases.accepted & proper).bit_count()
        withheld += (reach.applies & cases.withheld_accepted & proper).bit_count()
        withheld_refused += (reach.violated & cases.withheld_accepted & proper).bit_count()
        rejected += (reach.applies & cases.rejected).bit_count()
        violated += (reach.violated & cases.rejected).bit_count()
        mask = reach.violated & unexplained[cases.tool]
        explained[cases.tool] = mask
        for example in cases.members(mask):
            scenarios.add(example.scenario)
            ids.append(example.id)
            classes[example.error_class] = classes.get(example.error_class, 0) + 1
    support = Support(
        count=len(ids),
        counterexamples=tuple(ids[:CITED]),
        accepted=accepted,
        refused=refused,
        withheld_accepted=withheld,
        withheld_refused=withheld_refused,
    )
    contradiction = _contradiction(support, demands)
    by_chance = 0.0 if isinstance(condition, Declared) else (1 - violated / (rejected or 1)) ** accepted
    return Merit(
        support=support,
        explained=explained,
        error_class=max(classes, key=lambda name: (classes[name], name), default=""),
        contradicted=bool(contradiction),
        problem=contradiction or _shortage(support, len(scenarios), by_chance, demands),
    )


def _contradiction(support: Support, demands: Demands) -> str:
    if support.refused > demands.tolerance * support.accepted:
        return f"refuses {support.refused} of {support.accepted} accepted calls"
    if support.withheld_refused > demands.tolerance * support.withheld_accepted:
        return f"refuses {support.withheld_refused} of {support.withheld_accepted} accepted calls in withheld scenarios"
    return ""


def _shortage(support: Support, scenarios: int, by_chance: float, demands: Demands) -> str:
    """`by_chance` is the probability that an unrelated condition would have spared all accepted calls."""
    if support.count < demands.support:
        return f"only {support.count} counterexamples"
    if scenarios < demands.scenarios:
        return "counterexamples of one scenario only"
    if by_chance > demands.chance:
        return f"spares {support.accepted} accepted calls, which could be chance"
    return ""
