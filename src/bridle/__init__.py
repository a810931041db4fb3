"""Bridle.

    import bridle

    outcome = bridle.synthesize("textarena/TicTacToe-v0", model="openai:gpt-5-mini")

Importing this package loads nothing else; the functions below load what they need when they are asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bridle.synthesis.api import resume, synthesize

__all__ = ["resume", "synthesize"]


def __getattr__(name: str) -> Any:
    """Load the search when it is asked for: the guard's process never needs it."""
    if name in __all__:
        from bridle.synthesis import api

        return getattr(api, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
