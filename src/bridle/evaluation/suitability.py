"""Is this a place for a harness at all? What feedback there is, whether it can be trusted, and what there is to gain.

A harness keeps an agent's actions applicable. It is no help where the environment doesn't say what is inapplicable, or
says now this and now that, or where the agent fails by applicable actions that were unwise.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from bridle.environment import Environment, sample
from bridle.evaluation.course import Attempt, Course, again, agents_of, contradicted, courses, probes
from bridle.evaluation.estimates import pooled
from bridle.statistics import Estimate, Interval, paired_difference, wilson

JUDGED = 0.5
"""Less than this share of proposals judged as they are made: the feedback comes too late, or not at all."""

INAPPLICABLE = 0.02
"""At most this share of inapplicable proposals, by its interval: there is hardly anything to prevent."""

CONTRADICTORY = 0.02
"""More than this share of questions judged both ways, by its interval: the feedback can't be learned from."""

REASONED = 0.5
"""Less than this share of refusals with a reason: a search will take longer."""

RECURRING = 0.5
"""Less than this share of refusals whose cause came up at least three times: chance rather than rules."""

OPERATIONAL = 0.2
"""At most this share of failed episodes with an inapplicable proposal, by its interval: failures are of judgement."""

HEADROOM = 0.01
"""At most this gain behind a perfect probe, by its interval: applicable actions alone change nothing."""

INAPPLICABLE_PROPOSALS = "inapplicable proposals"

ENOUGH = 30
"""Fewer judged proposals than this say too little for anything to be called suitable."""

Word: TypeAlias = Literal["suitable", "unsuitable", "unclear"]
Verdict: TypeAlias = Literal["for", "against", "note"]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One figure and what it says: `for` a harness, `against` one, or something to know (`note`)."""

    name: str
    estimate: Estimate | None
    says: Verdict
    sentence: str


@dataclass(frozen=True, kw_only=True)
class Assessment:
    """What was found about a place. `agents` is who proposed; `delay` how many steps later an episode's end comes."""

    place: str
    agents: str
    episodes: int
    proposals: int
    delay: float | None
    findings: tuple[Finding, ...]

    @property
    def word(self) -> Word:
        """Unsuitable where anything speaks against it; unclear where too little of what matters most was to be had."""
        if any(finding.says == "against" for finding in self.findings):
            return "unsuitable"
        return "suitable" if self.judged >= ENOUGH else "unclear"

    @property
    def judged(self) -> int:
        """How many proposals were judged as applicable or not."""
        told = (finding.estimate for finding in self.findings if finding.name == INAPPLICABLE_PROPOSALS)
        return sum(estimate.n for estimate in told if estimate is not None)

    @property
    def reasons(self) -> tuple[str, ...]:
        """What decides it."""
        if self.word == "unclear":
            return (f"{self.judged} proposals were judged; fewer than {ENOUGH} say too little.",)
        says = "against" if self.word == "unsuitable" else "for"
        return tuple(finding.sentence for finding in self.findings if finding.says == says)

    def record(self) -> dict[str, Any]:
        """As a JSON object."""
        return {
            "place": self.place,
            "agents": self.agents,
            "episodes": self.episodes,
            "proposals": self.proposals,
            "delay": self.delay,
            "verdict": self.word,
            "reasons": list(self.reasons),
            "findings": [
                {
                    "name": finding.name,
                    "says": finding.says,
                    "sentence": finding.sentence,
                    "estimate": None if finding.estimate is None else finding.estimate._asdict(),
                }
                for finding in self.findings
            ],
        }


def assess(environment: Environment, *, episodes: int = 100, seed: int = 0) -> Assessment:
    """Play `episodes` train scenarios with simulated agents, alone and behind a perfect probe where there is one.

    Raises:
        UsageError: nobody can propose there, or there is no train scenario.
        EnvironmentFault: the environment broke.
    """
    sample(environment)
    name, agents = agents_of(environment)
    alone = courses(environment, agents, count=episodes, seed=seed)
    perfect = courses(environment, agents, count=episodes, seed=seed, perfect=True) if probes(environment) else None
    twice = again(environment, agents, count=min(episodes, 30), seed=seed)
    gain = None if perfect is None else _gain(perfect, alone, seed)
    return _assessment(environment.name, name, alone, (contradicted(alone), twice), gain)


def assess_traces(place: str, found: Sequence[Course]) -> Assessment:
    """The same from recorded episodes. What a perfect probe would gain is not known then."""
    return _assessment(place, "as recorded", found, (contradicted(found), (0, 0)), None)


def _assessment(
    place: str,
    agents: str,
    found: Sequence[Course],
    both_ways: tuple[tuple[int, int], tuple[int, int]],
    gain: Estimate | None,
) -> Assessment:
    failed = [course for course in found if course.failed]
    late = [len(course.attempts) for course in failed if not course.stumbled]
    return Assessment(
        place=place,
        agents=agents,
        episodes=len(found),
        proposals=sum(len(course.attempts) for course in found),
        delay=sum(late) / len(late) if late else None,
        findings=(
            _judged(found),
            _inapplicable(found),
            *(_contradictions(*pair) for pair in zip(("seen before", "played again"), both_ways, strict=True)),
            _reasoned(found),
            _recurring(found),
            _operational(failed),
            _headroom(gain),
        ),
    )


def _finding(name: str, estimate: Estimate | None, says: Verdict, sentence: str) -> Finding:
    """A finding; one without a figure speaks for nothing."""
    return Finding(
        name=name, estimate=estimate, says="note" if estimate is None and says == "for" else says, sentence=sentence
    )


def _judged(found: Sequence[Course]) -> Finding:
    rate = _share(found, lambda attempt: attempt.legal is not None)
    low = rate is None or rate.value < JUDGED
    sentence = f"{_said(rate)} of proposals are judged as they are made" + (
        ": feedback comes too late or not at all for a harness to be found." if low else "."
    )
    return _finding("judged at once", rate, "against" if low else "for", sentence)


def _inapplicable(found: Sequence[Course]) -> Finding:
    rate = _share(found, lambda attempt: attempt.legal is False, lambda attempt: attempt.legal is not None)
    few = rate is not None and rate.high <= INAPPLICABLE
    sentence = f"{_said(rate)} of judged proposals are inapplicable" + (
        ": there is hardly anything for a harness to prevent." if few else "."
    )
    return _finding(INAPPLICABLE_PROPOSALS, rate, "against" if few else "for", sentence)


def _contradictions(how: str, counted: tuple[int, int]) -> Finding:
    count, n = counted
    rate = _of_interval(count, n, wilson(count, n)) if n else None
    bad = rate is not None and rate.low > CONTRADICTORY
    asked = "the same question, seen before," if how == "seen before" else "the same action on the same start"
    sentence = f"{_said(rate)} of the times, {asked} was judged otherwise" + (
        ": feedback that contradicts itself can't be learned from." if bad else "."
    )
    return _finding(f"contradictions, {how}", rate, "against" if bad else "for", sentence)


def _reasoned(found: Sequence[Course]) -> Finding:
    rate = _share(found, lambda attempt: attempt.reasoned, lambda attempt: attempt.legal is False)
    scarce = rate is not None and rate.value < REASONED
    sentence = f"{_said(rate)} of refusals say why" + (
        ": without reasons a search takes more iterations." if scarce else "."
    )
    return _finding("refusals with a reason", rate, "note" if scarce else "for", sentence)


def _recurring(found: Sequence[Course]) -> Finding:
    causes = Counter(attempt.cause for course in found for attempt in course.attempts if attempt.legal is False)
    rate = _share(found, lambda attempt: causes[attempt.cause] >= 3, lambda attempt: attempt.legal is False)
    rare = rate is not None and rate.value < RECURRING
    sentence = f"{_said(rate)} of refusals have a cause that came up three times or more ({len(causes)} causes)" + (
        ": most look like chance, not like rules." if rare else "."
    )
    return _finding("recurring causes", rate, "note" if rare else "for", sentence)


def _operational(failed: Sequence[Course]) -> Finding:
    rate = pooled((course.cluster, course.stumbled, True) for course in failed)
    few = rate is not None and rate.high <= OPERATIONAL
    sentence = f"{_said(rate)} of failed episodes had an inapplicable proposal" + (
        ": they fail by unwise actions, which no harness turns down." if few else "."
    )
    return _finding("operational failures", rate, "against" if few else "for", sentence)


def _headroom(gain: Estimate | None) -> Finding:
    if gain is None:
        sentence = "What a perfect probe would gain is not known: the environment can't be probed."
        return Finding(name="headroom", estimate=None, says="note", sentence=sentence)
    none = gain.high <= HEADROOM
    sentence = f"Behind a perfect probe the outcome is {gain.value:+.3f} [{gain.low:+.3f}, {gain.high:+.3f}]" + (
        ": applicable actions alone change nothing." if none else "."
    )
    return Finding(name="headroom", estimate=gain, says="against" if none else "for", sentence=sentence)


def _gain(perfect: Sequence[Course], alone: Sequence[Course], seed: int) -> Estimate | None:
    return paired_difference(
        [course.outcome for course in perfect],
        [course.outcome for course in alone],
        seed=seed,
        clusters=[course.cluster for course in alone],
    )


def _share(
    found: Sequence[Course],
    counted: Callable[[Attempt], bool],
    among: Callable[[Attempt], bool] = lambda attempt: True,
) -> Estimate | None:
    return pooled((course.cluster, counted(attempt), among(attempt)) for course in found for attempt in course.attempts)


def _of_interval(count: int, n: int, interval: Interval) -> Estimate:
    return Estimate(count / n, interval.low, interval.high, n)


def _said(rate: Estimate | None) -> str:
    return "No data on what share" if rate is None else f"{rate.value:.1%} [{rate.low:.1%}, {rate.high:.1%}]"
