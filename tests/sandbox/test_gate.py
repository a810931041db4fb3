"""The static gate: what it objects to, in words that help, and what it lets through. Feedback, never the boundary."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridle.errors import HarnessFault
from bridle.harness import TEXT_ACTION, TOOL_CALL, Harness, Limits, template
from bridle.sandbox import LocalSandbox, gate

CHECK = "def is_legal_action(board, action):\n    return True\n"


def findings(source: str, **limits: int) -> list[tuple[int, str]]:
    return [(finding.line, finding.rule) for finding in gate.examine(Harness(source), Limits(**limits))]


def propose(*lines: str, top: str = "") -> str:
    """A harness with these lines in `propose_action`, which begins on line 4 where there is no `top`."""
    body = "".join(f"    {line}\n" for line in lines)
    return f"{top}{CHECK}\ndef propose_action(board):\n{body}"


GOOD = [
    '''"""A harness."""
from __future__ import annotations

import json, re
from collections import Counter, defaultdict, deque
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

PATTERN = re.compile(r"\\[(\\d)\\]")
LINES: tuple = tuple((a, b) for a in range(3) for b in range(3))
CELLS = {name: index for index, name in enumerate("abc")}
__all__ = ["propose_action"]


@dataclass
class State:
    """With `__init__` in its docstring."""

    cells: list = field(default_factory=list)

    def __len__(self):
        return len(self.cells)


class Deeper(State):
    def __init__(self, cells):
        super().__init__(cells)


@lru_cache(maxsize=None)
def cells(board: str) -> tuple[str, ...]:
    return tuple(PATTERN.findall(board))


def propose_action(board: str) -> str:
    open, id = [board], 3
    while open:
        node = open.pop()
        id += 1
    print("thinking", getattr(node, "x", None))
    return f"[{json.dumps(cells(board))}]"


def is_legal_action(board: str, action: str) -> bool:
    """Legal, in short."""
    try:
        return action in board
    except (ValueError, IndexError):
        return False
''',
    propose("return str(random.choice([1, 2]))", top="import random\n"),
    propose("return str(rnd.Random(7).random() + np.random.default_rng(3).random())", top="import random as rnd\nimport numpy as np\n"),
    propose("return datetime.datetime(2020, 1, 1).isoformat()", top="import datetime\n"),
    propose("copy = board[:]", "return copy.strip()", top="import copy\n"),
    propose("return '__x__' if '___' in board else '_ _ X'").replace("__x__", "x"),
    propose("now = board", "return now"),
    "if_ = 1\n" + propose("return ''"),
]  # fmt: skip


@pytest.mark.parametrize("source", GOOD)
def test_ordinary_code_passes(source: str) -> None:
    assert findings(source) == []


@pytest.mark.parametrize("contract", [TEXT_ACTION, TOOL_CALL])
def test_the_root_of_every_search_passes(contract) -> None:
    assert gate.examine(template(contract), Limits()) == ()


BAD = [
    # rule, line, source, and a word of what to write instead
    ("syntax", 5, propose("return ("), "valid Python"),
    ("syntax", 1, "x = '\0'", "valid Python"),
    ("syntax", 1, "x = '\ud800'", "plain text"),
    ("syntax", 1, "x = " + "-" * 100_000 + "1", "flatter"),
    ("import", 1, propose("return ''", top="import os\n"), "use only"),
    ("import", 1, propose("return ''", top="from os.path import join\n"), "use only"),
    ("import", 1, propose("return ''", top="from . import other\n"), "one module"),
    ("import", 1, propose("return ''", top="from math import *\n"), "name what you need"),
    ("import", 1, propose("return ''", top="from random import _os\n"), "public names"),
    ("import", 1, propose("return ''", top="from statistics import sys\n"), "public names"),
    ("import", 6, propose("return json.codecs", top="import json\n"), "public names"),
    ("import", 5, propose("import subprocess"), "use only"),
    ("clock", 1, propose("return ''", top="import time\n"), "no clock"),
    ("clock", 6, propose("return str(datetime.datetime.now())", top="import datetime\n"), "arguments"),
    ("clock", 6, propose("return str(date.today())", top="from datetime import date\n"), "arguments"),
    ("random", 6, propose("random.seed(3)", top="import random\n"), "before every call"),
    ("random", 6, propose("return random.SystemRandom()", top="import random\n"), "leave"),
    ("random", 6, propose("return random.Random().random()", top="import random\n"), "give it a number"),
    ("random", 6, propose("return np.random.default_rng()", top="import numpy as np\n"), "give it a number"),
    ("module", 6, propose("return str(math)", top="import math\n"), "name the member"),
    ("module", 6, propose("f = [math]", "return f[0].sin(1)", top="import math\n"), "name the member"),
    ("name", 5, propose("return open('x').read()"), "constants"),
    ("name", 5, propose("return eval(board)"), "json.loads"),
    ("name", 5, propose("return getattr(board, board)"), "write the attribute out"),
    ("name", 5, propose("return str(id(board))"), "addresses"),
    ("dunder", 5, propose("return board.__class__"), "ordinary"),
    ("dunder", 5, propose("return __builtins__"), "ordinary"),
    ("dunder", 5, propose("return '{0.__class__}'.format(board)"), "leave such names out"),
    ("frame", 5, propose("return (x for x in ()).gi_frame"), "argument"),
    ("state", 5, propose("global SEEN", "SEEN = board"), "arguments alone"),
    ("file", 6, propose("numpy.save('x', 1)", top="import numpy\n"), "constants"),
    ("file", 6, propose("numpy.zeros(3).tofile('x')", top="import numpy\n"), "return the data"),
    ("top-level", 1, propose("return ''", top="print('hello')\n"), "move this into a function"),
    ("top-level", 1, propose("return ''", top="for i in range(3): pass\n"), "move this into a function"),
    ("top-level", 1, propose("return ''", top="if __name__ == '__main__': propose_action('')\n"), "leave the"),
    ("signature", 1, CHECK, "define `def propose_action(board)`"),
    ("signature", 1, "def propose_action(state): return ''\n" + CHECK, "def propose_action(board)"),
    ("signature", 1, "def propose_action(board, depth=3): return ''\n" + CHECK, "def propose_action(board)"),
    ("signature", 1, "def propose_action(*board): return ''\n" + CHECK, "def propose_action(board)"),
    ("signature", 4, propose("yield board"), "return its answer"),
    ("signature", 3, "def propose_action(board): return ''\n\n" + CHECK + CHECK, "twice"),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "line", "source", "word"), BAD)
def test_an_objection_says_what_to_write_instead(rule: str, line: int, source: str, word: str) -> None:
    found = gate.examine(Harness(source), Limits())
    assert [(finding.rule, word in finding.message) for finding in found] == [(rule, True)], found
    if rule != "signature" or line != 3:
        assert found[0].line == line


def test_a_function_given_twice_is_told_at_the_second() -> None:
    assert findings("def propose_action(board): return ''\n\n" + CHECK + CHECK) == [(5, "signature")]


def test_asynchronous_functions_are_told_once_each() -> None:
    found = findings("async def propose_action(board): return ''\n" + CHECK)
    assert {rule for _, rule in found} == {"signature", "top-level"}


def test_the_size_comes_first() -> None:
    source = propose("return 'é'")
    assert findings(source, source_bytes=len(source.encode())) == []
    assert findings(source, source_bytes=len(source.encode()) - 1) == [(1, "size")]


RULES = 'RULES = {"a": "One."}\n\n\ndef review_call(view, call):\n    return {}\n\n\ndef on_error(view, call, error):\n    return {}\n'


@pytest.mark.parametrize(
    ("source", "rules", "found"),
    [
        (RULES, {"a": "One."}, []),
        (RULES.replace("RULES =", "RULES: dict[str, str] ="), {"a": "One."}, []),
        (RULES.replace('"One."', "1"), {}, [(1, "rules")]),
        (RULES.replace('"One."', "str(1)"), {}, [(1, "rules")]),
        (RULES.replace("RULES", "OTHER"), {}, [(1, "rules")]),
        (RULES.replace("{", "[").replace("}", "]").replace(":", ",", 1), {}, [(1, "rules")]),
    ],
)
def test_rules_are_read_without_running(source: str, rules: dict[str, str], found: list) -> None:
    harness = Harness(source.replace("return []", "return {}"), contract=TOOL_CALL)
    assert gate.rules(harness.source) == rules
    assert [(finding.line, finding.rule) for finding in gate.examine(harness, Limits())] == found


def test_rules_are_the_sources_not_the_worker_s_word() -> None:
    """Rules are read, and told, before the source runs: it can't tell others."""
    source = RULES + 'RULES["b"] = "Two."\nRULES.update(c="Three.")\n'.replace("RULES.update", "X = RULES.update")
    with LocalSandbox() as sandbox, sandbox.load(Harness(source, contract=TOOL_CALL), Limits()) as loaded:
        assert loaded.rules == {"a": "One."}


def test_a_sandbox_refuses_what_the_gate_refuses() -> None:
    source = propose("return open(board).read()", top="import os\n")
    with LocalSandbox() as sandbox, pytest.raises(HarnessFault) as caught:
        sandbox.load(Harness(source), Limits())
    failure = caught.value.failure
    assert (failure.kind, failure.line) == ("static", 1)
    assert "line 1 [import] `os`" in failure.message
    assert "line 6 [name] `open`" in failure.message


SNEAKY = """
import functools
import operator

UNDER = "_" + "_"

def propose_action(board):
    builtins = operator.attrgetter(UNDER + "globals" + UNDER)(functools.wraps)[UNDER + "builtins" + UNDER]
    return builtins["open"](board).read()


def is_legal_action(board, action):
    return True
"""


def test_what_passes_the_gate_is_stopped_by_the_kernel(tmp_path) -> None:
    """The gate is no boundary: names put together at run time get through it, and get nowhere."""
    secret = tmp_path / "secret"
    secret.write_text("a secret")
    secret.chmod(0o644)
    assert findings(SNEAKY) == []
    with LocalSandbox() as sandbox, sandbox.load(Harness(SNEAKY), Limits()) as loaded:
        failure = loaded.call("propose_action", str(secret)).failure
    assert failure is not None
    assert "PermissionError" in failure.message


@settings(max_examples=300)
@given(source=st.one_of(st.text(), st.text(alphabet="()[]{}:,.=+-*\n \tabdefimportlambda\"'\\#@", max_size=200)))
def test_no_source_makes_the_gate_fail(source: str) -> None:
    assert all(finding.line >= 1 and finding.message for finding in gate.examine(Harness(source), Limits()))
    gate.rules(source)


def test_many_findings_are_told_in_part() -> None:
    source = propose(*["eval(board)"] * 40)
    with LocalSandbox() as sandbox, pytest.raises(HarnessFault) as caught:
        sandbox.load(Harness(source), Limits())
    assert "and 28 more" in caught.value.failure.message
