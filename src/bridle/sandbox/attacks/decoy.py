"""A process for attacks to go for: of the worker's own user, with secrets in its environment, memory and descriptors.

A stand-in for this process and for others of the same user. What its user may do to it, an attack may, unless it is
confined.
"""

from __future__ import annotations

import os
import select
import subprocess
import sys
from contextlib import suppress
from types import TracebackType

from bridle.errors import SandboxFault

ANSWER_SECONDS = 5.0
"""How long it may take to start, and to say what its memory holds."""

_LIBRARIES = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")

_PROGRAM = """
import ctypes, os, sys
secret, user = os.environ["SECRET"].encode(), int(sys.argv[1])
if user != os.getuid():
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)
held = ctypes.create_string_buffer(secret)
read, write = os.pipe()
os.write(write, secret)
print(ctypes.addressof(held), read, flush=True)
for line in sys.stdin:
    print(held.value.hex(), flush=True)
"""
"""Becomes the user itself, which may not be able to read this interpreter, and stays open to its fellows' debuggers."""


class Decoy:
    """The process, where its secret is, and whether anybody touched it."""

    def __init__(self, secret: str, user: int) -> None:
        """Start it as `user`, where this process may; else as its own user.

        Raises:
            SandboxFault: it did not start.
        """
        self._secret, self._user = secret, user if os.getuid() == 0 else os.getuid()
        self._start()

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def harm(self) -> str | None:
        """What was done to it since the last look, after which there is an unharmed one; None if nothing was."""
        found = self._look()
        if found is not None:
            self.close()
            self._start()
        return found

    def _look(self) -> str | None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(b"\n")
            self._process.stdin.flush()
            line = self._line()
        except OSError:
            line = ""
        if not line:
            return "another process of this user was ended, or stopped"
        return None if bytes.fromhex(line) == self._secret.encode() else "another process's memory was written"

    def _start(self) -> None:
        environment = {name: os.environ[name] for name in _LIBRARIES if name in os.environ}
        self._process = subprocess.Popen(
            [sys.executable, "-s", "-S", "-P", "-B", "-c", _PROGRAM, str(self._user)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**environment, "SECRET": self._secret},
            cwd="/",
        )
        try:
            self.address, self.descriptor = map(int, self._line().split())
        except ValueError:
            self.close()
            raise SandboxFault("The process that attacks go for did not start.") from None

    def close(self) -> None:
        """End it. One that is being traced can't be waited for as long as its tracer lives."""
        self._process.kill()
        with suppress(subprocess.TimeoutExpired):
            self._process.communicate(timeout=1.0)

    def __enter__(self) -> Decoy:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _line(self) -> str:
        """The next line it prints; empty when it is gone, or stopped."""
        assert self._process.stdout is not None
        ready, _, _ = select.select([self._process.stdout], [], [], ANSWER_SECONDS)
        return self._process.stdout.readline().strip().decode() if ready else ""
