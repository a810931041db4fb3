"""A game of the paper's list as an environment."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from bridle.environment import Scenario, SeededScenarios, Split
from bridle.environments.textarena.corrections import VERSION, Corrections
from bridle.environments.textarena.episode import TextArenaEpisode
from bridle.environments.textarena.games import Game
from bridle.environments.textarena.history import HistoryName
from bridle.environments.textarena.rules import LONGEST_ACTION, rules_of
from bridle.environments.textarena.variants import RETELLINGS, RetoldEpisode, VariantName, retold
from bridle.harness import TEXT_ACTION

_BRACKETS = "A text without any square bracket is put between brackets before the game reads it. "


class TextArenaEnvironment:
    """One of the 145 games.

    `history` chooses what a player is shown (see `history.py`); `corrections` whether the game's defects are mended;
    `variant` how the game tells what it tells (see `variants.py`).
    `reward_range` holds for episodes whose every action was legal; an ending by an invalid move may pay otherwise.
    """

    def __init__(
        self,
        game: Game,
        *,
        history: HistoryName = "full",
        corrections: Corrections = "applied",
        variant: VariantName = "nominal",
    ) -> None:
        """Load the game's code.

        Raises:
            MissingExtra: TextArena is not installed.
            UsageError: another version of it is.
        """
        chosen = {
            "history=board": history == "board",
            "corrections=none": corrections == "none",
            f"variant={variant}": variant != "nominal",
        }
        query = "&".join(option for option, holds in chosen.items() if holds)
        self.name = f"textarena/{game.id}" + (f"?{query}" if query else "")
        self._made_of: tuple[Any, ...] = (game, history, corrections)
        self._rules = rules_of(game, self.name, history, corrections)
        self._retelling = None if variant == "nominal" else RETELLINGS[variant]
        if self._retelling is not None:
            self._made_of += (variant,)
            self._rules = retold(self._rules, self._retelling)
        self.players = game.players
        self.reward_range = _reward_range(self._rules.loaded.family, game.players, corrections)
        self.contract = replace(TEXT_ACTION, observation=history)
        self.description = (
            f"{game.id.split('-')[0]}, a game for {game.players} player{'s' if game.players > 1 else ''} "
            f"(TextArena {VERSION}, {game.id}). The observation starts with the game's own rules."
        )
        self.action_space = (
            f"Text of at most {LONGEST_ACTION} characters. {_BRACKETS if self._rules.formats else ''}"
            "The format is stated in the rules at the top of the observation."
        )

    def __reduce__(self) -> tuple[Callable[..., TextArenaEnvironment], tuple[Any, ...]]:
        """Sent to another process as what it is made of: the game's code is loaded there anew."""
        return _made, self._made_of

    def scenarios(self, split: Split) -> Sequence[Scenario]:
        """A scenario for each seed of the split."""
        return SeededScenarios(split)

    def start(self, scenario: Scenario) -> TextArenaEpisode:
        """Deal a new game from the scenario's seed."""
        if self._retelling is None:
            return TextArenaEpisode(self._rules, scenario.seed)
        return RetoldEpisode(self._rules, scenario.seed, self._retelling.feedback)


def _made(
    game: Game, history: HistoryName, corrections: Corrections, variant: VariantName = "nominal"
) -> TextArenaEnvironment:
    return TextArenaEnvironment(game, history=history, corrections=corrections, variant=variant)


def _reward_range(family: str, players: int, corrections: Corrections) -> tuple[float, float]:
    """One player: the share achieved, 0 to 1. More: -1 for the last to 1 for the first.

    As shipped, LightsOut pays down to -24 (one light on at the start, 25 at the end).
    """
    if family == "LightsOut" and corrections == "none":
        return (-24.0, 1.0)
    return (0.0, 1.0) if players == 1 else (-1.0, 1.0)
