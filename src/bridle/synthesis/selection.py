"""Selectors: which node to expand next. One seam, the paper's choice and the baselines.

Source: REx (Tang et al., NeurIPS 2024), as in the paper: a node with heuristic h is Beta(1 + C h, 1 + C (1 - h) + N),
N the expansions of it that did not finish the problem; the root ("write from scratch") starts as Beta(1, 1).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from bridle.errors import UsageError
from bridle.synthesis.tree import Node, Tree


class Selector(Protocol):
    """Chooses the next node to expand."""

    def select(self, tree: Tree, pulls: Mapping[int, int], rng: random.Random) -> Node:
        """A selectable node. `pulls` counts each node's expansions so far, pending ones included."""


@dataclass(frozen=True, kw_only=True)
class Thompson:
    """Thompson sampling, exactly REx. `weight` is C: 1 in the paper explores very broadly, 20 in REx's examples."""

    weight: float = 1.0

    def select(self, tree: Tree, pulls: Mapping[int, int], rng: random.Random) -> Node:
        """Draw from every arm's Beta; the highest draw wins."""
        draws = [(rng.betavariate(*self.arm(node, pulls.get(node.id, 0))), -i) for i, node in enumerate(arms(tree))]
        return arms(tree)[-max(draws)[1]]

    def arm(self, node: Node, pulled: int) -> tuple[float, float]:
        """The parameters of a node's Beta."""
        if node.status == "root" and not node.h:
            return 1.0, 1.0 + pulled
        return 1.0 + self.weight * node.h, 1.0 + self.weight * (1.0 - node.h) + pulled


@dataclass(frozen=True)
class Greedy:
    """Always the best node; among equals the one pulled least, then the earliest."""

    def select(self, tree: Tree, pulls: Mapping[int, int], rng: random.Random) -> Node:
        """The highest H."""
        return max(arms(tree), key=lambda node: (node.h, -pulls.get(node.id, 0)))


@dataclass(frozen=True, kw_only=True)
class BreadthFirst:
    """Every node is expanded `width` times, in the order of the nodes, before the next one is."""

    width: int = 3

    def select(self, tree: Tree, pulls: Mapping[int, int], rng: random.Random) -> Node:
        """The earliest node with fewer than `width` pulls; when there is none, the least pulled."""
        waiting = [node for node in arms(tree) if pulls.get(node.id, 0) < self.width]
        return waiting[0] if waiting else min(arms(tree), key=lambda node: pulls.get(node.id, 0))


@dataclass(frozen=True)
class Uniform:
    """Any node, each as likely."""

    def select(self, tree: Tree, pulls: Mapping[int, int], rng: random.Random) -> Node:
        """A uniform draw."""
        return rng.choice(arms(tree))


@dataclass(frozen=True)
class Chain:
    """A single chain (as Reflexion): always the newest node."""

    def select(self, tree: Tree, pulls: Mapping[int, int], rng: random.Random) -> Node:
        """The newest."""
        return arms(tree)[-1]


@dataclass(frozen=True)
class BestOfN:
    """Independent answers: always the first root."""

    def select(self, tree: Tree, pulls: Mapping[int, int], rng: random.Random) -> Node:
        """The first root."""
        return arms(tree)[0]


def arms(tree: Tree) -> list[Node]:
    """The nodes that can be chosen, in commit order."""
    return tree.selectable()


SELECTORS: Mapping[str, Callable[[float], Selector]] = {
    "thompson": lambda weight: Thompson(weight=weight),
    "greedy": lambda weight: Greedy(),
    "breadth-first": lambda weight: BreadthFirst(),
    "uniform": lambda weight: Uniform(),
    "chain": lambda weight: Chain(),
    "best-of-n": lambda weight: BestOfN(),
}


def selector(name: str, *, weight: float = 1.0) -> Selector:
    """The selector called `name`; `weight` is Thompson's C. UsageError where there is none."""
    if name not in SELECTORS:
        raise UsageError(f"There is no selector {name!r}; use one of {', '.join(SELECTORS)}.")
    return SELECTORS[name](weight)
