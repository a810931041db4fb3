"""Judged rows of a tool-call environment: many, and such that rare states occur. What a rule learner learns from.

Episodes take turns: agents work unguarded, so that failures and repeated calls stand in the views; they work behind a
perfect probe, so that they get far; and somebody plays random legal calls, so that things happen which no plan
foresees. In every state the agent's own proposal is judged and some made-up calls, more of those that are rarely
applicable. `telling_calls` plays more episodes for as many rows, and keeps of each only what tells something new.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from operator import itemgetter
from typing import NamedTuple, Protocol

from bridle.agents.agent import Agent
from bridle.agents.planner import Planning
from bridle.agents.random_legal import RandomLegal
from bridle.agents.simulated import simulated
from bridle.arguments import Schema
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
    """A row in a pool: how many alike its episode told before it, a draw that decides among equals, and its place.

    `beside` says that a call on the same thing, as it stood, was accepted.
    """

    before: int
    draw: float
    place: int
    row: Row
    beside: bool


class _Sort(NamedTuple):
    """A kind of rows: a tool with an outcome, and a proposer; apart is what is refused by what the view declares."""

    tool: str
    error_class: str
    proposer: str
    declared: bool


class _Pool:
    """Rows by kind, at most so many altogether: the most abundant kinds are thinned, evenly over their episodes."""

    def __init__(self, count: int) -> None:
        """An empty pool of `count` rows."""
        self._count = count
        self._kinds: dict[_Sort, list[_Kept]] = {}
        self._schemas: dict[str, Schema] = {}
        self.told = 0

    def add(self, rows: Iterable[Row], rng: random.Random) -> None:
        """Add an episode's rows, in their order: of each kind a few, drawn."""
        told = list(rows)
        fine = {thing for row in told if row.legal for thing in _things(row)}
        here: dict[tuple[str, str, str, bool], list[tuple[int, Row, bool]]] = {}
        for row in told:
            hidden = not row.legal and row.error_class not in INTERFACE
            beside = hidden and any(thing in fine for thing in _things(row))
            here.setdefault((*_outcome(row), row.proposer, beside), []).append((self.told, row, beside))
            self.told += 1
        for (tool, error_class, proposer, _), alike in here.items():
            rng.shuffle(alike)
            for before, one in enumerate(alike[:ALIKE]):
                kept = _Kept(before, rng.random(), *one)
                sort = _Sort(tool, error_class, proposer, self._declared(kept.row))
                self._kinds.setdefault(sort, []).append(kept)
        if sum(map(len, self._kinds.values())) > 2 * self._count:
            self._thin()

    def _declared(self, row: Row) -> bool:
        """Whether the view declares what the interface refuses: a service may answer its own rules about form alike."""
        name, arguments = parts(row.action)
        tool = row.view.get("tools", {}).get(name)
        if row.error_class not in INTERFACE or tool is None or not isinstance(arguments, dict):
            return row.error_class in INTERFACE
        if name not in self._schemas:
            self._schemas[name] = Schema(tool["schema"])
        return self._schemas[name].misfit(arguments) is not None

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
            them[:] = _in_turn(them)[: max(1, int(level * _weight(kind)))]


def _weight(sort: _Sort) -> float:
    """How much room a kind gets beside others, where there is not enough.

    What agents propose is what a harness will be asked about. What a schema refuses, it declares; of all else, a few
    calls of a kind may be all that breaks one of the rules that are behind it.
    """
    if sort.proposer:
        return 2.0
    return 0.15 if sort.declared else 1.0


def _in_turn(kept: Sequence[_Kept]) -> list[_Kept]:
    """Those beside accepted calls and the others in turn, as long as there are both.

    What is refused of a thing with which the same tool was accepted, as it stood, is refused for another reason than
    its state, and would be lost among all that is refused for that.
    """
    turns: Counter[bool] = Counter()
    order: list[tuple[int, bool, _Kept]] = []
    for one in sorted(kept, key=itemgetter(0, 1, 2)):
        order.append((turns[one.beside], not one.beside, one))
        turns[one.beside] += 1
    return [one for _, _, one in sorted(order, key=itemgetter(0, 1))]


def _things(row: Row) -> Iterator[tuple[str, str, str]]:
    """The things that a call names, as they stood, each with the call's tool."""
    tool, arguments = parts(row.action)
    shown = row.view.get("resources", {})
    for value in arguments.values() if isinstance(arguments, dict) else ():
        if isinstance(value, str) and value in shown:
            yield tool, value, repr(shown[value])


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
