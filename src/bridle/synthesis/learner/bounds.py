"""Bounds between what was accepted and what was rejected: the roundest number that tells them apart."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

STEPS = tuple(10.0**power for power in range(6, -4, -1))
"""The steps on which a bound may lie, roundest first."""


class Bound(NamedTuple):
    """A bound that accepted numbers keep; where it is `strict`, none of them lies on it."""

    number: float | int
    strict: bool = False


def lower(accepted: Sequence[float], rejected: Sequence[float]) -> Bound | None:
    """The bound that accepted numbers keep (at least, or above) and some rejected ones don't; None where there is none.

    Between the two any number would do. The roundest is taken, and of equally round ones that which refuses least: what
    the rejected ones reach is a bound too, the accepted ones are above it.
    """
    least = min(accepted)
    below = [number for number in rejected if number < least]
    if not below:
        return None
    beyond = max(below)
    inside = roundest(beyond, least)
    return Bound(beyond, strict=True) if beyond and _step(beyond) > _step(inside) else Bound(inside)


def upper(accepted: Sequence[float], rejected: Sequence[float]) -> Bound | None:
    """As `lower`, of numbers that accepted ones keep at most, or stay below."""
    bound = lower([-number for number in accepted], [-number for number in rejected])
    return None if bound is None else Bound(-bound.number + 0, bound.strict)


def roundest(above: float, most: float) -> float | int:
    """The roundest number that is greater than `above` and at most `most`."""
    if above < 0 <= most:
        return 0
    for step in STEPS:
        multiple = (math.floor(above / step + 1e-9) + 1) * step
        if above < multiple <= most:
            return int(multiple) if multiple.is_integer() else round(multiple, 6)
    return int(most) if float(most).is_integer() else most


def greatest(above: float, most: float) -> float | int:
    """As `roundest`, of equally round ones the greatest."""
    for step in STEPS:
        multiple = math.floor(most / step + 1e-9) * step
        if above < multiple <= most:
            return int(multiple) if multiple.is_integer() else round(multiple, 6)
    return int(most) if float(most).is_integer() else most


def _step(number: float) -> float:
    """How round a number is: the greatest step that it lies on; of zero, which is as round as can be, infinity."""
    if number == 0:
        return math.inf
    return next((step for step in STEPS if math.isclose(number / step, round(number / step), abs_tol=1e-9)), 0.0)
