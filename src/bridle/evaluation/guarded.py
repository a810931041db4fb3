"""Guarded play: agents work through episodes behind a reviewer, many lanes side by side, and every step is assessed.

The turns are the guard's own (`runtime.call_modes`), and the gate is the guard's gate; only the truth is added: what a
probe says of each proposal and of each final call at that moment, and whether the policy would deny it.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, Protocol, TypeAlias, cast, runtime_checkable

from bridle.agents.agent import Agent
from bridle.authorization import PolicyEngine
from bridle.environment import Environment, Observation, Probing, Scenario, Step, sample
from bridle.environments.enterprise.governance import GovernedEnvironment
from bridle.environments.enterprise.routing import Disclosing
from bridle.environments.enterprise.variants import Varying, apart
from bridle.errors import Blame, EnvironmentFault, Failure, ModelFault, UsageError
from bridle.evaluation.assessed import AssessedEpisode, AssessedStep, Ending, Routed, Spent
from bridle.harness import Action, Loaded, Reply
from bridle.rollout import FAULTS_TOLERATED, FailedStep, Trial, in_lockstep
from bridle.runtime.call_modes import call_turn
from bridle.runtime.conduct import Conduct
from bridle.runtime.effects import Authorise, Effect, Invoke, Mode, Observe, Propose
from bridle.runtime.gate import Gate
from bridle.runtime.policies.function import no_policy
from bridle.runtime.policies.mapping import RequestMapping
from bridle.runtime.reviewer import Reviewer
from bridle.runtime.rewrite import BAD_REWRITE, CHANGED_INTENT
from bridle.runtime.ruling import HARNESS_FAILED
from bridle.runtime.turn import CallTurn, Carry, Escalation
from bridle.trace import Tool, ToolEffect, TraceStep

KEPT = 3
"""Failed steps of one kind that a lane keeps as examples; in the figures all are counted."""

Agents: TypeAlias = Callable[[Scenario, int], Agent]
"""Makes the agent of an episode, from its scenario and a seed."""


@runtime_checkable
class Metered(Protocol):
    """An agent that knows what it spent in its episode."""

    def spent(self) -> Spent:
        """Calls of a model so far, tokens and money."""


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What all lanes share. `engine` decides; `agents` propose, and are not asked where a harness acts alone.

    With `questions`, every proposal gets the digest of what was asked, so that equal questions are recognised.
    """

    environment: Environment
    agents: Agents
    conduct: Conduct
    engine: PolicyEngine
    questions: bool = False
    _editions: dict[str, Conduct] = field(default_factory=dict, repr=False, compare=False)

    def conduct_in(self, scenario: Scenario) -> Conduct:
        """The conduct of a scenario's episode: its own tools and mapping, where the environment has several."""
        if not isinstance(self.environment, Varying):
            return self.conduct
        edition = self.environment.edition(scenario)
        if edition.name not in self._editions:
            mapping = RequestMapping.from_data(edition.mapping)
            self._editions[edition.name] = replace(self.conduct, tools=edition.tools, mapping=mapping)
        return self._editions[edition.name]


class Escalated(NamedTuple):
    """An escalation, and the place (lane, episode, step) where it was asked for."""

    place: tuple[int, int, int]
    escalation: Escalation


def setting(
    environment: Environment, agents: Agents, reviewer: Reviewer, engine: PolicyEngine | None = None
) -> Setting:
    """The setting of an environment: its tools as its view declares them, its own request mapping where it ships one.

    Without an `engine` everything is permitted, so that nothing of a policy can be learned.
    """
    view = sample(environment).observe().view
    tools = tools_of(view)
    conduct = Conduct(reviewer=reviewer, tools=tools, mapping=mapping_of(environment, tools))
    return Setting(environment=environment, agents=agents, conduct=conduct, engine=engine or no_policy())


def mapping_of(environment: Environment, tools: Sequence[Tool]) -> RequestMapping:
    """The request mapping that an environment ships; without one the tool is all that is asked about."""
    if isinstance(environment, GovernedEnvironment):
        return RequestMapping.from_data(environment.governance(environment.policies[0]).mapping)
    return RequestMapping.plain([tool.name for tool in tools])


def tools_of(view: Any) -> tuple[Tool, ...]:
    """The tools that a view declares.

    Raises:
        UsageError: the view declares none.
    """
    shown = view.get("tools") if isinstance(view, dict) else None
    if not isinstance(shown, dict) or not shown:
        raise UsageError("Its view declares no tools; agents can't work through tool calls in this environment.")
    return tuple(
        Tool(
            name=name,
            description=declared["description"],
            schema=declared["schema"],
            effect=ToolEffect(declared["effect"]),
            compensation=declared.get("compensation"),
            idempotency_key=declared.get("idempotency_key"),
        )
        for name, declared in shown.items()
    )


class CallLane:
    """One episode after another, driven from one harness call to the next.

    It ends when its proposals are used up (`planned`; the unfinished episode is dropped), when its scenarios are, or
    when the environment failed too often in a row.
    """

    def __init__(self, setting: Setting, trial: Trial, number: int, *, episodes: int | None = None) -> None:
        """Lane `number` plays scenarios number, number + lanes, …; at most `episodes` of them."""
        self._setting, self._trial, self._number, self._most = setting, trial, number, episodes
        self._scenarios = setting.environment.scenarios(trial.split)
        self._mode: Mode | None = None
        self._played = 0
        self._views: list[Any] = []
        self._proposed: bool | None = None
        self._asked = ""
        self._finals: list[tuple[bool | None, bool]] = []
        self.attempted = 0
        self.ending = ""
        self.episodes: list[AssessedEpisode] = []
        self.failures: list[FailedStep] = []
        self.escalations: list[Escalated] = []
        self.broken: Counter[str] = Counter()

    def begin(self) -> Invoke | None:
        """Start the first episode; the first harness call, or None when the lane is over without any."""
        return self._guarded(self._next_episode)

    def resume(self, reply: Reply) -> Invoke | None:
        """Go on with the harness's reply to the last call; the next call, or None when the lane is over."""
        return self._guarded(lambda: self._driven(reply))

    def _guarded(self, advance: Callable[[], Invoke | None]) -> Invoke | None:
        """The one place where others' faults are caught: they lower no score, and too many end the lane.

        A model's fault that asking again can't help ends everything: no later episode would fare better.
        """
        for _ in range(FAULTS_TOLERATED):
            try:
                return advance()
            except (EnvironmentFault, ModelFault) as fault:
                if isinstance(fault, ModelFault) and fault.permanent:
                    raise
                blame = Blame.MODEL if isinstance(fault, ModelFault) else Blame.ENVIRONMENT
                self._fail("environment", None, failure=Failure(blame=blame, kind=blame.value, message=str(fault)))
                advance = self._next_episode
        self.ending = "environment"
        return None

    def _next_episode(self) -> Invoke | None:
        self._open()
        return self._driven(None)

    def _open(self) -> None:
        """Start the next episode, with a fresh agent, gate and memory."""
        trial, setting = self._trial, self._setting
        self._scenario = self._scenarios[
            (trial.offset + self._number + self._played * trial.lanes) % len(self._scenarios)
        ]
        self._episode = setting.environment.start(self._scenario)
        self._agent = setting.agents(self._scenario, trial.seed)
        self._conduct = setting.conduct_in(self._scenario)
        self._gate = Gate(self._episode, self._conduct.mapping, setting.engine)
        self._carry = Carry()
        self._steps: list[AssessedStep] = []
        self._mode = None
        self._played += 1

    def _driven(self, reply: Reply | None) -> Invoke | None:
        """Answer effects until the next harness call, from turn to turn and episode to episode."""
        answer: Any = reply
        if reply is not None and self._asked == "propose_call" and reply.failure is None:
            self._proposed = self._truth(reply.value)  # a harness that acts alone proposes, too
        while True:
            if self._mode is None:
                if self._spent():
                    return None
                self._mode, answer = self._turn(), None
            try:
                effect: Effect = self._mode.send(answer)
            except StopIteration as stop:
                self._mode = None
                self._finish(cast(CallTurn, stop.value))
                continue
            if isinstance(effect, Invoke):
                self._asked = effect.call.function
                return effect
            answer = self._answered(effect)

    def _spent(self) -> bool:
        """Whether nothing is left to be played."""
        if self.attempted >= self._trial.steps or len(self.episodes) == self._most:
            self.ending = "planned"
        return bool(self.ending)

    def _turn(self) -> Mode:
        observation = self._episode.observe()
        self._views, self._finals, self._proposed = [observation.view], [], None
        seed = hash((self._trial.seed, self._number, self.attempted)) & 0x7FFFFFFF
        return call_turn(observation, self._conduct, self._carry, seed=seed)

    def _answered(self, effect: Effect) -> Any:
        if isinstance(effect, Propose):
            action = self._agent.propose(effect.observation, effect.refusals, effect.choices)
            self._proposed = self._truth(action)
            return action
        if isinstance(effect, Authorise):
            truth = self._truth(effect.action)
            decision = self._gate.authorise(effect.action)
            self._finals.append((truth, not decision.permits))
            return decision
        answer = self._gate.answer(effect)
        if isinstance(effect, Observe):
            self._views.append(cast(Observation, answer).view)
        return answer

    def _truth(self, action: Action) -> bool | None:
        return self._episode.probe(action).legal if isinstance(self._episode, Probing) else None

    def _finish(self, turn: CallTurn) -> None:
        """Assess the turn's steps, keep what went wrong, and close the episode where it is over."""
        self.attempted += 1
        self._carry = turn.carry
        finals = iter(self._finals)
        for place, record in enumerate(turn.records):
            truth, denied = next(finals) if record.decision is not None else (record.legal, False)
            if record.answered_by in ("harness", "guard") and record.decision is None:
                denied = self._would_deny(record)
            proposed = self._proposed if place == 0 else None
            final = None if record.call is None else truth
            asked = self._question(record) if place == 0 and self._setting.questions else ""
            assessed = AssessedStep(record, proposed, final, denied, asked)
            self._steps.append(assessed)
            self._examine(assessed, self._views[min(place, len(self._views) - 1)])
        self.broken.update(failure.kind for failure in turn.failures)
        self._harness_failures(turn)
        if turn.escalation is not None:
            self.escalations.append(Escalated(self._place, turn.escalation))
        if turn.step is not None and turn.step.over:
            self._close(turn.step)

    def _close(self, step: Step) -> None:
        truth = self._episode.truth() if isinstance(self._episode, Disclosing) else None
        routed = [] if truth is None else [Routed(one.chosen, one.correct, one.person) for one in truth.routings]
        need = None if truth is None or not truth.needs_person else truth.need
        routed += [
            Routed(to, need is not None and to == need.to, True)
            for place, escalation in self.escalations
            if place[1] == self._played - 1 and escalation.by == "harness" and (to := escalation.to)
        ]
        template, change = apart(self._scenario.template)
        self.episodes.append(
            AssessedEpisode(
                scenario=(self._scenario.split, self._scenario.index),
                template=template,
                change=change,
                steps=tuple(self._steps),
                success=bool(step.rewards) and step.rewards[0] >= self._setting.environment.reward_range[1],
                needs_person=need is not None,
                person="" if need is None else need.to,
                routed=tuple(routed) if truth is not None else (),
                ending=self._ended(step),
                rewards=step.rewards,
                spent=self._agent.spent() if isinstance(self._agent, Metered) else None,
            )
        )
        if not self._spent():
            self._open()

    def _ended(self, step: Step) -> Ending:
        if step.terminated:
            return "done"
        return "illegal" if self._steps and self._steps[-1].step.legal is False else "limit"

    @property
    def _needs_person(self) -> bool:
        """Whether the case needs a person by now, as far as the environment tells."""
        return isinstance(self._episode, Disclosing) and self._episode.truth().needs_person

    def _question(self, record: TraceStep) -> str:
        """The digest of what the view had grown to, and of the proposal. What else a view shows follows from that."""
        view = self._views[0]
        shown = [view.get(name) for name in ("task", "calls", "sources")] if isinstance(view, dict) else [view]
        try:
            text = json.dumps([shown, record.proposed], sort_keys=True)
            return hashlib.sha256(text.encode()).hexdigest()[:24]
        except (ValueError, TypeError, RecursionError):
            return ""  # a proposal that is no JSON is the same question as nothing else

    def _would_deny(self, record: TraceStep) -> bool:
        """Whether the policy would deny a refused proposal; asked apart, so that the session's gate knows nothing."""
        aside = Gate(self._episode, self._conduct.mapping, self._setting.engine)
        return not aside.authorise(record.proposed).permits

    def _examine(self, assessed: AssessedStep, view: Any) -> None:
        """Keep a step that speaks against the harness."""
        record = assessed.step
        if record.answered_by == "environment" and assessed.final_legal is False:
            self._fail("invalid-executed", view, action=record.call, record=record)
        elif assessed.wanted and record.verdict == "escalate":
            if not self._needs_person:
                self._fail("needless-escalation", view, action=record.proposed, record=record)
        elif assessed.wanted and record.answered_by == "harness":
            self._fail("wrongly-refused", view, action=record.proposed, record=record)

    def _harness_failures(self, turn: CallTurn) -> None:
        """Crashes, nonsense and bad rewrites; what the records of reviews don't account for happened in `on_error`."""
        stopped = [
            (place, record)
            for place, record in enumerate(turn.records)
            if record.answered_by == "guard" and record.error_class in (HARNESS_FAILED, BAD_REWRITE, CHANGED_INTENT)
        ]
        for number, failure in enumerate(turn.failures):
            if number < len(stopped):
                place, record = stopped[number]
                kind = "bad-rewrite" if failure.kind in (BAD_REWRITE, CHANGED_INTENT) else "crash-review"
            else:
                place, record, kind = len(turn.records) - 1, turn.records[-1], "crash-on-error"
            view = self._views[min(place, len(self._views) - 1)]
            self._fail(kind, view, action=record.call or record.proposed, record=record, failure=failure)

    @property
    def _place(self) -> tuple[int, int, int]:
        return (self._number, self._played - 1, len(self._steps))

    def _fail(
        self,
        kind: str,
        view: Any,
        *,
        action: Any = None,
        record: TraceStep | None = None,
        failure: Failure | None = None,
    ) -> None:
        if sum(step.kind == kind for step in self.failures) >= KEPT:
            return
        self.failures.append(
            FailedStep(
                kind=kind,
                place=self._place,
                player=0,
                observation=view,
                action=action,
                feedback=record.message if record is not None else "",
                error_class=record.error_class if record is not None else "",
                rule=record.rule if record is not None else "",
                failure=failure,
            )
        )


def play(
    setting: Setting, trial: Trial, loaded: Loaded | None = None, *, episodes: int | None = None
) -> list[CallLane]:
    """Play a trial to its end; the lanes with what was played. A reviewer without a harness needs nothing `loaded`.

    With `episodes`, that many are played in each lane, however many proposals they take within the trial's.
    """
    lanes = [CallLane(setting, trial, number, episodes=episodes) for number in range(trial.lanes)]
    if loaded is not None:
        in_lockstep(lanes, loaded)
        return lanes
    for lane in lanes:
        if lane.begin() is not None:
            raise UsageError("This reviewer asks a harness; load it and hand it over.")
    return lanes


def played(lanes: Sequence[CallLane]) -> list[AssessedEpisode]:
    """The finished episodes of some lanes."""
    return [episode for lane in lanes for episode in lane.episodes]
