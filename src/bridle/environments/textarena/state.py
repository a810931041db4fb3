"""TextArena's states with ears: what a game says about legality, and its messages, as they happen.

`info` says nothing about invalid moves and `made_invalid_move` is already False again after `step`; that
`set_invalid_move` was called is the only sure sign (facts measured on TextArena 0.7.4). These subclasses are put in
the place of TextArena's own inside a game's private module, so nothing is patched for anybody else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import textarena
from textarena import GAME_ID, ObservationType

if TYPE_CHECKING:
    from bridle.environments.textarena.loader import LoadedGame

PLAYER_ACTION = ObservationType.PLAYER_ACTION
GAME_BOARD = ObservationType.GAME_BOARD
PROMPT = ObservationType.PROMPT


class Note(NamedTuple):
    """A message as a player sees it: its type, and its line as the paper's wrapper prints it."""

    kind: Any
    line: str


class Refused(BaseException):
    """A probe has its answer. Not an `Exception`, so that no game catches it."""


class Listening:
    """Mixed into TextArena's state classes; also keeps randomness the episode's own.

    `refusal` is the reason of the last `set_invalid_move` since the adapter cleared it, else None. `observations` maps
    each player to the `Note`s not fetched yet, without hints.
    """

    game: ClassVar[LoadedGame]
    cleaners: ClassVar[Mapping[Any, Callable[[str], str]]]
    refusal: str | None = None
    probing: bool = False

    role_mapping: dict[int, str]
    observations: dict[int, list[Note]]

    def __init__(self, *args: Any, seed: int | None = None, **kwargs: Any) -> None:
        """As TextArena's, but seeding the episode's own generator, not the process's."""
        super().__init__(*args, seed=None, **kwargs)  # type: ignore[call-arg]
        if seed is not None:
            self.game.random.seed(seed)

    def add_observation(
        self, message: str, observation_type: Any, from_id: int = GAME_ID, to_id: int = GAME_ID
    ) -> None:
        """Note the message for whom it is meant, as TextArena does, in the paper's words and without hints."""
        if self.probing:
            return
        if observation_type is PLAYER_ACTION:
            for role in self.role_mapping.values():
                message = message.replace(f"[{role}]", "")
        else:
            clean = self.cleaners.get(observation_type)
            if clean is not None:
                message = clean(message)
        sender = "GAME" if from_id == GAME_ID else self.role_mapping.get(from_id, f"Player {from_id}")
        note = Note(observation_type, f"\n[{sender}] {message}")
        if to_id == GAME_ID:
            for notes in self.observations.values():
                notes.append(note)
        else:
            self.observations[to_id].append(note)

    def set_invalid_move(self, reason: str | None = None, *args: Any, **kwargs: Any) -> Any:
        """Take note of the refusal, take the hint out of its reason, and go on as TextArena does."""
        reason = str(reason)
        clean = self.cleaners.get("error")
        self.refusal = reason if clean is None else clean(reason)
        if self.probing:
            raise Refused
        return super().set_invalid_move(self.refusal, *args, **kwargs)  # type: ignore[misc]


STATES: tuple[type[Any], ...] = (
    textarena.SinglePlayerState,
    textarena.TwoPlayerState,
    textarena.FFAMultiPlayerState,
)
"""The state classes that the 145 games use."""
