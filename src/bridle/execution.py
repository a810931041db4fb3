"""Where jobs run: anything with the interface of `concurrent.futures.Executor`.

`Inline` runs a job in the calling thread, one at a time (small problems, tests, debuggers); `processes` is a pool of
local processes. Results don't depend on which.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from typing import ParamSpec, TypeVar

from bridle.errors import UsageError

P = ParamSpec("P")
T = TypeVar("T")


class Inline(Executor):
    """Runs each submitted call at once, in the thread that submits it, one at a time."""

    def __init__(self) -> None:
        """Nothing is started."""
        self._lock = threading.Lock()

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Run it; the future is done."""
        future: Future[T] = Future()
        with self._lock:
            try:
                future.set_result(fn(*args, **kwargs))
            except Exception as error:
                future.set_exception(error)
        return future


def processes(workers: int | None = None) -> Executor:
    """A pool of `workers` processes (default: one for each CPU this process may use), started fresh, not forked."""
    count = workers or (len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(count, mp_context=context, initializer=_ignore_interrupts)


def _ignore_interrupts() -> None:
    """Leave Ctrl-C to the parent, which ends the pool in order."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def open_executor(spec: str) -> Executor:
    """`inline`, `processes` or `processes:N`; UsageError for anything else."""
    kind, _, count = spec.partition(":")
    if kind == "inline" and not count:
        return Inline()
    if kind == "processes" and (not count or (count.isdecimal() and int(count) > 0)):
        return processes(int(count) if count else None)
    raise UsageError(f"There is no executor {spec!r}; use inline, processes or processes:N.")
