"""The guard: what stands between an agent and its tools in production. It owns the order, and it is synchronous.

    answer = guard.call("approve_expense", {"expense_id": "E-7", "amount": 120})

It drives the same turns (`call_modes`) as the rollouts in which the harness was tested. A refused call comes back with
its reason; the agent's next call is its next attempt.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple, Protocol, cast

from bridle.errors import Blame, Failure, HarnessFault, SandboxFault, UsageError
from bridle.harness import Action, Call, Harness, Loaded, Reply
from bridle.runtime.call_modes import call_turn
from bridle.runtime.conduct import Conduct
from bridle.runtime.effects import Effect, Invoke, Mode, Propose
from bridle.runtime.gate import Gate
from bridle.runtime.reviewer import ActingHarness, FailedReviewer, HarnessReviewer, Reviewer
from bridle.runtime.surface import Surface
from bridle.runtime.turn import CallTurn, Carry, Escalation
from bridle.trace import TraceStep


class Active(NamedTuple):
    """The harness in force: how it is asked, where it runs, and what it may touch."""

    reviewer: Reviewer
    loaded: Loaded
    surface: Surface | None = None


class HarnessSource(Protocol):
    """Where the guard gets its harness. It is asked before every turn: a rollback holds from the next one on."""

    def active(self) -> Active:
        """The harness in force; the same object as long as it is the same harness.

        Raises:
            HarnessFault: it can't be loaded.
            SandboxFault: it can't be confined.
        """


class Pinned:
    """One harness, whatever happens."""

    def __init__(
        self, harness: Harness, loaded: Loaded, *, surface: Surface | None = None, alone: bool = False
    ) -> None:
        """`loaded` is the harness in its sandbox; `alone` lets it act in place of an agent."""
        reviewer = ActingHarness(harness) if alone else HarnessReviewer(harness)
        self._active = Active(reviewer, loaded, surface)

    def active(self) -> Active:
        """The pinned one."""
        return self._active


class Answer(NamedTuple):
    """What the agent's call came to.

    `ok`: it was executed and `result` is what it returned. Else `error_class` and `message` say why not, for the agent.
    `records` are the trace; `over` says that the session takes no more calls.
    """

    ok: bool
    result: Any
    error_class: str
    message: str
    records: tuple[TraceStep, ...]
    escalation: Escalation | None = None
    over: bool = False


class Guard:
    """Guards one session. Calls from several threads are made one after another."""

    def __init__(
        self,
        gate: Gate,
        conduct: Conduct,
        *,
        harness: HarnessSource | None = None,
        on_record: Callable[[TraceStep], None] | None = None,
        on_escalation: Callable[[Escalation], None] | None = None,
    ) -> None:
        """Calls go through `gate`, conducted as `conduct` says.

        With `harness`, its reviewer and surface take the place of the conduct's. `on_record` gets each step of the
        trace and `on_escalation` what a person is asked, in this order, after the turn; what they raise is raised.

        Raises:
            UsageError: gate and conduct have different mappings.
        """
        if gate.mapping.digest != conduct.mapping.digest:
            raise UsageError("The gate and the conduct have different request mappings; give both the same.")
        self._gate, self._conduct, self._harness = gate, conduct, harness
        self._on_record, self._on_escalation = on_record, on_escalation
        self._active: Active | None = None
        self._carry = Carry()
        self._lock = threading.Lock()

    def call(self, tool: str, arguments: Mapping[str, Any]) -> Answer:
        """The agent calls a tool.

        Raises:
            EnvironmentFault: a simulated environment broke. A live session types its tools' errors instead.
        """
        return self.propose({"tool": tool, "arguments": dict(arguments)})

    def propose(self, action: Action) -> Answer:
        """The agent's proposal, however malformed; raises as `call` does."""
        return self._turn((action,))

    def act(self) -> Answer:
        """Let a harness that acts alone make its call.

        Raises:
            UsageError: the harness in force is one that reviews an agent's calls.
            EnvironmentFault: a simulated environment broke.
        """
        return self._turn(())

    def _turn(self, proposals: tuple[Action, ...]) -> Answer:
        with self._lock:
            conduct, loaded = self._in_force()
            turn = self._drive(call_turn(self._gate.observe(), conduct, self._carry), proposals, loaded)
            self._carry = turn.carry
        self._report(turn)
        return _answer(turn)

    def _in_force(self) -> tuple[Conduct, Loaded | None]:
        """The conduct of this turn. A harness that can't be had fails closed, like one that crashes."""
        if self._harness is None:
            return self._conduct, None
        try:
            active = self._harness.active()
        except (HarnessFault, SandboxFault) as fault:
            return replace(self._conduct, reviewer=FailedReviewer(_failure(fault))), None
        if active is not self._active:
            self._active = active
            self._conduct = replace(self._conduct, reviewer=active.reviewer, surface=active.surface)
        return self._conduct, active.loaded

    def _drive(self, mode: Mode, proposals: tuple[Action, ...], loaded: Loaded | None) -> CallTurn:
        """Answer the mode's effects as they come."""
        try:
            effect = next(mode)
            while True:
                effect = mode.send(self._answered(effect, proposals, loaded))
        except StopIteration as stop:
            return cast(CallTurn, stop.value)

    def _answered(self, effect: Effect, proposals: tuple[Action, ...], loaded: Loaded | None) -> Any:
        if isinstance(effect, Propose):
            if not proposals:
                raise UsageError("There is no proposal; only a harness that acts alone goes on without one.")
            return proposals[0]
        if isinstance(effect, Invoke):
            return _invoked(effect.call, loaded)
        return self._gate.answer(effect)

    def _report(self, turn: CallTurn) -> None:
        if self._on_record is not None:
            for record in turn.records:
                self._on_record(record)
        if self._on_escalation is not None and turn.escalation is not None:
            self._on_escalation(turn.escalation)


def _invoked(call: Call, loaded: Loaded | None) -> Reply:
    """One call of the harness; a sandbox that fails is a failure of the review, never a way around it."""
    if loaded is None:
        return Reply(failure=Failure(blame=Blame.INFRASTRUCTURE, kind="sandbox", message="no harness is loaded"))
    try:
        return loaded.batch([call])[0]
    except SandboxFault as fault:
        return Reply(failure=_failure(fault))


def _failure(fault: HarnessFault | SandboxFault) -> Failure:
    if isinstance(fault, HarnessFault):
        return fault.failure
    return Failure(blame=Blame.INFRASTRUCTURE, kind="sandbox", message=str(fault))


def _answer(turn: CallTurn) -> Answer:
    last = turn.records[-1]
    notes = [refusal.reason for refusal in turn.carry.refusals[-1:] if refusal.reason != last.message]
    return Answer(
        ok=last.ok,
        result=last.result,
        error_class=last.error_class,
        message=" ".join([last.message, *notes]).strip(),
        records=turn.records,
        escalation=turn.escalation,
        over=turn.step is not None and turn.step.over,
    )
