"""A whole search against a slow provider: its wall time beside the ideal of its commit rule, and what free order gains.

    python benchmarks/search.py [--latency 0.5] [--iterations 48] [--concurrency 8]

Everything is real but the model: runs, journal, worker processes and sandbox, and HTTP on loopback to a fake provider
that takes its time, always the same or lognormal (of the same median; a few calls take much longer). The toy
environment, 10 lanes of 1000 steps. The model answers with programs from poor to nearly right, all different and none
right, so that no search ends early.

The ideal is computed from the very latencies that the calls drew: decision i may be made when commit i - K is there, a
call takes what it takes, commits are in dispatch order (or, with free order, as they come), and nothing else costs
anything. Bar: wall at most 1.15 of the ideal at 2 s latency (`--latency 2`), start of the run included.
"""

from __future__ import annotations

import argparse
import hashlib
import heapq
import os
import random
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bridle.journal import Journal
from bridle.models import open_model
from bridle.synthesis import run as runs
from bridle.synthesis.budget import Limit
from bridle.synthesis.plan import Plan
from bridle.testing.fake_provider import FakeProvider, Latency, fixed, lognormal

BAR = 1.15

PROGRAM = """
import random, re

NUMBER = {number}

def moves(board):
    rows = re.findall(r"^(\\d+) (shut|locked|creaking|open)( key)?$", board.split("Row:\\n")[-1], re.M)
    keys = int(re.findall(r"Keys in hand: (\\d+)", board)[-1])
    found = []
    for i, (n, kind, key) in enumerate(rows):
        beside = any(0 <= j < len(rows) and rows[j][1] == "open" for j in (i - 1, i + 1))
        if key:
            found.append(f"[take {{n}}]")
        if beside and (kind == "shut" or (kind == "locked" and ({locks}))):
            found.append(f"[open {{n}}]")
        if beside and kind == "creaking":
            found.append(f"[open {{n}}]" if {never} else f"[oil {{n}}]")
    return found

def propose_action(board):
    return random.choice(moves(board) or ["[open 1]"])

def is_legal_action(board, action):
    return action in moves(board)
"""

LEVELS = (
    {"locks": "keys", "never": "True"},  # wrong on the first creaking door
    {"locks": "True", "never": "False"},  # wrong on a locked door without a key
    {"locks": "keys", "never": "n == '9'"},  # wrong on the last door, when it creaks
)


def answer(prompt: str) -> str:
    """A program that depends on the prompt alone, unlike any other."""
    number = int(hashlib.sha256(prompt.encode()).hexdigest()[:12], 16)
    level = random.Random(number).choice(LEVELS)
    return f"Here it is.\n\n```python\n{PROGRAM.format(number=number, **level).strip()}\n```\n"


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One search: seconds altogether, before the first call and after the last, and each expansion's latency."""

    wall: float
    before: float
    after: float
    latencies: list[float]


def measured(latency: Latency, order: str, options: argparse.Namespace) -> Measured:
    """Run one search."""
    plan = Plan(
        environment="bridle.testing.toy:Doors",
        model="fake",
        order=order,
        concurrency=options.concurrency,
        plateau=None,
        limit=Limit(iterations=options.iterations),
    )
    with FakeProvider(answer, latency=latency) as provider, tempfile.TemporaryDirectory() as folder:
        model = open_model(provider.spec)
        began = time.monotonic()
        outcome = runs.start(plan, Path(folder) / "run", model=model, executor=options.executor)
        ended = time.monotonic()
        model.close()
        assert outcome.stop == "iterations", outcome.stop
        served = {call.prompt: call for call in provider.calls}
        assert len(served) == len(provider.calls) == options.iterations, "one call an expansion, no prompt twice"
        with Journal(Path(folder) / "run" / runs.JOURNAL, write=False) as journal:
            prompts = {
                int(e.key.split("/")[0]): e.payload["prompt"] for e in journal.events("call.intent") if e.payload
            }
    return Measured(
        wall=ended - began,
        before=min(call.began for call in served.values()) - began,
        after=ended - max(call.ended for call in served.values()),
        latencies=[served[prompts[number]].seconds for number in sorted(prompts)],
    )


def in_order(latencies: list[float], concurrency: int) -> float:
    """Seconds of the ideal with commits in dispatch order."""
    commits: list[float] = []
    for number, seconds in enumerate(latencies):
        begin = commits[number - concurrency] if number >= concurrency else 0.0
        commits.append(max(begin + seconds, commits[-1] if commits else 0.0))
    return commits[-1]


def as_they_come(latencies: list[float], concurrency: int) -> float:
    """Seconds of the ideal with free order."""
    busy: list[float] = []
    for seconds in latencies:
        begin = heapq.heappop(busy) if len(busy) == concurrency else 0.0
        heapq.heappush(busy, begin + seconds)
    return max(busy)


IDEALS: dict[str, Callable[[list[float], int], float]] = {"dispatch": in_order, "free": as_they_come}


def main() -> None:
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--latency", type=float, default=0.5, help="seconds of a call; the median where lognormal")
    options.add_argument("--iterations", type=int, default=48)
    options.add_argument("--concurrency", type=int, default=8)
    options.add_argument("--executor", default="processes")
    given = options.parse_args()
    print(
        f"{given.iterations} expansions, K = {given.concurrency}, latency {given.latency:g} s, {os.cpu_count()} CPUs; "
        f"bar {BAR} at 2 s\n"
        "start, end: seconds before the first call and after the last; more: what an expansion takes beside its call;\n"
        "load: of the whole machine, at the end (with more of it than CPUs, the figures are those of a busy machine)\n"
        f"{'latency':10} {'order':9} {'wall':>7} {'ideal':>7} {'ratio':>6}   "
        f"{'start':>6} {'end':>6} {'more':>8} {'load':>5}"
    )
    walls: dict[tuple[str, str], float] = {}
    kinds: dict[str, Latency] = {"fixed": fixed(given.latency), "lognormal": lognormal(given.latency)}
    for kind, latency in kinds.items():
        for order, ideal in IDEALS.items():
            found = measured(latency, order, given)
            least = ideal(found.latencies, given.concurrency)
            walls[kind, order] = found.wall
            more = (found.wall - least - found.before - found.after) * given.concurrency / given.iterations
            print(
                f"{kind:10} {order:9} {found.wall:6.2f}s {least:6.2f}s {found.wall / least:6.3f}   "
                f"{found.before:5.2f}s {found.after:5.2f}s {more * 1e3:6.0f}ms {os.getloadavg()[0]:5.1f}",
                flush=True,
            )
        gain = 1 - walls[kind, "free"] / walls[kind, "dispatch"]
        print(f"{'':10} free order takes {gain:.0%} less wall time than dispatch order")


if __name__ == "__main__":
    main()
