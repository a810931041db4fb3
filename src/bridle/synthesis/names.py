"""The names of a module's own scope, in a statement's syntax tree: which it binds, which it reads, and renaming them.

A parameter, a local variable, a method or a keyword of the same spelling is another name, and stays as it is.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

Function: TypeAlias = "ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda"
Comprehension: TypeAlias = "ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp"

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
NAMED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.ExceptHandler, ast.MatchAs, ast.MatchStar)
"""Nodes whose attribute `name` is a name that they bind."""

COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp)


class Mention(NamedTuple):
    """One mention of a name of the module's scope: where it is written, and whether it is bound there.

    `place` is the index in a list of names (`global a, b`), None elsewhere.
    """

    node: ast.AST
    name: str
    binds: bool
    place: int | None = None


@dataclass
class _Scope:
    """The names that belong to a function, comprehension or class, and those that it declares global."""

    names: set[str] = field(default_factory=set)
    outside: set[str] = field(default_factory=set)
    is_class: bool = False


def mentions(statement: ast.stmt) -> list[Mention]:
    """Every mention of the module's names in a top-level statement, in no particular order."""
    found: list[Mention] = []
    _walk(statement, (), found)
    return found


def renamed(statement: ast.stmt, renames: Mapping[str, str]) -> ast.stmt:
    """A copy of the statement in which the module's names are others."""
    statement = copy.deepcopy(statement)
    for node, name, _, place in mentions(statement):
        new = renames.get(name, name)
        if new == name:
            continue
        if isinstance(node, ast.Name):
            node.id = new
        elif isinstance(node, (ast.Global, ast.Nonlocal)) and place is not None:
            node.names[place] = new
        elif isinstance(node, ast.alias):
            node.name, node.asname = (node.name if node.asname else node.name.split(".")[0]), new
        elif isinstance(node, NAMED):
            node.name = new
        elif isinstance(node, ast.MatchMapping):
            node.rest = new
    return statement


def _walk(node: ast.AST, scopes: tuple[_Scope, ...], found: list[Mention]) -> None:
    """Collect the mentions under a node that stands inside `scopes`, the innermost last."""
    for mention in _bindings(node):
        if _is_modules(mention.name, scopes):
            found.append(mention)
    if isinstance(node, ast.Name):
        if isinstance(node.ctx, ast.Load) and _is_modules(node.id, scopes):
            found.append(Mention(node, node.id, False))
    elif isinstance(node, FUNCTIONS):
        inner = _function_scope(node)
        body = [node.body] if isinstance(node, ast.Lambda) else node.body
        annotations = [parameter.annotation for parameter in _parameters(node)]
        outside: list[ast.AST | None] = [*node.args.defaults, *node.args.kw_defaults, *annotations]
        if not isinstance(node, ast.Lambda):
            outside += [*node.decorator_list, node.returns]
        _walk_all(outside, scopes, found)
        _walk_all(body, (*scopes, inner), found)
    elif isinstance(node, ast.ClassDef):
        _walk_all([*node.bases, *node.keywords, *node.decorator_list], scopes, found)
        _walk_all(node.body, (*scopes, _block_scope(node.body, is_class=True)), found)
    elif isinstance(node, COMPREHENSIONS):
        inner = _Scope(names={n.id for g in node.generators for n in ast.walk(g.target) if isinstance(n, ast.Name)})
        first, *rest = node.generators
        _walk_all([first.iter], scopes, found)  # the first iterable is evaluated outside
        values: list[ast.AST] = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
        _walk_all([*values, first.target, *first.ifs, *rest], (*scopes, inner), found)
    else:
        _walk_all(ast.iter_child_nodes(node), scopes, found)


def _walk_all(nodes: Iterable[ast.AST | None], scopes: tuple[_Scope, ...], found: list[Mention]) -> None:
    for node in nodes:
        if node is not None:
            _walk(node, scopes, found)


def _is_modules(name: str, scopes: tuple[_Scope, ...]) -> bool:
    """Whether a name that is mentioned inside `scopes` is the module's: no function around has one of its own.

    What a class binds is seen in its body only, not in its methods.
    """
    for depth, scope in enumerate(reversed(scopes)):
        if name in scope.outside:
            return True
        if name in scope.names and not (scope.is_class and depth):
            return False
    return True


def _parameters(node: Function) -> list[ast.arg]:
    given = node.args
    stars = [parameter for parameter in (given.vararg, given.kwarg) if parameter is not None]
    return [*given.posonlyargs, *given.args, *given.kwonlyargs, *stars]


def _function_scope(node: Function) -> _Scope:
    names = {parameter.arg for parameter in _parameters(node)}
    if isinstance(node, ast.Lambda):
        return _Scope(names=names | {m.name for m in _block_bindings([node.body])})
    scope = _block_scope(node.body)
    scope.names |= names
    return scope


def _block_scope(body: Iterable[ast.AST], *, is_class: bool = False) -> _Scope:
    """The scope of a function's or a class's body, its parameters aside."""
    bound: set[str] = set()
    outside: set[str] = set()
    for mention in _block_bindings(body):
        (outside if isinstance(mention.node, ast.Global) else bound).add(mention.name)
    return _Scope(names=bound - outside, outside=outside, is_class=is_class)


def _block_bindings(nodes: Iterable[ast.AST]) -> Iterator[Mention]:
    """What is bound in a block, not looking into the scopes that it opens (but for `:=` in its comprehensions)."""
    for node in nodes:
        yield from _bindings(node)
        if isinstance(node, COMPREHENSIONS):
            inside = [part for part in ast.walk(node) if isinstance(part, ast.NamedExpr)]
            yield from _block_bindings(part.target for part in inside)
        elif isinstance(node, FUNCTIONS):
            yield from _block_bindings([*node.args.defaults, *(d for d in node.args.kw_defaults if d is not None)])
        elif not isinstance(node, ast.ClassDef):
            yield from _block_bindings(ast.iter_child_nodes(node))


def _bindings(node: ast.AST) -> Iterator[Mention]:
    """The names that a node itself binds, or declares to be another scope's."""
    if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
        yield Mention(node, node.id, True)
    elif isinstance(node, NAMED) and node.name is not None:
        yield Mention(node, node.name, True)
    elif isinstance(node, ast.MatchMapping) and node.rest is not None:
        yield Mention(node, node.rest, True)
    elif isinstance(node, (ast.Import, ast.ImportFrom)):
        for alias in node.names:
            yield Mention(alias, (alias.asname or alias.name).split(".")[0], True)
    elif isinstance(node, (ast.Global, ast.Nonlocal)):
        for place, name in enumerate(node.names):
            yield Mention(node, name, True, place)
