"""The trace of a tool-calling session, and the view: what agent and harness see, folded from the trace alone.

The same fold serves a simulator and a live agent, so a harness that was tested on one sees on the other what it knows:

    {"task": str, "me": opaque handle,
     "tools": {name: {"description": str, "schema": JSON Schema, "effect": str, …}},
     "calls": [{"tool": str, "arguments": {…}, "ok": true, "result": …}
               | {"tool": str, "arguments": {…}, "ok": false, "error": {"class": str, "message": str}}],
     "resources": {id: the object as last seen},
     "sources": {name: …}}                     only where a richer state was declared

`calls` holds what was answered by the environment or by the policy engine. A proposal that the harness refused reached
neither, and is no part of the view. There is no subject, role or credential in it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any, Literal, Protocol, TypeAlias, runtime_checkable

from bridle.authorization import Decision, Outcome
from bridle.environment import Step
from bridle.harness import JSON, Action

POLICY_DENIED = "policy_denied"
"""The error class of a call that the policy engine did not permit. Only a guard answers it, never an environment."""

UNKNOWN_OUTCOME = frozenset(("internal", "timeout"))
"""Error classes after which nobody knows whether the call took effect."""

INTERFACE = frozenset(("schema", "unknown_tool"))
"""Error classes that the interface answers before anything else is asked: the call does not fit its tool."""

ERROR_CLASSES = (
    "schema",
    "unknown_tool",
    "not_found",
    "state_conflict",
    "missing_precondition",
    "transient",
    "internal",
    "timeout",
    POLICY_DENIED,
)
"""The words for typed errors; a live tool may add more.

`transient`, `internal` and `timeout` befall applicable calls: such a `Step` is legal and has an error class.
"""

Answerer: TypeAlias = Literal["environment", "policy", "harness", "guard"]
"""Who answered a call: the environment executed it, the policy engine did not permit it, the harness refused or
escalated it, or the guard did for a reason of its own (a harness that crashed, a call outside the surface). A denial
that the guard repeats from memory is the policy engine's answer all the same."""


Origin: TypeAlias = Literal["agent", "harness", "retry", "revision", "compensation"]
"""Where a call comes from: an agent's proposal, the harness acting alone, the guard that went on, within the same
turn, with a failed call (again, or as the harness revised it), or the guard that undoes an earlier call."""


class ToolEffect(StrEnum):
    """What calling a tool does to the world, as its owner declares it."""

    READ_ONLY = "read-only"
    IDEMPOTENT = "idempotent"
    REVERSIBLE = "reversible"
    IRREVERSIBLE = "irreversible"


@dataclass(frozen=True, kw_only=True)
class Tool:
    """A tool that an agent may call.

    `schema` is the JSON Schema (draft 2020-12) of the arguments, an object. `compensation` names the tool that undoes
    a reversible one. `idempotency_key` names the argument by which the service recognises a repeated call. `identity`
    is the key under which objects in the tool's results carry their id.
    """

    name: str
    description: str
    schema: Mapping[str, Any]
    effect: ToolEffect
    compensation: str | None = None
    idempotency_key: str | None = None
    identity: str = "id"

    @cached_property
    def declaration(self) -> dict[str, Any]:
        """The tool as the view shows it. Shared; nobody writes into it."""
        shown = {"description": self.description, "schema": dict(self.schema), "effect": self.effect.value}
        if self.compensation is not None:
            shown["compensation"] = self.compensation
        if self.idempotency_key is not None:
            shown["idempotency_key"] = self.idempotency_key
        return shown

    def repeatable(self, arguments: Mapping[str, Any]) -> bool:
        """Whether a call of unknown outcome may be made again: it reads, is idempotent, or carries its key."""
        if self.effect in (ToolEffect.READ_ONLY, ToolEffect.IDEMPOTENT):
            return True
        return self.idempotency_key is not None and bool(arguments.get(self.idempotency_key))


@dataclass(frozen=True, kw_only=True)
class TraceStep:
    """One proposal and all that became of it.

    `proposed` is the agent's call, `call` the final one (None where the harness or the guard let none through).
    `verdict` is the harness's word (`accept`, `rewrite`, `reject`, `escalate`; empty where none was asked) and `rule`
    the rule it named. `legal` is the environment's word on the final call, None where it never got there; a legal call
    may still have failed (`transient`, `internal`). `result` is what the call returned, `error_class` and `message` its
    error. Digests are of canonical JSON; they are empty where nobody needed them. `harness` is the harness's digest.
    A step whose `origin` is not the agent is no proposal of its own: `proposed` is the one that it goes on from.
    `recovery` is the harness's word on the step's error (`retry`, `revise`, `give_up`, `escalate`; empty where it was
    not asked), and `recovery_rule` the rule it named.
    """

    proposed: Action
    call: Action | None
    answered_by: Answerer = "environment"
    verdict: str = ""
    rule: str = ""
    decision: Decision | None = None
    legal: bool | None = None
    result: JSON = None
    error_class: str = ""
    message: str = ""
    proposed_digest: str = ""
    call_digest: str = ""
    harness: str = ""
    origin: Origin = "agent"
    recovery: str = ""
    recovery_rule: str = ""

    @property
    def ok(self) -> bool:
        """Whether the call was executed and returned a result."""
        return self.answered_by == "environment" and not self.error_class

    def to_json(self) -> dict[str, Any]:
        """The step as plain JSON."""
        record = {name: getattr(self, name) for name in self.__dataclass_fields__}
        if self.decision is not None:
            record["decision"] = {
                "outcome": self.decision.outcome.value,
                "request_digest": self.decision.request_digest,
                "policy_digest": self.decision.policy_digest,
                "reasons": list(self.decision.reasons),
                "errors": list(self.decision.errors),
            }
        return record

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> TraceStep:
        """The step that `to_json` wrote."""
        fields = dict(record)
        if (decision := fields.get("decision")) is not None:
            fields["decision"] = Decision(
                outcome=Outcome(decision["outcome"]),
                request_digest=decision["request_digest"],
                policy_digest=decision["policy_digest"],
                reasons=tuple(decision["reasons"]),
                errors=tuple(decision["errors"]),
            )
        return cls(**fields)


def executed(call: Action, step: Step, *, proposed: Action | None = None) -> TraceStep:
    """The trace of a call that the environment answered with `step`, with no harness and no policy engine involved."""
    return TraceStep(
        proposed=call if proposed is None else proposed,
        call=call,
        legal=step.legal,
        result=step.result,
        error_class=step.error_class,
        message=step.feedback if step.error_class else "",
    )


@dataclass(frozen=True, kw_only=True)
class Source:
    """A richer state that somebody declared and read: shown in the view under its name, as it is."""

    name: str
    value: JSON


@dataclass(kw_only=True)
class ViewBuilder:
    """The fold, one step at a time: each step's result is walked once, whatever the length of the trace."""

    task: str
    tools: Sequence[Tool]
    me: str
    sources: Sequence[Source] = ()
    resources: dict[str, dict[str, Any]] = field(default_factory=dict, init=False)
    calls: list[dict[str, Any]] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        """Render the declarations of the tools once."""
        self._tools = {tool.name: tool for tool in self.tools}
        self._declared = {tool.name: tool.declaration for tool in self.tools}

    def add(self, step: TraceStep) -> None:
        """Fold one step in."""
        if step.call is None or step.answered_by in ("harness", "guard"):
            return
        name, arguments = parts(step.call)
        if step.ok:
            self.calls.append({"tool": name, "arguments": arguments, "ok": True, "result": step.result})
            tool = self._tools.get(name)
            self.resources.update(resources(step.result, tool.identity if tool is not None else "id"))
            return
        error = {"class": step.error_class, "message": step.message}
        self.calls.append({"tool": name, "arguments": arguments, "ok": False, "error": error})
        if step.error_class in UNKNOWN_OUTCOME:
            self._forget(name, arguments)

    def view(self) -> dict[str, Any]:
        """The view so far: a new object at the top, shared below; nobody writes into it."""
        shown: dict[str, Any] = {
            "task": self.task,
            "me": self.me,
            "tools": self._declared,
            "calls": self.calls.copy(),
            "resources": self.resources.copy(),
        }
        if self.sources:
            shown["sources"] = {source.name: source.value for source in self.sources}
        return shown

    def _forget(self, name: str, arguments: Any) -> None:
        """Drop what a call of unknown outcome may have changed: what it named, what holds that, and all inside."""
        tool = self._tools.get(name)
        if tool is not None and tool.effect is ToolEffect.READ_ONLY:
            return
        key = tool.identity if tool is not None else "id"
        named = {text for text in strings(arguments) if text in self.resources}
        touched = {
            identity for identity, snapshot in self.resources.items() if not named.isdisjoint(resources(snapshot, key))
        }
        for identity in named | touched:
            for inner in resources(self.resources.get(identity), key):
                self.resources.pop(inner, None)
            self.resources.pop(identity, None)


def fold(
    task: str, tools: Sequence[Tool], me: str, steps: Iterable[TraceStep], sources: Sequence[Source] = ()
) -> dict[str, Any]:
    """The view of a session: plain JSON, a function of its arguments alone.

    `resources` holds each JSON object with a string id (under the tool's `identity`) that any successful result showed,
    at any depth, as last seen; of several with one id in one result the outermost counts. A call of unknown outcome
    that may have written (`internal`, `timeout`) makes the objects that it named, those that contain them and what
    they contain unknown again: they leave `resources` until they are seen anew.
    """
    builder = ViewBuilder(task=task, tools=tools, me=me, sources=sources)
    for step in steps:
        builder.add(step)
    return builder.view()


def resources(result: JSON, key: str = "id") -> dict[str, dict[str, Any]]:
    """Every object in `result` with a string under `key`, by that string; the outermost wins."""
    found: dict[str, dict[str, Any]] = {}
    waiting: deque[Any] = deque((result,))
    while waiting:
        value = waiting.popleft()
        if isinstance(value, dict):
            if isinstance(identity := value.get(key), str):
                found.setdefault(identity, value)
            waiting.extend(inner for inner in value.values() if isinstance(inner, dict | list))
        elif isinstance(value, list):
            waiting.extend(inner for inner in value if isinstance(inner, dict | list))
    return found


def parts(call: Action) -> tuple[str, Any]:
    """Tool and arguments of a call, however malformed: an absent or strange tool is the empty name."""
    if not isinstance(call, dict):
        return "", {}
    name = call.get("tool")
    return (name if isinstance(name, str) else ""), call.get("arguments", {})


def strings(value: Any) -> Iterator[str]:
    """Every string in a JSON value."""
    waiting: deque[Any] = deque((value,))
    while waiting:
        inner = waiting.popleft()
        if isinstance(inner, str):
            yield inner
        elif isinstance(inner, dict):
            waiting.extend(inner.values())
        elif isinstance(inner, list):
            waiting.extend(inner)


@runtime_checkable
class Withholding(Protocol):
    """An episode that can be told of calls that did not reach it. One that is governed is `Informing` as well."""

    def withhold(self, call: Action, error_class: str, message: str) -> Step:
        """This turn's call does not reach the environment: the state stays, the turn counts toward the step limit.

        A `policy_denied` one is shown in the view as a call with that error, and so is one of the classes of
        `INTERFACE`, which counts as the environment's own answer. Any other class (a refusal by the harness or the
        guard that ended a turn) is not shown. Returns an illegal `Step` of that class, which may end the episode as a
        limit does.

        Raises:
            EnvironmentFault: the episode was already over.
        """
