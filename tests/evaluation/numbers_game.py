"""A game with known truths, and loaded harnesses whose functions are this file's own: no generated code runs."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

from bridle.environment import Observation, Scenario, SeededScenarios, Split, Step, Truth
from bridle.errors import Blame, Failure
from bridle.harness import TEXT_ACTION, Action, Call, Reply

LAST = 40


class Numbers:
    """Count up by one, two or three. `hidden` and the first number is on a coin that nobody sees: [heads] or [tails].

    `breaks_at` is a number from which on everything raises, `starts` how many distinct ones there are, and a `lenient`
    game takes an action in other spellings too.
    """

    description, action_space, contract, players, reward_range = "", "", TEXT_ACTION, 2, (0.0, 1.0)

    def __init__(
        self, *, hidden: bool = False, breaks_at: int = 10**6, starts: int = 10**6, lenient: bool = False
    ) -> None:
        self.name = "numbers"
        self.hidden, self.breaks_at, self.starts, self.lenient = hidden, breaks_at, starts, lenient

    def scenarios(self, split: Split) -> Sequence[Scenario]:
        return SeededScenarios(split)

    def start(self, scenario: Scenario) -> NumbersEpisode:
        return NumbersEpisode(self, random.Random(scenario.seed % self.starts))


class NumbersEpisode:
    def __init__(self, game: Numbers, rng: random.Random) -> None:
        self.game, self.moves, self.refused = game, 0, 0
        self.coin = rng.choice(("[heads]", "[tails]")) if game.hidden else None
        self.at = 0 if game.hidden else rng.randrange(20)

    def observe(self) -> Observation:
        return Observation(
            self.moves % 2, "Heads or tails?" if self.coin else f"{self.at} after {self.refused} refusals"
        )

    def step(self, action: Action) -> Step:
        truth = self.probe(action)
        if not truth:
            self.refused += 1
            return Step(False, truth.feedback, "illegal", rewards=(0.0, 0.0), terminated=self.refused > 3)
        self.moves += 1
        if self.coin:
            self.coin = None
        else:
            self.at = int(str(action).strip("[]! \n"))
        return Step(True, rewards=(1.0, 0.0) if self.at >= LAST else (), terminated=self.at >= LAST)

    def probe(self, action: Action) -> Truth:
        if self.at >= self.game.breaks_at:
            raise KeyError("the level file is missing")
        if (str(action).strip("! \n") if self.game.lenient else action) in self.legal_actions():
            return Truth(True)
        return Truth(
            False, f"The coin is not {action}." if self.coin else f"{action} is not above {self.at}.", "illegal"
        )

    def legal_actions(self) -> list[Action]:
        return [self.coin] if self.coin else list[Action](counted(self.at))

    def foreign_actions(self, rng: random.Random) -> list[Action]:
        if self.coin:
            return ["[heads]", "[tails]", "", "heads"]
        near = [f"[{self.at + step}]" for step in (-1, 0, 4, 9)]
        return [*self.legal_actions(), *near, f"{self.at + 1}", f"[ {self.at + 1} ]", "", "pass", "[one]"]


def counted(at: int) -> list[str]:
    return [f"[{at + step}]" for step in (1, 2, 3)]


def is_legal(view: str, action: str) -> bool:
    """The truth, as far as the view shows it."""
    return not view.startswith("Heads") and action in counted(int(view.split()[0]))


class Functions:
    """A loaded harness made of two functions of this process. What they raise is their failure."""

    def __init__(
        self,
        check: Callable[[str, str], bool] = is_legal,
        propose: Callable[[str, random.Random], str] | None = None,
    ) -> None:
        self.check, self.propose = check, propose or (lambda view, rng: rng.choice(counted(int(view.split()[0]))))
        self.asked = 0

    def call(self, function: str, *values: Any) -> Reply:
        return self.batch([Call(function, values)])[0]

    def batch(self, calls: Sequence[Call]) -> list[Reply]:
        self.asked += len(calls)
        return [self.answer(call) for call in calls]

    def answer(self, call: Call) -> Reply:
        try:
            if call.function == "is_legal_action":
                return Reply(self.check(*call.values))
            action = self.propose(call.values[0], random.Random(call.seed))
        except Hangs:
            return Reply(failure=Failure(blame=Blame.HARNESS, kind="timeout", message="the call took longer than 1 s"))
        except Exception as error:
            message = f"{type(error).__name__}: {error}"
            return Reply(failure=Failure(blame=Blame.HARNESS, kind="exception", message=message, line=3))
        return Reply(action, then=self.answer(Call(call.then, (*call.values, action))) if call.then else None)

    def close(self) -> None:
        pass


class Hangs(Exception):
    """Raised by a function that would not come back in time."""


class Mute:
    """An episode that can only be played."""

    def observe(self) -> Observation:
        return Observation(0, "0")

    def step(self, action: Action) -> Step:
        return Step(True, terminated=True, rewards=(0.0, 0.0))


class MuteNumbers(Numbers):
    def start(self, scenario: Scenario) -> Any:
        return Mute()
