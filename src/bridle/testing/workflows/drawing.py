"""Drawing a workflow: kinds of things, tools around the life of one kind, and mishaps, all from one generator."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from bridle.testing.workflows.blueprint import Blueprint, Deed, Field, Mishap, Plan, Slot, Thing
from bridle.testing.workflows.needs import Pool
from bridle.testing.workflows.rules import (
    Compared,
    Count,
    Exists,
    Given,
    Kind,
    Need,
    NoOthers,
    Of,
    Shaped,
    Stated,
    Tabled,
    TrueRecovery,
    TrueRule,
    Within,
)
from bridle.testing.workflows.slots import draw_slot, named_slot
from bridle.testing.workflows.words import Ids, Words
from bridle.trace import INTERFACE, Tool, ToolEffect

READ, ONCE, AGAIN = ToolEffect.READ_ONLY, ToolEffect.IRREVERSIBLE, ToolEffect.IDEMPOTENT

CLASSES = (
    ("not_found", "state_conflict", "missing_precondition", "schema"),
    ("E404", "E409", "E428", "E422"),
    ("NoSuchThing", "WrongMoment", "NotReady", "BadField"),
)
"""Words for errors: about references, states, preconditions, shapes."""


@dataclass(frozen=True, kw_only=True)
class Draft:
    """What is drawn before the tools: the words and their writing, the classes of errors, how much schemas declare."""

    rng: random.Random
    words: Words
    classes: tuple[str, ...]
    openness: float

    def error_class(self, kind: Kind) -> str:
        """The class of a kind of rules: a workflow tells more or fewer kinds apart."""
        reference, conflict, lacking, shape = self.classes
        fixed = {"reference": reference, "shape": shape, "state": conflict, "order": lacking, "conditional": lacking}
        return fixed.get(kind) or random.Random(f"{kind}/{self.words.style}").choice((conflict, lacking))


def draw(seed: int, *, transient: float = 0.05) -> Blueprint:
    """The workflow of a seed; `transient` is the rate at which failures befall applicable calls."""
    rng = random.Random(f"workflow/{seed}")
    words = Words(rng)
    draft = Draft(rng=rng, words=words, classes=rng.choice(CLASSES), openness=rng.choice((0.0, 0.2, 0.2, 1.0)))
    main, other = _main_kind(draft), _other_kind(draft)
    other = replace(other, fields=(*other.fields, _shared(main, "category"), _shared(main, "number")))
    identity = rng.choice(("id", "ref", "uri", "key"))
    bare = _plans(draft, main, other)
    plans = tuple(_declared(draft, plan, identity) for plan in _ruled(draft, main, other, bare))
    mishaps = _mishaps(draft, transient)
    return Blueprint(
        name=f"random/{seed}",
        identity=identity,
        kinds=(main, other),
        plans=plans,
        mishaps=mishaps,
        recoveries=_recoveries(plans, mishaps),
    )


def _main_kind(draft: Draft) -> Thing:
    """The kind whose life the workflow is about."""
    rng, words = draft.rng, draft.words
    name = words.word()
    states = tuple(words.word() for _ in range(rng.randint(4, 6)))
    state, referred = words.name(), words.name()
    fields = [
        Field(name=state, sort="state", values=states),
        Field(name=words.name(), sort="category", values=tuple(words.word() for _ in range(rng.randint(3, 4)))),
        *(Field(name=words.name(), sort="flag", share=rng.choice((0.35, 0.5, 0.65))) for _ in range(2)),
        Field(name=words.name(), sort="number"),
        Field(name=words.name(words.word(), "code"), sort="record", share=0.7),
        Field(name=words.name(), sort="record", share=0.5),
        Field(name=words.name(), sort="list", values=tuple(words.word() for _ in range(4))),
        Field(name=words.name(), sort="date"),
        # what follows has to do with nothing
        Field(name=words.name(), sort="flag"),
        Field(name=words.name(), sort="number"),
        Field(name=words.name(), sort="category", values=tuple(words.word() for _ in range(3))),
        Field(name=words.name(), sort="text"),
        Field(name=referred, sort="flag", share=0.0),
    ]
    ids = Ids.of(rng, name)
    return Thing(name=name, ids=ids, fields=tuple(fields), state=state, order=states, referred=referred)


def _other_kind(draft: Draft) -> Thing:
    """A kind that the first one is brought together with."""
    rng, words = draft.rng, draft.words
    name = words.word()
    fields = (
        Field(name=words.name(), sort="flag", share=0.6),
        Field(name=words.name(), sort="text"),
    )
    return Thing(name=name, ids=Ids.of(rng, name), fields=fields)


def _shared(kind: Thing, sort: str) -> Field:
    return next(field for field in kind.fields if field.sort == sort)


def _plans(draft: Draft, main: Thing, other: Thing) -> list[Plan]:
    """The tools, still without rules."""
    rng = draft.rng
    one_by_one = rng.random() < 0.7
    plans = [
        _plan(draft, "show" if one_by_one else "list", main, READ),
        _plan(draft, "list", other, READ, subject=False),
    ]
    life = main.order[:-1]  # the last state is where things end that were called off
    for before, after in pairwise(life):
        froms = (before,) if rng.random() < 0.75 else (before, rng.choice(main.order))
        plans.append(
            replace(
                _plan(draft, "move", main, ONCE), field=main.state, value=after, froms=tuple(sorted({*froms} - {after}))
            )
        )
    called_off = tuple(sorted(rng.sample(life[:-1], min(2, len(life) - 1))))
    plans.append(replace(_plan(draft, "move", main, ONCE), field=main.state, value=main.order[-1], froms=called_off))
    plans.append(replace(_plan(draft, "move", main, ONCE), field=main.state, value=life[0], froms=(main.order[-1],)))
    flags = [field.name for field in main.fields if field.sort == "flag"][:2]
    plans += [replace(_plan(draft, "set", main, AGAIN), field=flag, value=True) for flag in flags]
    records = [field.name for field in main.fields if field.sort == "record"]
    fill, text = _plan(draft, "fill", main, AGAIN), _slot(draft, "text")
    plans.append(replace(fill, field=records[1], source=text.name, slots=(*fill.slots, text)))
    plans.append(replace(_plan(draft, "answer", main, READ), field=draft.words.name()))
    send, where = _plan(draft, "send", main, AGAIN), _slot(draft, "option")
    plans.append(replace(send, source=where.name, slots=(*send.slots, where), field=draft.words.name()))
    take, much = _plan(draft, "take", main, ONCE), _slot(draft, "whole")
    plans.append(replace(take, field=_shared(main, "number").name, source=much.name, slots=(*take.slots, much)))
    plans.append(replace(_plan(draft, "refer", main, AGAIN), field=main.referred, value=True))
    return [*plans, _plan(draft, "finish", main, ONCE, subject=False)]


def _plan(draft: Draft, deed: Deed, kind: Thing, effect: ToolEffect, *, subject: bool = True) -> Plan:
    """A tool that does something with a thing of a kind."""
    named = draft.words.name(draft.words.word(), kind.name) if deed != "finish" else draft.words.name()
    tool = Tool(name=named, description="", schema={}, effect=effect)
    if not subject or deed == "list":
        return Plan(tool=tool, deed=deed, kind="" if deed == "finish" else kind.name)
    slot = named_slot(kind)
    return Plan(tool=tool, deed=deed, kind=kind.name, subject=slot.name, slots=(slot,))


def _slot(draft: Draft, sort: str) -> Slot:
    """An argument of a sort, with a form of its own."""
    return draw_slot(draft.rng, draft.words, sort)


def _ruled(draft: Draft, main: Thing, other: Thing, plans: Sequence[Plan]) -> list[Plan]:
    """The tools with rules about states, arguments and each other; every class of rules is somewhere."""
    pool = Pool(draft.rng, draft.words, main, other, plans, named_slot(other))
    found = []
    moves = [place for place, plan in enumerate(plans) if plan.deed == "move"]
    for place, plan in enumerate(plans):
        rules: list[tuple[Kind, Need, str, bool]] = []
        slots = list(plan.slots)
        for slot in slots:
            if slot.sort == "id":
                rules.append(("reference", Exists(slot.name, shown=plan.deed != "show"), "", False))
        if plan.deed == "move":
            rules.append(("state", Within(Of(plan.subject, plan.field), plan.froms), "", False))
        if plan.deed == "send":
            rules.append(("routing", _table(draft, main, plan), "", False))
        if plan.deed == "take":
            rules.append(("comparison", Compared(Given(plan.source), "<=", Of(plan.subject, plan.field)), "", False))
        if plan.deed == "fill":
            once = Compared(Count(plan.name, plan.subject), "<=", 0)
            rules += [("order", once, "", False)] if draft.rng.random() < 0.5 else []
        if plan.deed == "move":
            for wanted in pool.some(2 if place in moves[:-1] else 1, plan):
                slots += [slot for slot in wanted.slots if slot.name not in {known.name for known in slots}]
                rules += wanted.rules
        found.append(_with_rules(draft, plan, slots, rules))
    return found


def _with_rules(draft: Draft, plan: Plan, slots: Sequence[Slot], needs: Sequence[tuple[Kind, Need, str, bool]]) -> Plan:
    """A plan with its slots, and its needs as rules: the hidden shapes first, then references, then the others."""
    rng = draft.rng
    hidden = draft.openness == 1.0
    slots = [
        replace(slot, declared=not hidden and (slot.sort == "text" or rng.random() >= draft.openness)) for slot in slots
    ]
    shapes: list[tuple[Kind, Need, str, bool]] = []
    if hidden and slots:
        shapes += [("shape", Stated(slot.name), "", False) for slot in slots if slot.required]
        shapes.append(("shape", NoOthers(tuple(slot.name for slot in slots)), "", False))
    for slot in slots:
        if not slot.declared and slot.sort != "id":  # what an id looks like is no rule beside that it names something
            form = slot.form if hidden else {key: value for key, value in slot.form.items() if key != "type"}
            shapes += [("shape", Shaped(slot.name, key, _frozen(value)), "", False) for key, value in form.items()]
    references = [need for need in needs if need[0] == "reference"]
    others = [need for need in needs if need[0] != "reference"]
    rules = tuple(
        TrueRule(
            id=f"{plan.name}/{number}-{kind}",
            kind=kind,
            tool=plan.name,
            need=need,
            error_class=draft.error_class(kind),
            fix=fix,
            person=person,
        )
        for number, (kind, need, fix, person) in enumerate((*shapes, *references, *others))
    )
    return replace(plan, slots=tuple(slots), rules=rules)


def _table(draft: Draft, main: Thing, plan: Plan) -> Tabled:
    """Where things of each category go."""
    category = _shared(main, "category")
    where = next(slot for slot in plan.slots if slot.name == plan.source).form["enum"]
    table = tuple((value, draft.rng.choice(where)) for value in category.values)
    return Tabled(Given(plan.source), Of(plan.subject, category.name), table)


def _declared(draft: Draft, plan: Plan, identity: str) -> Plan:
    """The plan with the tool as the agent sees it."""
    properties: dict[str, Mapping[str, Any]] = {}
    for slot in plan.slots:
        typed = {"type": slot.form["type"]} if draft.openness < 1.0 else {}
        properties[slot.name] = dict(slot.form) if slot.declared else typed
    schema: dict[str, Any] = {"type": "object", "properties": properties}
    if draft.openness < 1.0:
        required = [slot.name for slot in plan.slots if slot.required]
        schema |= {"required": required, "additionalProperties": False}
    tool = Tool(
        name=plan.name,
        description=f"{plan.deed.title()} {plan.kind}".strip() + ".",
        schema=schema,
        effect=plan.tool.effect,
        identity=identity,
    )
    return replace(plan, tool=tool)


def _mishaps(draft: Draft, rate: float) -> tuple[Mishap, ...]:
    """Failures that befall applicable calls: one that any agent knows, one that only this service knows."""
    rng = draft.rng
    own = rng.choice(("E503", "E429", "Busy", "TryLater"))
    unknown = Mishap(error_class="internal", rate=rate / 10, unknown=True)
    return (
        Mishap(error_class="transient", rate=rate / 2),
        Mishap(error_class=own, rate=rate / 2, wait=rng.choice((0, 1, 2))),
        unknown,
    )


def _recoveries(plans: Sequence[Plan], mishaps: Sequence[Mishap]) -> tuple[TrueRecovery, ...]:
    """What is right after each class of errors."""
    befalling = [TrueRecovery(error_class=m.error_class, again=True, after=m.wait) for m in mishaps if m.rate]
    classes = sorted({rule.error_class for plan in plans for rule in plan.rules} | INTERFACE)
    return (*befalling, *(TrueRecovery(error_class=name, again=False) for name in classes))


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
