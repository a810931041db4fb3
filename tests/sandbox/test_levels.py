"""What this machine offers is found out, said, and kept to; what it lacks is refused."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bridle.errors import SandboxFault
from bridle.harness import Harness, Limits
from bridle.sandbox import Level, LocalSandbox, probe_level

HERE = Path(__file__).parent
ECHO = "def propose_action(board):\n    return board\n\n\ndef is_legal_action(board, action):\n    return True\n"
PROGRAM = f"""
import sys
from bridle.errors import SandboxFault
from bridle.harness import Harness, Limits
from bridle.sandbox import LocalSandbox, probe_level

print(probe_level())
try:
    with LocalSandbox(without_isolation="dare" in sys.argv) as sandbox:
        print(sandbox.level, sandbox.load(Harness({ECHO!r}), Limits()).call("propose_action", "answered").value)
except SandboxFault as fault:
    print("refused:", fault)
"""


def run(*arguments: str, missing: str = "", python: str = sys.executable, user: int | None = None) -> list[str]:
    launcher = [sys.executable, str(HERE / "launcher.py"), missing] if missing else []
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    done = subprocess.run(
        [*launcher, python, "-c", PROGRAM, *arguments],
        env=environment, capture_output=True, text=True, timeout=60, check=True, user=user, group=user,
        extra_groups=None if user is None else [],
    )  # fmt: skip
    return done.stdout.splitlines()


def test_this_machine() -> None:
    level = probe_level()
    assert level >= Level.L2, "the tests of the sandbox need a kernel with seccomp"
    with LocalSandbox() as sandbox:
        assert sandbox.level == level
        assert sandbox.layers.level == level
        assert (sandbox.layers.landlock > 0) == (level is Level.L3)


def test_without_landlock_seccomp_remains() -> None:
    assert run(missing="landlock") == ["L2", "L2 answered"]


@pytest.mark.parametrize("missing", ["seccomp", "seccomp,landlock"])
def test_without_seccomp_nothing_runs(missing: str) -> None:
    level, refusal = run(missing=missing)
    assert level == "L1"
    assert refusal.startswith("refused:")
    assert "NOT isolated" in refusal
    assert "answered" not in refusal


def test_whoever_dares_says_so() -> None:
    assert run("dare", missing="seccomp,landlock") == ["L1", "L1 answered"]


def common_python() -> str:
    """An interpreter of this version that any user can run."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    for candidate in (sys.executable, shutil.which(f"python{version}", path="/usr/local/bin:/usr/bin")):
        command = [str(candidate), "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
        try:
            told = subprocess.run(command, user=65534, capture_output=True, text=True).stdout
        except OSError:
            continue
        if told.strip() == version:
            return str(candidate)
    pytest.skip("no interpreter of this version that an ordinary user can run")


@pytest.mark.skipif(os.getuid() != 0, reason="the other tests are run as an ordinary user already")
def test_as_an_ordinary_user_the_same() -> None:
    level = str(probe_level())
    assert run(python=common_python(), user=65534) == [level, f"{level} answered"]


def test_a_sandbox_does_not_settle_for_less_later() -> None:
    """The first worker's level is what every later one must have."""
    program = PROGRAM.replace(
        "print(sandbox.level, ", "sandbox.level = type(sandbox.level)(3)\n        print(sandbox.level, "
    )
    launcher = [sys.executable, str(HERE / "launcher.py"), "landlock", sys.executable, "-c", program]
    done = subprocess.run(launcher, capture_output=True, text=True, timeout=60, check=True)
    assert "refused: A worker was confined at L2 only, though this machine offers L3" in done.stdout


def test_an_interpreter_that_is_not_there_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(SandboxFault, match="can't start /nowhere/python"):
        LocalSandbox()


def test_an_interpreter_that_is_none_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", shutil.which("false"))
    with pytest.raises(SandboxFault, match="did not start"):
        LocalSandbox()


def test_a_worker_holds_only_its_pipes() -> None:
    with LocalSandbox() as sandbox, sandbox.load(Harness(ECHO), Limits()) as loaded:
        loaded.call("propose_action", "x")
        (zygote,) = sandbox.zygotes()
        workers = Path(f"/proc/{zygote}/task/{zygote}/children").read_text().split()
        seen = 0
        for worker in workers:
            held: list[int] = []
            for _ in range(500):  # the spare worker may still be confining itself
                try:
                    held = sorted(int(link.name) for link in Path(f"/proc/{worker}/fd").iterdir())
                except PermissionError:
                    pytest.skip("an ordinary user can't look at a worker: it is not dumpable")
                except FileNotFoundError:  # it has just ended, and says nothing
                    break
                if held == [0, 1, 2, 3, 4]:
                    seen += 1
                    break
                time.sleep(0.01)
            else:
                assert held == [0, 1, 2, 3, 4]
        assert seen
