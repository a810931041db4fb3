"""The call that undoes another: what a reversible tool's declared compensation makes of the call and its result."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bridle.runtime.frozen import FrozenCall, freeze
from bridle.trace import Tool, parts


def compensation(tools: Mapping[str, Tool], call: Any, result: Any = None) -> dict[str, Any] | tuple[str, ...] | None:
    """The call that undoes `call`.

    Its arguments are those that the compensating tool requires, each by its name from the call's own arguments, or else
    from the top of its `result`. Where some are in neither, their names; None where the tool declares no compensation.
    """
    name, arguments = parts(call)
    tool = tools.get(name)
    undoing = tools.get(tool.compensation) if tool is not None and tool.compensation is not None else None
    if undoing is None:
        return None
    known = {**(result if isinstance(result, dict) else {}), **(arguments if isinstance(arguments, dict) else {})}
    required = [str(argument) for argument in undoing.schema.get("required", ())]
    missing = tuple(argument for argument in required if argument not in known)
    if missing:
        return missing
    undo = freeze({"tool": undoing.name, "arguments": {argument: known[argument] for argument in required}})
    return undo.call if isinstance(undo, FrozenCall) else tuple(required)


def offered(tools: Mapping[str, Tool], call: Any, result: Any = None) -> dict[str, Any] | None:
    """The call that undoes `call`, where one can be made."""
    undo = compensation(tools, call, result)
    return undo if isinstance(undo, dict) else None
