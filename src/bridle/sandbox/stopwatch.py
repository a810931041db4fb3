"""How long a worker has been at something, by its own time: a busy machine is no property of a harness.

What counts is the CPU that it used and the time that it slept, since both are its own doing. The time in which it was
ready to run while others had the CPU does not count. A worker that sleeps was brought to it by a trick (a lock that is
never released, a pipe that nobody writes): honest code of a harness has nothing to wait for.

Imported by the bare zygote: standard library only.
"""

from __future__ import annotations

import sys
import time
from enum import IntEnum

PATIENCE = 30
"""Wall time for which a worker that gets hardly any CPU is waited for, in multiples of its limit.

One that hangs gets even a small share of a CPU, and so is late before that: only then is it known to hang.
"""

SHARE = 4
"""Sleep found by one look counts for at most this fraction of the limit: whoever looks may have been held up itself."""

BRIEF = 0.001
"""Seconds without CPU that are not asked about."""

_PROCESS_CLOCK = 2
"""CPUCLOCK_SCHED (linux/posix-timers.h): the scheduler's own account of a process's time on a CPU."""


class Verdict(IntEnum):
    """What a look found. `LATE`: the worker used up its time. `STARVED`: the machine did not give it any."""

    GOING = 0
    LATE = 1
    STARVED = 2


class Stopwatch:
    """The time that a worker spends. Read by looks: between two of them it is not known when the worker slept.

    Where the kernel does not tell (another system than Linux, a hidden `/proc`), all time counts.
    """

    __slots__ = ("_began", "_cpu", "_pid", "_seen", "slept", "spent")

    def __init__(self, pid: int | None) -> None:
        """Start it; `pid` is the worker's, None for the time on the wall."""
        self._pid = pid
        self.start()

    def start(self) -> None:
        """From zero. `spent` and `slept` are in seconds; what was slept is part of what was spent."""
        self._began = self._seen = time.monotonic()
        self._cpu = processor_seconds(self._pid)
        self.spent = self.slept = 0.0

    def change(self, pid: int | None, slept: float) -> None:
        """Another worker goes on with it, whose whole life so far counts: all of its CPU, and what it has slept."""
        self._pid, self._cpu, self._seen = pid, processor_seconds(pid), time.monotonic()
        self.spent += self._cpu + slept
        self.slept += slept

    def look(self, seconds: float) -> Verdict:
        """Whether the worker has used up so many seconds."""
        now, cpu = time.monotonic(), processor_seconds(self._pid)
        used = max(0.0, cpu - self._cpu)
        idle = now - self._seen - used
        self._seen, self._cpu = now, cpu
        if idle > BRIEF and _sleeps(self._pid):
            slept = min(idle, seconds / SHARE)
            self.slept += slept
            used += slept
        self.spent += used
        if self.spent >= seconds:
            return Verdict.LATE
        return Verdict.STARVED if now - self._began >= PATIENCE * seconds else Verdict.GOING


def processor_seconds(pid: int | None) -> float:
    """CPU seconds that a process has used in its life; 0 where the kernel doesn't tell."""
    if pid is None or sys.platform != "linux":
        return 0.0
    try:
        return time.clock_gettime((~pid << 3) | _PROCESS_CLOCK)
    except OSError:  # it is gone
        return 0.0


def _sleeps(pid: int | None) -> bool:
    """Whether a process is asleep of its own; a stopped one, and one that waits for memory from disk, are not."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return file.read().rpartition(b") ")[2][:1] == b"S"
    except OSError:
        return True
