"""A harness in its sandbox, as its caller sees it: batches, deadlines, and a fresh worker for what a dead one left.

A call that hangs, crashes or lies fails; it never yields a value, and it fails alone: the other calls of its batch are
answered by a fresh worker. Bytes that no honest worker sends disqualify the harness: from then on every call fails.
"""

from __future__ import annotations

import json
import marshal
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any

from bridle.errors import Blame, Failure, HarnessFault, UsageError
from bridle.harness import Call, Harness, Limits, Reply
from bridle.sandbox import placement, wire
from bridle.sandbox.process import Died, Late, Worker
from bridle.sandbox.replies import Expected, Malformed, read_reply

IN_FLIGHT = 2
"""Batches that may be on their way at once."""

SLICES = 8
"""A hanging call in a batch is noticed within this fraction of its limit after the limit."""


class _Flight:
    """A batch on its way: its calls, what has been answered, and which are still to be."""

    __slots__ = ("calls", "deadline", "due", "expected", "replies", "sent", "sequence")

    def __init__(self, calls: Sequence[Call], expected: list[Expected]) -> None:
        self.calls, self.expected = calls, expected
        self.replies: list[Reply | None] = [None] * len(calls)
        self.due = list(range(len(calls)))
        self.sent: list[int] = []
        self.sequence = 0
        self.deadline = 0.0


class LocalLoaded:
    """A loaded harness: the port's `Loaded`, and two batches in flight by `submit` and `collect`.

    Never shared between threads. `rules` are the `RULES` of a tool-call harness.
    """

    def __init__(self, start: Callable[[], tuple[Worker, dict[str, str]]], harness: Harness, limits: Limits) -> None:
        """`start` gives a worker with the harness loaded, and its rules.

        Raises:
            HarnessFault, SandboxFault: as `Sandbox.load`.
        """
        self._start, self._harness, self._limits = start, harness, limits
        self._functions = {f.name: (i, f.result) for i, f in enumerate(harness.contract.functions)}
        self._json = any(f.result == "json" for f in harness.contract.functions)
        self._flights: deque[_Flight] = deque()
        self._sequence = 0
        self._buffer = b""
        self._printed = 0
        self._disqualified: Failure | None = None
        self._closed = False
        self._thread = threading.get_ident()
        self._worker: Worker | None
        self._worker, self.rules = start()

    @property
    def printed(self) -> int:
        """Characters that the harness has printed, over all of its workers; dropped, but worth telling its author."""
        return self._printed + (self._worker.printed() if self._worker is not None else 0)

    def call(self, function: str, *values: Any) -> Reply:
        """One call; as the port."""
        return self.batch((Call(function, values),))[0]

    def batch(self, calls: Sequence[Call]) -> list[Reply]:
        """Up to 100 calls in one round trip; as the port."""
        self.submit(calls)
        return self.collect()

    def submit(self, calls: Sequence[Call]) -> None:
        """Send a batch without waiting for it; at most two may be on their way.

        Raises:
            UsageError: an unknown function, too many calls, too many batches, or this is closed.
        """
        if self._closed:
            raise UsageError("This harness is closed; load it again.")
        if len(self._flights) >= IN_FLIGHT:
            raise UsageError(f"{IN_FLIGHT} batches are on their way already; collect one first.")
        if len(calls) > wire.MAX_BATCH:
            raise UsageError(f"A batch has at most {wire.MAX_BATCH} calls, not {len(calls)}.")
        flight = _Flight(calls, [self._expect(call) for call in calls])
        try:
            self._send(flight)
            self._flights.append(flight)
        except BaseException:
            self._retire()
            raise

    def collect(self) -> list[Reply]:
        """The replies of the oldest batch on its way, in the order of its calls.

        Raises:
            SandboxFault: the sandbox itself failed.
            UsageError: there is none.
        """
        if not self._flights:
            raise UsageError("No batch is on its way; submit one first.")
        flight = self._flights[0]
        try:
            flight.deadline = time.monotonic() + self._limits.batch_seconds
            while flight.due:
                self._land(flight)
        except BaseException:
            # Whatever interrupted this (Ctrl-C, say), replies are on their way that nobody will match to their calls.
            self._retire()
            self._flights.clear()
            raise
        self._flights.popleft()
        return flight.replies  # type: ignore[return-value]

    def close(self) -> None:
        """End the worker; as the port."""
        if not self._closed:
            self._closed = True
            self._retire()
            self._flights.clear()
            placement.leave(self._thread)

    def __enter__(self) -> LocalLoaded:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def __del__(self) -> None:
        """A harness that is dropped is closed."""
        if hasattr(self, "_worker"):
            self.close()

    def _expect(self, call: Call) -> Expected:
        try:
            result = self._functions[call.function][1]
            return Expected(result, None if call.then is None else self._functions[call.then][1])
        except KeyError as unknown:
            names = ", ".join(self._functions)
            raise UsageError(f"The contract has no function {unknown}; it has {names}.") from None

    def _send(self, flight: _Flight) -> None:
        """Send what is due of a flight, from a fresh worker if there is none."""
        if self._disqualified is not None:
            self._fail(flight, flight.due, self._disqualified)
            return
        if self._worker is None and not self._revive(flight):
            return
        assert self._worker is not None
        self._sequence = (self._sequence + 1) & 0xFFFFFFFF
        flight.sequence, flight.sent = self._sequence, flight.due
        rows = [self._row(flight.calls[index]) for index in flight.due]
        body = marshal.dumps(rows, wire.MARSHAL)
        frame = wire.HEAD.pack(len(body), flight.sequence) + body
        try:
            # Almost every frame fits into the pipe at once.
            sent = os.write(self._worker.requests, frame)
        except (BlockingIOError, BrokenPipeError):
            sent = 0
        if sent < len(frame):
            try:
                deadline = time.monotonic() + self._limits.batch_seconds
                self._buffer += self._worker.send(frame[sent:], deadline)
            except Late:
                self._timeout(flight)
            except Died:
                # Its last words may still be in the pipe; collecting finds out.
                pass

    def _row(self, call: Call) -> tuple[int, int, int, Any]:
        then = -1 if call.then is None else self._functions[call.then][0]
        index = self._functions[call.function][0]
        try:
            values: Any = tuple(call.values)
            if self._json:
                values = marshal.dumps(values, wire.MARSHAL)
            else:
                marshal.dumps(values, wire.MARSHAL)
            return index, then, call.seed, values
        except ValueError:
            plain = tuple(json.loads(json.dumps(list(call.values))))
            return index, then, call.seed, marshal.dumps(plain, wire.MARSHAL) if self._json else plain

    def _revive(self, flight: _Flight) -> bool:
        """Load the harness into a fresh worker; where that fails, so does everything that is due."""
        try:
            self._worker, _ = self._start()
        except HarnessFault as fault:
            self._fail(flight, flight.due, fault.failure)
            return False
        self._buffer = b""
        return True

    def _land(self, flight: _Flight) -> None:
        """Read replies until the flight is complete or its worker has failed; then send the rest to a fresh one."""
        worker = self._worker
        assert worker is not None
        try:
            self._read(flight, worker)
        except Malformed as malformed:
            self._disqualified = _failure("reply", f"disqualified: {malformed}")
            self._retire()
            for other in self._flights:
                self._fail(other, range(len(other.calls)), self._disqualified)
        except Late:
            self._timeout(flight)
        except Died:
            culprit = self._culprit(flight)
            self._printed += worker.printed()
            self._worker = None
            self._fail(flight, [culprit], worker.post_mortem())
            self._resend()

    def _resend(self) -> None:
        for flight in self._flights:
            if flight.due:
                self._send(flight)

    def _timeout(self, flight: _Flight) -> None:
        """Kill a worker that was late, blame the call that it was at, and go on with the rest."""
        now = time.monotonic()
        if now >= flight.deadline > 0.0:
            message = f"the batch took longer than {self._limits.batch_seconds:g} s"
            self._fail(flight, flight.due, _failure("timeout", message))
        else:
            message = f"the call took longer than {self._limits.call_seconds:g} s"
            self._fail(flight, [self._culprit(flight)], _failure("timeout", message))
        self._retire()
        self._resend()

    def _read(self, flight: _Flight, worker: Worker) -> None:
        """Read until every call that is due has its reply.

        Raises:
            Died, Late, Malformed: and then the flight knows what is still due.
        """
        at = 0
        limit = self._limits.reply_bytes
        data, self._buffer = self._buffer, b""
        done = 0
        due = flight.due
        try:
            while True:
                if not at and len(data) >= wire.SEQUENCE.size:
                    if wire.SEQUENCE.unpack_from(data)[0] != flight.sequence:
                        raise Malformed("it answered out of turn")
                    at = wire.SEQUENCE.size
                while at and done < len(due):
                    found = read_reply(data, at, flight.expected[due[done]], limit)
                    if found is None:
                        break
                    flight.replies[due[done]], at = found
                    done += 1
                if done == len(due):
                    break
                self._await(flight, worker, done)
                data += worker.receive()
        finally:
            flight.due = due[done:]
        self._buffer = data[at:]
        if self._buffer and len(self._flights) == 1:
            raise Malformed("it sent surplus bytes")

    def _await(self, flight: _Flight, worker: Worker, done: int) -> None:
        """Wait for bytes, no longer than a call may take."""
        seconds = self._limits.call_seconds
        if len(flight.due) == 1:
            if not worker.poll(min(seconds, self._limits.batch_seconds) * 1000):
                raise Late
            return
        now = time.monotonic()
        seen, since = self._progress(flight), now
        while not worker.poll(max(0.0, min(seconds / SLICES, flight.deadline - now)) * 1000):
            now = time.monotonic()
            progress = self._progress(flight)
            if progress != seen:
                seen, since = progress, now
            elif now - since >= seconds:
                raise Late
            if now >= flight.deadline:
                raise Late

    def _progress(self, flight: _Flight) -> int:
        """Which of the calls that were sent the worker says it is at."""
        counters = self._worker.counters if self._worker is not None else None
        if counters is None or counters[wire.PAGE_SEQUENCE] != flight.sequence:
            return 0
        return int(counters[wire.PAGE_INDEX])

    def _culprit(self, flight: _Flight) -> int:
        """The call that the worker died or hung in: as it says, within what is due."""
        said = flight.sent[min(self._progress(flight), len(flight.sent) - 1)] if len(flight.sent) > 1 else 0
        return said if said in flight.due else flight.due[0]

    def _fail(self, flight: _Flight, indices: Sequence[int], failure: Failure) -> None:
        for index in indices:
            flight.replies[index] = Reply(None, failure)
        flight.due = [index for index in flight.due if flight.replies[index] is None]

    def _retire(self) -> None:
        """End the worker; the next call gets a fresh one."""
        if self._worker is not None:
            self._printed += self._worker.printed()
            self._worker.end()
            self._worker = None
        self._buffer = b""


def _failure(kind: str, message: str) -> Failure:
    return Failure(blame=Blame.HARNESS, kind=kind, message=message)
