"""The briefing: what a refiner is told about a node, from the committed tree alone."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from typing import Any

from bridle.environment import Environment
from bridle.errors import Failure
from bridle.evaluation.job import rightly
from bridle.evaluation.judged import Row
from bridle.evaluation.objectives import objective
from bridle.harness import Harness
from bridle.synthesis.bank import Bank, Table, bank
from bridle.synthesis.critic import QUOTAS, criticise
from bridle.synthesis.excerpts import FULL, Room
from bridle.synthesis.plan import Plan
from bridle.synthesis.refiner import Assignment
from bridle.synthesis.scope import scope
from bridle.synthesis.second import second
from bridle.synthesis.tree import Node, Tree


class Briefing:
    """Writes assignments. Not for several threads: the loop decides one thing after the other."""

    def __init__(
        self,
        *,
        plan: Plan,
        environment: Environment,
        starts: Sequence[tuple[int, Any]],
        table: Table,
        vet: Callable[[Harness], Failure | None],
        executor: Executor,
    ) -> None:
        """What every assignment of a run shares: sample observations, judged calls, and how a candidate is loaded."""
        self._plan, self._environment, self._starts, self._table = plan, environment, starts, table
        self._vet, self._executor = vet, executor
        self._objective = objective(plan.objective)
        self._answers: dict[tuple[int, str], list[bool]] = {}

    def assignment(self, tree: Tree, parent: Node, *, attempt: int) -> Assignment:
        """What the refiner is told about a node, with all the room there is."""
        return self._written(tree, parent, attempt, bank(tree, self._table), FULL)

    def _written(self, tree: Tree, parent: Node, attempt: int, mistakes: Bank, room: Room) -> Assignment:
        contract = self._environment.contract
        from_root = parent.status == "root" and parent.h == 0.0
        failures = parent.evidence.failures if parent.evidence else ()
        starts = self._starts if self._plan.preset != "paper" and from_root else ()
        rewards = parent.evidence.rewards if parent.evidence is not None else None
        feedback = criticise(
            None if from_root and starts else parent.evidence,
            starts=starts,
            quotas=None if self._plan.preset == "paper" else QUOTAS,
            reference=rewards.reference if rewards is not None and from_root else None,
            room=room,
        )
        both = self._plan.two_parents and room.second
        return Assignment(
            environment=self._environment,
            objective=self._objective,
            parent=parent.harness(contract),
            evidence=parent.evidence,
            from_root=from_root,
            scope=scope(contract, failures, from_root=from_root),
            feedback=feedback.text,
            siblings=siblings(tree, parent, room.attempts),
            attempt=attempt,
            limits=self._plan.limits,
            vet=self._vet,
            examples=self._table.rows,
            bank=mistakes,
            second=second(tree, parent, mistakes.of(parent.id), self._right) if both else None,
            room=room,
            shortened=lambda smaller: self._written(tree, parent, attempt, mistakes, smaller),
        )

    def _right(self, node: Node, rows: Sequence[Row]) -> list[bool]:
        """Which rows a node's check gets right, asked once for each node and list of rows."""
        key = node.id, hashlib.sha256(json.dumps([(row.view, row.action) for row in rows]).encode()).hexdigest()
        if key not in self._answers:
            harness = node.harness(self._environment.contract)
            found = self._executor.submit(rightly, harness, rows, self._plan.limits).result()
            self._answers[key] = found or [False] * len(rows)
        return self._answers[key]


def siblings(tree: Tree, parent: Node, most: int | None = None) -> str:
    """What became of the earlier expansions of a node, a line each; of more than `most` the last ones."""
    lines = []
    for number, child in enumerate(tree.children(parent.id), 1):
        if child.status == "measured":
            lines.append(f"- attempt {number}: H = {child.h:.4f}")
        elif child.status == "duplicate":
            same = "this very code" if child.same_as == parent.id else "a program that was tried before"
            lines.append(f"- attempt {number}: came out as {same}")
        elif child.status == "unusable":
            # The reason may quote what generated code said: shown as a quoted text, never as a line of its own.
            said = json.dumps((child.reason.splitlines() or [""])[0][:200], ensure_ascii=False)
            lines.append(f"- attempt {number}: no usable code; why: {said}")
    if most is not None and len(lines) > most:
        lines = [f"- ({len(lines) - most} earlier attempts are not listed)", *lines[-most:]]
    return "\n".join(lines)
