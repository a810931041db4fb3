"""Where a guard gets its harness: a small port that a registry of releases implements."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

from bridle.harness import Call, Harness, Loaded, Reply
from bridle.runtime.reviewer import ActingHarness, HarnessReviewer, Reviewer
from bridle.runtime.surface import Surface


class Active(NamedTuple):
    """The harness in force: how it is asked, where it runs, and what it may touch."""

    reviewer: Reviewer
    loaded: Loaded
    surface: Surface | None = None


class HarnessSource(Protocol):
    """Where the guard gets its harness. It is asked before every turn: a rollback holds from the next one on."""

    def active(self) -> Active:
        """The harness in force; the same object as long as it is the same harness.

        Raises:
            HarnessFault: it can't be loaded.
            SandboxFault: it can't be confined.
        """


class Pinned:
    """One harness, whatever happens. Several guards may have it, also in different threads."""

    blocks = False
    """Asking for the harness takes no time."""

    def __init__(
        self,
        harness: Harness,
        loaded: Loaded,
        *,
        surface: Surface | None = None,
        alone: bool = False,
        reviewer: Reviewer | None = None,
    ) -> None:
        """`loaded` is the harness in its sandbox. `alone` lets it act for an agent; `reviewer` is another way."""
        asking = reviewer or (ActingHarness(harness) if alone else HarnessReviewer(harness))
        self._active = Active(asking, OneAtATime(loaded), surface)

    def active(self) -> Active:
        """The pinned one."""
        return self._active


class OneAtATime:
    """A loaded harness for several threads: who comes later waits."""

    def __init__(self, loaded: Loaded) -> None:
        """`loaded` is used by nobody else."""
        self._loaded, self._lock = loaded, threading.Lock()

    def call(self, function: str, *values: Any) -> Reply:
        """As the port."""
        with self._lock:
            return self._loaded.call(function, *values)

    def batch(self, calls: Sequence[Call]) -> list[Reply]:
        """As the port."""
        with self._lock:
            return self._loaded.batch(calls)

    def close(self) -> None:
        """As the port."""
        with self._lock:
            self._loaded.close()
