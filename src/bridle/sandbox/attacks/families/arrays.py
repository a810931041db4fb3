"""Attacks through numpy: its ways to files, memory and entropy."""

from __future__ import annotations

from bridle.sandbox.attacks.attack import Attack, Family
from bridle.sandbox.attacks.sources import text
from bridle.sandbox.attacks.triggers import ONCE


def _attack(name: str, body: str) -> Attack:
    source = text(body).replace("import json\n", "import json\nimport numpy\n", 1)
    return Attack(name=name, family=Family.NUMPY, source=source, trigger=ONCE, numpy=True)


ATTACKS = (
    _attack(
        "arrays-from-files",
        """
def attack(bait):
    return tries(
        lambda: module("os").closerange(0, 3),
        lambda: numpy.fromfile(bait["secret"], dtype=numpy.uint8).tobytes(),
        lambda: bytes(numpy.memmap(bait["secret"], mode="r")),
        lambda: numpy.loadtxt(bait["secret"], dtype=str),
        lambda: numpy.genfromtxt(bait["secret"], dtype=str),
        lambda: numpy.load(bait["secret"]),
    )
""",
    ),
    _attack(
        "arrays-to-files",
        """
def attack(bait):
    array = numpy.zeros(4)
    return tries(
        lambda: numpy.save(bait["target"], array),
        lambda: array.tofile(bait["target"]),
        lambda: numpy.savetxt(bait["target"], array),
        lambda: numpy.savez(bait["target"], array),
        lambda: numpy.memmap(bait["target"], mode="w+", shape=(4,)),
        lambda: array.dump(bait["target"]),
    )
""",
    ),
    _attack(
        "an-array-over-foreign-memory",
        """
def attack(bait):
    ctypes, libc = native()
    strided = numpy.lib.stride_tricks.as_strided(numpy.zeros(1, numpy.uint8), shape=(1 << 40,), strides=(4096,))
    return str(strided.sum())
""",
    ),
    _attack(
        "an-array-of-terabytes",
        """
def attack(bait):
    return "ESCAPED: %d" % len(numpy.ones(1 << 37))
""",
    ),
    _attack(
        "entropy-by-numpy",
        """
def attack(bait):
    return "ESCAPED: %s" % numpy.random.default_rng().random()
""",
    ),
)
