"""What a harness is worth when its environment has changed: the same scenarios, nominal and changed, as pairs."""

from __future__ import annotations

from bridle.evaluation.assessed import AssessedStep
from bridle.evaluation.estimates import Episodes, difference, paired, rise, tallied
from bridle.evaluation.metrics import completion, completion_gain, false_rejection
from bridle.statistics import Estimate


def drift_robustness(changed: Episodes, nominal: Episodes, *, seed: int) -> Estimate | None:
    """Completion on the changed environment minus completion on the nominal one, paired by scenario. Best is 0."""
    return completion_gain(changed, nominal, seed=seed)


def false_rejection_rise(changed: Episodes, nominal: Episodes, *, seed: int) -> Estimate | None:
    """False rejection on the changed environment minus on the nominal one, on the scenarios that both played.

    A rule that hardened around what was true once refuses what is applicable now: this is where it shows.
    """
    pairs = paired(changed, nominal)
    now = tallied((other.cluster, _refused(a), a.wanted) for one, other in pairs for a in one.steps)
    before = tallied((other.cluster, _refused(a), a.wanted) for _, other in pairs for a in other.steps)
    return rise(now, before, seed=seed)


def search_gap(searched: Episodes, sealed: Episodes) -> Estimate | None:
    """Completion on scenarios open to the search minus completion on sealed ones: what was fitted and not learned."""
    return difference(completion(searched), completion(sealed))


def rejection_gap(searched: Episodes, sealed: Episodes) -> Estimate | None:
    """False rejection on sealed scenarios minus on those open to the search."""
    return difference(false_rejection(sealed), false_rejection(searched))


def _refused(assessed: AssessedStep) -> bool:
    return assessed.refused and not assessed.escalated
