"""Attacks by source: too deep, too long or too big for a parser or a compiler, and loading that never ends."""

from __future__ import annotations

from bridle.sandbox.attacks.attack import Attack, Family, Oracle
from bridle.sandbox.attacks.judging import refused
from bridle.sandbox.attacks.sources import TEXT, text
from bridle.sandbox.attacks.triggers import ONCE

_PLAIN = f"import json\n\n\ndef attack(bait):\n    return 'loaded'\n{TEXT}"


def _bomb(name: str, code: str, oracle: Oracle | None = None) -> Attack:
    """A harness that would do no harm but for the code before it."""
    return Attack(name=name, family=Family.BOMBS, source=f"{code}\n{_PLAIN}", trigger=ONCE, oracle=oracle)


def _loading(name: str, code: str, oracle: Oracle | None = refused) -> Attack:
    """A harness whose top level attacks."""
    body = f"{code.strip()}\n\n\ndef attack(bait):\n    return 'loaded'\n"
    return Attack(name=name, family=Family.BOMBS, source=text(body), trigger=ONCE, oracle=oracle)


def _finally(depth: int) -> str:
    """Each `finally` is compiled twice, and so is what is in it."""
    lines = ["def never():"]
    for level in range(depth):
        lines += [f"{' ' * (level + 1)}try: pass", f"{' ' * (level + 1)}finally:"]
    return "\n".join([*lines, " " * (depth + 1) + "never()"])


_PRIME = (1 << 61) - 1
"""Multiples of it all have the hash 0."""

ATTACKS = (
    _bomb("parentheses", f"x = {'(' * 5000}1{')' * 5000}"),
    _bomb("signs", f"x = {'-' * 90000}1"),
    _bomb("a-long-sum", f"x = 0{'+x' * 60000}"),
    _bomb("a-long-chain", f"x = json{'.x' * 60000}"),
    _bomb("lambdas", f"x = {'lambda:' * 20000}0"),
    _bomb("brackets", f"x = json{'[0' * 3000}{']' * 3000}"),
    _bomb("else-ifs", "def f(x):\n if x: pass\n" + " elif x: pass\n" * 12000),
    _bomb("indentation", "".join(" " * depth + "if 1:\n" for depth in range(99)) + " " * 99 + "pass"),
    _bomb("comprehensions", "x = " + "[" * 90 + "0" + "".join(f" for x{i} in [0]]" for i in range(90))),
    _bomb("finally-twice", _finally(19)),
    _bomb("colliding-constants", f"x = 1 in {{{','.join(str(n * _PRIME) for n in range(1, 8000))}}}"),
    _bomb("many-functions", "\n".join(f"def f{n}(): pass" for n in range(9000))),
    _bomb("a-long-number", f"x = {'9' * 150000}"),
    _bomb("f-strings", "x = 1\nx = f'" + "{x!r:{x}}" * 20000 + "'"),
    _bomb("matches", "def f(x):\n match x:\n" + "  case [{'a': [*_, 1]}, (1 | 2 | 3)]: pass\n" * 4000),
    _bomb("a-zero-byte", "x = 1\0"),
    _bomb("half-a-letter", "x = '\ud800'", refused),
    _bomb("another-encoding", "# -*- coding: utf-7 -*-\nx = '+AAA-'"),
    _bomb("longer-than-allowed", "# " + "x" * 300000, refused),
    _loading("a-folded-string", "X = 'a' * 10**10"),
    _loading("a-folded-shift", "X = 1 << 10**10"),
    _loading("a-folded-power", "X = 9 ** 9 ** 9"),
    _loading("a-tuple-of-tuples", "X = ((((0,) * 1000,) * 1000,) * 1000) * 100000000"),
    _loading("hang-while-loading", "while True:\n    pass"),
    _loading("leave-while-loading", "pick('_' + 'exit')(module('os'))(0)"),
    _loading("raise-while-loading", "raise type('Odd', (BaseException,), {})('x' * 10000000)"),
    _loading("recursion-while-loading", "module('sys').setrecursionlimit(10**9)\nf = lambda: f()\nf()"),
    _loading("memory-while-loading", "X = [bytes(1 << 20) for _ in range(10**6)]"),
    _loading("no-functions-at-all", "del operator\nclass propose_action:\n    pass", None),
)
