"""How a metric's figure is made from what was counted: pooled over clusters, with an interval, or "no data".

Scenarios of one template resemble each other, so every interval takes them as one cluster.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from math import sqrt
from typing import TypeAlias

from bridle.evaluation.assessed import AssessedEpisode, AssessedStep
from bridle.statistics import Estimate, bootstrap, clustered, clustered_difference

Episodes: TypeAlias = Sequence[AssessedEpisode]
Among: TypeAlias = Callable[[AssessedStep, AssessedEpisode], bool]
Counts: TypeAlias = "dict[Hashable, tuple[int, int]]"
"""(counted, of how many) for each cluster."""


def tallied(observations: Iterable[tuple[Hashable, bool, bool]]) -> Counts:
    """(cluster, counted, among) of each observation, added up by cluster; what is not `among` counts nowhere."""
    counts: dict[Hashable, list[int]] = {}
    for cluster, counted, among in observations:
        if among:
            pair = counts.setdefault(cluster, [0, 0])
            pair[0] += bool(counted)
            pair[1] += 1
    return {cluster: (pair[0], pair[1]) for cluster, pair in counts.items()}


def proportion(counts: Counts) -> Estimate | None:
    """The pooled proportion; None where there was nothing to count.

    The interval is that of a rate which the clusters have in common. Where large clusters and small ones disagree so
    much that the pooled proportion is no such rate and lies outside, it is a bootstrap over clusters instead.
    """
    count, n = sum(pair[0] for pair in counts.values()), sum(pair[1] for pair in counts.values())
    if n == 0:
        return None
    value, (low, high) = count / n, clustered(list(counts.values()))
    if not low <= value <= high:
        drawn = bootstrap(list(counts.values()), _quotient, seed=0)
        assert drawn is not None, "no cluster is empty"
        low, high = min(drawn.low, value), max(drawn.high, value)
    return Estimate(value, low, high, n)


def pooled(observations: Iterable[tuple[Hashable, bool, bool]]) -> Estimate | None:
    """(cluster, counted, among) of each observation as a proportion."""
    return proportion(tallied(observations))


def share(episodes: Episodes, counted: Among, among: Among) -> Estimate | None:
    """Steps that are `counted` ÷ steps that are `among`."""
    return proportion(step_counts(episodes, counted, among))


def step_counts(episodes: Episodes, counted: Among, among: Among) -> Counts:
    """Steps that are `counted`, of those that are `among`, by cluster."""
    return tallied((e.cluster, counted(a, e), True) for e in episodes for a in e.steps if among(a, e))


def paired(first: Episodes, second: Episodes) -> list[tuple[AssessedEpisode, AssessedEpisode]]:
    """The episodes of the scenarios that both played."""
    others = {episode.scenario: episode for episode in second}
    return [(episode, others[episode.scenario]) for episode in first if episode.scenario in others]


def mean(values: Iterable[tuple[Hashable, float]], *, seed: int) -> Estimate | None:
    """The mean of (cluster, value), with a bootstrap interval over clusters."""
    return quotient(((cluster, value, 1.0) for cluster, value in values), seed=seed)


def quotient(values: Iterable[tuple[Hashable, float, float]], *, seed: int) -> Estimate | None:
    """Sum ÷ sum of (cluster, part, whole), with a bootstrap interval over clusters; `n` counts the values.

    None where the whole is nothing, or is nothing in more than half of the resamples; and of a single cluster, which
    says nothing of how others would differ.
    """
    groups: dict[Hashable, tuple[float, float]] = {}
    n = 0
    for cluster, part, whole in values:
        before = groups.get(cluster, (0.0, 0.0))
        groups[cluster] = (before[0] + part, before[1] + whole)
        n += 1
    sums = list(groups.values())
    value, interval = _quotient(sums), bootstrap(sums, _quotient, seed=seed)
    if value is None or interval is None or len(sums) < 2:
        return None
    return Estimate(value, interval.low, interval.high, n)


def difference(first: Estimate | None, second: Estimate | None) -> Estimate | None:
    """`first` - `second` of independent estimates, with the interval that Newcombe (1998, method 10) makes of theirs.

    Of two estimates on the same scenarios it is too wide, never too narrow, where they go together.
    """
    if first is None or second is None:
        return None
    value = first.value - second.value
    below = sqrt((first.value - first.low) ** 2 + (second.high - second.value) ** 2)
    above = sqrt((first.high - first.value) ** 2 + (second.value - second.low) ** 2)
    return Estimate(value, value - below, value + above, min(first.n, second.n))


def rise(now: Counts, before: Counts, *, seed: int) -> Estimate | None:
    """How much a proportion rose from `before` to `now`, over the clusters that both have, which are drawn together.

    Where nothing differs from cluster to cluster, resampling would give an interval without width: then it is the one
    of independent proportions, which is never narrower.
    """
    both = [(now[cluster], before[cluster]) for cluster in now if cluster in before]
    value, interval = _rise(both), bootstrap(both, _rise, seed=seed)
    if value is None or interval is None:
        return None
    n = sum(pair[0][1] for pair in both)
    if interval.low == interval.high:
        apart = difference(
            proportion({place: pair[0] for place, pair in enumerate(both)}),
            proportion({place: pair[1] for place, pair in enumerate(both)}),
        )
        return None if apart is None else apart._replace(n=n)
    return Estimate(value, interval.low, interval.high, n)


def excess(counted: Counts, usual: Counts) -> Estimate | None:
    """A proportion minus a usual one, each with clusters of its own; `n` is the first's. None where either has no data.

    The interval is that of `clustered_difference`; where it leaves out the value, because large clusters and small ones
    disagree (see `proportion`), it reaches as far as that of `difference`. So it does where there is a single cluster.
    """
    one, other = proportion(counted), proportion(usual)
    apart = difference(one, other)
    if one is None or apart is None:
        return None
    interval = clustered_difference(list(counted.values()), list(usual.values()))
    if interval is None:
        return apart._replace(n=one.n)
    low, high = interval
    if not low <= apart.value <= high:
        low, high = min(low, apart.low), max(high, apart.high)
    return Estimate(apart.value, low, high, one.n)


def bounded(estimate: Estimate | None) -> Mapping[str, float] | None:
    """As a JSON object; None stays None."""
    return None if estimate is None else dict(estimate._asdict())


def _quotient(sums: Sequence[tuple[float, float] | tuple[int, int]]) -> float | None:
    part, whole = sum(pair[0] for pair in sums), sum(pair[1] for pair in sums)
    return part / whole if whole > 0 else None


def _rise(both: Sequence[tuple[tuple[int, int], tuple[int, int]]]) -> float | None:
    now, before = _quotient([pair[0] for pair in both]), _quotient([pair[1] for pair in both])
    return None if now is None or before is None else now - before
