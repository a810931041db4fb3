"""Batches on their way to a worker and back: their time, and a fresh worker for what a dead one left.

A call that hangs, crashes or lies fails; it never yields a value, and it fails alone: the other calls of its batch are
answered by a fresh worker. Bytes that no honest worker sends disqualify the harness: from then on every call fails.
A worker that was killed from outside says nothing of its harness: a fresh one is asked the same.
"""

from __future__ import annotations

import json
import marshal
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeAlias

from bridle.errors import Blame, Failure, HarnessFault, SandboxFault, UsageError
from bridle.harness import Call, Contract, Limits, Reply
from bridle.sandbox import wire
from bridle.sandbox.process import SLICES, Died, Late, Worker, starved
from bridle.sandbox.replies import Expected, Malformed, read_replies
from bridle.sandbox.stopwatch import Stopwatch, processor_seconds

IN_FLIGHT = 2
"""Batches that may be on their way at once."""

KILLS = 2
"""Workers killed from outside that are replaced in one batch; one more is the sandbox's fault."""

Line: TypeAlias = tuple[int, int, memoryview, int]
"""What a single call goes by: the two pipes, and where to tell the zygote what is waited for."""


class Route(NamedTuple):
    """How calls of one function (and of one after it) go out and come back."""

    function: int
    then: int
    expected: Expected


class Flight:
    """A batch on its way: the rows that the worker reads, the replies so far, which calls are due, which were sent."""

    __slots__ = ("due", "expected", "kills", "replies", "rows", "sent", "sequence", "waited", "watch")

    def __init__(self, rows: list[Any], expected: list[Expected]) -> None:
        """Nothing is sent yet."""
        self.rows, self.expected = rows, expected
        self.replies: list[Reply | None] = [None] * len(rows)
        self.due: Sequence[int] = range(len(rows))
        self.sent: Sequence[int] = ()
        self.sequence = self.kills = 0
        self.watch: Stopwatch | None = None
        self.waited = False

    def fail(self, indices: Sequence[int], failure: Failure) -> None:
        """Answer these calls with a failure."""
        for index in indices:
            self.replies[index] = Reply(None, failure)
        self.due = [index for index in self.due if self.replies[index] is None]


class Flights:
    """The batches on their way to one harness's worker, which is replaced when it dies.

    `worker` is None while there is none. `sequence` is the number of the last frame sent; 0 is the loading frame's.
    `line` is there while a single call may go the short way, without being a batch. `killed` workers were killed from
    outside.
    """

    def __init__(self, start: Callable[[], Worker], worker: Worker, contract: Contract, limits: Limits) -> None:
        """`worker` has the harness loaded; `start` gives another one like it, or raises `HarnessFault`."""
        self._start, self._contract, self._limits = start, contract, limits
        self._routes: dict[tuple[str, str | None], Route] = {}
        self.worker: Worker | None = worker
        self.sequence = self.killed = 0
        self.waiting: deque[Flight] = deque()
        self.line: Line | None = None
        self._buffer = b""
        self._printed = 0
        self._processor = 0.0
        self._disqualified: Failure | None = None
        self._free_line()

    @property
    def printed(self) -> int:
        """Characters printed, over all workers so far."""
        return self._printed + (self.worker.printed() if self.worker is not None else 0)

    @property
    def processor_seconds(self) -> float:
        """CPU seconds used, over all workers so far; 0 where the kernel doesn't tell."""
        return self._processor + (processor_seconds(self.worker.pid) if self.worker is not None else 0.0)

    def route(self, function: str, then: str | None) -> Route:
        """The route of a function of the contract."""
        try:
            return self._routes[function, then]
        except KeyError:
            pass
        signatures = {signature.name: (i, signature.result) for i, signature in enumerate(self._contract.functions)}
        for name in (function, then):
            if name is not None and name not in signatures:
                raise UsageError(f"The contract has no function {name!r}; it has {', '.join(signatures)}.")
        index, result = signatures[function]
        after, second = (-1, None) if then is None else signatures[then]
        route = self._routes[function, then] = Route(index, after, Expected(result, second))
        return route

    def submit(self, calls: Sequence[Call]) -> None:
        """Send a batch without waiting for it."""
        flight = Flight(*self.rows(calls))
        try:
            self.line = None
            self.waiting.append(flight)
            self._send(flight)
        except BaseException:
            self.abandon()
            raise

    def adopt(self, calls: Sequence[Call], sequence: int, received: bytes, unsent: bytes = b"") -> None:
        """Take over a batch that was sent the short way: what came back so far, and what of it was not sent yet."""
        flight = Flight(*self.rows(calls))
        flight.sequence, flight.sent = sequence, flight.due
        self.line = None
        self._buffer += received
        self.waiting.append(flight)
        try:
            if unsent:
                self._transmit(unsent)
        except BaseException:
            self.abandon()
            raise

    def collect(self) -> list[Reply]:
        """The replies of the oldest batch on its way."""
        if not self.waiting:
            raise UsageError("No batch is on its way; submit one first.")
        flight = self.waiting[0]
        try:
            while flight.due:
                self._land(flight)
        except BaseException:
            # Whatever interrupted this (Ctrl-C, say), replies are on their way that nobody will match to their calls.
            self.abandon()
            raise
        self.waiting.popleft()
        self._free_line()
        return flight.replies  # type: ignore[return-value]  # nothing is due, so every place is taken

    def retire(self) -> None:
        """End the worker; the next call gets a fresh one."""
        if self.worker is not None:
            self._count(self.worker)
            self.worker.end()
            self.worker = None
        self._buffer = b""
        self.line = None

    def _count(self, worker: Worker) -> None:
        """Keep what a worker that goes has printed and used; it may be dead, but is not cleared away."""
        self._printed += worker.printed()
        self._processor += processor_seconds(worker.pid)

    def abandon(self) -> None:
        """End the worker and forget what was on its way."""
        self.retire()
        self.waiting.clear()

    def _free_line(self) -> None:
        """Open the short way, if there is a watched worker with nothing else to do."""
        worker = self.worker
        if worker is None or worker.slot is None or self.waiting:
            self.line = None
        else:
            self.line = (worker.requests, worker.replies, worker.waits, worker.wait)

    def rows(self, calls: Sequence[Call]) -> tuple[list[Any], list[Expected]]:
        """The calls as the worker reads them, and what is expected of each.

        Where a function follows another, JSON goes marshalled, so that each function gets a copy of its own.
        """
        rows, expected, routes = list[Any](), list[Expected](), self._routes
        for function, values, then, seed in calls:
            route = routes.get((function, then)) or self.route(function, then)
            copied = route.then >= 0 and route.expected.then == "json"
            rows.append((route.function, route.then, seed, to_marshal(values) if copied else values))
            expected.append(route.expected)
        return rows, expected

    def _send(self, flight: Flight) -> None:
        """Send what is due of a flight, to a fresh worker if there is none."""
        if self._disqualified is not None:
            flight.fail(flight.due, self._disqualified)
        elif flight.due and (self.worker is not None or self._revive(flight)):
            assert self.worker is not None
            self.sequence = flight.sequence = self.sequence % wire.LAST_SEQUENCE + 1
            flight.sent = flight.due
            body = to_marshal([flight.rows[index] for index in flight.due])
            self._transmit(wire.HEAD.pack(wire.MARK, len(body), flight.sequence) + body)

    def _transmit(self, frame: bytes) -> None:
        """Write a frame, or what is left of one."""
        assert self.worker is not None
        try:
            self._buffer += self.worker.send(frame, self._limits.batch_seconds)
        except Late:
            self._timeout(self.waiting[0])
        except Malformed as malformed:
            self._disqualify(malformed)
        except Died:
            return  # its last words may still be in the pipe: collecting finds out

    def _revive(self, flight: Flight) -> bool:
        """Load the harness into a fresh worker; where that fails, so does everything that is due."""
        try:
            self.worker = self._start()
        except HarnessFault as fault:
            flight.fail(flight.due, fault.failure)
            return False
        self._buffer = b""
        return True

    def _land(self, flight: Flight) -> None:
        """Read replies until the flight is complete or its worker has failed; then send the rest to a fresh one."""
        worker = self.worker
        assert worker is not None
        try:
            self._read(flight, worker)
        except Malformed as malformed:
            self._disqualify(malformed)
        except Late:
            self._timeout(flight)
        except Died:
            self._bury(flight, worker)

    def _disqualify(self, malformed: Malformed) -> None:
        """No honest worker sent that: nothing this harness answered in these batches, or will answer, counts."""
        self._disqualified = _failure("reply", f"disqualified: {malformed}")
        self.retire()
        for flight in self.waiting:
            flight.fail(range(len(flight.rows)), self._disqualified)

    def _bury(self, flight: Flight, worker: Worker) -> None:
        """Blame the call that the worker died at, unless it was killed for an earlier one, and go on with the rest.

        Raises:
            SandboxFault: it got no CPU, nobody can say why it died, or too many were killed from outside.
        """
        culprit, late = self._culprit(flight), worker.killed_for()
        if late == flight.sequence + wire.STARVED:
            raise starved(self._limits.call_seconds)
        self._count(worker)
        self.worker = self.line = None
        failure = worker.post_mortem()
        if late == wire.OVER_MEMORY:
            failure = _failure("memory", f"it used more than {self._limits.memory_bytes} bytes of memory")
        elif late == flight.sequence:
            failure = self._late()
        if failure.blame is Blame.INFRASTRUCTURE and not late:
            self.killed += 1
            flight.kills += 1
            if flight.kills > KILLS:
                raise SandboxFault(
                    f"In one batch of calls {flight.kills} sandbox workers were killed from outside. Is the machine "
                    "out of memory? Run fewer programs on it at once."
                )
        elif late in (0, flight.sequence, wire.OVER_MEMORY):
            flight.fail([culprit], failure)
        self._resend()

    def _resend(self) -> None:
        """Send again what no longer will be answered; from here on, all time counts."""
        for flight in self.waiting:
            self._send(flight)
            if self.worker is None:
                continue
            if flight.watch is None:
                flight.watch = Stopwatch(self.worker.pid)
            else:
                flight.watch.change(self.worker.pid, self.worker.slept)

    def _late(self) -> Failure:
        return _failure("timeout", f"the call took longer than {self._limits.call_seconds:g} s")

    def _timeout(self, flight: Flight) -> None:
        """Kill a worker that was late, blame the call that it was at, and go on with the rest."""
        if flight.watch is not None and flight.watch.look(self._limits.batch_seconds):
            message = f"the batch took longer than {self._limits.batch_seconds:g} s"
            flight.fail(flight.due, _failure("timeout", message))
        else:
            flight.fail([self._culprit(flight)], self._late())
        self.retire()
        self._resend()

    def _read(self, flight: Flight, worker: Worker) -> None:
        """Read until every call that is due has its reply.

        Raises:
            Died, Late, Malformed: and then the flight knows what is still due.
            SandboxFault: the worker got no CPU.
        """
        data, self._buffer = self._buffer, b""
        at, done, due = 0, 0, flight.due
        try:
            while True:
                if not at and len(data) >= wire.SEQUENCE.size:
                    if wire.SEQUENCE.unpack_from(data)[0] != flight.sequence:
                        raise Malformed("it answered out of turn")
                    at = wire.SEQUENCE.size
                if at:
                    expected = (flight.expected[index] for index in due[done:])
                    replies, at = read_replies(data, at, expected, self._limits.reply_bytes)
                    for reply in replies:
                        flight.replies[due[done]] = reply
                        done += 1
                    if done == len(due):
                        break
                self._wait(flight, worker)
                data += worker.receive()
        finally:
            flight.due = due[done:]
        if at < len(data):
            self._buffer = data[at:]
            if len(self.waiting) == 1:
                raise Malformed("it sent surplus bytes")

    def _wait(self, flight: Flight, worker: Worker) -> None:
        """Wait for bytes, no longer than a call may take. The first wait, mostly the only one, needs no clock.

        Raises:
            Late: that long, or as long as a batch may take.
            SandboxFault: the worker got no CPU.
        """
        call_seconds, batch_seconds = self._limits.call_seconds, self._limits.batch_seconds
        pause = min(call_seconds, batch_seconds) / SLICES * 1000
        whole = flight.watch
        if whole is None:
            if worker.poll(pause):
                flight.watch = Stopwatch(worker.pid) if flight.waited else None
                flight.waited = True
                return
            whole = flight.watch = Stopwatch(worker.pid)
        call, seen = Stopwatch(worker.pid), self._progress(flight)
        worker.check(whole, batch_seconds)
        while not worker.poll(pause):
            progress = self._progress(flight)
            if progress != seen:
                seen = progress
                call.start()
            worker.check(call, call_seconds)
            worker.check(whole, batch_seconds)

    def _progress(self, flight: Flight) -> int:
        """Which of the calls that were sent the worker says it is at."""
        if self.worker is None or self.worker.counters[wire.PAGE_SEQUENCE] != flight.sequence:
            return 0
        return int(self.worker.counters[wire.PAGE_INDEX])

    def _culprit(self, flight: Flight) -> int:
        """The call that the worker died or hung in: as it says, within what is due."""
        said = flight.sent[min(self._progress(flight), len(flight.sent) - 1)]
        return said if said in flight.due else flight.due[0]


def _failure(kind: str, message: str) -> Failure:
    return Failure(blame=Blame.HARNESS, kind=kind, message=message)


def to_marshal(value: Any) -> bytes:
    """The value marshalled, for the worker; where need be, in plain JSON types."""
    try:
        return marshal.dumps(value, wire.MARSHAL)
    except ValueError:
        return marshal.dumps(_plain(value), wire.MARSHAL)


def _plain(value: Any) -> Any:
    """The same value in plain JSON types and tuples: members of enumerations, say, are their values."""
    if isinstance(value, tuple):
        return tuple(_plain(inner) for inner in value)
    if isinstance(value, bytes):
        return value
    try:
        return json.loads(json.dumps(value))
    except (TypeError, ValueError, RecursionError) as error:
        raise UsageError(f"A harness takes text and JSON values only: {error}.") from None
