"""The plan of a run: everything that its result depends on but the refiner's answers."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Any

from bridle.errors import UsageError
from bridle.harness import Limits
from bridle.rollout import Trial
from bridle.synthesis.budget import Limit

LEAST_CONTEXT = 8_000
"""Tokens that the prompt's own text, some feedback, the code and an answer take at least."""

PRESETS = ("default", "paper")


@dataclass(frozen=True, kw_only=True)
class Root:
    """An existing harness that a search starts from, and what it is called (its file's name)."""

    name: str
    source: str


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What to search for, how, and how long.

    `environment` is an id, or None where the caller handed over the object itself (such a run is resumed by code).
    `weight` is the selector's C: 1 in the paper; the documentation says what 20 is better at. A search ends with
    `target` when a node reaches it on all planned steps and, under `confirm`, again on fresh validation scenarios; it
    escalates after `plateau` commits without a better node. `concurrency` is K: decision i sees the first i - K
    commits. `strict` also asks that the harness's check never refuses a legal action of its own. With `matches`, lanes
    play whole matches (see `Trial`), as the objective `policy` needs them. `examples` judged calls are given to the
    refiner where actions are tool calls. `roots` are harnesses that the tree starts from, beside the template.
    Of several models, `model` is asked first and each of `stronger` after `escalate_after` more expansions without a
    better node; a plateau then counts from there. `context` is how many tokens the models' contexts hold, the answer
    included: a longer prompt is shortened, and says so. Under `two_parents` the refiner is also shown
    a second program that is right where the first is wrong.
    """

    environment: str | None
    objective: str = "legality"
    model: str = ""
    stronger: tuple[str, ...] = ()
    escalate_after: int = 8
    context: int = 200_000
    preset: str = "default"
    selector: str = "thompson"
    weight: float = 20.0
    seed: int = 0
    concurrency: int = 1
    order: str = "dispatch"
    lanes: int = 10
    steps: int = 1000
    matches: int | None = None
    target: float = 1.0
    confirm: bool = True
    strict: bool = True
    plateau: int | None = 24
    examples: int = 12_000
    roots: tuple[Root, ...] = ()
    two_parents: bool = False
    limit: Limit = field(default_factory=Limit)
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        """Refuse what can't be meant."""
        if self.preset not in PRESETS:
            raise UsageError(f"There is no preset {self.preset!r}; use one of {', '.join(PRESETS)}.")
        if self.order not in ("dispatch", "free"):
            raise UsageError(f"There is no order {self.order!r}; use dispatch or free.")
        if self.concurrency < 1 or not 1 <= self.lanes <= 100 or self.steps < 1:
            raise UsageError("Concurrency, lanes and steps are whole numbers from 1 on, and lanes at most 100.")
        if not 0.0 < self.target <= 1.0:
            raise UsageError(f"A target is a number above 0 and up to 1, not {self.target}.")
        if not 0.0 <= self.weight <= 1e6:
            raise UsageError(f"A selector's weight is a number from 0 to a million, not {self.weight}.")
        if self.plateau is not None and self.plateau < 1:
            raise UsageError(f"A plateau is a whole number of expansions from 1 on, not {self.plateau}.")
        if self.escalate_after < 1:
            raise UsageError(f"A model is relieved after 1 expansion or more, not {self.escalate_after}.")
        if self.context < LEAST_CONTEXT:
            raise UsageError(
                f"A context holds at least {LEAST_CONTEXT} tokens, the answer included, not {self.context}."
            )
        if abs(self.seed) >= 2**53:
            raise UsageError(f"A seed is a whole number below 2⁵³, not {self.seed}.")

    def trial(self) -> Trial:
        """The training trial: the same scenarios for every node, so that nodes compare."""
        return Trial(split="train", offset=self.seed * 1_000_003 % 400_000_000, **self._size())

    def confirmation(self, program: str) -> Trial | None:
        """Fresh validation scenarios for a candidate, drawn from its program's digest; None without `confirm`."""
        if not self.confirm:
            return None
        offset = (int(program[:8], 16) * 7 + self.seed) % 400_000_000
        return Trial(split="validation", offset=offset, **self._size())

    def _size(self) -> dict[str, Any]:
        return {"lanes": self.lanes, "steps": self.steps, "seed": self.seed, "matches": self.matches}

    def record(self) -> dict[str, Any]:
        """As a JSON object; `from_record` reads it back."""
        return asdict(self)

    @staticmethod
    def from_record(record: dict[str, Any]) -> Plan:
        """The plan that `record` was made from."""
        roots = tuple(Root(**root) for root in record.get("roots", ()))
        limits = {"limit": Limit(**record["limit"]), "limits": Limits(**record["limits"])}
        return Plan(**{**record, **limits, "roots": roots, "stronger": tuple(record.get("stronger", ()))})


def paper(plan: Plan) -> Plan:
    """The plan under the preset `paper`: the method and nothing else (facts of the paper, section 3).

    Thompson sampling with C = 1; no confirmation, no plateau, no demand on the check's agreement, no whole matches; at
    most 256 iterations.
    """
    asked = plan.limit.iterations
    limit = replace(plan.limit, iterations=256 if asked is None else min(asked, 256))
    return replace(
        plan,
        preset="paper",
        selector="thompson",
        weight=1.0,
        matches=None,
        confirm=False,
        strict=False,
        plateau=None,
        limit=limit,
    )
