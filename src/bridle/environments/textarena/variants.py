"""Variants of a game: what it says is laid out or worded otherwise, as after a vendor's release; the game is the same.

Scenario i is the same deal in each, and an action is legal in one exactly where it is in the others. What players sent
stands in the observation as they sent it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeAlias

from bridle.environment import Step, Truth
from bridle.environments.textarena.episode import TextArenaEpisode
from bridle.environments.textarena.history import History
from bridle.environments.textarena.layout import reformatted
from bridle.environments.textarena.state import PLAYER_ACTION, Note
from bridle.environments.textarena.wording import reworded, reworded_message
from bridle.harness import Action

if TYPE_CHECKING:
    from bridle.environments.textarena.rules import Rules

VariantName: TypeAlias = Literal["nominal", "reformatted", "reworded"]
Told: TypeAlias = Callable[[str], str]
"""How a text is told in a variant: a pure function."""


def as_it_is(text: str) -> str:
    """The text."""
    return text


@dataclass(frozen=True)
class Retelling:
    """How a variant tells the game's messages, and its feedback on an action."""

    message: Told
    feedback: Told


RETELLINGS: Mapping[VariantName, Retelling] = {
    "reformatted": Retelling(message=reformatted, feedback=as_it_is),
    "reworded": Retelling(message=reworded_message, feedback=reworded),
}
"""The variants but the nominal one, which is told as the game tells it."""


class RetoldHistory:
    """A history of the game's messages as a variant tells them."""

    def __init__(self, history: History, told: Told) -> None:
        """`history` chooses what is shown."""
        self._history, self._told = history, told

    def add(self, player: int, notes: Sequence[Note]) -> None:
        """Each message retold, but for players' actions."""
        self._history.add(player, [(kind, line if kind is PLAYER_ACTION else self._told(line)) for kind, line in notes])

    def view(self, player: int) -> str:
        """As the history shows it."""
        return self._history.view(player)

    def acted(self, player: int) -> None:
        """As of the history."""
        self._history.acted(player)


class RetoldEpisode(TextArenaEpisode):
    """A game whose feedback is retold too; its observations are by its rules' history."""

    def __init__(self, rules: Rules, seed: int, feedback: Told) -> None:
        """Deal a new game from the seed."""
        self._feedback = feedback
        super().__init__(rules, seed)

    def step(self, action: Action) -> Step:
        """As the game's."""
        step = super().step(action)
        return step._replace(feedback=self._feedback(step.feedback)) if step.feedback else step

    def probe(self, action: Action) -> Truth:
        """As the game's."""
        truth = super().probe(action)
        return truth._replace(feedback=self._feedback(truth.feedback)) if truth.feedback else truth


def retold(rules: Rules, retelling: Retelling) -> Rules:
    """The rules with histories that retell."""
    plain = rules.history
    return replace(rules, history=lambda players: RetoldHistory(plain(players), retelling.message))
