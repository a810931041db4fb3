"""TextArena's states with ears: what a game says about legality, and its messages, as they happen.

`info` says nothing about invalid moves and `made_invalid_move` is already False again after `step`; that
`set_invalid_move` was called is the only sure sign (facts measured on TextArena 0.7.4). These subclasses are put in
the place of TextArena's own inside a game's private module, so nothing is patched for anybody else.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

import textarena
from textarena import GAME_ID, ObservationType

if TYPE_CHECKING:
    from bridle.environments.textarena.loader import LoadedGame

PLAYER_ACTION = ObservationType.PLAYER_ACTION
GAME_BOARD = ObservationType.GAME_BOARD
PROMPT = ObservationType.PROMPT


Note: TypeAlias = tuple[Any, str]
"""A message as a player sees it: its type, and its line as the paper's wrapper prints it. A plain tuple: a step makes
several."""


class Refused(BaseException):
    """A probe has its answer. Not an `Exception`, so that no game catches it."""


class Listening:
    """Mixed into TextArena's state classes; also keeps randomness the episode's own.

    `refusal` is the reason of the first `set_invalid_move` since the adapter cleared it, else None. `observations` maps
    each player to the `Note`s not fetched yet, without hints.
    """

    game: ClassVar[LoadedGame]
    cleaners: ClassVar[tuple[tuple[Any, Callable[[str], str]], ...]]
    clean_reason: ClassVar[Callable[[str], str] | None]
    refusal: str | None = None
    probing: bool = False
    tags: tuple[str, ...] = ()

    role_mapping: dict[int, str]
    observations: dict[int, list[Note]]

    def __init__(self, *args: Any, seed: int | None = None, **kwargs: Any) -> None:
        """As TextArena's, but not seeding the process's generator: the episode brought its own, seeded."""
        super().__init__(*args, seed=None, **kwargs)  # type: ignore[call-arg]

    def add_observation(
        self, message: str, observation_type: Any, from_id: int = GAME_ID, to_id: int = GAME_ID
    ) -> None:
        """Note the message for whom it is meant, as TextArena does, in the paper's words and without hints."""
        if self.probing:
            return
        if observation_type is PLAYER_ACTION:
            for tag in self.tags or self._name_tags():
                message = message.replace(tag, "")
        else:
            for kind, clean in self.cleaners:
                if observation_type is kind:
                    cleaned = clean(message)
                    if message and not cleaned:
                        return
                    message = cleaned
        sender = "GAME" if from_id == GAME_ID else self.role_mapping.get(from_id, f"Player {from_id}")
        note = (observation_type, f"\n[{sender}] {message}")
        if to_id == GAME_ID:
            for notes in self.observations.values():
                notes.append(note)
        else:
            self.observations[to_id].append(note)

    def set_invalid_move(self, reason: str | None = None, *args: Any, **kwargs: Any) -> Any:
        """Take note of the refusal, take the hint out of its reason, and go on as TextArena does."""
        clean = type(self).clean_reason
        told = str(reason) if clean is None else clean(str(reason))
        if self.refusal is None:
            self.refusal = told
        if self.probing:
            raise Refused
        return super().set_invalid_move(told, *args, **kwargs)  # type: ignore[misc]

    def _name_tags(self) -> tuple[str, ...]:
        """What TextArena takes out of a player's text: tags that would look like another sender's."""
        self.tags = tuple(f"[{role}]" for role in self.role_mapping.values())
        return self.tags


STATES: tuple[type[Any], ...] = (
    textarena.SinglePlayerState,
    textarena.TwoPlayerState,
    textarena.FFAMultiPlayerState,
)
"""The state classes that the 145 games use."""
