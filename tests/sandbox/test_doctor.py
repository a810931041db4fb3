"""The doctor: levels told and kept to, layers seen from outside, and exit codes."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from bridle.sandbox import Level, LocalSandbox
from bridle.sandbox import doctor as module
from bridle.sandbox.attacks import ATTACKS, Finding, Outcome
from bridle.sandbox.doctor import Report, examine

LAUNCHER = Path(__file__).with_name("launcher.py")
MAIN = "import sys; from bridle.cli import main; sys.argv[0] = 'bridle'; main()"
linux = pytest.mark.skipif(sys.platform != "linux", reason="the kernel's layers are Linux's")


def bridle(*words: str, missing: str = "") -> subprocess.CompletedProcess[str]:
    """Run the command, on a kernel that seems to lack something."""
    launched = [sys.executable, str(LAUNCHER), missing] if missing else []
    command = [*launched, sys.executable, "-c", MAIN, *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=150, check=False)


def report(*outcomes: Outcome, level: Level | None = Level.L3, complaint: str = "") -> Report:
    findings = tuple(
        Finding(name=f"a{number}", family="files", outcome=outcome, how="so", gated=False, seconds=0.0)
        for number, outcome in enumerate(outcomes)
    )
    return Report(
        level=level,
        complaint=complaint,
        layers={},
        kernel="k",
        machine="m",
        untested=(),
        attacked=bool(findings),
        attacks=findings,
    )


@pytest.mark.parametrize(
    ("found", "sound"),
    [
        (report(), True),
        (report(level=Level.L2), True),
        (report(Outcome.CONTAINED, Outcome.NOT_APPLICABLE), True),
        (report(Outcome.CONTAINED, Outcome.ESCAPED), False),
        (report(level=Level.L1), False),
        (report(level=None), False),
        (report(complaint="A worker is not confined as it says."), False),
    ],
)
def test_sound_is_confined_and_never_escaped(found: Report, sound: bool) -> None:
    assert found.sound is sound
    assert found.record()["sound"] is sound


@linux
def test_here_the_kernel_confirms_every_layer() -> None:
    found = examine(attack=False)
    assert found.sound
    assert found.level is not None
    assert found.level >= Level.L2
    assert found.complaint == ""
    assert found.layers["seccomp"] == "on; the kernel says so too"
    assert found.layers["no new privileges"] == "on; the kernel says so too"
    assert "no capabilities" in found.layers["process"]
    assert json.loads(json.dumps(found.record()))["attacks"] == []


@linux
@pytest.mark.parametrize(
    ("claim", "denied"), [({"user": 4711}, "user"), ({"landlock": 99}, ""), ({"seccomp": True}, "seccomp")]
)
def test_a_worker_that_boasts_is_found_out(monkeypatch: pytest.MonkeyPatch, claim, denied: str) -> None:
    class Boasting(LocalSandbox):
        def __init__(self, **options: bool) -> None:
            super().__init__(**options)
            self.layers = replace(self.layers, **claim)

    real = module._seen
    monkeypatch.setattr(module, "LocalSandbox", Boasting)
    monkeypatch.setattr(module, "SETTLE_SECONDS", 0.05)
    if denied == "seccomp":
        monkeypatch.setattr(module, "_seen", lambda worker: {**real(worker), "Seccomp": "0"})
    found = examine(attack=True) if denied else examine(attack=False)
    assert found.sound is not bool(denied)
    assert found.complaint == (f"A worker is not confined as it says: {denied}." if denied else "")
    assert found.attacks == ()


@linux
def test_without_landlock_it_is_level_two_and_sound() -> None:
    done = bridle("doctor", "--json", missing="landlock")
    found = json.loads(done.stdout)
    assert (done.returncode, found["level"], found["sound"]) == (0, "L2", True)
    assert found["layers"]["Landlock"] == "not offered by this kernel"


@linux
@pytest.mark.parametrize("missing", ["seccomp", "landlock,seccomp"])
def test_without_seccomp_it_refuses_and_attacks_nothing(missing: str) -> None:
    done = bridle("doctor", "--attack", "--json", missing=missing)
    found = json.loads(done.stdout)
    assert (done.returncode, found["level"], found["sound"], found["attacks"]) == (1, "L1", False, [])
    assert "NOT isolated" in found["complaint"]
    assert "no generated code is run on it" in done.stderr


def test_the_attacks_that_are_told_of_are_those_that_are_carried_out(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    chosen = tuple(attack for attack in ATTACKS if attack.name in ("read-a-file", "connect-by-tcp"))
    monkeypatch.setattr(module, "ATTACKS", chosen)
    found = examine(attack=True, progress=told.append)
    assert told == ["read-a-file", "connect-by-tcp"] == [finding.name for finding in found.attacks]
    assert found.sound
    assert found.record()["outcomes"] == {"contained": 2, "escaped": 0, "not applicable": 0}


@pytest.mark.slow
def test_the_command_attacks_and_prints_a_table() -> None:
    done = bridle("doctor", "--attack")
    rows = [line.split("\t") for line in done.stdout.splitlines() if line.count("\t") == 4]
    assert {row[1] for row in rows[1:]} == {attack.name for attack in ATTACKS}
    assert [row for row in rows[1:] if row[2] == "escaped"] == []
    assert done.returncode == 0
    assert f"{len(ATTACKS)} attacks" in done.stdout.splitlines()[-1]
