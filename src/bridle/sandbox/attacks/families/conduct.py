"""Bad conduct in its own process: handlers, patches, threads, output and ends that must not matter to anybody else."""

from __future__ import annotations

from bridle.sandbox.attacks.attack import Attack, Attempt, Family, Oracle, Trigger
from bridle.sandbox.attacks.judging import refused
from bridle.sandbox.attacks.sources import text
from bridle.sandbox.attacks.triggers import BATCH, ONCE, TWICE


def _attack(name: str, body: str, *, trigger: Trigger = TWICE, oracle: Oracle | None = None) -> Attack:
    return Attack(name=name, family=Family.CONDUCT, source=text(body), trigger=trigger, oracle=oracle)


def counted(attempt: Attempt) -> str | None:
    """Output is dropped, but not overlooked."""
    return None if attempt.printed else "printed, and nobody counted it"


ATTACKS = (
    _attack(
        "a-handler-at-exit",
        """
def attack(bait):
    def write():
        module("io").open(bait["target"], "w").write("here")

    module("atexit").register(write)
    module("sys").exit(0)
""",
        oracle=refused,
    ),
    _attack(
        "leave-the-process",
        """
def attack(bait):
    pick("_" + "exit")(module("os"))(0)
""",
        oracle=refused,
    ),
    _attack(
        "abort",
        """
def attack(bait):
    module("os").abort()
""",
        oracle=refused,
    ),
    _attack(
        "deaf-to-signals",
        """
def attack(bait):
    signal = module("signal")
    came = tries(
        lambda: signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65)),
        lambda: signal.signal(signal.SIGTERM, signal.SIG_IGN),
        lambda: signal.signal(signal.SIGALRM, signal.SIG_IGN),
        lambda: signal.setitimer(signal.ITIMER_REAL, 0.01),
    )
    while came:
        try:
            raise SystemExit
        except BaseException:
            pass
""",
        oracle=refused,
    ),
    _attack(
        "a-keyboard-interrupt",
        """
def attack(bait):
    raise KeyboardInterrupt
""",
        oracle=refused,
    ),
    _attack(
        "output-without-end",
        """
def attack(bait):
    print("x" * 1000000)
    for _ in range(2000):
        print("x" * 1000)
        print("x" * 1000, file=module("sys").stderr)
    return "printed"
""",
        oracle=counted,
    ),
    _attack(
        "output-by-descriptor",
        """
def attack(bait):
    os = module("os")
    return tries(
        lambda: "ESCAPED: wrote %d bytes" % os.write(1, b"x" * 100),
        lambda: "ESCAPED: wrote %d bytes" % os.write(2, b"x" * 100),
        lambda: "ESCAPED: read %r" % os.read(0, 1),
    )
""",
    ),
    _attack(
        "output-that-lies",
        """
def attack(bait):
    sys = module("sys")
    sys.stdout = sys.stderr = None
    print("x")
    return "printed nowhere"
""",
    ),
    _attack(
        "changed-builtins",
        """
def attack(bait):
    builtins = module("builtins")
    for name in ("len", "isinstance", "str", "bytes", "dict", "list", "type", "getattr", "max", "min", "sum"):
        put(builtins, name, None)
    return "changed"
""",
    ),
    _attack(
        "a-changed-worker",
        """
def attack(bait):
    sys, marshal, os = module("sys"), module("marshal"), module("os")
    marshal.loads = lambda data: (bytes(4), 0, 0, ("x",))
    os.write = os.read = lambda *values: 0
    put(os, "_" + "exit", lambda status: None)
    for name in list(sys.modules):
        if name.startswith("bridle"):
            sys.modules[name] = None
    return "changed"
""",
    ),
    _attack(
        "a-tracer",
        """
def attack(bait):
    sys = module("sys")

    def trace(frame, event, argument):
        raise RuntimeError(event)

    sys.addaudithook(lambda event, arguments: None)
    sys.settrace(trace)
    sys.setprofile(trace)
    return "traced"
""",
    ),
    _attack(
        "a-weak-reference's-callback",
        """
class Thing:
    pass


def attack(bait):
    weakref = module("weakref")

    def late(reference):
        raise SystemExit(5)

    thing = Thing()
    kept = [weakref.ref(thing, late), weakref.finalize(thing, late, None)]
    del thing
    return "%d" % len(kept)
""",
    ),
    _attack(
        "an-unraisable-hook",
        """
class Thing:
    pass


def fail(self):
    raise SystemExit(5)


def attack(bait):
    sys = module("sys")
    put(Thing, "_" * 2 + "del" + "_" * 2, fail)
    sys.unraisablehook = sys.excepthook = lambda *values: pick("_" + "exit")(module("os"))(3)
    Thing()
    return "hooked"
""",
    ),
    _attack(
        "close-the-pipes",
        """
def attack(bait):
    os = module("os")
    return tries(lambda: os.close(3), lambda: os.close(4), lambda: os.dup2(4, 3), lambda: os.closerange(0, 100))
""",
    ),
    _attack(
        "break-the-interpreter",
        """
def attack(bait):
    ctypes, libc = native()
    ctypes.memset(id(None), 255, 16)
    ctypes.memset(id(True), 255, 64)
    return None
""",
        oracle=refused,
    ),
    _attack(
        "kill-itself-in-every-call-of-a-batch",
        """
def attack(bait):
    ctypes, libc = native()
    ctypes.string_at(0)
""",
        trigger=BATCH,
        oracle=refused,
    ),
    _attack(
        "change-what-it-was-given",
        """
def attack(bait):
    bait.clear()
    back = pick("f_" + "back")(module("sys")._getframe())
    values = pick("f_" + "locals")(back)
    values["board"] = "changed"
    return "changed"
""",
        trigger=ONCE,
    ),
)
