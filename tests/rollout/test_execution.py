import os
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from bridle.errors import UsageError
from bridle.execution import Inline, open_executor, processes


def test_inline_runs_in_the_thread_that_submits() -> None:
    with Inline() as executor:
        assert executor.submit(threading.get_ident).result() == threading.get_ident()
        assert list(executor.map(abs, [-1, 2])) == [1, 2]
        with pytest.raises(ZeroDivisionError):
            executor.submit(lambda: 1 / 0).result()


def test_inline_runs_one_at_a_time() -> None:
    running, most = 0, 0
    gate = threading.Barrier(4)

    def job() -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        threading.Event().wait(0.005)
        running -= 1

    def submit() -> None:
        gate.wait()
        executor.submit(job).result()

    executor = Inline()
    with ThreadPoolExecutor(4) as threads:
        for future in [threads.submit(submit) for _ in range(4)]:
            future.result()
    assert most == 1


def test_processes_are_others() -> None:
    with processes(1) as pool:
        assert pool.submit(os.getpid).result() != os.getpid()


@pytest.mark.parametrize("spec", ["inline", "processes:2", "processes"])
def test_an_executor_is_opened_by_its_name(spec: str) -> None:
    open_executor(spec).shutdown()


@pytest.mark.parametrize("spec", ["", "inline:2", "processes:0", "processes:-1", "processes:x", "ray", "threads:2"])
def test_an_unknown_executor_is_said_with_those_there_are(spec: str) -> None:
    with pytest.raises(UsageError, match="inline, processes or processes:N"):
        open_executor(spec)
