"""The attack suite: contained here, and true attacks, since they get out where nothing holds them."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

import pytest

from bridle.errors import SandboxFault
from bridle.sandbox import Level, probe_level
from bridle.sandbox.attacks import ATTACKS, Family, Finding, Outcome, carry_out
from bridle.sandbox.attacks.tree import children, processes

LAUNCHER = Path(__file__).with_name("launcher.py")
KERNEL = (Family.FILES, Family.NETWORK, Family.PROCESSES, Family.MEMORY, Family.PRIVILEGE)
"""The families that the kernel stops, and quickly."""

linux = pytest.mark.skipif(sys.platform != "linux", reason="the kernel's layers are Linux's")

AT_LARGE = """
import json, sys
from bridle.sandbox.attacks import ATTACKS, carry_out
chosen = [attack for attack in ATTACKS if attack.name in sys.argv[2:]]
print(json.dumps([[f.name, f.outcome, f.how] for f in carry_out(chosen, without_isolation=sys.argv[1] == "L1")]))
"""

BITE = {
    "read-a-file", "read-by-other-calls", "write-a-file", "links", "new-entries", "remove-and-rename", "truncate",
    "change-mode-and-times", "look-around", "change-folder", "devices", "proc", "proc-of-others", "import-from-disk",
    "load-a-library", "watch-files", "connect-by-tcp", "listen", "send-by-udp", "unix-socket", "abstract-unix-socket",
    "look-a-name-up", "other-sockets", "become-another-program", "outlive-the-parent",
    "kill-a-process-of-the-same-user", "kill-by-descriptor", "kill-the-neighbours", "kill-the-group", "queue-a-signal",
    "leave-its-cpu", "write-over-code", "shared-memory", "memfd-create", "undo-the-confinement", "disk",
    "pipe-buffers", "dead-in-many-ways", "close-the-pipes",
}  # fmt: skip
"""Attacks that get out of any process that has resource limits alone."""


def at_large(missing: str, level: str, names: set[str]) -> dict[str, tuple[str, str]]:
    """Outcome and reason by name, of attacks on a kernel that seems to lack something."""
    command = [sys.executable, str(LAUNCHER), missing, sys.executable, "-c", AT_LARGE, level, *sorted(names)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=150, check=True)
    return {name: (outcome, how) for name, outcome, how in json.loads(done.stdout)}


def escapes(findings: list[Finding]) -> dict[str, str]:
    return {finding.name: finding.how for finding in findings if finding.outcome is Outcome.ESCAPED}


def test_the_suite_is_large_and_every_attack_has_a_name_of_its_own() -> None:
    assert len(ATTACKS) >= 40
    assert [name for name, count in Counter(attack.name for attack in ATTACKS).items() if count > 1] == []
    assert {attack.family for attack in ATTACKS} == set(Family)


@pytest.mark.parametrize("attack", [a for a in ATTACKS if a.family is not Family.BOMBS], ids=lambda a: a.name)
def test_an_attack_is_a_harness_of_its_contract(attack) -> None:
    """A typing mistake in an attack would be contained as well."""
    defined = {node.name for node in ast.parse(attack.source).body if isinstance(node, ast.FunctionDef)}
    assert {function.name for function in attack.contract.functions if function.required} <= defined
    assert attack.trigger.calls > 0


MISTAKES = ("NameError", "AttributeError", "SyntaxError", "IndexError", "KeyError", "UnboundLocalError", "TypeError: ")


@pytest.fixture(scope="module")
def findings() -> list[Finding]:
    return carry_out([attack for attack in ATTACKS if attack.family in KERNEL])


def test_the_kernel_contains_them_though_the_gate_lets_them_pass(findings: list[Finding]) -> None:
    assert escapes(findings) == {}
    assert sum(not finding.gated and finding.outcome is Outcome.CONTAINED for finding in findings) >= 40


def test_no_attack_stumbles_over_itself(findings: list[Finding]) -> None:
    assert [(f.name, f.how) for f in findings if any(mistake in f.how for mistake in MISTAKES)] == []


def test_what_does_not_apply_says_why(findings: list[Finding]) -> None:
    assert all(f.how for f in findings if f.outcome is Outcome.NOT_APPLICABLE)
    assert sum(f.outcome is Outcome.NOT_APPLICABLE for f in findings) < 10


@linux
def test_attacks_get_out_where_nothing_holds_them() -> None:
    """Else "contained" would say nothing about the sandbox."""
    found = at_large("landlock,seccomp", "L1", BITE)
    held = {name: how for name, (outcome, how) in found.items() if outcome != "escaped"}
    assert held.keys() <= {"close-the-pipes"}, held  # which may cut off its own word of having got out
    assert found["read-a-file"][1] == "read a secret of another file"
    assert found["connect-by-tcp"][1] == "TCP heard a connection"
    assert found["write-a-file"][1] == "drop/target appeared"
    assert found["kill-by-descriptor"][1] == "another process of this user was ended, or stopped"


@linux
def test_without_landlock_the_filter_alone_contains_them() -> None:
    names = BITE | {"connect-by-mptcp", "every-other-system-call", "open-by-handle", "read-a-process"}
    found = at_large("landlock", "L2", names)
    assert {name: how for name, (outcome, how) in found.items() if outcome == "escaped"} == {}
    assert len(found) == len(names)


@linux
def test_below_level_two_nothing_is_attacked_unasked() -> None:
    with pytest.raises(subprocess.CalledProcessError):
        at_large("seccomp", "L2", {"read-a-file"})


def test_nothing_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before = children(processes(), os.getpid())
    descriptors = len(os.listdir("/proc/self/fd")) if sys.platform == "linux" else 0
    carry_out([attack for attack in ATTACKS if attack.name in ("write-a-file", "fork", "listen", "a-sum")])
    assert list(tmp_path.iterdir()) == []
    assert children(processes(), os.getpid()) <= before
    if sys.platform == "linux":
        assert len(os.listdir("/proc/self/fd")) == descriptors


SOME = ATTACKS[:3]
HONEST = """
import json, sys
for name in sys.argv[2:]:
    print(json.dumps({"start": name}), flush=True)
    {at}
    found = dict(name=name, family="files", outcome="contained", how="stopped", gated=False, seconds=0.1)
    print(json.dumps(found), flush=True)
{end}
"""


def supervised(at: str = "pass", end: str = "") -> list[tuple[str, str]]:
    """Outcomes and reasons where the suite does `at` at each attack, and `end` in the end."""
    program = HONEST.replace("{at}", at).replace("{end}", end)
    return [(str(f.outcome), f.how) for f in carry_out(SOME, program=(sys.executable, "-c", program))]


CONTAINED = ("contained", "stopped")


def test_an_attack_that_kills_its_caller_has_escaped_and_the_rest_goes_on() -> None:
    found = supervised(f"if name == {SOME[1].name!r}: import os; os.kill(os.getpid(), 9)")
    assert found == [CONTAINED, ("escaped", "its caller ended with status -9"), CONTAINED]


def test_an_attack_that_has_its_caller_hang_has_escaped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bridle.sandbox.attacks.supervisor.SPARE_SECONDS", -SOME[0].bound + 2)
    found = supervised(f"if name == {SOME[2].name!r}: import time; time.sleep(60)")
    assert found == [CONTAINED, CONTAINED, ("escaped", "its caller hung for 2 s")]


def test_after_several_that_hang_no_more_are_carried_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bridle.sandbox.attacks.supervisor.SPARE_SECONDS", -SOME[0].bound + 0.5)
    monkeypatch.setattr("bridle.sandbox.attacks.supervisor.MOST_HANGS", 2)
    found = supervised("import time; time.sleep(60)")
    assert [outcome for outcome, _ in found] == ["escaped", "escaped", "not applicable"]
    assert found[-1][1] == "not carried out: too many before it had their caller hang"


def test_an_attack_whose_harm_shows_afterwards_has_escaped() -> None:
    assert supervised(end="raise SystemExit(3)")[-1] == ("escaped", "afterwards, its caller ended with status 3")


def test_an_attack_that_has_its_caller_print_nonsense_has_escaped() -> None:
    found = supervised(f"if name == {SOME[0].name!r}: print('contained', flush=True)")
    assert found == [("escaped", "its caller printed what it should not"), CONTAINED, CONTAINED]


def test_a_suite_that_does_not_start_is_no_success() -> None:
    with pytest.raises(SandboxFault, match=r"could not be set up: no such thing\."):
        carry_out(SOME, program=(sys.executable, "-c", "raise SystemExit('no such thing')"))


@pytest.mark.slow
def test_every_attack_is_contained() -> None:
    assert probe_level() >= Level.L2
    told: list[str] = []
    findings = carry_out(ATTACKS, told.append)
    assert escapes(findings) == {}
    assert told == [attack.name for attack in ATTACKS] == [finding.name for finding in findings]


@pytest.mark.slow
@linux
def test_every_attack_is_contained_without_landlock() -> None:
    found = at_large("landlock", "L2", {attack.name for attack in ATTACKS})
    assert {name: how for name, (outcome, how) in found.items() if outcome == "escaped"} == {}
