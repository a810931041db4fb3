"""A harness that is not asked for ever: after too many calls that ended in the limits it counts as failed unasked.

Its own time counts, the CPU that its workers use, so that a busy machine makes no harness stall. All time counts only
where that is not known; and a multiple of it, for one that found a way to doze within its limits.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from bridle.errors import Blame, Failure
from bridle.harness import Call, Loaded, Reply

ENDED = frozenset(("timeout", "cpu", "memory", "killed"))
"""Kinds of failures by which a call used up what it may."""

MOST_ENDED, MOST_SECONDS = 10, 90.0
"""Calls that may end so, and seconds that all calls may take, before nobody asks any more: of one block of episodes."""

WALL = 10
"""Time on the wall that is waited for those seconds, in multiples of them."""

FILTERS_SECONDS = 20 * MOST_SECONDS
"""The same seconds for a filter, which reviews dozens of calls for each that is made."""


@runtime_checkable
class Timed(Protocol):
    """A loaded harness that knows what it has used."""

    @property
    def processor_seconds(self) -> float:
        """CPU seconds so far; always 0 where the kernel doesn't tell."""


class Patient:
    """A loaded harness, asked until the patience is gone. What is not asked fails as `stalled`, and accepts nothing."""

    def __init__(self, loaded: Loaded, *, ended: int = MOST_ENDED, seconds: float = MOST_SECONDS) -> None:
        """Ask `loaded` until so many calls `ended` in the limits, or all took so many `seconds` of its own time."""
        self._loaded, self._left, self._seconds, self._waited = loaded, ended, seconds, 0.0
        self._timed = loaded if isinstance(loaded, Timed) else None
        self._before = self._used()
        self._times = WALL if self._before else 1

    @property
    def gone(self) -> bool:
        """Whether nobody asks any more."""
        late = self._used() - self._before >= self._seconds or self._waited >= self._times * self._seconds
        return self._left <= 0 or late

    def call(self, function: str, *values: object) -> Reply:
        """One call."""
        return self.batch([Call(function, values)])[0]

    def batch(self, calls: Sequence[Call]) -> list[Reply]:
        """The calls, or the failure that each of them is."""
        if self.gone:
            failure = Failure(blame=Blame.HARNESS, kind="stalled", message="it stalled too often to be asked again")
            return [Reply(failure=failure) for _ in calls]
        began = time.monotonic()
        replies = self._loaded.batch(calls)
        self._waited += time.monotonic() - began
        self._left -= sum(reply.failure is not None and reply.failure.kind in ENDED for reply in replies)
        return replies

    def close(self) -> None:
        """End the worker."""
        self._loaded.close()

    def _used(self) -> float:
        """CPU seconds so far; loading has used some, wherever it is known."""
        return self._timed.processor_seconds if self._timed is not None else 0.0
