"""The paper's 145 games, as data: `games.csv` beside this file. Nothing here loads TextArena.

Source: the paper (arXiv 2603.03329), Table 1 of the appendix: the number of players, the iterations that its search
needed, and whether the game is one of the 32 it was evaluated on.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, kw_only=True)
class Game:
    """One row of the paper's list. `learning_steps` are the iterations its search needed."""

    id: str
    players: int
    learning_steps: int
    evaluated: bool


@cache
def games() -> dict[str, Game]:
    """All 145 games by TextArena's id, in the list's order."""
    text = files(__package__).joinpath("games.csv").read_text(encoding="utf-8")
    return {
        row["id"]: Game(
            id=row["id"],
            players=int(row["players"]),
            learning_steps=int(row["learning_steps"]),
            evaluated=row["in_32_eval"] == "True",
        )
        for row in csv.DictReader(text.splitlines())
    }
