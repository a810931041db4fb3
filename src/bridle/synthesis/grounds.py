"""Grounds: what each rule of a learned harness was learned from, found again by the ids that the harness cites.

A rule learner's harness cites counterexamples as `c-8c7a493b`: a digest over what was seen and proposed. The calls are
not in the harness, and those that were judged before the search are not in its journal either; they follow from the
environment, the plan's seed and their number, and so can be judged once more.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bridle.environment import Environment, unsealed
from bridle.errors import HarnessFault
from bridle.evaluation.examples import judged_calls, telling_calls
from bridle.evaluation.judged import Row
from bridle.harness import TOOL_CALL, Harness
from bridle.runtime.verdict import rules_of
from bridle.synthesis.bank import Table, bank
from bridle.synthesis.learner.example import example_id
from bridle.synthesis.learner.learner import RULES
from bridle.synthesis.run import Record

_ID = re.compile(r"\bc-[0-9a-f]{8}\b")
_MORE = re.compile(r"\band (\d+) more\b")


@dataclass(frozen=True, kw_only=True)
class Counterexample:
    """A cited call: what was proposed, in which task, and what the environment said of it."""

    id: str
    call: Any
    task: str
    accepted: bool
    error_class: str
    feedback: str

    def record(self) -> dict[str, Any]:
        """As a JSON object."""
        return dict(vars(self))


@dataclass(frozen=True, kw_only=True)
class Ground:
    """A rule, and what it stands on.

    `note` is what the harness says of it beside the ids; `cited` and `more` are how many counterexamples are cited by
    id and how many it has beyond these; `missing` are ids that no judged call has.
    """

    rule: str
    sentence: str
    note: str
    cited: int
    more: int
    counterexamples: tuple[Counterexample, ...]
    missing: tuple[str, ...]

    def record(self) -> dict[str, Any]:
        """As a JSON object."""
        return {**vars(self), "counterexamples": [one.record() for one in self.counterexamples]}


def grounds(record: Record, environment: Environment) -> list[Ground]:
    """What the rules of a run's best harness stand on, in their order; none where its source has no `RULES`."""
    source = record.best.source
    told = citations(source)
    wanted = {one for text in told.values() for one in _ID.findall(text)}
    found = _found(_rows(record, environment), wanted) if wanted else {}
    return [_ground(rule, sentence, told.get(rule, ""), found) for rule, sentence in sentences(source).items()]


def stated(source: str) -> list[Ground]:
    """What a harness says of its rules by itself, without the calls: nothing is judged, and nothing is run."""
    told = citations(source)
    found = [_ground(rule, sentence, told.get(rule, ""), {}) for rule, sentence in sentences(source).items()]
    return [replace(one, missing=()) for one in found]


def sentences(source: str) -> dict[str, str]:
    """The `RULES` of a harness, read from its source without running it; none where there is nothing to read."""
    try:
        return rules_of(Harness(source, contract=TOOL_CALL))
    except HarnessFault:
        return {}


def citations(source: str) -> dict[str, str]:
    """What the comments of a harness say of its rules: `# rule: c-8c7a493b, …`, or `# c-8c7a493b, …` above its name."""
    rules = sentences(source)
    told: dict[str, str] = {}
    for text, below in _comments(source):
        begun, _, rest = text.partition(": ")
        if begun in rules:
            told.setdefault(begun, rest)
        else:
            for rule in rules:
                if re.search(rf"[\"']{re.escape(rule)}[\"']", below):
                    told.setdefault(rule, text)
    return told


def _comments(source: str) -> Iterator[tuple[str, str]]:
    """Each block of comment lines as one text, and the line of code below it."""
    block: list[str] = []
    for line in [*source.split("\n"), ""]:
        if line.strip().startswith("#"):
            block.append(line.strip().lstrip("# "))
        elif block:
            yield " ".join(block), line
            block = []


def _rows(record: Record, environment: Environment) -> Iterator[Row]:
    """The calls that the refiner was given: what candidates got wrong, and what was judged before the search."""
    plan = record.plan
    yield from bank(record.tree, Table()).rows
    judged = telling_calls if RULES in (plan.model, *plan.stronger) else judged_calls
    yield from judged(unsealed(environment), "train", count=plan.examples, seed=plan.seed)


def _found(rows: Iterable[Row], wanted: set[str]) -> Mapping[str, Row]:
    found: dict[str, Row] = {}
    for row in rows:
        if (name := example_id(row.view, row.action)) in wanted:
            found.setdefault(name, row)
    return found


def _ground(rule: str, sentence: str, text: str, found: Mapping[str, Row]) -> Ground:
    ids: Sequence[str] = list(dict.fromkeys(_ID.findall(text)))
    more = _MORE.search(text)
    note = re.sub(r"^(?:c-[0-9a-f]{8}[, ]*)+(?:and c-[0-9a-f]{8} ?)?(?:and \d+ more)?\.?\s*", "", text)
    return Ground(
        rule=rule,
        sentence=sentence,
        note=note,
        cited=len(ids),
        more=int(more[1]) if more else 0,
        counterexamples=tuple(_counterexample(one, found[one]) for one in ids if one in found),
        missing=tuple(one for one in ids if one not in found),
    )


def _counterexample(name: str, row: Row) -> Counterexample:
    task = row.view.get("task", "") if isinstance(row.view, dict) else ""
    return Counterexample(
        id=name,
        call=row.action,
        task=str(task),
        accepted=row.legal,
        error_class=row.error_class,
        feedback=row.feedback,
    )
