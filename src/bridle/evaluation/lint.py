"""What speaks against a harness before it is measured: its source, read without running it.

    authority           a name or a text speaks of roles, permissions or approvers, or it looks at who is asking
    copied-text         it decides by words that somebody wrote in an observation, or by an id of one scenario
    unnamed-rule        a rule that no code names
    no-counterexample   a rule of a harness that cites counterexamples, without one
    never-exercised     (in an environment) a rule that came up in no call and after no error
    only-refuses-legal  (in an environment) a rule that stopped applicable calls and not one that was not

Docstrings and comments decide nothing and are not looked at, but for the counterexamples that comments cite.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bridle.errors import HarnessFault, UsageError
from bridle.harness import Harness
from bridle.runtime.verdict import rules_of

KINDS = (
    "authority",
    "copied-text",
    "unnamed-rule",
    "no-counterexample",
    "never-exercised",
    "only-refuses-legal",
)
"""The kinds of findings, as above."""

STEMS = (
    "role",
    "permission",
    "permit",
    "privilege",
    "approver",
    "authori",
    "entitle",
    "grant",
    "owner",
    "principal",
    "credential",
    "clearance",
    "acl",
    "superuser",
    "admin",
    "supervisor",
    "allowed",
    "forbidden",
)
"""The beginnings of words that speak of authority."""

WHOLE = frozenset(("manager", "managers", "boss", "actor", "actors", "rights"))
"""Words that speak of authority as they are."""

PROSE = 3
"""Words from which on a text that a harness compares with is somebody's sentence, and no value."""

READERS = frozenset(
    ("startswith", "endswith", "find", "index", "count", "match", "search", "fullmatch", "findall", "finditer", "split")
)
"""Methods and functions by which code looks for a text in another."""

_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_ID = re.compile(r"(?<![\w-])[A-Za-z]{1,8}[-_][0-9]{2,}(?![\w-])")
_CITED = re.compile(r"\b(c-[0-9a-f]{6,}|seen [0-9]+ times|counterexamples?)\b")


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that speaks against the harness: where, which of its rules it concerns, and what to write instead."""

    kind: str
    line: int
    message: str
    instead: str
    rule: str = ""

    def record(self) -> dict[str, Any]:
        """As a JSON object."""
        return dict(vars(self))


def lint(harness: Harness) -> list[Finding]:
    """What its source shows, by line.

    Raises:
        UsageError: the source is no Python or has no readable `RULES`, or it plays a game: there sentences have to be
            read, roles are part of the play, and nobody is authorised.
    """
    if harness.contract.name != "tool-call":
        raise UsageError("Only harnesses of tool calls are looked at; one for text actions has no rules.")
    try:
        module = ast.parse(harness.source)
        rules = rules_of(harness)
    except (SyntaxError, ValueError, HarnessFault) as error:
        raise UsageError(f"The harness can't be read ({error}); mend it before it is looked at closely.") from None
    lines = rule_lines(module)
    found = [*_authority(module), *_copied(module)]
    found += [*_unnamed(module, rules, lines), *_uncited(harness.source, rules, lines)]
    return sorted(found, key=lambda finding: (finding.line, finding.kind, finding.message))


def rule_lines(module: ast.Module) -> dict[str, int]:
    """The line of each rule's id in `RULES`."""
    return {
        key.value: key.lineno
        for node in _rules(module)
        for key in node.keys
        if isinstance(key, ast.Constant) and isinstance(key.value, str)
    }


def _rules(module: ast.Module) -> Iterator[ast.Dict]:
    for node in module.body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Dict):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(isinstance(target, ast.Name) and target.id == "RULES" for target in targets):
                yield node.value


# --- authority --------------------------------------------------------------------------------------------------------


def _authority(module: ast.Module) -> Iterator[Finding]:
    told: set[tuple[int, str]] = set()
    looked = [(line, name, authority_word(name, read=False)) for line, name in _names(module)]
    looked += [(line, text, authority_word(text)) for line, text in _texts(module)]
    for line, text, word in looked:
        if word and (line, word) not in told:
            told.add((line, word))
            yield Finding(
                kind="authority",
                line=line,
                message=f"It speaks of authority: {word!r} in {text[:60]!r}.",
                instead="Leave it to the policy engine; decide by the state of things and the form of the call.",
            )
    for node in ast.walk(module):
        if _reads_me(node):
            yield Finding(
                kind="authority",
                line=getattr(node, "lineno", 1),
                message="It looks at who is asking (the view's `me`).",
                instead="Decide the same for everybody; the policy engine knows who asks.",
            )


def authority_word(text: str, *, read: bool = True) -> str:
    """The first word of authority in a name or a text; empty where there is none.

    A name that says who did something (`approved_by`) is one too, where it is `read` of what the view shows and not
    the code's own (`shown_by`); in a sentence, "by" says nothing.
    """
    words: list[str] = [word.lower() for word in _WORDS.findall(text)]
    for word in words:
        if word.startswith(STEMS) or word in WHOLE:
            return word
    name = read and " " not in text.strip()
    return text if name and len(words) > 1 and words[-1] == "by" else ""


def _names(module: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(module):
        if isinstance(node, ast.Name):
            yield node.lineno, node.id
        elif isinstance(node, ast.Attribute):
            yield node.lineno, node.attr
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.lineno, node.name


def _texts(module: ast.Module) -> Iterator[tuple[int, str]]:
    """Every text of the code but docstrings."""
    silent = _docstrings(module)
    for node in ast.walk(module):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in silent:
            yield node.lineno, node.value


def _docstrings(module: ast.Module) -> set[int]:
    """The constants that stand for themselves: docstrings."""
    alone = [node.value for node in ast.walk(module) if isinstance(node, ast.Expr)]
    return {id(value) for value in alone if isinstance(value, ast.Constant)}


def _reads_me(node: ast.AST) -> bool:
    key: ast.expr | None = None
    if isinstance(node, ast.Subscript):
        key = node.slice
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get" and node.args:
        key = node.args[0]
    return isinstance(key, ast.Constant) and key.value == "me"


# --- copied texts -----------------------------------------------------------------------------------------------------


def _copied(module: ast.Module) -> Iterator[Finding]:
    for line, text in dict.fromkeys(_triggers(module)):
        if len(text.split()) >= PROSE:
            yield Finding(
                kind="copied-text",
                line=line,
                message=f"It decides by a sentence: {text[:60]!r}.",
                instead="Decide by an error's class, a state or a declared value: a sentence is reworded some day, "
                "and anybody may plant it.",
            )
    for line, text in dict.fromkeys(_texts(module)):
        if (found := _ID.search(text)) and found[0] == text:
            yield Finding(
                kind="copied-text",
                line=line,
                message=f"It knows a single thing by its id: {text!r}.",
                instead="Take ids from the view; another scenario has others.",
            )


def triggers(harness: Harness) -> list[tuple[int, str]]:
    """(line, text) of each text that the code compares with, or looks for in another."""
    return list(dict.fromkeys(_triggers(ast.parse(harness.source))))


def _triggers(module: ast.Module) -> Iterator[tuple[int, str]]:
    tables = _tables(module)
    for node in ast.walk(module):
        operands: list[ast.expr] = []
        if isinstance(node, ast.Compare):
            operands = [node.left, *node.comparators]
        elif isinstance(node, ast.Call) and _called(node) in READERS:
            operands = list(node.args)
        for operand in operands:
            named = tables.get(operand.id) if isinstance(operand, ast.Name) else None
            yield from _constants(operand if named is None else named)


def _tables(module: ast.Module) -> dict[str, ast.expr]:
    """Module-level names and what they stand for: a sentence in a table is compared with as well."""
    found: dict[str, ast.expr] = {}
    for node in module.body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                if isinstance(target, ast.Name) and target.id != "RULES":
                    found[target.id] = node.value
    return found


def _constants(node: ast.expr) -> Iterator[tuple[int, str]]:
    """The texts that an operand is, or holds; the keys of a dict and not its values."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.lineno, node.value
    elif isinstance(node, ast.Tuple | ast.List | ast.Set):
        for element in node.elts:
            yield from _constants(element)
    elif isinstance(node, ast.Dict):
        for key in node.keys:
            if key is not None:
                yield from _constants(key)


def _called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else str(getattr(node.func, "id", ""))


# --- rules ------------------------------------------------------------------------------------------------------------


def _unnamed(module: ast.Module, rules: Mapping[str, str], lines: Mapping[str, int]) -> Iterator[Finding]:
    inside = {id(node) for table in _rules(module) for node in ast.walk(table)}
    named: set[str] = set()
    pieces: set[str] = set()
    for node in ast.walk(module):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inside:
            named.add(node.value)
        if isinstance(node, ast.JoinedStr | ast.BinOp):
            pieces |= {
                part.value
                for part in ast.walk(node)
                if isinstance(part, ast.Constant) and isinstance(part.value, str) and part.value
            }
    for rule in rules:
        put_together = any(rule.startswith(piece) or rule.endswith(piece) for piece in pieces if piece != rule)
        if rule not in named and not put_together:
            yield Finding(
                kind="unnamed-rule",
                line=lines.get(rule, 1),
                rule=rule,
                message="No code names this rule.",
                instead="Take it out of RULES, or name it in the verdict that it stands for.",
            )


def _uncited(source: str, rules: Mapping[str, str], lines: Mapping[str, int]) -> Iterator[Finding]:
    """Rules without counterexamples, in a harness that cites them in comments: `# rule: c-8c7a493b, …`."""
    comments = list(_comments(source))
    cited = {rule for rule in rules if any(_cites(rule, text, below) for text, below in comments)}
    for rule in rules if cited else ():
        if rule not in cited:
            yield Finding(
                kind="no-counterexample",
                line=lines.get(rule, 1),
                rule=rule,
                message="This rule cites no counterexample, and others do.",
                instead="Cite what it stands on above its code, or take it out.",
            )


def _comments(source: str) -> Iterator[tuple[str, str]]:
    """Each block of comment lines, and the line of code right below it."""
    block: list[str] = []
    for line in [*source.split("\n"), ""]:
        if line.strip().startswith("#"):
            block.append(line.strip().lstrip("# "))
        elif block:
            yield " ".join(block), line
            block = []


def _cites(rule: str, text: str, below: str) -> bool:
    """Whether a comment says what this rule stands on: it begins with the rule's id, or stands above its name."""
    concerns = text.startswith(f"{rule}:") or re.search(rf"[\"']{re.escape(rule)}[\"']", below)
    return bool(concerns and _CITED.search(text))
