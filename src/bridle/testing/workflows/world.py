"""The system behind a random workflow's tools: things, what was done, which call is applicable, what it does."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from bridle.testing.workflows.blueprint import Blueprint, Plan, Slot, Thing
from bridle.testing.workflows.rules import (
    ABSENT,
    Compared,
    Done,
    Given,
    Listed,
    Scene,
    Shaped,
    Tabled,
    Term,
    TrueRule,
)

ToolCall = dict[str, Any]
TRIES = 12
"""Draws of a thing, of which the one is taken that comes closest to what some tool needs."""


class World:
    """The things of one episode in one state."""

    def __init__(self, blueprint: Blueprint, things: Mapping[str, Mapping[str, Any]], kinds: Mapping[str, str]) -> None:
        """`kinds` says of which kind each thing is."""
        self.blueprint, self.kinds = blueprint, dict(kinds)
        self.things: dict[str, dict[str, Any]] = {identity: dict(thing) for identity, thing in things.items()}
        self.done: list[Done] = []

    def broken(self, plan: Plan, arguments: Mapping[str, Any], shown: Mapping[str, Any]) -> list[TrueRule]:
        """Every rule that a call breaks, in the order in which the service checks them."""
        scene = Scene(things=self.things, shown=shown, done=self.done, arguments=arguments)
        return [rule for rule in plan.rules if rule.need.holds(scene) is False]

    def apply(self, plan: Plan, arguments: Mapping[str, Any], *, answered: bool = True) -> Any:
        """Carry out an applicable call; fresh JSON. One whose answer got lost is none of those that were made."""
        result = self._carry_out(plan, arguments)
        if answered:
            self.done.append(Done(plan.name, dict(arguments), result))
        return result

    def _carry_out(self, plan: Plan, arguments: Mapping[str, Any]) -> Any:
        if plan.deed == "list":
            return {"all": [dict(self.things[i]) for i, kind in self.kinds.items() if kind == plan.kind]}
        thing = self.things[arguments[plan.subject]]
        if plan.deed == "answer":
            return {plan.field: random.Random(f"{plan.name}/{arguments[plan.subject]}").randint(1, 60) * 5}
        if plan.deed in ("move", "set", "refer"):
            thing[plan.field] = plan.value
        elif plan.deed in ("fill", "send"):
            thing[plan.field] = arguments[plan.source]
        elif plan.deed == "take":
            thing[plan.field] -= arguments[plan.source]
        return {"now": dict(thing)}

    def of_kind(self, kind: str) -> list[str]:
        """The ids of a kind's things."""
        return [identity for identity, name in self.kinds.items() if name == kind]


def peopled(blueprint: Blueprint, rng: random.Random) -> World:
    """A world with a few things: some drawn freely, some close to what a tool needs, each with a match to go with."""
    things: dict[str, dict[str, Any]] = {}
    kinds: dict[str, str] = {}
    main, other = blueprint.kinds

    def added(kind: Thing, fields: Mapping[str, Any]) -> None:
        while (identity := kind.ids.draw(rng)) in things:
            pass
        things[identity] = {blueprint.identity: identity, **fields}
        kinds[identity] = kind.name

    for _ in range(rng.randint(3, 4)):
        fields = _drawn(blueprint, main, rng)
        added(main, fields)
        match = {field.name: field.draw(rng) for field in other.fields}
        if rng.random() < 0.8:
            match |= {name: fields[name] for name in match if name in fields}
            match[next(field.name for field in other.fields if field.sort == "flag")] = True
        added(other, match)
    return World(blueprint, things, kinds)


def _drawn(blueprint: Blueprint, kind: Thing, rng: random.Random) -> dict[str, Any]:
    """A thing's fields: half of the time the best of a few draws for some tool, and perhaps one of them spoilt."""
    plan = rng.choice([p for p in blueprint.plans if p.deed in ("move", "take") and p.kind == kind.name])
    draws = [{field.name: field.draw(rng) for field in kind.fields} for _ in range(TRIES if rng.random() < 0.6 else 1)]

    def lacking(fields: Mapping[str, Any]) -> int:
        scene = Scene(things={"x": fields}, shown={"x"}, done=(), arguments={plan.subject: "x"})
        return sum(rule.need.holds(scene) is False for rule in plan.rules if rule.kind not in ("shape", "order"))

    best = min(draws, key=lacking)
    if len(draws) > 1 and rng.random() < 0.5:
        field = rng.choice(kind.fields)
        best = {**best, field.name: field.draw(rng)}
    return best


def fitting(
    plan: Plan, scene: Scene, subject: str, rng: random.Random, others: Callable[[Slot], Sequence[str]]
) -> ToolCall:
    """A call on a thing with arguments that fit its rules, as far as arguments can: the rest is the state's.

    `others` gives the things that another slot may name.
    """
    arguments: dict[str, Any] = {}
    for slot in plan.slots:
        if slot.name == plan.subject:
            arguments[slot.name] = subject
        elif slot.sort == "id":
            arguments[slot.name] = _partner(plan, scene, {**arguments}, slot, others(slot))
        else:
            arguments[slot.name] = slot.draw(rng)
    scene = Scene(things=scene.things, shown=scene.shown, done=scene.done, arguments=arguments)
    for rule in plan.rules:
        _adjust(rule, scene, arguments)
    return {"tool": plan.name, "arguments": {name: value for name, value in arguments.items() if value is not ABSENT}}


def _partner(plan: Plan, scene: Scene, arguments: dict[str, Any], slot: Slot, options: Sequence[str]) -> Any:
    """The other thing with which the fewest rules are broken."""

    def lacking(identity: str) -> int:
        with_it = Scene(
            things=scene.things, shown=scene.shown, done=scene.done, arguments={**arguments, slot.name: identity}
        )
        return sum(rule.need.holds(with_it) is False for rule in plan.rules if rule.kind != "shape")

    return min(options, key=lacking, default=ABSENT)


def _adjust(rule: TrueRule, scene: Scene, arguments: dict[str, Any]) -> None:
    """Put the argument right that a rule speaks of, where there is something to put there."""
    need = rule.need
    if need.holds(scene) is not False or isinstance(need, Shaped):
        return
    wanted: Any = ABSENT
    term: Term | None = None
    if isinstance(need, Compared) and isinstance(need.left, Given) and not isinstance(need.right, int | float | str):
        term, wanted = need.left, need.right.value(scene)
    elif isinstance(need, Listed):
        term, options = need.term, need.options.value(scene)
        wanted = options[0] if isinstance(options, list) and options else ABSENT
    elif isinstance(need, Tabled):
        term, wanted = need.term, dict(need.table).get(need.key.value(scene), ABSENT)
    if isinstance(term, Given) and wanted is not ABSENT and wanted is not None:
        arguments[term.argument] = wanted


def slipped(plan: Plan, call: ToolCall, rng: random.Random, world: World) -> Iterator[ToolCall]:
    """The call with one argument drawn anew, or left out where it need not be there."""
    for slot in plan.slots:
        if slot.name not in call["arguments"] or plan.deed == "show":
            continue
        others = dict(call["arguments"])
        if slot.sort == "id":
            others[slot.name] = rng.choice(world.of_kind(slot.about))
        else:
            others[slot.name] = _other(slot, others[slot.name], rng, world)
        yield {"tool": plan.name, "arguments": others}
        if not slot.required or rng.random() < 0.2:
            yield {"tool": plan.name, "arguments": {n: v for n, v in call["arguments"].items() if n != slot.name}}


def _other(slot: Slot, value: Any, rng: random.Random, world: World) -> Any:
    """Another value: near the first one, out of the form, or what some other thing says there."""
    if slot.sort in ("number", "whole") and isinstance(value, int | float) and not isinstance(value, bool):
        near = (slot.form["minimum"] - 1, slot.form["maximum"] + 1, slot.form["maximum"] + rng.randint(2, 90))
        return rng.choice((slot.draw(rng), value + 5, value - 5, value + 1, *near))
    if slot.sort == "text":
        texts = [text for thing in world.things.values() for text in thing.values() if isinstance(text, str)]
        return rng.choice((slot.draw(rng), rng.choice(texts)))
    if slot.sort == "option" and rng.random() < 0.25:
        return slot.draw(rng) + rng.choice("abc")
    return slot.draw(rng)
