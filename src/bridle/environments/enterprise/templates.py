"""Scenarios made from templates: a split has templates of its own and seeds of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import zip_longest
from typing import overload

from bridle.environment import SPLITS, Scenario, SeededScenarios
from bridle.errors import UsageError

SHARES: Mapping[str, float] = {"train": 0.6, "validation": 0.15, "sealed": 0.25}
"""The share of each group's templates that a split gets; each split gets at least one."""


def divided(groups: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    """The templates of each split: every group is in every split, every template in exactly one.

    The cut moves on from group to group, so that variants of a kind don't all end in the same split. A split's
    templates take turns by group, so that any stretch of its scenarios is a mixture. A group needs three or more.
    """
    found: dict[str, list[list[str]]] = {split: [] for split in SPLITS}
    for number, (group, templates) in enumerate(groups.items()):
        if len(templates) < len(SPLITS):
            raise UsageError(f"The group {group!r} has {len(templates)} templates; every split needs one of its own.")
        start = number * 5 % len(templates)
        turned = [*templates[start:], *templates[:start]]
        held = max(1, round(SHARES["validation"] * len(turned)))
        sealed = max(1, round(SHARES["sealed"] * len(turned)))
        found["validation"].append(turned[:held])
        found["sealed"].append(turned[held : held + sealed])
        found["train"].append(turned[held + sealed :])
    return {
        split: tuple(name for row in zip_longest(*shares) for name in row if name is not None)
        for split, shares in found.items()
    }


class TemplatedScenarios(SeededScenarios):
    """The scenarios of one split: its templates in turn, each time with another seed."""

    def __init__(self, split: str, templates: Mapping[str, Sequence[str]], *, length: int = 300_000_000) -> None:
        """`templates` holds those of every split; UsageError where there is no such split."""
        super().__init__(split, length=length, splits=tuple(templates))
        self._templates = tuple(templates[split])

    @overload
    def __getitem__(self, index: int) -> Scenario: ...
    @overload
    def __getitem__(self, index: slice) -> list[Scenario]: ...
    def __getitem__(self, index: int | slice) -> Scenario | list[Scenario]:
        if isinstance(index, slice):
            return super().__getitem__(index)
        scenario = super().__getitem__(index)
        return replace(scenario, template=self._templates[scenario.index % len(self._templates)])
