"""The zygote: executed fresh, with a clean environment, it imports what harnesses may import and forks workers.

It holds no secret and runs no generated code. Run as `python -s -S -P -B zygote.py`, its control socket on standard
input; orders are JSON datagrams, with descriptors attached. It ends when its parent does, and its workers with it.

Standard library only, as is everything of Bridle that it imports.
"""

from __future__ import annotations

import gc
import importlib
import json
import mmap
import os
import select
import signal
import socket
import sys
import types
from contextlib import suppress
from dataclasses import dataclass
from typing import Any


def _as_package() -> None:
    """Make `bridle.sandbox` importable from here without its `__init__`, which needs more than the standard library."""
    here = os.path.dirname(os.path.abspath(__file__))
    for name, path in (("bridle", os.path.dirname(here)), ("bridle.sandbox", here)):
        package = types.ModuleType(name)
        package.__path__ = [path]
        sys.modules[name] = package


if __name__ == "__main__":
    _as_package()

from bridle.sandbox import confinement, memory, stopwatch, wire, worker  # noqa: E402  # only now can they be imported

IDLE_SECONDS = 0.5
"""How often to look for the parent, where the kernel can't tell of its end."""

LOOKS, SHORTEST_LOOK, LONGEST_LOOK = 20, 0.002, 0.05
"""Looks at a deadline per its length, and the shortest and longest pause between them, in seconds."""

BURIAL = 0.02
"""How often to look for workers that are dying, in seconds."""

CODECS = (
    "ascii", "latin_1", "utf_8", "utf_8_sig", "utf_16", "utf_16_le", "utf_16_be", "utf_32", "utf_32_le", "utf_32_be",
    "unicode_escape", "raw_unicode_escape", "cp437", "cp1252", "punycode", "idna", "rot_13", "hex_codec",
    "base64_codec",
)  # fmt: skip
BESIDES = (
    "collections.abc", "unicodedata", "_strptime", "calendar", "locale", "numbers", "contextvars", "traceback",
    "linecache", "ctypes", "annotationlib", "string.templatelib", "textwrap", "inspect", "ast",
)  # fmt: skip
"""What allowed modules, or the compiler, import late. A confined worker can open no file to do so."""

NUMPY = (
    "numpy", "numpy.random", "numpy.ma", "numpy.linalg", "numpy.fft", "numpy.polynomial", "numpy.rec", "numpy.char",
    "numpy.strings", "numpy.lib.stride_tricks", "numpy.exceptions", "numpy.dtypes", "numpy.typing",
)  # fmt: skip


def _preload(modules: list[str], numpy: str | None) -> None:
    """Import everything a harness may import. `numpy` is the folder that holds it, None to leave it out."""
    if numpy is not None:
        sys.path.append(numpy)
        modules = [*modules, *NUMPY]
    for name in (*BESIDES, *(f"encodings.{codec}" for codec in CODECS), *modules):
        try:
            importlib.import_module(name)
        except ImportError:
            if name in modules and not name.startswith("numpy."):
                raise
    sys.path.clear()
    sys.path_importer_cache.clear()


@dataclass
class _Watched:
    """A worker with limits that this process keeps: what it is waited for, and how long that took it so far."""

    pid: int
    slot: int
    seconds: float
    memory_bytes: int
    watch: stopwatch.Stopwatch
    sequence: int = 0


class Zygote:
    """Obeys its control socket, and kills workers that the parent has waited for too long."""

    def __init__(self, control: socket.socket, watch: mmap.mmap) -> None:
        """Watch the control socket, and the parent where this kernel can."""
        self._control, self._parent = control, os.getppid()
        self._page, self._waits = watch, memoryview(watch).cast("I")
        self._workers: dict[int, int] = {}
        self._watched: dict[int, _Watched] = {}
        self._dying: list[int] = []
        self._poll = select.poll()
        self._poll.register(control, select.POLLIN)
        self._idle: float | None = IDLE_SECONDS
        if hasattr(os, "pidfd_open"):
            try:
                self._poll.register(os.pidfd_open(self._parent), select.POLLIN)
                self._idle = None
            except OSError:  # an old kernel or a strict container: looked up twice a second instead
                self._idle = IDLE_SECONDS

    def obey(self) -> None:
        """Serve orders until the parent is gone. Workers die with this process."""
        while True:
            self._bury()
            pause = self._patrol() if self._watched else self._idle
            if self._dying:
                pause = BURIAL if pause is None else min(pause, BURIAL)
            ready = self._poll.poll(None if pause is None else pause * 1000)
            if os.getppid() != self._parent:
                return
            if not any(descriptor == self._control.fileno() for descriptor, _ in ready):
                continue
            message, descriptors, _, _ = socket.recv_fds(self._control, 65536, 3)
            if not message:
                return
            order = json.loads(message)
            if order["order"] == "spawn":
                self._spawn(order, *descriptors)
            elif order["order"] == "watch":
                self._guard(order)
            elif order["order"] == "end":
                self._end(order)
            else:
                self._reap(order)

    def leave(self) -> None:
        """End the workers, for kernels that don't do so by themselves."""
        for pid in self._workers.values():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def _spawn(self, order: dict[str, Any], request: int, reply: int, page: int) -> None:
        """Fork a worker on the given pipes; it reports itself on its reply pipe."""
        shared = mmap.mmap(page, order["page"])
        me = os.getpid()
        try:
            pid = os.fork()
            if pid == 0:
                # No worker may see, or stop, what keeps the deadlines of others.
                self._waits.release()
                self._page.close()
                worker.run(order["settings"], request, reply, shared, me)
            self._workers[order["worker"]] = pid
        except OSError:  # too many processes: the parent sees both pipes closed and asks what became of the worker
            return
        finally:
            shared.close()
            for descriptor in (request, reply, page):
                os.close(descriptor)

    def _guard(self, order: dict[str, Any]) -> None:
        """From now on, kill this worker when one of its calls that the parent waits for takes longer than it may."""
        pid = self._workers.get(order["worker"])
        if pid is not None:
            watch = stopwatch.Stopwatch(pid)
            self._watched[order["worker"]] = _Watched(
                pid, order["slot"], order["seconds"], order["memory_bytes"], watch
            )

    def _patrol(self) -> float:
        """Look once at every deadline; how long until the next look."""
        for watched in self._watched.values():
            sequence = self._waits[2 * watched.slot]
            if memory.POLLED and memory.resident(watched.pid) > watched.memory_bytes:
                self._kill(watched, wire.OVER_MEMORY)
            elif sequence != watched.sequence:
                watched.sequence = sequence
                if sequence:
                    watched.watch.start()
            elif sequence and (verdict := watched.watch.look(watched.seconds)):
                self._kill(watched, sequence + (wire.STARVED if verdict is stopwatch.Verdict.STARVED else 0))
        shortest = min(watched.seconds for watched in self._watched.values())
        return min(max(shortest / LOOKS, SHORTEST_LOOK), LONGEST_LOOK)

    def _kill(self, watched: _Watched, reason: int) -> None:
        """Kill a worker, and leave word why."""
        self._waits[2 * watched.slot + 1] = reason
        os.kill(watched.pid, signal.SIGKILL)

    def _end(self, order: dict[str, Any]) -> None:
        """Kill a worker. The kernel takes a while to clear it away, which nobody has to wait for."""
        pid = self._workers.pop(order["worker"], None)
        self._watched.pop(order["worker"], None)
        if pid is not None:
            os.kill(pid, signal.SIGKILL)
            self._dying.append(pid)

    def _bury(self) -> None:
        """Reap those that have been cleared away."""
        self._dying = [pid for pid in self._dying if os.waitpid(pid, os.WNOHANG)[0] == 0]

    def _reap(self, order: dict[str, Any]) -> None:
        """Kill a worker, if it is not dead, and answer with its wait status and CPU seconds."""
        pid = self._workers.pop(order["worker"], None)
        self._watched.pop(order["worker"], None)
        status, cpu = None, 0.0
        if pid is not None:
            os.kill(pid, signal.SIGKILL)
            _, status, used = os.wait4(pid, 0)
            cpu = used.ru_utime + used.ru_stime
        self._control.send(json.dumps({"status": status, "cpu": cpu}).encode())


def main() -> None:
    """Preload, say so, obey."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    control = socket.socket(fileno=0)
    message, descriptors, _, _ = socket.recv_fds(control, 65536, 1)
    hello = json.loads(message)
    watch = mmap.mmap(descriptors[0], hello["watch"])
    os.close(descriptors[0])
    if hello["cpus"]:
        os.sched_setaffinity(0, hello["cpus"])
    _preload(hello["modules"], hello["numpy"])
    confinement.prepare(wire.REQUEST_FD, wire.REPLY_FD)
    control.send(json.dumps({"pid": os.getpid()}).encode())
    # What the workers share with this process stays shared: a collection in a worker must not touch it.
    gc.collect()
    gc.freeze()
    zygote = Zygote(control, watch)
    try:
        zygote.obey()
    finally:
        zygote.leave()


if __name__ == "__main__":
    main()
