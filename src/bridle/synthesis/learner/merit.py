"""The merit of a hypothesis: what it explains, whom it refuses, and whether chance could have made it.

A hypothesis becomes a rule when it explains enough counterexamples of more than one scenario that nothing else
explains, refuses (nearly) no accepted call, in training and in withheld scenarios, and could not have got there by
chance: were it unrelated to acceptance, accepted calls would violate it as often as those of the error class that it
explains. What a tool declares is no chance.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import NamedTuple

from bridle.statistics import fisher
from bridle.synthesis.learner.cases import Cases
from bridle.synthesis.learner.comparison import Among, OneOf
from bridle.synthesis.learner.condition import Condition
from bridle.synthesis.learner.form import Declared, Fits, Only, Required
from bridle.synthesis.learner.premise import Given, subject
from bridle.synthesis.learner.reference import Mentioned
from bridle.synthesis.learner.rule import CITED, Support
from bridle.synthesis.learner.term import Argument, Listing

STRUCTURAL = 20
"""How much fewer hypotheses there are about which arguments a call states, of what type, and which tool listed their
values, than about all else."""

NAMED_PREMISES = 10
"""As `PREMISES`, for those about the call's own arguments: what it says of itself decides what it needs."""

PREMISES = 100
"""How many premises there are to choose from, about: each makes it likelier that one of them fits by chance."""

LISTED = 19
"""Scenarios with accepted calls from which on the values seen are taken for all, or for what all look like: were one
call of twenty to use another, so many scenarios would more likely than not have shown one."""


DATE = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
"""A date by ISO 8601: where some accepted ones are written so, nobody expects the others to be written otherwise."""


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
    chance: float = 1e-3

    def expected(self, accepted: int) -> float:
        """How many of so few accepted calls may be refused where a share `tolerance` is noise: two standard errors."""
        return self.tolerance * accepted + 2 * sqrt(self.tolerance * accepted)

    def spared(self, refused: int, accepted: int, rejected: int) -> bool:
        """Whether so few of the accepted calls are refused that they may be noise, beside so many rejected ones.

        Where calls that violate a condition are now and then accepted for a reason, that is no noise: it has to be rare
        among those that violate it as well.
        """
        if refused <= self.tolerance * accepted:
            return True
        return refused <= min(self.expected(accepted), self.expected(refused + rejected))


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
    explained = {cases.tool: cases.reach(condition).violated & unexplained[cases.tool] for cases in among}
    by_class: Counter[str] = Counter()
    ids: list[str] = []
    accepted = refused = withheld = withheld_refused = rejected = 0
    for cases in among:
        reach, telling = cases.reach(condition), proper(condition, cases)
        accepted += (reach.applies & cases.accepted & telling).bit_count()
        refused += (reach.violated & cases.accepted & telling).bit_count()
        withheld += (reach.applies & cases.withheld_accepted & telling).bit_count()
        withheld_refused += (reach.violated & cases.withheld_accepted & telling).bit_count()
        rejected += (reach.violated & cases.rejected).bit_count()
        for name, members in cases.by_class.items():
            by_class[name] += (explained[cases.tool] & members).bit_count()
        ids += [example.id for example in cases.members(explained[cases.tool])]
    error_class = max(by_class, key=lambda name: (by_class[name], name), default="")
    support = Support(
        count=len(ids),
        counterexamples=tuple(ids[:CITED]),
        accepted=accepted,
        refused=refused,
        withheld_accepted=withheld,
        withheld_refused=withheld_refused,
    )
    problem = _contradiction(support, rejected, demands)
    if not problem:
        spread = _spread(condition, among, unexplained, error_class)
        problem = _shortage(support, spread, condition, demands)
    return Merit(support=support, explained=explained, error_class=error_class, problem=problem)


class Spread(NamedTuple):
    """In how many scenarios calls of one error class, and accepted ones, violate a hypothesis, and of how many."""

    violated: int
    rejected: int
    refused: int
    accepted: int

    @property
    def by_chance(self) -> float:
        """The probability that so few accepted calls would violate a condition that has nothing to do with acceptance.

        Fisher's exact test, one-sided, over scenarios: calls of one scenario have too much in common to count apart.
        """
        return fisher(self.violated, self.rejected, self.refused, self.accepted)


def _spread(condition: Condition, among: Sequence[Cases], unexplained: Mapping[str, int], error_class: str) -> Spread:
    violated, rejected, refused, accepted = set[str](), set[str](), set[str](), set[str]()
    for cases in among:
        reach, mine = cases.reach(condition), cases.accepted & proper(condition, cases)
        theirs = unexplained[cases.tool] & cases.by_class.get(error_class, 0)
        violated |= cases.scenarios(reach.violated & theirs)
        rejected |= cases.scenarios(reach.applies & theirs)
        refused |= cases.scenarios(reach.violated & mine)
        accepted |= cases.scenarios(reach.applies & mine)
    return Spread(len(violated), len(rejected), len(refused), len(accepted))


def proper(condition: Condition, cases: Cases) -> int:
    """The examples that count: what was spoken of is a matter of what agents propose, made-up calls name anything."""
    return cases.by_agent if isinstance(condition, Mentioned) else -1


def contradicted(condition: Condition, cases: Cases, demands: Demands) -> bool:
    """Whether a tool's own accepted calls, in training or withheld, contradict a hypothesis."""
    reach, telling = cases.reach(condition), proper(condition, cases)
    mine, withheld = cases.accepted & telling, cases.withheld_accepted & telling
    refused, rejected = (reach.violated & mine).bit_count(), (reach.violated & cases.rejected).bit_count()
    if not demands.spared(refused, (reach.applies & mine).bit_count(), rejected):
        return True
    return (reach.violated & withheld).bit_count() > demands.expected((reach.applies & withheld).bit_count())


def _contradiction(support: Support, rejected: int, demands: Demands) -> str:
    if not demands.spared(support.refused, support.accepted, rejected):
        return f"refuses {support.refused} of {support.accepted} accepted calls"
    if support.withheld_refused > demands.expected(support.withheld_accepted):
        return f"refuses {support.withheld_refused} of {support.withheld_accepted} accepted calls in withheld scenarios"
    return ""


def _shortage(support: Support, spread: Spread, condition: Condition, demands: Demands) -> str:
    if support.count < demands.support:
        return f"only {support.count} counterexamples"
    if spread.violated < demands.scenarios:
        return "counterexamples of one scenario only"
    if isinstance(condition, Declared):
        return ""
    if _generalises(condition) and spread.accepted < LISTED:
        return f"says how values look that were seen in {spread.accepted} scenarios only; others may look otherwise"
    if spread.by_chance * _choice(condition) > demands.chance:
        return f"spares accepted calls of {spread.accepted} scenarios, which could be chance"
    return ""


def _generalises(condition: Condition) -> bool:
    """Whether a condition says of values that a call states what others of them are like that nobody has used yet."""
    inner = condition.condition if isinstance(condition, Given) else condition
    if isinstance(inner, Fits):
        return inner.keyword != "type" and inner.value != DATE
    return isinstance(inner, OneOf) and isinstance(inner.term, Argument)


def _choice(condition: Condition) -> float:
    """How many hypotheses of its kind there are to choose from, about: few about which arguments there are at all."""
    if isinstance(condition, Given):
        premises = NAMED_PREMISES if isinstance(subject(condition.premise), Argument) else PREMISES
        return premises / STRUCTURAL if isinstance(condition.condition, Required) else premises
    if isinstance(condition, Fits):
        few = condition.keyword == "type"
    elif isinstance(condition, Among):
        few = isinstance(condition.options, Listing)
    else:
        few = isinstance(condition, (Required, Only))
    return 1 / STRUCTURAL if few else 1.0
