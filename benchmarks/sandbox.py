"""What a call through the sandbox costs, beside what the machine itself costs.

    python benchmarks/sandbox.py [--rounds 5] [--calls 4000]

All of one run, on one CPU, in turn, round by round: a bare pipe echo between two fresh interpreters; a worker that is
not confined; a confined one; the function called in this process, which is the limit and not safe. The observation has
1.5 kB. Bars: a confined call at most 12 µs (median), and at most 1.3 times the bare echo.

The source is this file's own; the unconfined worker exists here only, for comparison.
"""

from __future__ import annotations

import argparse
import marshal
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any

from bridle.harness import TOOL_CALL, Call, Harness, Limits
from bridle.sandbox import LocalSandbox, analysis, gate, placement, spawner
from bridle.sandbox.loaded import LocalLoaded
from bridle.sandbox.process import Worker

OBSERVATION = ("[GAME] It is your move.\n" + " x | o |   \n---+---+---\n" * 70)[:1500]
ACTION = "[4]"
TEXT = Harness("""
def propose_action(board):
    return "[" + board[-1] + "]"

def is_legal_action(board, action):
    return len(action) == 3
""")
NUMPY = Harness("import numpy\n" + TEXT.source)
TOOLS = Harness(
    """
RULES = {"amount": "An amount is above zero."}

def review_call(view, call):
    if call["arguments"]["amount"] > 0:
        return {"verdict": "accept"}
    return {"verdict": "reject", "rule": "amount", "code": "amount", "hint": "State an amount.", "try_again": True}

def on_error(view, call, error):
    return {"verdict": "give_up", "rule": "amount", "hint": ""}
""",
    contract=TOOL_CALL,
)
VIEW = {
    "task": "Approve what is due.",
    "resources": {f"E-{n}": {"total": 12.5 * n, "state": "open", "owner": "someone"} for n in range(12)},
    "calls": [{"tool": "read", "arguments": {"expense": f"E-{n}"}, "result": "ok"} for n in range(6)],
}
CALL = {"tool": "approve", "arguments": {"expense": "E-3", "amount": 37.5}}

ECHO = """
import os, sys
requests, replies = int(sys.argv[1]), int(sys.argv[2])
while data := os.read(requests, 65536):
    os.write(replies, data)
"""
UNCONFINED = """
import io, mmap, os, sys
os.dup2(int(sys.argv[1]), 3), os.dup2(int(sys.argv[2]), 4)
from bridle.sandbox import analysis, answers, worker
worker._send(0, answers.data({"pid": os.getpid()}))
worker._Worker(mmap.mmap(-1, 4096), io.FileIO(3, closefd=False)).serve()
"""


class Unconfined:
    """Stands in for a zygote: starts the worker's loop in a bare interpreter, and keeps no deadline."""

    alive = True

    def __init__(self) -> None:
        self._page, page = spawner.shared_page("bench", 4096)
        os.close(page)
        self.waits = memoryview(self._page).cast("I")
        self._process: subprocess.Popen[bytes] | None = None

    def spawn(self, settings: dict[str, Any], request: int, reply: int, page: int) -> int:
        high = [os.dup(descriptor) for descriptor in (request, reply)]
        command = [sys.executable, "-c", UNCONFINED, *map(str, high)]
        self._process = subprocess.Popen(command, pass_fds=high)
        for descriptor in high:
            os.close(descriptor)
        return 0

    def watch(self, number: int, seconds: float, memory_bytes: int) -> int:
        return 1

    def end(self, number: int, slot: int | None) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait()


@contextmanager
def unconfined(harness: Harness) -> Iterator[LocalLoaded]:
    """A harness of this file in a worker that nothing confines."""
    from bridle.sandbox import local, wire
    from bridle.sandbox.replies import Expected

    limits = Limits()

    def start(known: Any) -> tuple[Worker, dict[str, Any]]:
        worker = Worker(Unconfined(), {"memory_bytes": 0, "cpu_seconds": 0})  # type: ignore[arg-type]
        worker.hello()
        body = marshal.dumps(local._order(harness, limits, known, gate=True).body, wire.MARSHAL)
        worker.exchange(wire.HEAD.pack(wire.MARK, len(body), 0) + body, 0, Expected("json", "json"), 5.0)
        worker.watch(1.0)
        return worker, {"rules": {}}

    with LocalLoaded(start, harness, limits) as loaded:
        yield loaded


@contextmanager
def echo() -> Iterator[Callable[[], Any]]:
    """A pipe to a fresh interpreter, which sends back what it gets, and another one back."""
    (theirs, requests), (replies, back) = os.pipe(), os.pipe()
    process = subprocess.Popen([sys.executable, "-S", "-c", ECHO, str(theirs), str(back)], pass_fds=(theirs, back))
    os.close(theirs), os.close(back)
    frame = (OBSERVATION + ACTION).encode()

    def ask() -> bytes:
        os.write(requests, frame)
        return os.read(replies, 65536)

    try:
        yield ask
    finally:
        os.close(requests), os.close(replies)
        process.wait()


def timed(function: Callable[[], Any], calls: int) -> list[float]:
    """Microseconds of each call."""
    clock, times = time.perf_counter, []
    for _ in range(calls):
        start = clock()
        function()
        times.append(clock() - start)
    return [1e6 * each for each in times]


def show(name: str, times: list[float], of: int = 1, beside: float | None = None) -> float:
    """Print a row; the median per call in microseconds."""
    ordered = sorted(each / of for each in times)
    middle, high = ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.99)]
    ratio = "" if beside is None else f"{middle / beside:8.2f} ×"
    rate = 1e6 / (sum(ordered) / len(ordered))
    print(f"{name:44} {middle:9.2f} µs {high:9.2f} µs {rate:11,.0f}/s {ratio}")
    return middle


def calls_and_batches(rounds: int, calls: int) -> None:
    """Single calls and batches of both contracts."""
    one = Call("is_legal_action", (OBSERVATION, ACTION))
    both = Call("propose_action", (OBSERVATION,), then="is_legal_action")
    names: dict[str, Any] = {}
    exec(TEXT.source, names)  # a constant of this file, written by hand
    direct = names["is_legal_action"]
    with LocalSandbox() as sandbox, sandbox.load(TEXT, Limits()) as text, sandbox.load(TOOLS, Limits()) as tools:
        with unconfined(TEXT) as bare, echo() as ask:
            ways: dict[str, tuple[int, Callable[[], Any]]] = {
                "bare pipe echo": (1, ask),
                "unconfined worker": (1, lambda: bare.call("is_legal_action", OBSERVATION, ACTION)),
                "confined worker": (1, lambda: text.call("is_legal_action", OBSERVATION, ACTION)),
                "confined, text answered": (1, lambda: text.call("propose_action", OBSERVATION)),
                "confined, 10 in a batch": (10, lambda: text.batch([one] * 10)),
                "confined, 100 in a batch": (100, lambda: text.batch([one] * 100)),
                "confined, 10 proposed and checked": (10, lambda: text.batch([both] * 10)),
                "confined, tool call reviewed (JSON)": (1, lambda: tools.call("review_call", VIEW, CALL)),
                "confined, 10 tool calls in a batch": (
                    10,
                    lambda: tools.batch([Call("review_call", (VIEW, CALL))] * 10),
                ),
                "in this process (the limit, not safe)": (1, lambda: direct(OBSERVATION, ACTION)),
            }
            times: dict[str, list[float]] = {name: [] for name in ways}
            for _ in range(rounds):
                for name, (of, way) in ways.items():
                    timed(way, 200 // of + 10)
                    times[name] += timed(way, calls // of)
        print(f"{'1.5 kB observation, ' + str(sandbox.level):44} {'p50':>12} {'p99':>12} {'calls':>13} beside the echo")
        reference: float | None = None
        for name, (of, _) in ways.items():
            middle = show(name, times[name], of, reference)
            reference = reference or middle
        print("bars: confined worker at most 12 µs (p50) and 1.3 ×")


def lives_and_deaths(rounds: int) -> None:
    """What it costs to load a harness, and to lose a worker."""
    print(f"\n{'loading and losing a worker':44} {'p50':>12}")
    serial = count(100)

    def cold(sandbox: LocalSandbox, harness: Harness) -> float:
        start = time.perf_counter()
        sandbox.load(harness, Limits(cpu_seconds=next(serial))).close()  # limits that no spare has
        return time.perf_counter() - start

    def spare(sandbox: LocalSandbox, harness: Harness) -> float:
        time.sleep(0.02)
        start = time.perf_counter()
        sandbox.load(harness, Limits()).close()
        return time.perf_counter() - start

    with LocalSandbox() as sandbox:
        for name, harness in (("without numpy", TEXT), ("with numpy", NUMPY)):
            if harness is NUMPY and spawner.numpy_folder() is None:
                continue
            sandbox.load(harness, Limits()).close()
            for way, measure in (("fork, confine, load", cold), ("load into the spare", spare)):
                times = [measure(sandbox, harness) for _ in range(5 * rounds)]
                print(f"{way + ', ' + name:44} {1e3 * median(times):9.2f} ms")
        limits = replace(Limits(), call_seconds=0.1)
        hang = Harness(TEXT.source.replace('return "["', 'while board == "hang": pass\n    return "["'))
        with sandbox.load(hang, limits) as loaded:
            late, next_one = [], []
            for _ in range(2 * rounds):
                start = time.perf_counter()
                assert loaded.call("propose_action", "hang").failure is not None
                middle = time.perf_counter()
                assert loaded.call("propose_action", "x").value == "[x]"
                late.append(middle - start)
                next_one.append(time.perf_counter() - middle)
        print(f"{'a limit of 100 ms noticed after':44} {1e3 * median(late):9.2f} ms")
        print(f"{'the next call, by a fresh worker':44} {1e3 * median(next_one):9.2f} ms   bar: < 10 ms")
        long = TEXT.source + "\n".join(
            f"def f{n}(a, b):\n    return [a + b * {n} for _ in range(3)]\n" for n in range(100)
        )
        times = timed(lambda: analysis.analyse(long, gate.demands(TEXT, Limits())), 5 * rounds)
        print(f"{'the static gate, 300 lines':44} {median(times) / 1e3:9.2f} ms")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--calls", type=int, default=4000)
    arguments = parser.parse_args()
    sys.path[:0] = [str(Path(__file__).parents[1] / "src")]
    placement.enter()  # what is started from here on shares this CPU
    calls_and_batches(arguments.rounds, arguments.calls)
    lives_and_deaths(arguments.rounds)


if __name__ == "__main__":
    main()
