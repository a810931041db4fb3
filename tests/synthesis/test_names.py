import ast

import pytest

from bridle.synthesis.names import mentions, renamed


def read(source: str) -> tuple[set[str], set[str]]:
    """What a statement binds in its module, and what it reads."""
    found = mentions(ast.parse(source).body[0])
    return {m.name for m in found if m.binds}, {m.name for m in found if not m.binds}


@pytest.mark.parametrize(
    ("source", "binds", "reads"),
    [
        ("A, *B = [C for C in D]", {"A", "B"}, {"D"}),
        ("A = [(B := C) for C in D]", {"A", "B"}, {"D"}),
        ("A: B = C", {"A"}, {"B", "C"}),
        ("import a.b, c as d", {"a", "d"}, set()),
        ("from a import b, c as d", {"b", "d"}, set()),
        ("def f(a, /, b=c, *d, e=g, **h) -> i: a + b + d + e + h + f + j", {"f"}, {"c", "g", "i", "f", "j"}),
        ("def f():\n a = 1\n def g(): return a + b\n return g", {"f"}, {"b"}),
        ("def f():\n a = 1\n def g():\n  nonlocal a\n  a = 2\n return g", {"f"}, set()),
        ("def f():\n global a\n a = 1", {"f", "a"}, set()),
        ("def f():\n a = 1\n def g():\n  global a\n  return a\n return g", {"f", "a"}, {"a"}),
        ("def f():\n import a.b\n with c as d: return a, d", {"f"}, {"c"}),
        ("def f():\n try: g\n except E as e: e", {"f"}, {"g", "E"}),
        ("def f(x):\n match x:\n  case C(a, [*b], {'k': c, **d}) | e: return a, b, c, d, e", {"f"}, {"C"}),
        ("class C(B, metaclass=M):\n a = 1\n def m(self): return a, C", {"C"}, {"B", "M", "a", "C"}),
        ("class C:\n a = 1\n b = [a for _ in a]", {"C"}, {"a"}),  # the element is not evaluated in the class's scope
        ("@d\ndef f(x=lambda a: a + b): pass", {"f"}, {"d", "b"}),
        ("A = lambda a, b=c: (d := a) + d + b", {"A"}, {"c"}),
        ("A = {k: v for k, v in B if (lambda k: k + w)(v)}", {"A"}, {"B", "w"}),
    ],
)
def test_the_modules_names_are_told_from_all_others(source: str, binds: set[str], reads: set[str]) -> None:
    assert read(source) == (binds, reads)


@pytest.mark.parametrize(
    ("source", "result"),
    [
        ("import a.b", "import a as z"),
        ("import a as c, a", "import a as c, a as z"),
        ("from m import a", "from m import a as z"),
        ("from m import b as a", "from m import b as z"),
        ("def a(x): return a(x).a(a=1)", "def z(x):\n    return z(x).a(a=1)"),
        ("def f(a): return a", "def f(a):\n    return a"),
        ("def f():\n    global b, a\n    a = 1", "def f():\n    global b, z\n    z = 1"),
        ("class a:\n    a: a = 1", "class z:\n    a: a = 1"),
    ],
)
def test_renaming_reaches_the_modules_names_only(source: str, result: str) -> None:
    statement = ast.parse(source).body[0]
    before = ast.dump(statement)
    assert ast.unparse(renamed(statement, {"a": "z"})) == result
    assert ast.dump(statement) == before
