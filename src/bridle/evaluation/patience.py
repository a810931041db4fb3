"""A harness that is not asked for ever: after too many calls that ended in the limits it counts as failed unasked."""

from __future__ import annotations

import time
from collections.abc import Sequence

from bridle.errors import Blame, Failure
from bridle.harness import Call, Loaded, Reply

ENDED = frozenset(("timeout", "cpu", "memory", "killed"))
"""Kinds of failures by which a call used up what it may."""

MOST_ENDED, MOST_SECONDS = 10, 90.0
"""Calls that may end so, and seconds that all calls may take, before nobody asks any more: of one block of episodes."""

FILTERS_SECONDS = 20 * MOST_SECONDS
"""The same seconds for a filter, which reviews dozens of calls for each that is made."""


class Patient:
    """A loaded harness, asked until the patience is gone. What is not asked fails as `stalled`, and accepts nothing."""

    def __init__(self, loaded: Loaded, *, ended: int = MOST_ENDED, seconds: float = MOST_SECONDS) -> None:
        """Ask `loaded` until so many calls `ended` in the limits, or all took so many `seconds`."""
        self._loaded, self._left, self._seconds = loaded, ended, seconds

    @property
    def gone(self) -> bool:
        """Whether nobody asks any more."""
        return self._left <= 0 or self._seconds <= 0

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
        self._seconds -= time.monotonic() - began
        self._left -= sum(reply.failure is not None and reply.failure.kind in ENDED for reply in replies)
        return replies

    def close(self) -> None:
        """End the worker."""
        self._loaded.close()
