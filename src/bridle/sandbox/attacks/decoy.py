"""A process for attacks to go for: of the worker's own user, with secrets in its environment, memory and descriptors.

A stand-in for this process and for others of the same user. What its user may do to it, an attack may, unless it is
confined.
"""

from __future__ import annotations

import os
import subprocess
import sys
from types import TracebackType

_PROGRAM = """
import ctypes, os, sys
secret = os.environ["SECRET"].encode()
held = ctypes.create_string_buffer(secret)
read, write = os.pipe()
os.write(write, secret)
print(ctypes.addressof(held), read, flush=True)
for line in sys.stdin:
    print(held.value.hex(), flush=True)
"""


class Decoy:
    """The process, its address book, and whether anybody touched it."""

    def __init__(self, secret: str, user: int) -> None:
        """Start it as `user`, where this process may; else as its own user."""
        self._secret = secret
        command = [sys.executable, "-s", "-S", "-P", "-B", "-c", _PROGRAM]
        environment = {"SECRET": secret}
        for name in ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"):
            if name in os.environ:
                environment[name] = os.environ[name]
        self._process = _start(command, environment, user if os.getuid() == 0 else None)
        self.user = user if os.getuid() == 0 else os.getuid()
        line = self._line()
        if not line and os.getuid() == 0:  # that user can't read this interpreter
            self.close()
            self._process, self.user = _start(command, environment, None), os.getuid()
            line = self._line()
        self.address, self.descriptor = map(int, line.split()) if line else (0, 0)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def harm(self) -> str | None:
        """What was done to it; None if nothing was."""
        if self._process.poll() is not None:
            return f"another process of this user was ended (status {self._process.returncode})"
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(b"\n")
            self._process.stdin.flush()
        except OSError:
            return "another process of this user was ended"
        if bytes.fromhex(self._line().decode() or "00") != self._secret.encode():
            return "another process's memory was written"
        return None

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.communicate()

    def __enter__(self) -> Decoy:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _line(self) -> bytes:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


def _start(command: list[str], environment: dict[str, str], user: int | None) -> subprocess.Popen[bytes]:
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    if user is not None:
        try:
            return subprocess.Popen(  # type: ignore[call-overload,no-any-return]
                command, env=environment, cwd="/", user=user, group=user, extra_groups=[], **pipes
            )
        except OSError:
            return _start(command, environment, None)
    return subprocess.Popen(command, env=environment, cwd="/", **pipes)  # type: ignore[call-overload,no-any-return]
