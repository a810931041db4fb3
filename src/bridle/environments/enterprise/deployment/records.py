"""The records of the deployment system, each with the snapshot that a tool shows.

    artifact   built ──all checks pass──▶ validated ──sign──▶ signed          rejected ──rebuild──▶ built
                 └──a check fails──▶ rejected                                 any, not in use ──delete──▶ deleted

    change     filed ──approve──▶ approved ──promotion──▶ implemented         filed ──decline──▶ declined
                 └──────withdraw──────┴──▶ withdrawn

    release    planned ──deploy──▶ staged ──healthy──▶ verified ──promote──▶ promoted ──healthy──▶ live
                  │                   └────unhealthy──▶ failed ◀────unhealthy────┘
                  └──cancel──▶ cancelled          staged, verified, promoted, live, failed ──roll back──▶ rolled_back

A release that has migrated a schema in production can't be rolled back. `version` of a record counts its writes and is
for the policy engine; what is shown of an environment is its `revision`, which moves when anybody changes it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from bridle.environments.enterprise.deployment.kinds import KINDS, risk, rollout_minutes

FINISHED = ("rolled_back", "cancelled")
"""States in which a release uses its artifact no longer."""


@dataclass(kw_only=True, eq=False)
class Site:
    """An environment of one service, `staging` or `production`: what runs there, and its revision."""

    id: str
    name: str
    service: Service
    revision: int
    running: str
    locked: bool = False
    backup: str = "none"

    @property
    def state(self) -> str:
        """`open` or `locked`."""
        return "locked" if self.locked else "open"

    def moved(self) -> None:
        """Somebody changed what runs here: a backup that was taken before is no longer good."""
        self.revision += 1
        self.backup = "outdated" if self.backup == "taken" else self.backup

    def snapshot(self) -> dict[str, Any]:
        """As a tool shows it."""
        return {
            "id": self.id,
            "name": self.name,
            "service_id": self.service.id,
            "state": self.state,
            "revision": self.revision,
            "running": self.running,
            "backup": self.backup,
        }


@dataclass(kw_only=True, eq=False)
class Window:
    """A time in which production of a service may be changed, with the minutes of it that are left."""

    id: str
    service: Service
    opens: str
    minutes: int
    status: str = "upcoming"

    def snapshot(self) -> dict[str, Any]:
        """As a tool shows it."""
        return {
            "id": self.id,
            "service_id": self.service.id,
            "status": self.status,
            "opens": self.opens,
            "minutes": self.minutes,
        }


@dataclass(kw_only=True, eq=False)
class Service:
    """A service with its two environments, its artifacts, windows and releases. `team` is for the policy engine.

    Where a colleague approves what is filed in this session, `approved_after` says at which look that has happened.
    """

    id: str
    name: str
    kind: str
    team: str
    sites: list[Site] = field(default_factory=list)
    windows: list[Window] = field(default_factory=list)
    artifacts: list[Artifact] = field(default_factory=list)
    releases: list[Release] = field(default_factory=list)
    approved_after: int | None = None
    handed_to: str = ""
    version: int = 1

    def site(self, name: str) -> Site:
        """Its environment of that name."""
        return next(site for site in self.sites if site.name == name)

    @property
    def longest(self) -> int:
        """How long the longest rollout of one of its artifacts takes."""
        return max(rollout_minutes(self.kind, artifact.migrates) for artifact in self.artifacts)

    def snapshot(self) -> dict[str, Any]:
        """As a tool shows it, with its environments and releases inside."""
        return {
            "id": self.id,
            "name": self.name,
            "kind": self.kind,
            "environments": [site.snapshot() for site in self.sites],
            "releases": [release.snapshot() for release in self.releases],
            "handed_to": self.handed_to or None,
        }


@dataclass(kw_only=True, eq=False)
class Artifact:
    """A build of a service. `number` is its version, `message` what its authors say of it.

    Hidden until somebody looks: `defects`, the checks that this build fails, and `ill`, the environments in which it
    will not be healthy.
    """

    id: str
    service: Service
    number: str
    migrates: bool
    state: str = "built"
    build: int = 1
    pending: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    defects: frozenset[str] = frozenset()
    ill: frozenset[str] = frozenset()
    message: str = ""
    version: int = 1

    @property
    def release(self) -> Release | None:
        """The release that uses it; None where it is free."""
        using = [r for r in self.service.releases if r.artifact is self and r.state not in FINISHED]
        return using[0] if using else None

    def rebuilt(self) -> None:
        """A fresh build without defects; every check is to be made."""
        self.state, self.build, self.failed, self.defects = "built", self.build + 1, [], frozenset()
        self.pending = list(KINDS[self.service.kind].checks)

    def snapshot(self) -> dict[str, Any]:
        """As a tool shows it."""
        release = self.release
        return {
            "id": self.id,
            "service_id": self.service.id,
            "version": self.number,
            "build": self.build,
            "message": self.message,
            "state": self.state,
            "pending": list(self.pending),
            "failed": list(self.failed),
            "migrates": self.migrates,
            "in_use": release is not None,
            "release_id": release.id if release else None,
        }


@dataclass(kw_only=True, eq=False)
class Change:
    """A change record: that a release is to go into production in a window.

    Where a colleague is going to approve it, `looks` says how many looks at it that takes.
    """

    id: str
    release: Release
    window: Window
    summary: str
    filer: str
    state: str = "filed"
    looks: int | None = None
    version: int = 1

    def looked_at(self) -> None:
        """Somebody reads it: the colleague may have approved it by now."""
        if self.looks is not None and self.state == "filed":
            self.looks -= 1
            if self.looks <= 0:
                self.state, self.version = "approved", self.version + 1

    def snapshot(self) -> dict[str, Any]:
        """As a tool shows it."""
        return {
            "id": self.id,
            "release_id": self.release.id,
            "window_id": self.window.id,
            "state": self.state,
            "summary": self.summary,
            "filed_by": self.filer,
        }


@dataclass(kw_only=True, eq=False)
class Release:
    """An artifact on its way into production. `replaced` is what ran in an environment before it."""

    id: str
    artifact: Artifact
    strategy: str
    state: str = "planned"
    health: str = "unknown"
    migrated: bool = False
    change: Change | None = None
    replaced: dict[str, str] = field(default_factory=dict)
    version: int = 1

    @property
    def service(self) -> Service:
        """Its artifact's service."""
        return self.artifact.service

    @property
    def minutes(self) -> int:
        """How long its rollout takes."""
        return rollout_minutes(self.service.kind, self.artifact.migrates)

    @property
    def risk(self) -> str:
        """`low`, `medium` or `high`."""
        return risk(self.service.kind, self.artifact.migrates)

    @property
    def change_state(self) -> str:
        """The state of its change record; `none` where it has none."""
        return self.change.state if self.change else "none"

    def snapshot(self) -> dict[str, Any]:
        """As a tool shows it, with its change record inside."""
        return {
            "id": self.id,
            "service_id": self.service.id,
            "artifact_id": self.artifact.id,
            "version": self.artifact.number,
            "notes": self.artifact.message,
            "strategy": self.strategy,
            "state": self.state,
            "health": self.health,
            "migrates": self.artifact.migrates,
            "reversible": not self.migrated,
            "rollout_minutes": self.minutes,
            "risk": self.risk,
            "change_state": self.change_state,
            "window_id": self.change.window.id if self.change else None,
            "change": self.change.snapshot() if self.change else None,
        }
