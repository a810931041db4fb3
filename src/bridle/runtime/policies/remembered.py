"""Decisions that need not be asked for again: those of the same policy on the same version of the same resource.

Nothing is remembered of an engine that does not know its policy's digest without being asked, of a resource without a
version, of a decision with errors, or of one that is indeterminate. What the digest and the version don't cover is not
noticed until a decision is too old: give an engine whose answers hang on data of its own few seconds, or no memory.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace

from bridle.authorization import AuthorizationRequest, Decision, Outcome

DECIDED_BEFORE = "decided before, for the same request, resource version and policy"
"""The reason that is added to a decision from memory."""


class Decisions:
    """Remembered decisions; several sessions may share them. The least recently used go first."""

    def __init__(self, *, most: int = 4096, seconds: float = 60.0, clock: Callable[[], float] = time.monotonic) -> None:
        """At most so many, each for so many seconds of `clock`."""
        self._most, self._seconds, self._clock = most, seconds, clock
        self._kept: OrderedDict[tuple[str, str, str], tuple[float, Decision]] = OrderedDict()
        self._lock = threading.Lock()

    def known(self, request: AuthorizationRequest, version: str | int | None, policy: str) -> Decision | None:
        """The decision that this policy has given on this request; None where it has to be asked for."""
        key = _key(request, version, policy)
        if key is None:
            return None
        with self._lock:
            since, decision = self._kept.get(key, (0.0, None))
            if decision is None:
                return None
            if self._clock() - since >= self._seconds:
                del self._kept[key]
                return None
            self._kept.move_to_end(key)
        return replace(decision, reasons=(*decision.reasons, DECIDED_BEFORE))

    def keep(self, request: AuthorizationRequest, version: str | int | None, decision: Decision) -> None:
        """Remember a decision on this request, under the policy that it names."""
        key = _key(request, version, decision.policy_digest)
        if key is None or decision.errors or decision.outcome is Outcome.INDETERMINATE:
            return
        with self._lock:
            self._kept[key] = (self._clock(), decision)
            self._kept.move_to_end(key)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)


def _key(request: AuthorizationRequest, version: str | int | None, policy: str) -> tuple[str, str, str] | None:
    """None where nothing can be remembered. A version of 1 is not one of "1"."""
    return (request.digest, repr(version), policy) if policy and version is not None else None
