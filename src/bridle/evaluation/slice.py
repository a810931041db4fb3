"""A slice: scenarios of one split of one variant of an environment, on which all conditions play."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from bridle.environment import Environment, Split
from bridle.environments.catalog import resolve
from bridle.errors import UsageError

SEARCH, NOMINAL = "search", "nominal"
SLICES = (NOMINAL, SEARCH, "mutated", "adversarial")
"""Sealed scenarios; those that a search saw; sealed ones of the environment's mutated and adversarial variants."""

FRESHEST, SPAN = 1_000_000, 250_000_000
"""Fresh offsets are drawn from this many on, over so many: far from where anybody starts by hand."""


@dataclass(frozen=True, kw_only=True)
class Slice:
    """`count` scenarios of a split, from `offset` on. `environment` is the id of the variant."""

    name: str
    environment: str
    split: Split
    offset: int
    count: int

    @property
    def sealed(self) -> bool:
        """Whether looking at it is a look at sealed data."""
        return self.split == "sealed"

    def record(self) -> dict[str, Any]:
        """As a JSON object."""
        return dict(vars(self))


def slices(environment: str, names: Sequence[str], *, offset: int, count: int) -> tuple[list[Slice], dict[str, str]]:
    """The slices of these names that the environment has, and why it lacks the others.

    The sealed ones have one offset, so that scenario i of each is the same case.

    Raises:
        UsageError: there is no slice of such a name, or no such environment.
    """
    found: list[Slice] = []
    lacking: dict[str, str] = {}
    resolve(environment)
    for name in names:
        if name not in SLICES:
            raise UsageError(f"There is no slice {name!r}; use {', '.join(SLICES)}.")
        chosen = environment if name in (SEARCH, NOMINAL) else varied(environment, name)
        try:
            resolve(chosen)
        except UsageError as error:
            lacking[name] = str(error)
            continue
        split: Split = "train" if name == SEARCH else "sealed"
        start = 0 if name == SEARCH else offset
        found.append(Slice(name=name, environment=chosen, split=split, offset=start, count=count))
    return found, lacking


def varied(environment: str, variant: str) -> str:
    """The id of an environment's variant."""
    return f"{environment}{'&' if '?' in environment else '?'}variant={variant}"


def fresh_offset(seed: int, digests: Sequence[str]) -> int:
    """Where sealed scenarios begin that nobody can have played before these harnesses existed.

    It follows from the harnesses' digests, which are not known until their search has ended, and from a seed. Anybody
    who has the harnesses can draw the same.
    """
    text = "\n".join([str(seed), *sorted(digests)])
    return FRESHEST + int(hashlib.sha256(text.encode()).hexdigest(), 16) % SPAN


@lru_cache(maxsize=16)
def opened(environment: str) -> Environment:
    """The environment of an id, its sealed split included; the same object for all work of this process."""
    return resolve(environment)
