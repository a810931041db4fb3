"""Rollouts in lockstep: many episodes side by side, their harness calls in one batch, one harness.

Source: the paper, section 3: 10 parallel environments, at most 1000 steps each, auto-reset when a game ends; a lane
ends at an illegal action of the code's own, or when the code fails.
"""

from bridle.rollout.lane import (
    FAULTS_KEPT,
    FAULTS_TOLERATED,
    WRONG_REFUSALS_KEPT,
    FailedStep,
    Lane,
    LaneResult,
    Opponent,
    Watch,
    failure_kind,
)
from bridle.rollout.lockstep import Driven, Rollout, in_lockstep, lockstep
from bridle.rollout.trial import SHORT, Trial

__all__ = [
    "FAULTS_KEPT",
    "FAULTS_TOLERATED",
    "SHORT",
    "WRONG_REFUSALS_KEPT",
    "Driven",
    "FailedStep",
    "Lane",
    "LaneResult",
    "Opponent",
    "Rollout",
    "Trial",
    "Watch",
    "failure_kind",
    "in_lockstep",
    "lockstep",
]
