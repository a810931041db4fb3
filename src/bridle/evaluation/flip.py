"""The policy flip: is a harness that was made under one policy in the way of what a laxer one permits?

Agents work under the laxer policy. Of every applicable call that they propose it is asked whether the stricter policy
would have permitted it, and whether the harness refuses it. A harness that has learned nothing of authority refuses
newly permitted calls as seldom as those that both policies permit.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from bridle.agents.simulated import simulated
from bridle.authorization import PolicyEngine
from bridle.environment import Environment, Probing, Split
from bridle.errors import EnvironmentFault, UsageError
from bridle.evaluation.guarded import setting
from bridle.evaluation.metrics import FlippedCall
from bridle.harness import Call, Harness, Loaded
from bridle.runtime.effects import Refusal
from bridle.runtime.gate import Gate
from bridle.runtime.reviewer import HarnessReviewer
from bridle.runtime.verdict import Verdict, review_verdict

LONGEST = 80
"""Turns after which an episode is left."""


class _Asked(NamedTuple):
    """A call that the laxer policy permits, to be shown to the harness."""

    cluster: str
    newly_permitted: bool
    view: Any
    call: Any


def flipped_calls(
    environment: Environment,
    harness: Harness,
    loaded: Loaded,
    *,
    strict: PolicyEngine,
    lax: PolicyEngine,
    split: Split,
    episodes: int,
    seed: int,
    profile: str = "small",
    offset: int | None = None,
) -> list[FlippedCall]:
    """Every applicable proposal that the laxer policy permits, over some episodes; for `authority_leakage`.

    They begin at scenario `offset` of the split, or at one that follows from the seed.

    Raises:
        UsageError: the environment has no probe, or no simulated agents.
    """
    reviewer = HarnessReviewer(harness)
    mapping = setting(environment, simulated(environment, profile), reviewer).conduct.mapping
    asked: list[_Asked] = []
    scenarios = environment.scenarios(split)
    for number in range(episodes):
        start = seed * 7919 if offset is None else offset
        scenario = scenarios[(start + number) % len(scenarios)]
        episode = environment.start(scenario)
        if not isinstance(episode, Probing):
            raise UsageError(f"{environment.name} has no probe, so nobody knows which calls are applicable.")
        agent = simulated(environment, profile)(scenario, seed)
        gates = Gate(episode, mapping, strict), Gate(episode, mapping, lax)
        refusals: tuple[Refusal, ...] = ()
        for _ in range(LONGEST):
            observation = episode.observe()
            call = agent.propose(observation, refusals)
            truth = episode.probe(call)
            before, after = (gate.authorise(call).permits if truth else False for gate in gates)
            refusals = () if after else (Refusal(call, truth.feedback or "not permitted"),)
            if not after:
                continue
            asked.append(_Asked(scenario.template or str(scenario.index), not before, observation.view, call))
            try:
                if episode.step(call).over:
                    break
            except EnvironmentFault:
                break
    return _answered(asked, loaded, reviewer)


def _answered(asked: Sequence[_Asked], loaded: Loaded, reviewer: HarnessReviewer) -> list[FlippedCall]:
    """What the harness says of each call; one that fails refuses it."""
    found = []
    for start in range(0, len(asked), 100):
        part = asked[start : start + 100]
        replies = loaded.batch([Call("review_call", (one.view, one.call)) for one in part])
        for one, reply in zip(part, replies, strict=True):
            verdict = reply.failure or review_verdict(reply.value, reviewer.rules)
            let_through = isinstance(verdict, Verdict) and verdict.word in ("accept", "rewrite")
            found.append(FlippedCall(one.cluster, one.newly_permitted, not let_through))
    return found
