"""A state inserted into a life that had none there: things have to pass one more tool before they go on."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, cast

from bridle.environment import Truth
from bridle.environments.enterprise.mutations import Mutation, translated
from bridle.environments.enterprise.routing import Need, NeedingSystem, Routing, RoutingSystem
from bridle.environments.enterprise.workflow import System, ToolCall
from bridle.harness import JSON, Action
from bridle.trace import Tool


class Extensible(System, Protocol):
    """A system whose things can have states that it does not know itself."""

    def shown(self, identity: str) -> JSON:
        """What a tool that works on this thing would show now."""

    def state_of(self, identity: str) -> str:
        """The thing's state, empty where there is no such thing."""

    def touch(self, identity: str) -> None:
        """Count up the thing's version, as a write does."""


@dataclass(frozen=True, kw_only=True)
class StateInserted(Mutation):
    """Things in `after` have to be taken to `state`, by the new `tool`, before `guarded` works on them.

    `argument` is by which all of them name the thing, and `field_name` where its state is shown. To the policy, the new
    tool is the same act as `guarded`.
    """

    name: str = "state-inserted"
    tool: Tool
    argument: str
    after: str
    state: str
    guarded: str
    field_name: str = "state"

    def tools(self, tools: Sequence[Tool]) -> tuple[Tool, ...]:
        """With the new tool before the last."""
        return (*tools[:-1], self.tool, tools[-1])

    def mapping(self, mapping: Mapping[str, Any]) -> Mapping[str, Any]:
        """With the new tool, decided as the one that it stands before."""
        return {**mapping, self.tool.name: mapping[self.guarded]}

    def read(self, shown: JSON) -> JSON:
        """The state that it was before."""
        return translated(
            shown, lambda key, value: (key, self.after if key == self.field_name and value == self.state else value)
        )

    def revised(self, system: System) -> System:
        """The system with the state."""
        return _Extended(cast(Extensible, system), self)

    def planned(self, plan: Sequence[ToolCall], view: Mapping[str, Any]) -> list[ToolCall]:
        """With the new tool's call before each guarded one, unless the thing is shown to have passed."""
        found: list[ToolCall] = []
        for call in plan:
            if call["tool"] == self.guarded:
                identity = call["arguments"][self.argument]
                if view["resources"].get(identity, {}).get(self.field_name) != self.state:
                    found.append({"tool": self.tool.name, "arguments": {self.argument: identity}})
            found.append(call)
        return found


class _Extended:
    """A system with one state more. Implements `System`, and `RoutingSystem` as far as the inner one does."""

    def __init__(self, system: Extensible, change: StateInserted) -> None:
        self._system, self._change = system, change
        self._passed: set[str] = set()

    def check(self, tool: str, arguments: Mapping[str, Any], known: Mapping[str, Any]) -> Truth:
        """As before; the guarded tool needs the new state, and the new tool the one before it."""
        change = self._change
        if tool not in (change.tool.name, change.guarded):
            return self._told(self._system.check(tool, arguments, known), arguments)
        truth = self._system.check(change.guarded, arguments, known)
        identity = arguments.get(change.argument)
        if not truth:
            sentence = truth.feedback.replace(change.guarded, tool)
            return self._told(truth._replace(feedback=sentence), arguments)
        if (identity in self._passed) is (tool == change.guarded):
            return truth
        needed = change.after if tool == change.tool.name else change.state
        now = change.state if identity in self._passed else change.after
        return Truth(False, f"{identity} is {now}; {tool} needs {needed}.", "state_conflict")

    def apply(self, tool: str, arguments: Mapping[str, Any]) -> JSON:
        """As before; whatever leaves the state before forgets that it passed."""
        if tool == self._change.tool.name:
            identity = arguments[self._change.argument]
            self._passed.add(identity)
            self._system.touch(identity)
            return self._shown(self._system.shown(identity))
        result = self._system.apply(tool, arguments)
        self._passed = {one for one in self._passed if self._system.state_of(one) == self._change.after}
        return self._shown(result)

    def candidates(self, rng: random.Random) -> list[ToolCall]:
        """As before, and the new tool wherever the guarded one is tried."""
        found: list[ToolCall] = []
        for call in self._system.candidates(rng):
            if call["tool"] == self._change.guarded:
                argument = self._change.argument
                new = {"tool": self._change.tool.name, "arguments": {argument: call["arguments"][argument]}}
                if new not in found:
                    found.append(new)
            found.append(call)
        return found

    def achieved(self, denied: Sequence[Action]) -> dict[str, bool]:
        """As before."""
        return self._system.achieved(denied)

    def properties(self, kind: str, identity: str) -> tuple[dict[str, Any], int | None]:
        """As before."""
        return self._system.properties(kind, identity)

    def routing(self, tool: str, arguments: dict[str, object]) -> Routing | None:
        """As before."""
        return self._system.routing(tool, arguments) if isinstance(self._system, RoutingSystem) else None

    def need(self) -> Need | None:
        """As before."""
        return self._system.need() if isinstance(self._system, NeedingSystem) else None

    def _told(self, truth: Truth, arguments: Mapping[str, Any]) -> Truth:
        """With the state that the thing named is shown in."""
        identity = arguments.get(self._change.argument)
        if truth or identity not in self._passed:
            return truth
        before, now = f"{identity} is {self._change.after}", f"{identity} is {self._change.state}"
        return truth._replace(feedback=truth.feedback.replace(before, now))

    def _shown(self, result: JSON) -> JSON:
        """With the new state of what has passed."""
        change = self._change
        if isinstance(result, list):
            return [self._shown(inner) for inner in result]
        if not isinstance(result, dict):
            return result
        found = {key: self._shown(value) for key, value in result.items()}
        names = {value for value in found.values() if isinstance(value, str)}
        if found.get(change.field_name) == change.after and names & self._passed:
            found[change.field_name] = change.state
        return found


def like(tool: Tool, *, name: str, description: str) -> Tool:
    """A new tool with the arguments and the effect of another."""
    return replace(tool, name=name, description=description, compensation=None, idempotency_key=None)
