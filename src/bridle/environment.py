"""The environment: something that plays episodes from a seed and says which actions it accepts.

An environment is cheap to make and holds no state of a game; an `Episode` is one game, used once. Legality is the
environment's word alone: `Step.legal` tells whether the action was operationally valid, never whether it was wise, and
never whether anybody is authorised to take it.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Protocol, TypeAlias, cast, overload, runtime_checkable

from bridle.errors import UsageError
from bridle.harness import Action, Contract, Harness

Split: TypeAlias = Literal["train", "validation", "sealed"]
SPLITS: tuple[Split, ...] = ("train", "validation", "sealed")


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """One seeded start. `template` groups scenarios that share a template, for clustered intervals."""

    split: str
    index: int
    seed: int
    template: str = ""


class Observation(NamedTuple):
    """What the player to move sees.

    `view` is text under `text-action` and a JSON object under `tool-call`; a harness's first argument.
    `no_legal_action` is True where the environment knows that nothing it could be given would be legal.
    """

    player: int
    view: Any
    no_legal_action: bool = False


class Step(NamedTuple):
    """What the environment made of an action.

    `feedback` is the environment's own sentence (empty where it gave none). `error_class` is a short word where
    `legal` is False (`illegal`, or a tool's typed error). `result` is what a tool call returned. `rewards` holds one
    number per player, in player order, once the episode is over, else it is empty. `terminated`: the rules ended the
    episode; `truncated`: a limit did.
    """

    legal: bool
    feedback: str = ""
    error_class: str = ""
    result: Any = None
    rewards: tuple[float, ...] = ()
    terminated: bool = False
    truncated: bool = False

    @property
    def over(self) -> bool:
        """Whether the episode is over, for whichever reason."""
        return self.terminated or self.truncated


class Truth(NamedTuple):
    """What `probe` answers: legal or not, and the environment's sentence on it. Truthy when legal."""

    legal: bool
    feedback: str = ""
    error_class: str = ""

    def __bool__(self) -> bool:
        return self.legal


class Episode(Protocol):
    """One episode, used once; there is no reset."""

    def observe(self) -> Observation:
        """What the player to move sees now. Asking twice gives the same."""

    def step(self, action: Action) -> Step:
        """Take the action for the player to move.

        An inapplicable action is a `Step` with `legal=False`, never an exception, and leaves the state of the game as
        it was (where the environment counts errors, it may end the episode).

        Raises:
            EnvironmentFault: the environment broke, or the episode was already over.
        """


class Environment(Protocol):
    """A source of episodes. What it declares is what a refiner may be told."""

    name: str
    description: str
    action_space: str
    contract: Contract
    players: int
    reward_range: tuple[float, float]

    def scenarios(self, split: Split) -> Sequence[Scenario]:
        """The scenarios of a split, in a fixed order; the three splits share none.

        A lazily computed sequence may be very long; nobody iterates over all of it.
        """

    def start(self, scenario: Scenario) -> Episode:
        """A fresh episode; the same scenario and actions always give the same episode."""


@runtime_checkable
class Probing(Protocol):
    """An episode that tells the truth about an action in its present state."""

    def probe(self, action: Action) -> Truth:
        """Whether `step(action)` would be legal now, and why not. Leaves the episode as it was."""


@runtime_checkable
class Enumerating(Protocol):
    """An episode that can list what is legal."""

    def legal_actions(self) -> list[Action]:
        """Legal actions in a fixed order: all where there are finitely many, else a fair sample, and then saying so."""


@runtime_checkable
class ForeignActing(Protocol):
    """An episode that makes up plausible actions, legal and illegal, such as some agent might propose."""

    def foreign_actions(self, rng: random.Random) -> list[Action]:
        """A fresh sample: legal ones, near misses, actions of other states, and malformed ones."""


@runtime_checkable
class Copying(Protocol):
    """An episode that can be copied, hidden state and all: for players that search."""

    def copy(self, rng: random.Random) -> Episode:
        """The same episode going on by itself; what chance decides from now on is drawn anew from `rng`."""


@runtime_checkable
class Shipping(Protocol):
    """An environment that comes with a harness written by hand: the honest baseline of a generated one."""

    def manual_harness(self) -> Harness:
        """What a good engineer would write from the documentation alone. Data: it is never imported, only sandboxed."""


class SeededScenarios(Sequence[Scenario]):
    """The scenarios of an environment whose starts are made from any integer seed.

    The splits are disjoint by construction: seeds of a split are congruent modulo the number of splits.
    """

    def __init__(self, split: str, *, length: int = 500_000_000, splits: Sequence[str] = SPLITS) -> None:
        """`split` is one of `splits`; `length` is how many scenarios it has."""
        if split not in splits:
            raise UsageError(f"There is no split {split!r}; use one of {', '.join(splits)}.")
        self._split, self._offset, self._stride, self._length = split, list(splits).index(split), len(splits), length

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, index: int) -> Scenario: ...
    @overload
    def __getitem__(self, index: slice) -> list[Scenario]: ...
    def __getitem__(self, index: int | slice) -> Scenario | list[Scenario]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(self._length))]
        if not -self._length <= index < self._length:
            raise IndexError(index)
        index %= self._length
        return Scenario(split=self._split, index=index, seed=index * self._stride + self._offset)


def sample(environment: Environment) -> Episode:
    """The first train scenario, started: to see what an environment's episodes offer.

    Raises:
        UsageError: there is no train scenario.
    """
    scenarios = environment.scenarios("train")
    if not scenarios:
        raise UsageError(f"{environment.name} has no train scenario, so there is nothing to play; give it some.")
    return environment.start(scenarios[0])


OPEN_SPLITS: tuple[Split, ...] = ("train", "validation")


class _Unsealed:
    """Forwards everything to an environment but its sealed split."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        # From Python 3.12 on `isinstance` with a protocol sees what is there, not what `__getattr__` would answer.
        for name in dir(environment):
            if not name.startswith("_") and name not in ("scenarios", "start"):
                self.__dict__[name] = getattr(environment, name)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._environment, name)

    def __reduce__(self) -> tuple[Any, ...]:
        return _Unsealed, (self._environment,)

    def scenarios(self, split: Split) -> Sequence[Scenario]:
        """As the environment's, refusing `sealed`."""
        _refuse_sealed(split)
        return self._environment.scenarios(split)

    def start(self, scenario: Scenario) -> Episode:
        """As the environment's, refusing scenarios of the sealed split."""
        _refuse_sealed(scenario.split)
        return self._environment.start(scenario)


def _refuse_sealed(split: str) -> None:
    if split not in OPEN_SPLITS:
        raise UsageError(f"The {split} split is not open to a search; use train or validation.")


def unsealed(environment: Environment) -> Environment:
    """The environment without its sealed split: what a search is handed.

    Proof against accident, not against malice: code in this process can reach around it.
    """
    return cast(Environment, _Unsealed(environment))
