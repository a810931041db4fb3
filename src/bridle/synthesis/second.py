"""Two-parent refinement: a second program, which is right where the first is wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bridle.evaluation.causes import text_of
from bridle.evaluation.judged import Row
from bridle.synthesis.excerpts import clipped
from bridle.synthesis.prompts import render
from bridle.synthesis.tree import Node, Tree, rank

CANDIDATES = 5
"""The best other nodes, which are asked."""

MOST_ROWS = 50
"""Mistakes of the first parent that they are asked about."""

SHOWN = 3
"""Actions that are shown of those that the second parent gets right."""

PROMPT = "second-parent"

Ask = Callable[[Node, Sequence[Row]], Sequence[bool]]
"""Which rows a node's check gets right."""


@dataclass(frozen=True, kw_only=True)
class Second:
    """The second parent: its node, and which of the first one's mistakes it does not make."""

    node: Node
    right: tuple[Row, ...]
    asked: int

    @property
    def text(self) -> str:
        """What the refiner is told of it: Markdown, with what comes from the environment fenced as data."""
        return render(
            PROMPT,
            h=f"{self.node.h:.4f}",
            right=len(self.right),
            asked=self.asked,
            examples=clipped("\n".join(text_of(row.action) for row in self.right[:SHOWN])).lstrip("\n"),
            code=self.node.source.strip(),
        ).strip()


def second(tree: Tree, parent: Node, mistakes: Sequence[Row], ask: Ask) -> Second | None:
    """The node that is right on most of the parent's mistakes; among equals the better, then the earlier one.

    None where no other node is right on any. It depends on the committed tree alone.
    """
    rows = mistakes[:MOST_ROWS]
    others = [node for node in tree.selectable() if node.id != parent.id and node.status != "root"]
    best: Second | None = None
    for node in sorted(others, key=rank, reverse=True)[:CANDIDATES] if rows else []:
        right = tuple(row for row, found in zip(rows, ask(node, rows), strict=True) if found)
        if right and (best is None or len(right) > len(best.right)):
            best = Second(node=node, right=right, asked=len(rows))
    return best
