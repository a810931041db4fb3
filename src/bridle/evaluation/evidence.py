"""Evidence: what was measured of one harness, and the figures and examples behind it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

from bridle.errors import Blame, Failure
from bridle.rollout import FailedStep


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What was measured of one harness. `h` is in [0, 1]; `complete` says that every planned step was played.

    `counts` are the figures behind it (whole numbers, by name), `endings` how many lanes ended for which reason,
    `reward` the mean reward scaled to [0, 1] where the objective has one, `failures` the examples that were kept.
    """

    h: float
    complete: bool
    counts: dict[str, int]
    endings: dict[str, int]
    reward: float | None = None
    failures: tuple[FailedStep, ...] = ()

    def reaches(self, target: float) -> bool:
        """Whether H is at least `target`, over all planned steps: a rollout that stopped early reaches nothing."""
        return self.complete and self.h >= target

    @property
    def disagrees(self) -> bool:
        """Whether the harness's own check refused actions that its proposer made and the environment took."""
        return self.counts.get("wrong_refusals", 0) > 0

    def record(self) -> dict[str, Any]:
        """As a JSON object; `from_record` reads it back."""
        failures = [{**asdict(failure), "place": list(failure.place)} for failure in self.failures]
        return {**asdict(replace(self, failures=())), "failures": failures}

    @staticmethod
    def from_record(record: dict[str, Any]) -> Evidence:
        """The evidence that `record` was made from."""
        failures = tuple(_failed_step(f) for f in record["failures"])
        return Evidence(**{**record, "failures": failures})


def _failed_step(record: dict[str, Any]) -> FailedStep:
    failure = record["failure"]
    if failure is not None:
        failure = Failure(**{**failure, "blame": Blame(failure["blame"])})
    return FailedStep(**{**record, "place": tuple(record["place"]), "failure": failure})
