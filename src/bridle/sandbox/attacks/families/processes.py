"""Attacks by and on processes: starting some, and signalling, tracing or outliving those that are there."""

from __future__ import annotations

from bridle.sandbox.attacks.attack import Attack, Family
from bridle.sandbox.attacks.sources import text
from bridle.sandbox.attacks.triggers import ONCE


def _attack(name: str, body: str) -> Attack:
    return Attack(name=name, family=Family.PROCESSES, source=text(body), trigger=ONCE)


ATTACKS = (
    _attack(
        "fork",
        """
def attack(bait):
    os = module("os")
    child = os.fork()
    if child == 0:
        while True:
            pass
    return "forked %d" % child
""",
    ),
    _attack(
        "clone",
        """
def attack(bait):
    ctypes, libc = native()
    arguments = (0).to_bytes(32, "little") + (17).to_bytes(8, "little") + bytes(48)

    def once(name, *values):
        child = ask(bait, name, *values)
        while child == 0:
            pass
        return "ESCAPED: process %d" % child

    return tries(
        lambda: once("fork"),
        lambda: once("clone", 17, 0, 0, 0, 0),
        lambda: once("clone3", arguments, 88),
    )
""",
    ),
    _attack(
        "vfork-and-run",
        """
def attack(bait):
    os = module("os")
    command = ["/bin/sh", "-c", ": > " + bait["target"]]
    return os.posix_spawn("/bin/sh", command, {})
""",
    ),
    _attack(
        "become-another-program",
        """
def attack(bait):
    module("os").execv("/bin/sh", ["/bin/sh", "-c", ": > " + bait["target"]])
""",
    ),
    _attack(
        "run-a-program-from-memory",
        """
def attack(bait):
    ctypes, libc = native()
    made, empty, at_the_descriptor = [4], (ctypes.c_char_p * 1)(None), 0x1000

    def make():
        made.append(ask(bait, "memfd_create", b"here" + bytes(1), 0))
        return module("os").write(made[-1], b"#!/bin/sh" + bytes([10]) + b": > " + bait["target"].encode())

    def run():
        return ask(bait, "execveat", made[-1], bytes(1), empty, empty, at_the_descriptor)

    return tries(make, run)
""",
    ),
    _attack(
        "run-a-shell",
        """
def attack(bait):
    return "status %d" % module("os").system(": > " + bait["target"])
""",
    ),
    _attack(
        "start-a-thread",
        """
def attack(bait):
    thread, ran = module("_thread"), []
    try:
        thread.start_new_thread(ran.append, (1,))
    except RuntimeError as error:
        return str(error)
    return "ESCAPED: a thread was started"
""",
    ),
    _attack(
        "outlive-the-parent",
        """
def attack(bait):
    os, none = module("os"), 0
    return tries(
        lambda: "ESCAPED: deaf to its death %d" % ask(bait, "prctl", 1, 0, 0, 0, 0),
        lambda: "ESCAPED: a session of its own %s" % os.setsid(),
        lambda: "ESCAPED: a group of its own %s" % os.setpgid(0, 0),
    )
""",
    ),
    _attack(
        "kill-a-process-of-the-same-user",
        """
def attack(bait):
    os = module("os")
    return tries(lambda: os.kill(bait["decoy"], 9), lambda: ask(bait, "tgkill", bait["decoy"], bait["decoy"], 9))
""",
    ),
    _attack(
        "kill-by-descriptor",
        """
def attack(bait):
    return ask(bait, "pidfd_send_signal", ask(bait, "pidfd_open", bait["decoy"], 0), 9, 0, 0)
""",
    ),
    _attack(
        "kill-the-zygote",
        """
def attack(bait):
    os = module("os")
    return tries(*[lambda pid=pid: os.kill(pid, 9) for pid in bait["zygotes"]])
""",
    ),
    _attack(
        "stop-the-zygote",
        """
def attack(bait):
    os, signal = module("os"), module("signal")
    ways = [lambda pid=pid: "ESCAPED: stopped %s" % os.kill(pid, signal.SIGSTOP) for pid in bait["zygotes"]]
    back = [lambda pid=pid: os.kill(pid, signal.SIGCONT) for pid in bait["zygotes"]]
    return tries(*ways, *back)
""",
    ),
    _attack(
        "kill-the-neighbours",
        """
def attack(bait):
    os = module("os")
    me = os.getpid()
    return tries(*[lambda pid=pid: os.kill(pid, 9) for pid in bait["workers"] if pid != me])
""",
    ),
    _attack(
        "kill-the-group",
        """
def attack(bait):
    return module("os").killpg(0, 9)
""",
    ),
    _attack(
        "signal-the-parent",
        """
def attack(bait):
    os = module("os")
    return tries(lambda: "ESCAPED: signalled %s" % os.kill(bait["parent"], 0), lambda: os.kill(bait["parent"], 9))
""",
    ),
    _attack(
        "queue-a-signal",
        """
def attack(bait):
    data = (9).to_bytes(4, "little") + bytes(4) + (2**32 - 1).to_bytes(4, "little") + bytes(116)
    return ask(bait, "rt_sigqueueinfo", bait["decoy"], 9, data)
""",
    ),
    _attack(
        "trace-a-process",
        """
def attack(bait):
    attach, interrupt = 16, 0
    return "ESCAPED: traces %d" % ask(bait, "ptrace", attach, bait["decoy"], 0, 0)
""",
    ),
    _attack(
        "leave-its-cpu",
        """
def attack(bait):
    os = module("os")
    return tries(
        lambda: "ESCAPED: moved %d" % ask(bait, "sched_setaffinity", 0, 8, b"\\xff" * 8),
        lambda: "ESCAPED: nicer %s" % os.nice(-1),
        lambda: "ESCAPED: real time %s" % os.sched_setscheduler(0, 1, os.sched_param(1)),
    )
""",
    ),
)
