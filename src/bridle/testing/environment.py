"""The contract suite of environments: what `bridle environments --check ID` runs, on ours and on anybody's.

What it finds are values, not exceptions, so that one broken promise does not hide the next.
"""

from __future__ import annotations

import contextlib
import io
import random
from collections.abc import Callable
from functools import partial
from itertools import islice
from typing import cast

from bridle.environment import (
    SPLITS,
    Enumerating,
    Environment,
    Episode,
    ForeignActing,
    Probing,
    Scenario,
    Truth,
)
from bridle.errors import BridleError, EnvironmentFault
from bridle.harness import CONTRACTS, Action
from bridle.testing.findings import CheckReport, Effort, Finding
from bridle.testing.player import Play, Player, short

__all__ = ["CheckReport", "Effort", "Finding", "check_environment"]


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
        self._player = Player(environment, effort, report)
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
            self._played.append(self._player.play(episode, partial(self._player.choose, episode, rng)))
            self._report.episodes += 1

    def repeatable(self) -> None:
        """The same scenario and actions give the same episode."""
        for scenario, play in zip(self._scenarios(), self._played, strict=False):
            again = self._player.replay(self._environment.start(scenario), play)
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
            again = self._player.replay_probing(self._environment.start(scenario), play)
            self._compare("probes", play, again, "probing disturbed the episode")

    def illegal_steps(self) -> None:
        """An illegal step leaves the game as it was, and the same player to move."""
        for scenario in self._scenarios():
            episode = self._environment.start(scenario)
            illegal = self._player.find_illegal(episode, random.Random(scenario.seed))
            if illegal is None:
                continue
            before = episode.observe().player
            legal = self._player.listed(episode)
            step = episode.step(illegal)
            if step.over:
                continue
            if episode.observe().player != before:
                self._report.add("illegal steps", f"after the illegal action {illegal!r} another player is to move")
            if legal is not None and self._player.listed(episode) != legal:
                self._report.add("illegal steps", f"after the illegal action {illegal!r} other actions are legal")

    def junk(self) -> None:
        """Whatever an action is, `step` and `probe` answer."""
        scenario = self._scenarios()[0]
        for action in self._player.junk:
            episode = self._environment.start(scenario)
            truth = episode.probe(action) if isinstance(episode, Probing) else None
            step = episode.step(action)
            self._player.check_step(step, action)
            if truth is not None and truth.legal != step.legal:
                self._report.add("junk", f"probe({short(action)}) says {truth.legal}, step says {step.legal}")

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
            self._player.replay(episode, play)
            with contextlib.suppress(EnvironmentFault):
                episode.step(play[-1][1])
                self._report.add("over", "a step after the episode's end was taken; raise EnvironmentFault")

    def _scenarios(self) -> list[Scenario]:
        train = self._environment.scenarios("train")
        return list(islice(iter(train), self._effort.scenarios))

    def _compare_probes(self, episode: Episode, scenario: Scenario, prefix: list[Action], rng: random.Random) -> None:
        """Each action, probed here, against a step on a replayed copy."""
        probing = cast(Probing, episode)
        listed = self._player.listed(episode) or []
        if listed != (self._player.listed(episode) or []):
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
                    "probes", f"probe({short(action)}) says {truth}, step {Truth(step.legal, step.feedback)}"
                )
            if action in listed and not truth.legal:
                self._report.add("probes", f"legal_actions() lists {short(action)}, probe refuses it")
            if truth.legal:
                self._report.probed_legal += 1
            else:
                self._report.probed_illegal += 1

    def _compare(self, check: str, first: Play, second: Play, message: str) -> None:
        if first != second:
            turn = next((i for i, (a, b) in enumerate(zip(first, second, strict=False)) if a != b), len(second))
            self._report.add(check, f"{message} (first at step {turn})")
