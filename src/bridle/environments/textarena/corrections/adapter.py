"""Corrections that no edit of a game's source makes: the adapter itself does, by family."""

from __future__ import annotations

STEP_LIMIT = 1000
ENDLESS: dict[str, str] = {
    "HighSociety": "Two equal bids are given back and the card is auctioned again, without end.",
    "LiarsDice": "A bid may be any number, so that bids can rise for ever.",
    "RushHour": "Has no turn limit: a car can go back and forth.",
    "SpiteAndMalice": "[draw] is always accepted and never ends a turn.",
    "Stratego": "Has no turn limit: a piece can go back and forth.",
    "Tak": "Has no turn limit: a stone can go back and forth.",
}
"""Families with nothing that ends them. Corrected, an episode is truncated after `STEP_LIMIT` steps: as long as a whole
training rollout of the paper."""

ATOMIC: dict[str, str] = {
    "TowerOfHanoi": "Several moves in one text are taken one by one: when a later one is refused, the earlier ones "
    "stay done.",
    "SpiteAndMalice": "Several plays in one text are taken one by one: when a later one is refused, the earlier ones "
    "stay done.",
}
"""Families whose refused texts may have changed the game. Corrected, such a text is refused as a whole: the adapter
puts the game back to where it was."""
