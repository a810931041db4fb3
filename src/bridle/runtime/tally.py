"""What a session has done so far, as counts, and the ranges in which its metrics are expected."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from bridle.errors import UsageError
from bridle.trace import TraceStep

SHARES = ("refused", "denied", "failed", "repaired", "escalated")
"""Metrics that the guard keeps itself: each the share of the session's proposals of which it was so."""


class Tally(NamedTuple):
    """Counts of one session. `executed` counts calls, and so also automatic ones; the others count proposals."""

    proposals: int = 0
    executed: int = 0
    refused: int = 0
    denied: int = 0
    failed: int = 0
    repaired: int = 0
    escalated: int = 0

    def counted(self, records: Iterable[TraceStep], *, escalated: bool) -> Tally:
        """With one more turn, of which these are the records."""
        records = tuple(records)
        if not records:
            return self
        last = records[-1]
        return Tally(
            self.proposals + 1,
            self.executed + sum(was_executed(record) for record in records),
            self.refused + (last.answered_by in ("harness", "guard")),
            self.denied + any(record.answered_by == "policy" for record in records),
            self.failed + any(record.answered_by == "environment" and bool(record.error_class) for record in records),
            self.repaired + any(record.verdict == "rewrite" and record.call is not None for record in records),
            self.escalated + escalated,
        )

    def shares(self) -> dict[str, float]:
        """The metrics of `SHARES`; empty where there was no proposal."""
        return {name: getattr(self, name) / self.proposals for name in SHARES} if self.proposals else {}


def was_executed(record: TraceStep) -> bool:
    """Whether the call of this step was handed to its tool."""
    return record.answered_by == "environment" and record.decision is not None and record.decision.permits


class Expected(NamedTuple):
    """The range of a metric. A share is looked at `after` so many proposals; a host's own reading at once."""

    low: float = -math.inf
    high: float = math.inf
    after: int = 10

    def holds(self, value: float) -> bool:
        """Whether the value lies inside; what is no number (NaN) lies outside."""
        return self.low <= value <= self.high


def unexpected(expected: Mapping[str, Expected], tally: Tally, readings: Mapping[str, float]) -> str:
    """The first metric outside its range, as a sentence; empty where there is none. No data is not outside."""
    shares = tally.shares()
    for name, wanted in expected.items():
        known = name in readings or (name in shares and tally.proposals >= wanted.after)
        value = readings[name] if name in readings else shares.get(name, 0.0)
        if known and not wanted.holds(value):
            shown = "no number" if math.isnan(value) else f"{value:.3g}"
            return f"{name} is {shown}, expected from {wanted.low:g} to {wanted.high:g}"
    return ""


def sound(expected: Mapping[str, Expected]) -> None:
    """UsageError for a range that holds nothing."""
    for name, wanted in expected.items():
        if not wanted.low <= wanted.high or wanted.after < 0:
            raise UsageError(f"Nothing lies in the range of {name}, from {wanted.low} to {wanted.high}; mend it.")
