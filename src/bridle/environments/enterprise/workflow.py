"""An episode of a workflow: a system behind tools, a task, limits, and the mishaps of real services.

The system holds the operational truth: what exists, in which state, and which call is applicable. It knows nothing of
authority; whoever governs the episode asks a policy engine before `step`, and reports a denial by `withhold`.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from bridle.arguments import ArgumentCheck
from bridle.authorization import Facts
from bridle.environment import Observation, Step, Truth
from bridle.environments.enterprise.distortion import distortions, near_miss, unknown_tool
from bridle.environments.enterprise.routing import CaseTruth, Need, NeedingSystem, Routing, RoutingSystem
from bridle.errors import EnvironmentFault
from bridle.harness import JSON, Action
from bridle.trace import INTERFACE, POLICY_DENIED, Answerer, Tool, ToolEffect, ViewBuilder, executed, parts

ToolCall = dict[str, Any]
"""`{"tool": str, "arguments": {…}}`."""


class System(Protocol):
    """The system behind the tools, in one state."""

    def check(self, tool: str, arguments: Mapping[str, Any], known: Mapping[str, Any]) -> Truth:
        """Whether the call, which fits its schema, is applicable now. Changes nothing.

        `known` holds the resources that this session was shown, by id.
        """

    def apply(self, tool: str, arguments: Mapping[str, Any]) -> JSON:
        """Carry out an applicable call; returns fresh JSON that the system will not write into again."""

    def candidates(self, rng: random.Random) -> list[ToolCall]:
        """Calls that fit their schemas, for every tool and things that exist, applicable or not, in a fixed order."""

    def achieved(self, denied: Sequence[Action]) -> dict[str, bool]:
        """The goals of the task, each with whether the state meets it; `denied` are the calls that policy denied."""

    def properties(self, kind: str, identity: str) -> tuple[dict[str, Any], int | None]:
        """What the authoritative record says of a resource to a policy, and the resource's version."""


@dataclass(frozen=True, kw_only=True)
class Mishaps:
    """How often services fail although the call is applicable.

    A `transient` failure changes nothing. After an `internal` one nobody knows whether the call took effect; half of
    them did. Rates are per applicable call.
    """

    transient: float = 0.03
    internal: float = 0.004


@dataclass(frozen=True, kw_only=True)
class Allowance:
    """What an episode may use: turns in all, and inapplicable calls before the system closes the session."""

    turns: int
    invalid: int


@dataclass(frozen=True, kw_only=True)
class Case:
    """One seeded start: the task, who works on it, and the system it is done in.

    `me` is opaque; `subject` is who that is for the policy engine (AuthZEN's shape) and never shown. `finish` is the
    tool by which the agent ends the episode. `need` is the person without whom the case can't be done, never shown.
    """

    task: str
    me: str
    subject: Mapping[str, Any]
    system: System
    allowance: Allowance
    mishaps: Mishaps
    finish: Tool
    seed: int
    need: Need | None = None


class Workplace:
    """What the episodes of one environment share: the tools and their compiled schemas."""

    def __init__(self, tools: Sequence[Tool]) -> None:
        """Compile the schemas once."""
        self.tools = tuple(tools)
        self.by_name = {tool.name: tool for tool in tools}
        self.check = ArgumentCheck(tools)


class WorkflowEpisode:
    """One episode. Every call is one turn, whatever became of it."""

    def __init__(self, case: Case, workplace: Workplace) -> None:
        """Start the case in a session that was shown nothing yet."""
        self._case, self._workplace, self._system = case, workplace, case.system
        self._builder = ViewBuilder(task=case.task, tools=workplace.tools, me=case.me)
        self._mishap = random.Random(f"{case.seed}/mishaps")
        self._turns = self._invalid = self._carried_out = 0
        self._denied: list[Action] = []
        self._routings: list[Routing] = []
        self._over = False
        self._seen: Observation | None = None

    def observe(self) -> Observation:
        """The view: a fold over the calls so far."""
        if self._seen is None:
            self._seen = Observation(0, self._builder.view())
        return self._seen

    def probe(self, action: Action) -> Truth:
        """Schema, existence, state and preconditions; mishaps are no part of it."""
        truth = self._workplace.check(action)
        if not truth:
            return truth
        name, arguments = parts(action)
        if name == self._case.finish.name:
            return truth
        return self._system.check(name, arguments, self._builder.resources)

    def step(self, action: Action) -> Step:
        """Carry the call out, where it is applicable and no mishap befalls it."""
        self._begin()
        truth = self.probe(action)
        if truth.error_class not in INTERFACE and isinstance(self._system, RoutingSystem):
            routing = self._system.routing(*parts(action))
            self._routings += [] if routing is None else [routing]
        if not truth:
            self._invalid += 1
            return self._end(action, Step(False, truth.feedback, truth.error_class))
        name, arguments = parts(action)
        if name == self._case.finish.name:
            goals: JSON = self._system.achieved(self._denied)
            return self._end(action, Step(True, result={"goals": goals}, terminated=True))
        draw = self._mishap.random()
        mishaps = self._case.mishaps
        if draw < mishaps.transient:
            return self._end(action, Step(True, "The service is busy; try again.", "transient"))
        if draw < mishaps.transient + mishaps.internal:
            return self._end(action, self._internal(name, arguments))
        self._carried_out += 1
        return self._end(action, Step(True, result=self._system.apply(name, arguments)))

    def withhold(self, call: Action, error_class: str, message: str) -> Step:
        """Count a turn whose call did not get here; a denial, and the interface's own refusals, are shown in the view.

        A refusal by the interface counts toward the inapplicable calls, as if the system had answered it itself.
        """
        self._begin()
        step = Step(False, message, error_class)
        if error_class in INTERFACE:
            self._invalid += 1
            return self._end(call, step)
        if error_class == POLICY_DENIED:
            self._denied.append(call)
        return self._end(call, step, answered_by="policy" if error_class == POLICY_DENIED else "guard")

    def truth(self) -> CaseTruth:
        """What is true of the case by now, for figures; no view shows it."""
        found = CaseTruth(need=self._case.need, routings=tuple(self._routings))
        if found.needs_person or not isinstance(self._system, NeedingSystem):
            return found
        return found._replace(need=self._system.need() or found.need)

    def facts(self, resource_type: str, resource_id: str) -> Facts:
        """What the control plane holds: the session's subject, and the resource as it is now."""
        properties, version = self._system.properties(resource_type, resource_id)
        return Facts(
            subject=self._case.subject,
            resource={"type": resource_type, "id": resource_id, "properties": properties},
            version=version,
        )

    def legal_actions(self) -> list[Action]:
        """A fair sample in a fixed order: every tool that is applicable now, with arguments that are."""
        candidates = self._system.candidates(random.Random(f"{self._case.seed}/legal/{self._carried_out}"))
        finish: list[Action] = [{"tool": self._case.finish.name, "arguments": {}}]
        return [call for call in candidates if self.probe(call)] + finish

    def foreign_actions(self, rng: random.Random) -> list[Action]:
        """Legal calls, calls of other states, near-miss ids, missing and misspelt arguments, tools that don't exist."""
        candidates = self._system.candidates(rng)
        legal = [call for call in candidates if self.probe(call)]
        others = [call for call in candidates if not self.probe(call)]
        sample: list[Action] = [*rng.sample(legal, min(8, len(legal))), *rng.sample(others, min(8, len(others)))]
        for call in rng.choices(legal or candidates, k=6) + rng.choices(candidates, k=2):
            schema = self._workplace.by_name[call["tool"]].schema
            variants = distortions(rng, call, schema)
            sample += rng.sample(variants, min(2, len(variants)))
        sample += [miss for call in rng.choices(candidates, k=3) if (miss := near_miss(rng, call)) is not None]
        sample.append(unknown_tool(rng, rng.choice(candidates), self._workplace.by_name))
        if rng.random() < 0.25:
            sample.append(
                rng.choice(("", "finish", {"tool": 7, "arguments": {}}, {"arguments": {}}, {"tool": "finish"}))
            )
        rng.shuffle(sample)
        return sample

    def _begin(self) -> None:
        if self._over:
            raise EnvironmentFault("This episode is over; start another one.")
        self._seen = None
        self._turns += 1

    def _internal(self, name: str, arguments: Mapping[str, Any]) -> Step:
        if self._mishap.random() < 0.5:
            self._carried_out += 1
            self._system.apply(name, arguments)
        reading = self._workplace.by_name[name].effect is ToolEffect.READ_ONLY
        doubt = "" if reading else " It is not known whether the call took effect; read what it was about again."
        return Step(True, f"The service failed.{doubt}", "internal")

    def _end(self, call: Action, step: Step, *, answered_by: Answerer = "environment") -> Step:
        """Fold the step in; where it is the last, add the reward."""
        self._builder.add(replace(executed(call, step), answered_by=answered_by, message=step.feedback))
        allowance = self._case.allowance
        spent = self._turns >= allowance.turns or self._invalid >= allowance.invalid
        if not (step.terminated or spent):
            return step
        self._over = True
        success = all(self._system.achieved(self._denied).values())
        return step._replace(rewards=(float(success),), truncated=not step.terminated)
