"""Plausible calls on the present books, applicable or not: the raw material of legal and foreign actions."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any, TypeVar

from bridle.environments.enterprise.deployment.books import Books
from bridle.environments.enterprise.deployment.kinds import CHECKS, COLLEAGUES, PRODUCTION, RISKS, STAGING, STRATEGIES
from bridle.environments.enterprise.deployment.records import Artifact, Change, Release, Service, Site
from bridle.environments.enterprise.deployment.rules import LOOKING
from bridle.environments.enterprise.workflow import ToolCall

T = TypeVar("T")

REASONS = ("no longer needed", "it was planned twice", "the incident is over", "errors went up at once")
SUMMARIES = ("monthly release", "fix of a defect", "new feature")
ASTRAY = 0.3
"""How often a call that names several things names one that does not belong."""


def candidates(books: Books, rng: random.Random) -> list[ToolCall]:
    """Every tool, on the things that were named; of those that take several things also such as don't belong.

    What belongs to a service that was named is tried as well, but nobody opens what was never spoken of.
    """
    found: list[ToolCall] = []
    for service in books.services.values():
        if service.id in books.named:
            found += _on_service(service, rng)
    for artifact in books.artifacts.values():
        if artifact.id in books.named or artifact.service.id in books.named:
            found += _on_artifact(artifact, rng)
    for release in books.releases.values():
        if release.id in books.named or release.service.id in books.named:
            found += _on_release(release, books, rng)
    for change in books.changes.values():
        if change.id in books.named or change.release.service.id in books.named:
            found += _on_change(change, rng)
    for service in books.services.values():
        if service.id in books.named:
            found += [_call("wait_for_window", window_id=window.id) for window in service.windows]
            found += [call for site in service.sites for call in _on_site(site, rng)]
    return [call for call in found if call["tool"] not in LOOKING or _spoken_of(call, books)]


def _spoken_of(call: ToolCall, books: Books) -> bool:
    return books.named.issuperset(call["arguments"].values())


def _on_service(service: Service, rng: random.Random) -> list[ToolCall]:
    readers = [_call(tool, service_id=service.id) for tool in ("get_service", "list_artifacts", "list_windows")]
    to = rng.choice(COLLEAGUES)
    return [*readers, _call("hand_over", service_id=service.id, to=to, reason="it can't be done as asked")]


def _on_artifact(artifact: Artifact, rng: random.Random) -> Iterator[ToolCall]:
    for tool in ("get_artifact", "sign_artifact", "request_rebuild"):
        yield _call(tool, artifact_id=artifact.id)
    for check in dict.fromkeys((rng.choice(artifact.pending or CHECKS), rng.choice(CHECKS))):
        yield _call("run_check", artifact_id=artifact.id, check=check)
    yield _call("delete_artifact", artifact_id=artifact.id, reason=rng.choice(REASONS))
    yield _call("plan_release", artifact_id=artifact.id, strategy=rng.choice(STRATEGIES))


def _on_release(release: Release, books: Books, rng: random.Random) -> Iterator[ToolCall]:
    identity = release.id
    for tool in ("get_release", "check_health"):
        yield _call(tool, release_id=identity)
    for tool in ("cancel_release", "rollback_release"):
        yield _call(tool, release_id=identity, reason=rng.choice(REASONS))
    windows = release.service.windows
    for risk in dict.fromkeys((release.risk, rng.choice(RISKS))):
        window = _or_any(rng, rng.choice(windows), list(books.windows.values()))
        summary = rng.choice(SUMMARIES)
        yield _call("file_change", release_id=identity, window_id=window.id, risk=risk, summary=summary)
    yield _call("deploy_to_staging", release_id=identity, **_site(release, STAGING, books, rng))
    for tool in ("promote_release", "promote_migration"):
        stated = release.change.window if release.change else rng.choice(windows)
        window = _or_any(rng, stated, list(books.windows.values()))
        site = _site(release, PRODUCTION, books, rng)
        yield _call(tool, release_id=identity, window_id=window.id, **site)


def _site(release: Release, name: str, books: Books, rng: random.Random) -> dict[str, Any]:
    """The environment of that name, or another, and its revision, or one that it had before."""
    site = _or_any(rng, release.service.site(name), list(books.sites.values()))
    revision = max(1, site.revision - 1) if rng.random() < ASTRAY / 2 else site.revision
    return {"environment_id": site.id, "expected_revision": revision}


def _on_change(change: Change, rng: random.Random) -> Iterator[ToolCall]:
    for tool in ("get_change", "approve_change"):
        yield _call(tool, change_id=change.id)
    for tool in ("decline_change", "withdraw_change"):
        yield _call(tool, change_id=change.id, reason=rng.choice(REASONS))


def _on_site(site: Site, rng: random.Random) -> Iterator[ToolCall]:
    for tool in ("take_backup", "unlock_environment"):
        yield _call(tool, environment_id=site.id)
    yield _call("lock_environment", environment_id=site.id, reason=rng.choice(REASONS))


def _or_any(rng: random.Random, fitting: T, others: list[T]) -> T:
    return rng.choice(others) if rng.random() < ASTRAY else fitting


def _call(tool: str, **arguments: Any) -> ToolCall:
    return {"tool": tool, "arguments": arguments}
