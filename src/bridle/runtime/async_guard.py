"""The guard for agents that await: the same turns, the same gate, and answers that are waited for without blocking.

    answer = await guard.call("approve_expense", {"expense_id": "E-7", "amount": 120})

Whoever cancels a call ends its turn: nothing more is executed for it, and a call whose tool was running by then is one
of unknown outcome.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeAlias, cast

from bridle.errors import UsageError
from bridle.harness import Action, Loaded
from bridle.runtime.async_gate import AsyncGate
from bridle.runtime.awaited import awaited
from bridle.runtime.call_modes import call_turn
from bridle.runtime.conduct import Conduct
from bridle.runtime.effects import Abandoned, Effect, Invoke, Mode, Proposal, Propose
from bridle.runtime.gate import Gate
from bridle.runtime.guard import Answer, nobody
from bridle.runtime.keeping import WITHIN, Keeping, invoked, stated, stated_arguments
from bridle.runtime.source import HarnessSource
from bridle.runtime.turn import CallTurn, Escalation
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

        What is not is run in a thread, but for what says that it does not block (`blocks` is False), as Cedar does.
        """
        self._gate, self._keeping = AsyncGate(gate), Keeping(gate, conduct, harness)
        self._on_record, self._on_escalation = on_record, on_escalation
        self._lock = asyncio.Lock()
        self._holder: asyncio.Task[Any] | None = None

    async def call(self, tool: str, arguments: Mapping[str, Any], *, confidence: float | None = None) -> Answer:
        """As `Guard.call`."""
        return await self.propose({"tool": tool, "arguments": stated_arguments(arguments)}, confidence=confidence)

    async def propose(self, action: Action, *, confidence: float | None = None) -> Answer:
        """As `Guard.propose`."""
        return await self.turn(lambda asked: Proposal(action, confidence))

    async def act(self) -> Answer:
        """As `Guard.act`."""
        return await self.turn(nobody)

    async def turn(self, agent: Agent) -> Answer:
        """As `Guard.turn`; the agent may be asynchronous."""

        async def asked(effect: Propose) -> Action | Proposal:
            said = agent(effect)
            return stated(await said if inspect.isawaitable(said) else said)

        return await self._turn(asked)

    async def _turn(self, agent: Agent) -> Answer:
        if self._holder is asyncio.current_task():
            raise UsageError(WITHIN)
        async with self._lock:
            self._holder = asyncio.current_task()
            try:
                keeping = self._keeping
                conduct, loaded = await awaited(keeping.in_force) if keeping.blocks else keeping.in_force()
                mode = call_turn(self._gate.gate.observe(), conduct, keeping.carry)
                turn, broken = await self._driven(mode, agent, loaded)
                keeping.carry = turn.carry
            finally:
                self._holder = None
        await self._report(turn)
        if broken is not None:
            raise broken
        return self._keeping.answer(turn)

    async def undo(self, record: TraceStep) -> Answer:
        """As `Guard.undo`."""
        answer = await self._turn(lambda asked: self._keeping.undoing(record))
        if not answer.ok and answer.escalation is None:
            answer = answer._replace(escalation=self._keeping.not_undone(record, answer))
            await _told(self._on_escalation, answer.escalation)
        return answer

    def note(self, metric: str, value: float) -> None:
        """As `Guard.note`."""
        self._keeping.note(metric, value)

    @property
    def suspended(self) -> str:
        """As `Guard.suspended`."""
        return self._keeping.carry.suspended

    async def resume(self) -> None:
        """As `Guard.resume`."""
        async with self._lock:
            self._keeping.resume()

    async def _driven(self, mode: Mode, agent: Agent, loaded: Loaded | None) -> tuple[CallTurn, BaseException | None]:
        """Answer the mode's effects as they come. What breaks the turn is raised once its end has been kept."""
        broken: BaseException | None = None
        answer: Any = None
        try:
            while True:
                effect: Effect = mode.send(answer)
                try:
                    answer = await self._answered(effect, agent, loaded)
                except BaseException as error:
                    broken = error
                    mode.throw(Abandoned())
                    raise RuntimeError("An abandoned turn goes on.") from error
        except StopIteration as stop:
            return cast(CallTurn, stop.value), broken

    async def _answered(self, effect: Effect, agent: Agent, loaded: Loaded | None) -> Any:
        if isinstance(effect, Propose):
            said = agent(effect)
            return await said if inspect.isawaitable(said) else said
        if isinstance(effect, Invoke):
            return await awaited(invoked, effect.call, loaded)
        return await self._gate.answer(effect)

    async def _report(self, turn: CallTurn) -> None:
        for record in turn.records:
            await _told(self._on_record, record)
        if turn.escalation is not None:
            await _told(self._on_escalation, turn.escalation)


async def _told(listener: Told | None, what: TraceStep | Escalation | None) -> None:
    waiting = listener(what) if listener is not None else None
    if waiting is not None and inspect.isawaitable(waiting):
        await waiting
