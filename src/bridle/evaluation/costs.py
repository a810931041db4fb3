"""What a completed episode costs: model calls, tokens, money, time; and when a harness has paid for its synthesis."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, inf
from typing import Literal, NamedTuple, TypeAlias

from bridle.evaluation.assessed import AssessedEpisode
from bridle.evaluation.estimates import Episodes, mean, quotient
from bridle.statistics import Estimate

Unit: TypeAlias = Literal["calls", "tokens", "usd"]


class Latency(NamedTuple):
    """Quantiles of some times, in seconds, from `n` of them."""

    p50: float
    p99: float
    n: int


def calls(episode: AssessedEpisode) -> int:
    """Calls of the agent's model: what it says, or one a proposal. A harness that acts alone makes none."""
    if episode.spent is not None:
        return episode.spent.calls
    return sum(a.step.origin == "agent" for a in episode.steps)


def spent(episode: AssessedEpisode, unit: Unit) -> float | None:
    """What the episode took of a unit; None where nobody knows."""
    if unit == "calls":
        return float(calls(episode))
    known = None if episode.spent is None else getattr(episode.spent, unit)
    return None if known is None else float(known)


def per_episode(episodes: Episodes, unit: Unit, *, seed: int) -> Estimate | None:
    """Mean of a unit an episode; None where it is unknown for any of them, for a sum of the known ones is too low."""
    values = [(e.cluster, spent(e, unit)) for e in episodes]
    known = [(cluster, value) for cluster, value in values if value is not None]
    return mean(known, seed=seed) if len(known) == len(values) else None


def per_success(episodes: Episodes, unit: Unit, *, seed: int) -> Estimate | None:
    """A unit over all episodes ÷ completed episodes: what one success costs, failures included."""
    values = [(e.cluster, spent(e, unit), float(e.success)) for e in episodes]
    known = [(cluster, value, success) for cluster, value, success in values if value is not None]
    return quotient(known, seed=seed) if len(known) == len(values) else None


def decisions_to_pay(with_: Episodes, without: Episodes, cost: float | None, unit: Unit) -> int | None:
    """Decisions of the guarded agent after which a harness has saved what its synthesis cost.

    A decision with the harness brings r successes and costs c; without it that many successes cost c' for each. What a
    decision saves is r · c' - c. None where the cost is unknown, nothing ever succeeded, or nothing is saved.
    """
    if cost is None:
        return None
    decisions = sum(a.proposal for e in with_ for a in e.steps)
    wins, losses = sum(e.success for e in with_), sum(e.success for e in without)
    took, other = _total(with_, unit), _total(without, unit)
    if not decisions or not losses or took is None or other is None:
        return None
    saved = (wins * other / losses - took) / decisions
    needed = cost / saved if saved > 0 else inf
    return None if needed == inf else ceil(needed)


def latency(seconds: Sequence[float]) -> Latency | None:
    """Median and 99th percentile (nearest rank); None without any time."""
    if not seconds:
        return None
    ordered = sorted(seconds)
    return Latency(_rank(ordered, 0.5), _rank(ordered, 0.99), len(ordered))


def _total(episodes: Episodes, unit: Unit) -> float | None:
    values = [spent(e, unit) for e in episodes]
    return None if any(value is None for value in values) else sum(value for value in values if value is not None)


def _rank(ordered: Sequence[float], share: float) -> float:
    return ordered[max(0, ceil(share * len(ordered)) - 1)]
