"""What a rulebook is worth where the true rules are known: precision and recall, class by class.

Judged by what rules do, not by how they are put. The calls are fresh: of the sealed split, and each with every true
rule that it breaks. A learned rule is right about a tool when it spares the applicable calls and nine tenths of those
that it refuses break one and the same true rule; what the true rules say of one argument's form is one, because a list
of values says their type as well. A true rule is found when of the calls that break it and no other nearly all are
refused. Of what no fresh call shows nothing is said, of a learned rule as of a true one; such rules are told apart.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from bridle.agents.agent import Agent
from bridle.agents.random_legal import RandomLegal
from bridle.agents.simulated import simulated
from bridle.environment import Scenario
from bridle.harness import Action
from bridle.runtime.effects import Refusal
from bridle.synthesis.learner.rule import Rule, Rulebook
from bridle.testing.workflows.environment import RandomWorkflow
from bridle.testing.workflows.episode import RandomEpisode
from bridle.testing.workflows.rules import INTERFACE_RULES, Compared, Of, Shaped, TrueRule
from bridle.trace import parts

SPARED = 0.995
"""The share of applicable calls that a right rule leaves alone."""

ONE = 0.9
"""The share of what a right rule refuses that breaks one and the same true rule."""

REFUSED = 0.95
"""The share of the calls that break a found rule, and no other, which are refused."""

ENOUGH = 4
"""Calls that break a rule and no other, below which nothing is said of it."""

LONGEST = 40
"""Turns after which an episode is left."""

TAKEN = 12
"""Made-up calls that are taken of a state; beside those that break a rule alone that few have broken yet."""


BY_INTERFACE = tuple((rule,) for rule in INTERFACE_RULES)
"""What a call breaks that its tool's declaration forbids: nothing else is asked of it, so other rules may refuse it."""


class Fresh(NamedTuple):
    """A call in a view, with the true rules that it breaks."""

    view: Mapping[str, Any]
    call: Action
    broken: tuple[TrueRule, ...]


@dataclass(kw_only=True)
class Counts:
    """How many learned rules are right, of how many; how many true ones are found, of how many."""

    right: int = 0
    learned: int = 0
    found: int = 0
    true: int = 0

    @property
    def precision(self) -> float | None:
        """None where nothing was learned."""
        return self.right / self.learned if self.learned else None

    @property
    def recall(self) -> float | None:
        """None where nothing was to be found."""
        return self.found / self.true if self.true else None

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            right=self.right + other.right,
            learned=self.learned + other.learned,
            found=self.found + other.found,
            true=self.true + other.true,
        )


@dataclass(kw_only=True)
class Score:
    """The counts by class; `untested` true rules that too few calls broke alone; what was `wrong`, and `missed`.

    `idle` are the learned rules that refused no call at all.
    """

    by_class: dict[str, Counts] = field(default_factory=dict)
    untested: int = 0
    idle: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)

    def of(self, name: str) -> Counts:
        """The counts of a class."""
        return self.by_class.setdefault(name, Counts())

    @property
    def total(self) -> Counts:
        """All classes together."""
        return sum(self.by_class.values(), Counts())


def fresh_calls(environment: RandomWorkflow, *, count: int, seed: int) -> list[Fresh]:
    """At least `count` judged calls of the sealed split, from agents at work and from random play."""
    found: list[Fresh] = []
    alone: Counter[str] = Counter()
    for number, scenario in enumerate(environment.scenarios("sealed")[:count]):
        rng = random.Random(f"{seed}/fresh/{number}")
        found += _played(environment, scenario, number % 3, alone, rng)
        if len(found) >= count:
            break
    return found


def score(book: Rulebook, environment: RandomWorkflow, fresh: Sequence[Fresh]) -> Score:
    """A rulebook's rules about calls, and what it does after errors, beside the true ones."""
    result = Score()
    calls = [(f, *parts(f.call)) for f in fresh]
    objections: list[Rule | None] = [
        book.objection(f.view, tool, arguments) if tool and isinstance(arguments, dict) else None
        for f, tool, arguments in calls
    ]
    readable = [(f, tool, arguments) for f, tool, arguments in calls if tool and isinstance(arguments, dict)]
    for rule in book.rules:
        judged = list(_judged(rule, readable))
        result.idle += [] if judged else [rule.sentence]
        for name, right, why in judged:
            counts = result.of(name)
            counts.learned += 1
            counts.right += right
            if not right:
                result.wrong.append(f"{rule.sentence} {why}")
    _recalled(result, environment, fresh, objections)
    _escalated(result, calls, objections)
    _recovered(result, book, environment)
    return result


def _judged(rule: Rule, readable: Iterable[tuple[Fresh, str, Any]]) -> Iterator[tuple[str, bool, str]]:
    """For each tool that a rule refuses calls of: the class that it counts for, and whether it is right."""
    applied: Counter[str] = Counter()
    unjust: Counter[str] = Counter()
    refused: dict[str, list[Fresh]] = {}
    whole = rule.kind == "declared"
    misshapen = 0
    for fresh, tool, arguments in readable:
        if not rule.concerns(tool):
            continue
        wrong = rule.condition.wrong(fresh.view, tool, arguments)
        if wrong is None:
            continue
        where = "" if whole else tool
        applied[where] += not fresh.broken
        misshapen += bool(wrong) and fresh.broken[:1] in BY_INTERFACE
        if wrong and (whole or fresh.broken[:1] not in BY_INTERFACE):
            unjust[where] += not fresh.broken
            refused.setdefault(where, []).append(fresh)
    for where, calls in refused.items():
        kind, share = _blamed(calls)
        right = unjust[where] <= (1 - SPARED) * applied[where] and share >= ONE
        why = f"{where}: {unjust[where]} of {applied[where]} applicable calls; {share:.2f} of {len(calls)} are {kind}"
        yield kind if right else _class(rule), right, why
    if misshapen and not refused:
        yield "interface", True, ""


def _blamed(calls: Sequence[Fresh]) -> tuple[str, float]:
    """The class of the true rule that most of some refused calls break, and their share.

    Of a misshapen call nothing more is asked, so others may refuse it as well: where there are calls that are not, the
    share among these counts if it is greater.
    """
    best = ("none", 0.0)
    for among in (calls, [call for call in calls if all(true.kind != "shape" for true in call.broken)]):
        blamed = Counter(
            blame for call in among for blame in dict.fromkeys((true.kind, _said(true)) for true in call.broken)
        )
        if blamed:
            (kind, _), most = max(blamed.items(), key=lambda item: item[1])
            best = max(best, (str(kind), most / len(among)), key=lambda found: found[1])
    return best


def _said(true: TrueRule) -> str:
    """What tells a true rule from others: its id; where it is about an argument's form, that argument."""
    if true.kind == "interface":
        return ""
    return f"{true.tool}/{true.need.argument}" if isinstance(true.need, Shaped) else true.id


def _class(rule: Rule) -> str:
    """The class that a learner's kind of rule counts for where no true rule says which."""
    return {"declared": "interface", "precondition": "state"}.get(rule.kind, rule.kind)


def _recalled(
    result: Score, environment: RandomWorkflow, fresh: Sequence[Fresh], objections: Sequence[Rule | None]
) -> None:
    """Which true rules are found."""
    tried: Counter[str] = Counter()
    refused: Counter[str] = Counter()
    kinds: dict[str, str] = {}
    for one, objection in zip(fresh, objections, strict=True):
        if len(one.broken) == 1 and parts(one.call)[0] and isinstance(parts(one.call)[1], dict):
            true = one.broken[0]
            kinds[true.id] = true.kind
            tried[true.id] += 1
            refused[true.id] += objection is not None
    needs = {rule.id: str(rule.need) for rule in environment.blueprint.rules}
    result.untested = sum(tried[identity] < ENOUGH for identity in needs)
    for identity, count in tried.items():
        if count >= ENOUGH:
            counts = result.of(kinds[identity])
            counts.true += 1
            counts.found += refused[identity] >= REFUSED * count
            if refused[identity] < REFUSED * count:
                result.missed.append(f"{identity} {needs.get(identity)}: {refused[identity]} of {count} refused")


def _escalated(result: Score, calls: Sequence[tuple[Fresh, str, Any]], objections: Sequence[Rule | None]) -> None:
    """Which true rules that nobody but a person can keep are left to a person, and which others are."""
    tried: Counter[str] = Counter()
    asked: Counter[str] = Counter()
    by_rule: dict[str, list[bool]] = {}
    for (fresh, tool, arguments), objection in zip(calls, objections, strict=True):
        lacking = [true for true in fresh.broken if true.person and _empty(true, fresh)]
        person = False
        if objection is not None and objection.person:
            person = None in (objection.condition.wrong(fresh.view, tool, arguments) or ())
        if person and objection is not None:
            by_rule.setdefault(f"{objection.id}/{tool}", []).append(bool(lacking))
        if len(fresh.broken) == 1 and lacking:
            tried[lacking[0].id] += 1
            asked[lacking[0].id] += person
    counts = result.of("escalation")
    for identity, rights in by_rule.items():
        counts.learned += 1
        counts.right += sum(rights) >= ONE * len(rights)
        if sum(rights) < ONE * len(rights):
            result.wrong.append(f"escalates by {identity}: {sum(rights)} of {len(rights)} rightly")
    for identity, count in tried.items():
        if count >= ENOUGH:
            counts.true += 1
            counts.found += asked[identity] >= ONE * count
            if asked[identity] < ONE * count:
                result.missed.append(f"{identity} needs a person: {asked[identity]} of {count} escalated")


def _empty(true: TrueRule, fresh: Fresh) -> bool:
    """Whether what a rule compares with is not on record."""
    need = true.need
    if not isinstance(need, Compared) or not isinstance(need.right, Of):
        return False
    thing = fresh.view["resources"].get(parts(fresh.call)[1].get(need.right.argument), {})
    return thing.get(need.right.field, "") is None


def _recovered(result: Score, book: Rulebook, environment: RandomWorkflow) -> None:
    """What it does after errors of each class."""
    true = {recovery.error_class: recovery for recovery in environment.blueprint.recoveries}
    counts = result.of("recovery")
    for learned in book.recoveries:
        known = true.get(learned.error_class)
        right = known is not None and (learned.verdict == "retry") == known.again
        right = right and (not known.again or learned.after == known.after) if known is not None else False
        counts.learned += 1
        counts.right += right
        if not right:
            result.wrong.append(f"{learned.sentence} True is {known}")
    verdicts = {learned.error_class: (learned.verdict == "retry", learned.after) for learned in book.recoveries}
    for name, known in true.items():
        counts.true += 1
        if verdicts.get(name) == (known.again, known.after):
            counts.found += 1
        else:
            result.missed.append(f"{known}: {verdicts.get(name)}")


def _played(
    environment: RandomWorkflow, scenario: Scenario, manner: int, alone: Counter[str], rng: random.Random
) -> Iterator[Fresh]:
    """One episode's calls: of an agent behind a probe, of one that goes on without, or of random play."""
    episode: RandomEpisode = environment.start(scenario)
    agent: Agent = simulated(environment)(scenario, rng.getrandbits(32)) if manner else RandomLegal(episode, rng)
    refusals: tuple[Refusal, ...] = ()
    for _ in range(LONGEST):
        observation = episode.observe()
        action = agent.propose(observation, refusals)
        proposed = tuple(episode.broken(action))
        yield Fresh(observation.view, action, proposed)
        made_up = episode.foreign_actions(rng)
        for place, call in enumerate(made_up):
            broken = tuple(episode.broken(call))
            rare = len(broken) == 1 and alone[broken[0].id] < 5 * ENOUGH
            alone[broken[0].id if rare else ""] += 1
            if place < TAKEN or rare:
                yield Fresh(observation.view, call, broken)
        refusals = ()
        if manner == 1 and proposed:
            refusals = (Refusal(action, proposed[0].error_class),)
        elif episode.step(action).over:
            return
