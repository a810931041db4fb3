"""Corrections of TextArena 0.7.4's games, applied to a private copy of their source; installed files stay as they are.

The edits are data, in the TOML files beside this one. Upstream has fixed some of the defects since (Breakthrough,
Checkers, QuantumTicTacToe, Tak, UltimateTicTacToe), but no release holds the fixes.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files

from bridle.environments.textarena.corrections.correction import VERSION, Correction, Corrections, Edit

__all__ = ["VERSION", "Correction", "Corrections", "all_corrections", "corrections_of"]


@cache
def all_corrections() -> tuple[Correction, ...]:
    """Every correction, in the order in which those of a family apply."""
    found: list[Correction] = []
    for name in ("needed", "unseen", "quick", "legality", "endings", "rewards"):
        data = tomllib.loads(files(__package__).joinpath(f"{name}.toml").read_text(encoding="utf-8"))
        for item in data["correction"]:
            edits = tuple(Edit(**edit) for edit in item.pop("edits"))
            item["reason"] = " ".join(item["reason"].split())
            found.append(Correction(edits=edits, **item))
    return tuple(found)


def corrections_of(family: str, which: Corrections) -> list[Correction]:
    """The corrections of a family that apply: all of them, or only those that always do."""
    return [c for c in all_corrections() if c.family == family and (which == "applied" or c.always)]
