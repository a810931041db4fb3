"""What a player is shown of the messages so far: all of them, as the paper's wrapper does, or a bounded part.

Both are built incrementally: a message is formatted once, and appending to a text that nobody else holds any more
costs no copy. (TextArena's wrapper joins the whole history again at every step: 2.2 MB of it in Battleship-extreme.)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol, TypeAlias

from bridle.environments.textarena.state import GAME_BOARD, PROMPT, Note

HistoryName: TypeAlias = Literal["full", "board"]


class History(Protocol):
    """The messages of one episode, one text a player."""

    def add(self, player: int, notes: Sequence[Note]) -> None:
        """More messages for this player, oldest first."""

    def view(self, player: int) -> str:
        """What the player is shown now."""

    def acted(self, player: int) -> None:
        """The player's legal action is about to be taken."""


class FullHistory:
    """Everything the player was ever sent: TextArena's `LLMObservationWrapper`, the paper's choice."""

    def __init__(self, players: int) -> None:
        """No messages yet."""
        self._texts = [""] * players

    def add(self, player: int, notes: Sequence[Note]) -> None:
        """Append them."""
        text = self._texts[player]
        self._texts[player] = ""  # the local name is now the only one, so += need not copy
        text += "".join([line for _, line in notes])
        self._texts[player] = text

    def view(self, player: int) -> str:
        """All of it."""
        return self._texts[player]

    def acted(self, player: int) -> None:
        """Changes nothing: everything is shown anyway."""


class BoardHistory:
    """The prompt, the player's latest board, and what happened since the player's own last legal action.

    Of the boards only the latest is shown, in its place; when none was sent since, the one before. The length is
    bounded by what can happen between two turns of a player.
    """

    def __init__(self, players: int) -> None:
        """No messages yet."""
        self._prompts = [""] * players
        self._boards = [""] * players
        self._events: list[list[Note]] = [[] for _ in range(players)]

    def add(self, player: int, notes: Sequence[Note]) -> None:
        """Sort them into prompt, board and events."""
        for note in notes:
            kind, line = note
            if kind is PROMPT:
                self._prompts[player] += line
                continue
            events = self._events[player]
            if kind is GAME_BOARD:
                self._boards[player] = line
                events[:] = [event for event in events if event[0] is not GAME_BOARD]
            events.append(note)

    def view(self, player: int) -> str:
        """Prompt, then events with the latest board among them."""
        events = self._events[player]
        shown = "".join(line for _, line in events)
        if not any(kind is GAME_BOARD for kind, _ in events):
            shown = self._boards[player] + shown
        return self._prompts[player] + shown

    def acted(self, player: int) -> None:
        """A new turn of this player begins: what it saw before is over."""
        self._events[player].clear()


HISTORIES: dict[HistoryName, type[FullHistory] | type[BoardHistory]] = {"full": FullHistory, "board": BoardHistory}
