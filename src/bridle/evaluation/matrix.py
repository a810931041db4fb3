"""The matrix: conditions × slices, played in small parts that are journalled, so that an interruption loses little.

A part is played in any process and gives the same wherever and whenever it is played; what was played is never played
again. The figures are made of all parts by `scorecard`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, as_completed
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from bridle.environments.enterprise.governance import GovernedEnvironment
from bridle.errors import UsageError
from bridle.evaluation.assessed import AssessedEpisode
from bridle.evaluation.cell import Cell
from bridle.evaluation.condition import Condition, Contender
from bridle.evaluation.examination import Examination
from bridle.evaluation.leakage import Leakage
from bridle.evaluation.looks import LEDGERS, Looks, look
from bridle.evaluation.offering import Offering
from bridle.evaluation.slice import NOMINAL, Slice, opened
from bridle.evaluation.unseen import Unseen
from bridle.harness import digest
from bridle.journal import Journal

JOURNAL = "journal.sqlite"
BLOCK = 30
"""Scenarios of one cell: so much is lost at most, in each process, when an evaluation is interrupted."""

Part: TypeAlias = "Cell | Examination | Leakage | Offering | Unseen"
Results: TypeAlias = "dict[str, dict[str, Any]]"
"""What each part gave, by its key."""


class Progress(NamedTuple):
    """Parts that are done, of how many, and the one that was last."""

    done: int
    parts: int
    last: str


@dataclass(frozen=True, kw_only=True)
class Matrix:
    """What is to be played. `lacking` says why the environment has no such slice; `policy` is empty for none.

    `made_of` is a digest of the environment's code and policies, as far as somebody knows it: where these change, what
    was played before is another evaluation. Empty where nobody knows it.
    """

    environment: str
    conditions: tuple[Condition, ...]
    contenders: tuple[Contender, ...]
    slices: tuple[Slice, ...]
    lacking: dict[str, str]
    policy: str
    seed: int = 0
    fresh: bool = False
    made_of: str = ""

    def record(self) -> dict[str, Any]:
        """As a JSON object: whoever has it can play the same."""
        return {
            "version": version("bridle"),
            "environment": self.environment,
            "conditions": [condition.record() for condition in self.conditions],
            "contenders": [contender.record() for contender in self.contenders],
            "slices": [slice.record() for slice in self.slices],
            "lacking": self.lacking,
            "policy": self.policy,
            "seed": self.seed,
            "fresh": self.fresh,
            "made_of": self.made_of,
        }

    @property
    def policies(self) -> tuple[str, ...]:
        """The environment's policies, from the strictest to the laxest."""
        environment = opened(self.environment)
        return environment.policies if isinstance(environment, GovernedEnvironment) else ()

    def first(self) -> Iterator[Part]:
        """What is played before all else: it can make the rest of a harness pointless."""
        for slice in self.slices:
            if slice.name == NOMINAL:
                yield from (Examination(contender=one, slice=slice, seed=self.seed) for one in self.contenders)

    def then(self, stalled: Sequence[str] = ()) -> Iterator[Part]:
        """All other parts, without the harnesses that stalled."""
        policies = self.policies
        for slice in self.slices:
            if slice.sealed:
                yield Unseen(slice=slice)
            if slice.name == NOMINAL and len(policies) > 1:
                for one in self.contenders:
                    if one.name not in stalled:
                        strict, lax = policies[0], policies[-1]
                        yield Leakage(contender=one, slice=slice, strict=strict, lax=lax, seed=self.seed)
            if slice.name == NOMINAL:
                filters = {
                    c.contender.name: c.contender for c in self.conditions if c.contender and c.manner == "filter"
                }
                yield from (
                    Offering(contender=one, slice=slice, seed=self.seed)
                    for name, one in filters.items()
                    if name not in stalled
                )
            for condition in self.conditions:
                if condition.contender is None or condition.contender.name not in stalled:
                    yield from self.cells(condition, slice)

    def cells(self, condition: Condition, slice: Slice) -> Iterator[Cell]:
        """The blocks of one condition on one slice."""
        for start in range(0, slice.count, BLOCK):
            yield Cell(
                condition=condition,
                slice=slice,
                start=start,
                count=min(BLOCK, slice.count - start),
                policy=self.policy,
                seed=self.seed,
            )


@dataclass(frozen=True, kw_only=True)
class Played:
    """A matrix with what its parts gave."""

    matrix: Matrix
    results: Results
    looks: Looks | None

    def cells(self, condition: Condition, slice: Slice) -> list[dict[str, Any]]:
        """What the blocks of a condition gave on a slice, as far as they were played."""
        keys = [cell.key for cell in self.matrix.cells(condition, slice)]
        return [self.results[key] for key in keys if key in self.results]

    def episodes(self, condition: Condition, slice: Slice) -> list[AssessedEpisode]:
        """The episodes of a condition on a slice."""
        found = [json.loads(text) for cell in self.cells(condition, slice) for text in cell.get("episodes", ())]
        return sorted(map(AssessedEpisode.from_json, found), key=lambda episode: str(episode.scenario))

    def examination(self, contender: Contender) -> dict[str, Any] | None:
        """What was found of a harness without an agent; None where the nominal slice was not asked for."""
        for part in self.matrix.first():
            if isinstance(part, Examination) and part.contender.name == contender.name:
                return self.results.get(part.key)
        return None

    @property
    def seconds(self) -> float:
        """Time that the cells took, added up over processes."""
        return sum(
            float(one.get("times", {}).get("seconds", 0.0)) for k, one in self.results.items() if k[:4] == "cell"
        )


def played(
    matrix: Matrix,
    folder: Path,
    executor: Executor,
    *,
    ledgers: Path = LEDGERS,
    on_part: Callable[[Progress], None] = lambda _: None,
) -> Played:
    """Play what the journal in `folder` does not hold yet.

    Interrupted, it loses the parts that were under way; the same call goes on.

    Raises:
        UsageError: the folder holds another evaluation.
    """
    with Journal(folder / JOURNAL) as journal:
        _begun(matrix, folder, journal)
        results: Results = {event.key: event.payload for event in journal.events("part") if event.payload is not None}
        looks = _look(matrix, journal, ledgers)

        def play(parts: Sequence[Part], more: int) -> None:
            waiting = {_submit(executor, part): part.key for part in parts if part.key not in results}
            total = len(results) + len(waiting) + more
            try:
                for future in as_completed(waiting):
                    results[waiting[future]] = result = future.result()
                    journal.append("part", waiting[future], result)
                    on_part(Progress(len(results), total, waiting[future]))
            except BaseException:
                for future in waiting:
                    future.cancel()
                raise

        later = sum(part.key not in results for part in matrix.then())
        play(list(matrix.first()), later)
        stalled = [one.name for one in matrix.contenders if _stalled(results, matrix, one)]
        play(list(matrix.then(stalled)), 0)
        return Played(matrix=matrix, results=results, looks=looks)


def _submit(executor: Executor, part: Part) -> Future[dict[str, Any]]:
    return executor.submit(_play, part)


def _play(part: Part) -> dict[str, Any]:
    return part.play()


def _begun(matrix: Matrix, folder: Path, journal: Journal) -> None:
    """Note what is evaluated, or see that it is the same as before."""
    started, record = journal.last("evaluation.started"), matrix.record()
    if started is None:
        journal.append("evaluation.started", "", record)
    elif started.payload is None or digest(started.payload) != digest(record):
        raise UsageError(f"{folder} holds another evaluation; name another folder, or ask for exactly the same again.")


def _look(matrix: Matrix, journal: Journal, ledgers: Path) -> Looks | None:
    """Count the look at sealed data: once for an evaluation, however often it is interrupted."""
    sealed = [slice for slice in matrix.slices if slice.sealed]
    if not sealed:
        return None
    before = journal.last("look")
    if before is not None and before.payload is not None:
        return Looks(before.payload["all"], before.payload["here"])
    looks = look(
        matrix.environment,
        offset=min(slice.offset for slice in sealed),
        count=max(slice.count for slice in sealed),
        harnesses=[contender.harness.digest for contender in matrix.contenders],
        seed=matrix.seed,
        what=f"evaluation of {', '.join(slice.name for slice in sealed)}",
        folder=ledgers,
    )
    journal.append("look", "", looks._asdict())
    return looks


def _stalled(results: Results, matrix: Matrix, contender: Contender) -> bool:
    """Whether a harness stalled in its examination."""
    return any(
        results.get(part.key, {}).get("stalled") is True
        for part in matrix.first()
        if isinstance(part, Examination) and part.contender.name == contender.name
    )
