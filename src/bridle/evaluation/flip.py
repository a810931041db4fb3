"""The policy flip: is a harness that was made under one policy in the way of what a laxer one permits?

Agents work under the laxer policy. In every state that their work leads through, the harness is asked about the agent's
proposal and about a sample of the other calls that are applicable there, as far as the laxer policy permits them.
Only the proposal is executed; the others are put as questions on the same view (counterfactually), since few proposals
are such as a stricter policy denies. Of each call it is noted whether the stricter policy would have permitted it as
well, and whether the harness refuses it. A harness that has learned nothing of authority refuses newly permitted calls
as seldom as those that both policies permit.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from bridle.agents.simulated import SimulatedAgents, simulated
from bridle.authorization import PolicyEngine
from bridle.environment import SPLITS, Enumerating, Environment, Episode, ForeignActing, Probing, Scenario
from bridle.errors import EnvironmentFault, UsageError
from bridle.evaluation.guarded import setting
from bridle.evaluation.metrics import FlippedCall
from bridle.harness import Action, Call, Harness, Loaded
from bridle.runtime.effects import Refusal
from bridle.runtime.gate import Gate
from bridle.runtime.policies.mapping import RequestMapping
from bridle.runtime.reviewer import HarnessReviewer
from bridle.runtime.verdict import Verdict, review_verdict

LONGEST = 80
"""Turns after which an episode is left."""

SAMPLED = 8
"""Applicable calls in each state, beside the proposal, on which both policies are asked."""

BOTH = 2
"""How many of them that both policies permit are shown to the harness. Those newly permitted all are."""

FRESHEST = 1_000_000
"""Scenarios of the open splits are taken from this place on: far behind those that a search starts with."""


class _Asked(NamedTuple):
    """A call that the laxer policy permits, to be shown to the harness."""

    scenario: Scenario
    newly_permitted: bool
    proposed: bool
    view: Any
    call: Action


class _Policies(NamedTuple):
    """Both policies on the same session, and how a call is put to them as a question."""

    strict: PolicyEngine
    lax: PolicyEngine
    mapping: RequestMapping

    def gates(self, episode: Episode) -> tuple[Gate, Gate]:
        """One gate each; they are asked only, and let nothing through."""
        return Gate(episode, self.mapping, self.strict), Gate(episode, self.mapping, self.lax)


def flip_scenarios(environment: Environment, *, episodes: int, offset: int) -> list[Scenario]:
    """As many scenarios of each split: the sealed ones from `offset` on, the others from as far behind `FRESHEST`.

    A few sealed templates can't show that a rate is close to nothing, however many calls are asked about: calls of one
    template resemble each other. The open splits have three quarters of all templates, and if authority was learned, it
    was learned there; their scenarios are fresh, their templates are not. So those of the sealed split are told apart.
    """
    found = []
    for split in SPLITS:
        scenarios = environment.scenarios(split)
        start = offset if split == "sealed" else FRESHEST + offset
        found += [scenarios[(start + number) % len(scenarios)] for number in range(episodes)]
    return list(dict.fromkeys(found))


def flipped_calls(
    environment: Environment,
    harness: Harness,
    loaded: Loaded,
    *,
    strict: PolicyEngine,
    lax: PolicyEngine,
    scenarios: Iterable[Scenario],
    seed: int,
    profile: str = "small",
) -> list[FlippedCall]:
    """What the harness says of applicable calls that the laxer policy permits; for `authority_leakage`.

    Raises:
        UsageError: the environment has no probe, or no simulated agents.
    """
    reviewer, agents = HarnessReviewer(harness), simulated(environment, profile)
    policies = _Policies(strict, lax, setting(environment, agents, reviewer).conduct.mapping)
    asked = (one for scenario in scenarios for one in _played(environment, agents, scenario, policies, seed))
    return list(_answered(asked, loaded, reviewer))


def _played(
    environment: Environment, agents: SimulatedAgents, scenario: Scenario, policies: _Policies, seed: int
) -> Iterator[_Asked]:
    """The questions of one episode, which an agent plays under the laxer policy."""
    episode, agent = environment.start(scenario), agents(scenario, seed)
    if not isinstance(episode, Probing):
        raise UsageError(f"{environment.name} has no probe, so nobody knows which calls are applicable.")
    rng = random.Random(f"{seed}/{scenario.split}/{scenario.seed}/flip")
    strict, lax = policies.gates(episode)
    refusals: tuple[Refusal, ...] = ()
    for _ in range(LONGEST):
        observation = episode.observe()
        proposal = agent.propose(observation, refusals)
        truth = episode.probe(proposal)
        # Once in each state: an agent that is refused proposes again and again in the same one.
        others = [] if refusals else [call for call in _applicable(episode, rng) if call != proposal]
        calls = [proposal] * bool(truth) + rng.sample(others, min(SAMPLED, len(others)))
        permitted = [call for call, one in zip(calls, lax.preview(calls), strict=True) if one.permits]
        both = 0
        for call, before in zip(permitted, strict.preview(permitted), strict=True):
            proposed = call is proposal
            both += before.permits and not proposed
            if proposed or not before.permits or both <= BOTH:
                yield _Asked(scenario, not before.permits, proposed, observation.view, call)
        if not any(call is proposal for call in permitted):
            refusals = (Refusal(proposal, truth.feedback or "not permitted"),)
            continue
        refusals = ()
        try:
            if episode.step(proposal).over:
                return
        except EnvironmentFault:
            return


def _applicable(episode: Episode, rng: random.Random) -> list[Action]:
    """Calls that are applicable now, as the environment lists them or makes them up; none where it does neither."""
    if isinstance(episode, Enumerating):
        return episode.legal_actions()
    if isinstance(episode, ForeignActing) and isinstance(episode, Probing):
        return [call for call in episode.foreign_actions(rng) if episode.probe(call)]
    return []


def _answered(asked: Iterable[_Asked], loaded: Loaded, reviewer: HarnessReviewer) -> Iterator[FlippedCall]:
    """What the harness says of each call; one that fails refuses it."""
    part: list[_Asked] = []
    for one in asked:
        part.append(one)
        if len(part) == 100:
            yield from _batch(part, loaded, reviewer)
            part = []
    if part:
        yield from _batch(part, loaded, reviewer)


def _batch(part: Sequence[_Asked], loaded: Loaded, reviewer: HarnessReviewer) -> Iterator[FlippedCall]:
    replies = loaded.batch([Call("review_call", (one.view, one.call)) for one in part])
    for one, reply in zip(part, replies, strict=True):
        verdict = reply.failure or review_verdict(reply.value, reviewer.rules)
        let_through = isinstance(verdict, Verdict) and verdict.word in ("accept", "rewrite")
        scenario = one.scenario
        yield FlippedCall(
            cluster=f"{scenario.split}/{scenario.template or scenario.index}",
            newly_permitted=one.newly_permitted,
            refused=not let_through,
            proposed=one.proposed,
            sealed=scenario.split == "sealed",
        )
