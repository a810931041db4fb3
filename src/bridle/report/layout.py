"""Where the nodes of a tree are drawn: children below parents, leaves side by side."""

from __future__ import annotations

from dataclasses import dataclass

from bridle.synthesis.tree import Node, Tree

COLUMN, ROW, MARGIN = 46, 64, 30


@dataclass(frozen=True, kw_only=True)
class Spot:
    """A node's place, in pixels, and its parent's."""

    node: Node
    x: float
    y: float
    above: tuple[float, float] | None


@dataclass(frozen=True, kw_only=True)
class Layout:
    """All places, and the size of the drawing in pixels."""

    spots: tuple[Spot, ...]
    width: float
    height: float


def layout(tree: Tree) -> Layout:
    """Place every node: a leaf takes the next column, a parent stands over the middle of its children."""
    children: dict[int, list[Node]] = {}
    for node in tree:
        if node.parent is not None:
            children.setdefault(node.parent, []).append(node)
    places: dict[int, tuple[float, float]] = {}
    column, stack = 0, [(node, 0, False) for node in reversed(list(tree)) if node.parent is None]
    while stack:
        node, depth, seen = stack.pop()
        below = children.get(node.id, [])
        if below and not seen:
            stack.append((node, depth, True))
            stack.extend((child, depth + 1, False) for child in reversed(below))
            continue
        if below:
            x = (places[below[0].id][0] + places[below[-1].id][0]) / 2
        else:
            x, column = MARGIN + column * COLUMN, column + 1
        places[node.id] = (float(x), float(MARGIN + depth * ROW))
    spots = tuple(
        Spot(
            node=node,
            x=places[node.id][0],
            y=places[node.id][1],
            above=places[node.parent] if node.parent is not None else None,
        )
        for node in tree
    )
    return Layout(
        spots=spots,
        width=max(spot.x for spot in spots) + MARGIN,
        height=max(spot.y for spot in spots) + MARGIN,
    )
