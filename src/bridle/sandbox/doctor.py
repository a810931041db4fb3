"""What this machine offers to confine generated code, looked at from outside, and whether it holds under attack."""

from __future__ import annotations

import platform
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bridle.errors import SandboxFault
from bridle.harness import Harness, Limits
from bridle.sandbox import syscalls
from bridle.sandbox.attacks import ATTACKS, Finding, Outcome, carry_out
from bridle.sandbox.attacks.tree import children, processes
from bridle.sandbox.confinement import Layers
from bridle.sandbox.level import Level
from bridle.sandbox.local import LocalSandbox

_QUIET = """
def propose_action(board: str) -> str:
    return board


def is_legal_action(board: str, action: str) -> bool:
    return True
"""

SETTLE_SECONDS = 5.0
"""How long a worker may take to be confined as it says."""

UNTESTED = {"aarch64": "its system call table was written, never run", "darwin": "its sandbox was written, never run"}
"""What is true of a machine or system that Bridle's own tests never ran on."""


@dataclass(frozen=True, kw_only=True)
class Report:
    """What was found. `level` is None where no worker could be confined at all, and `complaint` says why.

    `layers` says of each layer what state it is in; `untested` what of this machine nobody has tried; `attacks` holds a
    finding per attack when `attacked`.
    """

    level: Level | None
    complaint: str
    layers: dict[str, str]
    kernel: str
    machine: str
    untested: tuple[str, ...]
    attacked: bool
    attacks: tuple[Finding, ...] = ()

    @property
    def meaning(self) -> str:
        """The level in plain words."""
        return "nothing can be confined here" if self.level is None else self.level.meaning

    @property
    def sound(self) -> bool:
        """Generated code can be confined here, and every attack that was carried out was contained."""
        enough = self.level is not None and self.level >= Level.L2 and not self.complaint
        return enough and self.count(Outcome.ESCAPED) == 0

    def count(self, outcome: Outcome) -> int:
        """How many attacks ended so."""
        return sum(finding.outcome is outcome for finding in self.attacks)

    def record(self) -> dict[str, Any]:
        """The report as JSON."""
        return {
            "level": "none" if self.level is None else str(self.level),
            "meaning": self.meaning,
            "sound": self.sound,
            "complaint": self.complaint,
            "layers": self.layers,
            "kernel": self.kernel,
            "machine": self.machine,
            "untested": list(self.untested),
            "attacked": self.attacked,
            "outcomes": {str(outcome): self.count(outcome) for outcome in Outcome} if self.attacked else {},
            "attacks": [asdict(finding) for finding in self.attacks],
        }


def examine(*, attack: bool, progress: Callable[[str], None] = lambda name: None) -> Report:
    """Look at what confines a worker on this machine; with `attack`, attack it, `progress` hearing each attack's name.

    Below level 2 nothing is attacked: hostile code does not run unconfined, not even here.
    """
    level: Level | None = None
    layers, findings = dict[str, str](), list[Finding]()
    try:
        level, layers, complaint = _probe()
        if level < Level.L2:
            complaint = (
                f"This machine offers {level} ({level.meaning}): no generated code is run on it, and nothing is "
                "attacked. Use a kernel with seccomp."
            )
        elif attack and not complaint:
            findings = carry_out(ATTACKS, progress)
    except SandboxFault as fault:
        complaint = str(fault)
    return Report(
        level=level,
        complaint=complaint,
        layers=layers,
        kernel=f"{platform.system()} {platform.release()}",
        machine=syscalls.machine(),
        untested=tuple(text for key, text in UNTESTED.items() if key in (syscalls.machine(), sys.platform)),
        attacked=bool(findings),
        attacks=tuple(findings),
    )


def _probe() -> tuple[Level, dict[str, str], str]:
    """Confine a worker; its level, its layers, and in what way what is seen from outside denies what it says."""
    with (
        LocalSandbox(without_isolation=True, pinned=False) as sandbox,
        sandbox.load(Harness(_QUIET), Limits()) as loaded,
    ):
        loaded.call("propose_action", "")
        said, level = sandbox.layers, sandbox.level
        views, denials = _views(sandbox, said)
        deadline = time.monotonic() + SETTLE_SECONDS
        while denials and time.monotonic() < deadline:  # a spare worker may still be at it
            time.sleep(0.02)
            views, denials = _views(sandbox, said)
    complaint = f"A worker is not confined as it says: {', '.join(denials)}." if denials else ""
    return level, _describe(said, views), complaint


def _views(sandbox: LocalSandbox, said: Layers) -> tuple[list[dict[str, str]], list[str]]:
    """What the kernel says of every worker, and which of the layers it denies."""
    listing = processes()
    looks = [_seen(pid) for zygote in sandbox.zygotes() for pid in children(listing, zygote)]
    views = [look for look in looks if look]
    return views, sorted({denial for view in views for denial in _denials(said, view)})


def _seen(worker: int) -> dict[str, str]:
    """What the kernel says of a process: its status, and its hard limits; empty where it says nothing."""
    try:
        status = Path(f"/proc/{worker}/status").read_text()
        limits = Path(f"/proc/{worker}/limits").read_text()
    except OSError:  # no such thing on this system, or hidden from this user
        return {}
    found = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    found.update((line[:26].strip(), line[47:68].strip()) for line in limits.splitlines()[1:])
    return found


def _denials(said: Layers, view: dict[str, str]) -> list[str]:
    """Which layers the kernel does not see on a worker that has them by its own word."""
    claims = {
        "user": set(view["Uid"].split()) == {str(said.user)},
        "capabilities": int(view["CapEff"], 16) == int(view["CapPrm"], 16) == 0,
        "resource limits": not said.limits or view["Max file size"] == "0" == view["Max processes"],
        "no new privileges": not said.no_new_privileges or view.get("NoNewPrivs") == "1",
        "seccomp": not said.seccomp or view.get("Seccomp") == "2",
    }
    return [name for name, true in claims.items() if not true]


def _describe(said: Layers, views: list[dict[str, str]]) -> dict[str, str]:
    """Each layer's state in words, and whether the kernel confirms it."""
    source = "; the kernel says so too" if views else "; by the worker's own word"
    layers = {
        "process": f"user {said.user}, no capabilities{source}",
        "resource limits": f"on{source}",
        "no new privileges": ("on" if said.no_new_privileges else "off") + source,
        "Landlock": f"ABI {said.landlock}" if said.landlock else "not offered by this kernel",
        "seccomp": f"on{source}" if said.seccomp else "not offered by this kernel",
    }
    if sys.platform == "darwin":
        layers["macOS sandbox"] = "on" if said.seatbelt else "off"
    return layers
