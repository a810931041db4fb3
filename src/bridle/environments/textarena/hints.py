"""What is taken out of the games' messages: lists of the legal moves, which would make a harness needless.

Removal is per game and per kind of message, never by one pattern over everything: in many games a line of the same
shape in the prompt is the only grammar the player is given (2048's "Valid moves: [Up], …" names the four words of the
language, in every state the same), and that stays.

Source: the paper, Appendix A.4 and A.5: hints of available moves are removed from the observation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

Kind: TypeAlias = Literal["PROMPT", "GAME_BOARD", "GAME_MESSAGE", "GAME_ACTION_DESCRIPTION", "error"]
"""TextArena's type of the message; `error` is the reason that the game gives for an invalid move."""


@dataclass(frozen=True, kw_only=True)
class Hint:
    """A listing of legal moves: in messages of `kind`, from `start` to the end of its line.

    A line that nothing else is on goes altogether; in an error text the sentence is cut where the listing starts, and
    `instead` stands for one that was nothing else.
    """

    kind: Kind
    start: str
    instead: str = "That action is not possible now."

    def remove(self, message: str) -> str:
        """The message without the listing."""
        at = message.find(self.start)
        while at >= 0:
            end = message.find("\n", at)
            head, tail = message[:at], "" if end < 0 else message[end:]
            if self.kind == "error":
                head = head.rstrip(" -") or self.instead
            elif not head:
                tail = tail.removeprefix("\n")
            elif head[-1] == "\n":
                head = head[:-1]
            message = head + tail
            at = message.find(self.start)
        return message


@dataclass(frozen=True, kw_only=True)
class Hints:
    """What is removed from one family of games.

    `options` are the game's own switches that keep a listing from being made (cheaper than taking it out again);
    `reason` says why what is removed is a hint and what stays is not.
    """

    reason: str
    listings: tuple[Hint, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)


def _board(start: str, reason: str, *more: Hint) -> Hints:
    return Hints(reason=reason, listings=(Hint(kind="GAME_BOARD", start=start), *more))


HINTS: Mapping[str, Hints] = {
    "Chess": Hints(
        options={"show_valid": False},
        reason="The board ended with every legal move in UCI. The prompt's format (e.g. [e2e4]) stays.",
    ),
    "Othello": Hints(
        options={"show_valid": False},
        listings=(Hint(kind="error", start="Valid moves:"),),
        reason="The board and the error text listed the legal squares. The prompt's format '[row, col]' stays.",
    ),
    "TicTacToe": _board("Available Moves:", "Listed the empty squares, which the board shows."),
    "ReverseTicTacToe": _board("Available Moves:", "Listed the empty squares, which the board shows."),
    "WildTicTacToe": _board("Available Moves:", "Listed the empty squares with both marks."),
    "SimpleTak": _board("Available Moves:", "Listed the empty squares, which the board shows."),
    "Crusade": _board("Available Moves:", "Listed the legal moves of every piece."),
    "Stratego": _board("Available Moves:", "Listed the legal moves of every piece."),
    "SpiteAndMalice": _board("Available Moves:", "Listed the legal plays of the hand."),
    "FifteenPuzzle": _board("Available Moves:", "Listed which directions are open."),
    "Sokoban": _board("Available Moves:", "Repeated the four directions on every board; the prompt names them."),
    "FrozenLake": _board("Available Actions:", "Repeated the eight words on every board; the prompt names them."),
    "PigDice": _board("Available actions:", "Repeated the two words on every board; the prompt names them."),
    "KuhnPoker": _board(
        "Your available actions are:",
        "Listed what the betting so far allows, as did the error text. The prompt has the words and their conditions.",
        Hint(kind="error", start="Action must be [check]"),
        Hint(kind="error", start="Action must be [fold]"),
    ),
    "IndianPoker": _board(
        "Your possible actions:",
        "Listed what the betting so far allows, as did an error text. The prompt has the words.",
        Hint(kind="error", start="must [call] / [raise] / [fold]"),
    ),
    "Golf": Hints(
        listings=(
            Hint(kind="GAME_BOARD", start="Final turns! Your options:"),
            Hint(kind="GAME_BOARD", start="Your options:"),
            Hint(kind="GAME_BOARD", start="You must: "),
            Hint(kind="GAME_MESSAGE", start="Now you must [swap X Y]"),
            Hint(kind="GAME_MESSAGE", start="You must [swap X Y]"),
            Hint(kind="error", start="You must [swap X Y]"),
            Hint(kind="error", start="You must first [draw]"),
        ),
        reason="Board, messages and error texts listed what the phase of the turn allows. The prompt has the words.",
    ),
    "Santorini": Hints(
        options={"show_valid": False},
        reason="Both prompts listed player 0's first moves. The format and the rules of moving and building stay.",
    ),
}


def cleaner(family: str, kind: Kind) -> Callable[[str], str]:
    """What removes from messages of this kind what is removed in this family."""
    removals = [hint.remove for hint in HINTS[family].listings if hint.kind == kind]
    if len(removals) == 1:
        return removals[0]

    def clean(message: str) -> str:
        for remove in removals:
            message = remove(message)
        return message

    return clean


_SAME_ERROR = "An error text names the whole language, the same in every state."
KEPT: Mapping[str, str] = {
    "FrozenLake": _SAME_ERROR,
    "Game2048": _SAME_ERROR,
    "GameOfPureStrategy": "The hand is listed in the notation of an action. It is the state, not a hint.",
    "HighSociety": "The money cards are listed in the notation of an action. They are the state, not a hint.",
    "IteratedRockPaperScissors": _SAME_ERROR,
    "Sokoban": _SAME_ERROR,
}
"""Families whose messages in play name legal actions all the same, and why that stays."""
