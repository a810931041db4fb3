"""The recall of a filter as a part of the matrix: what share of the legal acts a harness offers, without an agent."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import Any

from bridle.environment import sample
from bridle.errors import HarnessFault
from bridle.evaluation.condition import Contender
from bridle.evaluation.guarded import mapping_of, tools_of
from bridle.evaluation.job import sandbox
from bridle.evaluation.offers import ShownCandidates, offers
from bridle.evaluation.patience import FILTERS_SECONDS, Patient
from bridle.evaluation.slice import Slice, opened
from bridle.harness import Limits
from bridle.runtime.reviewer import FilteringHarness

EPISODES = 20
"""Episodes in whose states the filter is asked for its offers: that takes dozens of reviews in each."""


@dataclass(frozen=True, kw_only=True)
class Offering:
    """Ask one harness as a filter for what it offers in states of a slice."""

    contender: Contender
    slice: Slice
    seed: int

    @property
    def key(self) -> str:
        """What it is journalled by."""
        return f"offering/{self.slice.name}/{self.contender.name}"

    def play(self) -> dict[str, Any]:
        """What was found, as JSON: see `Offers`; `recall` is [value, low, high, n], or None."""
        environment, harness = opened(self.slice.environment), self.contender.harness
        try:
            reviewer = FilteringHarness(harness, candidates=ShownCandidates())
            loaded = Patient(sandbox(os.getpid()).load(harness, Limits()), seconds=FILTERS_SECONDS)
        except HarnessFault as fault:
            return {"unloadable": str(fault.failure)}
        try:
            tools = tools_of(sample(environment).observe().view)
            where = replace(self.slice, count=min(EPISODES, self.slice.count))
            found = offers(environment, reviewer, loaded, mapping_of(environment, tools), where, seed=self.seed)
        finally:
            loaded.close()
        return {**found._asdict(), "recall": None if found.recall is None else list(found.recall)}
