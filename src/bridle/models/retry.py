"""When to ask again: a pure function of the fault and of how often was asked. Whoever calls it sleeps and journals."""

from __future__ import annotations

from dataclasses import dataclass

from bridle.errors import ModelFault, UsageError


@dataclass(frozen=True, kw_only=True)
class Retry:
    """How patient a caller is with one request.

    `attempts` counts the first. The waits are `first`, `first × factor`, … seconds, none above `longest`; where the
    provider said when to come back, it is never asked earlier, and if that is more than `patience` seconds away, the
    request is given up rather than slept over.

        wait = Retry().wait(attempt, fault)       # seconds, or None: give up
    """

    attempts: int = 4
    first: float = 1.0
    factor: float = 2.0
    longest: float = 30.0
    patience: float = 600.0

    def __post_init__(self) -> None:
        """Refuse a policy that can't be meant."""
        if self.attempts < 1 or self.first < 0 or self.factor < 1 or self.longest < 0 or self.patience < 0:
            raise UsageError(
                "A retry policy needs at least one attempt, a factor of at least 1 and waits that aren't negative."
            )

    def wait(self, attempt: int, fault: ModelFault) -> float | None:
        """Seconds to wait before the next attempt, after attempt number `attempt` (from 1) failed; None: give up."""
        if fault.permanent or attempt >= self.attempts:
            return None
        own = min(self.longest, self.first * self.factor ** min(attempt - 1, 64))
        if fault.retry_after is None:
            return own
        return max(own, fault.retry_after) if fault.retry_after <= self.patience else None
