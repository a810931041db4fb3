"""From a rulebook to a harness: Python that a reviewer can read rule by rule.

Each rule is a block of its own, under a comment that says what it stands on. The functions that read views and forms
are taken from `helpers`, text for text, and only those that are needed.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import groupby
from textwrap import fill, indent

from bridle.harness import TOOL_CALL, Harness
from bridle.synthesis.learner import helpers
from bridle.synthesis.learner.condition import Condition
from bridle.synthesis.learner.premise import Given
from bridle.synthesis.learner.rule import STATEFUL, LeftOut, Recovery, Rule, Rulebook, Spelling, Support
from bridle.synthesis.learner.spellings import declares, learned_forms
from bridle.synthesis.learner.wording import python
from bridle.trace import POLICY_DENIED

WIDTH = 110
PATIENCE = 3
"""Times that the same call may fail before the harness asks for a person."""

WHOM = "whoever gave the task"
"""Whom a learned harness asks: it knows nobody else."""

FIXED = {
    "call-shape": "A call is an object with a tool, which is a text, and arguments, which are an object.",
    "unchanged": "A call that failed for a reason that lasts is not made again before anything else has gone well.",
    "denied": "What was denied is not tried again: only the policy engine decides that.",
    "nothing-helps": "A call that fails again and again needs a person.",
    "after-anything": "Do not repeat a call that failed for a reason that is not known here.",
}
"""Rules that every learned harness has and that nobody has to learn."""

_HEAD = '''"""Which calls are applicable, and what to do after an error. Who may do what is not decided here.

Induced from {examples} judged calls, {accepted} of them accepted: {rules} rules about calls, {spellings} about their
spelling, {recoveries} about errors. Each cites some of its counterexamples, and what it costs among accepted calls.
"""

import re
from collections.abc import Callable
from typing import Any
'''

_REVIEW = '''def review_call(view: dict, call: dict) -> dict:
    """What is to become of a call. A value in another spelling is put right; what breaks a rule is refused."""
    tool, arguments = call.get("tool"), call.get("arguments")
    if call.keys() != {"tool", "arguments"} or not isinstance(tool, str) or not isinstance(arguments, dict):
        return reject("call-shape", "schema", [])
    arguments, spelling = respelt(arguments, forms(view, tool), SPELLINGS)
    if unchanged(view, tool, arguments, LASTING):
        return reject("unchanged", "repeated", [])
    refusal = misshapen(view, tool, arguments) or too_early(view, tool, arguments)
    if refusal:
        return refusal
    if spelling:
        return {"verdict": "rewrite", "rule": spelling, "call": {"tool": tool, "arguments": arguments}}
    return {"verdict": "accept"}
'''

_LEFT = '''def left_to_a_person(view: dict, tool: str, arguments: dict, refusal: dict) -> dict:
    """A refusal; or, where nothing that was shown and could be chosen instead will do, a question to a person."""
    name, whom, rules = CHOICES.get(tool, ("", "", ()))
    others = alternatives(view, arguments, name) if refusal["rule"] in rules else []
    for other in others:
        objection = too_early(view, tool, other)
        if not objection or objection["rule"] not in rules:
            return refusal
    if not others:
        return refusal
    missing = [f"another `{name}` than those shown: {RULES[refusal['rule']]}"]
    return {"verdict": "escalate", "rule": refusal["rule"], "to": whom, "missing": missing}
'''

_REJECT = '''def reject(rule: str, code: str, wrong: list, ways: dict | None = None) -> dict:
    """A refusal by a rule, with what the call says or the view shows instead, and the tool that leads on from there.

    Where ways are known and none leads on, another try is not worth it.
    """
    here = f" Here: {', '.join(str(value)[:80] for value in wrong[:3])}." if wrong else ""
    known = [value for value in wrong if ways and isinstance(value, (str, bool)) and value in ways]
    first = ways[known[0]] if ways and known else ""
    hint = RULES[rule] + here + (f" What leads on from there: {first}." if first else "")
    return {"verdict": "reject", "rule": rule, "code": code, "hint": hint, "try_again": ways is None or bool(first)}
'''


def render(book: Rulebook) -> Harness:
    """The harness of a rulebook."""
    chosen = bool(book.choices)
    review = _REVIEW.replace("return refusal", "return left_to_a_person(view, tool, arguments, refusal)")
    functions = [review if chosen else _REVIEW, _forms(book), _misshapen(book), _too_early(book)]
    functions += [*([_LEFT] if chosen else []), _recovery(book), _REJECT]
    body = "\n\n".join(function.strip("\n") + "\n" for function in functions)
    spellings = _spellings(book.spellings) + "\n\n" + _lasting(book) + (_choices(book) if chosen else "")
    needed = _helpers(body + spellings)
    head = _HEAD.format(
        examples=book.examples,
        accepted=book.accepted,
        rules=len(book.rules),
        spellings=len(book.spellings),
        recoveries=len(book.recoveries),
    )
    parts = [head + _constants(needed), _rules(book), body, *needed, spellings, _left_out(book.left_out)]
    return Harness("\n\n".join(part.strip("\n") + "\n" for part in parts if part.strip()), contract=TOOL_CALL)


def _rules(book: Rulebook) -> str:
    sentences = {name: FIXED[name] for name in ("call-shape", "unchanged")}
    sentences |= {rule.id: rule.sentence for rule in book.rules}
    sentences |= {spelling.id: spelling.sentence for spelling in book.spellings}
    sentences |= {recovery.id: recovery.sentence for recovery in book.recoveries}
    sentences |= {name: FIXED[name] for name in ("denied", "nothing-helps", "after-anything")}
    lines = []
    for identity, sentence in sentences.items():
        line = f"    {python(identity)}: {python(sentence)},"
        lines.append(line if len(line) <= WIDTH else f"    {python(identity)}: (\n{_quoted(sentence)}\n    ),")
    return "RULES: dict[str, str] = {\n" + "\n".join(lines) + "\n}\n"


def _quoted(sentence: str) -> str:
    """A long sentence as literals below each other."""
    pieces = re.findall(rf".{{1,{WIDTH - 14}}}(?:\s|$)|\S+", sentence)
    return "\n".join(f"        {python(piece)}" for piece in pieces)


def _forms(book: Rulebook) -> str:
    """The function that says how the arguments of a call should be spelt."""
    learned = learned_forms(book.rules)
    lines = [
        "def forms(view: dict, tool: str) -> list[tuple[str, Any]]:",
        '    """What the arguments of a tool look like: a path, and the form of what stands there."""',
    ]
    start = "declared(view, tool)" if declares(book.rules) else "[]"
    if not learned:
        return "\n".join([*lines, f"    return {start}", ""])
    lines.append(f"    wanted: list[tuple[str, Any]] = {start}")
    for form in learned:
        added = f"wanted.append(({python(form.path)}, {python(dict(form.form))}))"
        lines += [f"    if tool in {python(form.tools)}:", f"        {added}"] if form.tools else [f"    {added}"]
    return "\n".join([*lines, "    return wanted", ""])


def _misshapen(book: Rulebook) -> str:
    rules = [rule for rule in book.rules if rule.kind not in STATEFUL]
    return "\n".join(
        [
            "def misshapen(view: dict, tool: str, arguments: dict) -> dict | None:",
            '    """Why a call can\'t be right whatever the state: its tool, its arguments, what they name."""',
            *_blocks(rules),
            "    return None\n",
        ]
    )


def _too_early(book: Rulebook) -> str:
    rules = [rule for rule in book.rules if rule.kind in STATEFUL]
    return "\n".join(
        [
            "def too_early(view: dict, tool: str, arguments: dict) -> dict | None:",
            '    """Why a call is not applicable in the state that the view shows."""',
            *_blocks(rules),
            "    return None\n",
        ]
    )


def _blocks(rules: Sequence[Rule]) -> Iterable[str]:
    """One block for each rule; rules about the same tools stand together under one condition."""
    for (tools, unless), group in groupby(rules, key=lambda rule: (rule.tools, rule.unless)):
        depth = "    "
        if tools or unless:
            yield f"    if {_among(tools, unless)}:"
            depth = "        "
        for rule in group:
            yield indent(_comment(rule.id, _stands_on(rule.support)), depth)
            yield indent(_assigned(rule.condition, len(depth)), depth)
            if rule.person:
                yield f"{depth}if None in wrong:"
                yield indent(_escalation(rule), f"{depth}    ")
            yield f"{depth}if wrong:"
            yield indent(_refusal(rule, len(depth) + 4), f"{depth}    ")


def _escalation(rule: Rule) -> str:
    """What is empty, and nothing that was seen fills in."""
    missing = python([f"what makes it possible: {rule.condition.words}"])
    line = f'"verdict": "escalate", "rule": {python(rule.id)}, "to": {python(WHOM)}, "missing": {missing}'
    if len(line) + 20 <= WIDTH:
        return f"return {{{line}}}"
    return f"missing = {missing}\n" + (
        f'return {{"verdict": "escalate", "rule": {python(rule.id)}, "to": {python(WHOM)}, "missing": missing}}'
    )


def _assigned(condition: Condition, depth: int) -> str:
    """`wrong = …`; a condition that only counts in some cases stands under its premise."""
    if not isinstance(condition, Given):
        return _assignment(condition.code, depth)
    return f"wrong = []\nif {condition.holds}:\n" + indent(_assignment(condition.condition.code, depth + 4), "    ")


def _refusal(rule: Rule, depth: int) -> str:
    start = f"return reject({python(rule.id)}, {python(rule.error_class or 'rejected')}, wrong"
    if rule.ways is None:
        return f"{start})"
    line = f"{start}, {python(dict(rule.ways))})"
    if len(line) + depth <= WIDTH:
        return line
    line = f"ways = {python(dict(rule.ways))}"
    if len(line) + depth > WIDTH:
        pairs = "".join(f"    {python(value)}: {python(tool)},\n" for value, tool in rule.ways)
        line = f"ways = {{\n{pairs}}}"
    return f"{line}\n{start}, ways)"


def _among(tools: Sequence[str], unless: Sequence[str]) -> str:
    names, negated = (tools, False) if tools else (unless, True)
    if len(names) == 1:
        return f"tool {'!=' if negated else '=='} {python(names[0])}"
    line = f"tool {'not ' if negated else ''}in {python(tuple(names))}"
    if len(line) <= WIDTH - 8:
        return line
    members = "".join(f"        {python(name)},\n" for name in names)
    return f"tool {'not ' if negated else ''}in (\n{members}    )"


def _assignment(code: str, depth: int) -> str:
    """`wrong = …`, broken at its clauses where it is long."""
    line = f"wrong = {code}"
    if len(line) + depth > WIDTH and code.startswith("misplaced("):
        return f"wrong = misplaced(\n    {_broken_up(code.removeprefix('misplaced(')[:-1])},\n)"
    if len(line) + depth <= WIDTH or not code.startswith("["):
        return line
    clauses, start, level, quoted = [], 1, 0, False
    for place, letter in enumerate(code):
        quoted ^= letter == '"' and code[place - 1] != "\\"
        if quoted:
            continue
        level += (letter in "([{") - (letter in ")]}")
        if level == 1 and place > 1 and code.startswith((" for ", " if "), place):
            clauses.append(code[start:place].strip())
            start = place
    clauses.append(code[start:-1].strip())
    return "wrong = [\n" + "\n".join(f"    {clause}" for clause in clauses) + "\n]"


def _broken_up(code: str) -> str:
    """Arguments of a call below each other."""
    parts, start, level, quoted = [], 0, 0, False
    for place, letter in enumerate(code):
        quoted ^= letter == '"' and code[place - 1] != "\\"
        if quoted:
            continue
        level += (letter in "([{") - (letter in ")]}")
        if level == 0 and letter == ",":
            parts.append(code[start:place].strip())
            start = place + 1
    return ",\n    ".join([*parts, code[start:].strip()])


def _recovery(book: Rulebook) -> str:
    lines = [
        "def on_error(view: dict, call: dict, error: dict) -> dict:",
        '    """How to go on after a call that failed."""',
        '    kind = error["class"]',
        f"    if kind == {python(POLICY_DENIED)}:",
        '        return {"verdict": "give_up", "rule": "denied", "hint": RULES["denied"]}',
        f"    if failures(view, call) >= {PATIENCE}:",
        f'        missing = [f"a way past {{kind}}, after {PATIENCE} failures of the same call"]',
        f"        whom = {python(WHOM)}",
        '        return {"verdict": "escalate", "rule": "nothing-helps", "to": whom, "missing": missing}',
    ]
    for recovery in book.recoveries:
        lines.append(indent(_comment(recovery.id, _seen(recovery)), "    "))
        lines.append(f"    if kind == {python(recovery.error_class)}:")
        revise = f'{{"verdict": "revise", "rule": {python(recovery.id)}, "hint": RULES[{python(recovery.id)}]}}'
        retry = f'{{"verdict": "retry", "rule": {python(recovery.id)}, "after": {recovery.after}}}'
        if recovery.verdict == "retry" and recovery.careful:
            lines += ["        if repeatable(view, call):", f"            return {retry}"]
        lines.append(f"        return {retry if recovery.verdict == 'retry' and not recovery.careful else revise}")
    lines.append('    return {"verdict": "revise", "rule": "after-anything", "hint": RULES["after-anything"]}')
    return "\n".join([*lines, ""])


def _spellings(spellings: Sequence[Spelling]) -> str:
    """The table of spellings; it stands after the functions that it names."""
    lines = ["SPELLINGS: dict[str, Any] = {"]
    for spelling in spellings:
        lines.append(indent(_comment("", _put_right(spelling.support)), "    "))
        lines.append(f"    {python(spelling.id)}: {spelling.helper},")
    return "\n".join([*lines, "}", ""]) if spellings else "SPELLINGS: dict[str, Any] = {}\n"


def _lasting(book: Rulebook) -> str:
    """The classes of errors after which a call is not made again as it is."""
    names = tuple(recovery.error_class for recovery in book.recoveries if recovery.verdict == "revise")
    line = f"LASTING: tuple[str, ...] = {python(names)}\n"
    if len(line) <= WIDTH:
        return line
    return "LASTING: tuple[str, ...] = (\n" + "".join(f"    {python(name)},\n" for name in names) + ")\n"


def _choices(book: Rulebook) -> str:
    """The tools that choose among things: by which argument, whom to ask where none will do, the rules that say so."""
    lines = []
    for choice in book.choices:
        lines.append(f"    # In {choice.dead} cases none of those shown would do, and the call never went well later.")
        lines.append(f"    {python(choice.tool)}: {python((choice.argument, choice.whom, choice.rules))},")
    body = "\n".join(lines)
    return f"\n\nCHOICES: dict[str, tuple[str, str, tuple[str, ...]]] = {{\n{body}\n}}\n"


def _stands_on(support: Support) -> str:
    withheld = f", {support.withheld_refused} of {support.withheld_accepted} withheld ones"
    return (
        f"{_cited(support)} Refuses {support.refused} of {support.accepted} accepted calls"
        f"{withheld if support.withheld_accepted else ''}."
    )


def _put_right(support: Support) -> str:
    return f"{_cited(support)} So spelt, no rule refuses them."


def _cited(support: Support) -> str:
    more = support.count - len(support.counterexamples)
    return f"{', '.join(support.counterexamples)}{f' and {more} more' if more > 0 else ''}."


def _seen(recovery: Recovery) -> str:
    if recovery.repeated:
        return f"seen {recovery.seen} times; made again {recovery.repeated} times, {recovery.succeeded} went well."
    return f"seen {recovery.seen} times, never made again."


def _comment(name: str, text: str) -> str:
    return fill(
        f"{name}: {text}" if name else text,
        WIDTH - 12,
        initial_indent="# ",
        subsequent_indent="# ",
        break_on_hyphens=False,
    )


def _left_out(left_out: Sequence[LeftOut]) -> str:
    """What no rule came of, as a comment at the end."""
    if not left_out:
        return ""
    lines = [f"{one.what} ({one.count} counterexamples): {one.why}." for one in left_out]
    texts = [
        fill(line, WIDTH - 2, initial_indent="# - ", subsequent_indent="#   ", break_on_hyphens=False) for line in lines
    ]
    return "\n".join(["# Left out, for want of support:", *texts, ""])


@cache
def _library() -> dict[str, str]:
    """The text of each helper."""
    module = ast.parse(inspect.getsource(helpers))
    texts = {}
    for node in module.body:
        if isinstance(node, ast.FunctionDef):
            texts[node.name] = ast.get_source_segment(inspect.getsource(helpers), node) or ""
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            texts[node.targets[0].id] = ast.get_source_segment(inspect.getsource(helpers), node) or ""
    return texts


def _names(text: str) -> set[str]:
    """The helpers that a text speaks of."""
    return {name for name in re.findall(r"\b\w+\b", text) if name in _library()}


def _helpers(text: str) -> list[str]:
    """The functions that a text needs, and those that they need, in the library's order."""
    needed: set[str] = set()
    waiting = _names(text)
    while waiting:
        needed |= waiting
        waiting = {inner for name in waiting for inner in _names(_library()[name])} - needed
    return [text for name, text in _library().items() if name in needed and text.startswith("def ")]


def _constants(needed: Sequence[str]) -> str:
    """The patterns that the needed functions use."""
    names = {name for text in needed for name in _names(text)}
    texts = [text for name, text in _library().items() if name in names and not text.startswith("def ")]
    return "\n" + "\n".join(texts) if texts else ""
