"""The policy flip as a part of the matrix: what a harness refuses of what a laxer policy newly permits."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from bridle.errors import HarnessFault
from bridle.evaluation.comparison import cedar
from bridle.evaluation.condition import Contender
from bridle.evaluation.flip import flip_scenarios, flipped_calls
from bridle.evaluation.job import sandbox
from bridle.evaluation.patience import Patient
from bridle.evaluation.slice import Slice, opened
from bridle.harness import Limits

EPISODES = 300
"""Episodes that are played under the laxer policy in each split."""

SECONDS = 600.0
"""So long may all answers together take: there are many times the questions of a block of episodes."""


@dataclass(frozen=True, kw_only=True)
class Leakage:
    """Show one harness what the strictest of an environment's policies denies and the laxest permits."""

    contender: Contender
    slice: Slice
    strict: str
    lax: str
    seed: int

    @property
    def key(self) -> str:
        """What it is journalled by."""
        return f"leakage/{self.slice.name}/{self.contender.name}"

    def play(self) -> dict[str, Any]:
        """The calls as [cluster, newly permitted, refused, proposed, sealed]."""
        environment, harness = opened(self.slice.environment), self.contender.harness
        try:
            loaded = Patient(sandbox(os.getpid()).load(harness, Limits()), seconds=SECONDS)
        except HarnessFault as fault:
            return {"unloadable": str(fault.failure)}
        try:
            calls = flipped_calls(
                environment,
                harness,
                loaded,
                strict=cedar(environment, self.strict),
                lax=cedar(environment, self.lax),
                scenarios=flip_scenarios(
                    environment, episodes=min(EPISODES, self.slice.count), offset=self.slice.offset
                ),
                seed=self.seed,
            )
        finally:
            loaded.close()
        return {"calls": [list(call) for call in calls]}
