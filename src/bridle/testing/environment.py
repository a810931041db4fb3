"""The contract suite of environments: what `bridle environments --check ID` runs, on ours and on anybody's.

What it finds are values, not exceptions, so that one broken promise does not hide the next.
"""

from __future__ import annotations

import contextlib
import io
import json
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import Any, TypeAlias, cast

from bridle.environment import (
    SPLITS,
    Enumerating,
    Environment,
    Episode,
    ForeignActing,
    Observation,
    Probing,
    Scenario,
    Step,
    Truth,
)
from bridle.errors import BridleError, EnvironmentFault
from bridle.harness import CONTRACTS, Action

Play: TypeAlias = list[tuple[Observation, Action, Step]]
"""What happened in an episode, in order."""

JUNK_TEXT: tuple[Action, ...] = (
    "",
    " ",
    "\x00\ud800\U0001f600",
    "[",
    "][",
    "[]" * 50,
    "[１]",
    "[99999999999999999999999999]",
    "9" * 5000,
    "a" * 1_000_000,
    "[" + " " * 100_000,
    bytes(range(256)).decode("latin-1"),
)
JUNK_CALLS: tuple[Action, ...] = (
    {},
    {"tool": "no such tool", "arguments": {}},
    {"tool": 7, "arguments": None},
    {"arguments": {"x": [[[]]]}},
    {"tool": "", "arguments": {"": "a" * 100_000}},
)


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A promise of the port that the environment did not keep."""

    check: str
    message: str

    def __str__(self) -> str:
        return f"{self.check}: {self.message}"


@dataclass(kw_only=True)
class CheckReport:
    """What was checked and what was found. An environment keeps the contract when `findings` is empty."""

    environment: str
    findings: list[Finding] = field(default_factory=list)
    episodes: int = 0
    steps: int = 0
    probed_legal: int = 0
    probed_illegal: int = 0
    capabilities: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether nothing was found."""
        return not self.findings

    def add(self, check: str, message: str) -> None:
        """Note a finding once."""
        finding = Finding(check=check, message=message)
        if finding not in self.findings:
            self.findings.append(finding)


@dataclass(frozen=True, kw_only=True)
class Effort:
    """How much to check: scenarios, steps an episode, and how often on the way probes and samples are compared."""

    scenarios: int = 2
    steps: int = 60
    every: int = 7


def check_environment(environment: Environment, effort: Effort | None = None) -> CheckReport:
    """Run every check on the environment.

    Nothing is raised: an exception where the port promises none is a finding.
    """
    report = CheckReport(environment=str(getattr(environment, "name", environment)))
    effort = effort or Effort()
    suite = _Suite(environment, effort, report)
    for check in (
        suite.declarations,
        suite.splits,
        suite.capabilities,
        suite.play,
        suite.repeatable,
        suite.interleaved,
        suite.probes,
        suite.illegal_steps,
        suite.junk,
        suite.foreign,
        suite.over,
    ):
        _guarded(report, check)
    return report


def _guarded(report: CheckReport, check: Callable[[], None]) -> None:
    """Run a check: exceptions, prints and draws from the process's generator are findings."""
    name = check.__name__.strip("_")
    before, output = random.getstate(), io.StringIO()
    try:
        with contextlib.redirect_stdout(output):
            check()
    except BridleError as error:
        report.add(name, f"raised {type(error).__name__}: {error}")
    except Exception as error:
        report.add(name, f"raised {type(error).__name__}: {str(error)[:300]}")
    if output.getvalue():
        report.add(name, f"printed to standard output: {output.getvalue()[:80]!r}")
    if random.getstate() != before:
        report.add(name, "drew from the process's global random generator")
        random.setstate(before)


class _Suite:
    """The checks, over one environment."""

    def __init__(self, environment: Environment, effort: Effort, report: CheckReport) -> None:
        self._environment, self._effort, self._report = environment, effort, report
        self._is_text = getattr(getattr(environment, "contract", None), "name", "") == "text-action"
        self._played: list[Play] = []

    def declarations(self) -> None:
        """What the environment declares is of the right type."""
        environment = self._environment
        for name in ("name", "description", "action_space"):
            value = getattr(environment, name, None)
            if not isinstance(value, str) or not value:
                self._report.add("declarations", f"`{name}` is {value!r}; it has to be a text")
        if environment.contract.name not in CONTRACTS:
            self._report.add("declarations", f"the contract {environment.contract.name!r} is unknown")
        if not isinstance(environment.players, int) or environment.players < 1:
            self._report.add("declarations", f"`players` is {environment.players!r}; it has to be 1 or more")
        low, high = environment.reward_range
        if not low < high:
            self._report.add("declarations", f"`reward_range` {environment.reward_range} is empty")

    def splits(self) -> None:
        """Every split has scenarios of its own, in a fixed order."""
        seen: dict[tuple[int, str], str] = {}
        for split in SPLITS:
            first = list(islice(self._environment.scenarios(split), 40))
            if not first:
                self._report.add("splits", f"the split {split} is empty")
            if first != list(islice(self._environment.scenarios(split), 40)):
                self._report.add("splits", f"the scenarios of {split} are not in a fixed order")
            for scenario in first:
                other = seen.setdefault((scenario.seed, scenario.template), split)
                if other != split:
                    self._report.add("splits", f"seed {scenario.seed} is in {other} and in {split}")
                if scenario.split != split:
                    self._report.add("splits", f"a scenario of {split} says that it is of {scenario.split}")

    def capabilities(self) -> None:
        """Which optional protocols the episodes have; not a promise, only noted."""
        episode = self._environment.start(self._scenarios()[0])
        named: dict[str, type] = {"probe": Probing, "legal_actions": Enumerating, "foreign_actions": ForeignActing}
        self._report.capabilities = tuple(name for name, port in named.items() if isinstance(episode, port))

    def play(self) -> None:
        """Play every scenario, with all that the port promises of observations and steps."""
        for scenario in self._scenarios():
            episode = self._environment.start(scenario)
            rng = random.Random(scenario.seed)
            self._played.append(self._play(episode, partial(self._choose, episode, rng)))
            self._report.episodes += 1

    def repeatable(self) -> None:
        """The same scenario and actions give the same episode."""
        for scenario, play in zip(self._scenarios(), self._played, strict=False):
            again = self._replay(self._environment.start(scenario), play)
            self._compare("repeatable", play, again, "the same scenario and actions gave another episode")

    def interleaved(self) -> None:
        """Episodes in one process don't disturb each other, nor does the process's generator disturb them."""
        episodes = [self._environment.start(scenario) for scenario in self._scenarios()]
        plays: list[Play] = [[] for _ in episodes]
        state = random.getstate()
        for turn in range(max((len(play) for play in self._played), default=0)):
            for episode, original, play in zip(episodes, self._played, plays, strict=False):
                if turn < len(original):
                    random.seed(turn)
                    play.append((episode.observe(), original[turn][1], episode.step(original[turn][1])))
        random.setstate(state)
        for original, play in zip(self._played, plays, strict=False):
            self._compare("interleaved", original, play, "an episode differs when another is played beside it")

    def probes(self) -> None:
        """`probe` and `legal_actions` agree with `step`, and leave the episode as it was."""
        for scenario, play in zip(self._scenarios(), self._played, strict=False):
            episode = self._environment.start(scenario)
            if not isinstance(episode, Probing):
                return
            rng, prefix = random.Random(scenario.seed + 1), list[Action]()
            for turn, (_, action, _) in enumerate(play):
                if turn % self._effort.every == 0:
                    self._compare_probes(episode, scenario, prefix, rng)
                episode.step(action)
                prefix.append(action)
            again = self._replay_probing(self._environment.start(scenario), play)
            self._compare("probes", play, again, "probing disturbed the episode")

    def illegal_steps(self) -> None:
        """An illegal step leaves the game as it was, and the same player to move."""
        for scenario in self._scenarios():
            episode = self._environment.start(scenario)
            illegal = self._find_illegal(episode, random.Random(scenario.seed))
            if illegal is None:
                continue
            before = episode.observe().player
            legal = self._listed(episode)
            step = episode.step(illegal)
            if step.over:
                continue
            if episode.observe().player != before:
                self._report.add("illegal steps", f"after the illegal action {illegal!r} another player is to move")
            if legal is not None and self._listed(episode) != legal:
                self._report.add("illegal steps", f"after the illegal action {illegal!r} other actions are legal")

    def junk(self) -> None:
        """Whatever an action is, `step` and `probe` answer."""
        scenario = self._scenarios()[0]
        for action in JUNK_TEXT if self._is_text else JUNK_CALLS:
            episode = self._environment.start(scenario)
            truth = episode.probe(action) if isinstance(episode, Probing) else None
            step = episode.step(action)
            self._check_step(step, action)
            if truth is not None and truth.legal != step.legal:
                self._report.add("junk", f"probe({_short(action)}) says {truth.legal}, step says {step.legal}")

    def foreign(self) -> None:
        """Foreign actions are made from the generator given, and are not all of one kind."""
        legal = illegal = 0
        for scenario in self._scenarios():
            episode = self._environment.start(scenario)
            if not isinstance(episode, ForeignActing):
                return
            sample = episode.foreign_actions(random.Random(5))
            if sample != episode.foreign_actions(random.Random(5)):
                self._report.add("foreign", "the same generator gave another sample")
            if not isinstance(episode, Probing):
                return
            truths = [bool(episode.probe(action)) for action in sample]
            legal, illegal = legal + sum(truths), illegal + len(truths) - sum(truths)
        if not illegal:
            self._report.add("foreign", "no sample held an illegal action")
        if not legal:
            self._report.add("foreign", "no sample held a legal action")

    def over(self) -> None:
        """A step after the end is a fault."""
        for scenario, play in zip(self._scenarios(), self._played, strict=False):
            if not play or not play[-1][2].over:
                continue
            episode = self._environment.start(scenario)
            self._replay(episode, play)
            with contextlib.suppress(EnvironmentFault):
                episode.step(play[-1][1])
                self._report.add("over", "a step after the episode's end was taken; raise EnvironmentFault")

    def _scenarios(self) -> list[Scenario]:
        train = self._environment.scenarios("train")
        return list(islice(iter(train), self._effort.scenarios))

    def _play(self, episode: Episode, choose: Callable[[int], Action | None]) -> Play:
        play: Play = []
        for turn in range(self._effort.steps):
            observation = episode.observe()
            self._check_observation(observation, episode.observe())
            action = choose(turn)
            if action is None:
                break
            step = episode.step(action)
            self._check_step(step, action)
            play.append((observation, action, step))
            self._report.steps += 1
            if step.over:
                break
        if play and play[-1][2].over and all(step.legal for _, _, step in play):
            low, high = self._environment.reward_range
            if not all(low <= reward <= high for reward in play[-1][2].rewards):
                self._report.add("play", f"rewards {play[-1][2].rewards} are outside the range declared")
        return play

    def _replay(self, episode: Episode, play: Play) -> Play:
        actions = [action for _, action, _ in play]
        return self._play(episode, lambda turn: actions[turn] if turn < len(actions) else None)

    def _replay_probing(self, episode: Episode, play: Play) -> Play:
        actions = [action for _, action, _ in play]

        def choose(turn: int) -> Action | None:
            if turn < len(actions) and turn % self._effort.every == 1:
                cast(Probing, episode).probe(actions[turn])
                cast(Probing, episode).probe("no such action" if self._is_text else {})
                self._listed(episode)
            return actions[turn] if turn < len(actions) else None

        return self._play(episode, choose)

    def _choose(self, episode: Episode, rng: random.Random, _turn: int) -> Action | None:
        """Mostly a legal action, now and then any."""
        if isinstance(episode, ForeignActing) and rng.random() < 0.1:
            return rng.choice(episode.foreign_actions(rng))
        if isinstance(episode, Enumerating):
            legal = episode.legal_actions()
            return rng.choice(legal) if legal else None
        if isinstance(episode, ForeignActing):
            sample = episode.foreign_actions(rng)
            if isinstance(episode, Probing):
                sample = [action for action in sample if episode.probe(action)] or sample
            return rng.choice(sample)
        return rng.choice(JUNK_TEXT[:5] if self._is_text else JUNK_CALLS)

    def _compare_probes(self, episode: Episode, scenario: Scenario, prefix: list[Action], rng: random.Random) -> None:
        """Each action, probed here, against a step on a replayed copy."""
        probing = cast(Probing, episode)
        listed = self._listed(episode) or []
        if listed != (self._listed(episode) or []):
            self._report.add("probes", "legal_actions() asked twice gave two answers")
        sample = rng.sample(listed, min(3, len(listed)))
        if isinstance(episode, ForeignActing):
            foreign = episode.foreign_actions(rng)
            sample += rng.sample(foreign, min(8, len(foreign)))
        for action in sample:
            truth = probing.probe(action)
            copy = self._environment.start(scenario)
            for earlier in prefix:
                copy.step(earlier)
            step = copy.step(action)
            if truth.legal != step.legal or (not truth.legal and truth.feedback != step.feedback):
                self._report.add(
                    "probes", f"probe({_short(action)}) says {truth}, step {Truth(step.legal, step.feedback)}"
                )
            if action in listed and not truth.legal:
                self._report.add("probes", f"legal_actions() lists {_short(action)}, probe refuses it")
            if truth.legal:
                self._report.probed_legal += 1
            else:
                self._report.probed_illegal += 1

    def _find_illegal(self, episode: Episode, rng: random.Random) -> Action | None:
        candidates: Iterable[Action] = JUNK_TEXT[:5] if self._is_text else JUNK_CALLS
        if isinstance(episode, ForeignActing):
            candidates = [*episode.foreign_actions(rng), *candidates]
        if not isinstance(episode, Probing):
            return None
        return next((action for action in candidates if not episode.probe(action)), None)

    def _listed(self, episode: Episode) -> list[Action] | None:
        return episode.legal_actions() if isinstance(episode, Enumerating) else None

    def _check_observation(self, observation: Observation, again: Observation) -> None:
        if observation != again:
            self._report.add("play", "observe() asked twice gave two answers")
        if not 0 <= observation.player < self._environment.players:
            self._report.add("play", f"player {observation.player} is to move, of {self._environment.players}")
        if self._is_text and not isinstance(observation.view, str):
            self._report.add("play", f"a view is {type(observation.view).__name__}; under text-action it is text")
        if not self._is_text:
            if not isinstance(observation.view, dict):
                self._report.add("play", f"a view is {type(observation.view).__name__}; under tool-call an object")
            json.dumps(observation.view)

    def _check_step(self, step: Step, action: Action) -> None:
        if not step.legal and not step.error_class:
            self._report.add("play", f"the refusal of {_short(action)} names no error class")
        if step.over and len(step.rewards) != self._environment.players:
            self._report.add("play", f"{len(step.rewards)} rewards at the end, for {self._environment.players} players")
        if not step.over and step.rewards:
            self._report.add("play", "rewards before the end")

    def _compare(self, check: str, first: Play, second: Play, message: str) -> None:
        if first != second:
            turn = next((i for i, (a, b) in enumerate(zip(first, second, strict=False)) if a != b), len(second))
            self._report.add(check, f"{message} (first at step {turn})")


def _short(value: Any) -> str:
    return repr(value)[:60]
