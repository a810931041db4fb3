"""The guard: what stands between an agent and its tools in production. It owns the order, and it is synchronous.

    answer = guard.call("approve_expense", {"expense_id": "E-7", "amount": 120})

It drives the same turns (`call_modes`) as the rollouts in which the harness was tested. A refused call comes back with
its reason; the agent's next call is its next attempt.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast

from bridle.errors import UsageError
from bridle.harness import Action
from bridle.runtime.conduct import Conduct
from bridle.runtime.declared import asynchronous
from bridle.runtime.effects import Abandoned, Effect, Invoke, Proposal, Propose
from bridle.runtime.gate import Gate
from bridle.runtime.keeping import Answer, Course, Keeping, invoked, raised, shown, stated, stated_call
from bridle.runtime.source import Active, HarnessSource, Pinned
from bridle.runtime.turn import CallTurn, Escalation
from bridle.runtime.turns import Turns
from bridle.trace import TraceStep

__all__ = ["Active", "Answer", "Guard", "HarnessSource", "Pinned", "nobody"]

AWAITED = "{} has to be awaited, and nobody would wait here; use an AsyncGuard."


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
        trace, in the order in which the session made them and before its next turn begins; then, and after the turn,
        `on_escalation` gets what a person is asked. Both are told all, and then what they raised is raised.

        Raises:
            UsageError: gate and conduct have different mappings, or what is asked or told would have to be awaited.
        """
        asked = {"The engine": gate.engine.evaluate, "The session": getattr(gate.informing, "facts", None)}
        for what, function in {**asked, "A listener": on_record, "The listener": on_escalation}.items():
            if function is not None and asynchronous(function):
                raise UsageError(AWAITED.format(what))
        self._gate, self._keeping, self._turns = gate, Keeping(gate, conduct, harness), Turns()
        self._on_record, self._on_escalation = on_record, on_escalation

    def call(self, tool: str, arguments: Mapping[str, Any], *, confidence: float | None = None) -> Answer:
        """The agent calls a tool; `confidence` is its own, from 0 to 1, where it states one.

        Raises:
            EnvironmentFault: a simulated environment broke, or a live session's declared sources can't be read. The
                errors of its tools are typed instead.
            UsageError: a tool or an agent called the guard of the session in which it is being called itself.
        """
        return self._turn(nobody, proposal=stated_call(tool, arguments, confidence))

    def propose(self, action: Action, *, confidence: float | None = None) -> Answer:
        """The agent's proposal, however malformed; raises as `call` does."""
        return self._turn(nobody, proposal=Proposal(action, confidence))

    def act(self) -> Answer:
        """Let a harness that acts alone make its call.

        Raises:
            UsageError: the harness in force is one that reviews an agent's calls.
            EnvironmentFault: a simulated environment broke.
        """
        return self._turn(nobody)

    def turn(self, agent: Callable[[Propose], Action | Proposal]) -> Answer:
        """One turn of an agent that is asked: it is shown the view, its refusals and, by a filter, its choices.

        Where the harness in force acts alone, that is asked, and not the agent. Raises as `call` does.
        """
        return self._turn(lambda asked: stated(agent(asked)))

    def undo(self, record: TraceStep) -> Answer:
        """Make the call that undoes an executed one, by its tool's compensation: reviewed and authorised as any other.

        Where it is not executed a person is asked.

        Raises:
            UsageError: that step was not executed or was undone already, its tool declares no compensation, or what it
                needs is not known.
            EnvironmentFault: a simulated environment broke.
        """
        return self._turn(nobody, undoes=record)

    def note(self, metric: str, value: float) -> None:
        """A reading of a metric that the host keeps, to be held to its expected range from the next call on.

        Raises:
            UsageError: it is one of those that the guard keeps itself.
        """
        self._keeping.note(metric, value)

    @property
    def suspended(self) -> str:
        """Why the session waits for a person; empty where it does not."""
        return self._keeping.suspended

    def resume(self) -> None:
        """A person has seen to the session: its counts and readings start anew. Doubts and denials stay as they are.

        Raises:
            UsageError: a tool or an agent of the turn in progress asks for it.
        """
        with self._turns.order(), self._turns:
            self._keeping.resume()

    def _turn(
        self,
        agent: Callable[[Propose], Action | Proposal],
        *,
        proposal: Proposal | None = None,
        undoes: TraceStep | None = None,
    ) -> Answer:
        keeping = self._keeping
        course: Course | None = None
        try:
            with self._turns.order(), self._turns:
                course = keeping.begun(keeping.in_force(), proposal=proposal, undoes=undoes)
                turn, broken = self._driven(course, agent)
                turn = keeping.ended(course, turn)
                failed = _told(self._on_record, turn.records)
            failed += _told(self._on_escalation, () if turn.escalation is None else (turn.escalation,))
            raised(broken, failed)
            return keeping.answer(turn)
        except BaseException:
            keeping.unanswered(course)
            raise

    def _driven(
        self, course: Course, agent: Callable[[Propose], Action | Proposal]
    ) -> tuple[CallTurn, BaseException | None]:
        """Answer the mode's effects as they come. What breaks the turn is raised once its end has been kept."""
        broken: BaseException | None = None
        answer: Any = None
        try:
            while True:
                effect: Effect = course.mode.send(answer)
                try:
                    answer = self._answered(effect, agent, course)
                except BaseException as error:
                    broken = error
                    course.mode.throw(Abandoned())
                    raise RuntimeError("An abandoned turn goes on.") from error
        except StopIteration as stop:
            return cast(CallTurn, stop.value), broken

    def _answered(self, effect: Effect, agent: Callable[[Propose], Action | Proposal], course: Course) -> Any:
        if isinstance(effect, Propose):
            return agent(shown(effect))
        if isinstance(effect, Invoke):
            return invoked(effect.call, course.loaded)
        return self._gate.answer(effect)


def _told(listener: Callable[[Any], Any] | None, whats: Iterable[TraceStep | Escalation]) -> list[Exception]:
    """Tell a listener all of it; what it raised."""
    failed: list[Exception] = []
    for what in whats if listener is not None else ():
        try:
            waiting = listener(what)  # type: ignore[misc]
            if inspect.iscoroutine(waiting):
                waiting.close()
            if inspect.isawaitable(waiting):
                raise UsageError(AWAITED.format("What a listener answered"))
        except Exception as error:
            failed.append(error)
    return failed


def nobody(asked: Propose) -> Action:
    """Where there is no agent to ask."""
    raise UsageError("There is no proposal; only a harness that acts alone goes on without one.")
