"""The frame that hostile code is put in: a harness that reads its bait and attacks.

The frame passes the static gate: under another name, a function that harnesses may use reaches the globals of another
one, and through them the interpreter's builtins. So whatever else the gate finds is the attack's own, and what it does
not find is the kernel's to stop. Were the frame found one day, "gate alone" would say so, and another way would be due.
"""

from __future__ import annotations

PREAMBLE = '''
import json
import operator
import re

pick, put = operator.attrgetter, setattr


def module(name):
    under = "_" * 2
    space = pick(under + "globals" + under)(re.compile)
    return space[under + "builtins" + under][under + "import" + under](name)


def native():
    ctypes = module("ctypes")
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    return ctypes, libc


def ask(bait, name, *values):
    """A system call by its number; an OSError where the kernel says no."""
    ctypes, libc = native()
    if name not in bait["calls"]:
        raise LookupError("n/a: this machine has no system call " + name)
    values = [ctypes.c_long(value) if isinstance(value, int) else value for value in values]
    result = libc.syscall(ctypes.c_long(bait["calls"][name]), *values)
    if result < 0:
        raise OSError(ctypes.get_errno(), name)
    return result


def tries(*ways):
    """Each way in turn, whatever becomes of the one before; what they came to."""
    came = []
    for way in ways:
        try:
            came.append(str(way()))
        except (OSError, ValueError, ImportError) as error:
            came.append(repr(error))
    return "; ".join(dict.fromkeys(came))


def send(data):
    """Raw bytes to whoever reads the replies."""
    return module("os").write(4, data)


def sequence():
    """The number of the request that is being answered, read off the worker's own frames."""
    back, names = pick("f_" + "back"), pick("f_" + "locals")
    at = module("sys")._getframe()
    while at is not None:
        found = names(at).get("sequence")
        if isinstance(found, bytes):
            return found
        if isinstance(found, int):
            return found.to_bytes(4, "little")
        at = back(at)
    raise LookupError("no request is being answered")


def reply(tag, payload):
    return tag + len(payload).to_bytes(4, "little") + payload
'''

TEXT = """

def propose_action(board):
    return attack(json.loads(board))


def is_legal_action(board, action):
    return True
"""

TOOL = """

RULES = {"R1": "a rule"}


def review_call(view, call):
    return attack(view)


def on_error(view, call, error):
    return {"verdict": "give_up"}
"""


def text(body: str) -> str:
    """A text-action harness around `def attack(bait)`, which answers with text."""
    return f"{PREAMBLE}\n\n{body.strip()}\n{TEXT}"


def tool(body: str) -> str:
    """A tool-call harness around `def attack(bait)`, which answers with a verdict."""
    return f"{PREAMBLE}\n\n{body.strip()}\n{TOOL}"
