"""Programs as models: what they are told, how they fail, and that nothing of them stays behind."""

import os
import shlex
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from bridle.errors import ModelFault, UsageError
from bridle.models import Request, open_model
from bridle.models.answer import LARGEST
from bridle.models.command import TIMEOUT, Command
from bridle.testing.model import fault_of

ASK = Request(prompt="Refine this.", sample=3, max_output_tokens=50, settings={"temperature": 0.5})


@pytest.fixture
def program(tmp_path: Path) -> Callable[[str], str]:
    """Writes a Python program and gives the command line that runs it."""

    def write(source: str) -> str:
        path = tmp_path / f"program {len(list(tmp_path.iterdir()))}.py"
        path.write_text(textwrap.dedent(source))
        return f"{shlex.quote(sys.executable)} -S {shlex.quote(str(path))}"

    return write


def alive(pid: int) -> bool:
    """Whether the process runs (a zombie that nobody has reaped yet does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def gone(pids: list[int], seconds: float = 5.0) -> bool:
    """Whether all the processes end within the time."""
    deadline = time.monotonic() + seconds
    while any(alive(pid) for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.01)
    return not any(alive(pid) for pid in pids)


STUBBORN = """
    import os, signal, subprocess, sys, time
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    child = subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(60)"])
    with open({pids!r}, "w") as file:
        file.write(f"{{os.getpid()}} {{child.pid}}\\n")
    time.sleep(60)
"""


def running(path: Path) -> list[int]:
    """The processes of `STUBBORN`, once both run."""
    deadline = time.monotonic() + 20
    while not (path.exists() and path.read_text().endswith("\n")):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return [int(word) for word in path.read_text().split()]


def test_the_default_time_is_an_hour() -> None:
    assert TIMEOUT == 3600


def test_arguments_are_split_without_a_shell(program: Callable[[str], str]) -> None:
    line = program("import sys; print(sys.argv[1:])")
    model = open_model(f"cmd:{line} 'two words' \"$HOME\" '*' ';' '|' '#?x=1'")
    assert model.complete(ASK).text == "['two words', '$HOME', '*', ';', '|', '#?x=1']\n"


def test_the_program_is_told_what_the_prompt_does_not_say(program: Callable[[str], str]) -> None:
    line = program(
        "import os; print([os.environ[f'BRIDLE_{x}'] for x in ('SAMPLE REQUEST MAX_OUTPUT_TOKENS SETTINGS'.split())])"
    )
    assert open_model(f"cmd:{line}").complete(ASK).text == f"['3', '{ASK.digest}', '50', '{{\"temperature\": 0.5}}']\n"


def test_the_label_says_who_answered(program: Callable[[str], str]) -> None:
    line = program("print('x')")
    assert open_model(f"cmd?label=assistant&timeout=5:{line}").complete(ASK).model == "assistant"
    assert open_model(f"cmd:{line}", label="assistant").complete(ASK).model == "assistant"
    model = open_model(f"cmd:{line} --key sk-secret")
    assert model.complete(ASK).model == model.name == f"cmd:{Path(sys.executable).name}"


def test_a_program_that_reads_nothing_may_answer(program: Callable[[str], str]) -> None:
    line = program("print('no need')")
    assert open_model(f"cmd:{line}").complete(Request(prompt="x" * 3_000_000)).text == "no need\n"


def test_a_program_that_writes_before_it_reads_is_no_deadlock(program: Callable[[str], str]) -> None:
    line = program("""
        import sys
        sys.stderr.write("e" * 500_000); sys.stdout.write("o" * 500_000)
        sys.stdout.write(str(len(sys.stdin.read())))
    """)
    assert (
        open_model(f"cmd:{line}", timeout=20).complete(Request(prompt="x" * 500_000)).text == "o" * 500_000 + "500000"
    )


def test_another_status_than_zero_is_a_fault_with_the_last_lines(program: Callable[[str], str]) -> None:
    line = program("""
        import sys
        print("half an answer")
        for number in range(100): print(f"line {number} \\033[31m", file=sys.stderr)
        sys.exit(3)
    """)
    fault = fault_of(open_model(f"cmd:{line}"), ASK)
    assert not fault.permanent
    assert "status 3" in str(fault)
    assert "line 95" in str(fault)
    assert "line 99" in str(fault)
    assert "line 94" not in str(fault)
    assert str(fault).isprintable()


def test_a_killed_program_is_a_fault(program: Callable[[str], str]) -> None:
    line = program("import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    assert "SIGKILL" in str(fault_of(open_model(f"cmd:{line}"), ASK))


def test_nothing_said_is_a_fault_with_what_stands_on_standard_error(program: Callable[[str], str]) -> None:
    line = program("import sys; print('not logged in', file=sys.stderr)")
    assert "not logged in" in str(fault_of(open_model(f"cmd:{line}"), ASK))


def test_other_bytes_than_utf8_are_a_fault(program: Callable[[str], str]) -> None:
    line = program(r"import sys; sys.stdout.buffer.write(b'caf\xe9')")
    assert "UTF-8" in str(fault_of(open_model(f"cmd:{line}"), ASK))


def test_output_without_end_is_cut(program: Callable[[str], str]) -> None:
    line = program("""
        import sys
        while True: sys.stdout.write("x" * 65536)
    """)
    assert f"{LARGEST >> 20} MiB" in str(fault_of(open_model(f"cmd:{line}", timeout=60), ASK))


def test_too_late_is_a_fault_and_the_whole_group_is_killed(program: Callable[[str], str], tmp_path: Path) -> None:
    line = program(STUBBORN.format(pids=str(tmp_path / "pids")))
    fault = fault_of(open_model(f"cmd?timeout=1:{line}"), ASK)
    assert "did not answer within 1 s" in str(fault)
    assert not fault.permanent
    assert gone(running(tmp_path / "pids"))


def test_closing_from_another_thread_kills_what_runs(program: Callable[[str], str], tmp_path: Path) -> None:
    model = open_model(f"cmd:{program(STUBBORN.format(pids=str(tmp_path / 'pids')))}")
    faults: list[ModelFault] = []
    thread = threading.Thread(target=lambda: faults.append(fault_of(model, ASK)))
    thread.start()
    pids = running(tmp_path / "pids")
    model.close()
    thread.join(10)
    assert "closed" in str(faults[0])
    assert faults[0].permanent
    assert gone(pids)
    assert "closed" in str(fault_of(model, ASK))


def test_an_interrupt_kills_what_runs(program: Callable[[str], str], tmp_path: Path) -> None:
    """Ctrl-C in the terminal reaches the asking process alone; it takes the program along."""
    line = program(STUBBORN.format(pids=str(tmp_path / "pids")))
    asking = textwrap.dedent(f"""
        from bridle.models import Request, open_model
        open_model({"cmd:" + line!r}).complete(Request(prompt="p"))
    """)
    asker = subprocess.Popen([sys.executable, "-c", asking], stderr=subprocess.PIPE, start_new_session=True)
    pids = running(tmp_path / "pids")
    asker.send_signal(signal.SIGINT)
    _, errors = asker.communicate(timeout=20)
    assert b"KeyboardInterrupt" in errors
    assert gone(pids)


def test_nothing_runs_on_when_the_interpreter_ends(program: Callable[[str], str], tmp_path: Path) -> None:
    """The thread that asks is a daemon, and nobody closed the model."""
    line = program(STUBBORN.format(pids=str(tmp_path / "pids")))
    asking = textwrap.dedent(f"""
        import pathlib, threading, time
        from bridle.models import Request, open_model
        model = open_model({"cmd:" + line!r})
        threading.Thread(target=model.complete, args=(Request(prompt="p"),), daemon=True).start()
        while not pathlib.Path({str(tmp_path / "pids")!r}).exists(): time.sleep(0.01)
        time.sleep(0.1)
    """)
    subprocess.run([sys.executable, "-c", asking], timeout=20, check=True)
    assert gone(running(tmp_path / "pids"))


def test_a_grandchild_that_keeps_the_output_open_does_not_hold_the_answer_back(
    program: Callable[[str], str], tmp_path: Path
) -> None:
    line = program(f"""
        import subprocess, sys
        child = subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(30)"])
        open({str(tmp_path / "pid")!r}, "w").write(str(child.pid))
        print("done")
    """)
    start = time.monotonic()
    assert open_model(f"cmd:{line}").complete(ASK).text == "done\n"
    assert time.monotonic() - start < 15
    os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)


def test_what_is_written_between_two_looks_is_not_lost(
    program: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The program writes and ends after the look at its outputs and before the look at itself."""
    poll = subprocess.Popen.poll

    def late(child: subprocess.Popen[bytes]) -> int | None:
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        return poll(child)

    monkeypatch.setattr(subprocess.Popen, "poll", late)
    line = program("import time; time.sleep(0.6); print('late')")
    assert open_model(f"cmd:{line}").complete(ASK).text == "late\n"


def test_a_program_that_closes_its_output_is_still_waited_for(program: Callable[[str], str]) -> None:
    line = program("""
        import os, sys, time
        os.write(1, b"early"); os.close(1); os.close(2)
        time.sleep(0.4)
        os._exit(7)
    """)
    assert "status 7" in str(fault_of(open_model(f"cmd:{line}"), ASK))


@pytest.mark.parametrize(
    ("spec", "sentence"),
    [
        ("cmd:", "needs a program"),
        ("cmd:   ", "needs a program"),
        ("cmd:no-such-program-anywhere --x", "no-such-program-anywhere"),
        ("cmd:./no/such/file", "./no/such/file"),
        ("cmd:'unbalanced", "quot"),
    ],
)
def test_what_cannot_be_run_is_refused_when_opened(spec: str, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        open_model(spec)


def test_a_file_that_is_not_executable_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "ask.sh").write_text("#!/bin/sh\necho hi\n")
    with pytest.raises(UsageError, match="chmod"):
        Command(str(tmp_path / "ask.sh"))


def test_a_program_that_vanished_is_a_permanent_fault(tmp_path: Path) -> None:
    path = tmp_path / "ask.sh"
    path.write_text("#!/bin/sh\necho hi\n")
    path.chmod(0o755)
    model = Command(str(path))
    assert model.complete(ASK).text == "hi\n"
    path.unlink()
    assert fault_of(model, ASK).permanent
