"""The outcome: how a run ended, why, and what a caller is told on the way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bridle.harness import Harness
from bridle.synthesis.forecast import Forecast
from bridle.synthesis.tree import Node, Tree

STOPS = {
    "target": "the target was reached",
    "iterations": "the iterations are used up",
    "calls": "the model calls are used up",
    "tokens": "the tokens are used up",
    "usd": "the money is used up",
    "steps": "the environment steps are used up",
    "time": "the time is used up",
    "plateau": "no better candidate for a long while",
    "model-failed": "the model failed repeatedly; the run can be resumed",
    "sandbox-failed": "the sandbox failed repeatedly; the run can be resumed",
}


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a run ended. `stop` is a key of `STOPS`, `best` the best node, `spent` what was settled, by unit.

    `harness` is the best node's, and `folder` the run's. `forecast` is what was said before the first call; None where
    the run ended before there was one to make.
    """

    stop: str
    tree: Tree
    best: Node
    harness: Harness
    spent: Mapping[str, float]
    folder: Path
    forecast: Forecast | None = None

    @property
    def reached(self) -> bool:
        """Whether the target was reached."""
        return self.stop == "target"


@dataclass(frozen=True, kw_only=True)
class Hooks:
    """What a caller is told as a run goes on; called in the thread of the search, in order."""

    on_forecast: Callable[[Forecast], None] = lambda forecast: None
    on_dispatch: Callable[[int, int], None] = lambda expansion, parent: None
    on_node: Callable[[Node, Tree], None] = lambda node, tree: None
    on_stop: Callable[[Outcome], None] = lambda outcome: None
