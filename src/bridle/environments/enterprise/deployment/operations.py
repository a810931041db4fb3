"""What each tool does, once it is known to be applicable. Each returns what the tool shows, as fresh JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from bridle.environments.enterprise.deployment.books import Books
from bridle.environments.enterprise.deployment.kinds import PRODUCTION, STAGING
from bridle.environments.enterprise.deployment.records import Artifact, Change, Release, Site
from bridle.harness import JSON

Arguments: TypeAlias = Mapping[str, Any]
Operation: TypeAlias = Callable[[Books, Arguments], JSON]


def _artifact(artifact: Artifact) -> JSON:
    artifact.version += 1
    return {"artifact": artifact.snapshot()}


def _release(release: Release, **more: JSON) -> JSON:
    release.version += 1
    return {"release": release.snapshot(), **more}


def _change(change: Change) -> JSON:
    change.version += 1
    return {"change": change.snapshot(), "release": change.release.snapshot()}


def _get_service(books: Books, arguments: Arguments) -> JSON:
    service = books.services[arguments["service_id"]]
    return {"service": service.snapshot()}


def _list_artifacts(books: Books, arguments: Arguments) -> JSON:
    """References only: an artifact is shown by opening it."""
    there = [a for a in books.services[arguments["service_id"]].artifacts if a.state != "deleted"]
    rows = [{"artifact_id": a.id, "version": a.number, "state": a.state, "message": a.message} for a in there]
    return {"artifacts": list(rows)}


def _get_artifact(books: Books, arguments: Arguments) -> JSON:
    return {"artifact": books.artifacts[arguments["artifact_id"]].snapshot()}


def _get_release(books: Books, arguments: Arguments) -> JSON:
    release = books.releases[arguments["release_id"]]
    if release.change is not None:
        release.change.looked_at()
    return {"release": release.snapshot()}


def _get_change(books: Books, arguments: Arguments) -> JSON:
    change = books.changes[arguments["change_id"]]
    change.looked_at()
    return {"change": change.snapshot(), "release": change.release.snapshot()}


def _list_windows(books: Books, arguments: Arguments) -> JSON:
    return {"windows": [window.snapshot() for window in books.services[arguments["service_id"]].windows]}


def _run_check(books: Books, arguments: Arguments) -> JSON:
    artifact, check = books.artifacts[arguments["artifact_id"]], arguments["check"]
    artifact.pending.remove(check)
    if check in artifact.defects:
        artifact.failed.append(check)
        artifact.state = "rejected"
    elif not artifact.pending:
        artifact.state = "validated"
    return _artifact(artifact)


def _sign_artifact(books: Books, arguments: Arguments) -> JSON:
    artifact = books.artifacts[arguments["artifact_id"]]
    artifact.state = "signed"
    return _artifact(artifact)


def _request_rebuild(books: Books, arguments: Arguments) -> JSON:
    artifact = books.artifacts[arguments["artifact_id"]]
    artifact.rebuilt()
    return _artifact(artifact)


def _delete_artifact(books: Books, arguments: Arguments) -> JSON:
    artifact = books.artifacts[arguments["artifact_id"]]
    artifact.state, artifact.pending = "deleted", []
    return _artifact(artifact)


def _plan_release(books: Books, arguments: Arguments) -> JSON:
    artifact = books.artifacts[arguments["artifact_id"]]
    release = books.plan(artifact, arguments["strategy"])
    artifact.version += 1
    return {"release": release.snapshot(), "artifact": artifact.snapshot()}


def _cancel_release(books: Books, arguments: Arguments) -> JSON:
    release = books.releases[arguments["release_id"]]
    release.state = "cancelled"
    if release.change is not None and release.change.state in ("filed", "approved"):
        release.change.state = "withdrawn"
    return _release(release, artifact=release.artifact.snapshot())


def _file_change(books: Books, arguments: Arguments) -> JSON:
    release, window = books.releases[arguments["release_id"]], books.windows[arguments["window_id"]]
    change = books.file(release, window, arguments["summary"])
    return _release(release, change=change.snapshot())


def _deciding(state: str) -> Operation:
    """A tool that puts a change record into a state and does nothing else."""

    def operation(books: Books, arguments: Arguments) -> JSON:
        change = books.changes[arguments["change_id"]]
        change.state = state
        return _change(change)

    return operation


def _wait_for_window(books: Books, arguments: Arguments) -> JSON:
    """Time passes: what opened before is over."""
    window = books.windows[arguments["window_id"]]
    for other in window.service.windows:
        if other.opens < window.opens:
            other.status = "closed"
    window.status = "open"
    return {"windows": [other.snapshot() for other in window.service.windows]}


def _put(release: Release, environment: Site, state: str) -> None:
    """Let the release run in an environment."""
    release.replaced[environment.name] = environment.running
    environment.running = release.artifact.number
    release.state, release.health = state, "unknown"
    environment.moved()


def _deploy_to_staging(books: Books, arguments: Arguments) -> JSON:
    release, environment = books.releases[arguments["release_id"]], books.sites[arguments["environment_id"]]
    _put(release, environment, "staged")
    return _release(release, environment=environment.snapshot())


def _check_health(books: Books, arguments: Arguments) -> JSON:
    release = books.releases[arguments["release_id"]]
    where, well = (STAGING, "verified") if release.state == "staged" else (PRODUCTION, "live")
    ill = where in release.artifact.ill
    release.state, release.health = ("failed", "failing") if ill else (well, "passing")
    return _release(release)


def _take_backup(books: Books, arguments: Arguments) -> JSON:
    environment = books.sites[arguments["environment_id"]]
    environment.backup = "taken"
    return {"environment": environment.snapshot()}


def _promote(books: Books, arguments: Arguments) -> JSON:
    """Roll out; a key that was used before rolls nothing out again."""
    release, environment = books.releases[arguments["release_id"]], books.sites[arguments["environment_id"]]
    window, key = books.windows[arguments["window_id"]], arguments.get("deploy_key")
    if key is None or books.promotions.get(key) != release.id:
        _put(release, environment, "promoted")
        release.migrated = release.artifact.migrates
        window.minutes -= release.minutes
        if release.change is not None:
            release.change.state = "implemented"
        if key is not None:
            books.promotions[key] = release.id
        release.version += 1
    return {"release": release.snapshot(), "environment": environment.snapshot(), "window": window.snapshot()}


def _rollback_release(books: Books, arguments: Arguments) -> JSON:
    release = books.releases[arguments["release_id"]]
    put_back = []
    for name, number in release.replaced.items():
        environment = release.service.site(name)
        environment.running = number
        environment.moved()
        put_back.append(environment.snapshot())
    release.state = "rolled_back"
    return _release(release, artifact=release.artifact.snapshot(), environments=list(put_back))


def _locking(locked: bool) -> Operation:
    """A tool that locks or unlocks an environment."""

    def operation(books: Books, arguments: Arguments) -> JSON:
        environment = books.sites[arguments["environment_id"]]
        environment.locked = locked
        return {"environment": environment.snapshot()}

    return operation


def _hand_over(books: Books, arguments: Arguments) -> JSON:
    service = books.services[arguments["service_id"]]
    service.handed_to = arguments["to"]
    service.version += 1
    return {"service_id": service.id, "handed_to": service.handed_to}


OPERATIONS: Mapping[str, Operation] = {
    "get_service": _get_service,
    "list_artifacts": _list_artifacts,
    "get_artifact": _get_artifact,
    "get_release": _get_release,
    "get_change": _get_change,
    "list_windows": _list_windows,
    "run_check": _run_check,
    "sign_artifact": _sign_artifact,
    "request_rebuild": _request_rebuild,
    "delete_artifact": _delete_artifact,
    "plan_release": _plan_release,
    "cancel_release": _cancel_release,
    "file_change": _file_change,
    "withdraw_change": _deciding("withdrawn"),
    "approve_change": _deciding("approved"),
    "decline_change": _deciding("declined"),
    "wait_for_window": _wait_for_window,
    "deploy_to_staging": _deploy_to_staging,
    "check_health": _check_health,
    "take_backup": _take_backup,
    "promote_release": _promote,
    "promote_migration": _promote,
    "rollback_release": _rollback_release,
    "lock_environment": _locking(True),
    "unlock_environment": _locking(False),
    "hand_over": _hand_over,
}

READING = ("get_service", "list_artifacts", "get_artifact", "get_release", "get_change", "list_windows")
"""Tools that only read."""
