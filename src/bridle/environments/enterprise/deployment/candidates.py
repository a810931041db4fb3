"""Plausible calls on the present books, applicable or not: the raw material of legal and foreign actions."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
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

EACH = 2
"""Things that each tool is tried on, of those that there are."""


def candidates(books: Books, rng: random.Random) -> list[ToolCall]:
    """Every tool, on a few of the things that belong to services which were named, or were named themselves.

    Of those that take several things also such as don't belong; but nobody opens what was never spoken of.
    """
    services = [service for service in books.services.values() if service.id in books.named]
    found: list[ToolCall] = []
    for service in services:
        found += _on_service(service, rng)
    artifacts = [a for a in books.artifacts.values() if a.id in books.named or a.service in services]
    releases = [r for r in books.releases.values() if r.id in books.named or r.service in services]
    changes = [c for c in books.changes.values() if c.id in books.named or c.release.service in services]
    sites = [site for site in books.sites.values() if site.service in services]
    found += [call for one in releases for call in _on_release(one, books, rng)]
    found += _each(rng, artifacts, _on_artifact)
    found += _each(rng, changes, _on_change)
    found += _each(rng, sites, _on_site)
    windows = [window for service in services for window in service.windows]
    found += [_call("wait_for_window", window_id=window.id) for window in _some(rng, windows)]
    return [call for call in found if call["tool"] not in LOOKING or books.named.issuperset(call["arguments"].values())]


def _each(
    rng: random.Random, things: Sequence[T], calls: Callable[[T, random.Random], Iterator[ToolCall]]
) -> Iterator[ToolCall]:
    """For each tool calls on a few of the things: others for every tool, so that rare ones get their turn."""
    offered: dict[str, list[ToolCall]] = {}
    for thing in things:
        for call in calls(thing, rng):
            offered.setdefault(call["tool"], []).append(call)
    for calls_of in offered.values():
        yield from _some(rng, calls_of)


def _some(rng: random.Random, things: Sequence[T]) -> list[T]:
    return rng.sample(things, min(EACH, len(things)))


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
    identity, windows = release.id, list(books.windows.values())
    for tool in ("get_release", "check_health"):
        yield _call(tool, release_id=identity)
    for tool in ("cancel_release", "rollback_release"):
        yield _call(tool, release_id=identity, reason=rng.choice(REASONS))
    for risk in dict.fromkeys((release.risk, rng.choice(RISKS))):
        window = _or_any(rng, rng.choice(release.service.windows), windows)
        summary = rng.choice(SUMMARIES)
        yield _call("file_change", release_id=identity, window_id=window.id, risk=risk, summary=summary)
    for _ in range(EACH):
        yield _call("deploy_to_staging", release_id=identity, **_site(release, STAGING, books, rng))
        tools = ("promote_release", "promote_migration")
        tool = _or_any(rng, tools[release.artifact.migrates], tools)
        stated = release.change.window if release.change else rng.choice(release.service.windows)
        window = _or_any(rng, stated, windows)
        yield _call(tool, release_id=identity, window_id=window.id, **_site(release, PRODUCTION, books, rng))


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


def _or_any(rng: random.Random, fitting: T, others: Sequence[T]) -> T:
    return rng.choice(others) if rng.random() < ASTRAY else fitting


def _call(tool: str, **arguments: Any) -> ToolCall:
    return {"tool": tool, "arguments": arguments}
