"""The `random` of a worker: seeded anew for every call, and cheap to seed.

Seeding CPython's generator costs more than most calls of a harness. So the first draws after a seed are SplitMix64's
(Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014), whose seed is its state; who draws more
gets CPython's own, seeded from there, at its full speed. The same seed always gives the same draws, on every machine.

Imported by the bare zygote: standard library only.
"""

from __future__ import annotations

import random
from typing import Any

QUICK_DRAWS = 12
"""Draws after a seed before CPython's generator takes over: about what its seeding costs."""

_MASK = (1 << 64) - 1


class CallRandom(random.Random):
    """A `random.Random` with a cheap seed."""

    _state = 0
    _drawn = 0

    def begin(self, seed: int) -> None:
        """Seed for the next call."""
        self._state = seed & _MASK
        self._drawn = 0
        self.gauss_next: float | None = None

    def _word(self) -> int:
        """The next 64 bits."""
        self._drawn += 1
        self._state = state = (self._state + 0x9E3779B97F4A7C15) & _MASK
        state = (state ^ state >> 30) * 0xBF58476D1CE4E5B9 & _MASK
        state = (state ^ state >> 27) * 0x94D049BB133111EB & _MASK
        return state ^ state >> 31

    def _settle(self) -> None:
        """Hand over to CPython's generator."""
        if self._drawn <= QUICK_DRAWS:
            super().seed(self._word())
            self._drawn = QUICK_DRAWS + 1

    def random(self) -> float:
        """A number in [0, 1)."""
        if self._drawn < QUICK_DRAWS:
            return (self._word() >> 11) * 2.0**-53
        self._settle()
        return super().random()

    def getrandbits(self, k: int, /) -> int:
        """An integer of `k` random bits."""
        if self._drawn < QUICK_DRAWS and 0 < k <= 64:
            return self._word() >> 64 - k
        self._settle()
        return super().getrandbits(k)

    def seed(self, *values: Any, **named: Any) -> None:
        """As CPython's, and its generator from here on."""
        super().seed(*values, **named)
        self._drawn = QUICK_DRAWS + 1

    def getstate(self) -> Any:
        """As CPython's, and its generator from here on."""
        self._settle()
        return super().getstate()

    def setstate(self, state: Any) -> None:
        """As CPython's, and its generator from here on."""
        super().setstate(state)
        self._drawn = QUICK_DRAWS + 1


def install() -> CallRandom:
    """Have the functions of the module `random` draw from one `CallRandom`, which is returned."""
    shared = CallRandom(0)
    for name in random.__all__:
        if callable(getattr(random.Random, name, None)):
            setattr(random, name, getattr(shared, name))
    return shared
