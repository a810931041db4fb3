"""Attacks that use up what everybody needs: descriptors, process ids, threads, mappings, sockets, disks."""

from __future__ import annotations

from dataclasses import replace

from bridle.sandbox.attacks.attack import LIMITS, Attack, Family
from bridle.sandbox.attacks.sources import text
from bridle.sandbox.attacks.triggers import ONCE

_COUNT = """
MANY = 64


def count(what, make):
    made = 0
    try:
        while made < MANY:
            make()
            made += 1
    except (OSError, RuntimeError) as error:
        return "%d %s, then %r" % (made, what, error)
    return "ESCAPED: %d %s" % (made, what)
"""


def _attack(name: str, body: str) -> Attack:
    limits = replace(LIMITS, call_seconds=2.0)
    source = text(f"{_COUNT}\n\n{body.strip()}")
    return Attack(name=name, family=Family.EXHAUSTION, source=source, trigger=ONCE, limits=limits)


ATTACKS = (
    _attack(
        "descriptors",
        """
def attack(bait):
    os = module("os")
    return "; ".join(
        [
            count("copies", lambda: os.dup(4)),
            count("pipes", os.pipe),
            count("memory files", lambda: ask(bait, "memfd_create", b"x" + bytes(1), 0)),
            count("events", lambda: ask(bait, "eventfd2", 0, 0)),
            count("polls", lambda: ask(bait, "epoll_create1", 0)),
            count("timers", lambda: ask(bait, "timerfd_create", 1, 0)),
        ]
    )
""",
    ),
    _attack(
        "process-ids",
        """
def attack(bait):
    os = module("os")

    def once():
        if os.fork() == 0:
            while True:
                pass

    return count("processes", once)
""",
    ),
    _attack(
        "threads",
        """
def attack(bait):
    thread = module("_thread")

    def wait():
        while True:
            pass

    return count("threads", lambda: thread.start_new_thread(wait, ()))
""",
    ),
    _attack(
        "sockets",
        """
def attack(bait):
    socket, kept = module("socket"), []
    return count("sockets", lambda: kept.append(socket.socket()))
""",
    ),
    _attack(
        "timers-and-signals",
        """
def attack(bait):
    ctypes, libc = native()
    kept = ctypes.c_long()
    return count("timers", lambda: ask(bait, "timer_create", 1, 0, ctypes.byref(kept)))
""",
    ),
    _attack(
        "mappings",
        """
def attack(bait):
    mmap, kept = module("mmap"), []
    while len(kept) < 1 << 17:
        try:
            kept.append(mmap.mmap(-1, 4096, prot=1 + len(kept) % 2 * 2))
        except (OSError, ValueError) as error:
            return "%d mappings, then %r" % (len(kept), error)
    return "ESCAPED: %d mappings" % len(kept)
""",
    ),
    _attack(
        "disk",
        """
def attack(bait):
    with module("io").open(bait["target"], "wb", 0) as file:
        for _ in range(64):
            file.write(bytes(1 << 20))
    return "ESCAPED: 64 MB"
""",
    ),
    _attack(
        "pipe-buffers",
        """
def attack(bait):
    larger = 1031
    return tries(
        lambda: "ESCAPED: pipe of %d" % ask(bait, "fcntl", 3, larger, 1 << 20),
        lambda: "ESCAPED: pipe of %d" % ask(bait, "fcntl", 4, larger, 1 << 20),
    )
""",
    ),
)
