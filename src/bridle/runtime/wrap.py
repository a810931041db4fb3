"""The guard around any Python callable, in a few lines.

    pay = wrap(pay, effect="irreversible", engine=engine, mapping=mapping, informing=records, harness=harness)
    pay(invoice="INV-1", amount=99.5)                # the result, or `Refused` with the reason

Several tools of one agent share a session, since a harness looks at what happened so far: put them into a `Toolbox`.
An asynchronous callable stays one.
"""

from __future__ import annotations

import abc
import contextlib
import functools
import inspect
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ParamSpec

from bridle.authorization import Facts, Informing, PolicyEngine
from bridle.errors import BridleError, UsageError
from bridle.runtime.async_guard import AsyncGuard
from bridle.runtime.conduct import Conduct
from bridle.runtime.declared import asynchronous, declared
from bridle.runtime.gate import NOBODY, Gate, is_mapping
from bridle.runtime.guard import Answer, Guard
from bridle.runtime.policies.mapping import RequestMapping
from bridle.runtime.reviewer import Unreviewed
from bridle.runtime.session import AsyncToolSession, Function, ToolFailure, ToolSession
from bridle.runtime.source import HarnessSource
from bridle.runtime.tally import was_executed
from bridle.runtime.turn import Escalation
from bridle.trace import Source, Tool, ToolEffect, TraceStep

P = ParamSpec("P")


class Refused(BridleError):
    """The call did not reach its tool. `answer` says who stopped it and why; its text is for the agent."""

    def __init__(self, answer: Answer) -> None:
        """Keep the answer."""
        super().__init__(answer.message or answer.error_class)
        self.answer = answer


@dataclass(frozen=True, kw_only=True)
class Listeners:
    """Who is told: of each step of the trace, and of what a person is asked. Under an `AsyncGuard` they may await."""

    on_record: Callable[[TraceStep], Any] | None = None
    on_escalation: Callable[[Escalation], Any] | None = None


class Anonymous:
    """The facts of an agent of whom nothing is known: no properties, no versions."""

    blocks = False

    def facts(self, resource_type: str, resource_id: str) -> Facts:
        """Always the same."""
        return NOBODY


class Toolbox:
    """The tools of an agent and the organisation's word on them; each `open` begins a session of its own."""

    def __init__(
        self, engine: PolicyEngine, *, mapping: RequestMapping | None = None, informing: Informing | None = None
    ) -> None:
        """Without a `mapping` the engine is asked about the tool alone, without `informing` about nobody known.

        Raises:
            UsageError: the mapping is none.
        """
        if mapping is not None:
            is_mapping(mapping)
        self._engine, self._mapping, self._informing = engine, mapping, informing or Anonymous()
        self._tools: dict[str, tuple[Tool, Function]] = {}

    def tool(
        self,
        *,
        effect: ToolEffect | str,
        name: str = "",
        description: str = "",
        schema: Mapping[str, Any] | None = None,
        compensation: str | None = None,
        idempotency_key: str | None = None,
        identity: str = "id",
    ) -> Callable[[Function], Function]:
        """Decorates a function: it is a tool from now on, and stays what it was for whoever calls it directly.

        Raises:
            UsageError: as `declared`, or there is a tool of that name.
        """

        def add(function: Function) -> Function:
            self.add(
                declared(
                    function,
                    effect=effect,
                    name=name,
                    description=description,
                    schema=schema,
                    compensation=compensation,
                    idempotency_key=idempotency_key,
                    identity=identity,
                ),
                function,
            )
            return function

        return add

    def add(self, tool: Tool, function: Function) -> None:
        """Take a tool in that is declared already.

        Raises:
            UsageError: there is one of that name, or the mapping reads what the tool does not take.
        """
        if tool.name in self._tools:
            raise UsageError(f"There is a tool {tool.name} already; give one of them another name.")
        mapped = self._mapping.tools.get(tool.name) if self._mapping is not None else None
        if tool.schema.get("additionalProperties") is False:
            for argument in mapped.arguments() if mapped is not None else ():
                if argument.path[0] not in tool.schema.get("properties", {}):
                    raise UsageError(
                        f"The mapping reads {argument.path[0]} of {tool.name}, which takes no such argument."
                    )
        self._tools[tool.name] = (tool, function)

    @property
    def conduct(self) -> Conduct:
        """The conduct of a session where none is given: `dataclasses.replace` its bounds as you like."""
        tools = [tool for tool, _ in self._tools.values()]
        mapping = self._mapping or RequestMapping.plain([tool.name for tool in tools])
        return Conduct(reviewer=Unreviewed(), tools=tools, mapping=mapping)

    def open(
        self,
        *,
        task: str = "",
        harness: HarnessSource | None = None,
        conduct: Conduct | None = None,
        listeners: Listeners = Listeners(),
        sources: Callable[[], Sequence[Source]] | None = None,
    ) -> GuardedTools:
        """A session for synchronous tools; UsageError where one of them has to be awaited."""
        held = self._held(conduct)
        session = ToolSession(self._tools, self._informing, task=task, me=held.session, sources=sources)
        guard = Guard(
            Gate(session, held.mapping, self._engine),
            held,
            harness=harness,
            on_record=listeners.on_record,
            on_escalation=listeners.on_escalation,
        )
        return GuardedTools(guard, self._tools)

    def open_async(
        self,
        *,
        task: str = "",
        harness: HarnessSource | None = None,
        conduct: Conduct | None = None,
        listeners: Listeners = Listeners(),
        sources: Callable[[], Sequence[Source]] | None = None,
    ) -> AsyncGuardedTools:
        """A session for an agent that awaits; tools that are not asynchronous are run in threads."""
        held = self._held(conduct)
        session = AsyncToolSession(self._tools, self._informing, task=task, me=held.session, sources=sources)
        guard = AsyncGuard(
            Gate(session, held.mapping, self._engine),
            held,
            harness=harness,
            on_record=listeners.on_record,
            on_escalation=listeners.on_escalation,
        )
        return AsyncGuardedTools(guard, self._tools)

    def _held(self, conduct: Conduct | None) -> Conduct:
        """The conduct, with a name of its own for the session."""
        held = conduct or self.conduct
        if list(held.tools) != [tool for tool, _ in self._tools.values()]:
            raise UsageError(
                "The conduct is one of other tools than the box's; make it of the box's own, as it is now."
            )
        return held if held.session else replace(held, session=uuid.uuid4().hex)


class _Wrapped(Mapping[str, Callable[..., Any]], abc.ABC):
    """Guarded functions by the names of their tools."""

    def __init__(self, tools: Mapping[str, tuple[Tool, Function]]) -> None:
        self._functions = {
            name: _dressed(self._guarded(name, function), function, tool) for name, (tool, function) in tools.items()
        }
        self.tools = tuple(tool for tool, _ in tools.values())

    def __getitem__(self, name: str) -> Callable[..., Any]:
        return self._functions[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._functions)

    def __len__(self) -> int:
        return len(self._functions)

    @property
    def declarations(self) -> list[dict[str, Any]]:
        """The tools as models are told of them: name, description, and the JSON Schema of the parameters."""
        return [
            {"name": tool.name, "description": tool.description, "parameters": dict(tool.schema)} for tool in self.tools
        ]

    @abc.abstractmethod
    def _guarded(self, name: str, function: Function) -> Callable[..., Any]:
        """The function behind the guard."""


class GuardedTools(_Wrapped):
    """The guarded functions of a session: `tools["pay"](invoice=…)`, and `guard` for all else."""

    def __init__(self, guard: Guard, tools: Mapping[str, tuple[Tool, Function]]) -> None:
        """`guard` guards exactly these `tools`."""
        self.guard = guard
        super().__init__(tools)

    def _guarded(self, name: str, function: Function) -> Callable[..., Any]:
        def guarded(*values: Any, **named: Any) -> Any:
            return _result(self.guard.call(name, _arguments(name, function, values, named)))

        return guarded


class AsyncGuardedTools(_Wrapped):
    """The guarded functions of a session, each to be awaited: `await tools["pay"](invoice=…)`."""

    def __init__(self, guard: AsyncGuard, tools: Mapping[str, tuple[Tool, Function]]) -> None:
        """`guard` guards exactly these `tools`."""
        self.guard = guard
        super().__init__(tools)

    def _guarded(self, name: str, function: Function) -> Callable[..., Any]:
        async def guarded(*values: Any, **named: Any) -> Any:
            return _result(await self.guard.call(name, _arguments(name, function, values, named)))

        return guarded


def wrap(
    function: Callable[P, Any],
    *,
    effect: ToolEffect | str,
    engine: PolicyEngine,
    mapping: RequestMapping | None = None,
    informing: Informing | None = None,
    harness: HarnessSource | None = None,
    schema: Mapping[str, Any] | None = None,
    listeners: Listeners = Listeners(),
) -> Callable[P, Any]:
    """The function behind a guard, in a session of its own; to be awaited where it was. Its result comes back as JSON.

    Raises:
        UsageError: as `declared`, or the mapping is not one of this function. The guarded function itself raises
            `Refused` where the call did not reach its tool, `ToolFailure` where the tool failed, UsageError for
            arguments that it does not have, and what a listener raised.
    """
    box = Toolbox(engine, mapping=mapping, informing=informing)
    tool = declared(function, effect=effect, schema=schema)
    if mapping is not None and tool.name not in mapping.tools:
        raise UsageError(f"The mapping says nothing of {tool.name}, so none of its calls could be decided; add it.")
    box.add(tool, function)
    tools: _Wrapped
    if asynchronous(function):
        tools = box.open_async(harness=harness, listeners=listeners)
    else:
        tools = box.open(harness=harness, listeners=listeners)
    return tools[tool.name]


def _dressed(guarded: Callable[..., Any], function: Function, tool: Tool) -> Callable[..., Any]:
    """The guarded function by the tool's name, with the other's hints and signature, and without a way back to it."""
    functools.update_wrapper(guarded, function, updated=())
    guarded.__name__, guarded.__doc__ = tool.name, tool.description
    del guarded.__wrapped__  # type: ignore[attr-defined]
    with contextlib.suppress(TypeError, ValueError):  # Some of C's have none; then its schema was given.
        guarded.__signature__ = inspect.signature(function)  # type: ignore[attr-defined]
    return guarded


def _arguments(name: str, function: Function, values: tuple[Any, ...], named: Mapping[str, Any]) -> dict[str, Any]:
    """A call's arguments by name. What is missing or odd in them is for the harness to mend and the schema to say."""
    if not values:
        return dict(named)
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        raise UsageError(f"What {name} takes by position is not known; call it by name.") from None
    names = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    rest = next((p.name for p in parameters if p.kind is p.VAR_POSITIONAL), None)
    placed: dict[str, Any] = dict(zip(names, values, strict=False))
    if rest is not None and len(values) > len(names):
        placed[rest] = list(values[len(names) :])
    if (rest is None and len(values) > len(names)) or placed.keys() & named.keys():
        raise UsageError(f"{name} takes {', '.join(names)}, each once; call it by name.")
    return {**placed, **named}


def _result(answer: Answer) -> Any:
    """What the tool returned.

    Raises:
        Refused: the call did not reach the tool.
        ToolFailure: the tool failed, whatever became of another attempt.
    """
    if answer.ok:
        return answer.result
    reached = [record for record in answer.records if was_executed(record)]
    if reached:
        raise ToolFailure(reached[-1].error_class, answer.message, applicable=reached[-1].legal is True)
    raise Refused(answer)
