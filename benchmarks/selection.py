"""Selectors beside each other on simulated problems: calls to success and solve rate within a budget, with intervals.

    python benchmarks/selection.py [--problems 300] [--budget 64] [--seed 0]

The refiner is simulated, and nothing else: programs are sets of known defects, and each call mends or breaks some by
chance. The tree and the selectors are the real ones, and so is the commit rule: with K expansions in flight, decision i
sees the first i - K commits and counts what is pending as pulls. What a call does depends on the problem, the program
and the attempt alone, so that all selectors meet the same luck: differences are paired.

A defect has a severity (the share of steps at which it shows; H is the product of what is left) and an ease (the chance
that a call which is shown it mends it). A call is shown the five most severe defects and may break what was right.
Easy problems have few defects that are quickly mended. Hard ones have many that are not, and half of the answers
written from scratch are of an unsound design: some of their defects can't be mended from there, whatever H says
(the wrong reading of the board, say). `sound` leaves that out, to show what it is that matters.
"""

from __future__ import annotations

import argparse
import random
from collections import Counter
from dataclasses import dataclass
from functools import cache
from math import exp, log, prod
from statistics import mean
from textwrap import fill

from bridle.evaluation.evidence import Evidence
from bridle.statistics import bootstrap, mcnemar, paired_difference, wilson
from bridle.synthesis.selection import Selector, selector
from bridle.synthesis.tree import Node, Tree

SHOWN = 5
UNUSABLE = 0.03
SAME_AGAIN = 0.3
"""Chance that a call which changes nothing comes out as the very same program."""

SELECTORS: dict[str, tuple[str, float]] = {
    "thompson, C = 1": ("thompson", 1.0),
    "thompson, C = 5": ("thompson", 5.0),
    "thompson, C = 20": ("thompson", 20.0),
    "greedy": ("greedy", 0.0),
    "breadth-first": ("breadth-first", 0.0),
    "uniform": ("uniform", 0.0),
    "chain": ("chain", 0.0),
    "best-of-n": ("best-of-n", 0.0),
}


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A class of problems: ranges that each problem's figures are drawn from."""

    defects: tuple[int, int]
    ease: tuple[float, float]
    present: tuple[float, float]
    breaks: tuple[float, float]
    severity: tuple[float, float]
    unsound: float


EASY = Kind(defects=(3, 6), ease=(0.5, 0.9), present=(0.3, 0.7), breaks=(0.0, 0.02), severity=(0.02, 0.6), unsound=0.0)
SOUND = Kind(
    defects=(8, 14), ease=(0.15, 0.5), present=(0.4, 0.8), breaks=(0.01, 0.05), severity=(0.005, 0.5), unsound=0.0
)
HARD = Kind(
    defects=(8, 14), ease=(0.15, 0.5), present=(0.4, 0.8), breaks=(0.01, 0.05), severity=(0.005, 0.5), unsound=0.5
)
KINDS = {"easy": EASY, "hard": HARD, "sound": SOUND}
REFERENCE = "thompson, C = 20"


@dataclass(frozen=True, kw_only=True)
class Program:
    """A simulated program: its defects, and those that its design makes unmendable. `name` is unlike any other's."""

    name: str
    defects: frozenset[int]
    stuck: frozenset[int] = frozenset()


class Problem:
    """One seeded problem, and the simulated refiner of its programs."""

    def __init__(self, kind: Kind, seed: int) -> None:
        self._kind, self._seed = kind, seed
        rng = random.Random(f"{seed}/problem")
        count = rng.randint(*kind.defects)
        low, high = (log(edge) for edge in kind.severity)
        self._severity = [exp(rng.uniform(low, high)) for _ in range(count)]
        self._ease = [rng.uniform(*kind.ease) for _ in range(count)]
        self._present, self._breaks = rng.uniform(*kind.present), rng.uniform(*kind.breaks)

    def h(self, program: Program) -> float:
        """Legality: at each step every defect may show."""
        return prod(1.0 - self._severity[defect] for defect in program.defects)

    def written(self, attempt: int) -> Program | None:
        """An answer from scratch."""
        rng = random.Random("/".join((str(self._seed), "root", str(attempt))))
        if rng.random() < UNUSABLE:
            return None
        defects = frozenset(d for d in range(len(self._ease)) if rng.random() < self._present)
        stuck: frozenset[int] = frozenset()
        if rng.random() < self._kind.unsound:
            stuck = frozenset(rng.sample(range(len(self._ease)), rng.randint(1, 2)))
        return Program(name=f"{attempt}", defects=defects | stuck, stuck=stuck)

    def refined(self, parent: Program, attempt: int) -> Program | None:
        """A rewrite of a program; the same program where nothing came of it, None where there is no usable code."""
        rng = random.Random(f"{self._seed}/{parent.name}/{attempt}")
        if rng.random() < UNUSABLE:
            return None
        shown = sorted(parent.defects, key=lambda defect: -self._severity[defect])[:SHOWN]
        mended = {d for d in shown if d not in parent.stuck and rng.random() < self._ease[d]}
        broken = {d for d in range(len(self._ease)) if d not in parent.defects and rng.random() < self._breaks}
        defects = (parent.defects - mended) | broken
        if defects == parent.defects and rng.random() < SAME_AGAIN:
            return parent
        return Program(name=f"{parent.name}/{attempt}", defects=defects, stuck=parent.stuck)


@dataclass(frozen=True, kw_only=True)
class Found:
    """How one search went. `calls` are those made until it stopped, `wasted` the share of them spent on designs that
    can't be finished, `roots` the share that wrote from scratch."""

    solved: bool
    calls: int
    wasted: float
    roots: float


def search(problem: Problem, chosen: Selector, *, budget: int, concurrency: int, seed: int) -> Found:
    """The search's loop, with the refiner simulated."""
    tree = Tree((_node(0, None, None, 0.0),))
    programs: dict[int, Program] = {}
    pending: list[tuple[int, int, int]] = []
    wasted = roots = dispatched = 0
    solved = False
    while not solved and (pending or dispatched < budget):
        while len(pending) < concurrency and dispatched < budget:
            dispatched += 1
            pulls = Counter(parent for _, parent, _ in pending)
            pulls.update(node.parent for node in tree if node.parent is not None)
            parent = chosen.select(tree, pulls, random.Random(f"{seed}/select/{dispatched}")).id
            pending.append((dispatched, parent, pulls[parent] + 1))
            wasted += parent in programs and bool(programs[parent].stuck)
            roots += parent == 0
        number, parent, attempt = pending.pop(0)
        made = problem.written(attempt) if parent == 0 else problem.refined(programs[parent], attempt)
        h = problem.h(made) if made is not None else 0.0
        tree = tree.grow(_node(number, parent, made, h))
        if tree.nodes[-1].status == "measured" and made is not None:
            programs[number] = made
            solved = h == 1.0
    return Found(solved=solved, calls=dispatched, wasted=wasted / dispatched, roots=roots / dispatched)


def _node(number: int, parent: int | None, program: Program | None, h: float) -> Node:
    status = "root" if parent is None else "unusable" if program is None else "measured"
    evidence = Evidence(h=h, complete=h == 1.0, counts={}, endings={})
    name = "" if program is None else program.name
    return Node(id=number, parent=parent, status=status, program=name, evidence=evidence)


@cache
def results(kind: str, name: str, concurrency: int, problems: int, budget: int, seed: int) -> tuple[Found, ...]:
    """One selector on all problems of a class."""
    chosen = selector(SELECTORS[name][0], weight=SELECTORS[name][1])
    return tuple(
        search(
            Problem(KINDS[kind], seed * 1_000_003 + number),
            chosen,
            budget=budget,
            concurrency=concurrency,
            seed=number,
        )
        for number in range(problems)
    )


def table(kind: str, concurrency: int, options: argparse.Namespace) -> None:
    """Print the selectors' figures on a class of problems."""
    size = (options.problems, options.budget, options.seed)
    print(f"\n{kind}, K = {concurrency}: {options.problems} problems, at most {options.budget} calls")
    print(
        f"  {'selector':17} {'solved':>6} {'95 %':>14}  {'calls':>5} {'95 %':>14}"
        f"  {'calls beside C = 20':>24}  {'scratch':>7} {'unsound':>7}"
    )
    reference = [found.calls for found in results(kind, REFERENCE, concurrency, *size)]
    for name in SELECTORS:
        found = results(kind, name, concurrency, *size)
        solved, calls = sum(one.solved for one in found), [one.calls for one in found]
        low, high = wilson(solved, len(found))
        spread = bootstrap(calls, mean, seed=0, resamples=500)
        against = paired_difference(calls, reference, seed=0, resamples=500)
        assert spread is not None
        assert against is not None
        beside = "" if name == REFERENCE else f"{against.value:+6.1f} [{against.low:+6.1f}, {against.high:+6.1f}]"
        print(
            f"  {name:17} {solved / len(found):6.1%} [{low:5.1%}, {high:6.1%}]  {mean(calls):5.1f} "
            f"[{spread.low:5.1f}, {spread.high:5.1f}]  {beside:>24}  "
            f"{mean(one.roots for one in found):7.0%} {mean(one.wasted for one in found):7.0%}"
        )


def verdicts(kind: str, concurrency: int, options: argparse.Namespace) -> None:
    """Print whether Thompson sampling beats the baselines that the design names, and what the difference is made of."""
    size = (options.problems, options.budget, options.seed)
    ours = results(kind, REFERENCE, concurrency, *size)
    print(f"\nDoes {REFERENCE} beat the baselines on {kind}, K = {concurrency}?")
    for name in ("greedy", "chain", "breadth-first"):
        theirs = results(kind, name, concurrency, *size)
        more = sum(one.solved and not other.solved for one, other in zip(ours, theirs, strict=True))
        fewer = sum(other.solved and not one.solved for one, other in zip(ours, theirs, strict=True))
        calls = paired_difference([one.calls for one in ours], [one.calls for one in theirs], seed=0, resamples=500)
        assert calls is not None
        p = mcnemar(more, fewer)
        solves = "as many" if p >= 0.05 else "more" if more > fewer else "fewer"
        spends = "as many" if calls.low <= 0 <= calls.high else "more" if calls.value > 0 else "fewer"
        print(
            f"  {name:13} solves {solves:7} ({more} that it does not, {fewer} the other way round, p = {p:.4f}), "
            f"spends {spends} calls ({calls.value:+.1f})"
        )


def reasons(options: argparse.Namespace) -> None:
    """Print where the differences come from, with the figures that say so."""

    def of(kind: str, name: str, concurrency: int = 1) -> tuple[Found, ...]:
        return results(kind, name, concurrency, options.problems, options.budget, options.seed)

    def solved(found: tuple[Found, ...]) -> str:
        return f"{mean(one.solved for one in found):.0%}"

    def calls(found: tuple[Found, ...]) -> str:
        return f"{mean(one.calls for one in found):.1f}"

    ours, greedy, sound = of("hard", REFERENCE), of("hard", "greedy"), of("sound", REFERENCE)
    eight = {name: solved(of("hard", name, 8)) for name in (REFERENCE, "greedy", "chain")}
    failed = [one.wasted for one in ours if not one.solved]
    scratch, scratch_greedy = (f"{mean(one.roots for one in found):.0%}" for found in (ours, greedy))
    said = (
        "Once greedy and chain have an answer they never write from scratch again; if its design is unsound they are "
        f"lost. On hard, K = 1, greedy spends {scratch_greedy} of its calls there and solves {solved(greedy)}; "
        f"Thompson sampling comes back ({scratch}) and solves {solved(ours)}.",
        "With 8 expansions in flight the first 8 answers are all from scratch: greedy takes the best of 8 designs, and "
        f"chain is 8 chains in turn. On hard, K = 8, greedy solves {eight['greedy']}, chain {eight['chain']}, Thompson "
        f"sampling {eight[REFERENCE]}.",
        f"Where every design is sound, coming back is a waste: on sound, K = 1, greedy needs "
        f"{calls(of('sound', 'greedy'))} calls, Thompson sampling {calls(sound)}.",
        f"What Thompson sampling loses it loses in dead ends: where it fails on hard, {mean(failed):.0%} of its calls "
        "went into unsound designs. N counts against a node and not against its lineage, so every child of a dead end "
        "is a fresh arm with a high H, and the one root is outnumbered.",
        "A small C trusts H little, so nodes that are plainly worse are drawn again and again: on sound, K = 1, C = 1 "
        f"needs {calls(of('sound', 'thompson, C = 1'))} calls. Breadth-first never gets deep enough to mend many "
        f"defects one after the other ({solved(of('sound', 'breadth-first'))} there).",
    )
    print("\nWhy?")
    for paragraph in said:
        print(fill(paragraph, 116, initial_indent="- ", subsequent_indent="  "))


def main() -> None:
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--problems", type=int, default=300)
    options.add_argument("--budget", type=int, default=64)
    options.add_argument("--seed", type=int, default=0)
    given = options.parse_args()
    print(
        "SIMULATED refiner: programs with known defects. Unsolved problems count with all the calls that were made.\n"
        "scratch: share of calls that write from scratch; unsound: share spent on designs that can't be finished."
    )
    for kind in KINDS:
        for concurrency in (1, 8):
            table(kind, concurrency, given)
            if kind == "hard":
                verdicts(kind, concurrency, given)
    reasons(given)


if __name__ == "__main__":
    main()
