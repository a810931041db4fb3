"""The report of a run: one HTML file that needs nothing else, with the tree as a picture."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from importlib import resources
from pathlib import Path
from typing import Any

import jinja2

from bridle.errors import UsageError
from bridle.report.code import changes, coloured
from bridle.report.layout import layout
from bridle.synthesis.critic import KINDS, QUOTAS, criticise
from bridle.synthesis.grounds import stated
from bridle.synthesis.outcome import STOPS
from bridle.synthesis.run import REPORT, Record, read
from bridle.synthesis.tree import Node


def write_report(folder: Path) -> Path:
    """Render the run in `folder` to its `report.html`; the file's path."""
    path = folder / REPORT
    text = render(read(folder))
    try:
        path.write_text(text, "utf-8")
    except OSError as error:
        raise UsageError(f"{path} can't be written ({error.strerror}); copy the run to a folder of yours.") from None
    return path


def render(record: Record) -> str:
    """The report as HTML.

    Raises:
        UsageError: not even the root was measured yet.
    """
    if not len(record.tree):
        raise UsageError(
            f"The run in {record.folder} has measured nothing yet; wait, or go on with  bridle resume {record.folder}"
        )
    loader = jinja2.FunctionLoader(lambda name: (resources.files(__package__) / name).read_text("utf-8"))
    environment = jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    best = record.best
    lineage = {node.id for node in record.tree.lineage(best.id)}
    return environment.get_template("run.html").render(
        record=record,
        plan=record.plan,
        limits=asdict(record.plan.limits),
        started=record.started,
        stop=STOPS.get(record.stop, record.stop) if record.stop else "under way, or interrupted: it can be resumed",
        best=best,
        rules=stated(best.source),
        lineage=lineage,
        drawn=layout(record.tree),
        spent=spent(record),
        curve=curve(record),
        colour=colour,
        state=state,
        coloured=coloured,
        changed=changed(record),
        kinds=kinds,
        critique=lambda node: criticise(node.evidence, quotas=None if record.plan.preset == "paper" else QUOTAS).text,
    )


def changed(record: Record) -> dict[int, list[tuple[str, str]]]:
    """For each node with a program of its own, what it changed in its parent's."""
    return {
        node.id: changes(record.tree[node.parent].source, node.source)
        for node in record.tree
        if node.parent is not None and node.source
    }


def kinds(node: Node) -> list[tuple[str, int]]:
    """The kept failures of a node by kind, in words, the most frequent first."""
    failures = node.evidence.failures if node.evidence is not None else ()
    counts = Counter[str]()
    for step in failures:
        counts[KINDS.get(step.kind, step.kind)] += step.count
    return counts.most_common()


def spent(record: Record) -> dict[str, str]:
    """What the run cost, in words; unknown is said, never zero."""
    nodes = list(record.tree)
    unknown = sum(node.spent.get("unknown_usage", 0.0) for node in nodes)
    unpriced = sum(node.spent.get("unknown_price", 0.0) for node in nodes)
    total = {unit: sum(n.spent.get(unit, 0.0) for n in nodes) for unit in ("tokens", "usd", "steps")}
    return {
        "model calls": f"{record.calls}" + (f", {record.in_doubt} of them in doubt" if record.in_doubt else ""),
        "tokens": f"{total['tokens']:,.0f}" if not unknown else f"unknown for {unknown:.0f} calls",
        "money": f"${total['usd']:.4f}" if not unpriced else f"unknown for {unpriced:.0f} calls",
        "environment steps of the harnesses": f"{total['steps']:,.0f}",
        "wall time": f"{record.seconds:.1f} s",
    }


def curve(record: Record, width: int = 1010, height: int = 170) -> dict[str, Any]:
    """H by commit, and the best so far, as points of a drawing of the given size."""
    nodes = [node for node in record.tree if node.selectable]
    last = max((node.id for node in record.tree), default=0) or 1

    def place(node: Node, h: float) -> tuple[float, float]:
        return 40 + (width - 60) * max(0, node.id) / last, height - 25 - (height - 45) * h

    best, steps = 0.0, list[tuple[float, float]]()
    for node in nodes:
        steps.append(place(node, best))
        best = max(best, node.h)
        steps.append(place(node, best))
    steps.append((float(width - 20), steps[-1][1]))
    return {
        "width": width,
        "height": height,
        "points": [(*place(node, node.h), node) for node in nodes],
        "best": " ".join(f"{x:.1f},{y:.1f}" for x, y in steps),
        "last": last,
    }


def colour(node: Node) -> str:
    """From red (H = 0) over yellow to green (H = 1); grey where nothing was measured."""
    if node.evidence is None:
        return "#c9c9c9"
    return f"hsl({120 * node.h**2:.0f} 62% 48%)"


def state(node: Node) -> str:
    """A node's result in a few words."""
    if node.evidence is not None:
        shown = f"H = {node.evidence.h:.4f} ({node.evidence.shown})"
        return shown + (", confirmed on fresh scenarios" if node.confirmed else "")
    if node.status == "duplicate":
        return f"the same program as node {node.same_as}"
    return f"{node.status}: {node.reason}"
