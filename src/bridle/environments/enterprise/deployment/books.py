"""The books of the deployment system: where to find a record, and what colleagues do meanwhile. No rule is here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from bridle.environments.enterprise.deployment.records import Artifact, Change, Release, Service, Site, Window

Record: TypeAlias = "Service | Artifact | Release | Change | Site | Window"

KEYS: Mapping[str, str] = {
    "release_id": "releases",
    "artifact_id": "artifacts",
    "change_id": "changes",
    "environment_id": "sites",
    "window_id": "windows",
    "service_id": "services",
}
"""The argument that names a record of each register, in the order in which they tell what a call is about."""


class Books:
    """Every record by id. `now` counts the calls that were carried out; colleagues' `moves` happen by it.

    `moves` are pairs of a time and an environment that somebody else changes at that time.
    """

    def __init__(self, *, actor: str, services: Sequence[Service], moves: Sequence[tuple[int, Site]] = ()) -> None:
        """`actor` files what is filed in this session; `named` are the ids that the session has heard of."""
        self.actor = actor
        self.services = {service.id: service for service in services}
        self.sites = {site.id: site for service in services for site in service.sites}
        self.windows = {window.id: window for service in services for window in service.windows}
        self.artifacts = {artifact.id: artifact for service in services for artifact in service.artifacts}
        self.releases = {release.id: release for service in services for release in service.releases}
        filed = [release.change for release in self.releases.values() if release.change is not None]
        self.changes = {change.id: change for change in filed}
        self.promotions: dict[str, str] = {}
        self.named: set[str] = set()
        self.now = 0
        self._moves = sorted(moves, key=lambda move: move[0])

    def register(self, name: str) -> Mapping[str, Any]:
        """The records that arguments of this name (`release_id`, …) refer to."""
        found: Mapping[str, Any] = getattr(self, KEYS[name])
        return found

    def service_of(self, identity: str) -> Service | None:
        """The service that a record belongs to; None where there is no such record."""
        for argument in KEYS:
            record = self.register(argument).get(identity)
            if record is not None:
                return service_of(record)
        return None

    def subject_of(self, arguments: Mapping[str, Any]) -> Service | None:
        """The service that a call's arguments are about; None where they name none."""
        for argument in KEYS:
            identity = arguments.get(argument)
            if isinstance(identity, str) and identity in self.register(argument):
                return self.service_of(identity)
        return None

    def tick(self) -> None:
        """Another call was carried out: what colleagues did meanwhile has happened."""
        self.now += 1
        while self._moves and self._moves[0][0] <= self.now:
            self._moves.pop(0)[1].moved()

    def plan(self, artifact: Artifact, strategy: str) -> Release:
        """A new release of an artifact."""
        release = Release(id=_next("REL", self.releases), artifact=artifact, strategy=strategy)
        self.releases[release.id] = release
        artifact.service.releases.append(release)
        return release

    def file(self, release: Release, window: Window, summary: str) -> Change:
        """A new change record of a release, filed by whoever is at work."""
        change = Change(
            id=_next("CHG", self.changes), release=release, window=window, summary=summary, filer=self.actor
        )
        change.looks = release.service.approved_after
        self.changes[change.id] = change
        release.change = change
        return change


def service_of(record: Record) -> Service:
    """The service that a record belongs to."""
    if isinstance(record, Service):
        return record
    return record.release.service if isinstance(record, Change) else record.service


def _next(kind: str, taken: Mapping[str, Any]) -> str:
    highest = max((int(identity[4:]) for identity in taken), default=1000)
    return f"{kind}-{highest + 1:04}"
