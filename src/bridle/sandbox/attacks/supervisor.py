"""Has the suite run in a process of its own, and notices when an attack takes it down or makes it hang."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from bridle.errors import SandboxFault
from bridle.sandbox.attacks.attack import Attack, Finding, Outcome

START_SECONDS = 90.0
"""How long the suite may take to set its scene."""

SPARE_SECONDS = 10.0
"""How much longer than its own bound an attack may take, the gate's turn and the tripwires included."""

MOST_HANGS = 3
"""Attacks that may have the suite hang before no more are carried out."""

SUITE = (sys.executable, "-m", "bridle.sandbox.attacks.suite")
"""The suite's program. It is given a folder and the attacks' names."""

_ENDED = "ended with status "
_DONE = f"{_ENDED}0"
_HUNG = "its caller hung"
_GIVEN_UP = "not carried out: too many before it had their caller hang"


def carry_out(
    attacks: Sequence[Attack],
    progress: Callable[[str], None] = lambda name: None,
    *,
    without_isolation: bool = False,
    program: Sequence[str] = SUITE,
) -> list[Finding]:
    """Carry out the attacks, each told to `progress` before it begins; a finding each, in the same order.

    An attack that takes the suite's process down, or has it hang, has escaped; the rest goes on in a fresh one.
    When several had it hang, no more are carried out: whoever waits has waited long enough. `program` is the suite's.

    Raises:
        SandboxFault: the suite could not be set up; its text says why.
    """
    left, found = list(attacks), list[Finding]()
    command = [*program, *(["--without-isolation"] if without_isolation else [])]
    while left:
        if sum(finding.how.startswith(_HUNG) for finding in found) >= MOST_HANGS:
            return [*found, *(_unfinished(attack, Outcome.NOT_APPLICABLE, _GIVEN_UP) for attack in left)]
        before = len(left)
        with _suite(command, [attack.name for attack in left]) as suite:
            while left and (finding := _next(suite, left[0], progress)) is not None:
                left.pop(0)
                found.append(finding)
            ended = suite.end()
        if len(left) == before:
            raise SandboxFault(f"The attack suite could not be set up: {suite.complaint or 'it said nothing'}.")
        if ended and found[-1].outcome is not Outcome.ESCAPED:
            found[-1] = replace(found[-1], outcome=Outcome.ESCAPED, how=f"afterwards, its caller {ended}")
    return found


class _Suite:
    """The suite's process, and the lines that it prints."""

    def __init__(self, process: subprocess.Popen[bytes], complaints: Any) -> None:
        self._process, self._complaints = process, complaints
        self._received = b""
        self.gone = self.complaint = ""

    def line(self, seconds: float) -> dict[str, Any] | None:
        """The next line; None, from then on, and `gone` says why, where there is none in time."""
        if self.gone:
            return None
        assert self._process.stdout is not None
        deadline = time.monotonic() + seconds
        while b"\n" not in self._received:
            ready, _, _ = select.select([self._process.stdout], [], [], max(0.0, deadline - time.monotonic()))
            data = os.read(self._process.stdout.fileno(), 65536) if ready else b""
            if not data:
                self.gone = f"{_ENDED}{self._process.wait()}" if ready else f"hung for {seconds:.0f} s"
                return None
            self._received += data
        text, _, self._received = self._received.partition(b"\n")
        try:
            found: dict[str, Any] = json.loads(text)
        except ValueError:
            self.gone = "printed what it should not"
            return None
        return found

    def end(self) -> str:
        """Wait for the end of a suite that has nothing left to do; what is wrong with how it ended."""
        if not self.gone:
            self.line(START_SECONDS)
        self._complaints.seek(0)
        lines = self._complaints.read().decode(errors="replace").strip().splitlines()
        self.complaint = lines[-1] if lines else ""
        return "" if self.gone == _DONE else self.gone


def _next(suite: _Suite, attack: Attack, progress: Callable[[str], None]) -> Finding | None:
    """The finding of the attack that is next; None where the suite did not get to it."""
    if suite.line(START_SECONDS) is None:
        return None
    progress(attack.name)
    line = suite.line(attack.bound + SPARE_SECONDS)
    if line is not None:
        return Finding(**{**line, "outcome": Outcome(line["outcome"])})
    return _unfinished(attack, Outcome.ESCAPED, f"its caller {suite.gone}")


def _unfinished(attack: Attack, outcome: Outcome, how: str) -> Finding:
    """The finding of an attack that the suite itself can't tell of."""
    return Finding(name=attack.name, family=attack.family, outcome=outcome, how=how, gated=False, seconds=0.0)


@contextmanager
def _suite(command: list[str], names: list[str]) -> Iterator[_Suite]:
    """A suite's process with its folder; both are gone in the end."""
    path = os.pathsep.join(str(Path(entry).absolute()) for entry in sys.path)
    with (
        tempfile.TemporaryDirectory(prefix="bridle-attacks-") as folder,
        tempfile.TemporaryFile() as complaints,
        subprocess.Popen(
            [*command, folder, *names],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=complaints,
            env={**os.environ, "PYTHONPATH": path},
        ) as process,
    ):
        try:
            yield _Suite(process, complaints)
        finally:
            process.kill()
