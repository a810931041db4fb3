"""The tree: every candidate that was committed, and its lineage. Flat nodes that name their parent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from bridle.evaluation.evidence import Evidence
from bridle.harness import Contract, Harness, digest


@dataclass(frozen=True, kw_only=True)
class Node:
    """One candidate, committed in dispatch order.

    `id` is the number of the expansion that made it. The template's root is 0, and -1, -2, … are the roots that a
    search was given (`warm`; `reason` says where from). `status`: `root`, `warm`, `measured`, `duplicate` (the same
    program as node `same_as`, not measured again), `unusable` (no harness came of the reply; `reason` says why) or
    `failed` (the model or the sandbox failed: no fault of anybody's program, and no pull). Only `root`, `warm` and
    `measured` nodes can be selected. `program` is the digest of the normalised syntax tree. `spent` is what the
    expansion cost, by unit. `model` is which model was to write it.
    """

    id: int
    parent: int | None
    status: str
    source: str = ""
    program: str = ""
    evidence: Evidence | None = None
    confirmed: bool = False
    scope: tuple[str, ...] = ()
    prompt: str = ""
    reason: str = ""
    same_as: int | None = None
    spent: dict[str, float] = field(default_factory=dict)
    model: str = ""

    @property
    def h(self) -> float:
        """H, and 0 where nothing was measured."""
        return self.evidence.h if self.evidence is not None else 0.0

    @property
    def selectable(self) -> bool:
        """Whether a refiner may start from it."""
        return self.status in ("root", "warm", "measured")

    def harness(self, contract: Contract) -> Harness:
        """The node's harness."""
        return Harness(self.source, contract=contract)

    def record(self) -> dict[str, Any]:
        """As a JSON object; `from_record` reads it back."""
        fields = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {**fields, "scope": list(self.scope), "evidence": self.evidence.record() if self.evidence else None}

    @staticmethod
    def from_record(record: dict[str, Any]) -> Node:
        """The node that `record` was made from."""
        evidence = Evidence.from_record(record["evidence"]) if record["evidence"] else None
        return Node(**{**record, "evidence": evidence, "scope": tuple(record["scope"])})


def rank(node: Node) -> tuple[float, bool, bool, bool]:
    """What makes a node better than another: H; then confirmed, then complete, then in agreement with itself."""
    evidence = node.evidence
    return (
        node.h,
        node.confirmed,
        evidence is not None and evidence.complete,
        evidence is not None and not evidence.disagrees,
    )


class Tree:
    """The committed nodes, in commit order. Growing gives a new tree; nodes never change."""

    def __init__(self, nodes: tuple[Node, ...]) -> None:
        """A tree of these nodes; at least one root."""
        self.nodes = nodes
        self._by_id = {node.id: node for node in nodes}

    def __getitem__(self, node_id: int) -> Node:
        return self._by_id[node_id]

    def __len__(self) -> int:
        return len(self.nodes)

    def __iter__(self) -> Iterator[Node]:
        return iter(self.nodes)

    def grow(self, node: Node) -> Tree:
        """The tree with one more node; the same program committed before makes it a duplicate."""
        if node.status in ("warm", "measured"):
            for other in self.nodes:
                if other.selectable and other.program == node.program:
                    node = replace(node, status="duplicate", same_as=other.id, evidence=None, confirmed=False)
                    break
        return Tree((*self.nodes, node))

    @property
    def expansions(self) -> tuple[Node, ...]:
        """What expansions made, in commit order: everything but the roots."""
        return tuple(node for node in self.nodes if node.id > 0)

    def selectable(self) -> list[Node]:
        """The arms, in commit order."""
        return [node for node in self.nodes if node.selectable]

    def children(self, node_id: int) -> list[Node]:
        """What was made from a node, in commit order."""
        return [node for node in self.nodes if node.parent == node_id]

    def lineage(self, node_id: int) -> list[Node]:
        """From the root to the node."""
        path: list[Node] = []
        current: int | None = node_id
        while current is not None:
            node = self._by_id[current]
            path.append(node)
            current = node.parent
        return path[::-1]

    def best(self) -> Node:
        """The best node: by H; among equals confirmed, then complete, then in agreement with itself, then earliest."""
        return max(self.selectable(), key=rank)

    @property
    def digest(self) -> str:
        """SHA-256 over all nodes, in hex. Who wrote them is left out: recorded answers give the tree that they gave."""
        return digest([{**node.record(), "model": ""} for node in self.nodes])
