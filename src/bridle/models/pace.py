"""A model that is not asked more often than its provider allows."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from bridle.errors import ModelFault, UsageError
from bridle.models.model import Completion, Model, Priced, Request, Usage


class Paced:
    """Spaces the requests of all threads evenly, and lets all of them wait when one is told to come back later.

    The time spent waiting here is not counted in `Completion.seconds`.
    """

    def __init__(
        self,
        model: Model,
        *,
        per_minute: float,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] | None = None,
    ) -> None:
        """At most `per_minute` requests start in a minute; `clock` and `sleep` (seconds) are for tests."""
        if not per_minute > 0:
            raise UsageError(f"A rate is a number of requests a minute above 0, not {per_minute:g}.")
        self.name = model.name
        self._model, self._gap, self._clock = model, 60.0 / per_minute, clock
        self._closed = threading.Event()
        self._sleep = sleep or self._closed.wait
        self._lock = threading.Lock()
        self._next = clock()

    def complete(self, request: Request) -> Completion:
        """As the model's, when it is this request's turn."""
        while (wait := self._turn()) > 0:
            self._sleep(wait)
        if self._closed.is_set():
            raise ModelFault(f"{self.name} was closed.", permanent=True)
        try:
            return self._model.complete(request)
        except ModelFault as fault:
            if fault.retry_after is not None:
                with self._lock:
                    self._next = max(self._next, self._clock() + fault.retry_after)
            raise

    def _turn(self) -> float:
        """Zero, and the turn is taken; or the seconds until there may be one."""
        with self._lock:
            now = self._clock()
            if now < self._next and not self._closed.is_set():
                return self._next - now
            self._next = max(self._next, now) + self._gap
            return 0.0

    def price(self, usage: Usage) -> float | None:
        """As the model's; None where it knows no prices."""
        return self._model.price(usage) if isinstance(self._model, Priced) else None

    def close(self) -> None:
        """Let nobody wait any longer, and close the model, where it can be closed."""
        self._closed.set()
        if close := getattr(self._model, "close", None):
            close()
