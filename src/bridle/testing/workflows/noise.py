"""Records that are wrong now and then: what a learner has to live with, and must make no rule of."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass, replace

from bridle.evaluation.judged import Row
from bridle.testing.workflows.blueprint import Blueprint


@dataclass(frozen=True, kw_only=True)
class Noise:
    """Rates per record.

    `refused`: an applicable call is recorded as refused, with any error class of the rules. `passing`: with one of the
    classes that befall applicable calls. `accepted`: an inapplicable call is recorded as accepted.
    """

    refused: float = 0.0
    passing: float = 0.0
    accepted: float = 0.0


def recorded(rows: Iterable[Row], blueprint: Blueprint, noise: Noise, *, seed: int) -> list[Row]:
    """The rows as somebody recorded them; deterministic in the arguments."""
    rng = random.Random(f"{seed}/noise")
    classes = sorted({rule.error_class for rule in blueprint.rules})
    befalling = sorted(mishap.error_class for mishap in blueprint.mishaps)
    found = []
    for row in rows:
        draw = rng.random()
        if row.legal and draw < noise.refused:
            row = replace(row, legal=False, error_class=rng.choice(classes), feedback="")
        elif row.legal and draw < noise.refused + noise.passing:
            row = replace(row, legal=False, error_class=rng.choice(befalling), feedback="")
        elif not row.legal and draw < noise.accepted:
            row = replace(row, legal=True, error_class="", feedback="")
        found.append(row)
    return found
