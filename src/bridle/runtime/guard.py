"""The guard: what stands between an agent and its tools in production. It owns the order, and it is synchronous.

    answer = guard.call("approve_expense", {"expense_id": "E-7", "amount": 120})

It drives the same turns (`call_modes`) as the rollouts in which the harness was tested. A refused call comes back with
its reason; the agent's next call is its next attempt.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any, cast

from bridle.errors import UsageError
from bridle.harness import Action, Loaded
from bridle.runtime.call_modes import call_turn
from bridle.runtime.conduct import Conduct
from bridle.runtime.declared import asynchronous
from bridle.runtime.effects import Abandoned, Effect, Invoke, Mode, Proposal, Propose
from bridle.runtime.gate import Gate
from bridle.runtime.keeping import WITHIN, Answer, Keeping, invoked, stated, stated_arguments
from bridle.runtime.source import Active, HarnessSource, Pinned
from bridle.runtime.turn import CallTurn, Escalation
from bridle.trace import TraceStep

__all__ = ["Active", "Answer", "Guard", "HarnessSource", "Pinned", "nobody"]


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
            UsageError: gate and conduct have different mappings, or who is told would have to be awaited.
        """
        if any(listener is not None and asynchronous(listener) for listener in (on_record, on_escalation)):
            raise UsageError("Nobody would wait for an asynchronous listener here; use an AsyncGuard.")
        self._gate, self._keeping = gate, Keeping(gate, conduct, harness)
        self._on_record, self._on_escalation = on_record, on_escalation
        self._lock, self._holder = threading.Lock(), 0

    def call(self, tool: str, arguments: Mapping[str, Any], *, confidence: float | None = None) -> Answer:
        """The agent calls a tool; `confidence` is its own, where it states one.

        Raises:
            EnvironmentFault: a simulated environment broke, or a live session's declared sources can't be read. The
                errors of its tools are typed instead.
        """
        return self.propose({"tool": tool, "arguments": stated_arguments(arguments)}, confidence=confidence)

    def propose(self, action: Action, *, confidence: float | None = None) -> Answer:
        """The agent's proposal, however malformed; raises as `call` does."""
        return self.turn(lambda asked: Proposal(action, confidence))

    def act(self) -> Answer:
        """Let a harness that acts alone make its call.

        Raises:
            UsageError: the harness in force is one that reviews an agent's calls.
            EnvironmentFault: a simulated environment broke.
        """
        return self.turn(nobody)

    def turn(self, agent: Callable[[Propose], Action | Proposal]) -> Answer:
        """One turn of an agent that is asked: it is shown the view, its refusals and, by a filter, its choices.

        Raises:
            EnvironmentFault: a simulated environment broke.
            UsageError: a tool or an agent called the guard of the session in which it is being called itself.
        """
        return self._turn(lambda asked: stated(agent(asked)))

    def _turn(self, agent: Callable[[Propose], Action | Proposal]) -> Answer:
        if self._holder == threading.get_ident():
            raise UsageError(WITHIN)
        with self._lock:
            self._holder = threading.get_ident()
            try:
                conduct, loaded = self._keeping.in_force()
                mode = call_turn(self._gate.observe(), conduct, self._keeping.carry)
                turn, broken = self._driven(mode, agent, loaded)
                self._keeping.carry = turn.carry
            finally:
                self._holder = 0
        self._report(turn)
        if broken is not None:
            raise broken
        return self._keeping.answer(turn)

    def undo(self, record: TraceStep) -> Answer:
        """Make the call that undoes an executed one, by its tool's compensation: reviewed and authorised as any other.

        Where it is not executed a person is asked.

        Raises:
            UsageError: that step was not executed, its tool declares no compensation, or what it needs is not known.
            EnvironmentFault: a simulated environment broke.
        """
        answer = self._turn(lambda asked: self._keeping.undoing(record))
        if not answer.ok and answer.escalation is None:
            escalation = self._keeping.not_undone(record, answer)
            if self._on_escalation is not None:
                self._on_escalation(escalation)
            answer = answer._replace(escalation=escalation)
        return answer

    def note(self, metric: str, value: float) -> None:
        """A reading of a metric that the host keeps, to be held to its expected range from the next call on."""
        self._keeping.note(metric, value)

    @property
    def suspended(self) -> str:
        """Why the session waits for a person; empty where it does not."""
        return self._keeping.carry.suspended

    def resume(self) -> None:
        """A person has seen to the session: its counts and readings start anew. Doubts and denials stay as they are."""
        with self._lock:
            self._keeping.resume()

    def _driven(
        self, mode: Mode, agent: Callable[[Propose], Action | Proposal], loaded: Loaded | None
    ) -> tuple[CallTurn, BaseException | None]:
        """Answer the mode's effects as they come. What breaks the turn is raised once its end has been kept."""
        broken: BaseException | None = None
        answer: Any = None
        try:
            while True:
                effect: Effect = mode.send(answer)
                try:
                    answer = self._answered(effect, agent, loaded)
                except BaseException as error:
                    broken = error
                    mode.throw(Abandoned())
                    raise RuntimeError("An abandoned turn goes on.") from error
        except StopIteration as stop:
            return cast(CallTurn, stop.value), broken

    def _answered(self, effect: Effect, agent: Callable[[Propose], Action | Proposal], loaded: Loaded | None) -> Any:
        if isinstance(effect, Propose):
            return agent(effect)
        if isinstance(effect, Invoke):
            return invoked(effect.call, loaded)
        return self._gate.answer(effect)

    def _report(self, turn: CallTurn) -> None:
        if self._on_record is not None:
            for record in turn.records:
                self._on_record(record)
        if self._on_escalation is not None and turn.escalation is not None:
            self._on_escalation(turn.escalation)


def nobody(asked: Propose) -> Action:
    """Where there is no agent to ask."""
    raise UsageError("There is no proposal; only a harness that acts alone goes on without one.")
