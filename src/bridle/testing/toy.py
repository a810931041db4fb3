"""A small text environment with every capability, for tests, demonstrations and as an example to copy.

Doors: a row of doors, opened from the middle outwards. A harness has to learn, one failure at a time, that
an action is a word and a number in brackets, that doors have numbers in a range, that only a door beside an open one
opens, that a locked one takes a key, that keys lie behind open doors, and that a creaking door wants oil first.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

from bridle.environment import Observation, Scenario, SeededScenarios, Split, Step, Truth
from bridle.errors import EnvironmentFault
from bridle.harness import TEXT_ACTION, Action

RULES = """Doors: open every door of the row.
Answer with one of [open N], [take N], [oil N], where N is a door's number.
"""

MOST_STEPS = 60
MOST_ERRORS = 2
_ACTION = re.compile(r"\[(open|take|oil) (\d{1,3})\]", re.ASCII)


class Doors:
    """The environment. `size` doors a row; the default fits a search that takes seconds."""

    def __init__(self, size: str | int = 9) -> None:
        """`size` may be text, as it comes from an id's query."""
        self.size = max(3, int(size))
        self.name = "toy/doors"
        self.description = "A row of doors to be opened from the middle outwards; some are locked, some creak."
        self.action_space = "Text: [open N], [take N] or [oil N]; N is the number of a door."
        self.contract = TEXT_ACTION
        self.players = 1
        self.reward_range = (0.0, 1.0)

    def scenarios(self, split: Split) -> Sequence[Scenario]:
        """One row for each seed of the split."""
        return SeededScenarios(split)

    def start(self, scenario: Scenario) -> DoorsEpisode:
        """A row made from the scenario's seed."""
        return DoorsEpisode(self.size, random.Random(scenario.seed))


class DoorsEpisode:
    """One row: each door is `shut`, `locked`, `creaking` or `open`; a key may lie behind an open one."""

    def __init__(self, size: int, rng: random.Random) -> None:
        """A row that can always be opened: every key lies where no lock is on the way to it."""
        middle = size // 2
        self._doors = [rng.choice(("shut", "shut", "locked", "creaking")) for _ in range(size)]
        self._doors[middle] = "open"
        free = _free(self._doors, middle)
        locks = [place for place, door in enumerate(self._doors) if door == "locked"]
        for place in locks[len(free) :]:
            self._doors[place] = "shut"
        self._keys_behind = set(rng.sample(free, min(len(locks), len(free))))
        self._keys = self._steps = self._errors = 0
        self._log: list[str] = []
        self._over = False

    def observe(self) -> Observation:
        """The rules, what happened so far, and the row as it is now."""
        row = "\n".join(
            f"{number} {door}{' key' if door == 'open' and place in self._keys_behind else ''}"
            for place, (number, door) in enumerate(zip(range(1, len(self._doors) + 1), self._doors, strict=True))
        )
        view = RULES + "".join(self._log) + f"Keys in hand: {self._keys}\nRow:\n{row}\n"
        return Observation(0, view)

    def step(self, action: Action) -> Step:
        """Open, take or oil."""
        if self._over:
            raise EnvironmentFault("This row is over; start another episode.")
        truth = self.probe(action)
        self._steps += 1
        if not truth:
            self._errors += 1
            self._log.append(f"Refused: {truth.feedback}\n")
            self._over = self._errors > MOST_ERRORS
            rewards = (self._share(),) if self._over else ()
            return Step(False, truth.feedback, "illegal", rewards=rewards, terminated=self._over)
        self._errors = 0
        self._log.append(self._act(str(action)) + "\n")
        opened = all(door == "open" for door in self._doors)
        late = self._steps >= MOST_STEPS and not opened
        self._over = opened or late
        rewards = (self._share(),) if self._over else ()
        return Step(True, self._log[-1].strip(), rewards=rewards, terminated=opened, truncated=late)

    def probe(self, action: Action) -> Truth:
        """The rules, as a sentence on what breaks them."""
        match = _ACTION.fullmatch(action) if isinstance(action, str) else None
        if match is None:
            return _refused("Answer with [open N], [take N] or [oil N].")
        word, number = match[1], int(match[2])
        place = number - 1
        if not 0 <= place < len(self._doors):
            return _refused(f"There is no door {number}.")
        door = self._doors[place]
        if word == "take":
            if door != "open" or place not in self._keys_behind:
                return _refused(f"No key is to be seen behind door {number}.")
            return Truth(True)
        if door == "open":
            return _refused(f"Door {number} is open already.")
        if not self._reachable(place):
            return _refused(f"Door {number} can't be reached: no door beside it is open.")
        if word == "oil":
            return Truth(True) if door == "creaking" else _refused(f"Door {number} needs no oil.")
        if door == "creaking":
            return _refused(f"Door {number} creaks: it needs oil first.")
        if door == "locked" and not self._keys:
            return _refused(f"Door {number} is locked and you hold no key.")
        return Truth(True)

    def legal_actions(self) -> list[Action]:
        """All of them, in the row's order."""
        words = ("open", "take", "oil")
        plain = [f"[{word} {number}]" for number in range(1, len(self._doors) + 1) for word in words]
        return [action for action in plain if self.probe(action)]

    def foreign_actions(self, rng: random.Random) -> list[Action]:
        """Every word with a few numbers, and the usual bad spellings."""
        number = rng.randint(1, len(self._doors))
        legal = self.legal_actions()
        chosen = str(rng.choice(legal)) if legal else "[open 1]"
        plain = [f"[{word} {rng.randint(0, len(self._doors) + 1)}]" for word in ("open", "take", "oil")]
        odd = [
            chosen.strip("[]"),
            chosen.upper(),
            f"I will {chosen}",
            chosen.replace(" ", "  "),
            f"[shut {number}]",
            "",
        ]
        return list(dict.fromkeys([chosen, *plain, *odd]))

    def _act(self, action: str) -> str:
        word, text = action.strip("[]").split()
        place = int(text) - 1
        if word == "take":
            self._keys += 1
            self._keys_behind.discard(place)
            return f"You take the key behind door {text}."
        if word == "oil":
            self._doors[place] = "shut"
            return f"You oil door {text}."
        if self._doors[place] == "locked":
            self._keys -= 1
        self._doors[place] = "open"
        return f"You open door {text}."

    def _reachable(self, place: int) -> bool:
        return any(0 <= p < len(self._doors) and self._doors[p] == "open" for p in (place - 1, place + 1))

    def _share(self) -> float:
        return sum(door == "open" for door in self._doors) / len(self._doors)


def _free(doors: Sequence[str], middle: int) -> list[int]:
    """The places that can be reached from the middle without opening a lock."""
    left = next((p for p in range(middle, -1, -1) if doors[p] == "locked"), -1)
    right = next((p for p in range(middle, len(doors)) if doors[p] == "locked"), len(doors))
    return list(range(left + 1, right))


def _refused(reason: str) -> Truth:
    return Truth(False, reason, "illegal")
