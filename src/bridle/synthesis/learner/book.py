"""From findings to a rulebook: the same condition of several tools becomes one rule; what others imply is left out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from bridle.synthesis.learner.cases import Cases
from bridle.synthesis.learner.choices import choices, choosing_last
from bridle.synthesis.learner.comparison import OneOf
from bridle.synthesis.learner.complexity import complexity
from bridle.synthesis.learner.condition import Condition
from bridle.synthesis.learner.example import Example
from bridle.synthesis.learner.form import KnownTool, Only, Required
from bridle.synthesis.learner.gaps import gaps, needs_person
from bridle.synthesis.learner.implication import contradict, implies
from bridle.synthesis.learner.induction import Finding, Induction
from bridle.synthesis.learner.loosening import loosened
from bridle.synthesis.learner.merit import Demands, proper
from bridle.synthesis.learner.recoveries import recoveries
from bridle.synthesis.learner.rule import CITED, KINDS, STATEFUL, LeftOut, Rule, Rulebook, Support
from bridle.synthesis.learner.spellings import declares, learned_forms, supported
from bridle.synthesis.learner.untried import spared
from bridle.synthesis.learner.ways import moves, ways
from bridle.synthesis.learner.wording import tame

NAMED = 4
"""Tools that a sentence names; of more it says how many there are."""


def rulebook(examples: Sequence[Example], demands: Demands) -> Rulebook:
    """Everything that can be induced from the examples. Deterministic: the same examples give the same rulebook."""
    after_errors = recoveries(examples)
    passing = {recovery.error_class for recovery in after_errors if recovery.passing}
    sound = [example for example in examples if example.accepted or example.error_class not in passing]
    named = [example for example in sound if example.tool and tame(example.tool)]
    readable = [example for example in named if example.arguments is not None]
    induction = Induction(readable, demands)
    induction.run()
    left_out = list(induction.left_out)
    findings = told_apart(_pruned(_consistent(induction, demands, left_out), induction, left_out), left_out)
    findings = loosened(findings, induction.cases, demands)
    findings = spared(findings, induction.cases, left_out)
    moved = moves(readable)
    empty = gaps(readable)
    bare = _rules(findings, induction.cases)
    chosen = choices(bare, readable)
    rules = tuple(
        replace(rule, ways=ways(rule, moved, readable), person=needs_person(rule, empty, readable))
        for rule in choosing_last(bare, chosen)
    )
    book = Rulebook(rules=rules, examples=len(examples), accepted=sum(example.accepted for example in examples))
    spellings = supported(
        readable,
        lambda example, arguments: book.objection(example.view, example.tool, arguments) is None,
        learned_forms(rules),
        demands,
        declared=declares(rules),
    )
    return replace(
        book,
        spellings=tuple(spellings),
        recoveries=tuple(after_errors),
        choices=chosen,
        left_out=tuple(left_out),
    )


def _consistent(induction: Induction, demands: Demands, left_out: list[LeftOut]) -> list[Finding]:
    """Without those that together refuse what each alone nearly spares: the weakest of them goes."""
    kept = list(induction.findings)
    for tool, them in induction.cases.items():
        while True:
            concerned = [finding for finding in kept if tool in finding.tools]
            blamed = [
                (finding, them.reach(finding.condition).violated & them.accepted & proper(finding.condition, them))
                for finding in concerned
            ]
            refused = 0
            for _, mask in blamed:
                refused |= mask
            if refused.bit_count() <= demands.expected(them.accepted.bit_count()):
                break
            weakest = min((f for f, mask in blamed if mask), key=lambda finding: finding.merit.support.count)
            kept.remove(weakest)
            what = f"{tool} needs {weakest.condition.words}"
            left_out.append(LeftOut(what=what, why="contradicts others", count=weakest.merit.support.count))
    return kept


def _pruned(findings: Sequence[Finding], induction: Induction, left_out: list[LeftOut]) -> list[Finding]:
    """Without preconditions that refuse nothing which the others don't: later ones may imply an earlier one."""
    kept = list(findings)
    for finding in sorted(findings, key=lambda f: f.merit.support.count):
        if finding.kind not in STATEFUL:
            continue
        (tool,) = finding.tools
        them = induction.cases[tool]
        others = 0
        for other in kept:
            if other is not finding and tool in other.tools:
                others |= them.reach(other.condition).violated
        if not them.reach(finding.condition).violated & (them.rejected | them.withheld_rejected) & ~others:
            kept.remove(finding)
            what = f"{tool} needs {finding.condition.words}"
            left_out.append(LeftOut(what=what, why="other rules imply it", count=finding.merit.support.count))
    return kept


def told_apart(findings: Sequence[Finding], left_out: list[LeftOut]) -> list[Finding]:
    """Without what another condition implies whatever the examples, and of two that exclude each other the weaker."""
    kept = list(findings)
    for finding in sorted(findings, key=lambda f: (f.merit.support.count, -complexity(f.condition))):
        for other in kept:
            if other is finding or not set(finding.tools) <= set(other.tools):
                continue
            if implies(other.condition, finding.condition) or contradict(other.condition, finding.condition):
                word = "is implied by" if implies(other.condition, finding.condition) else "contradicts"
                what = f"{', '.join(finding.tools)} needs {finding.condition.words}"
                why = f"{word} the need for {other.condition.words}"
                left_out.append(LeftOut(what=what, why=why, count=finding.merit.support.count))
                kept.remove(finding)
                break
    return kept


def _rules(findings: Sequence[Finding], cases: Mapping[str, Cases]) -> tuple[Rule, ...]:
    """One rule for each condition, in the order of checking, with ids of its own."""
    merged: dict[Condition, list[Finding]] = {}
    for finding in findings:
        merged.setdefault(finding.condition, []).append(finding)
    known = tuple(tool for tool, them in cases.items() if them.accepted)
    rules = [_rule(condition, group, known, cases) for condition, group in merged.items()]
    rules.sort(key=lambda rule: (KINDS.index(rule.kind), rule.tools if rule.kind in STATEFUL else ()))
    taken: set[str] = set()
    named = []
    for rule in rules:
        identity, number = rule.id, 2
        while identity in taken:
            identity, number = f"{rule.id}-{number}", number + 1
        taken.add(identity)
        named.append(replace(rule, id=identity))
    return tuple(named)


def _rule(condition: Condition, group: Sequence[Finding], known: Sequence[str], cases: Mapping[str, Cases]) -> Rule:
    tools = tuple(sorted({tool for finding in group for tool in finding.tools if tool in known}))
    unless: tuple[str, ...] = ()
    if not isinstance(condition, (Required, Only)) and group[0].kind not in STATEFUL:
        able = [tool for tool in known if cases[tool].reach(condition).applies & cases[tool].accepted]
        unless = tuple(tool for tool in able if tool not in tools)
        if len(unless) < len(tools):
            tools = ()
        else:
            unless = ()
    return Rule(
        id=_identity(condition, tools),
        kind=group[0].kind,
        tools=tools,
        unless=unless,
        condition=condition,
        sentence=_sentence(condition, tools, unless),
        error_class=error_class if tame(error_class := group[0].merit.error_class) else "",
        support=_together([finding.merit.support for finding in group]),
    )


def _identity(condition: Condition, tools: Sequence[str]) -> str:
    """A short word for a rule, from the tool where it has one of its own."""
    name = condition.name
    if len(tools) == 1:
        name = f"{tools[0]}-{name}"
    elif tools and isinstance(condition, OneOf):
        name = f"{name}-{'-'.join(str(value) for value in condition.values[:2])}"
    return re.sub(r"[^\w.-]+", "-", name.lower()).strip("-")


def _sentence(condition: Condition, tools: Sequence[str], unless: Sequence[str]) -> str:
    """The rule in words."""
    if isinstance(condition, KnownTool):
        return "Any call needs a tool that there is."
    but = f", but not for {', '.join(unless)}" if unless else ""
    if not tools and condition.words.startswith(("`", "every one of `")):
        return f"{condition.words.replace(' to ', ' has to ', 1)}{but}."
    if not tools:
        return f"Any call needs {condition.words}{but}."
    if len(tools) == 1:
        return f"{tools[0]} needs {condition.words}."
    if len(tools) <= NAMED:
        return f"{', '.join(tools[:-1])} and {tools[-1]} need {condition.words}."
    return f"{len(tools)} tools need {condition.words}."


def _together(supports: Iterable[Support]) -> Support:
    """The supports of one condition for several tools."""
    parts = list(supports)
    return Support(
        count=sum(part.count for part in parts),
        counterexamples=tuple(identity for part in parts for identity in part.counterexamples)[:CITED],
        accepted=sum(part.accepted for part in parts),
        refused=sum(part.refused for part in parts),
        withheld_accepted=sum(part.withheld_accepted for part in parts),
        withheld_refused=sum(part.withheld_refused for part in parts),
    )
