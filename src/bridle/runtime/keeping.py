"""What a guard keeps from turn to turn, and where it gets its harness; the same whether it awaits or not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, NamedTuple

from bridle.errors import Blame, Failure, HarnessFault, SandboxFault, UsageError, told
from bridle.harness import Action, Call, Loaded, Reply
from bridle.runtime.compensation import compensation, offered
from bridle.runtime.conduct import Conduct
from bridle.runtime.effects import Proposal
from bridle.runtime.frozen import own
from bridle.runtime.gate import Gate
from bridle.runtime.reviewer import FailedReviewer
from bridle.runtime.source import Active, HarnessSource
from bridle.runtime.stops import spent
from bridle.runtime.tally import Tally, was_executed
from bridle.runtime.turn import CallTurn, Carry, Escalation
from bridle.trace import TraceStep

WITHIN = "A call within a call of the same session would wait for itself; make it afterwards, or in another session."
"""What is said to a tool, or an agent, that calls the guard by which it is being called."""


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


class Keeping:
    """One session's conduct, harness in force, and carry. Not for several threads at once."""

    def __init__(self, gate: Gate, conduct: Conduct, harness: HarnessSource | None) -> None:
        """UsageError where gate and conduct have different mappings."""
        if gate.mapping.digest != conduct.mapping.digest:
            raise UsageError("The gate and the conduct have different request mappings; give both the same.")
        self._carry, self._readings = Carry(), dict[str, float]()
        self._conduct, self._harness = conduct, harness
        self.blocks = harness is not None and getattr(harness, "blocks", True) is not False
        self._active: Active | None = None

    @property
    def carry(self) -> Carry:
        """What the last turn handed on, with the host's readings as they are now."""
        return self._carry._replace(readings=MappingProxyType(dict(self._readings)))

    @carry.setter
    def carry(self, carry: Carry) -> None:
        self._carry = carry

    def in_force(self) -> tuple[Conduct, Loaded | None]:
        """The conduct of the next turn. A harness that can't be had fails closed, like one that crashes."""
        if self._harness is None:
            return self._conduct, None
        try:
            active = self._harness.active()
        except Exception as fault:  # Whatever a source raises, there is no harness to ask.
            return replace(self._conduct, reviewer=FailedReviewer(_failure(fault))), None
        if active is not self._active:
            self._active = active
            self._conduct = replace(self._conduct, reviewer=active.reviewer, surface=active.surface)
        return self._conduct, active.loaded

    def answer(self, turn: CallTurn) -> Answer:
        """The turn, for the agent."""
        last = turn.records[-1]
        notes = [refusal.reason for refusal in turn.carry.refusals[-1:] if refusal.reason != last.message]
        return Answer(
            ok=last.ok,
            result=own(last.result),
            error_class=last.error_class,
            message=" ".join([last.message, *notes]).strip(),
            records=turn.records,
            escalation=turn.escalation,
            over=turn.step is not None and turn.step.over,
            undo=offered(self._conduct.by_name, last.call, last.result) if last.ok else None,
        )

    def undoing(self, record: TraceStep) -> Proposal:
        """The call that undoes an executed one; UsageError where there is none to make."""
        if not was_executed(record):
            raise UsageError("That call was not executed; there is nothing to undo.")
        undo = compensation(self._conduct.by_name, record.call, record.result)
        if isinstance(undo, dict):
            return Proposal(undo, origin="compensation")
        if undo is None:
            raise UsageError("The tool of that call declares no compensation; a person has to undo it.")
        raise UsageError(f"To undo that call, {', '.join(undo)} would have to be known; a person has to undo it.")

    def not_undone(self, record: TraceStep, answer: Answer) -> Escalation:
        """A person is asked, since a call that was to be undone is not."""
        tally = self.carry.tally._replace(escalated=self.carry.tally.escalated + 1)
        waiting = self.carry.suspended or spent(self._conduct, tally)
        self.carry = self.carry._replace(tally=tally, suspended=waiting)
        return Escalation(
            "guard",
            self._conduct.addressee,
            f"it was to be undone, and was not ({answer.error_class}: {answer.message})",
            record.call,
            otherwise="What the call did stays as it is.",
            condition="compensation",
            rule=answer.records[-1].rule,
            undo=offered(self._conduct.by_name, record.call, record.result),
            harness=record.harness,
            call_digest=record.call_digest,
        )

    def note(self, metric: str, value: float) -> None:
        """Keep a reading of the host's."""
        self._readings[metric] = value

    def resume(self) -> None:
        """Counts and readings anew; doubts stay."""
        self._readings.clear()
        self.carry = Carry(doubts=self.carry.doubts, tally=Tally())


def stated(said: Action | Proposal) -> Action | Proposal:
    """What an agent said; where a call comes from is not the agent's to say."""
    return said._replace(origin="agent") if isinstance(said, Proposal) else said


def stated_arguments(arguments: Any) -> Any:
    """A call's arguments as JSON has them; what is no object stays what it is, for the guard to refuse."""
    return dict(arguments) if isinstance(arguments, Mapping) else arguments


def invoked(call: Call, loaded: Loaded | None) -> Reply:
    """One call of the harness; a sandbox that fails is a failure of the review, never a way around it."""
    if loaded is None:
        return Reply(failure=Failure(blame=Blame.INFRASTRUCTURE, kind="sandbox", message="no harness is loaded"))
    try:
        return loaded.batch([call])[0]
    except SandboxFault as fault:
        return Reply(failure=_failure(fault))


def _failure(fault: Exception) -> Failure:
    if isinstance(fault, HarnessFault):
        return fault.failure
    if isinstance(fault, SandboxFault):
        return Failure(blame=Blame.INFRASTRUCTURE, kind="sandbox", message=str(fault))
    return Failure(blame=Blame.INFRASTRUCTURE, kind="source", message=f"{type(fault).__name__}: {told(fault)}")
