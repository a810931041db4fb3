"""What no harness can know: one question with two truths.

A harness is a function of the view and the call. Where the same view and call were applicable once and inapplicable
another time, something decided that no view shows (a stale read, a hidden card), and no harness gets both right.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from bridle.evaluation.assessed import AssessedEpisode


class Floor(NamedTuple):
    """The least wrong verdicts of any harness on views: `wrong` of `asked` questions, `repeated` of which came twice.

    Only a repeated question can contradict itself: a floor of 0 among few repeated ones says little.
    """

    wrong: int
    asked: int
    repeated: int


def floor(episodes: Iterable[AssessedEpisode]) -> Floor | None:
    """The floor over all proposals whose question and truth are known; None without any."""
    truths: dict[str, list[int]] = {}
    for episode in episodes:
        for assessed in episode.steps:
            if assessed.asked and assessed.proposed_legal is not None:
                truths.setdefault(assessed.asked, [0, 0])[assessed.proposed_legal] += 1
    if not truths:
        return None
    return Floor(
        wrong=sum(min(pair) for pair in truths.values()),
        asked=sum(map(sum, truths.values())),
        repeated=sum(sum(pair) for pair in truths.values() if sum(pair) > 1),
    )
