"""What a harness takes is counted by its worker's own time: however busy the machine, the answers are the same."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from hostile import harness
from tree import children

from bridle.errors import Blame, HarnessFault, SandboxFault
from bridle.harness import Call, Harness, Limits, Reply
from bridle.sandbox import LocalSandbox
from bridle.sandbox.local import LocalLoaded
from bridle.sandbox.stopwatch import PATIENCE, Stopwatch, Verdict

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="other kernels don't tell of another process's CPU")

LIMIT = 0.4
LIMITS = Limits(call_seconds=LIMIT, batch_seconds=4.0, load_seconds=1.0)

DEEDS = harness(
    """
if board == "loop":
    while True:
        pass
if board == "sleep":
    lock = sys.modules["_thread"].allocate_lock()
    lock.acquire()
    lock.acquire()
for _ in range(len(board) * 200_000):
    pass
return board
"""
)
WORK = "work " * 4
"""A board that takes some hundredths of a second of CPU."""

Ask = Callable[[LocalLoaded, str], Reply]


def alone(loaded: LocalLoaded, board: str) -> Reply:
    return loaded.call("propose_action", board)


def among_others(loaded: LocalLoaded, board: str) -> Reply:
    replies = loaded.batch([Call("propose_action", (each,)) for each in ("a", board, "b")])
    assert [replies[0].value, replies[2].value] == ["a", "b"]
    return replies[1]


ASKS = pytest.mark.parametrize("ask", [alone, among_others])


@pytest.fixture(scope="module")
def sandbox() -> Iterator[LocalSandbox]:
    with LocalSandbox(static_gate=False) as opened:
        yield opened


def workers(sandbox: LocalSandbox) -> list[int]:
    return [worker for zygote in sandbox.zygotes() for worker in children(zygote)]


@contextmanager
def stopped(sandbox: LocalSandbox, seconds: float | None = None) -> Iterator[None]:
    """The workers stand still for a while, or as long as this lasts, as on a machine that has no time for them."""
    pids = workers(sandbox)

    def send(number: int) -> None:
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    send(signal.SIGSTOP)
    timer = threading.Timer(seconds or 60, send, (signal.SIGCONT,))
    timer.start()
    try:
        yield
    finally:
        if seconds is None:
            timer.cancel()
            send(signal.SIGCONT)
        timer.join()


@ASKS
@pytest.mark.parametrize("deed", ["loop", "sleep"])
def test_a_harness_that_is_busy_or_sleeps_is_late_at_about_its_limit(
    sandbox: LocalSandbox, ask: Ask, deed: str
) -> None:
    with sandbox.load(DEEDS, LIMITS) as loaded:
        began = time.monotonic()
        failure = ask(loaded, deed).failure
        took = time.monotonic() - began
    assert failure is not None
    assert (failure.blame, failure.kind) == (Blame.HARNESS, "timeout")
    assert failure.message == f"the call took longer than {LIMIT:g} s"
    assert LIMIT <= took < PATIENCE * LIMIT


@ASKS
def test_a_worker_that_stood_still_answers_as_if_it_had_not(sandbox: LocalSandbox, ask: Ask) -> None:
    with sandbox.load(DEEDS, LIMITS) as loaded:
        assert ask(loaded, "x") == Reply("x")
        with stopped(sandbox, 1.5 * LIMIT):
            began = time.monotonic()
            assert ask(loaded, WORK) == Reply(WORK)
            assert time.monotonic() - began > 1.4 * LIMIT
        assert ask(loaded, "y") == Reply("y")


def test_a_batch_that_stood_still_beyond_its_own_limit_is_answered(sandbox: LocalSandbox) -> None:
    with sandbox.load(DEEDS, Limits(call_seconds=0.3, batch_seconds=0.3)) as loaded, stopped(sandbox, 0.6):
        assert among_others(loaded, "x") == Reply("x")


@ASKS
def test_a_worker_that_never_runs_is_the_machines_fault(sandbox: LocalSandbox, ask: Ask) -> None:
    """And it ends: in a multiple of the limit. The next call is asked of a fresh worker."""
    with sandbox.load(DEEDS, Limits(call_seconds=0.05)) as loaded:
        with stopped(sandbox):
            began = time.monotonic()
            with pytest.raises(SandboxFault, match=r"too busy: in 1\.5 s .* 0\.05 s of CPU"):
                ask(loaded, "x")
            assert time.monotonic() - began >= PATIENCE * 0.05
        assert ask(loaded, "x") == Reply("x")


def test_loading_is_counted_the_same_way() -> None:
    """The worker that loads is the spare, which stands still."""
    limits = Limits(load_seconds=0.3)
    with LocalSandbox(static_gate=False) as sandbox:
        with sandbox.load(DEEDS, limits):
            spared(sandbox)
            with stopped(sandbox, 0.6):
                began = time.monotonic()
                with sandbox.load(DEEDS, limits) as loaded:
                    assert time.monotonic() - began > 0.5
                    assert alone(loaded, "x") == Reply("x")
        with sandbox.load(DEEDS, limits):
            spared(sandbox)
            with stopped(sandbox), pytest.raises(SandboxFault, match="too busy"):
                sandbox.load(DEEDS, Limits(load_seconds=0.05))
        asleep = "import sys\nlock = sys.modules['_thread'].allocate_lock()\nlock.acquire()\nlock.acquire()\n"
        with pytest.raises(HarnessFault, match=r"loading took longer than 0\.3 s"):
            sandbox.load(Harness(asleep), limits)


def test_a_harness_knows_the_cpu_of_all_its_workers(sandbox: LocalSandbox) -> None:
    """Those that are dead included: one killed by the zygote, and one by its caller. Waiting for a CPU is no use of it."""
    with sandbox.load(DEEDS, LIMITS) as loaded:
        begun = loaded.processor_seconds
        assert begun > 0
        with stopped(sandbox, LIMIT):
            assert alone(loaded, "x") == Reply("x")
        stood = loaded.processor_seconds
        assert stood - begun < LIMIT / 2
        for times, ask in enumerate((alone, among_others), 1):
            assert ask(loaded, "loop").failure is not None
            assert times * LIMIT * 0.7 <= loaded.processor_seconds - stood < times * LIMIT + 1


def spared(sandbox: LocalSandbox) -> None:
    """Wait for the spare worker beside the one that is in use."""
    deadline = time.monotonic() + 5
    while len(workers(sandbox)) < 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.1)


def test_the_time_of_a_batch_goes_on_in_fresh_workers(sandbox: LocalSandbox) -> None:
    """Loading anew is the harness's own doing: one that takes long to load and then crashes is not asked for ever."""
    source = f"for _ in range(4_000_000):\n    pass\n\n\n{harness('os._exit(3)').source}"
    with sandbox.load(Harness(source), Limits(batch_seconds=0.5)) as loaded:
        replies = loaded.batch([Call("propose_action", ("x",))] * 100)
    kinds = [reply.failure.kind for reply in replies if reply.failure is not None]
    assert len(kinds) == 100
    assert (kinds[0], kinds[-1]) == ("killed", "timeout")


@ASKS
def test_a_starved_worker_answers_as_on_a_free_machine(sandbox: LocalSandbox, ask: Ask) -> None:
    """Other programs on the worker's CPU: the call takes longer than its limit on the wall, and is answered."""
    with sandbox.load(DEEDS, LIMITS) as loaded:
        board, took = WORK, 0.0
        while took < 0.35 * LIMIT:  # however fast this machine is
            board += WORK if took == 0.0 else WORK * max(1, int(0.1 * LIMIT / took))
            begun = loaded.processor_seconds
            free = ask(loaded, board)
            took = loaded.processor_seconds - begun
        assert free == Reply(board)
        cpu = min(os.sched_getaffinity(0))
        for pid in workers(sandbox):
            with suppress(ProcessLookupError):  # a spare one may have just ended
                os.sched_setaffinity(pid, {cpu})
        with others(cpu, 8):
            began = time.monotonic()
            assert ask(loaded, board) == free
            if time.monotonic() - began <= LIMIT:
                pytest.skip("this machine found time for it all the same")


@contextmanager
def others(cpu: int, number: int) -> Iterator[None]:
    """Programs that keep a CPU busy, a minute at most.

    Each in a session of its own: a scheduler that shares a CPU among sessions would give the worker's a half of it.
    """
    busy = (
        "import os, resource, sys\nresource.setrlimit(resource.RLIMIT_CPU, (60, 60))\n"
        "os.sched_setaffinity(0, {int(sys.argv[1])})\nprint(flush=True)\nwhile True: pass"
    )
    programs = [
        subprocess.Popen([sys.executable, "-S", "-c", busy, str(cpu)], stdout=subprocess.PIPE, start_new_session=True)
        for _ in range(number)
    ]
    try:
        for program in programs:
            assert program.stdout is not None
            program.stdout.readline()
        yield
    finally:
        for program in programs:
            program.kill()
            program.communicate()


@contextmanager
def child(body: str) -> Iterator[int]:
    program = subprocess.Popen([sys.executable, "-S", "-c", f"print(flush=True)\n{body}"], stdout=subprocess.PIPE)
    assert program.stdout is not None
    program.stdout.readline()
    try:
        yield program.pid
    finally:
        program.kill()
        program.communicate()


@contextmanager
def sleeper() -> Iterator[int]:
    """A program that sleeps by now."""
    with child("import time\ntime.sleep(60)") as pid:
        deadline = time.monotonic() + 10
        while Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] != "S":
            assert time.monotonic() < deadline
            time.sleep(0.01)
        yield pid


def watched(watch: Stopwatch, seconds: float, least: float) -> tuple[Verdict, float]:
    """The verdict, by looks of a twentieth of the limit, and how much later than `least` multiples of it it came."""
    began = time.monotonic()
    while not (verdict := watch.look(seconds)):
        time.sleep(seconds / 20)
    return verdict, (time.monotonic() - began) / seconds - least


def test_what_a_process_spends() -> None:
    with child("while True: pass") as busy:
        verdict, more = watched(Stopwatch(busy), 0.2, 1)
        assert verdict is Verdict.LATE
        assert more >= -0.05
    with sleeper() as sleeping:
        watch = Stopwatch(sleeping)
        verdict, more = watched(watch, 0.2, 1)
        assert verdict is Verdict.LATE
        assert more >= -0.05
        assert watch.slept == pytest.approx(watch.spent, abs=0.05)
        os.kill(sleeping, signal.SIGSTOP)
        watch = Stopwatch(sleeping)
        verdict, more = watched(watch, 0.02, PATIENCE)
        assert verdict is Verdict.STARVED
        assert 0 <= more < PATIENCE
        assert watch.spent < 0.02


def test_where_nothing_is_known_of_a_process_all_time_counts() -> None:
    verdict, more = watched(Stopwatch(None), 0.1, 1)
    assert verdict is Verdict.LATE
    assert more >= 0


def test_a_look_that_comes_late_counts_only_in_part() -> None:
    """Whoever looks may have been held up as well."""
    with sleeper() as sleeping:
        watch = Stopwatch(sleeping)
        time.sleep(0.4)
        assert watch.look(0.2) is Verdict.GOING
        assert watch.spent <= 0.06
