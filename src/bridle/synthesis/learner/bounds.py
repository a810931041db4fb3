"""Bounds between what was accepted and what was rejected: the roundest number that tells them apart."""

from __future__ import annotations

import math
from collections.abc import Sequence

STEPS = tuple(10.0**power for power in range(6, -4, -1))
"""The steps on which a bound may lie, roundest first."""


def lower(accepted: Sequence[float], rejected: Sequence[float]) -> float | int | None:
    """The bound that accepted numbers reach (at least) and some rejected ones don't; None where there is none."""
    least = min(accepted)
    below = [number for number in rejected if number < least]
    if not below:
        return None
    return roundest(max(below), least)


def upper(accepted: Sequence[float], rejected: Sequence[float]) -> float | int | None:
    """The bound that accepted numbers keep (at most) and some rejected ones don't; None where there is none."""
    bound = lower([-number for number in accepted], [-number for number in rejected])
    return None if bound is None else -bound + 0


def roundest(above: float, most: float) -> float | int:
    """The roundest number that is greater than `above` and at most `most`."""
    if above < 0 <= most:
        return 0
    for step in STEPS:
        multiple = (math.floor(above / step + 1e-9) + 1) * step
        if above < multiple <= most:
            return int(multiple) if multiple.is_integer() else round(multiple, 6)
    return int(most) if float(most).is_integer() else most
