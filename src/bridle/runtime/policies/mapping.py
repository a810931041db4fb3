"""The request mapping: from a final call to the question that the policy engine is asked. Data, beside the policy.

    {
      "approve_expense": {
        "action": "approve",
        "resource": {"type": "Expense", "id": {"from": "expense_id", "as": "text"}},
        "context": {
          "amount":   {"from": "amount", "as": "decimal", "scale": 2},
          "currency": {"from": "currency", "as": "token", "optional": true},
          "channel":  {"value": "agent"}
        }
      }
    }

Keys are tools. `from` is a dotted path into the call's arguments, `as` one of the readings of `reading`. A tool that is
not mapped can't be decided, so it is never executed. The mapping also says what the policy reads of a call, and that is
what a rewrite must leave alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from bridle.authorization import AuthorizationRequest, Facts
from bridle.errors import PolicyFault
from bridle.harness import JSON, digest
from bridle.runtime.policies.reading import ABSENT, Reading, Unreadable, reading

_TOOL = Reading("token")

_HELD = frozenset(("properties", "parents"))
"""What the control plane may say of a resource, besides its type and id."""


@dataclass(frozen=True, kw_only=True)
class Argument:
    """One argument that the policy reads: where it stands in the call, and how it is read."""

    path: tuple[str, ...]
    reading: Reading
    optional: bool = False

    def raw(self, call: Mapping[str, Any]) -> Any:
        """What the call states, or `ABSENT`."""
        value: Any = call.get("arguments")
        for name in self.path:
            # Nearly always a dict; asking whether it is a Mapping costs more than all the rest.
            if (type(value) is not dict and not isinstance(value, Mapping)) or name not in value:
                return ABSENT
            value = value[name]
        return ABSENT if value is None else value

    def value(self, call: Mapping[str, Any]) -> Any:
        """What the policy is given: `ABSENT` for an optional argument that is not stated.

        Raises:
            Unreadable: the argument is missing, or not of its kind.
        """
        raw = self.raw(call)
        if raw is not ABSENT:
            try:
                return self.reading.value(raw)
            except Unreadable as error:
                raise Unreadable(f"argument {'.'.join(self.path)}: {error}") from None
        if self.optional:
            return ABSENT
        raise Unreadable(f"argument {'.'.join(self.path)} is missing")


@dataclass(frozen=True, kw_only=True)
class Constant:
    """A value that the mapping states itself."""

    constant: JSON

    def value(self, call: Mapping[str, Any]) -> Any:
        """The constant, whatever the call."""
        return self.constant


@dataclass(frozen=True, kw_only=True)
class ToolMapping:
    """How calls of one tool become questions."""

    action: str
    resource_type: str
    resource_id: Argument | Constant
    context: Mapping[str, Argument | Constant] = field(default_factory=dict)

    def arguments(self) -> Iterator[Argument]:
        """Every argument that the policy reads."""
        for source in (self.resource_id, *self.context.values()):
            if isinstance(source, Argument):
                yield source


class RequestMapping:
    """The mapping of every tool that can be authorised at all."""

    def __init__(self, tools: Mapping[str, ToolMapping], data: JSON) -> None:
        """Use `RequestMapping.from_data`; `data` is what the digest is over."""
        self.tools = dict(tools)
        self.digest = digest(data)

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> RequestMapping:
        """Read the mapping; PolicyFault says what in it can't be used."""
        if not isinstance(data, Mapping):
            raise PolicyFault(f"A mapping is an object of tools, not {type(data).__name__}; json.load its file first.")
        return cls({tool: _tool(tool, spec) for tool, spec in data.items()}, dict(data))

    @classmethod
    def plain(cls, tools: Mapping[str, Any] | list[str]) -> RequestMapping:
        """For runs without a policy: the tool is the action and the resource, and no argument is read."""
        return cls.from_data(
            {name: {"action": name, "resource": {"type": "Tool", "id": {"value": name}}} for name in tools}
        )

    def resource(self, call: Mapping[str, Any]) -> tuple[str, str]:
        """Type and id of the resource that the call is about, for looking up its facts.

        Raises:
            Unreadable: the tool is not mapped, or the call does not name its resource.
        """
        spec = self._spec(call)
        return spec.resource_type, _identifier(spec, call)

    def request(self, call: Mapping[str, Any], facts: Facts) -> AuthorizationRequest:
        """The question whether this call may be executed.

        Raises:
            Unreadable: the call can't be put as a question.
        """
        spec = self._spec(call)
        # Loops, not comprehensions: until Python 3.12 each is a function that is called.
        context = dict(facts.context) if facts.context else {}
        if context and (clash := sorted(spec.context.keys() & context.keys())):
            raise Unreadable(f"the call and the control plane both speak of {', '.join(clash)}")
        for name, source in spec.context.items():
            value = source.value(call)
            if value is not ABSENT:
                context[name] = value
        resource = {"type": spec.resource_type, "id": _identifier(spec, call)}
        for key, fact in facts.resource.items():
            if key in _HELD:
                resource[key] = fact
            elif key not in resource or resource[key] != fact:
                # Left out, a policy would decide without it; a fact of another resource it would decide by.
                raise Unreadable(f"the control plane's {key} of the {spec.resource_type} is no fact about this one")
        return AuthorizationRequest(
            subject=facts.subject, action={"name": spec.action}, resource=resource, context=context
        )

    def changed(self, before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[str, ...]:
        """What the policy reads and what differs between two calls by more than spelling: `tool`, or argument paths."""
        changed = [] if _TOOL.same(before.get("tool"), after.get("tool")) else ["tool"]
        spec = self.tools.get(str(after.get("tool")))
        if spec is None:
            return (*changed, *(["arguments"] if before.get("arguments") != after.get("arguments") else []))
        for argument in spec.arguments():
            if not argument.reading.same(argument.raw(before), argument.raw(after)):
                changed.append(".".join(argument.path))
        return tuple(dict.fromkeys(changed))

    def same_act(self, one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
        """Whether both calls do the same as far as the policy can tell; where it reads no argument, whether equal."""
        spec = self.tools.get(str(one.get("tool")))
        if spec is None or not any(spec.arguments()):
            return one == other
        return one.get("tool") == other.get("tool") and not self.changed(one, other)

    def _spec(self, call: Mapping[str, Any]) -> ToolMapping:
        tool = call.get("tool")
        spec = self.tools.get(tool) if isinstance(tool, str) else None
        if spec is None:
            raise Unreadable(f"no action is mapped to the tool {tool!r}")
        return spec


def _identifier(spec: ToolMapping, call: Mapping[str, Any]) -> str:
    value = spec.resource_id.value(call)
    if type(value) is str:
        return value
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise Unreadable(f"{value!r} does not name a {spec.resource_type}")
    return str(value)


def _tool(tool: str, spec: Any) -> ToolMapping:
    where = f"the mapping of {tool}"
    _keys(spec, where, required={"action", "resource"}, optional={"context"})
    resource = spec["resource"]
    _keys(resource, f"{where}, resource", required={"type", "id"})
    context = spec.get("context", {})
    if not isinstance(context, Mapping) or not isinstance(spec["action"], str) or not isinstance(resource["type"], str):
        raise PolicyFault(f"In {where}, action and resource type are strings and context is an object.")
    identifier = _source(resource["id"], f"{where}, resource id")
    if isinstance(identifier, Argument) and identifier.optional:
        raise PolicyFault(f"In {where}, the resource id can't be optional.")
    return ToolMapping(
        action=spec["action"],
        resource_type=resource["type"],
        resource_id=identifier,
        context={name: _source(source, f"{where}, context {name}") for name, source in context.items()},
    )


def _source(spec: Any, where: str) -> Argument | Constant:
    if isinstance(spec, Mapping) and "value" in spec:
        _keys(spec, where, required={"value"})
        return Constant(constant=spec["value"])
    _keys(spec, where, required={"from", "as"}, optional={"scale", "optional"})
    if not isinstance(spec["from"], str) or not spec["from"]:
        raise PolicyFault(f"In {where}, from is a dotted path into the call's arguments.")
    scale, optional = spec.get("scale", 0), spec.get("optional", False)
    if not isinstance(scale, int) or not isinstance(optional, bool):
        raise PolicyFault(f"In {where}, scale is a whole number and optional is true or false.")
    return Argument(path=tuple(spec["from"].split(".")), reading=reading(str(spec["as"]), scale), optional=optional)


def _keys(spec: Any, where: str, *, required: set[str], optional: set[str] = frozenset()) -> None:  # type: ignore[assignment]
    if not isinstance(spec, Mapping):
        raise PolicyFault(f"In {where}, an object is expected, not {type(spec).__name__}.")
    if missing := sorted(required - spec.keys()):
        raise PolicyFault(f"In {where}, {', '.join(missing)} is missing.")
    if unknown := sorted(spec.keys() - required - optional):
        raise PolicyFault(
            f"In {where}, there is no {', '.join(unknown)}; it has {', '.join(sorted(required | optional))}."
        )
