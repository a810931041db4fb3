"""How strongly this machine can confine, in one word that every report of a run carries."""

from __future__ import annotations

import sys
from enum import IntEnum


class Level(IntEnum):
    """What confines a worker. Below `L2` nothing runs without an explicit opt-in."""

    L1 = 1
    """A process of its own with resource limits: NOT isolated."""
    L2 = 2
    """The kernel filters its system calls (seccomp; on macOS its sandbox)."""
    L3 = 3
    """seccomp and Landlock."""

    @property
    def meaning(self) -> str:
        """The level in plain words."""
        if self is Level.L1:
            return "process and resource limits only, NOT isolated"
        if self is Level.L2:
            return "macOS sandbox, degraded and untested" if sys.platform == "darwin" else "seccomp, without Landlock"
        return "seccomp and Landlock"

    def __str__(self) -> str:
        return self.name
