"""A harness in its sandbox, as its caller sees it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from marshal import dumps
from os import read, write
from types import TracebackType
from typing import Any

from bridle.errors import UsageError
from bridle.harness import Call, Harness, Limits, Reply
from bridle.sandbox import placement, wire
from bridle.sandbox.flights import Flights
from bridle.sandbox.process import Worker
from bridle.sandbox.replies import FALSE, TRUE, Malformed, read_reply

_ATOMIC = wire.ATOMIC
_LAST = wire.LAST_SEQUENCE
_SHORT_READ = 448
"""Bytes read at first: most replies are shorter, and so short an object is the cheapest to make."""

_NUMBERS = [
    (number, number + bytes([wire.TRUE]), number + bytes([wire.FALSE]))
    for number in (wire.SEQUENCE.pack(sequence) for sequence in range(_LAST + 1))
]
"""Per sequence number: its bytes, and the whole replies "true" and "false"."""


class LocalLoaded:
    """A loaded harness: the port's `Loaded`, and two batches in flight by `submit` and `collect`.

    Never shared between threads. `rules` are the `RULES` of a tool-call harness.
    """

    def __init__(self, start: Callable[[], tuple[Worker, dict[str, str]]], harness: Harness, limits: Limits) -> None:
        """`start` gives a worker with the harness loaded, and its rules.

        Raises:
            HarnessFault, SandboxFault: as `Sandbox.load`.
        """
        self._thread = threading.get_ident()
        self._closed = True
        worker, self.rules = start()
        functions = harness.contract.functions
        self._flights = Flights(lambda: start()[0], worker, harness.contract, limits)
        self._functions = {f.name: (*self._flights.route(f.name, None), f.result == "bool") for f in functions}
        self._reply_bytes = limits.reply_bytes
        self._closed = False

    @property
    def printed(self) -> int:
        """Characters that the harness has printed, over all of its workers; dropped, but worth telling its author."""
        return self._flights.printed

    def call(self, function: str, *values: Any) -> Reply:
        """One call; as the port."""
        return self._one(function, values, 0)

    def batch(self, calls: Sequence[Call]) -> list[Reply]:
        """Up to 100 calls in one round trip; as the port."""
        if len(calls) == 1 and calls[0].then is None:
            return [self._one(calls[0].function, calls[0].values, calls[0].seed)]
        self.submit(calls)
        return self._flights.collect()

    def submit(self, calls: Sequence[Call]) -> None:
        """Send a batch without waiting for it; at most two may be on their way.

        Raises:
            UsageError: an unknown function, too many calls, too many batches, or this is closed.
        """
        if self._closed:
            raise UsageError("This harness is closed; load it again.")
        self._flights.submit(calls)

    def collect(self) -> list[Reply]:
        """The replies of the oldest batch on its way, in the order of its calls.

        Raises:
            SandboxFault: the sandbox itself failed.
            UsageError: there is none.
        """
        return self._flights.collect()

    def close(self) -> None:
        """End the worker; as the port."""
        if not self._closed:
            self._closed = True
            self._flights.abandon()
            placement.leave(self._thread)

    def __enter__(self) -> LocalLoaded:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def __del__(self) -> None:
        """A harness that is dropped is closed."""
        if hasattr(self, "_closed"):
            self.close()

    def _one(self, function: str, values: tuple[Any, ...], seed: int) -> Reply:
        """One call the short way: a write and a blocking read, while the zygote keeps the deadline.

        Whatever is out of the ordinary goes the way of a batch.
        """
        flights = self._flights
        line = flights.line
        if line is None:
            return self._one_by_batch(Call(function, values, None, seed))
        requests, replies, waits, slot = line
        flights.sequence = sequence = flights.sequence % _LAST + 1
        number, yes, no = _NUMBERS[sequence]
        try:
            index, _, expected, boolean = self._functions[function]
            body = dumps((number, index, seed, values), 2)
        except (KeyError, ValueError):
            return self._one_by_batch(Call(function, values, None, seed))
        if len(body) > _ATOMIC:
            return self._one_by_batch(Call(function, values, None, seed))
        try:
            waits[slot] = sequence
            write(requests, body)
            data = read(replies, _SHORT_READ)
            waits[slot] = 0
        except OSError:  # dead, or not reading
            waits[slot] = 0
            return self._one_by_batch(Call(function, values, None, seed))
        except BaseException:
            flights.abandon()
            raise
        if boolean:
            if data == yes:
                return TRUE
            if data == no:
                return FALSE
        elif data[:4] == number:
            with suppress(Malformed):  # said again, and acted on, below
                found = read_reply(data, 4, expected, self._reply_bytes)
                if found is not None and found[1] == len(data):
                    return found[0]
        flights.adopt(Call(function, values, None, seed), sequence, data)
        return flights.collect()[0]

    def _one_by_batch(self, call: Call) -> Reply:
        self.submit((call,))
        return self._flights.collect()[0]
