"""The worker: one process, one harness. Confines itself, then compiles the source, then answers frames until it dies.

Runs in a fork of the zygote and never returns. Imported by the bare zygote: standard library only.
"""

from __future__ import annotations

import builtins
import json
import marshal
import mmap
import os
import random
import sys
import traceback
import types
import warnings
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from bridle.sandbox import analysis, confinement, wire

_DATA, _TEXT = bytes([wire.DATA]), bytes([wire.TEXT])
_TRUE, _FALSE, _PROBLEM = bytes([wire.TRUE]), bytes([wire.FALSE]), bytes([wire.PROBLEM])


class _Wrong(Exception):
    """A harness answered something of the wrong type. The text says what and how to put it right."""


def run(settings: dict[str, Any], request: int, reply: int, page: mmap.mmap, zygote: int) -> NoReturn:
    """Become a worker that reads `request` and writes `reply`. `page` is shared with the parent."""
    status = 1
    try:
        _keep_only(request, reply)
        if settings["cpus"]:
            os.sched_setaffinity(0, settings["cpus"])
        layers = confinement.confine(
            memory_bytes=settings["memory_bytes"],
            cpu_seconds=settings["cpu_seconds"],
            parent=zygote,
            reads=wire.REQUEST_FD,
            writes=wire.REPLY_FD,
        )
        _send(wire.SEQUENCE.pack(0) + _payload(_DATA, json.dumps(layers.as_dict()).encode()))
        if layers.level >= settings["minimum"]:
            _Worker(page).serve()
    except MemoryError:
        status = wire.OUT_OF_MEMORY
    except OSError as error:
        _send(wire.SEQUENCE.pack(0) + _problem("confinement", f"{error.strerror} (errno {error.errno})", None))
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


def _send(data: bytes) -> None:
    """Write everything; the pipe blocks until the parent reads."""
    sent = os.write(wire.REPLY_FD, data)
    while sent < len(data):
        sent += os.write(wire.REPLY_FD, data[sent:])


def _payload(tag: bytes, data: bytes) -> bytes:
    return tag + wire.LENGTH.pack(len(data)) + data


def _problem(kind: str, message: str, line: int | None) -> bytes:
    text = message[: wire.MAX_MESSAGE].encode("utf-8", "backslashreplace").decode()
    return _payload(_PROBLEM, json.dumps({"kind": kind, "message": text, "line": line}).encode())


def _describe(error: BaseException) -> tuple[str, str, int | None]:
    """Kind, message and the last line in the harness. The harness's own `__str__` may fail as well."""
    line = None
    for frame, number in traceback.walk_tb(error.__traceback__):
        if frame.f_code.co_filename == wire.FILENAME:
            line = number
    if isinstance(error, SyntaxError) and error.filename == wire.FILENAME:
        line = error.lineno
    try:
        text = str(error)
    except BaseException as inner:
        text = f"(its text failed with {type(inner).__name__})"
    kind = "memory" if isinstance(error, MemoryError) else "exception"
    name = type(error).__name__
    return kind, f"{name}: {text}" if text else name, line


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

    def __init__(self, page: mmap.mmap) -> None:
        self._counters = memoryview(page).cast("I")
        self._buffer = b""
        self._functions: list[Callable[..., Any] | None] = []
        self._results: list[str] = []
        self._names: list[str] = []
        self._reply_bytes = 0
        self._seed_random = self._seed_numpy = False

    def serve(self) -> None:
        """Load, then answer calls until the parent closes the pipe."""
        warnings.simplefilter("ignore")
        for stream in ("stdout", "stderr", "__stdout__", "__stderr__"):
            setattr(sys, stream, _Printed(self._counters))
        sequence, body = self._receive()
        _send(wire.SEQUENCE.pack(sequence) + self._load(marshal.loads(body)))
        while True:
            sequence, body = self._receive()
            _send(wire.SEQUENCE.pack(sequence) + self._answer(sequence, marshal.loads(body)))

    def _receive(self) -> tuple[int, bytes]:
        """The next frame: its sequence number and its body. Ends the process when the parent has gone."""
        data = self._buffer or os.read(wire.REQUEST_FD, wire.CHUNK)
        head = wire.HEAD.size
        while len(data) < head or len(data) < head + wire.HEAD.unpack_from(data)[0]:
            more = os.read(wire.REQUEST_FD, wire.CHUNK)
            if not more:
                os._exit(0)
            data += more
        size, sequence = wire.HEAD.unpack_from(data)
        self._buffer = data[head + size :]
        return sequence, data[head : head + size]

    def _load(self, order: dict[str, Any]) -> bytes:
        """Examine and run the source; the reply holds its rules, or what is wrong with it."""
        asked = order["demands"]
        functions = [analysis.Function(*row) for row in asked.pop("functions")]
        found = analysis.analyse(order["source"], analysis.Demands(functions=functions, **asked))
        if found.findings and order["gate"]:
            return _problem("static", analysis.render(found.findings), found.findings[0].line)
        module = types.ModuleType("harness")
        sys.modules["harness"] = module
        sys.setrecursionlimit(order["recursion"])
        self._seed(0, random=True, numpy=True)
        try:
            exec(compile(order["source"], wire.FILENAME, "exec", dont_inherit=True), module.__dict__)
        except BaseException as error:
            _, message, line = _describe(error)
            return _problem("load", message, line)
        for function in functions:
            defined = module.__dict__.get(function.name)
            if not callable(defined) and function.required:
                return _problem("load", f"`{function.name}` is not defined", None)
            self._functions.append(defined if callable(defined) else None)
            self._results.append(function.result)
            self._names.append(function.name)
        self._reply_bytes = order["reply_bytes"]
        self._seed_random, self._seed_numpy = found.uses_random, found.uses_numpy_random
        return _payload(_DATA, json.dumps({"rules": found.rules}).encode())

    def _seed(self, seed: int, *, random: bool, numpy: bool) -> None:
        if random:
            _seed_random(seed)
        if numpy and "numpy" in sys.modules:
            sys.modules["numpy"].random.seed(seed & 0xFFFFFFFF)

    def _answer(self, sequence: int, calls: Sequence[tuple[int, int, int, Any]]) -> bytes:
        """Replies to the calls of a frame, in order."""
        replies = []
        many = len(calls) > 1
        if many:
            self._counters[wire.PAGE_INDEX] = 0
            self._counters[wire.PAGE_SEQUENCE] = sequence
        for index, (function, then, seed, values) in enumerate(calls):
            if many:
                self._counters[wire.PAGE_INDEX] = index
            if self._seed_random or self._seed_numpy:
                self._seed(seed, random=self._seed_random, numpy=self._seed_numpy)
            good, value, data = self._call(function, marshal.loads(values) if type(values) is bytes else values)
            replies.append(data)
            if good and then >= 0:
                # Fresh copies: the second function must not see what the first one did to its arguments.
                again = marshal.loads(values) if type(values) is bytes else values
                crossed = json.loads(value) if self._results[function] == "json" else value
                replies.append(self._call(then, (*again, crossed))[2])
        return b"".join(replies)

    def _call(self, function: int, values: Sequence[Any]) -> tuple[bool, Any, bytes]:
        """One call: whether it succeeded, its value (JSON as bytes), and the reply's bytes."""
        called = self._functions[function]
        try:
            if called is None:
                raise _Wrong(f"`{self._names[function]}` is not defined by this harness")
            return True, *self._encode(function, called(*values))
        except _Wrong as wrong:
            line = getattr(getattr(called, "__code__", None), "co_firstlineno", None)
            return False, None, _problem("type", str(wrong), line)
        except BaseException as error:
            return False, None, _problem(*_describe(error))

    def _encode(self, function: int, value: Any) -> tuple[Any, bytes]:
        """The value as it crosses the boundary, and its bytes; `_Wrong` where it can't."""
        result, name = self._results[function], self._names[function]
        if result == "bool":
            if value is True:
                return True, _TRUE
            if value is False:
                return False, _FALSE
            raise _Wrong(f"`{name}` returned {_kind(value)}, not bool; return True or False")
        if result == "text":
            if not isinstance(value, str):
                raise _Wrong(f"`{name}` returned {_kind(value)}, not str; return the action as text")
            try:
                tag, data = _TEXT, str.encode(value)
            except UnicodeEncodeError:
                raise _Wrong(f"`{name}` returned text that is not valid Unicode") from None
            value = data.decode()
        else:
            tag, data = _DATA, _as_json(name, value)
            value = data
        if len(data) > self._reply_bytes:
            raise _Wrong(f"`{name}` returned {len(data)} bytes, more than {self._reply_bytes}; return less")
        return value, _payload(tag, data)


_seed_random = random.seed


def _as_json(name: str, value: Any) -> bytes:
    try:
        return json.dumps(value, allow_nan=False, ensure_ascii=False, separators=(",", ":")).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise _Wrong(
            f"`{name}` returned what is not JSON ({error}); return plain dicts, lists, text, numbers"
        ) from None


def _kind(value: Any) -> str:
    kind = type(value)
    return "None" if value is None else f"{kind.__module__}.{kind.__qualname__}".removeprefix(f"{builtins.__name__}.")
