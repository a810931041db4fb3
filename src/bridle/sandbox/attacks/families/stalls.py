"""Attacks on time: C code that no exception interrupts, recursion, and code that catches whatever it is sent."""

from __future__ import annotations

from bridle.sandbox.attacks.attack import Attack, Family, Trigger
from bridle.sandbox.attacks.judging import failing, refused
from bridle.sandbox.attacks.sources import text
from bridle.sandbox.attacks.triggers import BATCH, CHECKED, ONCE


def _stall(name: str, body: str, trigger: Trigger = ONCE) -> Attack:
    return Attack(name=name, family=Family.STALLS, source=text(body), trigger=trigger, oracle=refused)


def _line(name: str, expression: str) -> Attack:
    return _stall(name, f"def attack(bait):\n    return str({expression})\n")


ATTACKS = (
    _line("a-regex-that-backtracks", 're.match("(a+)+$", "a" * 64 + "b")'),
    _line("a-power", "len(bin(3 ** 10 ** 8))"),
    _line("a-shift", "(1 << 10 ** 9).bit_length() + (7 << 10 ** 9) % ((1 << 10 ** 8) + 1)"),
    _line("a-factorial", 'module("math").factorial(10 ** 7)'),
    _line("a-sum", "sum(range(10 ** 12))"),
    _line("an-endless-iterator", '-1 in module("itertools").count()'),
    _line("a-decimal", 'module("decimal").Context(prec=10 ** 8).exp(module("decimal").Decimal(3))'),
    _line("colliding-keys", "len({n * ((1 << 61) - 1) for n in range(10 ** 6)})"),
    _stall(
        "a-sort-by-a-hostile-order",
        """
def attack(bait):
    functools = module("functools")

    def never(one, other):
        while True:
            pass

    return str(sorted(range(10), key=functools.cmp_to_key(never)))
""",
    ),
    _stall(
        "a-loop-that-catches-everything",
        """
def attack(bait):
    while True:
        try:
            while True:
                raise KeyboardInterrupt
        except BaseException:
            continue
""",
    ),
    _stall(
        "a-loop-in-every-call-of-a-batch",
        """
def attack(bait):
    while True:
        pass
""",
        BATCH,
    ),
    Attack(
        name="a-loop-in-the-check",
        family=Family.STALLS,
        source=text("def attack(bait):\n    return 'x'\n").replace(
            "    return True\n", "    while True:\n        pass\n"
        ),
        trigger=CHECKED,
        oracle=failing,
    ),
    _stall(
        "a-recursion",
        """
def attack(bait):
    return attack(bait)
""",
    ),
    _stall(
        "a-recursion-without-a-limit",
        """
def attack(bait):
    module("sys").setrecursionlimit(2**31 - 1)
    return attack(bait)
""",
    ),
    _stall(
        "a-recursion-in-C",
        """
def attack(bait):
    module("sys").setrecursionlimit(2**31 - 1)
    kept = []
    for _ in range(10**6):
        kept = [kept]
    return repr(kept) + str(module("copy").deepcopy(kept))
""",
    ),
    _stall(
        "an-end-that-never-comes",
        """
class Undead:
    pass


def stay(self):
    while True:
        pass


def attack(bait):
    put(Undead, "_" * 2 + "del" + "_" * 2, stay)
    Undead()
    return "done"
""",
    ),
    _stall(
        "a-collection-that-never-ends",
        """
def attack(bait):
    gc = module("gc")

    def stay(phase, what):
        while True:
            pass

    gc.callbacks.append(stay)
    gc.collect()
    return "done"
""",
    ),
    _stall(
        "sleep",
        """
def attack(bait):
    time = module("time")
    try:
        time.sleep(100)
    except OSError:
        pass
    module("_thread").allocate_lock().acquire()
    lock = module("_thread").allocate_lock()
    lock.acquire()
    lock.acquire()
    return "woken"
""",
    ),
)
