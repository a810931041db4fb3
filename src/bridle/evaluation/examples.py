"""Judged rows of a tool-call environment: many, and such that rare states occur. What a rule learner learns from.

Episodes take turns: agents work unguarded, so that failures and repeated calls stand in the views; they work behind a
perfect probe, so that they get far; and somebody plays random legal calls, so that things happen which no plan
foresees. In every state the agent's own proposal is judged and some made-up calls, more of those that are rarely
applicable. `telling_calls` plays more episodes for as many rows, and keeps of each only what tells something new.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from operator import itemgetter
from typing import NamedTuple, Protocol

from bridle.agents.agent import Agent
from bridle.agents.planner import Planning
from bridle.agents.random_legal import RandomLegal
from bridle.agents.simulated import simulated
from bridle.environment import Environment, ForeignActing, Observation, Probing, Scenario, Split, Truth
from bridle.errors import EnvironmentFault
from bridle.evaluation.judged import Row, stratified
from bridle.harness import Action
from bridle.runtime.effects import Refusal
from bridle.trace import INTERFACE, parts

AGENT = "agent"
"""The proposer of rows that an agent proposed in its episode."""

MADE_UP = 8
"""Made-up calls that are judged in a state."""

RARE = 60
"""Calls of a tool with one outcome (accepted, or an error class) from which on these are no longer rare."""

RARE_HERE = 2
"""Rare calls of one tool and outcome that one episode is asked for: many episodes tell more than one does."""

LONGEST = 80
"""Turns after which an episode is left."""

UNGUARDED, PROBED, RANDOM = "unguarded", "probed", "random"
TURNS = (UNGUARDED, PROBED, RANDOM, PROBED)
"""How the episodes are played, in turn."""

ROWS_AN_EPISODE = 20
"""Telling calls for which one episode is played: half of what an episode tells is schema and wrong ids, over again."""

EPISODES = 24
"""Episodes that are played for telling calls, at least."""

ALIKE = 4
"""Calls of one kind that an episode is asked for at most: the fifth tells nothing that the first did not."""


class Judging(Probing, ForeignActing, Protocol):
    """An episode that makes up calls and tells the truth about them."""


def judged_calls(environment: Environment, split: Split, *, count: int, seed: int, made_up: int = MADE_UP) -> list[Row]:
    """About `count` judged calls of a split; none where actions are text, or it can't probe or make up calls.

    With fewer `made_up` calls in a state the same count comes from more states, of more scenarios.
    Deterministic in its arguments. Where no simulated agent can work there, all episodes are played at random.
    """
    if environment.contract.name != "tool-call":
        return []
    rows: list[Row] = []
    seen: Counter[tuple[str, str]] = Counter()
    scenarios = environment.scenarios(split)
    for number in range(10 * count):
        rng = random.Random(f"{seed}/examples/{split}/{number}")
        scenario = scenarios[(seed * 7919 + number) % len(scenarios)]
        manner = TURNS[number % len(TURNS)] if isinstance(environment, Planning) else RANDOM
        try:
            rows.extend(_played(environment, scenario, manner, made_up, seen, rng))
        except EnvironmentFault:
            continue  # this episode ends here; the next one goes on
        if len(rows) >= count or (number == len(TURNS) and not rows):
            break
    return stratified(rows[:count])


def telling_calls(environment: Environment, split: Split, *, count: int, seed: int) -> list[Row]:
    """At most `count` judged calls of a split, of many scenarios, abundant kinds thinned: for learners of rules.

    As `judged_calls`, but of every made-up call that was judged anywhere those are kept that tell most: a kind is a
    tool with an outcome, apart for what agents proposed. Where there is no room for all, kinds are levelled: rare ones
    keep every row, of the others those go first that an episode told before. Deterministic in its arguments.
    """
    if environment.contract.name != "tool-call":
        return []
    pool = _Pool(count)
    scenarios = environment.scenarios(split)
    enough = max(EPISODES, count // ROWS_AN_EPISODE)
    for number in range(10 * count):
        rng = random.Random(f"{seed}/telling/{split}/{number}")
        scenario = scenarios[(seed * 7919 + number) % len(scenarios)]
        manner = TURNS[number % len(TURNS)] if isinstance(environment, Planning) else RANDOM
        rows: list[Row] = []
        with suppress(EnvironmentFault):  # this episode ends here; what it told until then is true
            rows.extend(row for row, _ in _judged(environment, scenario, manner, 0, rng))
        pool.add(rows, rng)
        if (number + 1 >= enough and pool.told >= count) or (number == len(TURNS) and not pool.told):
            break
    return stratified(pool.rows())


class _Kept(NamedTuple):
    """A row in a pool: how many alike its episode told before it, a draw that decides among equals, and its place."""

    before: int
    draw: float
    place: int
    row: Row


class _Pool:
    """Rows by kind, at most so many altogether: the most abundant kinds are thinned, evenly over their episodes."""

    def __init__(self, count: int) -> None:
        """An empty pool of `count` rows."""
        self._count = count
        self._kinds: dict[tuple[str, str, str], list[_Kept]] = {}
        self.told = 0

    def add(self, rows: Iterable[Row], rng: random.Random) -> None:
        """Add an episode's rows, in their order: of each kind a few, drawn."""
        here: dict[tuple[str, str, str], list[tuple[int, Row]]] = {}
        for row in rows:
            here.setdefault((*_outcome(row), row.proposer), []).append((self.told, row))
            self.told += 1
        for kind, alike in here.items():
            rng.shuffle(alike)
            kept = [_Kept(before, rng.random(), *one) for before, one in enumerate(alike[:ALIKE])]
            self._kinds.setdefault(kind, []).extend(kept)
        if sum(map(len, self._kinds.values())) > 2 * self._count:
            self._thin()

    def rows(self) -> list[Row]:
        """What is kept, in the order in which it was played."""
        self._thin()
        kept = sorted((one for them in self._kinds.values() for one in them), key=itemgetter(2))
        return [one.row for one in kept][: self._count]

    def _thin(self) -> None:
        """Thin the kinds with the most rows for their weight to one level, such that all fit."""
        left, weights = self._count, sum(map(_weight, self._kinds))
        level = None
        for kind, them in sorted(self._kinds.items(), key=lambda item: (len(item[1]) / _weight(item[0]), item[0])):
            if len(them) * weights > left * _weight(kind):
                level = left / weights
                break
            left, weights = left - len(them), weights - _weight(kind)
        if level is None:
            return
        for kind, them in self._kinds.items():
            them.sort()
            del them[max(1, int(level * _weight(kind))) :]


def _weight(kind: tuple[str, str, str]) -> float:
    """How much room a kind gets beside others, where there is not enough.

    What agents propose is what a harness will be asked about. What a schema refuses, it declares; of all else, a few
    calls of a kind may be all that breaks one of the rules that are behind it.
    """
    _, error_class, proposer = kind
    if proposer:
        return 2.0
    return 0.15 if error_class in INTERFACE else 1.0


def _played(
    environment: Environment,
    scenario: Scenario,
    manner: str,
    made_up: int,
    seen: Counter[tuple[str, str]],
    rng: random.Random,
) -> Iterator[Row]:
    """One episode's rows: the agent's, the made-up ones that were picked, and rare ones."""
    here: Counter[tuple[str, str]] = Counter()
    for row, picked in _judged(environment, scenario, manner, made_up, rng):
        outcome = _outcome(row)
        if row.proposer:
            yield row
        elif picked or (seen[outcome] < RARE and here[outcome] < RARE_HERE):
            here[outcome] += 1
            seen[outcome] += 1
            yield row


def _judged(
    environment: Environment, scenario: Scenario, manner: str, made_up: int, rng: random.Random
) -> Iterator[tuple[Row, bool]]:
    """Every call that is judged in one episode, each with whether it is to be taken in any case."""
    episode = environment.start(scenario)
    if not (isinstance(episode, Probing) and isinstance(episode, ForeignActing)):
        return
    agent: Agent = RandomLegal(episode, rng)
    if manner != RANDOM:
        agent = simulated(environment)(scenario, rng.getrandbits(32))
    refusals: tuple[Refusal, ...] = ()
    for _ in range(LONGEST):
        observation = episode.observe()
        if observation.no_legal_action:
            return
        action = agent.propose(observation, refusals)
        truth = episode.probe(action)
        if manner != RANDOM:
            yield _row(observation, action, truth, proposer=AGENT), True
        yield from _made_up(episode, observation, made_up, rng)
        if manner == PROBED and not truth:
            refusals = (Refusal(action, truth.feedback),)
            continue
        refusals = ()
        if episode.step(action).over:
            return


def _made_up(episode: Judging, observation: Observation, count: int, rng: random.Random) -> Iterator[tuple[Row, bool]]:
    """The made-up calls of a state, each with its truth and whether it is one of the few that are taken in any case."""
    actions = episode.foreign_actions(rng)
    picked = set(rng.sample(range(len(actions)), min(count, len(actions))))
    for place, action in enumerate(actions):
        yield _row(observation, action, episode.probe(action)), place in picked


def _outcome(row: Row) -> tuple[str, str]:
    """The call's tool, where there is such a tool, and its error class."""
    tool = parts(row.action)[0]
    return tool if tool in row.view.get("tools", ()) else "", row.error_class


def _row(observation: Observation, action: Action, truth: Truth, *, proposer: str = "") -> Row:
    return Row(
        player=observation.player,
        view=observation.view,
        action=action,
        legal=truth.legal,
        stratum="",
        feedback=truth.feedback,
        error_class=truth.error_class,
        proposer=proposer,
    )
