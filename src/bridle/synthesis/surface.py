"""The narrow write surface: only the functions in scope are taken from a refiner's answer.

Enforced on the syntax tree. What a frozen function uses stays as it was; a helper of the answer that has the same name
as a kept one and another body is renamed, in the answer's code only.
"""

from __future__ import annotations

import ast
import copy
from dataclasses import dataclass

from bridle.harness import digest


@dataclass(frozen=True)
class Statement:
    """One top-level statement: the names it defines and the names it uses."""

    node: ast.stmt
    defines: frozenset[str]
    uses: frozenset[str]

    @property
    def text(self) -> str:
        """Its normalised text."""
        return ast.unparse(self.node)


def program_digest(source: str) -> str:
    """The digest of the normalised syntax tree.

    Layout, comments, docstrings and the order of functions and imports make no other program.

    Raises:
        SyntaxError: the source is no Python.
    """
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.Module)) and ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]
    movable, rest = [], []
    for statement in tree.body:
        if (
            isinstance(statement, ast.FunctionDef) and not (statement.args.defaults or statement.decorator_list)
        ) or isinstance(statement, (ast.Import, ast.ImportFrom)):
            movable.append(ast.unparse(statement))
        else:
            rest.append(ast.unparse(statement))
    return digest([sorted(movable), rest])


def merge(parent: str, answer: str, *, scope: tuple[str, ...], functions: tuple[str, ...]) -> str:
    """The parent's module with the functions in `scope`, and what they need, taken from `answer`.

    `functions` are the contract's. With everything in scope the answer is taken as it is.

    Raises:
        SyntaxError: the answer is no Python.
        KeyError: the answer lacks a function in scope that the parent has; its name.
    """
    ours, theirs = statements(parent), statements(answer)
    defined = {name for statement in theirs for name in statement.defines}
    for name in scope:
        if name not in defined and any(name in statement.defines for statement in ours):
            raise KeyError(name)
    frozen = {name for name in functions if name not in scope and any(name in s.defines for s in ours)}
    if not frozen:
        return answer
    kept = reachable(ours, frozen)
    taken = reachable(theirs, {name for name in scope if name in defined} | (defined & {"RULES"}))
    names = {name for statement in kept for name in statement.defines}
    texts = {statement.text for statement in kept}
    taken = [statement for statement in taken if statement.text not in texts and not statement.defines & frozen]
    clashes = {name for statement in taken for name in statement.defines if name in names}
    renames = {name: fresh(name, names | defined) for name in sorted(clashes)}
    body = [statement.node for statement in kept] + [renamed(statement.node, renames) for statement in taken]
    body.sort(key=lambda node: not isinstance(node, (ast.Import, ast.ImportFrom)))
    return ast.unparse(ast.fix_missing_locations(ast.Module(body=body, type_ignores=[]))) + "\n"


def statements(source: str) -> list[Statement]:
    """The top-level statements of a module, each with what it defines and uses."""
    found = []
    for node in ast.parse(source).body:
        names = [n for n in ast.walk(node) if isinstance(n, ast.Name)]
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            defines = {node.name}
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            defines = {(alias.asname or alias.name).split(".")[0] for alias in node.names}
        else:
            defines = {n.id for n in names if isinstance(n.ctx, ast.Store)}
        uses = {n.id for n in names if isinstance(n.ctx, ast.Load)}
        found.append(Statement(node, frozenset(defines), frozenset(uses)))
    return found


def reachable(module: list[Statement], names: set[str]) -> list[Statement]:
    """The statements that define `names`, or anything that these use, in the module's order."""
    wanted, grown = set(names), True
    while grown:
        before = len(wanted)
        for statement in module:
            if statement.defines & wanted:
                wanted |= statement.uses | statement.defines
        grown = len(wanted) > before
    return [statement for statement in module if statement.defines & wanted]


def fresh(name: str, taken: set[str]) -> str:
    """`name_2`, or the next number that nothing has."""
    number = 2
    while f"{name}_{number}" in taken:
        number += 1
    return f"{name}_{number}"


def renamed(node: ast.stmt, renames: dict[str, str]) -> ast.stmt:
    """A copy of the statement with names replaced, definitions and imports included."""
    node = copy.deepcopy(node)
    for inner in ast.walk(node):
        if isinstance(inner, ast.Name):
            inner.id = renames.get(inner.id, inner.id)
        elif isinstance(inner, (ast.FunctionDef, ast.ClassDef)):
            inner.name = renames.get(inner.name, inner.name)
        elif isinstance(inner, ast.alias):
            bound = inner.asname or inner.name
            if bound in renames:
                inner.asname = renames[bound]
        elif isinstance(inner, (ast.Global, ast.Nonlocal)):
            inner.names = [renames.get(name, name) for name in inner.names]
    return node
