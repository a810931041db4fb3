"""The guard for agents that await: the same turns, the same gate, and answers that are waited for without blocking.

    answer = await guard.call("approve_expense", {"expense_id": "E-7", "amount": 120})

Whoever cancels a call ends its turn: nothing more is executed for it, and what it may have done by then is of unknown
outcome, since nobody got the answer.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, TypeAlias, cast

from bridle.harness import Action
from bridle.runtime.async_gate import AsyncGate
from bridle.runtime.awaited import answered, awaited
from bridle.runtime.conduct import Conduct
from bridle.runtime.effects import Abandoned, Effect, Invoke, Proposal, Propose
from bridle.runtime.gate import Gate
from bridle.runtime.guard import Answer, nobody
from bridle.runtime.keeping import Course, Keeping, invoked, raised, shown, stated, stated_call
from bridle.runtime.source import HarnessSource
from bridle.runtime.turn import CallTurn, Escalation
from bridle.runtime.turns import AsyncTurns
from bridle.trace import TraceStep

Agent: TypeAlias = Callable[[Propose], "Action | Proposal | Awaitable[Action | Proposal]"]
"""An agent that is asked; its answer is awaited where it can be."""

Told: TypeAlias = "Callable[[Any], Awaitable[None] | None]"


class AsyncGuard:
    """Guards one session. Calls of several tasks are made one after another, in the order in which they came."""

    def __init__(
        self,
        gate: Gate,
        conduct: Conduct,
        *,
        harness: HarnessSource | None = None,
        on_record: Told | None = None,
        on_escalation: Told | None = None,
    ) -> None:
        """As `Guard`; the engine, the facts, the tools of an `AsyncToolSession` and what is told may be asynchronous.

        What is not is run in a thread, but for listeners and for what says that it does not block (`blocks` is False),
        as Cedar does. Cancelled meanwhile, `on_record` gets all the same; `on_escalation`, which may wait for a person,
        is cancelled.
        """
        self._gate, self._keeping, self._turns = AsyncGate(gate), Keeping(gate, conduct, harness), AsyncTurns()
        self._on_record, self._on_escalation = on_record, on_escalation

    async def call(self, tool: str, arguments: Mapping[str, Any], *, confidence: float | None = None) -> Answer:
        """As `Guard.call`; UsageError also where the guard is at work in another event loop."""
        return await self._turn(nobody, proposal=stated_call(tool, arguments, confidence))

    async def propose(self, action: Action, *, confidence: float | None = None) -> Answer:
        """As `Guard.propose`."""
        return await self._turn(nobody, proposal=Proposal(action, confidence))

    async def act(self) -> Answer:
        """As `Guard.act`."""
        return await self._turn(nobody)

    async def turn(self, agent: Agent) -> Answer:
        """As `Guard.turn`; the agent may be asynchronous."""
        return await self._turn(agent)

    async def undo(self, record: TraceStep) -> Answer:
        """As `Guard.undo`."""
        return await self._turn(nobody, undoes=record)

    def note(self, metric: str, value: float) -> None:
        """As `Guard.note`."""
        self._keeping.note(metric, value)

    @property
    def suspended(self) -> str:
        """As `Guard.suspended`."""
        return self._keeping.suspended

    async def resume(self) -> None:
        """As `Guard.resume`."""
        async with self._turns:
            self._keeping.resume()

    async def _turn(self, agent: Agent, *, proposal: Proposal | None = None, undoes: TraceStep | None = None) -> Answer:
        keeping = self._keeping
        course: Course | None = None
        try:
            async with self._turns:
                in_force = await awaited(keeping.in_force) if keeping.blocks else keeping.in_force()
                course = keeping.begun(in_force, proposal=proposal, undoes=undoes)
                turn, broken = await self._driven(course, agent)
                turn = keeping.ended(course, turn)
                failed = await _recorded(self._on_record, turn.records)
            failed += await _told(self._on_escalation, () if turn.escalation is None else (turn.escalation,))
            raised(broken, failed)
            return keeping.answer(turn)
        except BaseException:
            keeping.unanswered(course)
            raise

    async def _driven(self, course: Course, agent: Agent) -> tuple[CallTurn, BaseException | None]:
        """Answer the mode's effects as they come. What breaks the turn is raised once its end has been kept."""
        broken: BaseException | None = None
        answer: Any = None
        try:
            while True:
                effect: Effect = course.mode.send(answer)
                try:
                    answer = await self._answered(effect, agent, course)
                except BaseException as error:
                    broken = error
                    course.mode.throw(Abandoned())
                    raise RuntimeError("An abandoned turn goes on.") from error
        except StopIteration as stop:
            return cast(CallTurn, stop.value), broken

    async def _answered(self, effect: Effect, agent: Agent, course: Course) -> Any:
        if isinstance(effect, Propose):
            said = agent(shown(effect))
            return stated(await said if inspect.isawaitable(said) else said)
        if isinstance(effect, Invoke):
            return await awaited(invoked, effect.call, course.loaded)
        return await self._gate.answer(effect)


async def _told(listener: Told | None, whats: Iterable[TraceStep | Escalation]) -> list[BaseException]:
    """Tell a listener all of it; what it raised, or who called it off."""
    failed: list[BaseException] = []
    for what in whats if listener is not None else ():
        try:
            waiting = listener(what)  # type: ignore[misc]
            if inspect.isawaitable(waiting):
                await answered(waiting)
        except (Exception, asyncio.CancelledError) as error:
            failed.append(error)
    return failed


async def _recorded(listener: Told | None, records: Iterable[TraceStep]) -> list[BaseException]:
    """As `_told`, and to the end also when this is cancelled: a trace has all that was done."""
    if listener is None:
        return []
    telling = asyncio.ensure_future(_told(listener, records))
    try:
        return await asyncio.shield(telling)
    except asyncio.CancelledError as cancelled:
        await asyncio.wait([telling])
        return [cancelled, *telling.result()]
