"""The budget: limits that are reserved before they are spent, and settled when the bill is known.

Everything is reserved and settled by the one loop that dispatches and commits, so that the same run with the same
answers stops at the same place on any number of workers. Wall time is the exception: it is looked at, not reserved.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bridle.errors import UsageError

UNITS = ("iterations", "calls", "tokens", "usd", "steps")


@dataclass(frozen=True, kw_only=True)
class Limit:
    """The most a run may spend; None is no limit. `seconds` is wall time over all sessions of the run."""

    iterations: int | None = 64
    calls: int | None = None
    tokens: int | None = None
    usd: float | None = None
    steps: int | None = None
    seconds: float | None = None

    def __post_init__(self) -> None:
        """Refuse what is no limit: NaN would be none at all."""
        for unit in (*UNITS, "seconds"):
            value = getattr(self, unit)
            if value is not None and not 0 <= value < float("inf"):
                raise UsageError(f"A limit is a number from 0 on; {unit} can't be {value}.")

    def of(self, unit: str) -> float | None:
        """The limit in one unit."""
        value = getattr(self, unit)
        return None if value is None else float(value)


class Budget:
    """What a run has spent and what it has set aside."""

    def __init__(self, limit: Limit) -> None:
        """Nothing is spent yet."""
        self.limit = limit
        self.spent = dict.fromkeys(UNITS, 0.0)
        self.reserved = dict.fromkeys(UNITS, 0.0)

    def left(self, unit: str) -> float:
        """What is neither spent nor set aside, in one unit; infinite without a limit."""
        limit = self.limit.of(unit)
        return float("inf") if limit is None else limit - self.spent[unit] - self.reserved[unit]

    def short(self, amounts: Mapping[str, float]) -> str | None:
        """The first unit in which the amounts don't fit, or None."""
        return next((unit for unit in UNITS if amounts.get(unit, 0.0) > self.left(unit) + 1e-9), None)

    def reserve(self, amounts: Mapping[str, float]) -> None:
        """Set the amounts aside; ask `short` first."""
        for unit, amount in amounts.items():
            self.reserved[unit] += amount

    def settle(self, amounts: Mapping[str, float], spent: Mapping[str, float]) -> None:
        """Give back what was set aside, and spend what it came to."""
        for unit, amount in amounts.items():
            self.reserved[unit] -= amount
        for unit in UNITS:
            self.spent[unit] += spent.get(unit, 0.0)

    def worst(self, unit: str) -> float:
        """What is spent if everything set aside is used up."""
        return self.spent[unit] + self.reserved[unit]
