"""Corrections of TextArena 0.7.4's games, applied to a private copy of their source; installed files stay as they are.

Upstream has fixed some of them since (Breakthrough, Checkers, QuantumTicTacToe, Tak, UltimateTicTacToe), but no release
holds the fixes. An edit is exact text, expected a stated number of times, so it can't silently miss.
"""

from __future__ import annotations

from bridle.environments.textarena.corrections.correction import VERSION, Correction, Corrections, Edit
from bridle.environments.textarena.corrections.endings import ENDINGS
from bridle.environments.textarena.corrections.legality import LEGALITY
from bridle.environments.textarena.corrections.needed import NEEDED
from bridle.environments.textarena.corrections.rewards import REWARDS

__all__ = ["CORRECTIONS", "VERSION", "Correction", "Corrections", "Edit", "corrections_of"]

CORRECTIONS: tuple[Correction, ...] = (*NEEDED, *LEGALITY, *ENDINGS, *REWARDS)


def corrections_of(family: str, which: Corrections) -> list[Correction]:
    """The corrections of a family that apply: all of them, or only what the game needs to run at all."""
    return [c for c in CORRECTIONS if c.family == family and (which == "applied" or c.needed)]
