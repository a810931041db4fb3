"""The sandbox on this machine: a zygote, a confined worker per harness, a spare one ready."""

from __future__ import annotations

import marshal
import os
import re
import threading
import weakref
from collections import OrderedDict
from dataclasses import replace
from types import TracebackType
from typing import Any, NamedTuple

from bridle.errors import Blame, Failure, HarnessFault, SandboxFault
from bridle.harness import Harness, Limits
from bridle.sandbox import placement, wire
from bridle.sandbox.confinement import Layers
from bridle.sandbox.gate import demands
from bridle.sandbox.level import Level
from bridle.sandbox.loaded import Known, LocalLoaded, PipelinedLoaded
from bridle.sandbox.process import Died, Late, Stillborn, Worker
from bridle.sandbox.replies import Expected, Malformed
from bridle.sandbox.spawner import Spawner

MAX_SPARES = 4
"""Spare workers kept, for the most recent combinations of numpy, limits and CPU."""

_NUMPY = re.compile(r"\bnumpy\b")


class _Mould(NamedTuple):
    """What a worker is made for, before it has a source."""

    numpy: bool
    memory_bytes: int
    cpu_seconds: int
    cpus: frozenset[int]


class LocalSandbox:
    """Runs harnesses in confined processes of this machine. Safe to use from several threads, not across a fork.

    With `without_isolation` it runs even where only resource limits are left. `pinned` has a thread and its workers
    share a CPU (see `placement`). `static_gate=False` leaves early feedback out; the boundary stays what it is.
    """

    def __init__(self, *, without_isolation: bool = False, pinned: bool = True, static_gate: bool = True) -> None:
        """Start the zygote and a first worker, and see what confines it.

        Raises:
            SandboxFault: this machine can't confine, and nobody said to do without.
        """
        self._minimum = Level.L1 if without_isolation else Level.L2
        self._pinned, self._gate = pinned, static_gate
        self._lock = threading.Lock()
        self._owner = os.getpid()
        self._spawners: dict[bool, Spawner] = {}
        self._spares: OrderedDict[_Mould, Worker] = OrderedDict()
        self._loaded: weakref.WeakSet[LocalLoaded] = weakref.WeakSet()
        self._closed = False
        defaults = Limits()
        mould = _Mould(False, defaults.memory_bytes, defaults.cpu_seconds, frozenset())
        try:
            worker = self._spawn(mould)
            self.layers = Layers(**worker.hello())
            worker.end()
            self.level = Level(self.layers.level)
            if self.level < self._minimum:
                raise SandboxFault(
                    f"This machine offers {self.level} ({self.level.meaning}), so no generated code is run. "
                    "Use a kernel with seccomp, or say explicitly that you do without isolation."
                )
        except BaseException:
            self.close()
            raise

    def load(self, harness: Harness, limits: Limits) -> LocalLoaded:
        """Compile the harness in a confined worker of its own; as the port.

        What comes back takes two batches at once (`Pipelining`) where the worker does not share the caller's CPU.
        """
        if self._closed:
            raise SandboxFault("This sandbox is closed; open a new one.")
        if self._owner != os.getpid():
            raise SandboxFault("This sandbox belongs to the process that opened it; open one in each process.")
        oversize = too_large(harness, limits)
        if oversize is not None:
            raise HarnessFault(oversize)
        cpus = placement.enter() if self._pinned else frozenset[int]()
        thread = threading.get_ident()
        mould = _Mould(bool(_NUMPY.search(harness.source)), limits.memory_bytes, limits.cpu_seconds, cpus)
        gate = self._gate
        kind = LocalLoaded if cpus else PipelinedLoaded
        try:
            loaded = kind(lambda known: self._start(mould, _order(harness, limits, known, gate=gate)), harness, limits)
        except BaseException:
            if self._pinned:
                placement.leave(thread)
            raise
        with self._lock:
            self._loaded.add(loaded)
        return loaded

    def zygotes(self) -> list[int]:
        """The process ids of the zygotes that were started, the first one's first."""
        return [spawner.pid for spawner in self._spawners.values()]

    def close(self) -> None:
        """End every worker and the zygotes; as the port."""
        if self._closed:
            return
        self._closed = True
        with self._lock:
            still_loaded = list(self._loaded)
        for loaded in still_loaded:
            loaded.close()
        with self._lock:
            for spare in self._spares.values():
                spare.end()
            self._spares.clear()
            for spawner in self._spawners.values():
                spawner.close()

    def __enter__(self) -> LocalSandbox:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _start(self, mould: _Mould, order: Order) -> tuple[Worker, Known]:
        """A confined worker that has loaded what the order says, and what is known of it."""
        reply = self._instruct(mould, order)
        if isinstance(reply, Failure) and reply.blame is Blame.INFRASTRUCTURE:
            reply = self._instruct(mould, order)
        # Only now, so that its start does not take the CPU from the one that was waited for.
        self._spare(mould)
        if isinstance(reply, Failure):
            if reply.blame is Blame.INFRASTRUCTURE:
                raise SandboxFault(f"No harness can be loaded: {reply.message}.")
            raise HarnessFault(reply)
        return reply

    def _instruct(self, mould: _Mould, order: Order) -> tuple[Worker, Known] | Failure:
        """Have a worker load a harness; the worker and what is known of the harness, or why not."""
        worker = self._take(mould)
        try:
            layers = Layers(**worker.hello())
        except Stillborn:  # a spare that was killed from outside, say: no second one should be
            worker = self._take(mould)
            layers = Layers(**worker.hello())
        if layers.level < self.level:
            worker.end()
            raise SandboxFault(
                f"A worker was confined at L{layers.level} only, though this machine offers {self.level}."
            )
        body = marshal.dumps(order.body, wire.MARSHAL)
        frame = wire.HEAD.pack(wire.MARK, len(body), 0) + body
        try:
            # The first reply comes before the source has run, the second after.
            reply = worker.exchange(frame, 0, Expected("json", "json"), order.limits.load_seconds)
            failure = reply.failure or (reply.then.failure if reply.then is not None else None)
        except Late:
            failure = _load_failure(f"loading took longer than {order.limits.load_seconds:g} s")
        except Malformed as malformed:
            failure = _load_failure(f"disqualified: {malformed}")
        except Died:
            death = worker.post_mortem()
            failure = replace(death, kind="load", message=f"while it was loaded, {death.message}")
        if failure is not None:
            worker.end()
            return failure
        worker.watch(min(order.limits.call_seconds, order.limits.batch_seconds))
        return worker, reply.value

    def _take(self, mould: _Mould) -> Worker:
        """A worker for this mould, the spare if there is one."""
        with self._lock:
            worker = self._spares.pop(mould, None)
            return self._spawn(mould) if worker is None or worker.deserted else worker

    def _spare(self, mould: _Mould) -> None:
        """Have a worker of this mould made, if there is none to spare; doesn't wait for it."""
        with self._lock:
            if self._closed:
                return
            if mould not in self._spares:
                self._spares[mould] = self._spawn(mould)
            self._spares.move_to_end(mould)
            while len(self._spares) > MAX_SPARES:
                self._spares.popitem(last=False)[1].end()

    def _spawn(self, mould: _Mould) -> Worker:
        spawner = self._spawners.get(mould.numpy)
        if spawner is None or not spawner.alive:
            spawner = self._spawners[mould.numpy] = Spawner(numpy=mould.numpy)
        settings: dict[str, Any] = {
            "memory_bytes": mould.memory_bytes,
            "cpu_seconds": mould.cpu_seconds,
            "cpus": sorted(mould.cpus),
            "minimum": int(self._minimum),
        }
        return Worker(spawner, settings)


class Order(NamedTuple):
    """What a worker is told of the harness it loads, and the limits that are kept from here."""

    body: dict[str, Any]
    limits: Limits


def _order(harness: Harness, limits: Limits, known: Known | None, *, gate: bool) -> Order:
    """`known` is what an earlier worker read in the same source, which is then not read again."""
    asked = demands(harness, limits)
    body = {
        "source": harness.source,
        "demands": {
            "functions": tuple(tuple(function) for function in asked.functions),
            "imports": asked.imports,
            "source_bytes": asked.source_bytes,
            "rules": asked.rules,
        },
        "gate": gate,
        "known": known,
        "reply_bytes": limits.reply_bytes,
        "recursion": limits.recursion,
    }
    return Order(body, limits)


def too_large(harness: Harness, limits: Limits) -> Failure | None:
    """The limit on a source, kept before anything reads it."""
    size = len(harness.source.encode("utf-8", "surrogatepass"))
    if size <= limits.source_bytes:
        return None
    message = f"the source has {size} bytes, more than {limits.source_bytes}; make it shorter"
    return Failure(blame=Blame.HARNESS, kind="static", message=message, line=1)


def _load_failure(message: str) -> Failure:
    return Failure(blame=Blame.HARNESS, kind="load", message=message)


def probe_level() -> Level:
    """How strongly this machine confines, found by confining a process."""
    with LocalSandbox(without_isolation=True) as sandbox:
        return sandbox.level
