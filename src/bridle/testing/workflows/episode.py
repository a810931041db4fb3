"""An episode of a random workflow behind the ordinary port, with an exact probe and the rules that a call breaks."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bridle.arguments import ArgumentCheck
from bridle.environment import Observation, Step, Truth
from bridle.environments.enterprise.distortion import distortions, near_miss, unknown_tool
from bridle.environments.enterprise.routing import CaseTruth, Need
from bridle.errors import EnvironmentFault
from bridle.harness import Action
from bridle.testing.workflows.blueprint import Blueprint, Mishap, Plan
from bridle.testing.workflows.planner import Target, Worker
from bridle.testing.workflows.rules import INTERFACE_RULES, Scene, TrueRule
from bridle.testing.workflows.world import ToolCall, World, fitting, slipped
from bridle.trace import INTERFACE, Answerer, ViewBuilder, executed, parts

LEGAL, OTHERS, SLIPS, SPOILT = 8, 8, 10, 6
"""How many foreign actions of each sort a sample holds: applicable as they are, not so, one argument off, misshapen."""


@dataclass(frozen=True, kw_only=True)
class Start:
    """One seeded start."""

    task: str
    me: str
    world: World
    targets: tuple[Target, ...]
    turns: int
    seed: int


class RandomEpisode:
    """One episode. Every call is one turn, whatever became of it."""

    def __init__(self, start: Start, blueprint: Blueprint, check: ArgumentCheck) -> None:
        """Begin with nothing shown."""
        self._start, self._blueprint, self._check, self._world = start, blueprint, check, start.world
        tools = [plan.tool for plan in blueprint.plans]
        self._tools = {tool.name: tool for tool in tools}
        self._builder = ViewBuilder(task=start.task, tools=tools, me=start.me)
        self._mishap = random.Random(f"{start.seed}/mishaps")
        self._main, self._turns, self._invalid, self._over = blueprint.kinds[0], 0, 0, False
        self._seen: Observation | None = None
        self._locked: tuple[Action, Mishap, int] | None = None
        self._worker = Worker(blueprint, start.targets)
        self._blocked = {t.identity for t in start.targets if self._worker.blocked(t, self._world.things)}
        self._before = {identity: dict(thing) for identity, thing in self._world.things.items()}

    def observe(self) -> Observation:
        """The view: a fold over the calls so far."""
        if self._seen is None:
            self._seen = Observation(0, self._builder.view())
        return self._seen

    def probe(self, action: Action) -> Truth:
        """What the tools declare, then every rule in order; mishaps are no part of it."""
        truth = self._check(action)
        if not truth:
            return truth
        broken = self.broken(action)
        return Truth(False, f"{broken[0].error_class}: not now.", broken[0].error_class) if broken else truth

    def broken(self, action: Action) -> list[TrueRule]:
        """Every true rule that the call breaks here, in the order of checking; none where it is applicable."""
        truth = self._check(action)
        if not truth:
            return [rule for rule in INTERFACE_RULES if rule.error_class == truth.error_class]
        plan, arguments = self._plan(action), parts(action)[1]
        return self._world.broken(plan, arguments, self._builder.resources)

    def step(self, action: Action) -> Step:
        """Carry the call out, where it is applicable and no mishap befalls it."""
        if self._over:
            raise EnvironmentFault("This episode is over; start another one.")
        self._seen = None
        self._turns += 1
        truth = self.probe(action)
        if not truth:
            self._invalid += 1
            return self._end(action, Step(False, truth.feedback, truth.error_class))
        plan, arguments = self._plan(action), parts(action)[1]
        if plan.deed == "finish":
            return self._end(action, Step(True, result={"goals": self._achieved()}, terminated=True))
        mishap = self._befalling(action)
        if mishap is not None:
            if mishap.unknown and self._mishap.random() < 0.5:
                self._world.apply(plan, arguments, answered=False)
            return self._end(action, Step(True, f"{mishap.error_class}.", mishap.error_class))
        return self._end(action, Step(True, result=self._world.apply(plan, arguments)))

    def withhold(self, call: Action, error_class: str, message: str) -> Step:
        """Count a turn whose call did not get here."""
        if self._over:
            raise EnvironmentFault("This episode is over; start another one.")
        self._seen = None
        self._turns += 1
        step = Step(False, message, error_class)
        if error_class in INTERFACE:
            self._invalid += 1
            return self._end(call, step)
        return self._end(call, step, answered_by="guard")

    def truth(self) -> CaseTruth:
        """Whether the case needs a person, because something is not on record."""
        return CaseTruth(need=Need(to="a person") if self._blocked else None)

    def legal_actions(self) -> list[Action]:
        """A fair sample in a fixed order: every tool that is applicable now, with arguments that are."""
        rng = random.Random(f"{self._start.seed}/legal/{len(self._world.done)}")
        return [call for call in self._candidates(rng) if self.probe(call)]

    def foreign_actions(self, rng: random.Random) -> list[Action]:
        """Applicable calls, calls of other states, with one argument off, misshapen ones, tools that don't exist."""
        candidates = self._candidates(rng)
        broken = [self._world.broken(self._plan(c), c["arguments"], self._builder.resources) for c in candidates]
        legal = [call for call, rules in zip(candidates, broken, strict=True) if not rules]
        others = [call for call, rules in zip(candidates, broken, strict=True) if rules]
        sample: list[Action] = [
            *rng.sample(legal, min(LEGAL, len(legal))),
            *rng.sample(others, min(OTHERS, len(others))),
        ]
        off = [off for call in (legal or candidates) for off in slipped(self._plan(call), call, rng, self._world)]
        sample += rng.sample(off, min(SLIPS, len(off)))
        for call in rng.choices(legal or candidates, k=SPOILT):
            schema = {**self._tools[call["tool"]].schema, "properties": _forms(self._plan(call))}
            variants = distortions(rng, call, schema)
            sample += rng.sample(variants, min(2, len(variants)))
        sample += [miss for call in rng.choices(candidates, k=3) if (miss := near_miss(rng, call)) is not None]
        sample.append(unknown_tool(rng, rng.choice(candidates), self._tools))
        if rng.random() < 0.25:
            sample.append(rng.choice(("", {"tool": 7, "arguments": {}}, {"arguments": {}}, {"tool": "x"})))
        rng.shuffle(sample)
        return sample

    def _candidates(self, rng: random.Random) -> list[ToolCall]:
        """Every tool on a few things that there are, with arguments that fit as far as arguments can."""
        world = self._world
        scene = Scene(things=world.things, shown=self._builder.resources, done=world.done, arguments={})
        found: list[ToolCall] = []
        for plan in self._blueprint.plans:
            if not plan.subject:
                found.append({"tool": plan.name, "arguments": {}})
                continue
            known = [i for i in world.of_kind(plan.kind) if plan.deed != "show" or self._heard_of(i)]
            for identity in rng.sample(known, min(3, len(known))):
                found.append(fitting(plan, scene, identity, rng, lambda slot: world.of_kind(slot.about)))
        return found

    def _heard_of(self, identity: str) -> bool:
        """Whether the task or a result spoke of a thing: nobody makes up that there are others."""
        return identity in self._builder.resources or any(t.identity == identity for t in self._start.targets)

    def _befalling(self, action: Action) -> Mishap | None:
        """The mishap that befalls an applicable call: one that lasts, or a fresh one."""
        draw = self._mishap.random()
        if self._locked is not None:
            call, mishap, until = self._locked
            if self._turns > until:
                self._locked = None
            elif call == action:
                return mishap
        for mishap in self._blueprint.mishaps:
            draw -= mishap.rate
            if draw < 0:
                if mishap.wait:
                    self._locked = (action, mishap, self._turns + mishap.wait)
                return mishap
        return None

    def _achieved(self) -> dict[str, bool]:
        """Each target at its state, or left to a person where nothing else leads on; the other things untouched."""
        main, things = self._main, self._world.things
        found = {}
        for target in self._start.targets:
            thing = things[target.identity]
            reached = thing[main.state] == target.state
            found[target.identity] = reached or (bool(thing[main.referred]) and target.identity in self._blocked)
        others = [i for i in things if i not in found]
        return {**found, "others": all(things[identity] == self._before[identity] for identity in others)}

    def _plan(self, action: Action) -> Plan:
        plan = self._blueprint.plan(parts(action)[0])
        assert plan is not None, action
        return plan

    def _end(self, call: Action, step: Step, *, answered_by: Answerer = "environment") -> Step:
        """Fold the step in; where it is the last, add the reward."""
        self._builder.add(replace(executed(call, step), answered_by=answered_by, message=step.feedback))
        if not (step.terminated or self._turns >= self._start.turns or self._invalid >= 6):
            return step
        self._over = True
        return step._replace(rewards=(float(all(self._achieved().values())),), truncated=not step.terminated)


def _forms(plan: Plan) -> Mapping[str, Any]:
    """What a tool's arguments look like, whether it declares it or not."""
    return {slot.name: slot.form for slot in plan.slots}


def targets_of(blueprint: Blueprint, world: World, rng: random.Random, count: int) -> tuple[Target, ...]:
    """Things that are to reach another state; seldom ones that nothing but a person can help."""
    main = blueprint.kinds[0]
    moves = [plan.value for plan in blueprint.plans if plan.deed == "move"]
    found: list[Target] = []
    for identity in world.of_kind(main.name):
        state = world.things[identity][main.state]
        options = [value for value in dict.fromkeys(moves) if value != state]
        found.append(Target(identity=identity, state=rng.choice(options)))
    worker = Worker(blueprint, ())
    easy = [target for target in found if not worker.blocked(target, world.things)]
    hard = [target for target in found if target not in easy]
    chosen: Sequence[Target] = [*easy[:count], *hard[: int(rng.random() < 0.2)]] or hard[:1]
    return tuple(chosen)
