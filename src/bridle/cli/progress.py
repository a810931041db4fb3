"""A running search as a person sees it: a live tree on a terminal, a line a node elsewhere."""

from __future__ import annotations

import sys
import time
from collections import Counter
from types import TracebackType
from typing import Any, Self

from bridle.synthesis.budget import UNITS
from bridle.synthesis.forecast import Forecast
from bridle.synthesis.outcome import STOPS, Hooks, Outcome
from bridle.synthesis.plan import Plan
from bridle.synthesis.tree import Node, Tree

SHOWN = 12
"""Lines of the live tree: the newest nodes and the best."""


def line(node: Node) -> str:
    """One node in a line."""
    if node.status == "root":
        return "root (write from scratch)"
    head = f"node {node.id} {node.reason if node.parent is None else f'from {node.parent}'}"
    if node.status in ("measured", "warm") and node.evidence is not None:
        counts = node.evidence.counts
        marks = ["complete" if node.evidence.complete else "stopped early"]
        marks += ["confirmed on fresh scenarios"] if node.confirmed else []
        marks += [f"own check refused {counts['wrong_refusals']} legal actions"] if node.evidence.disagrees else []
        return f"{head}: H = {node.h:.4f} ({node.evidence.shown}; {', '.join(marks)})"
    if node.status == "duplicate":
        return f"{head}: the same program as node {node.same_as}"
    return f"{head}: {node.status} ({node.reason.splitlines()[0] if node.reason else 'no reason given'})"


def spent(plan: Plan, tree: Tree | None, seconds: float) -> str:
    """What was settled, each beside its limit where there is one."""
    nodes = tree.nodes if tree is not None else ()
    sums = {unit: sum(node.spent.get(unit, 0.0) for node in nodes) for unit in UNITS}
    sums["iterations"] = float(len(tree.expansions)) if tree is not None else 0.0
    words = {"iterations": "expansions", "calls": "model calls", "tokens": "tokens", "usd": "$", "steps": "steps"}
    parts = []
    for unit in UNITS:
        limit = plan.limit.of(unit)
        if sums[unit] or limit is not None:
            beside = "" if limit is None else f" of {limit:,.6g}"
            parts.append(f"{words[unit]} {sums[unit]:,.6g}{beside}")
    limit = plan.limit.seconds
    return " · ".join([*parts, f"{seconds:.0f} s" + ("" if limit is None else f" of {limit:.0f} s")])


def last_failures(tree: Tree) -> list[str]:
    """The newest node's kinds of failed steps, and what the environment said of the first."""
    node = tree.nodes[-1]
    if node.evidence is None or not node.evidence.failures:
        return []
    kinds = Counter[str]()
    for step in node.evidence.failures:
        kinds[step.kind] += step.count
    told = ", ".join(f"{count} × {kind}" for kind, count in kinds.most_common(3))
    first = node.evidence.failures[0]
    said = (first.feedback or (str(first.failure) if first.failure is not None else "")).splitlines() or [""]
    return [f"last failures: {told}" + (f" ({said[0][:100]})" if said[0] else "")]


class Progress:
    """Follows one search. Use it as a context; `hooks` go to the search."""

    def __init__(self, plan: Plan, *, quiet: bool = False) -> None:
        """`quiet` shows nothing (for `--json`)."""
        self._plan, self._quiet = plan, quiet
        self._live: Any = None
        self._tree: Tree | None = None
        self._pending: dict[int, int] = {}
        self._began = time.monotonic()
        self.hooks = Hooks(
            on_forecast=self._foretold, on_dispatch=self._dispatched, on_node=self._committed, on_stop=self._stopped
        )

    def __enter__(self) -> Self:
        if not self._quiet and sys.stderr.isatty():
            from rich.console import Console
            from rich.live import Live

            self._live = Live(console=Console(stderr=True), get_renderable=self._drawn, refresh_per_second=4)
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def _say(self, text: str) -> None:
        if not self._quiet and self._live is None:
            print(text, file=sys.stderr, flush=True)

    def _foretold(self, forecast: Forecast) -> None:
        for said in forecast.lines:
            if self._live is not None:
                self._live.console.print(said, markup=False, highlight=False)
            else:
                self._say(said)

    def _dispatched(self, expansion: int, parent: int) -> None:
        self._pending[expansion] = parent

    def _committed(self, node: Node, tree: Tree) -> None:
        self._pending.pop(node.id, None)
        self._tree = tree
        self._say(line(node))

    def _stopped(self, outcome: Outcome) -> None:
        self._pending.clear()
        self._tree = outcome.tree
        self._say(f"stopped: {STOPS[outcome.stop]}; best: node {outcome.best.id}, H = {outcome.best.h:.4f}")

    def _drawn(self) -> Any:
        """The live view: the newest part of the tree, what is pending, what was spent."""
        from rich.console import Group
        from rich.text import Text
        from rich.tree import Tree as Drawn

        drawn = Drawn(Text(f"{self._plan.environment or 'environment'} · {self._plan.objective}"))
        tree = self._tree
        if tree is not None:
            best = tree.best()
            branches = {0: drawn.add(Text("root (write from scratch)"))}
            for warm in [n for n in tree.nodes if n.id < 0]:
                branches[warm.id] = drawn.add(Text(line(warm), style="bold green" if warm.id == best.id else ""))
            keep = {n.id for n in tree.nodes[-SHOWN:]} | {n.id for n in tree.lineage(best.id)}
            for node in [n for n in tree.nodes if n.parent is not None and n.id in keep]:
                style = "bold green" if node.id == best.id else ("" if node.selectable else "dim")
                above = branches.get(node.parent or 0, branches[0])
                branches[node.id] = above.add(Text(line(node), style=style))
        pending = ", ".join(f"{e} from {p}" for e, p in sorted(self._pending.items())) or "none"
        lines = [f"pending: {pending}", spent(self._plan, tree, time.monotonic() - self._began)]
        if tree is not None:
            lines = [f"best: {line(tree.best())}", *lines, *last_failures(tree)]
        return Group(drawn, *map(Text, lines))
