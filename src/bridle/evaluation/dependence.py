"""What a harness of a game depends on: the same check nominal, reformatted and reworded, on the same sealed scenarios.

The game is the same in every variant, and so is what is legal; whoever read the rules and not the layout or the phrases
gives the same answers. Lanes and judged rows are paired with their nominal siblings, so a difference is the harness's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from bridle.environment import Environment
from bridle.environments.catalog import resolve
from bridle.errors import EnvironmentFault, UsageError
from bridle.evaluation.check import Check
from bridle.evaluation.judged import Row, judge, judged_rows
from bridle.harness import Harness, Limits, Loaded, Sandbox
from bridle.rollout import Trial, lockstep
from bridle.statistics import Estimate, paired_difference

NOMINAL = "nominal"
VARIANTS = (NOMINAL, "reformatted", "reworded")
"""Of every game of TextArena; the nominal one first."""


@dataclass(frozen=True, kw_only=True)
class Tried:
    """A harness on one variant. `wrong` has one entry a decidable row: `accepted`, `refused`, `failed`, or empty.

    `failed` is an answer that never came: it accepts nothing, so of a legal row it is a rejection too.
    """

    check: Check
    rows: tuple[Row, ...]
    wrong: tuple[str, ...]

    @property
    def played(self) -> list[float]:
        """The share of each lane's planned steps that were played and legal."""
        return [lane.legal / self.check.rollout.trial.lane_steps for lane in self.check.rollout.lanes]


@dataclass(frozen=True, kw_only=True)
class Dependence:
    """What was found on each variant, by its name, the nominal one first."""

    tried: dict[str, Tried]
    seed: int

    @property
    def clean(self) -> bool:
        """Whether every planned step of every variant was played, and legal."""
        return all(one.check.clean for one in self.tried.values())

    def record(self) -> dict[str, Any]:
        """As a JSON object: each variant's check, and under `difference` how it differs from the nominal one."""
        return {
            "clean": self.clean,
            "variants": {
                name: {
                    **one.check.record(),
                    "played": sum(one.played) / len(one.played),
                    "difference": self._apart(one),
                }
                for name, one in self.tried.items()
            },
        }

    def _apart(self, one: Tried) -> dict[str, Any] | None:
        nominal = self.tried[NOMINAL]
        if one is nominal:
            return None
        played = paired_difference(one.played, nominal.played, seed=self.seed)
        return {
            "played": _bounded(played),
            "false_acceptance": _bounded(self._rows_apart(one, False, lambda word: word == "accepted")),
            "false_rejection": _bounded(self._rows_apart(one, True, lambda word: word != "")),
            "failed_calls": _bounded(self._rows_apart(one, None, lambda word: word == "failed")),
        }

    def _rows_apart(self, one: Tried, legal: bool | None, counted: Callable[[str], bool]) -> Estimate | None:
        """The difference in the share of rows counted, over pairs of rows, clustered by game."""
        nominal = self.tried[NOMINAL]
        places = [at for at, row in enumerate(nominal.rows) if legal is None or row.legal is legal]
        return paired_difference(
            [float(counted(one.wrong[at])) for at in places],
            [float(counted(nominal.wrong[at])) for at in places],
            clusters=[nominal.rows[at].place[0] for at in places],
            seed=self.seed,
        )


def siblings(environment_id: str) -> dict[str, Environment]:
    """The variants of a game, by name.

    Raises:
        UsageError: it is no game of TextArena, or the id names a variant already.
    """
    if not environment_id.startswith("textarena/"):
        raise UsageError(
            f"{environment_id!r} has no reformatted and reworded variants; games have (textarena/Chess-v0). "
            "For workflows use bridle evaluate, whose variants are mutated and adversarial."
        )
    if "variant=" in environment_id:
        raise UsageError(f"{environment_id!r} names one variant; leave that option away to have all compared.")
    joint = "&" if "?" in environment_id else "?"
    return {name: resolve(f"{environment_id}{joint}variant={name}") for name in VARIANTS}


def dependence(
    environments: dict[str, Environment],
    harness: Harness,
    sandbox: Sandbox,
    *,
    trial: Trial,
    rows: int,
    limits: Limits,
) -> Dependence:
    """Check a harness on each variant, as `check` does on one.

    Raises:
        HarnessFault: the harness can't be loaded.
        EnvironmentFault: the variants are no siblings: they judge differently.
    """
    tables = {name: _rows(environment, trial, rows) for name, environment in environments.items()}
    for name, table in tables.items():
        if list(map(_judged, table)) != list(map(_judged, tables[NOMINAL])):
            raise EnvironmentFault(f"The variant {name} of {environments[NOMINAL].name} judges differently from it.")
    tried = {}
    for name, environment in environments.items():
        loaded = sandbox.load(harness, limits)  # anew: what one variant left in its memory is not the next one's
        try:
            tried[name] = _tried(environment, loaded, trial, tables[name])
        finally:
            loaded.close()
    return Dependence(tried=tried, seed=trial.seed)


def _rows(environment: Environment, trial: Trial, count: int) -> list[Row]:
    return judged_rows(environment, trial.split, count=count, seed=trial.seed) if count else []


def _judged(row: Row) -> tuple[Any, ...]:
    """All of a row but its words."""
    return row.place, row.player, row.action, row.legal, row.stratum, row.undecidable


def _tried(environment: Environment, loaded: Loaded, trial: Trial, rows: Sequence[Row]) -> Tried:
    rollout = lockstep(environment, loaded, trial)
    verdicts = judge(loaded, rows) if rows else None
    decidable = [row for row in rows if not row.undecidable]
    words = dict[int, str]()
    if verdicts is not None:
        words = {
            id(row): "failed" if failure is not None else "refused" if row.legal else "accepted"
            for row, failure in verdicts.wrong
        }
        words |= {id(row): "failed" for row in decidable[len(decidable) - verdicts.unasked :]}
    return Tried(
        check=Check(rollout=rollout, verdicts=verdicts),
        rows=tuple(decidable),
        wrong=tuple(words.get(id(row), "") for row in decidable),
    )


def _bounded(estimate: Estimate | None) -> dict[str, float] | None:
    return None if estimate is None else dict(estimate._asdict())
