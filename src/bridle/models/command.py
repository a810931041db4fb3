"""A program as a model: the prompt on its standard input, the answer on its standard output.

Any coding agent, local model or person behind a script is a model this way. The program is started anew for each
request, without a shell, in the current folder, in a session of its own (so that Ctrl-C reaches Bridle and not the
program, which Bridle then ends with all that it started). What the request says besides its prompt is in the
environment: `BRIDLE_SAMPLE`, `BRIDLE_REQUEST` (the digest), `BRIDLE_MAX_OUTPUT_TOKENS` and `BRIDLE_SETTINGS` (JSON).
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import shlex
import shutil
import signal
import subprocess
import threading
import time
import weakref
from pathlib import Path

from bridle.errors import ModelFault, UsageError
from bridle.models.answer import LARGEST, excerpt, usable
from bridle.models.model import Completion, Request

TIMEOUT = 3600.0
"""Seconds until a program is given up: long, since a person may be behind it."""

LOOK = 0.25
"""Seconds between looks at whether the program has ended or the model was closed, while nothing is written."""

ERRORS = 64 << 10
"""Bytes of standard error that are kept: the last."""


class Command:
    """A program that answers requests."""

    def __init__(self, line: str, *, timeout: float = TIMEOUT, label: str | None = None) -> None:
        """`line` is the program and its arguments, quoted as in a shell; `label` is who answers (else the program).

        Raises:
            UsageError: no program is named, the quotes don't match, or the program isn't there or can't be run.
        """
        try:
            self._arguments = shlex.split(line)
        except ValueError as error:
            raise UsageError(f"cmd:{line} can't be read ({error}); quote it as in a shell.") from None
        if not self._arguments:
            raise UsageError("cmd: needs a program, as in  cmd:./ask.sh --fast .")
        program = self._arguments[0]
        if shutil.which(program) is None:
            there = Path(program).is_file()
            advice = (
                "is not executable: run  chmod +x" if there else "is not a program here: check the path, or install"
            )
            raise UsageError(f"cmd: {program} {advice} {program}.")
        # Arguments may hold secrets, so the name, which is journalled, leaves them out.
        self.name = f"cmd:{Path(program).name}"
        self._label = label or self.name
        self._timeout = timeout
        self._closed = threading.Event()
        self._running: set[subprocess.Popen[bytes]] = set()
        # Also when the interpreter ends while a thread that nobody waits for still asks.
        weakref.finalize(self, _end, self._running)

    def complete(self, request: Request) -> Completion:
        """Run the program once and wait for it.

        Raises:
            ModelFault: it could not be started, took too long, ended with another status than 0 (the last lines of its
                standard error are in the sentence), or wrote nothing, too much, or no UTF-8.
        """
        start = time.monotonic()
        if self._closed.is_set():
            raise ModelFault(f"{self.name} was closed.", permanent=True)
        try:
            child = subprocess.Popen(
                self._arguments,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env={**os.environ, **_environment(request)},
                start_new_session=True,
            )
        except OSError as error:
            raise ModelFault(f"{self.name} could not be started: {error.strerror}.", permanent=True) from error
        with child:
            try:
                self._running.add(child)
                out, err = self._talk(child, request.prompt.encode(), start + self._timeout)
            except BaseException:
                # Time-out, too much output, Ctrl-C: nothing of the program may stay behind.
                _kill(child)
                raise
            finally:
                self._running.discard(child)
        if child.returncode != 0:
            raise ModelFault(f"{self.name} {_ending(child.returncode)}: {_last_lines(err) or 'it said nothing'}")
        try:
            text = out.decode()
        except UnicodeDecodeError as error:
            raise ModelFault(f"{self.name} wrote something that is not UTF-8 text ({error.reason}).") from None
        why = _last_lines(err)
        return Completion(text=usable(text, self.name, why=why), model=self._label, seconds=time.monotonic() - start)

    def _talk(self, child: subprocess.Popen[bytes], prompt: bytes, deadline: float) -> tuple[bytes, bytes]:
        """Write the prompt while reading both outputs, until the program has ended; its output and its errors."""
        assert child.stdin is not None
        assert child.stdout is not None
        assert child.stderr is not None
        unsent, out, err = memoryview(prompt), bytearray(), bytearray()
        for stream in (child.stdin, child.stdout, child.stderr):
            os.set_blocking(stream.fileno(), False)
        with selectors.DefaultSelector() as selector:
            selector.register(child.stdout, selectors.EVENT_READ, out)
            selector.register(child.stderr, selectors.EVENT_READ, err)
            selector.register(child.stdin, selectors.EVENT_WRITE)
            outputs, ended = 2, False
            while outputs:
                pause = self._pause(deadline)
                ready = selector.select(0 if ended else pause)
                if not ready and ended:
                    break  # All that the program wrote is read; what still holds its outputs open is not the program.
                if not ready:
                    # It may have written and ended since the look, so one more look decides.
                    ended = child.poll() is not None
                for key, _ in ready:
                    if key.fileobj is child.stdin:
                        unsent = _send(key.fd, unsent)
                        if not unsent:
                            selector.unregister(child.stdin)
                            child.stdin.close()
                    elif not _receive(key.fd, key.data):
                        selector.unregister(key.fileobj)
                        outputs -= 1
                if len(out) > LARGEST:
                    raise ModelFault(f"{self.name} wrote more than {LARGEST >> 20} MiB.")
                del err[:-ERRORS]
        while child.returncode is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(self._pause(deadline))
        return bytes(out), bytes(err)

    def _pause(self, deadline: float) -> float:
        """Seconds that may pass before the next look.

        Raises:
            ModelFault: the deadline has passed or the model was closed.
        """
        left = deadline - time.monotonic()
        if self._closed.is_set():
            raise ModelFault(f"{self.name} was closed while it was answering.", permanent=True)
        if left <= 0:
            raise ModelFault(f"{self.name} did not answer within {self._timeout:g} s.")
        return min(LOOK, left)

    def close(self) -> None:
        """End every program that is still answering; their `complete` raises. Closing twice is no error."""
        self._closed.set()
        _end(self._running)


def _environment(request: Request) -> dict[str, str]:
    """What the program is told beside the prompt."""
    return {
        "BRIDLE_SAMPLE": str(request.sample),
        "BRIDLE_REQUEST": request.digest,
        "BRIDLE_MAX_OUTPUT_TOKENS": str(request.max_output_tokens),
        "BRIDLE_SETTINGS": json.dumps(dict(request.settings)),
    }


def _send(pipe: int, unsent: memoryview) -> memoryview:
    """Write what the pipe takes; the rest, which is nothing where the program reads no further."""
    try:
        return unsent[os.write(pipe, unsent[: 1 << 16]) :] if unsent else unsent
    except BlockingIOError:
        return unsent
    except BrokenPipeError:
        return unsent[:0]


def _receive(pipe: int, into: bytearray) -> bool:
    """Read what is there; False at the end of the stream."""
    try:
        piece = os.read(pipe, 1 << 16)
    except BlockingIOError:
        return True
    into += piece
    return bool(piece)


def _kill(child: subprocess.Popen[bytes]) -> None:
    """Kill the program and its group. Only while it is not reaped: afterwards its number may be somebody else's."""
    if child.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)


def _end(running: set[subprocess.Popen[bytes]]) -> None:
    """Kill what still runs."""
    for child in list(running):
        if child.poll() is None:
            _kill(child)


def _ending(status: int) -> str:
    """How a program ended, for a sentence."""
    if status > 0:
        return f"ended with status {status}"
    try:
        return f"was killed by {signal.Signals(-status).name}"
    except ValueError:
        return f"was killed by signal {-status}"


def _last_lines(errors: bytes, count: int = 5) -> str:
    """The last lines of standard error, printable and on one line."""
    lines = [excerpt(line) for line in errors.decode(errors="replace").splitlines()]
    return " / ".join([line for line in lines if line][-count:])
