"""A course: what one episode came to, as far as an assessment needs it. From playing an environment, or from traces."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from bridle.agents.planner import Planning
from bridle.agents.simulated import simulated
from bridle.environment import Environment, Episode, ForeignActing, Observation, Probing, Scenario, sample
from bridle.errors import EnvironmentFault, UsageError
from bridle.evaluation.assessed import AssessedEpisode
from bridle.evaluation.causes import said, spelling, text_of
from bridle.harness import Action, canonical, digest

STEPS = 100
"""Proposals of a course at most. An episode that is not over then counts as neither failed nor done."""

TRIES = 20
"""Proposals that a perfect probe may turn down in one turn before the last one is taken all the same."""


class Attempt(NamedTuple):
    """One proposal. `question` is a digest of what was seen and proposed, `legal` None where nobody said.

    `cause` is what made it fail, as far as that can be told: the sentence without its particulars, and the spelling of
    the action. `reasoned`: whether a sentence or a class came with the refusal.
    """

    question: str
    legal: bool | None
    cause: tuple[str, ...] = ()
    reasoned: bool = False


@dataclass(frozen=True, kw_only=True)
class Course:
    """One episode: its attempts, its outcome from 0 to 1, and whether it ended at an inapplicable action."""

    cluster: str
    attempts: tuple[Attempt, ...]
    outcome: float
    ended_illegally: bool = False

    @property
    def failed(self) -> bool:
        """Whether it came to less than half of what could be had."""
        return self.outcome < 0.5

    @property
    def stumbled(self) -> bool:
        """Whether an attempt was inapplicable."""
        return any(attempt.legal is False for attempt in self.attempts)


Proposing: TypeAlias = Callable[[Observation, bool], Action]
"""Proposes for an observation; True: once more, in a turn in which the last proposal was turned down."""

Agents: TypeAlias = Callable[[Scenario, Episode, random.Random], Proposing]
"""Makes who proposes in an episode."""


def agents_of(environment: Environment) -> tuple[str, Agents]:
    """Simulated agents for an environment, and their name: a planner that makes mistakes, else a careless player.

    Raises:
        UsageError: it has neither a planner nor actions made up by itself.
    """
    if isinstance(environment, Planning):
        made = simulated(environment, "small")

        def planned(scenario: Scenario, episode: Episode, rng: random.Random) -> Proposing:
            agent = made(scenario, rng.getrandbits(32))
            return lambda observation, again: agent.propose(observation)

        return made.name, planned
    if not isinstance(sample(environment), ForeignActing):
        raise UsageError(
            f"Nobody can propose in {environment.name}: its episodes make up no foreign_actions and it has no planner. "
            "Add one of them, or assess traces of an agent of yours."
        )

    def careless(scenario: Scenario, episode: Episode, rng: random.Random) -> Proposing:
        left: list[Action] = []

        def propose(observation: Observation, again: bool) -> Action:
            nonlocal left
            assert isinstance(episode, ForeignActing)
            if not again or not left:
                made = episode.foreign_actions(rng)
                left = rng.sample(made, len(made))
            return left.pop()

        return propose

    return "simulated careless player", careless


def courses(environment: Environment, agents: Agents, *, count: int, seed: int, perfect: bool = False) -> list[Course]:
    """Play the first `count` train scenarios from `seed` on; with `perfect`, behind a probe that knows the truth."""
    scenarios = environment.scenarios("train")
    chosen = [scenarios[(seed * count + number) % len(scenarios)] for number in range(count)]
    return [_course(environment, scenario, agents, seed, perfect=perfect) for scenario in chosen]


def again(environment: Environment, agents: Agents, *, count: int, seed: int) -> tuple[int, int]:
    """Judge the same actions twice on the same starts: (judged otherwise the second time, judged)."""
    firsts, seconds = (courses(environment, agents, count=count, seed=seed) for _ in range(2))
    differ = judged = 0
    for first, second in zip(firsts, seconds, strict=True):
        for one, other in zip(first.attempts, second.attempts, strict=False):
            if one.question != other.question:
                break  # what was seen differs already: from here on nothing compares
            judged += 1
            differ += one.legal is not other.legal
            if one.legal is not other.legal:
                break
    return differ, judged


def _course(environment: Environment, scenario: Scenario, agents: Agents, seed: int, *, perfect: bool) -> Course:
    rng = random.Random(f"{seed}/assess/{scenario.seed}")
    episode = environment.start(scenario)
    propose = agents(scenario, episode, rng)
    attempts: list[Attempt] = []
    low, high = environment.reward_range
    outcome, illegal_end = 0.5, False
    for _ in range(STEPS):
        observation = episode.observe()
        action = propose(observation, False)
        for _ in range(TRIES if perfect else 0):
            assert isinstance(episode, Probing)
            if episode.probe(action):
                break
            action = propose(observation, True)
        question = _question(observation.view, action)
        step = episode.step(action)
        cause = (step.error_class, said(step.feedback, text_of(action)), spelling(text_of(action)))
        reasoned = bool(step.feedback or step.error_class not in ("", "illegal"))
        attempts.append(Attempt(question, step.legal, () if step.legal else cause, reasoned))
        if step.over:
            rewards = step.rewards or (low,)
            outcome = min(1.0, max(0.0, (rewards[observation.player % len(rewards)] - low) / ((high - low) or 1.0)))
            illegal_end = not step.legal
            break
    return Course(
        cluster=scenario.template or str(scenario.index),
        attempts=tuple(attempts),
        outcome=outcome,
        ended_illegally=illegal_end,
    )


def _question(view: Any, action: Action) -> str:
    try:
        return digest([view, action])
    except (TypeError, ValueError):
        return digest([text_of(view), repr(action)])


def recorded(file: Path) -> list[Course]:
    """Courses from traces: a file of one assessed episode a line, in JSON, as an evaluation keeps them.

    Raises:
        UsageError: it can't be read, or holds none.
    """
    try:
        lines = file.read_text("utf-8").splitlines()
        found = [_of(AssessedEpisode.from_json(json.loads(line))) for line in lines if line.strip()]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"{file} can't be read as traces ({error!r}). One assessed episode a line, in JSON, is what is read."
        ) from None
    if not found:
        raise UsageError(f"{file} holds no episode.")
    return found


def _of(episode: AssessedEpisode) -> Course:
    attempts: list[Attempt] = []
    for assessed in episode.steps:
        if not assessed.proposal:
            continue
        step = assessed.step
        legal = step.legal if step.answered_by == "environment" else assessed.proposed_legal
        action = text_of(step.proposed)
        cause = () if legal is not False else (step.error_class, said(step.message, action), spelling(action))
        asked = assessed.asked or str(len(attempts))
        question = digest([asked, canonical(step.proposed).decode()])
        attempts.append(Attempt(question, legal, cause, bool(step.message or step.error_class)))
    return Course(
        cluster=str(episode.cluster),
        attempts=tuple(attempts),
        outcome=float(episode.success),
        ended_illegally=episode.ending == "illegal",
    )


def contradicted(found: Sequence[Course]) -> tuple[int, int]:
    """Questions that came up more than once and were judged both ways, of how many that came up more than once."""
    judged: dict[str, list[bool]] = {}
    for attempt in _attempts(found):
        if attempt.legal is not None:
            judged.setdefault(attempt.question, []).append(attempt.legal)
    asked_again = [answers for answers in judged.values() if len(answers) > 1]
    return sum(len(set(answers)) > 1 for answers in asked_again), len(asked_again)


def _attempts(found: Sequence[Course]) -> Iterator[Attempt]:
    return (attempt for course in found for attempt in course.attempts)


def probes(environment: Environment) -> bool:
    """Whether its episodes tell the truth about an action before it is taken."""
    try:
        return isinstance(sample(environment), Probing)
    except EnvironmentFault:
        return False
