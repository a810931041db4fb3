"""The objective `verifier`: a check that is exact on anybody's actions, and a proposer that is legal and varied.

    H = legality of the harness's own play (as `legality`)
        × the worst stratum of the judged table: accuracy on legal, on near-miss illegal, on malformed actions
        × (1 + variety) ÷ 2, variety the share of needed different legal actions that the proposer shows

The worst stratum, so that accepting everything or refusing everything is worth nothing. Variety weighs half: a proposer
that is right and always does the same stays ahead of one that is wrong. Where the environment lists no legal actions,
there is no data on variety, and it has no weight.

The table does not depend on the candidate. A training trial's table is the same for every candidate of a run; it is
made once in each process, from the environment and the trial alone, so that all processes have the same. Its states
come from random play, from play by habits that stand in for harnesses' own, and from stumbles (see `judged`). A
confirming trial gets a table of its own, larger and from other scenarios (the search confirms on the validation split,
and on other scenarios for each program), so that no candidate was written after its withheld rows were seen.

Rows that contradict each other are left out of H, counted as `undecidable`, and said to the refiner. Misjudged rows
become failed steps of the kinds `foreign-accepted`, `foreign-refused` and `crash-check`; positions with too little
variety `timid`; contradictory truths `undecidable`. Of what looks alike a few examples are kept, which say how many
they stand for.
"""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from bridle.environment import Environment
from bridle.errors import Failure, UsageError
from bridle.evaluation.causes import cause_key, numbers_alike
from bridle.evaluation.evidence import Evidence, of_rollout, pooled
from bridle.evaluation.judged import STRATA, Misjudged, Row, Verdicts, judge, judged_rows
from bridle.evaluation.variety import DRAWS, Position, Variety, sample_positions, variety
from bridle.harness import Harness, Loaded
from bridle.rollout import FailedStep, Trial, lockstep

CAUSES_KEPT = 8
"""Causes of one kind of which examples are kept."""

EXAMPLES_KEPT = 3
"""Examples of one cause that are kept."""


@dataclass(frozen=True)
class Verifier:
    """Legality × worst stratum × variety. `rows` are a training table's, `confirming_rows` a confirming one's."""

    name: str = "verifier"
    goal: str = (
        "every action that propose_action returns is legal and, where several are, it varies among them; and "
        "is_legal_action tells legal from illegal for any action whatever, other players' and malformed ones too"
    )
    rows: int = 1500
    confirming_rows: int = 3000
    positions: int = 40

    def measure(self, environment: Environment, harness: Harness, loaded: Loaded, trial: Trial) -> Evidence:
        """Play the trial in lockstep, judge the table, sample the proposer.

        Raises:
            UsageError: the harness's contract has no check of actions, or the environment tells no truth about them.
            EnvironmentFault: every game broke before it gave a row.
        """
        if harness.contract.name != "text-action":
            raise UsageError("The objective verifier is for text actions; for tool calls use --objective workflow.")
        table = self._table(environment, trial)
        own = of_rollout(lockstep(environment, loaded, trial))
        verdicts = judge(loaded, table.rows)
        sampled = variety(loaded, table.positions if own.counts["legal"] else ())
        counts = own.counts | judged_counts(table.rows, verdicts) | variety_counts(table.positions, sampled)
        return replace(
            own,
            h=value(counts),
            complete=own.complete and not verdicts.unasked,
            counts=counts,
            failures=(*own.failures, *misjudged(verdicts.wrong), *timid(sampled), *undecidable(table.rows)),
        )

    def merge(self, first: Evidence, second: Evidence) -> Evidence:
        """Both trials as one: the counts added up, and H of the sums."""
        both = pooled(first, second)
        return replace(both, h=value(both.counts))

    def _table(self, environment: Environment, trial: Trial) -> Table:
        """The trial's table, from the cache of this process or made now."""
        table = _made(
            _Source(
                fingerprint=fingerprint(environment),
                trial=trial,
                rows=self.rows if trial.split == "train" else self.confirming_rows,
                positions=self.positions,
                environment=environment,
            )
        )
        if not table.rows:
            raise UsageError(
                f"{environment.name} can't tell whether foreign actions are legal (its episodes have no `probe` and "
                "`foreign_actions`), so the objective verifier can't be measured there; use --objective legality."
            )
        return table


@dataclass(frozen=True, kw_only=True)
class Table:
    """What a candidate is held against in a trial."""

    rows: Sequence[Row]
    positions: Sequence[Position]


@dataclass(frozen=True, kw_only=True)
class _Source:
    """All that a table is made from."""

    fingerprint: Hashable
    trial: Trial
    rows: int
    positions: int
    environment: Environment = field(compare=False)


@lru_cache(maxsize=3)
def _made(source: _Source) -> Table:
    """The table. The cache holds a run's training table, and makes room for confirming ones."""
    environment, trial = source.environment, source.trial
    rows = judged_rows(environment, trial.split, count=source.rows, seed=trial.seed, offset=trial.offset)
    positions = sample_positions(environment, trial.split, count=source.positions, seed=trial.seed, offset=trial.offset)
    return Table(rows=rows, positions=positions)


def fingerprint(environment: Environment) -> Hashable:
    """What tells environments apart: what they are made of, where that can be written down, else the object itself."""
    try:
        return hashlib.sha256(pickle.dumps(environment)).hexdigest()
    except Exception:  # whatever classes raise that can't be pickled: then the object, which the cache keeps alive
        return id(environment)


def judged_counts(rows: Sequence[Row], verdicts: Verdicts) -> dict[str, int]:
    """`rows_…` and `right_…` of each stratum, and what is behind them."""
    counts = {"judged_games": len({row.place[0] for row in rows}), "judged_states": len({row.place for row in rows})}
    counts |= {"undecidable": verdicts.undecidable, "unasked": verdicts.unasked, "failed_checks": verdicts.failed}
    for stratum in STRATA:
        right, n = verdicts.rate(stratum)
        counts |= {f"right_{stratum}": right, f"rows_{stratum}": n}
    return counts


def variety_counts(positions: Sequence[Position], sampled: Variety) -> dict[str, int]:
    """The figures of variety; what was needed is counted also where the proposer was not asked."""
    return {
        "positions": len(positions),
        "varied": sampled.shown,
        "varied_needed": sum(position.needed for position in positions),
        "recalled": sampled.recalled,
        "listed": sum(len(position.legal) for position in positions),
    }


def value(counts: dict[str, int]) -> float:
    """H from its counts."""
    if not counts["attempted"]:
        return 0.0
    strata = [(counts[f"right_{stratum}"], counts[f"rows_{stratum}"]) for stratum in STRATA]
    worst = min((right / n for right, n in strata if n), default=0.0)
    varied = counts["varied"] / counts["varied_needed"] if counts["varied_needed"] else 1.0
    return counts["legal"] / counts["attempted"] * worst * (1 + varied) / 2


def misjudged(wrong: Iterable[Misjudged]) -> list[FailedStep]:
    """A few examples of each cause, the most frequent causes first, with how many they stand for."""
    causes: dict[tuple[str, ...], list[FailedStep]] = {}
    for row, failure in wrong:
        kind = "crash-check" if failure is not None else "foreign-refused" if row.legal else "foreign-accepted"
        step = _step(kind, row, failure)
        causes.setdefault(cause_key(step), []).append(step)
    steps: list[FailedStep] = []
    kept: dict[str, int] = {}
    shown: set[str] = set()
    for (kind, *_), alike in sorted(causes.items(), key=lambda item: -len(item[1])):
        kept[kind] = kept.get(kind, 0) + 1
        if kept[kind] <= CAUSES_KEPT:
            steps += _examples(alike, shown)
    return steps


def _examples(alike: list[FailedStep], shown: set[str]) -> list[FailedStep]:
    """Some of the steps; the first stands for all that are not kept.

    Those that differ in their words come first, then those in observations that are `shown` anyway, then short ones.
    """
    ranked = sorted(alike, key=lambda step: (str(step.observation) not in shown, len(str(step.observation))))
    worded: dict[str, FailedStep] = {}
    rest = [step for step in ranked if worded.setdefault(numbers_alike(str(step.action)), step) is not step]
    chosen = [*worded.values(), *rest][:EXAMPLES_KEPT]
    shown.add(str(chosen[0].observation))
    return [replace(chosen[0], count=1 + len(alike) - len(chosen)), *chosen[1:]]


def _step(kind: str, row: Row, failure: Failure | None = None) -> FailedStep:
    return FailedStep(
        kind=kind,
        place=(0, *row.place),
        player=row.player,
        observation=row.view,
        action=row.action,
        feedback=row.feedback,
        failure=failure,
        error_class=row.error_class,
    )


def timid(sampled: Variety) -> list[FailedStep]:
    """The position with the most to choose from that was left undone, for all such positions."""
    if not sampled.timid:
        return []
    worst = min(sampled.timid, key=lambda one: (one.shown / one.position.needed, len(str(one.position.view))))
    position = worst.position
    told = ", ".join(str(action)[:40] for action in worst.proposed[:6])
    said = (
        f"Asked {DRAWS} times here, propose_action gave {worst.shown} different legal action"
        f"{'' if worst.shown == 1 else 's'} of {len(position.legal)}: {told}"
    )
    return [
        FailedStep(
            kind="timid",
            place=(0, 0, position.move),
            player=position.player,
            observation=position.view,
            feedback=said,
            count=len(sampled.timid),
        )
    ]


def undecidable(rows: Iterable[Row]) -> list[FailedStep]:
    """One row whose truth can't be told from the observation, for all of them."""
    found = [row for row in rows if row.undecidable]
    if not found:
        return []
    shortest = min(found, key=lambda row: len(str(row.view)))
    return [replace(_step("undecidable", shortest), count=len(found))]
