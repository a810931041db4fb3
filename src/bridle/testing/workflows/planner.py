"""What somebody who knows the task would do next, seeing only the view. Pure: the plan is a function of the view."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bridle.testing.workflows.blueprint import Blueprint, Plan, Slot
from bridle.testing.workflows.rules import Done, Scene
from bridle.testing.workflows.world import ToolCall, fitting

DEEPEST = 3
"""Tools that one step may need before it."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """A thing, and the state that it is to reach."""

    identity: str
    state: str


class Worker:
    """Plans for some targets in one workflow."""

    def __init__(self, blueprint: Blueprint, targets: tuple[Target, ...]) -> None:
        """`targets` is what the task's text says, for a machine."""
        self._blueprint, self._targets = blueprint, targets

    def remaining(self, view: Mapping[str, Any]) -> list[ToolCall]:
        """The calls that are left, as far as they can be foreseen; the first is the one to make now."""
        plan: list[ToolCall] = []
        done = [Done(c["tool"], c["arguments"], c["result"]) for c in view["calls"] if c["ok"]]
        for target in self._targets:
            plan += self.steps(target, view["resources"], done)
        return [*plan, {"tool": self._blueprint.doing("finish").name, "arguments": {}}]

    def steps(self, target: Target, shown: Mapping[str, Any], done: list[Done]) -> list[ToolCall]:
        """What is left to do for one target; leaving it to a person where no tool leads on."""
        main = self._blueprint.kinds[0]
        thing = shown.get(target.identity)
        if thing is None:
            return [self._look(main.name, target.identity)]
        if thing[main.referred] or thing[main.state] == target.state:
            return []
        refer = self._blueprint.doing("refer", main.name)
        leave = [{"tool": refer.name, "arguments": {refer.subject: target.identity}}]
        path = self._path(thing[main.state], target.state)
        if path is None:
            return leave
        found: list[ToolCall] = []
        for place, plan in enumerate(path):
            steps = list(self._with_needs(plan, target.identity, shown, done, DEEPEST, later=place > 0))
            if not steps or steps[-1] is None:
                return leave if place == 0 else found
            found += [step for step in steps if step is not None]
        return found

    def blocked(self, target: Target, things: Mapping[str, Any]) -> bool:
        """Whether somebody who sees everything would leave the target to a person at once."""
        refer = self._blueprint.doing("refer", self._blueprint.kinds[0].name).name
        steps = self.steps(target, things, [])
        return bool(steps) and steps[0]["tool"] == refer

    def _look(self, kind: str, identity: str) -> ToolCall:
        plan = self._blueprint.shown_by(kind)
        return {"tool": plan.name, "arguments": {plan.subject: identity} if plan.subject else {}}

    def _path(self, state: str, goal: str) -> list[Plan] | None:
        """The moves from one state to another, the fewest that lead there; None where none do."""
        waiting: deque[tuple[str, list[Plan]]] = deque([(state, [])])
        reached = {state}
        while waiting:
            here, path = waiting.popleft()
            if here == goal:
                return path
            for plan in self._blueprint.plans:
                if plan.deed == "move" and here in plan.froms and plan.value not in reached:
                    reached.add(plan.value)
                    waiting.append((plan.value, [*path, plan]))
        return None

    def _with_needs(
        self, plan: Plan, identity: str, shown: Mapping[str, Any], done: list[Done], depth: int, *, later: bool = False
    ) -> Iterator[ToolCall | None]:
        """A call of a tool after what it needs first; None at the end where nothing helps."""
        for slot in plan.slots:
            if slot.sort == "id" and slot.about != plan.kind and not self._known(slot, shown):
                yield self._look(slot.about, "")
                return
        rng = random.Random(f"{plan.name}/{identity}")
        scene = Scene(things=shown, shown=shown, done=done, arguments={})
        call = fitting(plan, scene, identity, rng, lambda slot: self._known(slot, shown))
        scene = Scene(things=shown, shown=shown, done=done, arguments=call["arguments"])
        for rule in plan.rules:
            if rule.need.holds(scene) is not False or (later and rule.kind == "state" and not rule.fix):
                continue
            helping = self._blueprint.plan(rule.fix)
            if helping is None or depth == 0:
                yield None
                return
            yield from self._with_needs(helping, identity, shown, done, depth - 1)
        yield call

    def _known(self, slot: Slot, shown: Mapping[str, Any]) -> list[str]:
        """The things of a slot's kind that were shown, as far as their fields tell."""
        fields = {field.name for field in self._blueprint.kind(slot.about).fields}
        identity = self._blueprint.identity
        return [name for name, thing in shown.items() if set(thing) - {identity} == fields]
