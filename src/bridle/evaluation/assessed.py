"""A played session with the truth beside it: what the metrics are computed from."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import NamedTuple

from bridle.runtime.ruling import IN_DOUBT, OUTSIDE_SURFACE
from bridle.trace import TraceStep


class AssessedStep(NamedTuple):
    """A traced step, and what a probe and the policy said of its calls at that moment, whatever became of them.

    `proposed_legal` and `final_legal` are the environment's truth on the proposal and on the final call: None where
    there is no such call, or nobody knows. `denied` is True where the policy denies, or would deny, the call.
    """

    step: TraceStep
    proposed_legal: bool | None
    final_legal: bool | None
    denied: bool = False

    @property
    def proposal(self) -> bool:
        """Whether the step is a proposal of its own."""
        return self.step.origin in ("agent", "harness")

    @property
    def refused(self) -> bool:
        """Whether harness or guard let nothing through."""
        return self.step.answered_by in ("harness", "guard")

    @property
    def escalated(self) -> bool:
        """Whether the harness asked for a person instead."""
        return self.step.verdict == "escalate"

    @property
    def wanted(self) -> bool:
        """Whether the proposal is applicable, not denied, and nothing that the guard stops for reasons of its own."""
        stopped = self.step.answered_by == "guard" and self.step.error_class in (IN_DOUBT, OUTSIDE_SURFACE)
        return self.proposal and self.proposed_legal is True and not self.denied and not stopped


@dataclass(frozen=True, kw_only=True)
class AssessedEpisode:
    """One episode, as it was played.

    `scenario` identifies it for pairing and `template` clusters it; without one it is a cluster of its own.
    `needs_person` says that it can't be completed without a person, so that escalating is right.
    """

    scenario: Hashable
    steps: tuple[AssessedStep, ...]
    success: bool
    template: str = ""
    needs_person: bool = False

    @property
    def cluster(self) -> Hashable:
        """What the episode's steps and outcome are clustered by."""
        return self.template or self.scenario
