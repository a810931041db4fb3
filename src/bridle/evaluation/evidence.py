"""Evidence: what was measured of one harness, and the figures and examples behind it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

from bridle.errors import Blame, Failure
from bridle.evaluation.rewards import Rewards
from bridle.rollout import FailedStep, Rollout


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What was measured of one harness. `h` is in [0, 1]; `complete` says that every planned step was played.

    `counts` are the figures behind it (whole numbers, by name), `endings` how many lanes ended for which reason,
    `reward` the mean reward scaled to [0, 1] where the objective has one, `failures` the examples that were kept,
    `rewards` what is behind the mean where whole matches were played.
    """

    h: float
    complete: bool
    counts: dict[str, int]
    endings: dict[str, int]
    reward: float | None = None
    failures: tuple[FailedStep, ...] = ()
    rewards: Rewards | None = None

    def reaches(self, target: float) -> bool:
        """Whether H is at least `target`, over all planned steps: a rollout that stopped early reaches nothing."""
        return self.complete and self.h >= target

    @property
    def shown(self) -> str:
        """The figures behind H in a few words."""
        counts = self.counts
        if "reached" in counts:
            done = f"{counts.get('completed', 0)} of {counts.get('episodes', 0)} episodes completed"
            return f"{counts['legal']} of {counts['reached']} calls valid, {done}"
        said = f"{counts['legal']} of {counts['attempted']} legal, {counts['planned']} planned"
        if self.rewards is None or self.rewards.mean is None:
            return said
        error = "" if self.rewards.error is None else f" ± {self.rewards.error:.3f}"
        return f"{said}; reward {self.rewards.mean:.3f}{error} over {len(self.rewards.values)} matches"

    @property
    def disagrees(self) -> bool:
        """Whether the harness's own check refused actions that its proposer made and the environment took."""
        return self.counts.get("wrong_refusals", 0) > 0

    def record(self) -> dict[str, Any]:
        """As a JSON object; `from_record` reads it back."""
        failures = [{**asdict(failure), "place": list(failure.place)} for failure in self.failures]
        rewards = self.rewards.record() if self.rewards is not None else None
        return {**asdict(replace(self, failures=(), rewards=None)), "failures": failures, "rewards": rewards}

    @staticmethod
    def from_record(record: dict[str, Any]) -> Evidence:
        """The evidence that `record` was made from."""
        failures = tuple(_failed_step(f) for f in record["failures"])
        rewards = Rewards.from_record(record["rewards"]) if record.get("rewards") else None
        return Evidence(**{**record, "failures": failures, "rewards": rewards})


def of_rollout(rollout: Rollout) -> Evidence:
    """The evidence of the harness's own play, H its legality.

    A harness that crashed without acting attempted an action all the same: an empty ratio is never perfect.
    """
    return Evidence(
        h=rollout.legal / rollout.attempted if rollout.attempted else 0.0,
        complete=rollout.complete,
        counts={
            "legal": rollout.legal,
            "attempted": rollout.attempted,
            "planned": rollout.planned,
            "wrong_refusals": sum(lane.wrong_refusals for lane in rollout.lanes),
            "episodes": sum(lane.episodes for lane in rollout.lanes),
            "rewarded": len(rollout.rewards),
            "faults": sum(lane.faults for lane in rollout.lanes),
        },
        endings=rollout.endings,
        failures=rollout.failures,
    )


def pooled(first: Evidence, second: Evidence) -> Evidence:
    """Both trials as one, H their legality: counts and endings added up, the examples of both."""
    counts = {k: first.counts.get(k, 0) + second.counts.get(k, 0) for k in {**first.counts, **second.counts}}
    endings = {k: first.endings.get(k, 0) + second.endings.get(k, 0) for k in {**first.endings, **second.endings}}
    return Evidence(
        h=counts["legal"] / counts["attempted"] if counts["attempted"] else 0.0,
        complete=first.complete and second.complete,
        counts=counts,
        endings=dict(sorted(endings.items())),
        failures=first.failures + second.failures,
    )


def _failed_step(record: dict[str, Any]) -> FailedStep:
    failure = record["failure"]
    if failure is not None:
        failure = Failure(**{**failure, "blame": Blame(failure["blame"])})
    return FailedStep(**{**record, "place": tuple(record["place"]), "failure": failure})
