"""The gate for whoever must not block: the same authorisation and the same permits, with answers that are awaited."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Protocol, cast, runtime_checkable

from bridle.authorization import Decision
from bridle.environment import Step
from bridle.harness import Action
from bridle.runtime.awaited import awaited
from bridle.runtime.effects import Authorise, Effect, Execute
from bridle.runtime.gate import NOBODY, Evaluate, Gate, Inform


@runtime_checkable
class Performing(Protocol):
    """A session whose tools may have to be awaited."""

    async def perform(self, action: Action) -> Step:
        """As `Episode.step`. Cancelled while the tool runs, it notes a call of unknown outcome."""


class AsyncGate:
    """A gate driven by awaiting. Not for several tasks at once."""

    def __init__(self, gate: Gate, *, seconds: float = 30.0) -> None:
        """`gate` keeps permits and denials. Its engine's `evaluate` and its session's `facts` may be asynchronous.

        What takes either longer than `seconds` is no answer.
        """
        self.gate, self._seconds = gate, seconds

    async def answer(self, effect: Effect) -> Any:
        """Answer an effect that is not for the agent or the harness; raises as `Gate.answer`."""
        if isinstance(effect, Authorise):
            return await self.authorise(effect.action)
        if isinstance(effect, Execute) and isinstance(self.gate.session, Performing):
            return await self.gate.session.perform(self.gate.redeem(effect.action))
        return self.gate.answer(effect)

    async def authorise(self, action: Action) -> Decision:
        """As `Gate.authorise`. Cancelled, it leaves no permit."""
        asking = self.gate.asking(action)
        try:
            ask = next(asking)
            while True:
                try:
                    async with asyncio.timeout(self._seconds) as deadline:
                        answer = await self._answered(ask)
                except Exception as error:
                    late = TimeoutError(f"no answer within {self._seconds:g} seconds") if deadline.expired() else error
                    ask = asking.throw(late)
                else:
                    ask = asking.send(answer)
        except StopIteration as decided:
            return cast(Decision, decided.value)
        finally:
            asking.close()

    async def _answered(self, ask: Inform | Evaluate) -> Any:
        gate = self.gate
        if isinstance(ask, Evaluate):
            return await _answered(gate.engine, gate.engine.evaluate, ask.request)
        if gate.informing is None:
            return NOBODY
        return await _answered(gate.informing, gate.informing.facts, *ask)


async def _answered(holder: object, function: Callable[..., Any], *values: Any) -> Any:
    """Embedded ones (`blocks` is False) are asked in place: a thread would cost more than they do."""
    if getattr(holder, "blocks", True) is False:
        return function(*values)
    return await awaited(function, *values, finish=False)
