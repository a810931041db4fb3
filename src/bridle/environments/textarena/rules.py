"""What the episodes of one environment share: the game's code, its options, and how its texts are to be taken."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from bridle.environments.textarena.candidates import EXACT, candidates_for, is_exhaustive
from bridle.environments.textarena.corrections import Corrections
from bridle.environments.textarena.corrections.adapter import ATOMIC, ENDLESS, STEP_LIMIT
from bridle.environments.textarena.games import Game
from bridle.environments.textarena.hints import HINTS
from bridle.environments.textarena.history import HISTORIES, History, HistoryName
from bridle.environments.textarena.loader import EpisodeRandom, LoadedGame, load, registered
from bridle.environments.textarena.starts import SLOW, StartCache
from bridle.harness import Action

LONGEST_ACTION = 4096
"""Characters of an action. Several games' patterns take time that grows with the square of the text's length."""

UNREADABLE: Mapping[str, Mapping[str, tuple[type[Exception], ...]]] = {
    "Chess": {"_execute_player_move": (ValueError,)},
    "SpiteAndMalice": {"step": (ValueError, IndexError)},
    "Stratego": {"_validate_move": (TypeError,)},
    "Tak": {
        "_is_valid_placement": (TypeError, IndexError, ValueError),
        "_is_valid_movement": (TypeError, IndexError, ValueError),
    },
}
"""Where a family's own reading of a text may raise, by function, and what. Anything else out of `step` is a fault of
the game. Chess: a move to its own square; SpiteAndMalice: a play without a card or after the last; Stratego: a lake;
Tak: squares or pieces of the wrong shape."""

MAY_BE_STUCK = frozenset(
    (
        "Breakthrough",
        "Checkers",
        "IndianPoker",
        "LinesOfAction",
        "QuantumTicTacToe",
        "Stratego",
        "Tak",
        "UltimateTicTacToe",
    )
)
"""Families that, uncorrected, reach states without any legal action."""

DIES = {"Snake": ("snakes", "Snake"), "Surround": ("players", "Player")}
"""Families that never call `set_invalid_move`: a player who made an invalid move is dead of it. Where, and as what."""


class ProbeRandom(EpisodeRandom):
    """Draws what the episode's generator would draw next, without advancing it.

    Its state (625 words) is copied at the first draw only: most probes draw nothing.
    """

    lender: EpisodeRandom | None = None

    def _borrow(self) -> None:
        if self.lender is not None:
            self.setstate(self.lender.getstate())
            self.lender = None

    def random(self) -> float:
        """As the episode's would."""
        self._borrow()
        return super().random()

    def getrandbits(self, k: int, /) -> int:
        """As the episode's would."""
        self._borrow()
        return super().getrandbits(k)


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What the episodes of one environment share."""

    name: str
    loaded: LoadedGame
    class_name: str
    options: Mapping[str, Any]
    players: int
    formats: bool
    history: Callable[[int], History]
    probe_random: ProbeRandom
    atomic: bool
    step_limit: int | None
    may_be_stuck: bool
    dies: bool
    starts: StartCache
    longest: int = LONGEST_ACTION

    def make(self) -> Any:
        """A game, not yet reset."""
        return self.loaded.make(self.class_name, dict(self.options))

    def formatted(self, action: Action) -> str:
        """The text as the game gets it: in brackets unless it has any, where TextArena's wrapper would do that."""
        text = action if isinstance(action, str) else str(action)
        return f"[{text}]" if self.formats and "[" not in text and "]" not in text else text

    def candidates(self, env: Any) -> list[str]:
        """Actions in their plainest spelling among which every legal one is."""
        return candidates_for(self.loaded.family, env)

    @property
    def exact(self) -> bool:
        """Whether every candidate is legal."""
        return self.loaded.family in EXACT or (self.loaded.family == "Minesweeper" and self.loaded.corrected)

    def exhaustive(self, env: Any) -> bool:
        """Whether every legal action, plainly spelt, is a candidate."""
        return is_exhaustive(self.loaded.family, env)

    def fatal(self, env: Any, player: int) -> str | None:
        """Why the player just died of an invalid move, in a family that says it only so."""
        kind = DIES[self.loaded.family]
        if env.state.game_state[kind[0]][player].death_reason != "invalid move":
            return None
        return f"{kind[1]} {player} died due to invalid move."

    def unreadable(self, error: Exception) -> bool:
        """Whether the game raised because it could not read the action."""
        expected = UNREADABLE.get(self.loaded.family)
        return expected is not None and isinstance(
            error, expected.get(_deepest(error.__traceback__, self.loaded.name), ())
        )


def rules_of(game: Game, name: str, history: HistoryName, corrections: Corrections) -> Rules:
    """Load the game's code and gather what its episodes share."""
    family, class_name, options, formats = registered(game.id)
    corrected = corrections == "applied"
    return Rules(
        name=name,
        loaded=load(family, corrections),
        class_name=class_name,
        options={**options, **(HINTS[family].options if family in HINTS else {})},
        players=game.players,
        formats=formats,
        history=HISTORIES[history],
        probe_random=ProbeRandom(0),
        atomic=corrected and family in ATOMIC,
        step_limit=STEP_LIMIT if corrected and family in ENDLESS else None,
        dies=family in DIES,
        starts=StartCache(1000 if family in SLOW else 0),
        may_be_stuck=not corrected and family in MAY_BE_STUCK,
    )


def _deepest(trace: TracebackType | None, game: str) -> str:
    """The name of the innermost function of the game's own code that the error came through."""
    name = ""
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == f"<{game}>":
            name = trace.tb_frame.f_code.co_name
        trace = trace.tb_next
    return name
