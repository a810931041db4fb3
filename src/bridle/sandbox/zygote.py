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
from typing import Any

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


def _as_package() -> None:
    """Make `bridle.sandbox` importable from here without its `__init__`, which needs more than the standard library."""
    here = os.path.dirname(os.path.abspath(__file__))
    for name, path in (("bridle", os.path.dirname(here)), ("bridle.sandbox", here)):
        package = types.ModuleType(name)
        package.__path__ = [path]
        sys.modules[name] = package


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


class Zygote:
    """Obeys its control socket."""

    def __init__(self, control: socket.socket, hello: dict[str, Any]) -> None:
        """Watch the control socket, and the parent where this kernel can."""
        self._control, self._parent, self._workers = control, os.getppid(), dict[int, int]()
        self._watched = select.poll()
        self._watched.register(control, select.POLLIN)
        self._timeout = 500
        if hasattr(os, "pidfd_open"):
            try:
                self._watched.register(os.pidfd_open(self._parent), select.POLLIN)
                self._timeout = -1
            except OSError:  # an old kernel or a strict container: looked up twice a second instead
                pass

    def obey(self) -> None:
        """Serve orders until the parent is gone. Workers die with this process."""
        while True:
            ready = self._watched.poll(self._timeout)
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
            else:
                self._end(order)

    def _spawn(self, order: dict[str, Any], request: int, reply: int, page: int) -> None:
        """Fork a worker on the given pipes; it reports itself on its reply pipe."""
        from bridle.sandbox import worker

        shared = mmap.mmap(page, order["page"])
        me = os.getpid()
        try:
            pid = os.fork()
            if pid == 0:
                worker.run(order["settings"], request, reply, shared, me)
            self._workers[order["worker"]] = pid
        except OSError:  # too many processes: the parent sees both pipes closed and asks what became of the worker
            pass
        finally:
            shared.close()
            for descriptor in (request, reply, page):
                os.close(descriptor)

    def _end(self, order: dict[str, Any]) -> None:
        """Kill a worker and reap it; answer with its wait status where that is asked for."""
        pid = self._workers.pop(order["worker"], None)
        status = None
        if pid is not None:
            if order["kill"]:
                os.kill(pid, signal.SIGKILL)
            _, status = os.waitpid(pid, 0)
        if order["order"] == "reap":
            self._control.send(json.dumps({"status": status}).encode())


def main() -> None:
    """Preload, say so, obey."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    control = socket.socket(fileno=0)
    hello = json.loads(control.recv(65536))
    if hello["cpus"]:
        os.sched_setaffinity(0, hello["cpus"])
    _as_package()
    importlib.import_module("bridle.sandbox.worker")
    _preload(hello["modules"], hello["numpy"])
    control.send(json.dumps({"pid": os.getpid()}).encode())
    # What the workers share with this process stays shared: a collection in a worker must not touch it.
    gc.collect()
    gc.freeze()
    Zygote(control, hello).obey()


if __name__ == "__main__":
    main()
