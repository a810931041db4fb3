"""Intervals and tests for what was counted; no knowledge of anything else. Randomness comes from a seed only."""

from __future__ import annotations

import random
from collections.abc import Callable, Hashable, Sequence
from math import comb, pi, sqrt, tan
from statistics import NormalDist
from typing import NamedTuple, TypeVar

T = TypeVar("T")


class Interval(NamedTuple):
    """A confidence interval, both ends included."""

    low: float
    high: float


class Estimate(NamedTuple):
    """A value with its interval, from `n` observations. There is no estimate from none: that is None, "no data"."""

    value: float
    low: float
    high: float
    n: int

    @property
    def interval(self) -> Interval:
        """Both ends."""
        return Interval(self.low, self.high)


def wilson(count: int, n: int, *, confidence: float = 0.95) -> Interval:
    """Wilson's score interval of a proportion (Wilson 1927): `count` of `n`; the whole range when `n` is 0."""
    return _score(count, n, NormalDist().inv_cdf(0.5 + confidence / 2))


def clustered_wilson(clusters: Sequence[tuple[int, int]], *, confidence: float = 0.95) -> Interval:
    """The score interval of a pooled proportion whose observations come in clusters: (count, n) of each.

    Steps of one task resemble each other, so they say less than as many independent ones. `n` is divided by the design
    effect (the variance of the ratio between clusters over that of independent observations, at least 1), and the
    quantile is Student's with one degree less than there are clusters. Source: Korn and Graubard 1998, with Wilson's
    interval for theirs. Where every cluster says 0, or every one 1, nothing tells how alike a cluster's observations
    are, and with a single cluster neither: then it is Wilson's own.
    """
    filled = [(count, n) for count, n in clusters if n]
    total, n = sum(count for count, _ in filled), sum(n for _, n in filled)
    if len(filled) < 2 or total in (0, n):
        return wilson(total, n, confidence=confidence)
    share, k = total / n, len(filled)
    spread = k / (k - 1) * sum((count - share * size) ** 2 for count, size in filled) / n**2
    effect = max(1.0, spread / (share * (1 - share) / n))
    return _score(total / effect, n / effect, student(0.5 + confidence / 2, k - 1))


def bootstrap(
    clusters: Sequence[T],
    statistic: Callable[[Sequence[T]], float | None],
    *,
    seed: int,
    resamples: int = 2000,
    confidence: float = 0.95,
) -> Interval | None:
    """The percentile interval of a statistic over clusters drawn with replacement (Efron 1979).

    A resample on which the statistic has no value is left out; None where more than half have none. With fewer than
    about ten clusters the interval is too narrow.
    """
    if not clusters:
        return None
    rng = random.Random(seed)
    drawn = (statistic(rng.choices(clusters, k=len(clusters))) for _ in range(resamples))
    values = sorted(value for value in drawn if value is not None)
    if 2 * len(values) < resamples:
        return None
    return _percentiles(values, confidence)


def paired_difference(
    first: Sequence[float],
    second: Sequence[float],
    *,
    seed: int,
    clusters: Sequence[Hashable] | None = None,
    unit: float = 1.0,
    resamples: int = 2000,
    confidence: float = 0.95,
) -> Estimate | None:
    """The mean of `first[i] - second[i]`, with a bootstrap interval over clusters; None without any pair.

    `clusters[i]` names the cluster of pair i; without it each pair is its own. `unit` is the largest difference that
    one pair can have. Where no cluster differs from another, resampling would give an interval without width, which
    so few clusters don't justify: it gets the width of Wilson's interval for none of as many clusters.
    """
    if not len(first) == len(second) == len(clusters if clusters is not None else first):
        raise ValueError("pairs and their clusters have one length")
    if not first:
        return None
    groups: dict[Hashable, list[float]] = {}
    for place, (one, other) in enumerate(zip(first, second, strict=True)):
        groups.setdefault(place if clusters is None else clusters[place], []).append(one - other)
    sums = [(sum(group), len(group)) for group in groups.values()]
    value = sum(total for total, _ in sums) / len(first)
    if len({total / size for total, size in sums}) == 1:
        half = unit * wilson(0, len(sums), confidence=confidence).high
        return Estimate(value, max(-unit, value - half), min(unit, value + half), len(first))
    interval = bootstrap(sums, _pooled, seed=seed, resamples=resamples, confidence=confidence)
    assert interval is not None, "a mean has a value on every resample"
    return Estimate(value, interval.low, interval.high, len(first))


def mcnemar(only_first: int, only_second: int) -> float:
    """The exact two-sided p-value of McNemar's test (1947) from the discordant pairs: in whole numbers, at any size."""
    n, fewer = only_first + only_second, min(only_first, only_second)
    tail, term = 0, 1
    for place in range(fewer + 1):
        tail += term
        term = term * (n - place) // (place + 1)
    return min(1.0, 2 * tail / (1 << n))


def pass_all(tasks: Sequence[tuple[int, int]], k: int) -> float | None:
    """pass^k: the chance that k trials of a task all succeed, averaged over tasks given as (successes, trials).

    The mean of C(c, k) / C(n, k); tasks with fewer than k trials say nothing, and None stands for no task that does.
    """
    said = [comb(successes, k) / comb(trials, k) for successes, trials in tasks if trials >= k]
    return sum(said) / len(said) if said else None


def student(p: float, degrees: int) -> float:
    """The p-quantile of Student's t, for p above a half.

    Exact for 1 and 2 degrees; else the expansion of Abramowitz and Stegun 26.7.5, within 0.2 % for p up to 0.975 and
    within 2 % up to 0.995.
    """
    if degrees == 1:
        return tan(pi * (p - 0.5))
    if degrees == 2:
        return (2 * p - 1) / sqrt(2 * p * (1 - p))
    z, v = NormalDist().inv_cdf(p), float(degrees)
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return z + sum(term / v**power for power, term in enumerate(terms, start=1))


def _score(count: float, n: float, z: float) -> Interval:
    if n == 0:
        return Interval(0.0, 1.0)
    share, scale = count / n, 1 + z * z / n
    middle = (share + z * z / (2 * n)) / scale
    half = z * sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / scale
    return Interval(max(0.0, middle - half) if count else 0.0, min(1.0, middle + half) if count < n else 1.0)


def _pooled(sums: Sequence[tuple[float, int]]) -> float:
    return sum(total for total, _ in sums) / sum(size for _, size in sums)


def _percentiles(values: Sequence[float], confidence: float) -> Interval:
    """The outermost sorted values within `confidence`, rounded outwards."""
    tail = (1 - confidence) / 2
    cut = int(tail * len(values))
    return Interval(values[cut], values[len(values) - 1 - cut])
