"""Workers come and go: nothing leaks, nothing is left behind, and whoever dies takes down only what was theirs."""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hostile import harness
from tree import children

from bridle.errors import Blame, SandboxFault
from bridle.harness import Call, Harness, Limits
from bridle.sandbox import LocalSandbox

ECHO = Harness(
    "def propose_action(board):\n    return board\n\n\ndef is_legal_action(board, action):\n    return True\n"
)
HANG = harness("if board == 'hang':\n    while True:\n        pass\nreturn board")
NUMPY = Harness("import numpy\n" + ECHO.source)
QUICK = Limits(call_seconds=0.02)


@pytest.fixture
def sandbox() -> Iterator[LocalSandbox]:
    with LocalSandbox(static_gate=False) as opened:
        yield opened


def family(sandbox: LocalSandbox) -> list[int]:
    """The zygotes and their workers."""
    zygotes = sandbox.zygotes()
    return [*zygotes, *(worker for zygote in zygotes for worker in children(zygote))]


def gone(pids: list[int], seconds: float) -> bool:
    """Whether all of them end in this time."""
    deadline = time.monotonic() + seconds
    while any(alive(pid) for pid in pids):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def settled(read: Callable[[], int], wanted: int) -> int:
    """A figure once it has come down to what is wanted, or as it is after a second."""
    deadline = time.monotonic() + 1
    while read() > wanted and time.monotonic() < deadline:
        time.sleep(0.01)
    return read()


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def use(sandbox: LocalSandbox, candidates: int, hanging: int) -> None:
    """Load, call and drop candidates, each with a source of its own; some of them hang."""
    for number in range(candidates):
        source = HANG.source + f"\n\nNUMBER = {number}\n"
        loaded = sandbox.load(Harness(source), QUICK)
        assert loaded.batch([Call("propose_action", (f"{number}-{i}",)) for i in range(3)])[2].value == f"{number}-2"
        if number % (candidates // hanging) == 0:
            failure = loaded.call("propose_action", "hang").failure
            assert failure is not None
            assert failure.kind == "timeout"
        if number % 2:
            loaded.close()


def check_nothing_leaks(candidates: int, hanging: int) -> None:
    gc.collect()
    before = descriptors()
    # Not pinned: where other programs claim CPUs meanwhile, there would be spares for more than one.
    with LocalSandbox(static_gate=False, pinned=False) as sandbox:
        use(sandbox, 40, 4)
        gc.collect()
        open_descriptors, processes, memory = descriptors(), len(family(sandbox)), resident()
        use(sandbox, candidates, hanging)
        gc.collect()
        assert descriptors() == open_descriptors
        assert settled(lambda: len(family(sandbox)), processes) == processes
        assert resident() - memory < 1 << 20
        everyone = family(sandbox)
    assert gone(everyone, 1.0)
    assert descriptors() == before


@pytest.mark.slow
def test_hundreds_of_candidates_leave_nothing() -> None:
    check_nothing_leaks(300, 30)


@pytest.mark.slow
def test_thousands_of_candidates_leave_nothing() -> None:
    check_nothing_leaks(2000, 200)


@pytest.mark.slow
def test_a_killed_worker_is_replaced_by_one_that_was_ready(sandbox: LocalSandbox) -> None:
    with sandbox.load(HANG, QUICK) as loaded:
        for _ in range(5):
            assert loaded.call("propose_action", "x").value == "x"
            ready = workers_of(sandbox, 2)
            assert loaded.call("propose_action", "hang").failure is not None
            assert loaded.call("propose_action", "x").value == "x"
            assert len(ready & workers_of(sandbox, 2)) == 1, "the spare took over, and another one is on its way"


def workers_of(sandbox: LocalSandbox, number: int) -> set[int]:
    """The workers, once there are so many."""
    deadline = time.monotonic() + 5
    while len(found := children(sandbox.zygotes()[0])) != number and time.monotonic() < deadline:
        time.sleep(0.005)
    assert len(found) == number
    return set(found)


PARENT = """
import sys
from bridle.harness import Call, Harness, Limits
from bridle.sandbox import LocalSandbox
from test_lifecycle import HANG, NUMPY, family

sandbox = LocalSandbox(static_gate=False)
other = sandbox.load(NUMPY, Limits())
loaded = sandbox.load(HANG, Limits(call_seconds=60))
print(*family(sandbox), flush=True)
if sys.argv[1] == "hang":
    loaded.batch([Call("propose_action", (board,)) for board in ("x", "hang", "y")])
"""


def parent(deed: str) -> tuple[subprocess.Popen[str], list[int]]:
    paths = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    process = subprocess.Popen(
        [sys.executable, "-c", PARENT, deed],
        env={**os.environ, "PYTHONPATH": paths},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    return process, [int(pid) for pid in process.stdout.readline().split()]


def test_a_killed_parent_leaves_nothing_behind() -> None:
    """SIGKILL in the middle of a batch: within a second there is no process left."""
    process, pids = parent("hang")
    assert len(pids) >= 4
    time.sleep(0.2)
    assert all(alive(pid) for pid in pids)
    process.kill()
    process.communicate()
    assert gone(pids, 1.0)


def test_a_parent_that_forgets_to_close_leaves_nothing_behind() -> None:
    process, pids = parent("leave")
    _, complaints = process.communicate(timeout=20)
    assert (process.returncode, complaints) == (0, "")
    assert gone(pids, 1.0)


def test_a_call_whose_worker_is_killed_from_outside_is_made_again(sandbox: LocalSandbox) -> None:
    """And a harness that hangs, hangs again: that is its own fault."""
    with sandbox.load(HANG, Limits(call_seconds=1.0)) as loaded:
        threading.Timer(0.1, lambda: [os.kill(pid, signal.SIGKILL) for pid in children(sandbox.zygotes()[0])]).start()
        failure = loaded.call("propose_action", "hang").failure
        assert failure is not None
        assert (failure.blame, failure.kind, loaded.killed) == (Blame.HARNESS, "timeout", 1)
        assert loaded.call("propose_action", "x").value == "x"


def test_a_dead_zygote_is_the_sandboxs_fault_and_replaced(sandbox: LocalSandbox) -> None:
    loaded = sandbox.load(ECHO, Limits())
    before = family(sandbox)
    os.kill(sandbox.zygotes()[0], signal.SIGKILL)
    assert gone(before, 1.0), "workers die with their zygote"
    with pytest.raises(SandboxFault):
        loaded.call("propose_action", "x")
    with sandbox.load(ECHO, Limits()) as fresh:
        assert fresh.call("propose_action", "x").value == "x"
    loaded.close()


def test_a_closed_sandbox_loads_nothing() -> None:
    sandbox = LocalSandbox()
    loaded = sandbox.load(ECHO, Limits())
    sandbox.close()
    sandbox.close()
    loaded.close()
    with pytest.raises(SandboxFault, match="closed"):
        sandbox.load(ECHO, Limits())


@pytest.mark.slow
def test_threads_with_a_harness_each(sandbox: LocalSandbox) -> None:
    def work(number: int) -> int:
        answered = 0
        for round_ in range(6):
            with sandbox.load(HANG, Limits(call_seconds=0.3)) as loaded:
                calls = [Call("propose_action", (f"{number}-{round_}-{i}",)) for i in range(20)]
                assert [reply.value for reply in loaded.batch(calls)] == [call.values[0] for call in calls]
                if round_ == 3:
                    assert loaded.call("propose_action", "hang").failure is not None
                for call in calls:
                    answered += loaded.call("propose_action", call.values[0]).value == call.values[0]
        return answered

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(work, range(12))) == [120] * 12


def test_a_harness_outlives_the_thread_that_loaded_it(sandbox: LocalSandbox) -> None:
    """A worker must not die with a thread of its parent (the kernel's parent-death signal goes by thread)."""
    box: list = []
    thread = threading.Thread(target=lambda: box.append(sandbox.load(ECHO, Limits())))
    thread.start()
    thread.join()
    time.sleep(0.1)
    assert box[0].call("propose_action", "x").value == "x"
    box[0].close()


def test_a_sandbox_opened_in_a_thread_that_ends() -> None:
    with ThreadPoolExecutor(1) as pool:
        sandbox = pool.submit(LocalSandbox).result()
    time.sleep(0.1)
    with sandbox, sandbox.load(ECHO, Limits()) as loaded:
        assert loaded.call("propose_action", "x").value == "x"


def in_a_process(number: int) -> list:
    with LocalSandbox() as sandbox, sandbox.load(ECHO, Limits()) as loaded:
        return [loaded.call("propose_action", f"{number}-{i}").value for i in range(50)]


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_processes_with_a_sandbox_each(sandbox: LocalSandbox, method: str) -> None:
    """Also forked from one that has a sandbox of its own, with a harness loaded."""
    loaded = sandbox.load(ECHO, Limits())
    with multiprocessing.get_context(method).Pool(3) as pool:
        assert pool.map(in_a_process, range(6)) == [[f"{n}-{i}" for i in range(50)] for n in range(6)]
    assert loaded.call("propose_action", "x").value == "x"
    loaded.close()


def test_a_forked_child_leaves_its_parents_sandbox_alone(sandbox: LocalSandbox) -> None:
    loaded = sandbox.load(ECHO, Limits())
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            with pytest.raises(SandboxFault, match="each process"):
                sandbox.load(ECHO, Limits())
            loaded.close()
            sandbox.close()
            status = 0
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert loaded.call("propose_action", "x").value == "x"
    assert sandbox.load(ECHO, Limits()).call("propose_action", "y").value == "y"


def test_numpy_is_there_when_the_source_asks(sandbox: LocalSandbox) -> None:
    pytest.importorskip("numpy")
    source = """
import numpy as np

def propose_action(board):
    return str(np.random.randint(10**9)) if board == "chance" else str(int(np.arange(int(board)).sum()))

def is_legal_action(board, action):
    return bool(np.linalg.det(np.eye(3)) == 1.0)
"""
    assert len(sandbox.zygotes()) == 1
    with sandbox.load(Harness(source), Limits()) as loaded:
        assert loaded.call("propose_action", "100").value == "4950"
        assert loaded.call("is_legal_action", "", "").value is True
        chance = [Call("propose_action", ("chance",), seed=seed) for seed in (1, 2, 1)]
        one, two, three = (reply.value for reply in loaded.batch(chance))
        assert (one == three, one == two) == (True, False)
    assert len(sandbox.zygotes()) == 2
