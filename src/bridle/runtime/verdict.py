"""What a harness may answer under `tool-call`, and nothing else. There is no "allow".

`review_call(view, call)`:

    {"verdict": "accept"}
    {"verdict": "rewrite",  "rule": id, "call": {"tool": …, "arguments": {…}}}
    {"verdict": "reject",   "rule": id, "code": word, "hint": sentence, "try_again": bool}
    {"verdict": "escalate", "rule": id, "to": whom, "missing": [what, …]}

`on_error(view, call, error)`, with `error` = `{"class": …, "message": …}`:

    {"verdict": "retry",    "rule": id, "after": n}              n further steps of the agent; 0 is at once
    {"verdict": "revise",   "rule": id, "hint": sentence}        and, where it knows one, the better "call"
    {"verdict": "give_up",  "rule": id, "hint": sentence}
    {"verdict": "escalate", "rule": id, "to": whom, "missing": [what, …]}

Every rule id is one of the harness's `RULES`. An answer of another shape is nonsense, and nonsense is a failure of the
harness: it accepts nothing.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from bridle.errors import Blame, Failure, HarnessFault
from bridle.harness import Harness

LONGEST_TEXT = 2000
"""Characters of a hint, a code or an addressee; longer ones are nonsense."""

LONGEST_WAIT = 1000
"""Steps that a retry may ask to wait."""

Word: TypeAlias = Literal["accept", "rewrite", "reject", "escalate", "retry", "revise", "give_up"]


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """A harness's word on a call, or on a call's error. Fields that its word does not have are empty."""

    word: Word
    rule: str = ""
    call: Mapping[str, Any] | None = None
    code: str = ""
    hint: str = ""
    try_again: bool = True
    to: str = ""
    missing: tuple[str, ...] = ()
    after: int = 0


ACCEPT = Verdict(word="accept")

_Check: TypeAlias = Callable[[Any], bool]


def _text(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= LONGEST_TEXT


def _texts(value: Any) -> bool:
    return isinstance(value, list) and len(value) <= 100 and all(_text(item) for item in value)


def _call(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and value.keys() == {"tool", "arguments"}
        and isinstance(value["tool"], str)
        and isinstance(value["arguments"], dict)
    )


def _flag(value: Any) -> bool:
    return isinstance(value, bool)


def _wait(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LONGEST_WAIT


_ESCALATE: dict[str, _Check] = {"to": _text, "missing": _texts}
_REVIEW: dict[Word, dict[str, _Check]] = {
    "accept": {},
    "rewrite": {"call": _call},
    "reject": {"code": _text, "hint": _text, "try_again": _flag},
    "escalate": _ESCALATE,
}
_RECOVERY: dict[Word, dict[str, _Check]] = {
    "retry": {"after": _wait},
    "revise": {"hint": _text},
    "give_up": {"hint": _text},
    "escalate": _ESCALATE,
}
_OPTIONAL: dict[Word, dict[str, _Check]] = {"revise": {"call": _call}}


def review_verdict(reply: Any, rules: Mapping[str, str]) -> Verdict | Failure:
    """The verdict that `review_call` answered, or the failure that its answer is."""
    return _parsed(reply, rules, _REVIEW, "review_call")


def recovery_verdict(reply: Any, rules: Mapping[str, str]) -> Verdict | Failure:
    """The verdict that `on_error` answered, or the failure that its answer is."""
    return _parsed(reply, rules, _RECOVERY, "on_error")


def _parsed(
    reply: Any, rules: Mapping[str, str], words: dict[Word, dict[str, _Check]], function: str
) -> Verdict | Failure:
    if not isinstance(reply, dict):
        return _nonsense(f"{function} answered {type(reply).__name__}, not an object")
    word = reply.get("verdict")
    if not isinstance(word, str) or word not in words:
        return _nonsense(f"{function} answered the verdict {_quoted(word)}; it has {', '.join(words)}")
    fields = dict(words[word])
    if word != "accept":
        if not isinstance(rule := reply.get("rule"), str) or rule not in rules:
            return _nonsense(f"{function} answered {word} by the rule {_quoted(rule)}, which is not in RULES")
        fields["rule"] = _text
    fields |= {name: check for name, check in _OPTIONAL.get(word, {}).items() if name in reply}
    given = {name: value for name, value in reply.items() if name != "verdict"}
    if given.keys() != fields.keys():
        wanted = ", ".join(sorted(fields)) or "nothing else"
        return _nonsense(f"{function} answered {word} with {_quoted(sorted(map(str, given)))}; it takes {wanted}")
    for name, check in fields.items():
        if not check(given[name]):
            return _nonsense(f"{function} answered {word} with an unusable {name}: {_quoted(given[name])}")
    if "missing" in given:
        given["missing"] = tuple(given["missing"])
    return Verdict(word=word, **given)


def rules_of(harness: Harness) -> dict[str, str]:
    """The harness's `RULES`, read from its source without running it.

    Raises:
        HarnessFault: there is no `RULES`, or it is not a literal from ids to sentences.
    """
    try:
        module = ast.parse(harness.source)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise HarnessFault(Failure(blame=Blame.HARNESS, kind="static", message=f"does not parse: {error}")) from None
    rules: Any = None
    line: int | None = None
    for node in module.body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(isinstance(target, ast.Name) and target.id == "RULES" for target in targets):
                line, rules = node.lineno, _literal(node.value)
    if not isinstance(rules, dict) or not all(isinstance(t, str) for pair in rules.items() for t in pair):
        raise HarnessFault(
            Failure(
                blame=Blame.HARNESS,
                kind="static",
                message="RULES has to be a literal dict at the top of the module, from each rule's id to its sentence",
                line=line,
            )
        )
    return rules


def defines(harness: Harness, function: str) -> bool:
    """Whether the harness's module defines this function at its top level, read from its source."""
    module = ast.parse(harness.source)
    return any(isinstance(node, ast.FunctionDef) and node.name == function for node in module.body)


def _literal(node: Any) -> Any:
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None


def _nonsense(message: str) -> Failure:
    return Failure(blame=Blame.HARNESS, kind="reply", message=message)


def _quoted(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 100 else f"{text[:100]}…"
