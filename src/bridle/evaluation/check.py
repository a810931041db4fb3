"""The check of a harness on sealed scenarios: the paper's held-out protocol, and what the paper left unmeasured.

Source: the paper: legal rate over 1000 steps × 10 seeds. Beside it false acceptance and false rejection on *foreign*
actions, which the paper's verifiers were never scored on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bridle.environment import Environment
from bridle.evaluation.judged import Verdicts, judge, judged_rows
from bridle.harness import Harness, Limits, Sandbox
from bridle.rollout import Rollout, Trial, lockstep
from bridle.statistics import wilson


@dataclass(frozen=True, kw_only=True)
class Check:
    """What a check found. `verdicts` is None where the environment can't tell the truth about foreign actions."""

    rollout: Rollout
    verdicts: Verdicts | None

    @property
    def illegal(self) -> int:
        """Own actions that the environment refused, and calls that failed."""
        return self.rollout.attempted - self.rollout.legal

    @property
    def clean(self) -> bool:
        """Whether every planned step was played, and legal."""
        return self.rollout.complete and self.illegal == 0

    def record(self) -> dict[str, Any]:
        """As a JSON object, rates with their 95 % Wilson intervals; a rate without a denominator is None."""
        rollout = self.rollout
        record: dict[str, Any] = {
            "clean": self.clean,
            "legality": {
                "legal": rollout.legal,
                "illegal": self.illegal,
                "attempted": rollout.attempted,
                "planned": rollout.planned,
                "seeds": rollout.trial.lanes,
                "steps": rollout.trial.steps,
                "endings": rollout.endings,
                "environment_faults": sum(lane.faults for lane in rollout.lanes),
                "wrong_refusals": sum(lane.wrong_refusals for lane in rollout.lanes),
            },
            "foreign": None,
        }
        if self.verdicts is not None:
            right_legal, legal = self.verdicts.rate("legal")
            illegal = sum(self.verdicts.rate(stratum)[1] for stratum in ("near-miss", "malformed"))
            record["foreign"] = {
                # A call that fails accepts nothing: it is no false acceptance, but it is a false rejection.
                "false_acceptance": _rate(self.verdicts.accepted - right_legal, illegal),
                "false_rejection": _rate(legal - right_legal, legal),
                "failed_calls": self.verdicts.failed,
                "undecidable": self.verdicts.undecidable,
                "unasked": self.verdicts.unasked,
                "by_stratum": {name: {"right": r, "n": n} for name, (r, n) in self.verdicts.by_stratum.items()},
            }
        return record


def _rate(part: int, whole: int) -> dict[str, Any] | None:
    if whole == 0:
        return None
    interval = wilson(part, whole)
    return {"count": part, "n": whole, "rate": part / whole, "low": interval.low, "high": interval.high}


def check(
    environment: Environment, harness: Harness, sandbox: Sandbox, *, trial: Trial, rows: int, limits: Limits
) -> Check:
    """Play the trial with the harness alone, and ask its check about `rows` judged rows of the same split.

    Raises:
        HarnessFault: the harness can't be loaded.
    """
    loaded = sandbox.load(harness, limits)
    try:
        rollout = lockstep(environment, loaded, trial)
        table = judged_rows(environment, trial.split, count=rows, seed=trial.seed) if rows else []
        return Check(rollout=rollout, verdicts=judge(loaded, table) if table else None)
    finally:
        loaded.close()
