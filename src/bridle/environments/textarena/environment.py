"""A game of the paper's list as an environment."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bridle.environment import Scenario, SeededScenarios, Split
from bridle.environments.textarena.candidates import candidates_for
from bridle.environments.textarena.corrections import VERSION, Corrections
from bridle.environments.textarena.episode import ProbeRandom, TextArenaEpisode
from bridle.environments.textarena.games import Game
from bridle.environments.textarena.hints import HINTS
from bridle.environments.textarena.history import HISTORIES, History, HistoryName
from bridle.environments.textarena.loader import LoadedGame, load, registered
from bridle.harness import TEXT_ACTION, Action

ILLEGAL_BY_DEATH = frozenset({"Snake", "Surround"})
"""Families that never call `set_invalid_move`: a player who made an invalid move is dead of it."""


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What the episodes of one environment share."""

    name: str
    loaded: LoadedGame
    class_name: str
    options: dict[str, Any]
    players: int
    formats: bool
    history: Callable[[int], History]
    probe_random: ProbeRandom

    def make(self) -> Any:
        """A game, not yet reset."""
        return self.loaded.make(self.class_name, self.options)

    def formatted(self, action: Action) -> str:
        """The text as the game gets it: in brackets unless it has any, where TextArena's wrapper would do that."""
        text = action if isinstance(action, str) else str(action)
        return f"[{text}]" if self.formats and "[" not in text and "]" not in text else text

    def candidates(self, env: Any) -> list[str]:
        """Actions in their plainest spelling among which every legal one is."""
        return candidates_for(self.loaded.family, env)

    def fatal(self, env: Any, player: int) -> str | None:
        """Why the player just died of an invalid move, where the family says it only so."""
        if self.loaded.family not in ILLEGAL_BY_DEATH:
            return None
        pieces = env.state.game_state.get("snakes") or env.state.game_state.get("players") or {}
        reason = getattr(pieces.get(player), "death_reason", None)
        return "invalid move" if reason == "invalid move" else None


class TextArenaEnvironment:
    """One of the 145 games.

    `history` chooses what a player is shown (see `history.py`); `corrections` whether the game's defects are mended.
    `reward_range` holds for episodes whose every action was legal; an ending by an invalid move may pay otherwise.
    """

    def __init__(self, game: Game, *, history: HistoryName = "full", corrections: Corrections = "applied") -> None:
        """Load the game's code.

        Raises:
            MissingExtra: TextArena is not installed.
            UsageError: another version of it is.
        """
        family, class_name, options, formats = registered(game.id)
        if family in HINTS:
            options |= HINTS[family].options
        query = "&".join(
            [
                *(["history=board"] if history == "board" else []),
                *(["corrections=none"] if corrections == "none" else []),
            ]
        )
        self.name = f"textarena/{game.id}" + (f"?{query}" if query else "")
        self.players = game.players
        self.reward_range: tuple[float, float] = (0.0, 1.0) if game.players == 1 else (-1.0, 1.0)
        self.contract = replace(TEXT_ACTION, observation=history)
        self.description = (
            f"{game.id.split('-')[0]}, a game for {game.players} player{'s' if game.players > 1 else ''} "
            f"(TextArena {VERSION}, {game.id}). The observation starts with the game's own rules."
        )
        self.action_space = _action_space(formats)
        self._rules = Rules(
            name=self.name,
            loaded=load(family, corrections),
            class_name=class_name,
            options=options,
            players=game.players,
            formats=formats,
            history=HISTORIES[history],
            probe_random=ProbeRandom(0),
        )

    def scenarios(self, split: Split) -> Sequence[Scenario]:
        """A scenario for each seed of the split."""
        return SeededScenarios(split)

    def start(self, scenario: Scenario) -> TextArenaEpisode:
        """Deal a new game from the scenario's seed."""
        return TextArenaEpisode(self._rules, scenario.seed)


def _action_space(formats: bool) -> str:
    if formats:
        return (
            "Text. A text without any square bracket is put between brackets before the game reads it. The format is "
            "stated in the rules at the top of the observation."
        )
    return "Text, read as it is. The format is stated in the rules at the top of the observation."
