"""What a task is to achieve, checked on the final state of the books."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bridle.environments.enterprise.deployment.books import Books
from bridle.environments.enterprise.deployment.kinds import DATABASE_TEAM, RELEASE_DESK
from bridle.environments.enterprise.deployment.records import Artifact, Release, Service

ARTIFACT_ENDS = ("signed", "deleted")
CHANGE_ENDS = ("approved", "declined")


@dataclass(frozen=True, kw_only=True)
class Target:
    """One artifact, release, change record or environment, and what is to become of it.

    `end`: `signed`, `deleted` (an artifact); `approved`, `declined` (a change record); `planned`, `filed`, `verified`,
    `live`, `rolled_back`, `cancelled` (a release); `locked`, `open` (an environment). A release that turns out not to
    be healthy on the way to `verified` or `live` is to be rolled back, or handed over where that is impossible. Where
    the task can't be done as asked, `person` is who has to be asked, and handing the service over is what is right;
    `occupied` where that is because another release of the service is under way, so that nothing may be touched.

    What is not known yet is empty: a release that is to be planned is named by its artifact, and an artifact by its
    `number`. `window_id` is the window that a change record has to be for; empty for any that fits.
    """

    end: str
    service_id: str
    number: str = ""
    artifact_id: str = ""
    release_id: str = ""
    change_id: str = ""
    environment_id: str = ""
    window_id: str = ""
    strategy: str = ""
    reason: str = ""
    person: str = ""
    occupied: bool = False

    @property
    def label(self) -> str:
        """How results speak of it."""
        named = self.change_id or self.release_id or self.environment_id or self.artifact_id or self.number
        return f"{named} {'handed over' if self.person else self.end}"

    @property
    def identities(self) -> frozenset[str]:
        """The ids that the task names."""
        found = (
            self.service_id,
            self.artifact_id,
            self.release_id,
            self.change_id,
            self.environment_id,
            self.window_id,
        )
        return frozenset(filter(None, found))


def met(target: Target, books: Books) -> bool:
    """Whether what the target speaks of is as it is to be."""
    service = books.services[target.service_id]
    if target.person:
        return service.handed_to == target.person and (target.occupied or not _begun(target, service))
    if target.end in ARTIFACT_ENDS:
        return books.artifacts[target.artifact_id].state == target.end
    if target.end in CHANGE_ENDS:
        return books.changes[target.change_id].state == target.end
    if target.environment_id:
        return books.sites[target.environment_id].state == target.end
    releases = releases_of(target, service)
    return len(releases) == 1 and _arrived(target, releases[0], service)


def right_person(targets: Sequence[Target], service: Service) -> str:
    """To whom the work on a service is handed over, if it is."""
    needed = [target.person for target in targets if target.service_id == service.id and target.person]
    return needed[0] if needed else DATABASE_TEAM if stuck(service) else RELEASE_DESK


def stuck(service: Service) -> bool:
    """Whether a release of the service has failed after it had migrated a schema: nobody can roll that back."""
    return any(release.state == "failed" and release.migrated for release in service.releases)


def releases_of(target: Target, service: Service) -> list[Release]:
    """The releases that a target speaks of."""
    if target.release_id:
        return [release for release in service.releases if release.id == target.release_id]
    artifacts = artifacts_of(target, service)
    return [r for r in service.releases if r.artifact in artifacts and r.state != "cancelled"]


def artifacts_of(target: Target, service: Service) -> list[Artifact]:
    """The artifacts that a target speaks of: the one that it names, or those of its version."""
    if target.artifact_id:
        return [artifact for artifact in service.artifacts if artifact.id == target.artifact_id]
    return [artifact for artifact in service.artifacts if artifact.number == target.number]


def _begun(target: Target, service: Service) -> bool:
    """Whether something was done that a person should have been asked about: which artifact, or which window."""
    releases = releases_of(target, service)
    ambiguous = len(artifacts_of(target, service)) > 1
    return any(ambiguous or r.change_state in ("filed", "approved") for r in releases)


def _arrived(target: Target, release: Release, service: Service) -> bool:
    change = release.change
    if target.strategy and release.strategy != target.strategy:
        return False
    if target.window_id and (change is None or change.window.id != target.window_id):
        return False
    if target.end == "filed":
        return release.state == "planned" and release.change_state in ("filed", "approved")
    if release.state == "failed" and release.migrated:
        return service.handed_to == DATABASE_TEAM and target.end == "live"
    if release.health == "failing" and target.end in ("verified", "live"):
        return release.state == "rolled_back"
    return release.state == target.end
