"""What a guard keeps from turn to turn, and where it gets its harness; the same whether it awaits or not."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, NamedTuple

from bridle.environment import Observation
from bridle.errors import Blame, Failure, HarnessFault, SandboxFault, UsageError, told
from bridle.harness import Action, Call, Loaded, Reply
from bridle.runtime.call_modes import call_turn
from bridle.runtime.compensation import compensation, offered
from bridle.runtime.conduct import Conduct
from bridle.runtime.effects import Mode, Proposal, Propose
from bridle.runtime.frozen import FrozenCall, own
from bridle.runtime.gate import Gate
from bridle.runtime.recovery import unanswered, unknown_outcome
from bridle.runtime.reviewer import FailedReviewer
from bridle.runtime.source import HarnessSource
from bridle.runtime.stops import spent
from bridle.runtime.tally import SHARES, Tally, was_executed
from bridle.runtime.turn import CallTurn, Carry, Doubt, Escalation
from bridle.trace import TraceStep


class Answer(NamedTuple):
    """What the agent's call came to.

    `ok`: it was executed and `result` is what it returned. Else `error_class` and `message` say why not, for the agent.
    `records` are the trace; `over` says that the session takes no more calls. `undo` is the call that would undo the
    executed one, where its tool declares one and all that it needs is known.
    """

    ok: bool
    result: Any
    error_class: str
    message: str
    records: tuple[TraceStep, ...]
    escalation: Escalation | None = None
    over: bool = False
    undo: dict[str, Any] | None = None


@dataclass(kw_only=True)
class Course:
    """One turn under way. `handed` fills with the calls that its environment is handed; `turn` is what came of it."""

    conduct: Conduct
    loaded: Loaded | None
    observation: Observation
    mode: Mode
    handed: list[FrozenCall]
    undoes: TraceStep | None = None
    turn: CallTurn | None = None


class Keeping:
    """One session's conduct, harness in force, and carry. Not for several threads at once."""

    def __init__(self, gate: Gate, conduct: Conduct, harness: HarnessSource | None) -> None:
        """UsageError where gate and conduct have different mappings."""
        if gate.mapping.digest != conduct.mapping.digest:
            raise UsageError("The gate and the conduct have different request mappings; give both the same.")
        if harness is not None and not callable(getattr(harness, "active", None)):
            raise UsageError("The harness is to come from a source; Pinned(harness, loaded) is the simplest.")
        self._gate, self._carry, self._readings = gate, Carry(), dict[str, float]()
        self._conduct, self._harness = conduct, harness
        self.blocks = harness is not None and getattr(harness, "blocks", True) is not False
        self._active: object = None
        self._unanswered: deque[Doubt] = deque()  # Filled by whichever thread gets no answer.
        self._undone: list[TraceStep] = []

    @property
    def suspended(self) -> str:
        """Why the session waits for a person; empty where it does not."""
        return self._carry.suspended

    def in_force(self) -> tuple[Conduct, Loaded | None]:
        """The conduct of the next turn. A harness that can't be had fails closed, like one that crashes."""
        if self._harness is None:
            return self._conduct, None
        try:
            active = self._harness.active()
            if active is not self._active:
                self._conduct = replace(self._conduct, reviewer=active.reviewer, surface=active.surface)
                self._active = active
            return self._conduct, active.loaded
        except Exception as fault:  # Whatever a source raises or answers, there is no harness to ask.
            return replace(self._conduct, reviewer=FailedReviewer(_failure(fault))), None

    def begun(
        self,
        in_force: tuple[Conduct, Loaded | None],
        *,
        proposal: Proposal | None = None,
        undoes: TraceStep | None = None,
    ) -> Course:
        """The next turn: of what the agent will be asked for, of a `proposal`, or of the call that undoes another.

        Raises:
            UsageError: there is nothing to undo.
            EnvironmentFault: nobody knows the state.
        """
        conduct, loaded = in_force
        if undoes is not None:
            proposal = self._undoing(undoes)
        observation = self._gate.observe()
        known = [doubt.call for doubt in self._carry.doubts]
        pending = [self._unanswered.popleft() for _ in range(len(self._unanswered))]
        carry = self._carry._replace(
            doubts=(*self._carry.doubts, *(doubt for doubt in pending if doubt.call not in known)),
            readings=MappingProxyType(dict(self._readings)),
        )
        mode = call_turn(observation, conduct, carry, proposal=proposal)
        self._carry = carry
        return Course(
            conduct=conduct,
            loaded=loaded,
            observation=observation,
            mode=mode,
            handed=self._gate.begin(),
            undoes=undoes,
        )

    def ended(self, course: Course, turn: CallTurn) -> CallTurn:
        """Keep what a turn came to; a person is asked where a call was to be undone and was not."""
        if course.undoes is not None and turn.records:
            if turn.records[-1].ok:
                self._undone.append(course.undoes)
            elif turn.escalation is None and not self._carry.suspended:
                turn = self._not_undone(course.undoes, turn)
        self._carry, course.turn = turn.carry, turn
        return turn

    def unanswered(self, course: Course | None) -> None:
        """Nobody gets the answer to this turn: what it may have done must not be done again before a look."""
        if course is not None:
            records = course.turn.records if course.turn is not None else ()
            self._unanswered.extend(unanswered(course.conduct, course.observation, course.handed, records))

    def answer(self, turn: CallTurn) -> Answer:
        """The turn, for the agent."""
        last = turn.records[-1]
        return Answer(
            ok=last.ok,
            result=own(last.result),
            error_class=last.error_class,
            message=_message(turn),
            records=turn.records,
            escalation=turn.escalation,
            over=turn.step is not None and turn.step.over,
            undo=offered(self._conduct.by_name, last.call, last.result) if last.ok else None,
        )

    def note(self, metric: str, value: float) -> None:
        """Keep a reading of the host's; UsageError where it is the guard's own to keep."""
        if metric in SHARES:
            raise UsageError(f"The guard keeps {metric} itself; note the host's reading under another name.")
        try:
            self._readings[metric] = float(value)
        except Exception:  # What is no number lies outside of any range.
            self._readings[metric] = math.nan

    def resume(self) -> None:
        """Counts and readings anew; doubts stay."""
        self._readings.clear()
        self._carry = Carry(doubts=self._carry.doubts, tally=Tally())

    def _undoing(self, record: TraceStep) -> Proposal:
        """The call that undoes an executed one; UsageError where there is none to make."""
        if not was_executed(record):
            raise UsageError("That call was not executed; there is nothing to undo.")
        if record.error_class and not unknown_outcome(record):
            raise UsageError("That call took no effect; there is nothing to undo.")
        if any(undone is record for undone in self._undone):
            raise UsageError("That call was undone already; there is nothing left to undo.")
        undo = compensation(self._conduct.by_name, record.call, record.result)
        if isinstance(undo, dict):
            return Proposal(undo, origin="compensation")
        if undo is None:
            raise UsageError("The tool of that call declares no compensation; a person has to undo it.")
        raise UsageError(f"To undo that call, {', '.join(undo)} would have to be known; a person has to undo it.")

    def _not_undone(self, record: TraceStep, turn: CallTurn) -> CallTurn:
        """A person is asked, since a call that was to be undone is not."""
        last = turn.records[-1]
        tally = turn.carry.tally._replace(escalated=turn.carry.tally.escalated + 1)
        waiting = turn.carry.suspended or spent(self._conduct, tally)
        escalation = Escalation(
            "guard",
            self._conduct.addressee,
            f"it was to be undone, and was not ({last.error_class}: {_message(turn)})",
            record.call,
            otherwise="What the call did stays as it is.",
            condition="compensation",
            rule=last.rule,
            undo=offered(self._conduct.by_name, record.call, record.result),
            harness=record.harness,
            call_digest=record.call_digest,
        )
        return turn._replace(carry=turn.carry._replace(tally=tally, suspended=waiting), escalation=escalation)


def shown(asked: Propose) -> Propose:
    """What an agent is shown, its own: it may shorten or spoil it, and the harness is shown what there is."""
    return asked._replace(observation=asked.observation._replace(view=own(asked.observation.view)))


def stated(said: Action | Proposal) -> Action | Proposal:
    """What an agent said; where a call comes from is not the agent's to say."""
    return said._replace(origin="agent") if isinstance(said, Proposal) else said


def stated_call(tool: str, arguments: Any, confidence: float | None) -> Proposal:
    """A call with its arguments as JSON has them; what is no object stays what it is, for the guard to refuse."""
    try:
        named = dict(arguments) if isinstance(arguments, Mapping) else arguments
    except Exception:  # A mapping that can't be read.
        named = arguments
    return Proposal({"tool": tool, "arguments": named}, confidence)


def invoked(call: Call, loaded: Loaded | None) -> Reply:
    """One call of the harness; a sandbox that fails is a failure of the review, never a way around it."""
    if loaded is None:
        return Reply(failure=Failure(blame=Blame.INFRASTRUCTURE, kind="sandbox", message="no harness is loaded"))
    try:
        (reply,) = loaded.batch([call])
        return reply
    except Exception as fault:  # It may be closed, or not understand what it is shown.
        return Reply(failure=_failure(fault, kind="sandbox"))


def raised(broken: BaseException | None, failed: Sequence[BaseException]) -> None:
    """Raise what broke a turn, or else what a listener raised first; what others raised is noted on it."""
    errors: list[BaseException] = [*([] if broken is None else [broken]), *failed]
    for other in errors[1:]:
        errors[0].add_note(f"Besides, a listener raised {type(other).__name__}: {told(other)}")
    if errors:
        raise errors[0]


def _message(turn: CallTurn) -> str:
    """What the agent is told of a turn."""
    last = turn.records[-1]
    notes = [refusal.reason for refusal in turn.carry.refusals[-1:] if refusal.reason != last.message]
    return " ".join([last.message, *notes]).strip()


def _failure(fault: Exception, *, kind: str = "source") -> Failure:
    if isinstance(fault, HarnessFault):
        return fault.failure
    if isinstance(fault, SandboxFault):
        return Failure(blame=Blame.INFRASTRUCTURE, kind="sandbox", message=str(fault))
    return Failure(blame=Blame.INFRASTRUCTURE, kind=kind, message=f"{type(fault).__name__}: {told(fault)}")
