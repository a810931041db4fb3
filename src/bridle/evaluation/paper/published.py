"""What the paper reports, as data. Source: arXiv 2603.03329 (CC BY 4.0), the tables of its section 4 and appendix."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

OUTCOMES = ("better", "matched", "worse", "not run")


@cache
def rewards() -> Mapping[str, Mapping[str, float]]:
    """Mean reward over 20 matches of each of the sixteen one-player games, by game and player."""
    text = files(__package__).joinpath("one_player_rewards.csv").read_text(encoding="utf-8")
    return {
        row["game"]: {name: float(value) for name, value in row.items() if name != "game"}
        for row in csv.DictReader(text.splitlines())
    }


COUNTERPARTS: Mapping[str, str] = {"policy": "harness-as-policy", "model + verifier": "flash+harness"}
"""Which of the paper's players ours is held against, by what ours is."""

TWO_PLAYER = (
    "The paper, over its sixteen two-player games: Gemini-2.5-Flash with a harness wins 56.3 % and loses 38.2 % of its "
    "matches against Gemini-2.5-Pro, and wins 64.8 % against Gemini-2.5-Flash."
)


def outcome(low: float | None, high: float | None, published: float) -> str:
    """Our interval beside the paper's figure: matched where it holds that."""
    if low is None or high is None:
        return "not run"
    return "better" if low > published else "worse" if high < published else "matched"
