"""The parent's side of a zygote: starts it, has it fork workers and end them.

Executed fresh, never forked from this process: what this process holds (keys, sockets, memory) no worker can inherit.
"""

from __future__ import annotations

import importlib.util
import itertools
import json
import mmap
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

from bridle.errors import SandboxFault
from bridle.harness import IMPORTS
from bridle.sandbox import placement, wire

START_SECONDS = 60.0
"""How long a zygote may take to import what harnesses may import."""

ANSWER_SECONDS = 10.0
"""How long it may take to end a worker."""

ENVIRONMENT = {
    "PYTHONHASHSEED": "0",
    "PYTHONUTF8": "1",
    "LC_ALL": "C",
    "TZ": "UTC",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
}
"""All of a zygote's environment, but for the path of shared libraries where this interpreter needs one."""


def numpy_folder() -> str | None:
    """The folder that numpy would be imported from, without importing it."""
    found = importlib.util.find_spec("numpy")
    return None if found is None or found.origin is None else str(Path(found.origin).parents[1])


class Spawner:
    """One zygote. Safe to use from several threads."""

    def __init__(self, *, numpy: bool) -> None:
        """Start the zygote; `numpy` has it import numpy for its workers.

        Raises:
            SandboxFault: it did not start.
        """
        self._lock = threading.RLock()  # a finaliser may end a worker while this thread waits for an answer
        self._numbers = itertools.count()
        self._owner = os.getpid()
        modules = sorted(IMPORTS - {"numpy"})
        folder = numpy_folder() if numpy else None
        if numpy and folder is None:
            raise SandboxFault("The harness imports numpy, which is not installed: pip install 'bridle[numpy]'.")
        environment = dict(ENVIRONMENT)
        for name in ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"):
            if name in os.environ:
                environment[name] = os.environ[name]
        self._watch_page, watch = shared_page("bridle-watch", wire.WATCH_BYTES)
        self.waits = memoryview(self._watch_page).cast("I")
        self._slots = list(range(wire.WATCH_SLOTS))
        # macOS has no packets that tell of the peer's end; there, both sides look for each other as well.
        kind = socket.SOCK_DGRAM if sys.platform == "darwin" else socket.SOCK_SEQPACKET
        mine, theirs = socket.socketpair(socket.AF_UNIX, kind)
        self._control = mine
        with tempfile.TemporaryFile() as complaints, theirs:
            try:
                self._process = subprocess.Popen(
                    [sys.executable, "-s", "-S", "-P", "-B", str(Path(__file__).with_name("zygote.py"))],
                    stdin=theirs.fileno(),
                    stdout=subprocess.DEVNULL,
                    stderr=complaints,
                    env=environment,
                    cwd="/",
                    # A terminal's Ctrl-C is for the parent. A session of its own would slow down every wake-up.
                    process_group=0,
                )
            except OSError as error:
                mine.close()
                raise SandboxFault(f"The sandbox can't start {sys.executable}: {error.strerror}.") from error
            theirs.close()
            try:
                hello = {"modules": modules, "numpy": folder, "cpus": placement.everywhere(), "watch": wire.WATCH_BYTES}
                self._tell(hello, (watch,))
                self._hear(START_SECONDS)
            except SandboxFault:
                self.close()
                complaints.seek(0)
                lines = complaints.read().decode(errors="replace").strip().splitlines() or ["it said nothing"]
                raise SandboxFault(f"The sandbox's zygote did not start: {lines[-1]}") from None
            finally:
                os.close(watch)

    def spawn(self, settings: dict[str, Any], request: int, reply: int, page: int) -> int:
        """Have a worker forked on these descriptors, which stay the caller's to close. Its number; doesn't wait.

        Raises:
            SandboxFault: the zygote is gone, or belongs to another process.
        """
        number = next(self._numbers)
        order = {"order": "spawn", "worker": number, "page": wire.PAGE, "settings": settings}
        with self._lock:
            self._tell(order, (request, reply, page))
        return number

    def watch(self, number: int, seconds: float, memory_bytes: int) -> int | None:
        """Have a worker killed when it goes beyond these. The slot of `waits` to wait with, None if none is left."""
        with self._lock:
            if not self._slots:
                return None
            slot = self._slots.pop()
            self.waits[2 * slot] = self.waits[2 * slot + 1] = 0
            order = {"order": "watch", "worker": number, "slot": slot}
            self._tell({**order, "seconds": seconds, "memory_bytes": memory_bytes})
            return slot

    def end(self, number: int, slot: int | None) -> None:
        """Kill a worker; doesn't wait. A zygote that is gone has taken its workers with it."""
        with self._lock, suppress(SandboxFault):
            if slot is not None:
                self._slots.append(slot)
            self._tell({"order": "end", "worker": number})

    def reap(self, number: int, slot: int | None) -> tuple[int, float] | None:
        """The wait status and CPU seconds of a worker that is dead, or killed now; None where it was never forked.

        Raises:
            SandboxFault: the zygote is gone or does not answer.
        """
        with self._lock:
            if slot is not None:
                self._slots.append(slot)
            self._tell({"order": "reap", "worker": number})
            answer = self._hear(ANSWER_SECONDS)
            return None if answer["status"] is None else (answer["status"], answer["cpu"])

    def close(self) -> None:
        """End the zygote and with it every worker. Closing twice is no error."""
        with self._lock:
            self._control.close()
            self.waits.release()
            self._watch_page.close()
            if self._owner != os.getpid():
                return
            try:
                self._process.wait(ANSWER_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.send_signal(signal.SIGKILL)
                self._process.wait()

    @property
    def alive(self) -> bool:
        """Whether the zygote is there to be used by this process."""
        return self._control.fileno() >= 0 and self._owner == os.getpid() and self._process.poll() is None

    @property
    def pid(self) -> int:
        """The zygote's process id."""
        return int(self._process.pid)

    def _tell(self, message: dict[str, Any], descriptors: tuple[int, ...] = ()) -> None:
        if self._owner != os.getpid():
            raise SandboxFault("This sandbox belongs to the process that opened it; open one in each process.")
        try:
            socket.send_fds(self._control, [json.dumps(message).encode()], list(descriptors))
        except OSError as error:
            raise SandboxFault(f"The sandbox's zygote is gone ({error.strerror}); open a new sandbox.") from error

    def _hear(self, seconds: float) -> dict[str, Any]:
        self._control.settimeout(seconds)
        try:
            message = self._control.recv(65536)
        except OSError as error:
            raise SandboxFault("The sandbox's zygote does not answer; open a new sandbox.") from error
        finally:
            self._control.settimeout(None)
        if not message:
            raise SandboxFault("The sandbox's zygote is gone; open a new sandbox.")
        answer: dict[str, Any] = json.loads(message)
        return answer


def shared_page(name: str, size: int) -> tuple[mmap.mmap, int]:
    """Memory to share with another process, and the descriptor to share it by (the caller closes it)."""
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create(name, os.MFD_CLOEXEC)
    else:
        with tempfile.TemporaryFile() as file:
            descriptor = os.dup(file.fileno())
    try:
        os.ftruncate(descriptor, size)
        return mmap.mmap(descriptor, size), descriptor
    except BaseException:
        os.close(descriptor)
        raise
