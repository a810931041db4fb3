"""The narrow write surface: only the functions in scope are taken from a refiner's answer.

Enforced on the syntax tree. A frozen function, and what it uses, keeps its text: a helper of the answer that has the
name of a kept one and means something else is renamed, in the answer's code only. The functions of the contract are no
helpers: a frozen one that calls one in scope calls the new one from now on.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bridle.harness import digest
from bridle.synthesis.names import mentions, renamed

IMPORTS = (ast.Import, ast.ImportFrom)


@dataclass(frozen=True, kw_only=True)
class Statement:
    """One top-level statement (of an import, one name): its source, and the module's names that it binds and reads.

    `meaning` is its normalised text. `module` is the package that a plain `import package.module` binds.
    """

    node: ast.stmt
    source: str
    meaning: str
    defines: frozenset[str]
    uses: frozenset[str]
    module: str = ""


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
    tree.body = [part for node in tree.body for part in _apart(node)]
    texts = [ast.unparse(node) for node in tree.body]
    if all(count == 1 for count in Counter(name for s in statements(source) for name in {*s.defines}).values()):
        # With every name bound once, and before it is used or the module would not load, this order says nothing.
        movable = sorted(text for node, text in zip(tree.body, texts, strict=True) if _movable(node))
        texts = [*movable, *(text for node, text in zip(tree.body, texts, strict=True) if not _movable(node))]
    return digest(texts)


def _apart(node: ast.stmt) -> list[ast.stmt]:
    """An import of several names as several imports; anything else as it is."""
    if isinstance(node, ast.Import):
        return [ast.Import(names=[alias]) for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return [ast.ImportFrom(module=node.module, names=[alias], level=node.level) for alias in node.names]
    return [node]


def _movable(node: ast.stmt) -> bool:
    """Whether a statement computes nothing when the module is loaded."""
    if isinstance(node, ast.FunctionDef):
        return not (node.args.defaults or any(node.args.kw_defaults) or node.decorator_list)
    return isinstance(node, IMPORTS)


def merge(parent: str, answer: str, *, scope: tuple[str, ...], functions: tuple[str, ...]) -> str:
    """The parent's module with the functions in `scope`, and what they need, taken from `answer`.

    `functions` are the contract's. With everything in scope the answer is taken as it is.

    Raises:
        SyntaxError, ValueError, RecursionError, MemoryError: the answer can't be parsed.
        KeyError: the answer lacks a function in scope that the parent has; its name.
    """
    ours, theirs = statements(parent), statements(answer)
    for name in scope:
        if not defining(theirs, name) and defining(ours, name):
            raise KeyError(name)
    frozen = {name for name in functions if name not in scope and defining(ours, name)}
    if not frozen:
        return answer
    kept = reachable([s for s in ours if not s.defines & {*scope}], frozen)
    taken = reachable([s for s in theirs if not s.defines & frozen], {*scope, "RULES"})
    shared = alike(kept, taken, contract={*functions})
    taken = [statement for statement in taken if statement.meaning not in shared]
    known = {name for statement in kept for name in statement.defines | statement.uses}
    clashes = {name for s in taken for name in s.defines & known if not (s.module and one_module(kept, name))}
    spelled = set(re.findall(r"\w+", parent + answer))
    renames = {name: fresh(name, spelled) for name in sorted(clashes - {*scope})}
    future = [s for s in (*ours, *theirs) if s.meaning.startswith("from __future__ ")]
    return written([*future, *kept, *taken], {id(statement): renames for statement in taken})


def statements(source: str) -> list[Statement]:
    """The top-level statements of a module."""
    found: list[Statement] = []
    body = ast.parse(source).body
    modules = {mention.name for node in body if isinstance(node, IMPORTS) for mention in mentions(node)}
    for node in body:
        if isinstance(node, IMPORTS):
            found += [_imported(node, alias) for alias in node.names]
            continue
        text = None if getattr(node, "decorator_list", None) else ast.get_source_segment(source, node)
        found.append(_statement(node, text, changed=_changed(node) - modules))
    return found


def _imported(node: ast.Import | ast.ImportFrom, alias: ast.alias) -> Statement:
    """The import of one name."""
    if isinstance(node, ast.ImportFrom):
        return _statement(ast.ImportFrom(module=node.module, names=[alias], level=node.level))
    return _statement(ast.Import(names=[alias]), module="" if alias.asname else alias.name.split(".")[0])


def _statement(
    node: ast.stmt, source: str | None = None, *, changed: Iterable[str] = (), module: str = ""
) -> Statement:
    found, meaning = mentions(node), ast.unparse(node)
    return Statement(
        node=node,
        source=source or meaning,
        meaning=meaning,
        defines=frozenset({mention.name for mention in found if mention.binds}.union(changed)),
        uses=frozenset(mention.name for mention in found if not mention.binds),
        module=module,
    )


def _changed(node: ast.stmt) -> set[str]:
    """The names whose values a statement may change without binding them.

    `TABLE["a"] = 1` and `_ = TABLE.update(a=1)` are part of what `TABLE` is.
    """
    if not isinstance(node, (ast.Assign, ast.AnnAssign)):
        return set()
    found = set()
    for part in ast.walk(node):
        stored = isinstance(part, (ast.Subscript, ast.Attribute)) and isinstance(part.ctx, ast.Store)
        owner = part if stored else part.func if isinstance(part, ast.Call) else None
        while isinstance(owner, (ast.Subscript, ast.Attribute)):
            owner = owner.value
            if isinstance(owner, ast.Name):
                found.add(owner.id)
    return found


def defining(module: Iterable[Statement], name: str) -> list[Statement]:
    """The statements that define a name, in order."""
    return [statement for statement in module if name in statement.defines]


def reachable(module: Sequence[Statement], names: set[str]) -> list[Statement]:
    """The statements that define `names`, or anything that these use, in the module's order."""
    wanted, grown = set(names), True
    while grown:
        before = len(wanted)
        for statement in module:
            if statement.defines & wanted:
                wanted |= statement.uses | statement.defines
        grown = len(wanted) > before
    return [statement for statement in module if statement.defines & wanted]


def alike(kept: Sequence[Statement], taken: Sequence[Statement], *, contract: set[str]) -> set[str]:
    """The meanings of the taken statements that the kept ones can stand for.

    The same text is not enough: whatever it uses must be the same too. The contract's functions are, on both sides.
    """
    same = {statement.meaning for statement in kept} & {statement.meaning for statement in taken}
    while True:
        differing = {
            statement.meaning
            for statement in taken
            if statement.meaning in same
            and not all(_agree(kept, taken, name, same) for name in (statement.uses | statement.defines) - contract)
        }
        if not differing:
            return same
        same -= differing


def _agree(kept: Sequence[Statement], taken: Sequence[Statement], name: str, same: set[str]) -> bool:
    """Whether a name stands for the same in both."""
    if one_module([*kept, *taken], name):
        return bool(defining(kept, name)) and bool(defining(taken, name))
    ours = [statement.meaning for statement in defining(kept, name)]
    return ours == [statement.meaning for statement in defining(taken, name)] and same.issuperset(ours)


def one_module(module: Iterable[Statement], name: str) -> bool:
    """Whether a name is defined, and by plain imports alone: they all bind the same package."""
    found = defining(module, name)
    return bool(found) and all(statement.module == name for statement in found)


def fresh(name: str, taken: set[str]) -> str:
    """`name_2`, or the next number that nothing has."""
    number = 2
    while f"{name}_{number}" in taken:
        number += 1
    return f"{name}_{number}"


def written(module: Sequence[Statement], renames: dict[int, dict[str, str]]) -> str:
    """The statements as a module, imports first; those with names to replace are written anew, others as they are."""
    imports: list[str] = []
    rest: list[tuple[bool, str]] = []
    for statement in module:
        names = renames.get(id(statement), {})
        text = statement.source
        if names.keys() & (statement.defines | statement.uses):
            text = ast.unparse(ast.fix_missing_locations(renamed(statement.node, names)))
        if isinstance(statement.node, IMPORTS):
            imports.append(text)
        else:
            rest.append((isinstance(statement.node, (ast.Assign, ast.AnnAssign)), text))
    lines = list(dict.fromkeys(imports))
    before = True
    for number, (simple, text) in enumerate(rest):
        gap = "" if simple and before and number else "\n" if simple and before else "\n\n"
        lines.append(gap + text if lines else text)
        before = simple
    return "\n".join(lines) + "\n"
