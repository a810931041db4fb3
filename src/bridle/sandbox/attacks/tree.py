"""The processes below this one, as the kernel lists them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

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
    """Zygotes are this process's children (but for the `others`), workers are theirs, and there is nothing else."""

    def __init__(self, others: set[int]) -> None:
        """`others` are children of this process that are no zygotes."""
        self._others = others
        self._zygotes = set[int]()

    def zygotes(self, listing: list[Process]) -> set[int]:
        """The zygotes that are alive."""
        mine = children(listing, os.getpid()) - self._others
        return {process.pid for process in listing if process.pid in mine and not process.zombie}

    def zygotes_now(self) -> set[int]:
        """The zygotes that are alive now."""
        return self.zygotes(processes())

    def workers(self) -> list[int]:
        """The workers, spare ones too."""
        listing = processes()
        return sorted(pid for zygote in self.zygotes(listing) for pid in children(listing, zygote))

    def harm(self) -> list[str]:
        """Zygotes that are gone since the last look, and processes that nobody may have started."""
        listing = processes()
        zygotes = self.zygotes(listing)
        gone, self._zygotes = self._zygotes - zygotes, zygotes
        workers = {pid for zygote in zygotes for pid in children(listing, zygote)}
        strays = {p.pid for p in listing if p.parent in workers or p.group in zygotes} - workers - zygotes
        return [f"zygote {pid} is gone" for pid in sorted(gone)] + [f"process {pid} was started" for pid in strays]

    def ignore(self, pids: set[int]) -> None:
        """These children are none of this tree's zygotes."""
        self._others |= pids

    def forget(self) -> None:
        """Expect no zygote: the sandbox was closed."""
        self._zygotes = set()


def _read(entry: Path) -> Process | None:
    try:
        text = (entry / "stat").read_text()
    except OSError:  # gone meanwhile
        return None
    state, parent, group = text[text.rindex(")") + 2 :].split()[:3]
    return Process(int(entry.name), int(parent), int(group), state == "Z")
