"""The processes below this one, as the kernel lists them."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from bridle.sandbox.local import LocalSandbox

_PROC = Path("/proc")


class Process(NamedTuple):
    """A process: its id, its parent's, its group's; `zombie` when it only waits to be reaped."""

    pid: int
    parent: int
    group: int
    zombie: bool


def processes() -> list[Process]:
    """Every process of this machine that can be seen; none where there is no /proc."""
    return [found for entry in _PROC.glob("[0-9]*") if (found := _read(entry)) is not None]


def children(listing: list[Process], pid: int) -> set[int]:
    """The children of a process."""
    return {process.pid for process in listing if process.parent == pid}


class Tree:
    """The sandboxes' zygotes, their workers, and nothing else."""

    def __init__(self) -> None:
        """No sandbox yet."""
        self._sandboxes: tuple[LocalSandbox, ...] = ()

    def look_at(self, *sandboxes: LocalSandbox) -> None:
        """From now on, look at these sandboxes' processes."""
        self._sandboxes = sandboxes

    def zygotes(self) -> list[int]:
        """The zygotes."""
        return [pid for sandbox in self._sandboxes for pid in sandbox.zygotes()]

    def workers(self) -> list[int]:
        """The workers, spare ones too."""
        listing = processes()
        return sorted(pid for zygote in self.zygotes() for pid in children(listing, zygote))

    def harm(self) -> list[str]:
        """Zygotes that are gone, and processes that nobody may have started, which are ended."""
        listing = [process for process in processes() if not process.zombie]
        expected = set(self.zygotes()) if listing else set[int]()
        zygotes = expected & {process.pid for process in listing}
        workers = {pid for zygote in zygotes for pid in children(listing, zygote)}
        known = workers | zygotes
        strays = [p.pid for p in listing if (p.parent in workers or p.group in zygotes) and p.pid not in known]
        for pid in strays:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        gone = sorted(expected - zygotes)
        return [f"a zygote ({pid}) is gone" for pid in gone] + [f"process {pid} was started" for pid in strays]


def _read(entry: Path) -> Process | None:
    try:
        text = (entry / "stat").read_text()
    except OSError:  # gone meanwhile
        return None
    state, parent, group = text[text.rindex(")") + 2 :].split()[:3]
    return Process(int(entry.name), int(parent), int(group), state == "Z")
