"""Reading a harness's source without running it: the rules of the static gate.

Each finding names a line, a rule and what to write instead. A worker runs this on the source it is given, because the
parser too can be attacked: standard library only.
"""

from __future__ import annotations

import ast
import re
import sys
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

MAX_FINDINGS = 12
"""Findings that are told; the rest are counted."""

FORBIDDEN = {
    "open": "a harness has no files; keep data in module constants",
    "exec": "write the code out",
    "eval": "use int(), float() or json.loads on the text",
    "compile": "write the code out",
    "input": "everything a function may know is in its arguments",
    "breakpoint": "leave it out",
    "globals": "name the constant directly",
    "locals": "name the variable directly",
    "vars": "name the attribute directly",
    "id": "compare values; addresses differ from run to run",
    "exit": "return a value",
    "quit": "return a value",
    "help": "leave it out",
}
"""Builtins that a harness must not name, and what to do instead."""

FRAMES = frozenset((
    "gi_frame", "gi_code", "cr_frame", "ag_frame", "tb_frame", "tb_next", "f_back", "f_globals", "f_locals",
    "f_builtins", "f_code", "co_code", "co_consts",
))  # fmt: skip
CLOCKS = frozenset(("now", "today", "utcnow"))
UNSEEDED = frozenset(("Random", "default_rng", "RandomState", "SeedSequence"))
NUMPY_FILES = frozenset((
    "load", "loadtxt", "genfromtxt", "fromfile", "fromregex", "memmap", "save", "savez", "savez_compressed",
    "savetxt", "tofile", "DataSource", "ctypeslib", "f2py", "testing", "distutils", "show_config", "open_memmap",
))  # fmt: skip
DUNDER = re.compile(r"__[a-zA-Z][a-zA-Z0-9_]*__")
DUNDERS_CALLED = frozenset(("__init__", "__post_init__"))
"""The dunder attributes that ordinary code needs: those of a base class's initialiser."""


class Finding(NamedTuple):
    """One objection: where, which rule, and the sentence with what to write instead."""

    line: int
    rule: str
    message: str

    def __str__(self) -> str:
        return f"line {self.line} [{self.rule}] {self.message}"


class Function(NamedTuple):
    """A function of the contract, as the gate and the worker need it. `result` is `text`, `bool` or `json`."""

    name: str
    parameters: tuple[str, ...]
    result: str
    required: bool


@dataclass(frozen=True, kw_only=True)
class Demands:
    """What a source is held against. `rules`: it must define `RULES`, a literal dict of str to str."""

    functions: Sequence[Function]
    imports: frozenset[str]
    source_bytes: int
    rules: bool = False


@dataclass(frozen=True, kw_only=True)
class Analysis:
    """What the gate read in a source: its findings, its rules, and which random generators it uses."""

    findings: tuple[Finding, ...] = ()
    rules: dict[str, str] = field(default_factory=dict)
    uses_random: bool = False
    uses_numpy_random: bool = False


def render(findings: Sequence[Finding]) -> str:
    """The findings as lines of text, the first `MAX_FINDINGS` of them."""
    lines = [str(finding) for finding in findings[:MAX_FINDINGS]]
    if len(findings) > MAX_FINDINGS:
        lines.append(f"and {len(findings) - MAX_FINDINGS} more")
    return "\n".join(lines)


def analyse(source: str, demands: Demands) -> Analysis:
    """Hold the source against the demands. Never raises for what the source contains."""
    try:
        size = len(source.encode())
    except UnicodeEncodeError:
        return Analysis(findings=(Finding(1, "syntax", "the source is not valid Unicode; write plain text"),))
    if size > demands.source_bytes:
        message = f"the source has {size} bytes, more than {demands.source_bytes}; make it shorter"
        return Analysis(findings=(Finding(1, "size", message),))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an odd escape in a string is nobody's concern but its author's
            tree = ast.parse(source)
    except SyntaxError as error:
        return Analysis(findings=(Finding(error.lineno or 1, "syntax", f"{error.msg}; write valid Python"),))
    except ValueError as error:
        return Analysis(findings=(Finding(1, "syntax", f"{error}; write valid Python"),))
    except (RecursionError, MemoryError):
        return Analysis(findings=(Finding(1, "syntax", "the code is nested too deeply; write it flatter"),))
    visitor = _Visitor(demands)
    try:
        visitor.visit(tree)
    except RecursionError:
        return Analysis(findings=(Finding(1, "syntax", "the code is nested too deeply; write it flatter"),))
    findings = [*visitor.findings, *_signatures(tree, demands.functions), *_top_level(tree)]
    rules, objections = read_rules(tree) if demands.rules else ({}, [])
    return Analysis(
        findings=tuple(sorted({*findings, *objections})),
        rules=rules,
        uses_random="random" in visitor.modules.values(),
        uses_numpy_random=visitor.numpy_random,
    )


class _Visitor(ast.NodeVisitor):
    """One walk over the tree: imports, names, attributes, strings, clock and randomness."""

    def __init__(self, demands: Demands) -> None:
        self.demands = demands
        self.findings: list[Finding] = []
        self.modules: dict[str, str] = {}
        self.numpy_random = False
        self._docstrings: set[int] = set()
        self._own: set[str] = set()
        """Names that the source gives to things of its own, anywhere: a variable `open` is not the builtin."""

    def visit_Module(self, node: ast.Module) -> None:
        """Collect what later rules need to know of the whole module, then walk it."""
        for part in ast.walk(node):
            if isinstance(part, ast.Import):
                for alias in part.names:
                    self.modules[alias.asname or alias.name.partition(".")[0]] = alias.name
            elif isinstance(part, ast.ImportFrom) and part.module:
                self.modules.update({f"from {part.module}": part.module})
            elif isinstance(part, ast.Name) and not isinstance(part.ctx, ast.Load):
                self._own.add(part.id)
            elif isinstance(part, ast.arg):
                self._own.add(part.arg)
            elif isinstance(part, (ast.Module, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                self._own.add(getattr(part, "name", ""))
                first = part.body[0] if part.body else None
                if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                    self._docstrings.add(id(first.value))
        tops = {name.partition(".")[0] for name in self.modules.values()}
        self._numpy, self._datetime = "numpy" in tops, "datetime" in tops
        self.generic_visit(node)

    def _find(self, node: ast.AST, rule: str, message: str) -> None:
        self.findings.append(Finding(getattr(node, "lineno", 1), rule, message))

    def _import(self, node: ast.stmt, module: str) -> None:
        top = module.partition(".")[0]
        if top in self.demands.imports:
            self.numpy_random |= module.startswith("numpy.random")
            return
        if top in ("time", "sched"):
            self._find(node, "clock", f"`{top}` is not there: a harness has no clock; compute from the arguments alone")
        else:
            allowed = ", ".join(sorted(self.demands.imports - {"__future__"}))
            self._find(node, "import", f"`{top}` can't be imported; use only {allowed}")

    def visit_Import(self, node: ast.Import) -> None:
        """Only modules on the list."""
        for alias in node.names:
            self._import(node, alias.name)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        """Only modules on the list, named members, and no modules smuggled out of modules."""
        if node.level or not node.module:
            self._find(node, "import", "a harness is one module; there is nothing relative to import from")
            return
        self._import(node, node.module)
        for alias in node.names:
            if alias.name == "*":
                self._find(node, "import", f"name what you need from `{node.module}` instead of *")
            elif node.module != "__future__":
                self._member(node, node.module.partition(".")[0], alias.name)

    def _member(self, node: ast.AST, module: str, name: str) -> None:
        """A member of an imported module is named."""
        hidden = name.startswith("_") or (name in sys.stdlib_module_names and name not in self.demands.imports)
        if hidden and module in self.demands.imports:
            self._find(node, "import", f"`{module}.{name}` is not part of the module's interface; use its public names")
        if module == "numpy":
            self.numpy_random |= name == "random"
            if name in NUMPY_FILES:
                self._find(node, "file", f"numpy's `{name}` needs files; build the array from constants")
        if module == "random" and name in ("seed", "SystemRandom"):
            self._find(node, "random", f"leave `{name}` out: `random` is seeded before every call")

    def visit_Name(self, node: ast.Name) -> None:
        """No forbidden builtins, no dunders, no module as a value."""
        if node.id in self._own:
            return
        if node.id in FORBIDDEN:
            self._find(node, "name", f"`{node.id}` is not available; {FORBIDDEN[node.id]}")
        elif DUNDER.fullmatch(node.id) and node.id != "__name__":
            self._find(node, "dunder", f"`{node.id}` is not available; use ordinary names")
        elif node.id in self.modules:
            self._find(node, "module", f"the module `{node.id}` is used as a value; name the member you need")

    def visit_Attribute(self, node: ast.Attribute) -> None:
        """No dunders, frames or clocks; members of modules by their public names."""
        name = node.value.id if isinstance(node.value, ast.Name) else ""
        if name in self.modules and name not in self._own:
            self._member(node, self.modules[name].partition(".")[0], node.attr)
        else:
            self.visit(node.value)
            if self._numpy and node.attr in ("tofile", "dump"):
                self._find(node, "file", f"`{node.attr}` needs files; return the data instead")
        if DUNDER.fullmatch(node.attr) and node.attr not in DUNDERS_CALLED:
            self._find(node, "dunder", f"`.{node.attr}` is not available; use ordinary attributes")
        elif node.attr in FRAMES:
            self._find(node, "frame", f"`.{node.attr}` is not available; pass what you need as an argument")
        elif node.attr in CLOCKS and self._datetime:
            self._find(node, "clock", f"`.{node.attr}` reads the clock; compute from the arguments alone")

    def visit_Constant(self, node: ast.Constant) -> None:
        """No dunder names hidden in strings."""
        if not isinstance(node.value, str) or id(node) in self._docstrings or node.value == "__main__":
            return
        if m := DUNDER.search(node.value):
            self._find(node, "dunder", f"the string holds `{m.group()}`; leave such names out")

    def visit_Call(self, node: ast.Call) -> None:
        """Generators made without a seed, and attributes named at run time."""
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name in UNSEEDED and not node.args and not node.keywords:
            self._find(node, "random", f"`{name}()` without a seed differs from run to run; give it a number")
        elif name in ("getattr", "setattr", "delattr") and not any(isinstance(a, ast.Constant) for a in node.args[1:2]):
            self._find(node, "name", f"`{name}` needs a literal name; write the attribute out")
        self.generic_visit(node)

    def visit_Global(self, node: ast.Global) -> None:
        """No state between calls."""
        names = ", ".join(node.names)
        self._find(node, "state", f"`global {names}` keeps state between calls; compute from the arguments alone")


def _signatures(tree: ast.Module, functions: Sequence[Function]) -> Iterable[Finding]:
    """Every required function is defined once, with exactly its parameters."""
    defined = [node for node in tree.body if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]
    for function in functions:
        header = f"def {function.name}({', '.join(function.parameters)})"
        found = [node for node in defined if node.name == function.name]
        if not found:
            if function.required:
                yield Finding(1, "signature", f"`{function.name}` is missing; define `{header}` at the top level")
            continue
        for extra in found[1:]:
            yield Finding(extra.lineno, "signature", f"`{function.name}` is defined twice; keep one")
        node, given = found[0], found[0].args
        names = tuple(argument.arg for argument in (*given.posonlyargs, *given.args))
        plain = not (given.vararg or given.kwarg or given.kwonlyargs or given.defaults)
        if isinstance(node, ast.AsyncFunctionDef) or names != function.parameters or not plain:
            yield Finding(node.lineno, "signature", f"write exactly `{header}`")
        if any(isinstance(part, (ast.Yield, ast.YieldFrom)) for part in _own(node)):
            yield Finding(node.lineno, "signature", f"`{function.name}` must return its answer, not yield it")


def _own(node: ast.AST) -> Iterable[ast.AST]:
    """The nodes of a function, without those of functions inside it."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            yield child
            yield from _own(child)


def _top_level(tree: ast.Module) -> Iterable[Finding]:
    """Only imports, definitions and constants at the top level."""
    fine: tuple[type[ast.stmt], ...] = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef, ast.Pass)
    fine += (ast.Assign, ast.AnnAssign, ast.AugAssign, getattr(ast, "TypeAlias", ast.Pass))
    for node in tree.body:
        if isinstance(node, fine) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
            continue
        if isinstance(node, ast.If) and any(getattr(n, "id", "") == "__name__" for n in ast.walk(node.test)):
            message = "leave the `__main__` block out; only the contract's functions are called"
        elif isinstance(node, ast.AsyncFunctionDef):
            message = "nothing awaits; write a plain function"
        else:
            message = "only imports, functions, classes and constants at the top level; move this into a function"
        yield Finding(node.lineno, "top-level", message)


def read_rules(tree: ast.Module) -> tuple[dict[str, str], list[Finding]]:
    """The module's `RULES`, read without running anything."""
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else []
        if isinstance(node, ast.AnnAssign):
            targets = [node.target]
        if not any(isinstance(target, ast.Name) and target.id == "RULES" for target in targets):
            continue
        assert isinstance(node, (ast.Assign, ast.AnnAssign))
        try:
            value = None if node.value is None else ast.literal_eval(node.value)
        except (ValueError, TypeError, RecursionError, MemoryError):
            value = None
        if isinstance(value, dict) and all(isinstance(x, str) for pair in value.items() for x in pair):
            return value, []
        return {}, [Finding(node.lineno, "rules", "write `RULES` as a literal dict of rule id to sentence")]
    return {}, [Finding(1, "rules", "`RULES` is missing; define `RULES: dict[str, str] = {...}` at the top level")]
