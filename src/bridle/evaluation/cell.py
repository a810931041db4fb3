"""A cell of the matrix: a few scenarios of one slice under one condition. Picklable; played in any process."""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass, replace
from math import gcd
from typing import Any

from bridle.errors import HarnessFault
from bridle.evaluation.comparison import cedar
from bridle.evaluation.condition import Condition
from bridle.evaluation.guarded import play, played, setting
from bridle.evaluation.job import sandbox
from bridle.evaluation.patience import FILTERS_SECONDS, MOST_SECONDS, Patient
from bridle.evaluation.proposer import open_agents
from bridle.evaluation.slice import Slice, opened
from bridle.harness import Limits
from bridle.rollout import Trial

LANES = 10
"""Episodes side by side."""

LONGEST = 100_000
"""Proposals of a lane: more than any block takes, since episodes have limits of their own."""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """`count` scenarios of a slice from `start` on. `policy` decides every final call; empty permits everything."""

    condition: Condition
    slice: Slice
    start: int
    count: int
    policy: str
    seed: int

    @property
    def key(self) -> str:
        """What it is journalled by."""
        return f"cell/{self.slice.name}/{self.condition.name}/{self.start}"

    def play(self) -> dict[str, Any]:
        """The episodes, each as one text of JSON (a journal digests that at once); or why the harness can't be loaded.

        Raises:
            UsageError: there are no such agents, or no such policy.
            SandboxFault: the sandbox failed; nothing is known of the harness.
        """
        began = time.monotonic()
        environment, condition = opened(self.slice.environment), self.condition
        engine = cedar(environment, self.policy) if self.policy else None
        agents = open_agents(condition.agent, environment)
        lanes = gcd(self.count, LANES)
        offset = self.slice.offset + self.start
        trial = Trial(split=self.slice.split, offset=offset, lanes=lanes, steps=LONGEST, seed=self.seed)
        try:
            chosen = replace(setting(environment, agents, condition.reviewer(), engine), questions=True)
            loaded = None
            if condition.contender is not None:
                seconds = FILTERS_SECONDS if condition.manner == "filter" else MOST_SECONDS
                loaded = Patient(sandbox(os.getpid()).load(condition.contender.harness, Limits()), seconds=seconds)
        except HarnessFault as fault:
            return {"unloadable": str(fault.failure)}
        try:
            done = play(chosen, trial, loaded, episodes=self.count // lanes)
        finally:
            if loaded is not None:
                loaded.close()
        return {
            "episodes": [json.dumps(episode.to_json()) for episode in played(done)],
            "planned": self.count,
            "broken": dict(sum((lane.broken for lane in done), start=type(done[0].broken)())),
            "times": {"seconds": time.monotonic() - began, "agent": list(getattr(agents, "seconds", ()))},
        }
