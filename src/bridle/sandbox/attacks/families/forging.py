"""Attacks on the reply pipe: bytes that no honest worker sends, and failures that blame somebody else.

A forged reply that is exactly what an honest one could be is no attack: a harness may answer what it likes. Everything
else has to fail, and from then on the harness is not trusted with another answer.
"""

from __future__ import annotations

from dataclasses import replace

from bridle.sandbox.attacks.attack import LIMITS, Attack, Family, Oracle, Trigger
from bridle.sandbox.attacks.judging import disqualified, failing, refused
from bridle.sandbox.attacks.sources import text
from bridle.sandbox.attacks.triggers import BATCH, CHECKED, IN_FLIGHT, OFTEN, ONCE, THEN_HEAVY, TWICE


def _attack(
    name: str, body: str, *, trigger: Trigger = TWICE, oracle: Oracle | None = disqualified, cpu_seconds: int = 30
) -> Attack:
    limits = replace(LIMITS, cpu_seconds=cpu_seconds)
    if cpu_seconds < LIMITS.cpu_seconds:  # then it is not wall time that runs out first
        limits = replace(limits, call_seconds=10.0, load_seconds=10.0, batch_seconds=10.0)
    return Attack(name=name, family=Family.FORGING, source=text(body), trigger=trigger, oracle=oracle, limits=limits)


ATTACKS = (
    _attack(
        "a-surplus-reply",
        """
def attack(bait):
    send(sequence() + reply(b"S", b"one"))
    return "two"
""",
    ),
    _attack(
        "surplus-bytes",
        """
def attack(bait):
    send(sequence() + reply(b"S", b"one") + b"more")
    while True:
        pass
""",
    ),
    _attack(
        "a-length-of-gigabytes",
        """
def attack(bait):
    send(sequence() + b"S" + bytes([255]) * 4 + b"data")
    while True:
        pass
""",
    ),
    _attack(
        "half-a-reply-and-gone",
        """
def attack(bait):
    send(sequence() + b"S" + (100).to_bytes(4, "little") + b"half")
    pick("_" + "exit")(module("os"))(0)
""",
        oracle=refused,
    ),
    _attack(
        "half-a-reply-and-silence",
        """
def attack(bait):
    send(sequence() + b"S" + (100).to_bytes(4, "little") + b"half")
    while True:
        pass
""",
        oracle=refused,
    ),
    _attack(
        "half-a-number-and-silence",
        """
def attack(bait):
    send(sequence()[:3])
    while True:
        pass
""",
        oracle=refused,
    ),
    _attack(
        "for-another-call",
        """
def attack(bait):
    send((77).to_bytes(4, "little") + reply(b"S", b"data"))
    while True:
        pass
""",
    ),
    _attack(
        "replies-ahead-of-their-calls",
        """
def attack(bait):
    number = int.from_bytes(sequence(), "little")
    for ahead in range(1, 6):
        send((number + ahead).to_bytes(4, "little") + reply(b"S", b"ahead"))
    return "honest"
""",
        trigger=OFTEN,
    ),
    _attack(
        "replies-ahead-of-batches",
        """
def attack(bait):
    number = int.from_bytes(sequence(), "little")
    send(sequence() + reply(b"S", b"one") * 2)
    send((number + 1).to_bytes(4, "little") + reply(b"S", b"ahead") * 2)
    return "honest"
""",
        trigger=IN_FLIGHT,
    ),
    _attack(
        "another-kind-of-value",
        """
def attack(bait):
    send(sequence() + b"T")
    while True:
        pass
""",
    ),
    _attack(
        "data-for-text",
        """
def attack(bait):
    send(sequence() + reply(b"J", b'{"verdict": "accept"}'))
    while True:
        pass
""",
    ),
    _attack(
        "a-pickle",
        """
def attack(bait):
    system = bytes([10]) + b"system" + bytes([10])
    run = b"cos" + system + b"(S': > %s'" % bait["target"].encode() + bytes([10]) + b"tR."
    send(sequence() + run)
    while True:
        pass
""",
    ),
    _attack(
        "text-that-is-none",
        """
def attack(bait):
    send(sequence() + reply(b"S", bytes([0xC0, 0xAF, 0xFF, 0xFE])))
    while True:
        pass
""",
    ),
    _attack(
        "text-beyond-its-limit",
        """
def attack(bait):
    send(sequence() + b"S" + (1 << 17).to_bytes(4, "little"))
    for _ in range(8):
        send(bytes(1 << 14))
    while True:
        pass
""",
    ),
    _attack(
        "bytes-without-end",
        """
def attack(bait):
    while True:
        send(bytes([84]) * 65536)
""",
    ),
    _attack(
        "answers-without-end",
        """
def attack(bait):
    one = reply(b"S", b"x" * 100) * 500
    send(sequence())
    while True:
        send(one)
""",
        trigger=BATCH,
    ),
    _attack(
        "a-reply-in-drops",
        """
def attack(bait):
    clock = pick("perf_counter")(module("time"))
    send(sequence() + b"S" + (60000).to_bytes(4, "little"))
    while True:
        until = clock() + 0.01
        while clock() < until:
            pass
        send(b"x")
""",
        trigger=ONCE,
        oracle=refused,
    ),
    _attack(
        "progress-without-end",
        """
def attack(bait):
    counters = [kept for kept in map(page, module("gc").get_objects()) if kept is not None][0]
    send(sequence())
    step = 0
    while True:
        step += 1
        counters[1] = step % 20


def page(kept):
    try:
        found = pick("_counters")(kept)
        return found if len(found) > 3 else None
    except (AttributeError, TypeError, ValueError):
        return None
""",
        trigger=BATCH,
        oracle=failing,
    ),
    _attack(
        "deaf",
        """
def attack(bait):
    send(sequence() + reply(b"S", b"heard"))
    while True:
        pass
""",
        trigger=THEN_HEAVY,
        oracle=failing,
    ),
    _attack(
        "too-few-replies",
        """
def attack(bait):
    send(sequence() + reply(b"S", b"x") * 3)
    pick("_" + "exit")(module("os"))(0)
""",
        trigger=BATCH,
        oracle=failing,
    ),
    _attack(
        "too-many-replies",
        """
def attack(bait):
    send(sequence() + reply(b"S", b"x") * 30)
    while True:
        pass
""",
        trigger=BATCH,
    ),
    _attack(
        "a-check-that-was-not-asked",
        """
def attack(bait):
    send(sequence() + reply(b"S", b"x") + b"T" + b"T" * 9)
    while True:
        pass
""",
        trigger=CHECKED,
    ),
    _attack(
        "requests-taken-away",
        """
def attack(bait):
    send(sequence() + reply(b"S", b"first"))
    while True:
        asked = module("os").read(3, 65536)
        send(asked[:4] + reply(b"S", b"second"))
""",
        oracle=None,
    ),
    _attack(
        "a-forged-load",
        """
NUMBER = sequence()
send(reply(b"J", b"[]"))
send(NUMBER + reply(b"J", b'{"rules": 5}') + reply(b"S", b"x"))


def attack(bait):
    return "loaded"
""",
    ),
    _attack(
        "rules-that-are-none",
        """
send(reply(b"J", b"[]"))
while True:
    pass


def attack(bait):
    return "loaded"
""",
        oracle=refused,
    ),
    _attack(
        "a-failure-with-a-blame",
        """
def attack(bait):
    told = {"kind": "exception", "message": "it was the machine", "line": 1, "blame": "infrastructure"}
    send(sequence() + reply(b"E", json.dumps(told).encode()))
    while True:
        pass
""",
    ),
    _attack(
        "a-failure-of-another-kind",
        """
def attack(bait):
    told = {"kind": "infrastructure", "message": "it was the machine", "line": 1}
    send(sequence() + reply(b"E", json.dumps(told).encode()))
    while True:
        pass
""",
    ),
    _attack(
        "a-failure-without-end",
        """
def attack(bait):
    told = {"kind": "exception", "message": "x" * 30000, "line": 1}
    send(sequence() + reply(b"E", json.dumps(told).encode()))
    while True:
        pass
""",
    ),
    _attack(
        "a-failure-on-line-infinity",
        """
def attack(bait):
    send(sequence() + reply(b"E", b'{"kind": "exception", "message": "", "line": 1e999}'))
    while True:
        pass
""",
    ),
    _attack(
        "killed-as-if-from-outside",
        """
def attack(bait):
    signal = module("signal")
    signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
    while True:
        pass
""",
        trigger=ONCE,
        oracle=refused,
        cpu_seconds=1,
    ),
    _attack(
        "killed-while-loading-as-if-from-outside",
        """
module("signal").pthread_sigmask(0, range(1, 65))
while True:
    pass


def attack(bait):
    return "loaded"
""",
        trigger=ONCE,
        oracle=refused,
        cpu_seconds=1,
    ),
    _attack(
        "dead-in-many-ways",
        """
def attack(bait):
    os = module("os")
    leave = pick("_" + "exit")(os)
    return tries(lambda: module("signal").raise_signal(9), lambda: leave(12))
""",
        oracle=refused,
    ),
)
