"""Threads are pinned while they have a harness loaded, one CPU each, and get their CPUs back."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from tree import children

from bridle.harness import Harness, Limits, Pipelining
from bridle.sandbox import LocalSandbox, placement

ECHO = Harness(
    "def propose_action(board):\n    return board\n\n\ndef is_legal_action(board, action):\n    return True\n"
)

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or len(os.sched_getaffinity(0)) < 2, reason="pinning needs Linux and two CPUs"
)


@pytest.fixture(autouse=True)
def unclaimed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Claims of this test's own, so that other programs on this machine don't matter."""
    monkeypatch.setattr(placement, "CLAIM", f"bridle-test-{os.getpid()}")
    before = os.sched_getaffinity(0)
    yield
    assert os.sched_getaffinity(0) == before


def cpus(pid: int) -> set[int]:
    (line,) = [
        row for row in Path(f"/proc/{pid}/status").read_text().splitlines() if row.startswith("Cpus_allowed_list")
    ]
    found = set()
    for part in line.split()[1].split(","):
        first, _, last = part.partition("-")
        found |= set(range(int(first), int(last or first) + 1))
    return found


def workers_cpus(sandbox: LocalSandbox) -> list[set[int]]:
    """Those of each worker; one may end while they are read."""
    (zygote,) = sandbox.zygotes()
    found = []
    for worker in children(zygote):
        with suppress(FileNotFoundError, ProcessLookupError):
            found.append(cpus(worker))
    assert found
    return found


def test_a_thread_and_its_worker_share_a_cpu() -> None:
    with LocalSandbox() as sandbox:
        everywhere = os.sched_getaffinity(0)
        loaded = sandbox.load(ECHO, Limits())
        mine = os.sched_getaffinity(0)
        assert len(mine) == 1
        assert mine in workers_cpus(sandbox)
        assert cpus(sandbox.zygotes()[0]) == everywhere
        assert not isinstance(loaded, Pipelining)
        second = sandbox.load(ECHO, Limits())
        loaded.close()
        assert os.sched_getaffinity(0) == mine, "one is still loaded"
        second.close()
        assert os.sched_getaffinity(0) == everywhere


def test_without_pinning_nothing_is_pinned() -> None:
    everywhere = os.sched_getaffinity(0)
    with LocalSandbox(pinned=False) as sandbox, sandbox.load(ECHO, Limits()) as loaded:
        assert os.sched_getaffinity(0) == everywhere
        assert all(where == everywhere for where in workers_cpus(sandbox))
        assert isinstance(loaded, Pipelining)


def test_a_refused_harness_leaves_no_pin() -> None:
    everywhere = os.sched_getaffinity(0)
    with LocalSandbox() as sandbox:
        with pytest.raises(Exception, match="static"):
            sandbox.load(Harness("import os"), Limits())
        assert os.sched_getaffinity(0) == everywhere


def test_threads_get_a_cpu_each_while_there_are_any() -> None:
    """One pair per CPU; whoever finds none left goes where the scheduler puts it."""
    number = len(os.sched_getaffinity(0)) + 1
    placed: dict[int, set[int]] = {}
    ready, done = threading.Barrier(number), threading.Barrier(number)
    with LocalSandbox() as sandbox:

        def work(which: int) -> None:
            with sandbox.load(ECHO, Limits()) as loaded:
                assert loaded.call("propose_action", "x").value == "x"
                ready.wait(20)
                placed[which] = os.sched_getaffinity(0)
                done.wait(20)

        threads = [threading.Thread(target=work, args=(which,)) for which in range(number)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    alone = [next(iter(where)) for where in placed.values() if len(where) == 1]
    assert sorted(alone) == sorted(os.sched_getaffinity(0))
    assert [where for where in placed.values() if len(where) > 1] == [os.sched_getaffinity(0)]


def test_other_processes_claims_are_respected() -> None:
    """A claim ends with its process: while a child holds this thread's CPU, another one is taken."""
    first = placement.enter()
    placement.leave(threading.get_ident())
    held, release = os.pipe(), os.pipe()
    pid = os.fork()
    if pid == 0:
        claim = placement._claim(next(iter(first)))
        os.write(held[1], b"y" if claim else b"n")
        os.read(release[0], 1)
        os._exit(0)
    try:
        assert os.read(held[0], 1) == b"y"
        assert placement.enter() != first
        placement.leave(threading.get_ident())
    finally:
        os.write(release[1], b"x")
        os.waitpid(pid, 0)


def test_programs_can_be_started_unpinned() -> None:
    everywhere = os.sched_getaffinity(0)
    with placement.unpinned():
        assert os.sched_getaffinity(0) == everywhere
    with LocalSandbox() as sandbox, sandbox.load(ECHO, Limits()):
        pinned = os.sched_getaffinity(0)
        with placement.unpinned():
            assert os.sched_getaffinity(0) == everywhere
        assert os.sched_getaffinity(0) == pinned


def test_closing_from_another_thread_frees_the_one_that_loaded() -> None:
    everywhere = os.sched_getaffinity(0)
    with LocalSandbox() as sandbox:
        loaded = sandbox.load(ECHO, Limits())
        closer = threading.Thread(target=loaded.close)
        closer.start()
        closer.join()
        assert os.sched_getaffinity(0) == everywhere


def test_a_forked_child_is_free() -> None:
    everywhere = os.sched_getaffinity(0)
    with LocalSandbox() as sandbox, sandbox.load(ECHO, Limits()):
        pid = os.fork()
        if pid == 0:
            os._exit(0 if os.sched_getaffinity(0) == everywhere else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
