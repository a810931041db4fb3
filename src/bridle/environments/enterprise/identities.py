"""Ids that a start needs beside those that its journey drew."""

from __future__ import annotations

import random
from collections.abc import Container


def near(rng: random.Random, identity: str, taken: Container[str]) -> str:
    """An id that differs in one digit, and is free; `identity` is three letters, a dash and digits."""
    while True:
        place = rng.randrange(4, len(identity))
        found = f"{identity[:place]}{rng.randrange(10)}{identity[place + 1 :]}"
        if found not in taken:
            return found


def free(rng: random.Random, prefix: str, taken: Container[str]) -> str:
    """An id with that prefix that nothing has."""
    while True:
        found = f"{prefix}-{rng.randrange(1000, 10000)}"
        if found not in taken:
            return found
