"""The narrow write surface: what is frozen keeps its meaning, what is in scope is the answer's."""

import ast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from modules import FUNCTIONS, HELPERS, meaning, modules

from bridle.synthesis.surface import merge, program_digest

PROPOSE, CHECK = FUNCTIONS
SCOPES = [(PROPOSE,), (CHECK,)]


def merged(parent: str, answer: str, scope: str) -> str:
    return merge(parent, answer, scope=(scope,), functions=FUNCTIONS)


@settings(max_examples=150)
@given(parent=modules(), answer=modules(helpers=(*HELPERS, "max")), scope=st.sampled_from(SCOPES))
def test_frozen_functions_keep_their_meaning_and_those_in_scope_get_the_answers(
    parent: str, answer: str, scope: tuple[str, ...]
) -> None:
    result = merge(parent, answer, scope=scope, functions=FUNCTIONS)
    (frozen,) = {*FUNCTIONS} - {*scope}
    assert meaning(result, frozen, leaves=scope) == meaning(parent, frozen, leaves=scope)
    assert meaning(result, scope[0], leaves={frozen}) == meaning(answer, scope[0], leaves={frozen})
    assert ast.parse(result)


@settings(max_examples=50)
@given(parent=modules(), answer=modules(), third=modules(), scope=st.sampled_from(SCOPES))
def test_merging_again_changes_nothing_and_a_third_answer_merges_too(
    parent: str, answer: str, third: str, scope: tuple[str, ...]
) -> None:
    once = merge(parent, answer, scope=scope, functions=FUNCTIONS)
    (frozen,) = {*FUNCTIONS} - {*scope}
    assert meaning(merge(once, once, scope=scope, functions=FUNCTIONS), scope[0], leaves=()) == meaning(
        once, scope[0], leaves=()
    )
    again = merge(once, third, scope=(frozen,), functions=FUNCTIONS)
    assert meaning(again, scope[0], leaves={frozen}) == meaning(answer, scope[0], leaves={frozen})


@given(parent=modules(), answer=modules())
def test_with_everything_in_scope_the_answer_is_taken_as_it_is(parent: str, answer: str) -> None:
    assert merge(parent, answer, scope=FUNCTIONS, functions=FUNCTIONS) == answer


def test_the_text_of_what_is_frozen_stays_as_it_was_comments_included() -> None:
    check = 'def is_legal_action(board, action):\n    # a comment\n    return  action in """\n\n\n\n[open 4]"""\n'
    result = merged(
        check + "def propose_action(board): return 1", "def propose_action(board):\n    return 2  # two\n", PROPOSE
    )
    assert check in result
    assert "def propose_action(board):\n    return 2\n" in result.replace("  # two", "")


def test_a_frozen_function_that_calls_one_in_scope_calls_the_new_one() -> None:
    parent = (
        "def propose_action(board):\n    return [a for a in board if is_legal_action(board, a)][0]\n"
        "def is_legal_action(board, action):\n    return False\n"
    )
    answer = "def is_legal_action(board, action):\n    return True\n"
    result = merged(parent, answer, CHECK)
    assert result.count("def is_legal_action") == 1
    assert "return True" in result
    assert "return False" not in result


def test_equal_helpers_that_use_different_ones_are_told_apart() -> None:
    shared = "def best(b):\n    return score(b)\ndef score(b):\n    return weight(b)\n"
    parent = (
        f"def weight(b): return 1\n{shared}def is_legal_action(board, action): return best(board)\n"
        "def propose_action(board): return 1\n"
    )
    answer = f"def weight(b): return 2\n{shared}def propose_action(board): return best(board)\n"
    result = merged(parent, answer, PROPOSE)
    assert "def propose_action(board):\n    return best_2(board)" in result
    assert "def best_2(b):\n    return score_2(b)" in result
    assert "def score_2(b):\n    return weight_2(b)" in result
    assert "def is_legal_action(board, action): return best(board)" in result


def test_equal_helpers_are_kept_once() -> None:
    shared = "K = 3\ndef tries(b):\n    return [propose_action(b) for _ in range(K)]\n"
    parent = f"{shared}def is_legal_action(board, action): return tries(board)\ndef propose_action(board): return 1\n"
    answer = f"{shared}def propose_action(board): return tries(board) if K else 2\n"
    result = merged(parent, answer, PROPOSE)
    assert "_2" not in result
    assert result.count("def tries") == 1


def test_renaming_a_helper_spares_what_only_looks_like_it() -> None:
    parent = "def cells(b): return 1\ndef is_legal_action(board, action): return cells(board)\n" + (
        "def propose_action(board): return 1\n"
    )
    answer = """
def cells(b): return 2
class Row:
    def cells(self, cells): return self.cells(cells=cells)
def first(cells): return cells[0] + len([cells for cells in cells])
def propose_action(board):
    return first(cells(board)) or Row().cells(cells=lambda cells: cells)
"""
    result = merged(parent, answer, PROPOSE)
    assert "def cells_2(b):" in result
    assert "def cells(self, cells): return self.cells(cells=cells)" in result
    assert "def first(cells): return cells[0] + len([cells for cells in cells])" in result
    assert "return first(cells_2(board)) or Row().cells(cells=lambda cells: cells)" in result


def test_a_new_helper_does_not_take_a_builtin_from_a_frozen_function() -> None:
    parent = "def is_legal_action(board, action): return max(board)\ndef propose_action(board): return 1\n"
    answer = "def max(b): return 0\ndef propose_action(board): return max(board)\n"
    result = merged(parent, answer, PROPOSE)
    assert "def max_2(b)" in result
    assert "return max(board)" in result
    assert "return max_2(board)" in result


def test_imports_are_shared_and_submodules_are_no_clash() -> None:
    parent = (
        "import re, numpy\nfrom math import inf\n"
        "def is_legal_action(board, action): return re, numpy, inf\ndef propose_action(board): return 1\n"
    )
    answer = (
        "import re\nimport numpy.linalg\nfrom math import inf\ndef propose_action(board): return re, numpy.linalg, inf"
    )
    result = merged(parent, answer, PROPOSE)
    assert "_2" not in result
    assert result.count("import re\n") == 1
    assert "import numpy.linalg\n" in result
    clash = "from statistics import mean as inf\ndef propose_action(board): return inf(board)"
    assert "from statistics import mean as inf_2\n" in merged(parent, clash, PROPOSE)


def test_what_fills_a_table_belongs_to_it() -> None:
    parent = (
        'TABLE = {}\nTABLE["a"] = 1\n_ = TABLE.update(b=2)\nOTHER = 3\n'
        "def is_legal_action(board, action): return TABLE\ndef propose_action(board): return OTHER\n"
    )
    result = merged(parent, "def propose_action(board): return 2\n", PROPOSE)
    assert 'TABLE = {}\nTABLE["a"] = 1\n_ = TABLE.update(b=2)\n' in result
    assert "OTHER" not in result


def test_future_imports_stay_and_come_first() -> None:
    parent = (
        "from __future__ import annotations\nimport re\ndef is_legal_action(board: Later, action): return re\n"
        "class Later: pass\ndef propose_action(board): return 1\n"
    )
    result = merged(parent, "import math\ndef propose_action(board): return math.pi\n", PROPOSE)
    assert result.startswith("from __future__ import annotations\n")
    compile(result, "merged", "exec")


def test_an_answer_without_a_function_in_scope_is_refused_by_name() -> None:
    both = "def propose_action(board): return 1\ndef is_legal_action(board, action): return True\n"
    with pytest.raises(KeyError, match="is_legal_action"):
        merged(both, "def propose_action(board): return 2\n", CHECK)


def test_a_function_out_of_scope_in_the_answer_is_ignored_with_its_helpers() -> None:
    both = "def propose_action(board): return 1\ndef is_legal_action(board, action): return True\n"
    answer = (
        "def help(): return 5\ndef propose_action(board): return 2\ndef is_legal_action(board, action): return help()"
    )
    result = merged(both, answer, PROPOSE)
    assert "help" not in result
    assert "return True" in result
    assert "return 2" in result


@pytest.mark.parametrize("answer", ["def (", "x = '\0'", "x = " + "-" * 100_000 + "1", "x = " + "(" * 300])
def test_what_can_not_be_parsed_is_one_of_the_named_errors(answer: str) -> None:
    with pytest.raises((SyntaxError, ValueError, RecursionError, MemoryError)):
        merged("def propose_action(board): return 1\ndef is_legal_action(board, action): return 1", answer, PROPOSE)


FIRST = '''
import re
from math import pi
def f(x):
    """Says what it does."""
    return re.sub("a", "b", x)  # a comment
def g(x): return f(x) + pi
'''


@pytest.mark.parametrize(
    "other",
    [
        FIRST.replace("# a comment", ""),
        FIRST.replace('"""Says what it does."""', '"""Otherwise."""'),
        'from math import pi\nimport re\ndef g(x):\n    return (f(x)\n     + pi)\ndef f(x):\n  return re.sub("a", "b", x)',
    ],
)
def test_layout_comments_docstrings_and_order_make_no_other_program(other: str) -> None:
    assert program_digest(FIRST) == program_digest(other)


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (FIRST, FIRST.replace('"b"', '"c"')),
        (FIRST, FIRST.replace("import pi", "import e as pi")),
        ("def f(): return 1\ndef f(): return 2", "def f(): return 2\ndef f(): return 1"),
        ("A = 1\nB = 2\nA = B", "A = 1\nA = B\nB = 2"),
        ("def f(x=len(T)): pass\nN = grow(T)", "N = grow(T)\ndef f(x=len(T)): pass"),
        ("def f(*, x=len(T)): pass\nN = grow(T)", "N = grow(T)\ndef f(*, x=len(T)): pass"),
        ("@register\ndef f(): pass\nN = grow(T)", "N = grow(T)\n@register\ndef f(): pass"),
        ("import a\nfrom b import a", "from b import a\nimport a"),
    ],
)
def test_another_meaning_is_another_program(one: str, two: str) -> None:
    assert program_digest(one) != program_digest(two)
