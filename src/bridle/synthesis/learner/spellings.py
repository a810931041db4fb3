"""Spellings: values that are written in another way than their form asks for, and mean the same.

A rewrite is never a guess: it changes white space, quotes around a number, capitals and separators of a listed value,
or the marks in a date, and only where the result fits the form. An id that is nearly right is not respelt.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from bridle.synthesis.learner import helpers
from bridle.synthesis.learner.example import Example
from bridle.synthesis.learner.form import Declared, Fits
from bridle.synthesis.learner.merit import Demands
from bridle.synthesis.learner.rule import CITED, Rule, Spelling, Support

SENTENCES: Mapping[str, str] = {
    "trimmed": "White space around a value is left out.",
    "as_number": "A number that is written as text is that number.",
    "as_boolean": "True and false that are written as text are true and false.",
    "as_date": "A date with other marks between year, month and day is that date.",
    "as_listed": "A listed value in other capitals, or with other separators between its words, is that value.",
}
"""The spellings that there are, by the helper that puts a value right, in the order in which they are tried."""

SPELLINGS: dict[str, Callable[[Any, Any], Any]] = {helper: getattr(helpers, helper) for helper in SENTENCES}


class Form(NamedTuple):
    """What an argument of some tools (of every tool, where empty) has to look like."""

    tools: tuple[str, ...]
    path: str
    form: Mapping[str, Any]


def learned_forms(rules: Sequence[Rule]) -> tuple[Form, ...]:
    """The forms that were induced, those of one argument and the same tools together; no tool may contradict them."""
    forms: dict[tuple[tuple[str, ...], str], dict[str, Any]] = {}
    for rule in rules:
        if isinstance(rule.condition, Fits) and not rule.unless:
            forms.setdefault((rule.tools, rule.condition.argument), {}).update(rule.condition.form)
    return tuple(Form(tools, path, form) for (tools, path), form in forms.items())


def declares(rules: Sequence[Rule]) -> bool:
    """Whether any rule holds calls to the forms that their tools declare."""
    return any(isinstance(r.condition, Declared) and r.condition.group not in ("required", "others") for r in rules)


def forms_of(
    view: Mapping[str, Any], tool: str, forms: Sequence[Form], *, declared: bool
) -> list[tuple[str, Mapping[str, Any]]]:
    """What the arguments of a tool have to look like: as it declares, where that counts, and as was induced."""
    wanted = list(helpers.declared(view, tool)) if declared else []
    return wanted + [(form.path, form.form) for form in forms if not form.tools or tool in form.tools]


def supported(
    examples: Sequence[Example],
    accepts: Callable[[Example, Any], bool],
    forms: Sequence[Form],
    demands: Demands,
    *,
    declared: bool,
) -> list[Spelling]:
    """The spellings that put enough rejected calls right: with the values respelt, every rule accepts them."""
    stood_on: dict[str, list[Example]] = {helper: [] for helper in SENTENCES}
    for example in examples:
        if example.accepted or example.withheld or example.arguments is None:
            continue
        wanted = forms_of(example.view, example.tool, forms, declared=declared)
        arguments, used = helpers.respelt(example.arguments, wanted, SPELLINGS)
        if used and accepts(example, arguments):
            stood_on[used].append(example)
    return [
        Spelling(
            id=f"spelling-{helper.removeprefix('as_')}",
            helper=helper,
            sentence=SENTENCES[helper],
            support=Support(
                count=len(members),
                counterexamples=tuple(example.id for example in members[:CITED]),
                accepted=0,
                refused=0,
            ),
        )
        for helper, members in stood_on.items()
        if len(members) >= demands.support and len({example.scenario for example in members}) >= demands.scenarios
    ]
