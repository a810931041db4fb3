"""The worker: one process, one harness. Confines itself, then compiles the source, then answers frames until it dies.

Runs in a fork of the zygote and never returns. Imported by the bare zygote: standard library only.
"""

from __future__ import annotations

import io
import marshal
import mmap
import os
import sys
import types
import warnings
from collections.abc import Sequence
from typing import Any, NoReturn

from bridle.sandbox import analysis, answers, chance, confinement, wire


def run(settings: dict[str, Any], request: int, reply: int, page: mmap.mmap, zygote: int) -> NoReturn:
    """Become a worker that reads `request` and writes `reply`. `page` is shared with the parent."""
    status = 1
    try:
        _keep_only(request, reply)
        requests = io.FileIO(wire.REQUEST_FD, closefd=False)
        if settings["cpus"]:
            os.sched_setaffinity(0, settings["cpus"])
        pid = os.getpid()  # asked now: in a moment it can't be
        layers = confinement.confine(
            memory_bytes=settings["memory_bytes"],
            cpu_seconds=settings["cpu_seconds"],
            parent=zygote,
            reads=wire.REQUEST_FD,
            writes=wire.REPLY_FD,
        )
        _send(0, answers.data({**layers.as_dict(), "pid": pid}))
        if layers.level >= settings["minimum"]:
            _Worker(page, requests).serve()
    except MemoryError:
        status = wire.OUT_OF_MEMORY
    except OSError as error:
        _send(0, answers.problem("confinement", f"{error.strerror} (errno {error.errno})", None))
    finally:
        os._exit(status)


def _keep_only(request: int, reply: int) -> None:
    """Close every descriptor but the two pipes, at their agreed numbers, and point standard streams nowhere."""
    high_request, high_reply = os.dup(request), os.dup(reply)
    while min(high_request, high_reply) <= wire.REPLY_FD:
        high_request, high_reply = os.dup(high_request), os.dup(high_reply)
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in range(3):
        os.dup2(null, descriptor)
    os.dup2(high_request, wire.REQUEST_FD)
    os.dup2(high_reply, wire.REPLY_FD)
    os.closerange(wire.REPLY_FD + 1, 1 << 16)


def _send(sequence: int, replies: bytes) -> None:
    """Write a whole reply."""
    _write(wire.SEQUENCE.pack(sequence) + replies)


def _write(data: bytes) -> None:
    """Write everything; the pipe blocks until the parent reads."""
    while data:
        data = data[os.write(wire.REPLY_FD, data) :]


class _Printed:
    """Standard output of a harness: counted, not kept."""

    encoding = "utf-8"

    def __init__(self, counters: memoryview) -> None:
        self._counters = counters

    def write(self, text: str) -> int:
        """Count the characters."""
        self._counters[wire.PAGE_PRINTED] = min(self._counters[wire.PAGE_PRINTED] + len(text), 0xFFFFFFFF)
        return len(text)

    def flush(self) -> None:
        """Nothing is kept, so nothing is flushed."""


class _Worker:
    """Reads frames; the first brings the source, every other one calls."""

    def __init__(self, page: mmap.mmap, requests: io.FileIO) -> None:
        self._counters = memoryview(page).cast("I")
        self._requests = requests
        self._answerers: list[answers.Answerer] = []
        self._seed_random = self._seed_numpy = False
        self._random = chance.install()

    def serve(self) -> None:
        """Load, then answer calls until the parent closes the pipe."""
        warnings.simplefilter("ignore")
        for stream in ("stdout", "stderr", "__stdout__", "__stderr__"):
            setattr(sys, stream, _Printed(self._counters))
        sequence, order, _ = self._frame(b"")
        asked = order["demands"]
        functions = [analysis.Function(*row) for row in asked.pop("functions")]
        known = order["known"]
        if known is None:
            found = analysis.analyse(order["source"], analysis.Demands(functions=functions, **asked))
            if found.findings and order["gate"]:
                _send(sequence, answers.problem("static", analysis.render(found.findings), found.findings[0].line))
                return
            known = {"rules": found.rules, "random": found.uses_random, "numpy_random": found.uses_numpy_random}
        # Said before the source runs, so that it can't be the source that says it.
        _send(sequence, answers.data(known))
        _write(self._load(order, functions))
        self._seed_random, self._seed_numpy = known["random"], known["numpy_random"]
        self._serve_calls()

    def _serve_calls(self) -> None:
        """The loop that runs a million times: local names, and no more than it needs."""
        buffer, readinto, send, loads = bytearray(wire.PIPE), self._requests.readinto, os.write, marshal.loads
        frame, answerers, reply = memoryview(buffer), self._answerers, wire.REPLY_FD
        mark, seeded = wire.MARK, self._seed_random or self._seed_numpy
        head, read_head, body = wire.HEAD.size, wire.HEAD.unpack_from, frame[wire.HEAD.size :]
        while True:
            got = readinto(buffer) or os._exit(0)
            if buffer[0] == mark:
                _, size, number = read_head(buffer)
                if got == head + size:
                    _send(number, self._answer(number, loads(body)))
                else:
                    self._serve_frames(bytes(frame[:got]))
                continue
            sequence, index, seed, values = loads(frame)
            if seeded:
                self._seed(seed)
            # Written in one go: it blocks rather than write a part, and there is no signal handler to interrupt it.
            send(reply, sequence + answerers[index](values))

    def _serve_frames(self, data: bytes) -> None:
        """Answer the frames with a header that begin in `data`."""
        while data:
            sequence, calls, data = self._frame(data)
            _send(sequence, self._answer(sequence, calls))

    def _frame(self, data: bytes) -> tuple[int, Any, bytes]:
        """A whole frame, its beginning given: sequence number, body, and what follows it."""
        head = wire.HEAD.size
        while len(data) < head or len(data) < head + wire.HEAD.unpack_from(data)[1]:
            data += os.read(wire.REQUEST_FD, wire.CHUNK) or os._exit(0)
        _, size, sequence = wire.HEAD.unpack_from(data)
        return sequence, marshal.loads(data[head : head + size]), data[head + size :]

    def _load(self, order: dict[str, Any], functions: Sequence[analysis.Function]) -> bytes:
        """Run the source; the reply says that it is ready, or what is wrong with it."""
        module = types.ModuleType("harness")
        sys.modules["harness"] = module
        sys.setrecursionlimit(order["recursion"])
        self._seed_random = self._seed_numpy = True
        self._seed(0)
        try:
            exec(compile(order["source"], wire.FILENAME, "exec", dont_inherit=True), module.__dict__)
        except BaseException as error:
            _, message, line = answers.describe(error)
            return answers.problem("load", message, line)
        for function in functions:
            defined = module.__dict__.get(function.name)
            if callable(defined):
                answerer = answers.answerer(defined, function.name, function.result, order["reply_bytes"])
            elif function.required:
                return answers.problem("load", f"`{function.name}` is not defined", None)
            else:
                answerer = answers.absent(function.name)
            self._answerers.append(answerer)
        return answers.data("ready")

    def _seed(self, seed: int) -> None:
        """Seed the generators that the source uses."""
        if self._seed_random:
            self._random.begin(seed)
        if self._seed_numpy and "numpy" in sys.modules:
            sys.modules["numpy"].random.seed(seed & 0xFFFFFFFF)

    def _answer(self, sequence: int, calls: Sequence[tuple[int, int, int, Any]]) -> bytes:
        """Replies to the calls of a frame, in order."""
        counters, answerers, loads, replies = self._counters, self._answerers, marshal.loads, list[bytes]()
        seeded = self._seed_random or self._seed_numpy
        counters[wire.PAGE_INDEX] = 0
        counters[wire.PAGE_SEQUENCE] = sequence
        for index, (function, then, seed, values) in enumerate(calls):
            counters[wire.PAGE_INDEX] = index
            if seeded:
                self._seed(seed)
            packed = type(values) is bytes
            reply = answerers[function](loads(values) if packed else values)
            replies.append(reply)
            if then >= 0 and reply[0] != wire.PROBLEM:
                # A fresh copy: the second function must not see what the first one did to its arguments.
                given = loads(values) if packed else values
                replies.append(answerers[then]((*given, answers.value_of(reply))))
        return b"".join(replies)
