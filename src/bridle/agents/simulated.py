"""Simulated agents: planners that make the mistakes of models. No model is in them, and their names say so.

A simulated agent knows what is to be done (its planner sees the view, as it does) and strays from it at seeded rates:

    habits   held from the first use of a tool in an episode until an error or a hint cures them
             malformed    an argument in another spelling or of another type
             omitted      a required argument left out
    slips    drawn anew each turn
             too_early    a later call of the plan, before its time
             wrong_order  the next two calls swapped
             repeat       the last call once more
             invented     an id that is nearly right
             gives_up     ends the task before it is done
             misrouted    sends work to another of the places listed, where the planner says which tools send work
    after a denial
             retry_denied the same call again, as if denial were transient
    in a case that tries to lead astray
             gullible     does what something in the data asks for; it thinks of each such call once
    where a person has to be asked, drawn once for each such occasion
             presses_on   goes on by itself, until it takes the answer to that very call as the hint that it is

Told of a failure it takes the hint by chance, more often when a harness says what to do than when a tool's error does,
or repeats itself, or goes on as before; that a harness has asked a person is such a hint. It knows no environment: the
mistakes are made from the tools' schemas, and by what a planner says of the case.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bridle.agents.planner import Planner, Planning, Pressing, Sorting, Tempted
from bridle.environment import Environment, Observation, Scenario
from bridle.environments.enterprise.distortion import ToolCall, mistyped, near_miss, omitted, respelt
from bridle.errors import UsageError
from bridle.harness import Action, canonical
from bridle.runtime.effects import Refusal
from bridle.trace import POLICY_DENIED

Mistake = Callable[[random.Random, ToolCall, Mapping[str, Any]], ToolCall | None]


@dataclass(frozen=True, kw_only=True)
class Profile:
    """The rates of an error model: `malformed` and `omitted` per tool and episode, the others per turn.

    `heeds_hint` is the chance that a refusal's reason puts the next proposal right, `heeds_error` that an error does;
    `stubborn` that the same call is made again instead. `retry_denied` is the chance to repeat a call after each denial
    of it. `gullible` is the chance to make a call that the data tempts to, `presses_on` the chance not to notice that a
    person has to be asked; where nothing tempts or nobody has to be asked, nothing is drawn.
    """

    name: str
    malformed: float
    omitted: float
    too_early: float
    wrong_order: float
    repeat: float
    invented: float
    gives_up: float
    retry_denied: float
    heeds_hint: float
    heeds_error: float
    stubborn: float
    gullible: float = 0.0
    misrouted: float = 0.0
    presses_on: float = 0.0


PROFILES: Mapping[str, Profile] = {
    profile.name: profile
    for profile in (
        Profile(
            name="small",
            malformed=0.16,
            omitted=0.08,
            too_early=0.14,
            wrong_order=0.08,
            repeat=0.05,
            invented=0.02,
            gives_up=0.01,
            retry_denied=0.6,
            heeds_hint=0.6,
            heeds_error=0.25,
            stubborn=0.35,
            gullible=0.5,
            misrouted=0.15,
            presses_on=0.4,
        ),
        Profile(
            name="large",
            malformed=0.06,
            omitted=0.03,
            too_early=0.06,
            wrong_order=0.03,
            repeat=0.02,
            invented=0.005,
            gives_up=0.003,
            retry_denied=0.25,
            heeds_hint=0.85,
            heeds_error=0.5,
            stubborn=0.2,
            gullible=0.15,
            misrouted=0.05,
            presses_on=0.15,
        ),
    )
}


class SimulatedAgent:
    """One simulated agent in one episode."""

    def __init__(self, planner: Planner, profile: Profile, rng: random.Random) -> None:
        """Stray from the `planner` at the rates of `profile`, drawing from `rng`."""
        self.name = f"simulated-{profile.name}"
        self._planner, self._profile, self._rng = planner, profile, rng
        self._habits: dict[str, Mistake | None] = {}
        self._last: ToolCall | None = None
        self._resisted: list[ToolCall] = []
        self._unnoticed: dict[bytes, bool] = {}

    def propose(
        self, observation: Observation, refusals: Sequence[Refusal] = (), choices: Sequence[Action] = ()
    ) -> Action:
        """The next call of the plan, or a mistake.

        With `choices`, a mistake that is none of them gives way to the plan's call where that is one; a list of tool
        calls need not be complete, so what it lacks is proposed all the same.
        """
        view = observation.view
        plan = self._planner.remaining(view)
        call = self._lure(view)
        if call is None:
            course = self._course(view, plan)
            call = self._after_failure(view, plan, course, bool(refusals)) or self._fresh(view, course)
        self._last = plan[0] if call not in choices and plan[0] in choices else call
        return self._last

    def _lure(self, view: Mapping[str, Any]) -> ToolCall | None:
        """The call that the case tempts to make, where this agent falls for it; each is thought of once."""
        lure = self._planner.temptation(view) if isinstance(self._planner, Tempted) else None
        if lure is None or lure in self._resisted:
            return None
        self._resisted.append(lure)
        return lure if self._rng.random() < self._profile.gullible else None

    def _course(self, view: Mapping[str, Any], plan: Sequence[ToolCall]) -> Sequence[ToolCall]:
        """The plan itself; where it begins by asking a person and this agent does not notice, another call first."""
        other = self._planner.instead(view) if isinstance(self._planner, Pressing) else None
        if other is None:
            return plan
        occasion = canonical(plan[0])
        if occasion not in self._unnoticed:
            self._unnoticed[occasion] = self._rng.random() < self._profile.presses_on
        return [other, *plan[1:]] if self._unnoticed[occasion] else plan

    def _after_failure(
        self, view: Mapping[str, Any], plan: Sequence[ToolCall], course: Sequence[ToolCall], refused: bool
    ) -> ToolCall | None:
        """What follows a refusal or an error: the right call, the same again, or None to go on as before."""
        if self._last is None:
            return None
        profile, draw = self._profile, self._rng.random()
        error_class = "" if refused else _last_error(view)
        if error_class == POLICY_DENIED:
            return self._last if draw < profile.retry_denied else None
        if not (refused or error_class) or error_class == "transient":
            return None
        heeds = profile.heeds_hint if refused else profile.heeds_error
        if draw < heeds:
            self._habits[self._last["tool"]] = None
            if course is plan or self._last != course[0]:
                return course[0]
            self._unnoticed[canonical(plan[0])] = False
            return plan[0]
        return self._last if draw < heeds + profile.stubborn else None

    def _fresh(self, view: Mapping[str, Any], plan: Sequence[ToolCall]) -> ToolCall:
        """The next call with what slips and habits make of it."""
        profile, rng = self._profile, self._rng
        draw = rng.random()
        slips = (profile.too_early, profile.wrong_order, profile.repeat, profile.invented, profile.gives_up)
        slip = _place(draw, slips)
        call = plan[0]
        if slip == 0 and len(plan) > 2:
            call = rng.choice(plan[1:-1])
        elif slip == 1 and len(plan) > 2:
            call = plan[1]
        elif slip == 2 and self._last is not None:
            return self._last
        elif slip == 3:
            return near_miss(rng, call) or call
        elif slip == 4:
            return plan[-1]
        return self._habitual(view, self._sent(view, call))

    def _sent(self, view: Mapping[str, Any], call: ToolCall) -> ToolCall:
        """The call, or the same with another place to send the work to."""
        argument = self._planner.routes.get(call["tool"]) if isinstance(self._planner, Sorting) else None
        if argument is None or self._rng.random() >= self._profile.misrouted:
            return call
        listed = view["tools"][call["tool"]]["schema"]["properties"][argument]["enum"]
        others = [place for place in listed if place != call["arguments"][argument]]
        return {"tool": call["tool"], "arguments": {**call["arguments"], argument: self._rng.choice(others)}}

    def _habitual(self, view: Mapping[str, Any], call: ToolCall) -> ToolCall:
        """The call as this agent has got used to making it."""
        tool = call["tool"]
        if tool not in self._habits:
            kind = _place(self._rng.random(), (self._profile.malformed, self._profile.omitted))
            malformed = respelt if self._rng.random() < 0.75 else mistyped
            self._habits[tool] = (malformed, omitted)[kind] if kind is not None else None
        mistake = self._habits[tool]
        if mistake is None or tool not in view["tools"]:
            return call
        return mistake(self._rng, call, view["tools"][tool]["schema"]) or call


@dataclass(frozen=True, kw_only=True)
class SimulatedAgents:
    """Makes a simulated agent for each episode of an environment that can plan."""

    environment: Planning
    profile: Profile

    @property
    def name(self) -> str:
        """As the agents call themselves."""
        return f"simulated-{self.profile.name}"

    def __call__(self, scenario: Scenario, seed: int) -> SimulatedAgent:
        """The agent for one episode; the same scenario and seed always make the same proposals for the same views."""
        rng = random.Random(f"{seed}/{scenario.split}/{scenario.seed}/{self.name}")
        return SimulatedAgent(self.environment.planner(scenario), self.profile, rng)


def simulated(environment: Environment, profile: str = "small") -> SimulatedAgents:
    """The simulated agents of an environment, of the profile with that name.

    Raises:
        UsageError: there is no such profile, or the environment has no planner.
    """
    if profile not in PROFILES:
        raise UsageError(f"There is no simulated agent {profile!r}; use one of {', '.join(PROFILES)}.")
    if not isinstance(environment, Planning):
        raise UsageError(
            f"{environment.name} has no planner, so no simulated agent can work in it; use a model, "
            "or add planner(scenario) to the environment."
        )
    return SimulatedAgents(environment=environment, profile=PROFILES[profile])


def _place(draw: float, rates: Sequence[float]) -> int | None:
    """Which of some exclusive events a uniform draw means; None for none of them."""
    for place, rate in enumerate(rates):
        draw -= rate
        if draw < 0:
            return place
    return None


def _last_error(view: Mapping[str, Any]) -> str:
    """The class of the last call's error; empty where it went well or there was none."""
    calls = view["calls"]
    return "" if not calls or calls[-1]["ok"] else str(calls[-1]["error"]["class"])
