"""The games' recurring sentences in other words: the same facts, none of the same phrases.

Only what a game says is reworded: never what a player sent, nor anything between square brackets, for that is what
actions look like.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

TAG, NEW_TAG = "\n[GAME] ", "\n[REFEREE] "
"""What a game's message starts with, and what it starts with instead."""

WORDING: Mapping[str, str] = {
    "attempted an invalid move. Reason:": "sent a move that was turned down, because:",
    "Please resubmit a valid move and remember to follow the game rules to avoid penalties.": (
        "Send another one that keeps to the rules; being turned down again is penalised."
    ),
    "The action is too long to be read.": "No action as long as that is read.",
    "The action can't be read.": "Nobody can read that action.",
    "You are playing": "You now play",
    "You are Player": "You take part as Player",
    "Your goal is to": "What you are after is to",
    "On your turn": "When it is your turn",
    "Current Board": "Position now",
    "Current board": "Position now",
    "Game Board": "Position of the game",
    "Board state": "Position reached",
    "Invalid move": "Forbidden move",
    "invalid move": "forbidden move",
    "Illegal move": "Forbidden move",
    "Invalid action": "Forbidden action",
    "did not respond with": "did not answer with",
    "did not follow the instructions": "did something else than the instructions say",
    "made the following move": "has moved as follows",
    "submitted move": "move sent",
    "Starting round": "Now begins round",
    "Your card is": "You hold the card",
    "dropped their disk": "let their disk fall",
    "placed their symbol": "put their symbol",
    "placed a piece": "put a piece",
    "has moved a piece": "has shifted a piece",
    "moves remaining": "moves left",
    "Available Flat Stones": "Flat Stones in hand",
    "Available Capstones": "Capstones in hand",
}
"""Phrases of the games (TextArena 0.7.4) and of the adapter, and what is said instead."""

_PHRASES = re.compile(r"\[[^\]\n]*\]|\b(?:" + "|".join(map(re.escape, sorted(WORDING, key=len, reverse=True))) + ")")


def reworded(text: str) -> str:
    """A sentence of a game, such as the reason of a refusal, in other words."""
    return _PHRASES.sub(lambda found: WORDING.get(found.group(), found.group()), text)


def reworded_message(message: str) -> str:
    """A game's message, its tag included, in other words."""
    if not message.startswith(TAG):
        return reworded(message)
    return NEW_TAG + reworded(message[len(TAG) :])
