"""A workflow behind a mutation: the system and the planner of before, spoken to in the words of now."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, cast

from bridle.environment import Truth
from bridle.environments.enterprise.mutations import Mutation
from bridle.environments.enterprise.routing import Need, NeedingSystem, Routing, RoutingSystem
from bridle.environments.enterprise.workflow import System, ToolCall
from bridle.harness import JSON, Action
from bridle.trace import parts


class RevisedSystem:
    """A system behind a mutation. Implements `System`, and `RoutingSystem` as far as the inner one does."""

    def __init__(self, system: System, mutation: Mutation) -> None:
        """`system` is a nominal one that was just made."""
        self._system, self._mutation = mutation.revised(system), mutation

    def check(self, tool: str, arguments: Mapping[str, Any], known: Mapping[str, Any]) -> Truth:
        """The truth of the call, in the words of now."""
        name, given = self._inward(tool, arguments)
        truth = self._system.check(name, given, cast(Mapping[str, Any], self._mutation.read(dict(known))))
        return truth._replace(feedback=self._mutation.told(truth.feedback)) if truth.feedback else truth

    def apply(self, tool: str, arguments: Mapping[str, Any]) -> JSON:
        """Carry the call out, and show what it returns as tools do now."""
        return self._mutation.shown(self._system.apply(*self._inward(tool, arguments)))

    def candidates(self, rng: random.Random) -> list[ToolCall]:
        """Those of before, as they have to be now."""
        return [self._mutation.outward(call) for call in self._system.candidates(rng)]

    def achieved(self, denied: Sequence[Action]) -> dict[str, bool]:
        """As before."""
        return self._system.achieved([self._before(call) for call in denied])

    def properties(self, kind: str, identity: str) -> tuple[dict[str, Any], int | None]:
        """As before: the mapping was changed along with the tools."""
        return self._system.properties(kind, identity)

    def routing(self, tool: str, arguments: dict[str, object]) -> Routing | None:
        """As before."""
        if not isinstance(self._system, RoutingSystem):
            return None
        return self._system.routing(*self._inward(tool, arguments))

    def need(self) -> Need | None:
        """As before."""
        return self._system.need() if isinstance(self._system, NeedingSystem) else None

    def _inward(self, tool: str, arguments: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        call = self._mutation.inward({"tool": tool, "arguments": dict(arguments)})
        return call["tool"], call["arguments"]

    def _before(self, call: Action) -> Action:
        name, arguments = parts(call)
        return self._mutation.inward({"tool": name, "arguments": arguments}) if isinstance(arguments, dict) else call


class Planner(Protocol):
    """Whoever plans a case from the view, as simulated agents need it."""

    def remaining(self, view: Mapping[str, Any]) -> Sequence[ToolCall]:
        """The calls that are left."""


class RevisedPlanner:
    """A planner of before who has read the tools of now, as a model that sees the view would."""

    def __init__(self, planner: Planner, mutation: Mutation) -> None:
        """`planner` plans in the words of before."""
        self._planner, self._mutation = planner, mutation

    def remaining(self, view: Mapping[str, Any]) -> list[ToolCall]:
        """The calls that are left, in the words of now."""
        return self._mutation.planned(self._planner.remaining(self._before(view)), view)

    def instead(self, view: Mapping[str, Any]) -> ToolCall | None:
        """The call of somebody who does not notice that a person has to be asked, in the words of now."""
        call = instead(self._planner, self._before(view))
        return None if call is None else self._mutation.planned([call], view)[0]

    @property
    def routes(self) -> dict[str, str]:
        """The tools that send work somewhere, with the argument that says where to, in the words of now."""
        found: dict[str, str] = {}
        for tool, argument in routes(self._planner).items():
            found[tool] = next(iter(self._mutation.outward({"tool": tool, "arguments": {argument: ""}})["arguments"]))
        return found

    def _before(self, view: Mapping[str, Any]) -> dict[str, Any]:
        """The view in the words of before."""
        calls = [self._read(call) for call in view["calls"]]
        return {**view, "calls": calls, "resources": self._mutation.read(view["resources"])}

    def _read(self, call: Mapping[str, Any]) -> dict[str, Any]:
        found = dict(call)
        if isinstance(call["arguments"], dict):
            inward = self._mutation.inward({"tool": call["tool"], "arguments": call["arguments"]})
            found |= {"tool": inward["tool"], "arguments": inward["arguments"]}
        if call["ok"]:
            found["result"] = self._mutation.read(call["result"])
        return found


def instead(planner: Planner, view: Mapping[str, Any]) -> ToolCall | None:
    """The call of somebody who does not notice that a person has to be asked; None where a planner knows of none."""
    asked: Callable[[Mapping[str, Any]], ToolCall | None] | None = getattr(planner, "instead", None)
    return None if asked is None else asked(view)


def routes(planner: Planner) -> Mapping[str, str]:
    """The tools by which a planner sends work somewhere; none where it says nothing of that."""
    found: Mapping[str, str] = getattr(planner, "routes", {})
    return found
