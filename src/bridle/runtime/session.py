"""A live session: tools that are Python callables, behind the same port as a simulated episode.

The layer of interfaces: it checks a call against its tool's schema, runs the tool, types its errors, and folds what
happened into the view that agent and harness see.
"""

from __future__ import annotations

import dataclasses
import inspect
import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar, TypeAlias

from bridle.arguments import ArgumentCheck
from bridle.authorization import Facts, Informing
from bridle.environment import Observation, Step
from bridle.errors import BridleError, EnvironmentFault, UsageError, told
from bridle.harness import Action
from bridle.runtime.awaited import answered, awaited
from bridle.runtime.declared import asynchronous, by_name
from bridle.runtime.frozen import own
from bridle.trace import INTERFACE, POLICY_DENIED, Answerer, Source, Tool, TraceStep, ViewBuilder, executed

Function: TypeAlias = Callable[..., Any]
"""A tool's implementation: the call's arguments by keyword, JSON as its result, `ToolFailure` as its typed errors."""


class ToolFailure(BridleError):
    """A tool could not do what it was called for, and says how.

    `error_class` is one of the trace's, or the tool's own word. `applicable` says that the call was in order and failed
    all the same: then, unless the class is `transient`, nobody knows whether it took effect.
    """

    error_class: str = "internal"
    applicable: bool = True

    def __init__(self, error_class: str, message: str, *, applicable: bool = False) -> None:
        """Keep the class and the sentence. A class that is no word leaves the outcome unknown, as `internal` does."""
        super().__init__(message)
        self.error_class, self.applicable = error_class, applicable


class ToolSession:
    """One agent's session with its tools. Not for several threads at once."""

    awaits: ClassVar[bool] = False
    """Whether its tools may be asynchronous."""

    def __init__(
        self,
        tools: Mapping[str, tuple[Tool, Function]],
        informing: Informing,
        *,
        task: str = "",
        me: str = "me",
        sources: Callable[[], Sequence[Source]] | None = None,
    ) -> None:
        """`tools` by name; `informing` gives the control plane's facts; `sources` reads the declared richer state.

        Raises:
            UsageError: a tool, or who gives the facts, has to be awaited, and this session does not wait; or a tool
                stands under another name than its own.
        """
        for name, (tool, function) in tools.items():
            if not self.awaits and asynchronous(function):
                raise UsageError(
                    f"The tool {name} is asynchronous: open_async of a Toolbox, or an AsyncToolSession and AsyncGuard."
                )
            if tool.name != name:
                raise UsageError(f"The tool {tool.name} stands under the name {name}; give it its own.")
        if not isinstance(informing, Informing):
            raise UsageError("Who informs about subjects and resources has facts(resource_type, resource_id).")
        if not self.awaits and asynchronous(informing.facts):
            raise UsageError("The facts have to be awaited; use an AsyncToolSession and an AsyncGuard.")
        declared = [tool for tool, _ in tools.values()]
        self._functions = {name: by_name(function) for name, (_, function) in tools.items()}
        self._informing, self._sources = informing, sources
        self._fits = ArgumentCheck(declared)
        self._view = ViewBuilder(task=task, tools=declared, me=me)

    def observe(self) -> Observation:
        """The view: the fold over what was called so far, with the declared sources as they are now.

        Raises:
            EnvironmentFault: a declared source can't be read, so nobody knows the state.
        """
        if self._sources is not None:
            try:
                self._view.sources = tuple(
                    Source(name=source.name, value=json.loads(json.dumps(source.value))) for source in self._sources()
                )
            except Exception as error:
                raise EnvironmentFault(
                    f"The declared sources can't be read ({type(error).__name__}: {told(error)})."
                ) from error
        return Observation(0, self._view.view())

    def step(self, action: Action) -> Step:
        """Call the tool. An exception that is no `ToolFailure` leaves the outcome unknown (`internal`, `timeout`).

        What is no exception but an interrupt goes on, and leaves a call of unknown outcome behind.
        """
        fit = self._fits(action)
        if not fit or not isinstance(action, dict):
            return self._noted(action, Step(legal=False, feedback=fit.feedback, error_class=fit.error_class))
        try:
            result = self._functions[action["tool"]](**own(action["arguments"]))
        except Exception as error:
            return self._noted(action, _failed(error))
        except BaseException:
            self._noted(action, INTERRUPTED)
            raise
        if inspect.isawaitable(result) or unrun(result):
            return self._noted(action, _unawaited(result))
        return self._noted(action, _succeeded(result))

    def _noted(self, action: Action, step: Step) -> Step:
        """The view's own copies: what tool and agent do with theirs is nothing that happened."""
        self._view.add(executed(action, step._replace(result=own(step.result))))
        return step

    def facts(self, resource_type: str, resource_id: str) -> Facts:
        """What the control plane knows."""
        return self._informing.facts(resource_type, resource_id)

    def withhold(self, call: Action, error_class: str, message: str) -> Step:
        """Note a call that did not reach its tool: a denial and the interface's own refusals are shown in the view."""
        answered: Answerer = "guard"
        if error_class == POLICY_DENIED:
            answered = "policy"
        elif error_class in INTERFACE:
            answered = "environment"
        legal = False if answered == "environment" else None
        self._view.add(
            TraceStep(
                proposed=call,
                call=own(call),
                answered_by=answered,
                legal=legal,
                error_class=error_class,
                message=message,
            )
        )
        return Step(legal=False, feedback=message, error_class=error_class)


class AsyncToolSession(ToolSession):
    """A session whose tools, and whose control plane, may be asynchronous. Those that are not run in threads."""

    awaits = True

    async def perform(self, action: Action) -> Step:
        """As `step`; cancelled while the tool runs, the call is one of unknown outcome.

        The thread of a tool that is not asynchronous can't be called off: it goes on by itself.
        """
        fit = self._fits(action)
        if not fit or not isinstance(action, dict):
            return self._noted(action, Step(legal=False, feedback=fit.feedback, error_class=fit.error_class))
        try:
            call = partial(self._functions[action["tool"]], **own(action["arguments"]))
            result = await awaited(call, finish=False)
            if inspect.isawaitable(result):
                result = await answered(result)
        except Exception as error:
            return self._noted(action, _failed(error))
        except BaseException:
            self._noted(action, INTERRUPTED)
            raise
        return self._noted(action, _unawaited(result) if unrun(result) else _succeeded(result))

    async def facts(self, resource_type: str, resource_id: str) -> Facts:  # type: ignore[override]
        """What the control plane knows; one that says that it does not block (`blocks` is False) is asked in place."""
        if getattr(self._informing, "blocks", True) is False:
            return self._informing.facts(resource_type, resource_id)
        known: Facts = await awaited(self._informing.facts, resource_type, resource_id, finish=False)
        return known


INTERRUPTED = Step(legal=True, feedback="It was interrupted while it ran.", error_class="timeout")
"""What is known of a call that was interrupted: nobody knows what it did."""


def _failed(error: Exception) -> Step:
    """Every exception is a typed error of the step."""
    text = told(error)
    if isinstance(error, ToolFailure) and isinstance(error.error_class, str) and error.error_class:
        return Step(legal=error.applicable is True, feedback=text, error_class=error.error_class)
    if isinstance(error, TimeoutError):
        return Step(legal=True, feedback=text or "The tool did not answer in time.", error_class="timeout")
    return Step(legal=True, feedback=f"{type(error).__name__}: {text}", error_class="internal")


def _unawaited(result: Any) -> Step:
    """Nobody waits here for what the tool began: a coroutine never runs, and of all else nobody knows what it does."""
    message = "It answered something to be awaited: use an AsyncToolSession and an AsyncGuard."
    if unrun(result):
        message = "It answered a generator, whose code nobody runs: return a list."
    if inspect.iscoroutine(result) or inspect.isgenerator(result):
        result.close()
    return Step(legal=True, feedback=message, error_class="internal")


def unrun(result: Any) -> bool:
    """Whether a result is a generator: its code has not run yet."""
    return inspect.isgenerator(result) or inspect.isasyncgen(result)


def _written(value: Any) -> Any:
    """A value that JSON has no word for: the fields of a data class or of a model of Pydantic's, else its text."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if callable(dump := getattr(type(value), "model_dump", None)):
        return dump(value)
    return str(value)


def _succeeded(result: Any) -> Step:
    """The result as JSON; what can't be written as JSON is shown by its type: the call was made all the same."""
    try:
        return Step(legal=True, result=own(json.loads(json.dumps(result, default=_written, allow_nan=False))))
    except Exception as error:
        return Step(
            legal=True, result={"unreadable": f"{type(result).__name__}: {type(error).__name__}: {told(error)}"[:300]}
        )
