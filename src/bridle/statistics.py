"""Intervals and tests for what was counted; no knowledge of anything else. Randomness comes from a seed only."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import lru_cache
from itertools import accumulate
from math import asin, comb, exp, lgamma, log, pi, sin, sqrt
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


def clustered(clusters: Sequence[tuple[int, int]], *, confidence: float = 0.95) -> Interval:
    """The interval of a proportion whose observations come in clusters: (count, n) of each.

    Steps of one task resemble each other, so they say less than as many independent ones, and few clusters with rates
    near 1 say little about how alike they are: intervals that estimate a design effect from them are far too narrow
    there. This one averages over what the likeness may be: counts are beta-binomial, the rate has Jeffreys' prior, the
    intra-cluster correlation a Beta(0.3, 1.2) one, and the ends are equal tails of the rate's posterior, or the end of
    the range where nothing was counted, or everything. A single cluster, or none, gets Wilson's interval.

    Coverage beside that of other methods: `benchmarks/intervals.py`. Source of the model: Williams 1975.
    """
    filled = Counter((count, n) for count, n in clusters if n)
    total, n = (sum(pair[side] * times for pair, times in filled.items()) for side in (0, 1))
    if filled.total() < 2:
        return wilson(total, n, confidence=confidence)
    posterior, tail = _posterior(tuple(sorted(filled.items()))), (1 - confidence) / 2
    return Interval(posterior.quantile(tail) if total else 0.0, posterior.quantile(1 - tail) if total < n else 1.0)


def clustered_difference(
    first: Sequence[tuple[int, int]], second: Sequence[tuple[int, int]], *, confidence: float = 0.95
) -> Interval | None:
    """The interval of a proportion minus another one: (count, n) of each cluster, as `clustered` has them.

    The ends are equal tails of the difference of both posteriors, taken as independent. Where both counted things in
    the same clusters, which go together, that is too wide, never too narrow. Combining the ends of both intervals
    instead would be wider: where neither counted anything, each rate would be at its highest while the other is 0.
    None where either has fewer than two clusters, which say nothing of how others would differ.

    Coverage beside that of other methods: `benchmarks/intervals.py`.
    """
    filled = [Counter((count, n) for count, n in clusters if n) for clusters in (first, second)]
    if min(counts.total() for counts in filled) < 2:
        return None
    one, other = (_posterior(tuple(sorted(counts.items()))) for counts in filled)
    points = other.points()

    def found(share: float) -> float:
        low, high = -1.0, 1.0
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            if sum(weight * one.below(rate + middle) for rate, weight in points) < share:
                low = middle
            else:
                high = middle
        return (low + high) / 2

    tail = (1 - confidence) / 2
    return Interval(found(tail), found(1 - tail))


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


def fisher(hits: int, of: int, other_hits: int, of_others: int) -> float:
    """The probability of so many hits in one group or more, were hits as likely in both. Fisher's exact test (1922),
    one-sided: `hits` of `of` in the one, `other_hits` of `of_others` in the other."""
    everything, drawn = of + of_others, hits + other_hits
    ways = sum(comb(of, many) * comb(of_others, drawn - many) for many in range(hits, min(of, drawn) + 1))
    return ways / comb(everything, drawn)


def mcnemar(only_first: int, only_second: int) -> float:
    """The exact two-sided p-value of McNemar's test (1947) from the discordant pairs: in whole numbers, at any size."""
    n, fewer = only_first + only_second, min(only_first, only_second)
    tail, term = 0, 1
    for place in range(fewer + 1):
        tail += term
        term = term * (n - place) // (place + 1)
    return min(1.0, 2 * tail / (1 << n))


def holm(p_values: Mapping[str, float]) -> dict[str, float]:
    """Each p-value adjusted for there being several, by Holm's step-down method (1979), in the order given.

    Whoever calls those below 0.05 significant errs on any of them with a chance of at most 5 %.
    """
    adjusted, floor = dict.fromkeys(p_values, 0.0), 0.0
    for place, name in enumerate(sorted(p_values, key=p_values.__getitem__)):
        floor = max(floor, min(1.0, (len(p_values) - place) * p_values[name]))
        adjusted[name] = floor
    return adjusted


def e_value(wins: int, losses: int) -> float:
    """The evidence against "no better" in pairs that only one of two won; valid however often it is looked at.

    The likelihood ratio of the wins, averaged over chances of a win from a half to 1, to the chance of a half. Under
    the null hypothesis it reaches 20, at any time, with a chance of at most 5 % (Ville's inequality). Source: the
    mixture method of Robbins 1970, one-sided.
    """
    n = wins + losses
    below = sum(comb(n + 1, won) for won in range(wins + 1))
    mixture = lgamma(wins + 1) + lgamma(losses + 1) - lgamma(n + 2) + log(below) - (n + 1) * log(2)
    return exp(min(700.0, log(2) + mixture + n * log(2)))


def non_inferior(difference: Estimate, margin: float) -> bool:
    """Whether a difference (candidate minus baseline) is above -`margin` with its whole interval."""
    if margin < 0:
        raise ValueError("a margin is a number from 0 on")
    return difference.low > -margin


def pass_all(tasks: Sequence[tuple[int, int]], k: int) -> float | None:
    """pass^k: the chance that k trials of a task all succeed, averaged over tasks given as (successes, trials).

    The mean of C(c, k) / C(n, k); tasks with fewer than k trials say nothing, and None stands for no task that does.
    """
    said = [comb(successes, k) / comb(trials, k) for successes, trials in tasks if trials >= k]
    return sum(said) / len(said) if said else None


_LIKENESSES = (
    *(7.54e-06, 0.000294, 0.00161, 0.00495, 0.0115, 0.0224, 0.0392, 0.0634),
    *(0.0967, 0.141, 0.199, 0.273, 0.367, 0.485, 0.637, 0.842),
)
"""Intra-cluster correlations: the medians of 16 equally likely parts of Beta(0.3, 1.2)."""

_PLACES = 48
"""Rates at which the posterior is computed, twice: over the whole range, then where it is not negligible."""

_PARTS = 4
"""Points that stand for a cell of the posterior in a difference of two."""

_HALVINGS = 24
"""How often the range of a difference is halved: to a tenth of a millionth."""

_NEGLIGIBLE = 20.0
"""Natural logarithms below the highest posterior density."""


class _Posterior(NamedTuple):
    """A rate's posterior, even within each of some cells: they begin at the angle `first`, and all are `width` wide.

    Angles are in right ones: the rate is sin²(angle · π / 2), in which Jeffreys' prior is flat. `weights` sum to 1;
    `sums` says how much lies below each cell.
    """

    first: float
    width: float
    weights: tuple[float, ...]
    sums: tuple[float, ...]
    end: float

    def quantile(self, share: float) -> float:
        """The rate below which lies that share."""
        left = share
        for place, weight in enumerate(self.weights):
            if left <= weight:
                return _rate(self.first + (place + left / weight) * self.width)
            left -= weight
        return _rate(self.end)

    def below(self, rate: float) -> float:
        """The share below a rate."""
        if rate <= 0:
            return 0.0
        place = (asin(sqrt(min(1.0, rate))) * 2 / pi - self.first) / self.width
        if place <= 0:
            return 0.0
        whole = int(place)
        if whole >= len(self.weights):
            return 1.0
        return self.sums[whole] + (place - whole) * self.weights[whole]

    def points(self) -> list[tuple[float, float]]:
        """Rates with their weights, `_PARTS` to a cell."""
        part = self.width / _PARTS
        return [
            (_rate(self.first + place * self.width + (number + 0.5) * part), weight / _PARTS)
            for place, weight in enumerate(self.weights)
            for number in range(_PARTS)
        ]


@lru_cache(maxsize=1024)
def _posterior(clusters: tuple[tuple[tuple[int, int], int], ...]) -> _Posterior:
    """Of the rate that clusters have in common; they are given as ((count, n), how many such)."""
    low, high = 0.0, 1.0
    for _ in range(2):
        width = (high - low) / _PLACES
        densities = [_log_posterior(clusters, low + (place + 0.5) * width) for place in range(_PLACES)]
        top = max(densities)
        held = [place for place, density in enumerate(densities) if density > top - _NEGLIGIBLE]
        low, high = max(0.0, low + (held[0] - 1) * width), min(1.0, low + (held[-1] + 2) * width)
    likely = [exp(density - top) for density in densities[held[0] : held[-1] + 1]]
    total = sum(likely)
    weights = tuple(one / total for one in likely)
    sums = tuple(accumulate(weights, initial=0.0))
    return _Posterior(low + width * (held[0] > 0), width, weights, sums, high)


def _rate(angle: float) -> float:
    return sin(angle * pi / 2) ** 2


def _log_posterior(clusters: Sequence[tuple[tuple[int, int], int]], angle: float) -> float:
    """Up to a constant, at the rate sin²(angle · π / 2): the beta-binomial likelihood averaged over likenesses."""
    rate = sin(angle * pi / 2) ** 2
    logs = []
    for likeness in _LIKENESSES:
        both = (1 - likeness) / likeness
        a, b = rate * both, (1 - rate) * both
        empty = lgamma(a) + lgamma(b) - lgamma(both)
        logs.append(
            sum(
                times * (lgamma(count + a) + lgamma(n - count + b) - lgamma(n + both) - empty)
                for (count, n), times in clusters
            )
        )
    top = max(logs)
    return top + log(sum(exp(one - top) for one in logs))


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
