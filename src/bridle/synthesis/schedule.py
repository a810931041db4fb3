"""The schedule of several models: cheap first, the next one after a plateau. A fold over the committed tree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from bridle.models.model import Model
from bridle.synthesis.refiner import Refiner
from bridle.synthesis.tree import Tree, rank


@dataclass(frozen=True, kw_only=True)
class Level:
    """One step of the schedule: who refines, and the model that is asked for it."""

    model: Model
    refiner: Refiner


class Standing(NamedTuple):
    """Where a search stands: its level, and the expansions since there was a better node or a stronger model."""

    level: int
    since: int


def standing(tree: Tree, *, levels: int, escalate_after: int) -> Standing:
    """The level of the next decision.

    After `escalate_after` expansions in a row without a better node the next level takes over, and stays. It depends
    on the committed tree alone, so that the same answers give the same schedule on any number of workers.
    """
    level = since = 0
    best = max(rank(node) for node in tree if node.id <= 0 and node.selectable)
    for node in tree.expansions:
        since += 1
        if node.selectable and rank(node) > best:
            best, since = rank(node), 0
        if since >= escalate_after and level < levels - 1:
            level, since = level + 1, 0
    return Standing(level, since)
