"""What the zygote keeps an eye on, without one: the part that other kernels need is tested here too."""

from __future__ import annotations

import mmap
import os
import signal
import time

import pytest

from bridle.sandbox import memory, wire, zygote
from bridle.sandbox.process import explain


@pytest.fixture
def page() -> memoryview:
    return memoryview(mmap.mmap(-1, wire.WATCH_BYTES)).cast("I")


@pytest.fixture
def watching(page: memoryview, monkeypatch: pytest.MonkeyPatch) -> zygote.Zygote:
    """A zygote that watches one child of this process, which sleeps."""
    monkeypatch.setattr(memory, "POLLED", False)
    watcher = zygote.Zygote.__new__(zygote.Zygote)
    watcher._waits, watcher._watched, watcher._workers = page, {}, {}
    return watcher


@pytest.fixture
def child():
    pid = os.fork()
    if pid == 0:
        while True:
            time.sleep(1)
    yield pid
    try:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    except (ProcessLookupError, ChildProcessError):
        pass


def killed(pid: int) -> bool:
    time.sleep(0.05)
    found, status = os.waitpid(pid, os.WNOHANG)
    return found == pid and os.WTERMSIG(status) == signal.SIGKILL


def watch(watcher: zygote.Zygote, pid: int, **limits: float) -> None:
    watcher._workers[0] = pid
    watcher._guard({"worker": 0, "slot": 5, "seconds": 0.05, "memory_bytes": 1 << 40, **limits})


def test_a_call_is_killed_after_its_time_and_not_before(watching, page, child) -> None:
    watch(watching, child)
    page[10] = 7
    watching._patrol()
    assert not killed(child)
    for sequence in range(8, 40):  # calls that are answered in time
        page[10] = sequence
        time.sleep(0.01)
        watching._patrol()
    assert page[11] == 0
    assert not killed(child)
    for look in range(5):  # each counts for no more than a quarter of the limit
        assert page[11] == 0 or look > 3
        time.sleep(0.02)
        watching._patrol()
    assert page[11] == 39
    assert killed(child)


def test_a_worker_that_gets_no_cpu_is_killed_much_later_and_not_for_being_late(watching, page, child) -> None:
    watch(watching, child, seconds=0.02)
    os.kill(child, signal.SIGSTOP)
    page[10] = 7
    began = time.monotonic()
    while time.monotonic() - began < 10 * 0.02:
        watching._patrol()
        assert page[11] == 0
        time.sleep(0.02)
    time.sleep(21 * 0.02)
    watching._patrol()
    assert page[11] == 7 + wire.STARVED
    assert killed(child)


def test_nobody_is_killed_while_nobody_waits(watching, page, child) -> None:
    watch(watching, child)
    for _ in range(5):
        time.sleep(0.03)
        watching._patrol()
    assert page[11] == 0
    assert not killed(child)


def test_memory_is_polled_where_the_kernel_does_not_limit_it(watching, page, child, monkeypatch) -> None:
    monkeypatch.setattr(memory, "POLLED", True)
    watch(watching, child, memory_bytes=1 << 40)
    watching._patrol()
    assert not killed(child)
    watch(watching, child, memory_bytes=1 << 20)
    watching._patrol()
    assert page[11] == wire.OVER_MEMORY
    assert killed(child)


def test_the_memory_of_a_process() -> None:
    before = memory.resident(os.getpid())
    data = bytearray(30 << 20)
    data[::4096] = b"x" * len(data[::4096])
    assert memory.resident(os.getpid()) - before > 20 << 20
    assert memory.resident(2**22 - 1) == 0


def test_looks_are_as_frequent_as_the_shortest_limit_needs(watching, child) -> None:
    for seconds, pause in ((0.001, 0.002), (0.1, 0.005), (1.0, 0.05), (60.0, 0.05)):
        watch(watching, child, seconds=seconds)
        assert watching._patrol() == pytest.approx(pause)


@pytest.mark.parametrize(
    ("status", "spent", "blame", "kind"),
    [
        (signal.SIGXCPU, False, "harness", "cpu"),
        (signal.SIGKILL, False, "infrastructure", "killed"),
        (signal.SIGKILL, True, "harness", "cpu"),
        (signal.SIGSYS, False, "harness", "killed"),
        (signal.SIGSEGV, False, "harness", "killed"),
        (signal.SIGTRAP, False, "harness", "killed"),
        (wire.OUT_OF_MEMORY << 8, False, "harness", "memory"),
        (0, False, "harness", "killed"),
        (3 << 8, True, "harness", "killed"),
    ],
)
def test_what_an_end_means(status: int, spent: bool, blame: str, kind: str) -> None:
    failure = explain(int(status), spent=spent)
    assert (failure.blame, failure.kind) == (blame, kind)
