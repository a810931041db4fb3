"""The counterexample bank: what candidates got wrong, and the neighbours that they got right and must not break.

A fold over committed nodes: the same tree gives the same bank. Examples are distinct by what was seen and proposed.
Where the environment has answered the same call in the same view once so and once so, no candidate can be right, and
the example is marked undecidable.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from bridle.evaluation.examples import AGENT
from bridle.evaluation.judged import Row
from bridle.rollout import FailedStep
from bridle.synthesis.tree import Node
from bridle.trace import POLICY_DENIED, parts

NEIGHBOURS = 3
"""Passing examples that stand beside a failing one."""

TRUTHS: Mapping[str, bool] = {
    "illegal-accepted": False,
    "refused-legal": True,
    "foreign-accepted": False,
    "foreign-refused": True,
    "invalid-executed": False,
    "wrongly-refused": True,
    "needless-escalation": True,
}
"""Kinds of failed steps that tell the truth about an action which a check got wrong: whether it is legal.

A policy's denial tells nothing about it, and neither does a crash.
"""


class Told(NamedTuple):
    """What one failed step of a node tells: a row, by the digest of what was seen and proposed."""

    key: str
    row: Row
    failure: FailedStep


class Table:
    """Judged rows, indexed once for all the questions that a bank asks of them; and what was asked of them before.

    Nodes never change, so what their failed steps tell is worked out once for all the banks of a run.
    """

    def __init__(self, rows: Sequence[Row] = ()) -> None:
        """Index the rows by their action, and the legal ones by their tool."""
        self.rows = tuple(rows)
        self._by_action: dict[str, list[Row]] = {}
        self._legal: dict[str, list[Row]] = {}
        for row in rows:
            self._by_action.setdefault(_text(row.action), []).append(row)
            if row.legal:
                self._legal.setdefault(parts(row.action)[0], []).append(row)
        self._told: dict[int, tuple[Node, tuple[Told, ...]]] = {}
        self._answers: dict[str, tuple[frozenset[bool], tuple[Row, ...]]] = {}

    def told(self, node: Node) -> tuple[Told, ...]:
        """What a node's failed steps tell, in their order."""
        known = self._told.get(node.id)
        if known is None or known[0] is not node:
            failures = node.evidence.failures if node.evidence else ()
            rows = [(failure, row) for failure in failures if (row := truth(failure)) is not None]
            told = tuple(Told(_digest([_seen(row.view), row.action]), row, failure) for failure, row in rows)
            known = self._told[node.id] = (node, told)
        return known[1]

    def answers(self, told: Told) -> tuple[frozenset[bool], tuple[Row, ...]]:
        """The rows' truths about an example, and its neighbours."""
        if told.key not in self._answers:
            self._answers[told.key] = frozenset(self.truths(told.row)), self.neighbours(told.row)
        return self._answers[told.key]

    def truths(self, row: Row) -> set[bool]:
        """What the rows say of the same action in the same view."""
        equal = self._by_action.get(_text(row.action), ())
        return {other.legal for other in equal if _seen(other.view) == _seen(row.view)}

    def neighbours(self, row: Row) -> tuple[Row, ...]:
        """The legal rows most like a failing one: the same tool, the most equal arguments, as far in an episode."""
        tool, arguments = parts(row.action)

        def distance(other: Row) -> tuple[int, int]:
            there = parts(other.action)[1]
            mine, theirs = (value if isinstance(value, dict) else {} for value in (arguments, there))
            same = sum(name in theirs and theirs[name] == value for name, value in mine.items())
            return -same, abs(_progress(other.view) - _progress(row.view))

        return tuple(sorted(self._legal.get(tool, ()), key=distance)[:NEIGHBOURS])


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One failing example. `node` is the first one that failed on it, `rule` the rule by which, where it named one."""

    row: Row
    kind: str
    node: int
    rule: str = ""
    undecidable: bool = False
    neighbours: tuple[Row, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Bank:
    """The entries, in the order in which they were committed.

    `failed_on` maps each node to the places of its entries. `broken_rewrites` are the rules whose rewrites the guard
    did not let pass: there the truth about the call is not the point.
    """

    entries: tuple[Entry, ...] = ()
    failed_on: Mapping[int, tuple[int, ...]] = field(default_factory=dict)
    broken_rewrites: frozenset[str] = frozenset()

    @property
    def rows(self) -> tuple[Row, ...]:
        """Every example as a judged row."""
        return tuple(entry.row for entry in self.entries)

    def of(self, node: int) -> tuple[Row, ...]:
        """What a node got wrong and could have got right."""
        entries = [self.entries[place] for place in self.failed_on.get(node, ())]
        return tuple(entry.row for entry in entries if not entry.undecidable)


def bank(nodes: Iterable[Node], table: Table) -> Bank:
    """The bank of some nodes, in commit order; passing neighbours are taken from the `table`."""
    found: dict[str, tuple[Told, int]] = {}
    truths: dict[str, set[bool]] = {}
    failed_on: dict[int, dict[str, None]] = {}
    rewrites: set[str] = set()
    for node in nodes:
        failures = node.evidence.failures if node.evidence else ()
        rewrites.update(failure.rule for failure in failures if failure.kind == "bad-rewrite" and failure.rule)
        for told in table.told(node):
            found.setdefault(told.key, (told, node.id))
            truths.setdefault(told.key, set(table.answers(told)[0])).add(told.row.legal)
            failed_on.setdefault(node.id, {})[told.key] = None
    places = {key: place for place, key in enumerate(found)}
    entries = tuple(
        Entry(
            row=told.row,
            kind=told.failure.kind,
            node=node_id,
            rule=told.failure.rule,
            undecidable=len(truths[key]) > 1,
            neighbours=table.answers(told)[1],
        )
        for key, (told, node_id) in found.items()
    )
    return Bank(
        entries=entries,
        failed_on={node_id: tuple(places[key] for key in keys) for node_id, keys in failed_on.items()},
        broken_rewrites=frozenset(rewrites),
    )


def truth(failure: FailedStep) -> Row | None:
    """What a failed step says about its action; None where it says nothing."""
    if failure.kind not in TRUTHS or failure.error_class == POLICY_DENIED:
        return None
    legal = TRUTHS[failure.kind]
    return Row(
        player=failure.player,
        view=failure.observation,
        action=failure.action,
        legal=legal,
        stratum="legal" if legal else "near-miss",
        feedback="" if legal else failure.feedback,
        error_class="" if legal else failure.error_class,
        proposer=AGENT,
    )


def _progress(view: Any) -> int:
    """How far an episode has got: the calls made, or the length of what is shown."""
    return len(view.get("calls", ())) if isinstance(view, dict) else len(str(view))


def _seen(view: Any) -> Any:
    """What of a view counts: all that it is folded from, but not the opaque handle."""
    return {name: view.get(name) for name in ("task", "calls", "sources")} if isinstance(view, dict) else view


def _digest(value: Any) -> str:
    return hashlib.sha256(_text(value).encode("utf-8", "surrogatepass")).hexdigest()


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=repr)
