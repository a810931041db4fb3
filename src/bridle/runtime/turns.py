"""One turn at a time, and none within another: what orders the calls of one session."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar

from bridle.errors import UsageError

WITHIN = "A call within a call of the same session would wait for itself; make it afterwards, or in another session."
"""What is said to a tool, or an agent, that calls the guard by which it is being called."""

ELSEWHERE = "This guard is at work in another event loop; a session belongs to one at a time, so open one for each."
"""What is said to whoever shares an `AsyncGuard` between event loops that run side by side."""

_AROUND: ContextVar[tuple[object, ...]] = ContextVar("turns around this one", default=())
"""The turns within which this code runs, outermost first; tasks and threads of asyncio inherit it."""


class _Entered:
    """The turn in progress, and whether somebody calls from within it."""

    def __init__(self) -> None:
        self._turn: object = None

    def refuse_within(self) -> None:
        """UsageError where the caller is itself part of the turn in progress."""
        if self._turn is not None and self._turn in _AROUND.get():
            raise UsageError(WITHIN)

    @contextmanager
    def entered(self) -> Iterator[None]:
        """A turn, for all that is done inside."""
        self._turn = turn = object()
        token = _AROUND.set((*_AROUND.get(), turn))
        try:
            yield
        finally:
            _AROUND.reset(token)
            self._turn = None


class Turns(_Entered):
    """Turns of several threads, one after another."""

    def __init__(self) -> None:
        """None is in progress."""
        super().__init__()
        self._lock = threading.Lock()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Wait for those before; UsageError within a turn of these."""
        self.refuse_within()
        with self._lock, self.entered():
            yield


class AsyncTurns(_Entered):
    """Turns of several tasks of one event loop, one after another. Another loop may follow when all are through."""

    def __init__(self) -> None:
        """None is in progress."""
        super().__init__()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lock = asyncio.Lock()
        self._here, self._counting = 0, threading.Lock()

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """Wait for those before; UsageError within a turn of these, or while another loop has some."""
        self.refuse_within()
        loop = asyncio.get_running_loop()
        with self._counting:
            if self._loop is not loop:
                if self._here:
                    raise UsageError(ELSEWHERE)
                self._loop, self._lock = loop, asyncio.Lock()  # A lock that was waited for belongs to its loop.
            self._here += 1
        try:
            async with self._lock:
                with self.entered():
                    yield
        finally:
            with self._counting:
                self._here -= 1
