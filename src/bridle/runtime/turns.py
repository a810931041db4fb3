"""One turn at a time, and none within another: what orders the calls of one session."""

from __future__ import annotations

import asyncio
import threading
from contextvars import ContextVar, Token

from bridle.errors import UsageError

WITHIN = "A call within a call of the same session would wait for itself; make it afterwards, or in another session."
"""What is said to a tool, or an agent, that calls the guard by which it is being called."""

ELSEWHERE = "This guard is at work in another event loop; a session belongs to one at a time, so open one for each."
"""What is said to whoever shares an `AsyncGuard` between event loops that run side by side."""

_AROUND: ContextVar[tuple[object, ...]] = ContextVar("turns around this one", default=())
"""The turns within which this code runs, outermost first; tasks and threads of asyncio inherit it."""


class _InProgress:
    """The turn in progress, known to whatever runs within it."""

    def __init__(self) -> None:
        self._turn: object = None
        self._before: Token[tuple[object, ...]] | None = None

    def _begin(self) -> None:
        self._turn = turn = object()
        self._before = _AROUND.set((*_AROUND.get(), turn))

    def _end(self) -> None:
        self._turn, before = None, self._before
        if before is not None:
            _AROUND.reset(before)


class Turns(_InProgress):
    """Turns of several threads, one after another: `with turns.order(), turns:` is one.

    An interrupt may come between any two steps of Python's, and so also while a turn is left: the lock, whose own steps
    are none of Python's, is free all the same, and says whether a turn is in progress.
    """

    def __init__(self) -> None:
        """None is in progress."""
        super().__init__()
        self._lock = threading.Lock()

    def order(self) -> threading.Lock:
        """What has to be held for a turn; UsageError within one of these."""
        if self._lock.locked() and self._turn in _AROUND.get():
            raise UsageError(WITHIN)
        return self._lock

    def __enter__(self) -> None:
        self._begin()

    def __exit__(self, *_: object) -> None:
        self._end()


class AsyncTurns(_InProgress):
    """Turns of several tasks of one event loop, one after another: `async with turns:` is one.

    Another loop may follow when all are through. UsageError within another of these, or while another loop has some.
    """

    def __init__(self) -> None:
        """None is in progress."""
        super().__init__()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lock = asyncio.Lock()
        self._here, self._counting = 0, threading.Lock()

    async def __aenter__(self) -> None:
        if self._lock.locked() and self._turn in _AROUND.get():
            raise UsageError(WITHIN)
        loop = asyncio.get_running_loop()
        with self._counting:
            if self._loop is not loop:
                if self._here:
                    raise UsageError(ELSEWHERE)
                self._loop, self._lock = loop, asyncio.Lock()  # A lock that was waited for belongs to its loop.
            self._here += 1
        try:
            await self._lock.acquire()
        except BaseException:
            self._leave()
            raise
        self._begin()

    async def __aexit__(self, *_: object) -> None:
        try:
            self._end()
        finally:
            self._lock.release()
            self._leave()

    def _leave(self) -> None:
        with self._counting:
            self._here -= 1
