"""Small random modules, and what a function in one means: read from bytecode, without running anything."""

from __future__ import annotations

import ast
import dis
from collections.abc import Collection, Iterable
from types import CodeType

from hypothesis import strategies as st

FUNCTIONS = ("propose_action", "is_legal_action")
HELPERS = ("f", "g", "cells")
CONSTANTS = ("K", "TABLE")
MODULES = ("re", "math")

EXPRESSIONS = (
    "{0}(board)",
    "{0} + {1}",
    "[{0} for {0} in {1}]",
    "[x for x in {0} if {1}]",
    "[({0} := y) for y in {1}]",
    "(lambda {0}: {0} + {1})(1)",
    "{0}(cells={1})",
    "sum(x.{0} for x in {1})",
    "max(({0} := 1), {1}) if 0 else 2",
    "'{0}'",
)
BODIES = (
    "    return {0}\n",
    "    {name} = {0}\n    return {name}\n",
    "    def {name}(x, y={0}):\n        return x + {1}\n    return {name}(1)\n",
    "    class Inner:\n        {name} = 1\n        def method(self): return {1}, {0}\n    return Inner\n",
    "    try:\n        return {0}\n    except ValueError as {name}:\n        return {name}\n",
    "    match {0}:\n        case [{name}, *rest]:\n            return {name}\n        case {{'k': 1, **{name}}}:\n            return {1}\n",
    "    {name} = 1\n    def inner():\n        nonlocal {name}\n        {name} = {0}\n    return {name}, inner\n",
    "    for {name} in {0}:\n        import re\n        yield re, {1}\n",
)


@st.composite
def expressions(draw: st.DrawFn, names: Collection[str]) -> str:
    """An expression over some of the names."""
    template = draw(st.sampled_from(EXPRESSIONS))
    return template.format(draw(st.sampled_from(names)), draw(st.sampled_from(names)))


@st.composite
def functions(draw: st.DrawFn, name: str, parameters: str, names: Collection[str]) -> str:
    """A function whose parameters and locals may have the names of the module's."""
    body = draw(st.sampled_from(BODIES)).format(
        draw(expressions(names)), draw(expressions(names)), name=draw(st.sampled_from([*HELPERS, "K", "local"]))
    )
    return f"def {name}({parameters}):\n{body}"


@st.composite
def modules(draw: st.DrawFn, helpers: Collection[str] = HELPERS) -> str:
    """A module with both functions of the contract, and some helpers, constants, imports and classes."""
    helpers = draw(st.lists(st.sampled_from(helpers), min_size=1, unique=True))
    constants = draw(st.lists(st.sampled_from(CONSTANTS), unique=True))
    imports = draw(st.lists(st.sampled_from(MODULES), unique=True))
    names = [*helpers, *constants, *imports, "len", *FUNCTIONS]
    parts = [draw(st.sampled_from(["", "from math import pi as K\n"]))] if "K" not in constants else []
    parts += [f"import {', '.join(imports)}\n"] if imports else []
    parts += [f"{name} = {draw(st.integers(0, 3))}\n" for name in constants]
    if "TABLE" in constants:
        parts.append(draw(st.sampled_from(["", "TABLE['k'] = len\n", "TABLE, SPARE = len, 1\n"])))
    for name in helpers:
        parameters = draw(st.sampled_from(["x", "cells", "f=1", "*, g=2", f"x={draw(st.sampled_from(names))}"]))
        kind = draw(st.sampled_from(["def", "def", "class"]))
        if kind == "def":
            parts.append(draw(functions(name, parameters, names)))
        else:
            method = draw(functions(draw(st.sampled_from(HELPERS)), "self, cells", names))
            inner = "".join(f"    {line}\n" for line in method.splitlines())
            parts.append(f"class {name}(object):\n{inner}")
    parts.append(draw(functions("propose_action", "board", names)))
    parts.append(draw(functions("is_legal_action", "board, action", names)))
    return "".join(parts)


def meaning(source: str, function: str, *, leaves: Iterable[str]) -> list[object]:
    """What a function comes to, whatever the names of the helpers: bytecode in which the module's names are numbers.

    The names in `leaves` are not looked into.
    """
    pieces = [compile(ast.Module([node], []), "piece", "exec") for node in _single_imports(source)]
    owners: dict[str, list[CodeType]] = {}
    for piece in pieces:
        steps = list(dis.get_instructions(piece))
        names = {step.argval for step in steps if step.opname in ("STORE_NAME", "STORE_GLOBAL")}
        if any(step.opname == "STORE_SUBSCR" for step in steps):
            names = {[step.argval for step in steps if step.opname == "LOAD_NAME"][-1]}
        for name in names:
            owners.setdefault(name, []).append(piece)
    numbers = {function: 0}
    queue = [function]
    return [_read(piece, owners, numbers, queue, frozenset(leaves)) for name in queue for piece in owners[name]]


def _single_imports(source: str) -> Iterable[ast.stmt]:
    """The statements of a module; each import by itself, since it may come to stand in another line."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.Import):
            yield from (ast.copy_location(ast.Import(names=[alias]), node) for alias in node.names)
        else:
            yield node


def _read(
    code: CodeType, owners: dict[str, list[CodeType]], numbers: dict[str, int], queue: list[str], leaves: frozenset[str]
) -> tuple[object, ...]:
    """The instructions, with the module's names as numbers in the order in which they are met."""
    is_function = bool(code.co_flags & 0x2)
    stored = {i.argval for i in dis.get_instructions(code) if i.opname == "STORE_NAME"}
    inner = not is_function and "__module__" in stored  # a class's body

    def known(name: str) -> object:
        if name in leaves or name not in owners:
            return name
        if name not in numbers:
            numbers[name] = len(numbers)
            queue.append(name)
        return numbers[name]

    told: list[object] = []
    for step in dis.get_instructions(code):
        value = step.argval
        if isinstance(value, CodeType):
            value = _read(value, owners, numbers, queue, leaves)
        elif step.opname in ("LOAD_GLOBAL", "STORE_GLOBAL") or (
            step.opname in ("LOAD_NAME", "STORE_NAME") and not (inner and value in stored)
        ):
            value = known(value)
        elif step.opname == "LOAD_CONST" and isinstance(value, str):
            value = "text"  # names of functions and classes lie among the constants
        told.append((step.opname, value))
    return tuple(told)
