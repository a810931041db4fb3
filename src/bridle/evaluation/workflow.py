"""The objective `workflow`: agents work through episodes behind the harness, as they would in production.

    H = valid calls executed ÷ calls that reached the environment
        × (1 - applicable proposals refused or needlessly escalated ÷ applicable proposals)
        × completion ÷ completion of the same agents behind a perfect probe, at most 1

Nothing is denied here, so nothing of anybody's authority can be learned. All figures are in the evidence's counts.
Kinds of failed steps: `invalid-executed`, `wrongly-refused`, `needless-escalation`, `bad-rewrite`, `crash-review`,
`crash-on-error`, and the environment's own faults.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from bridle.agents.simulated import simulated
from bridle.environment import Environment
from bridle.evaluation.evidence import Evidence
from bridle.evaluation.guarded import CallLane, play, played, setting
from bridle.harness import Harness, Loaded
from bridle.rollout import FailedStep, Trial
from bridle.runtime.reviewer import HarnessReviewer, PerfectProbe


@dataclass(frozen=True)
class Workflow:
    """Executed validity × what is not refused wrongly × completion, with the environment's simulated agents.

    `profile` names the agents' error model. What they reach behind a perfect probe is played once for each environment
    and trial.
    """

    name: str = "workflow"
    goal: str = (
        "review_call lets every applicable call through, puts spellings right, and refuses what is not applicable "
        "with a hint that helps; on_error retries only what is worth it"
    )
    profile: str = "small"
    _references: WeakKeyDictionary[Environment, dict[Trial, tuple[int, int]]] = field(
        default_factory=WeakKeyDictionary, repr=False, compare=False
    )

    def measure(self, environment: Environment, harness: Harness, loaded: Loaded, trial: Trial) -> Evidence:
        """Play the trial in lockstep.

        Raises:
            UsageError: the environment has no planner for simulated agents.
        """
        agents = simulated(environment, self.profile)
        lanes = play(setting(environment, agents, HarnessReviewer(harness)), trial, loaded)
        completed, episodes = self._reference(environment, trial)
        counts = counted(lanes) | {"reference_completed": completed, "reference_episodes": episodes}
        return Evidence(
            h=value(counts),
            complete=all(lane.ending == "planned" for lane in lanes),
            counts=counts | {"planned": trial.planned},
            endings=dict(sorted(Counter(lane.ending for lane in lanes).items())),
            failures=failures(lanes),
        )

    def merge(self, first: Evidence, second: Evidence) -> Evidence:
        """Both trials as one: the counts added up."""
        counts = {name: first.counts.get(name, 0) + second.counts[name] for name in second.counts}
        endings = Counter(first.endings) + Counter(second.endings)
        return Evidence(
            h=value(counts),
            complete=first.complete and second.complete,
            counts=counts,
            endings=dict(sorted(endings.items())),
            failures=first.failures + second.failures,
        )

    def _reference(self, environment: Environment, trial: Trial) -> tuple[int, int]:
        """(completed, finished) episodes of the same agents behind a perfect probe."""
        known = self._references.setdefault(environment, {})
        if trial not in known:
            lanes = play(setting(environment, simulated(environment, self.profile), PerfectProbe()), trial)
            episodes = played(lanes)
            known[trial] = (sum(episode.success for episode in episodes), len(episodes))
        return known[trial]


def counted(lanes: Sequence[CallLane]) -> dict[str, int]:
    """The figures behind H, over the finished episodes; `attempted` counts every proposal."""
    episodes = played(lanes)
    steps = [assessed for episode in episodes for assessed in episode.steps]
    reached = [assessed.step for assessed in steps if assessed.step.answered_by == "environment"]
    wanted = [assessed for assessed in steps if assessed.wanted]
    proposals = [assessed for assessed in steps if assessed.proposal]
    return {
        "attempted": sum(lane.attempted for lane in lanes),
        "proposed": len(proposals),
        "reached": len(reached),
        "legal": sum(step.legal is True for step in reached),
        "wanted": len(wanted),
        "wrongly_withheld": sum(
            assessed.refused and assessed.wanted and not (assessed.escalated and episode.needs_person)
            for episode in episodes
            for assessed in episode.steps
        ),
        "refused": sum(assessed.refused for assessed in proposals),
        "rewritten": sum(assessed.step.verdict == "rewrite" for assessed in proposals),
        "escalated": sum(len(lane.escalations) for lane in lanes),
        "episodes": len(episodes),
        "completed": sum(episode.success for episode in episodes),
    }


def value(counts: dict[str, int]) -> float:
    """H from its counts. Where nothing reached the environment, or nothing applicable was proposed, it is 0."""
    denominators = ("reached", "wanted", "episodes", "reference_episodes", "reference_completed")
    if not all(counts.get(name) for name in denominators):
        return 0.0
    valid = counts["legal"] / counts["reached"]
    let_through = 1 - counts["wrongly_withheld"] / counts["wanted"]
    completion = counts["completed"] / counts["episodes"]
    reference = counts["reference_completed"] / counts["reference_episodes"]
    return valid * let_through * min(1.0, completion / reference)


def failures(lanes: Sequence[CallLane]) -> tuple[FailedStep, ...]:
    """The failed steps that were kept, lane by lane."""
    return tuple(failure for lane in lanes for failure in lane.failures)
