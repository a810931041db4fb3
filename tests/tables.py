"""An environment in which an action says itself what becomes of it, and a harness that answers from a table.

No generated code runs: what every call is answered is drawn beforehand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from bridle.environment import Observation, Scenario, SeededScenarios, Split, Step
from bridle.errors import Blame, EnvironmentFault, Failure
from bridle.harness import TEXT_ACTION, Call, Reply

FAILED = Failure(blame=Blame.HARNESS, kind="exception", message="ValueError: no", line=7)

OUTCOMES = {
    # name: (what is proposed, what the check says)
    "legal": ("legal", True),
    "over": ("over", True),
    "refused-legal": ("legal", False),
    "refused-over": ("over", False),
    "illegal-accepted": ("illegal", True),
    "illegal-refused": ("illegal", False),
    "crash-propose": (FAILED, None),
    "crash-check": ("legal", FAILED),
    "crash-both": ("illegal", FAILED),
    "fault": ("fault", True),
    "break": ("break", True),
}


class Obedient:
    """The environment. `stuck` and `unstartable` are numbers of scenarios that offer nothing, or can't be started."""

    name, description, action_space = "obedient", "", ""
    contract = TEXT_ACTION
    reward_range = (0.0, 2.0)

    def __init__(self, players: int = 1, stuck: Sequence[int] = (), unstartable: Sequence[int] = ()) -> None:
        self.players, self.stuck, self.unstartable = players, stuck, unstartable
        self.started: list[int] = []

    def scenarios(self, split: Split) -> Sequence[Scenario]:
        return SeededScenarios(split, length=1_000_000)

    def start(self, scenario: Scenario) -> ObedientEpisode:
        self.started.append(scenario.index)
        if scenario.index in self.unstartable:
            raise KeyError("the level file is missing")
        return ObedientEpisode(scenario.index, self.players, scenario.index in self.stuck)


@dataclass
class ObedientEpisode:
    number: int
    players: int
    stuck: bool
    taken: list[str] = field(default_factory=list)

    def observe(self) -> Observation:
        view = f"{self.number}/{len(self.taken)}"
        return Observation(len(self.taken) % self.players, view, no_legal_action=self.stuck)

    def step(self, action: Any) -> Step:
        if action == "fault":
            raise EnvironmentFault("The dice are lost.")
        if action == "break":
            raise ZeroDivisionError("division by zero")
        if action == "illegal":
            return Step(False, "That is against the rules.", "illegal")
        self.taken.append(action)
        rewards = tuple(float(player) for player in range(1, self.players + 1))
        return Step(True, rewards=rewards, terminated=True) if action == "over" else Step(True)


class Table:
    """A loaded harness: the answers of each lane, in order, then "legal" for ever. Every lane has its own scenarios."""

    def __init__(self, scripts: Sequence[Sequence[str]]) -> None:
        self.scripts = [list(script) for script in scripts]
        self.calls: list[tuple[int, str]] = []
        self.largest = 0

    def call(self, function: str, *values: Any) -> Reply:
        raise NotImplementedError("rollouts come in batches")

    def batch(self, calls: Sequence[Call]) -> list[Reply]:
        self.largest = max(self.largest, len(calls))
        return [self.answer(call) for call in calls]

    def answer(self, call: Call) -> Reply:
        assert (call.function, call.then) == ("propose_action", "is_legal_action")
        lane = int(call.values[0].split("/")[0]) % len(self.scripts)
        script = self.scripts[lane]
        outcome = script.pop(0) if script else "legal"
        self.calls.append((lane, outcome))
        proposed, checked = OUTCOMES[outcome]
        if isinstance(proposed, Failure):
            return Reply(failure=proposed)
        return Reply(proposed, then=Reply(failure=checked) if isinstance(checked, Failure) else Reply(checked))

    def close(self) -> None:
        pass


class Piped(Table):
    """The same, with two batches on their way at once."""

    def __init__(self, scripts: Sequence[Sequence[str]]) -> None:
        super().__init__(scripts)
        self.waiting: list[Sequence[Call]] = []
        self.most = 0

    def submit(self, calls: Sequence[Call]) -> None:
        self.waiting.append(calls)
        self.most = max(self.most, len(self.waiting))

    def collect(self) -> list[Reply]:
        return self.batch(self.waiting.pop(0))
