"""A trial: which episodes a harness is to play, and when a lane of them is over."""

from __future__ import annotations

from dataclasses import dataclass

from bridle.environment import Split
from bridle.errors import UsageError

SHORT = 100
"""Steps of a lane until which it goes on with further matches, where matches are limited: short ones are cheap."""


@dataclass(frozen=True, kw_only=True)
class Trial:
    """Which episodes to play: `lanes` side by side, `steps` of the harness's own in each, from scenario `offset` on.

    With `matches`, a lane plays whole matches instead: at least so many, and until it has taken `SHORT` steps; it
    starts none after `steps` steps, and the one under way is cut only after as many again.
    """

    split: Split = "train"
    offset: int = 0
    lanes: int = 10
    steps: int = 1000
    seed: int = 0
    matches: int | None = None

    def __post_init__(self) -> None:
        """Refuse what can't be played: a round trip to the sandbox carries at most 100 calls."""
        if not 1 <= self.lanes <= 100 or self.steps < 1:
            raise UsageError("Lanes and steps are whole numbers from 1 on, and lanes at most 100.")
        if self.matches is not None and self.matches < 1:
            raise UsageError(f"Matches are a whole number from 1 on, not {self.matches}.")

    @property
    def planned(self) -> int:
        """Harness steps when nothing ends early; with `matches`, the most of them."""
        return self.lanes * self.lane_steps

    @property
    def lane_steps(self) -> int:
        """The most steps of one lane."""
        return self.steps if self.matches is None else 2 * self.steps

    def done(self, attempted: int, finished: int, *, between: bool) -> bool:
        """Whether a lane is over after so many steps and finished matches; `between` matches, or within one."""
        if self.matches is None or not between:
            return attempted >= self.lane_steps
        return attempted >= self.steps or (finished >= self.matches and attempted >= SHORT)
