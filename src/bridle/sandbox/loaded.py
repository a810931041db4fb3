"""A harness in its sandbox, as its caller sees it.

What is ordinary goes the short way, here: written at once, answered in time, well-formed. Whatever is not (a worker
that dies, hangs or lies, a frame that the pipe does not hold) is handed to `Flights`, which sorts it out.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from marshal import dumps
from os import read, write
from types import TracebackType
from typing import Any, TypeAlias

from bridle.errors import UsageError
from bridle.harness import Call, Harness, Limits, Reply
from bridle.sandbox import placement, wire
from bridle.sandbox.flights import IN_FLIGHT, Flights, to_marshal
from bridle.sandbox.process import SLICES, Worker
from bridle.sandbox.replies import FALSE, TRUE, Expected, Malformed, read_replies

_ATOMIC = wire.ATOMIC
_LAST = wire.LAST_SEQUENCE
_SHORT_READ = 448
"""Bytes read at first: most replies are shorter, and so short an object is the cheapest to make."""

_NUMBERS = [
    (number, number + bytes([wire.TRUE]), number + bytes([wire.FALSE]))
    for number in (wire.SEQUENCE.pack(sequence) for sequence in range(_LAST + 1))
]
"""Per sequence number: its bytes, and the whole replies "true" and "false"."""


Known: TypeAlias = dict[str, Any]
"""What a worker read in a source before it ran: its `rules`, and whether it uses `random` and `numpy_random`."""


class LocalLoaded:
    """A loaded harness: the port's `Loaded`. `rules` are the `RULES` of a tool-call harness.

    Never shared between threads.
    """

    def __init__(self, start: Callable[[Known | None], tuple[Worker, Known]], harness: Harness, limits: Limits) -> None:
        """`start` gives a worker with the harness loaded, and what is known of its source, or was known already.

        Raises:
            HarnessFault, SandboxFault: as `Sandbox.load`.
        """
        self._thread = threading.get_ident()
        self._closed = True
        worker, known = start(None)
        self.rules: dict[str, str] = known["rules"]
        functions = harness.contract.functions
        self._flights = Flights(lambda: start(known)[0], worker, harness.contract, limits)
        self._functions = {f.name: (*self._flights.route(f.name, None), f.result == "bool") for f in functions}
        self._reply_bytes = limits.reply_bytes
        self._pause = min(limits.call_seconds, limits.batch_seconds) / SLICES * 1000
        self._sent: deque[tuple[Sequence[Call], list[Expected], int]] = deque()
        self._received = b""
        self._closed = False

    @property
    def printed(self) -> int:
        """Characters that the harness has printed, over all of its workers; dropped, but worth telling its author."""
        return self._flights.printed

    @property
    def processor_seconds(self) -> float:
        """CPU seconds that the harness has used, loading included, over all of its workers; 0 where it isn't known."""
        return self._flights.processor_seconds

    @property
    def killed(self) -> int:
        """Workers of it that were killed from outside, and replaced."""
        return self._flights.killed

    def call(self, function: str, *values: Any) -> Reply:
        """One call; as the port."""
        return self._one(function, values, 0)

    def batch(self, calls: Sequence[Call]) -> list[Reply]:
        """Up to 100 calls in one round trip; as the port."""
        if len(calls) == 1 and calls[0].then is None:
            return [self._one(calls[0].function, calls[0].values, calls[0].seed)]
        self._nothing_under_way()
        self._submit(calls)
        return self._collect()

    def close(self) -> None:
        """End the worker; as the port."""
        if not self._closed:
            self._closed = True
            self._abandon()
            placement.leave(self._thread)

    def __enter__(self) -> LocalLoaded:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def __del__(self) -> None:
        """A harness that is dropped is closed."""
        if hasattr(self, "_closed"):
            self.close()

    def _submit(self, calls: Sequence[Call]) -> None:
        """Send a batch without waiting for it."""
        flights = self._flights
        self._check(calls)
        if flights.line is None:
            flights.submit(calls)
            return
        rows, expected = flights.rows(calls)
        if not rows:
            self._sent.append(((), [], 0))
            return
        body = to_marshal(rows)
        flights.sequence = sequence = flights.sequence % _LAST + 1
        frame = wire.HEAD.pack(wire.MARK, len(body), sequence) + body
        try:
            sent = write(flights.line[0], frame)
        except OSError:  # dead, or not reading
            sent = 0
        except BaseException:
            self._abandon()
            raise
        if sent == len(frame):
            self._sent.append((calls, expected, sequence))
        else:
            self._hand_over()
            flights.adopt(calls, sequence, b"", frame[sent:])

    def _collect(self) -> list[Reply]:
        """The replies of the oldest batch on its way, in the order of its calls."""
        flights = self._flights
        if not self._sent or flights.worker is None:
            return flights.collect()
        _, expected, sequence = self._sent[0]
        if not expected:
            self._sent.popleft()
            return []
        data, self._received = self._received, b""
        try:
            if not data and flights.worker.poll(self._pause):
                data = read(flights.worker.replies, wire.CHUNK)
            if data[:4] == _NUMBERS[sequence][0]:
                replies, at = read_replies(data, 4, expected, self._reply_bytes)
                if len(replies) == len(expected) and (at == len(data) or len(self._sent) > 1):
                    self._sent.popleft()
                    self._received = data[at:]
                    return replies
        except Malformed:  # said again, and acted on, by those who take over
            return self._finish_slowly(data)
        except BaseException:
            self._abandon()
            raise
        return self._finish_slowly(data)

    def _one(self, function: str, values: tuple[Any, ...], seed: int) -> Reply:
        """One call: a write and a blocking read, while the zygote sees to its time."""
        flights = self._flights
        line = flights.line
        if line is None or self._sent:
            return self._one_slowly(function, values, seed)
        requests, replies, waits, slot = line
        flights.sequence = sequence = flights.sequence % _LAST + 1
        number, yes, no = _NUMBERS[sequence]
        try:
            index, _, expected, boolean = self._functions[function]
            body = dumps((number, index, seed, values), 2)
        except (KeyError, ValueError):
            return self._one_slowly(function, values, seed)
        if len(body) > _ATOMIC:
            return self._one_slowly(function, values, seed)
        try:
            # Said only once it was sent: a worker that sleeps while it is waited for has no excuse.
            write(requests, body)
            waits[slot] = sequence
            data = read(replies, _SHORT_READ)
            waits[slot] = 0
        except OSError:  # dead, or not reading
            waits[slot] = 0
            return self._one_slowly(function, values, seed)
        except BaseException:
            self._abandon()
            raise
        if boolean:
            if data == yes:
                return TRUE
            if data == no:
                return FALSE
        elif data[:4] == number:
            try:
                found, at = read_replies(data, 4, (expected,), self._reply_bytes)
                if found and at == len(data):
                    return found[0]
            except Malformed:  # said again, and acted on, below
                pass
        flights.adopt((Call(function, values, None, seed),), sequence, data)
        return flights.collect()[0]

    def _one_slowly(self, function: str, values: tuple[Any, ...], seed: int) -> Reply:
        self._nothing_under_way()
        self._submit((Call(function, values, None, seed),))
        return self._collect()[0]

    def _finish_slowly(self, received: bytes) -> list[Reply]:
        self._received = received
        self._hand_over()
        return self._flights.collect()

    def _hand_over(self) -> None:
        """Leave the batches on their way, and what was received of them, to those who sort out the extraordinary."""
        received, self._received = self._received, b""
        while self._sent:
            calls, _, sequence = self._sent.popleft()
            self._flights.adopt(calls, sequence, received)
            received = b""

    def _check(self, calls: Sequence[Call]) -> None:
        if self._closed:
            raise UsageError("This harness is closed; load it again.")
        if len(calls) > wire.MAX_BATCH:
            raise UsageError(f"A batch has at most {wire.MAX_BATCH} calls, not {len(calls)}.")
        if len(self._sent) + len(self._flights.waiting) >= IN_FLIGHT:
            raise UsageError(f"{IN_FLIGHT} batches are on their way already; collect one first.")

    def _nothing_under_way(self) -> None:
        if self._sent or self._flights.waiting:
            raise UsageError("A batch is on its way; collect it first.")

    def _abandon(self) -> None:
        """Forget what is on its way, and whoever was asked."""
        self._sent.clear()
        self._received = b""
        self._flights.abandon()


class PipelinedLoaded(LocalLoaded):
    """One whose worker may run on another CPU than its caller: two batches in flight keep both of them busy.

    Where both share a CPU, halves cost twice the wake-ups and gain nothing, so that one has no `submit`.
    """

    def submit(self, calls: Sequence[Call]) -> None:
        """Send a batch without waiting for it; at most two may be on their way.

        Raises:
            UsageError: an unknown function, too many calls, too many batches, or this is closed.
        """
        self._submit(calls)

    def collect(self) -> list[Reply]:
        """The replies of the oldest batch on its way, in the order of its calls.

        Raises:
            SandboxFault: the sandbox itself failed.
            UsageError: there is none.
        """
        return self._collect()
