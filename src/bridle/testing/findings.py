"""What a contract suite finds: broken promises as values, so that one does not hide the next."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A promise of the port that the environment did not keep."""

    check: str
    message: str

    def __str__(self) -> str:
        return f"{self.check}: {self.message}"


@dataclass(kw_only=True)
class CheckReport:
    """What was checked and what was found. An environment keeps the contract when `findings` is empty."""

    environment: str
    findings: list[Finding] = field(default_factory=list)
    episodes: int = 0
    steps: int = 0
    probed_legal: int = 0
    probed_illegal: int = 0
    capabilities: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether nothing was found."""
        return not self.findings

    def add(self, check: str, message: str) -> None:
        """Note a finding once."""
        finding = Finding(check=check, message=message)
        if finding not in self.findings:
            self.findings.append(finding)


@dataclass(frozen=True, kw_only=True)
class Effort:
    """How much to check: scenarios, steps an episode, and how often on the way probes and samples are compared."""

    scenarios: int = 2
    steps: int = 60
    every: int = 7
