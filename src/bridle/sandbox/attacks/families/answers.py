"""Attacks by answers: JSON that is none or too much, and values that only look like text or truth values."""

from __future__ import annotations

from bridle.harness import TOOL_CALL
from bridle.sandbox.attacks.attack import Attack, Family, Oracle, Trigger
from bridle.sandbox.attacks.judging import refused
from bridle.sandbox.attacks.sources import text, tool
from bridle.sandbox.attacks.triggers import ONCE, TWICE


def _raw(name: str, payload: str) -> Attack:
    """JSON sent as raw bytes, past whatever the worker would say about it. `payload` is an expression of bytes."""
    body = f'def attack(bait):\n    send(sequence() + reply(b"J", {payload}))\n    while True:\n        pass\n'
    return _tool(name, body, refused, ONCE)


def _tool(name: str, body: str, oracle: Oracle | None = None, trigger: Trigger = TWICE) -> Attack:
    source = tool(body)
    return Attack(name=name, family=Family.ANSWERS, source=source, contract=TOOL_CALL, trigger=trigger, oracle=oracle)


def _text(name: str, body: str, oracle: Oracle | None = refused) -> Attack:
    return Attack(name=name, family=Family.ANSWERS, source=text(body), trigger=ONCE, oracle=oracle)


def _check(name: str, body: str, oracle: Oracle | None = refused) -> Attack:
    source = text("def attack(bait):\n    return ''\n\n\n" + body.strip()).replace(
        "    return True\n", "    return check(board)\n"
    )
    return Attack(
        name=name,
        family=Family.ANSWERS,
        source=source,
        trigger=ONCE,
        function="is_legal_action",
        oracle=oracle,
    )


ATTACKS = (
    _raw("json-too-deep", 'b"[" * 30000 + b"]" * 30000'),
    _raw("json-a-little-too-deep", """b'{"a":' * 80 + b"1" + b"}" * 80"""),
    _raw("json-without-end", 'b"[" * 60000'),
    _raw("json-not-a-number", """b'{"verdict": NaN}'"""),
    _raw("json-infinite", """b'{"verdict": -Infinity}'"""),
    _raw("json-beyond-a-double", """b'{"verdict": 1e999}'"""),
    _raw("json-a-long-integer", """b'{"verdict": ' + b"9" * 60000 + b"}" """.strip()),
    _raw("json-an-integer-beyond-a-double", """b'{"verdict": 9007199254740993}'"""),
    _raw("json-a-lone-surrogate", r"""b'{"verdict": "' + bytes([92]) + b'ud800"}'"""),
    _raw("json-a-key-that-is-a-surrogate", r"""b'{"' + bytes([92]) + b'udfff": 1}'"""),
    _raw("json-not-utf-8", """b'{"verdict": "' + bytes([255, 254]) + b'"}'"""),
    _raw("json-and-more", """b'{"verdict": "accept"} {"verdict": "reject"}'"""),
    _raw("json-in-another-encoding", """'{"verdict": "accept"}'.encode("utf-16")"""),
    _raw("json-said-twice", """b'{"verdict": "reject", "verdict": "accept"}'"""),
    _tool(
        "json-of-itself",
        """
def attack(bait):
    verdict = {}
    verdict["verdict"] = verdict
    return verdict
""",
        refused,
    ),
    _tool(
        "json-nested-by-the-thousand",
        """
def attack(bait):
    verdict = {}
    for _ in range(100000):
        verdict = {"verdict": verdict}
    return verdict
""",
        refused,
    ),
    _tool(
        "json-of-megabytes",
        """
def attack(bait):
    return {"verdict": "accept", "keys": {str(number): number for number in range(200000)}}
""",
        refused,
    ),
    _tool(
        "json-of-hostile-classes",
        """
class Dict(dict):
    def items(self):
        while True:
            yield "verdict", self

    def keys(self):
        return [[]]


class Text(str):
    def encode(self, *how):
        return b'"}, "verdict": {'


class Number(float):
    def hex(self):
        return "x"


Number.repr = lambda self: '1, "verdict": "accept"'


def attack(bait):
    return Dict({"verdict": Text("accept"), "number": Number("nan")})
""",
        refused,
    ),
    _tool(
        "json-by-a-changed-encoder",
        """
def attack(bait):
    kinds = pick("JSONEncoder")(json)
    kinds.encode = lambda self, value: "{" + "verdict"
    kinds.iterencode = lambda self, value: iter(["NaN"])
    json.dumps = lambda *values, **named: "Infinity"
    encoder = module("json.encoder")
    encoder.encode_basestring = encoder.c_make_encoder = lambda *values: "NaN"
    return {"verdict": "accept", "text": "x"}
""",
    ),
    _check(
        "a-bool-that-is-none",
        """
class Truth(int):
    def is_true(self):
        return True


def check(board):
    return Truth(1)
""",
    ),
    _check(
        "a-number-for-a-bool",
        """
def check(board):
    return 1.0
""",
    ),
    _check(
        "a-bool-with-a-class-of-its-own",
        """
class Meta(type):
    pass


under = "_" * 2
Liar = Meta("bool", (), {under + "class" + under: bool, under + "eq" + under: lambda self, other: True})


def check(board):
    return Liar()
""",
    ),
    _text(
        "text-by-a-hostile-class",
        """
class Text(str):
    def encode(self, *how):
        return bytes([255]) * 10


def attack(bait):
    return Text("plain")
""",
        None,
    ),
    _text(
        "text-with-a-lone-surrogate",
        """
def attack(bait):
    return chr(0xD800)
""",
    ),
    _text(
        "text-of-megabytes",
        """
def attack(bait):
    return "x" * 50000000
""",
    ),
    _text(
        "no-text-at-all",
        """
def attack(bait):
    return {"board": ["x"]}
""",
    ),
    _text(
        "an-error-with-a-hostile-text",
        """
under = "_" * 2


def text(self):
    raise self


class Hostile(BaseException):
    pass


put(Hostile, under + "str" + under, text)
put(Hostile, under + "repr" + under, text)


def attack(bait):
    raise Hostile(chr(27) + "[2J" + "x" * 10000000)
""",
    ),
    _text(
        "an-error-of-megabytes",
        """
def attack(bait):
    raise ValueError(chr(27) + "[2J" + chr(0xD800) + "x" * 50000000)
""",
    ),
    _text(
        "an-error-with-a-hostile-name",
        """
def attack(bait):
    raise type(chr(27) + "]0;title" + chr(7), (BaseException,), {})("x")
""",
    ),
    _text(
        "an-error-on-a-line-far-away",
        """
def attack(bait):
    code = "def fail():" + chr(10) + "    raise ValueError"
    space = {}
    source = module("ast").parse(code)
    for node in module("ast").walk(source):
        if hasattr(node, "lineno"):
            node.lineno = node.end_lineno = 2000000000
    builtins = module("builtins")
    builtins.exec(builtins.compile(source, "<harness>", "exec"), space)
    space["fail"]()
""",
    ),
)
