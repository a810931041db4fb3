"""For each family a list of actions among which every legal one is, in its plainest spelling.

The list may depend on the state but need not be tight: what is legal in it, a probe tells. For the families in `EXACT`
it is tight, and no probe is needed. For those in `SAMPLED` there are too many legal actions, or infinitely many: the
list is a fair sample, the same one whenever the same state is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bridle.environments.textarena.candidates.boards import BOARDS, EXACT_BOARDS
from bridle.environments.textarena.candidates.cards import CARDS, EXACT_CARDS, SAMPLED_CARDS
from bridle.environments.textarena.candidates.puzzles import EXACT_PUZZLES, PUZZLES

CANDIDATES: Mapping[str, Callable[[Any], list[str]]] = {**PUZZLES, **BOARDS, **CARDS}
EXACT: frozenset[str] = EXACT_PUZZLES | EXACT_BOARDS | EXACT_CARDS
SAMPLED: frozenset[str] = SAMPLED_CARDS | {"Tak"}


def candidates_for(family: str, env: Any) -> list[str]:
    """The candidates of this game's present state."""
    return CANDIDATES[family](env)


def is_exhaustive(family: str, env: Any) -> bool:
    """Whether every legal action, in its plainest spelling, is among the candidates of this game."""
    if family == "Mastermind":
        return bool(env.num_numbers**env.code_length <= 5000)
    return family not in SAMPLED
