"""The parent's handle of one worker: its two pipes, the shared page, and how long it may take."""

from __future__ import annotations

import fcntl
import os
import select
import signal
from contextlib import suppress
from typing import Any

from bridle.errors import Blame, Failure, SandboxFault
from bridle.harness import Reply
from bridle.sandbox import wire
from bridle.sandbox.replies import Expected, Malformed, read_reply
from bridle.sandbox.spawner import Spawner, shared_page
from bridle.sandbox.stopwatch import PATIENCE, Stopwatch, Verdict

HELLO_SECONDS = 10.0
"""How long a worker may take to confine itself."""

SLICES = 8
"""Looks at a worker that is waited for, per length of its limit."""

MOST_UNASKED = 16 << 20
"""Bytes that are taken from a worker while it is still being asked."""


class Died(Exception):
    """The worker closed its pipe: it is dead or dying."""


class Late(Exception):
    """The worker did not answer in time."""


class Stillborn(SandboxFault):
    """The worker was dead before it was given anything."""


class Worker:
    """One worker process. Not shared between threads."""

    def __init__(self, spawner: Spawner, settings: dict[str, Any]) -> None:
        """Have it forked; doesn't wait for it."""
        self._spawner, self._memory_bytes = spawner, settings["memory_bytes"]
        self._cpu_seconds: float = settings["cpu_seconds"]
        self._page, page = shared_page("bridle-worker", wire.PAGE)
        self.counters = memoryview(self._page).cast("I")
        request, self.requests = os.pipe()
        self.replies, reply = os.pipe()
        self._open = True
        self.pid: int | None = None
        self.slept = 0.0
        self.slot: int | None = None
        self.wait = 0
        self.waits = spawner.waits
        try:
            os.set_blocking(self.requests, False)
            self._number = spawner.spawn(settings, request, reply, page)
        except BaseException:
            self._close()
            raise
        finally:
            for descriptor in (request, reply, page):
                os.close(descriptor)
        poll = select.poll()
        poll.register(self.replies, select.POLLIN)
        self.poll = poll.poll
        self._received = b""

    def hello(self) -> dict[str, Any]:
        """What the worker says of its confinement, before it was given anything.

        Raises:
            SandboxFault: it could not confine itself, or, as `Stillborn`, is dead.
        """
        try:
            reply = self.exchange(None, 0, Expected("json"), HELLO_SECONDS)
        except Died:
            raise Stillborn(f"A sandbox worker did not start: {self.post_mortem().message}.") from None
        except (Late, Malformed) as error:
            self.end()
            raise SandboxFault(f"A sandbox worker did not start ({type(error).__name__.lower()}).") from error
        if reply.failure is not None:
            self.end()
            raise SandboxFault(f"A sandbox worker could not confine itself: {reply.failure.message}.")
        answer: dict[str, Any] = reply.value
        self.pid = answer.pop("pid")
        return answer

    def exchange(self, frame: bytes | None, sequence: int, expected: Expected, seconds: float) -> Reply:
        """Send one frame and read its one reply. For loading; calls go the faster way.

        Raises:
            Died, Late, Malformed: as they say.
            SandboxFault: the worker got no CPU to answer with.
        """
        watch = Stopwatch(self.pid)
        if frame is not None:
            self.send(frame, seconds)
        head = wire.SEQUENCE.size
        while True:
            if len(self._received) >= head:
                if wire.SEQUENCE.unpack_from(self._received)[0] != sequence:
                    raise Malformed("it answered out of turn")
                found = read_reply(self._received, head, expected, 1 << 20)
                if found is not None:
                    if found[1] != len(self._received):
                        raise Malformed("it sent surplus bytes")
                    self._received = b""
                    self.slept = watch.slept
                    return found[0]
            self.check(watch, seconds)
            if self.poll(seconds / SLICES * 1000):
                self._received += self.receive()

    def check(self, watch: Stopwatch, seconds: float) -> None:
        """Look whether the worker has used up its time, and not answered all the same.

        Raises:
            Late: it has.
            SandboxFault: it got no CPU to use it up.
        """
        verdict = watch.look(seconds)
        if verdict and not self.poll(0):
            if verdict is Verdict.STARVED:
                raise starved(seconds)
            raise Late

    def receive(self) -> bytes:
        """The bytes that have arrived, at least one.

        Raises:
            Died: there will be none.
        """
        data = os.read(self.replies, wire.CHUNK)
        if not data:
            raise Died
        return data

    def send(self, frame: bytes, seconds: float) -> bytes:
        """Write a frame; returns what the worker answered meanwhile (it may have to, before it can read on).

        Raises:
            Died, Late, Malformed: as they say.
            SandboxFault: the worker got no CPU to read with.
        """
        try:
            sent = os.write(self.requests, frame)
        except BlockingIOError:
            sent = 0
        except BrokenPipeError:
            raise Died from None
        return b"" if sent == len(frame) else self._send_slowly(frame[sent:], seconds)

    def _send_slowly(self, frame: bytes, seconds: float) -> bytes:
        """Write a frame to a worker that is not reading just now."""
        received, watch = b"", Stopwatch(self.pid)
        both = select.poll()
        both.register(self.requests, select.POLLOUT)
        both.register(self.replies, select.POLLIN)
        while frame:
            ready = both.poll(seconds / SLICES * 1000)
            if not ready:
                self.check(watch, seconds)
            for descriptor, _ in ready:
                if descriptor == self.replies:
                    received += self.receive()
                    if len(received) > MOST_UNASKED:
                        raise Malformed("it answers without end")
                else:
                    try:
                        frame = frame[os.write(self.requests, frame) :]
                    except BlockingIOError:
                        continue
                    except BrokenPipeError:
                        raise Died from None
        return received

    def watch(self, seconds: float) -> None:
        """From now on, a call that takes longer has this worker killed, where `waits` says that it is waited for."""
        self.slot = self._spawner.watch(self._number, seconds, self._memory_bytes)
        if hasattr(fcntl, "F_SETPIPE_SZ"):
            with suppress(PermissionError):  # this user has too much in pipes already: batches take more wake-ups
                fcntl.fcntl(self.requests, fcntl.F_SETPIPE_SZ, wire.PIPE)
        self.wait = 2 * (self.slot or 0)

    def killed_for(self) -> int:
        """What the zygote killed this worker for: a call, by its sequence number (plus `STARVED` where it got no CPU),
        `OVER_MEMORY`, or 0 for neither.
        """
        return 0 if self.slot is None else int(self.waits[2 * self.slot + 1])

    @property
    def deserted(self) -> bool:
        """Whether the zygote is gone, and this worker with it."""
        return not self._spawner.alive

    def printed(self) -> int:
        """Characters that the harness printed in this worker so far."""
        return self.counters[wire.PAGE_PRINTED] if self._open else 0

    def __del__(self) -> None:
        """A worker that nobody holds any more is ended."""
        if getattr(self, "_number", None) is not None:
            self.end()

    def end(self) -> None:
        """Kill the worker; doesn't wait for it. Twice is no error."""
        if self._open:
            self._close()
            self._spawner.end(self._number, self.slot)

    def post_mortem(self) -> Failure:
        """Why the worker, which closed its pipe, is dead. Ends it.

        Raises:
            SandboxFault: nobody can say.
        """
        if not self._open:
            raise SandboxFault("The sandbox's worker was already ended.")
        self._close()
        ended = self._spawner.reap(self._number, self.slot)
        if ended is None:
            raise SandboxFault("The sandbox could not fork a worker: too many processes, or too little memory.")
        status, cpu = ended
        return explain(status, spent=cpu >= self._cpu_seconds)

    def _close(self) -> None:
        self._open = False
        os.close(self.requests)
        os.close(self.replies)
        self.counters.release()
        self._page.close()


def starved(seconds: float) -> SandboxFault:
    """Nothing is known of a harness whose worker the machine did not let run."""
    return SandboxFault(
        f"The machine is too busy: in {PATIENCE * seconds:g} s a sandbox worker did not get {seconds:g} s of CPU. "
        "Run fewer programs on it at once."
    )


def explain(status: int, *, spent: bool = False) -> Failure:
    """What a worker's wait status means; `spent` says that it had used up its CPU time.

    Only a kill that the harness can't have caused is not its fault: one that blocks SIGXCPU is killed a second later
    as if from outside.
    """
    blame, kind, message = Blame.HARNESS, "killed", f"it left its process with status {status >> 8}"
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        if number == signal.SIGXCPU or (number == signal.SIGKILL and spent):
            kind, message = "cpu", "it used up its CPU time"
        elif number == signal.SIGKILL:
            blame, message = Blame.INFRASTRUCTURE, "its worker was killed from outside (is the machine out of memory?)"
        elif number == getattr(signal, "SIGSYS", -1):
            message = "it asked the kernel for something that no harness needs, and was killed"
        elif number == signal.SIGSEGV:
            message = "it crashed the interpreter (recursion too deep, or memory out of bounds)"
        else:
            message = f"it was killed by signal {number}"
    elif os.WEXITSTATUS(status) == wire.OUT_OF_MEMORY:
        kind, message = "memory", "it ran out of memory"
    return Failure(blame=blame, kind=kind, message=message)
