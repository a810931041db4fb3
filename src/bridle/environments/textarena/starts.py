"""Starts that were slow to deal, kept for the next episode with the same seed.

A rollout starts every candidate from the same seeds, and starts again when a game ends; only the first pays.
"""

from __future__ import annotations

import pickle
from collections import OrderedDict
from typing import Any

SLOW = frozenset({"RushHour", "Sokoban", "Sudoku"})
"""Families that search while dealing. None of them draws a random number after that, so the game is the whole start."""


class StartCache:
    """Dealt games by seed, the least recently used forgotten first. A few kilobytes each."""

    def __init__(self, size: int) -> None:
        """Keep up to `size` starts; 0 keeps none."""
        self._size = size
        self._starts: OrderedDict[int, bytes] = OrderedDict()

    def take(self, seed: int) -> Any | None:
        """A fresh copy of the start, or None."""
        start = self._starts.get(seed)
        if start is None:
            return None
        self._starts.move_to_end(seed)
        return pickle.loads(start)

    def keep(self, seed: int, env: Any) -> None:
        """Remember a game that was just dealt."""
        if self._size:
            self._starts[seed] = pickle.dumps(env, pickle.HIGHEST_PROTOCOL)
            if len(self._starts) > self._size:
                self._starts.popitem(last=False)
