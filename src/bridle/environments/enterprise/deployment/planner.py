"""What somebody who knows the task would do next, seeing only the view: the plan that simulated agents stray from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

from bridle.environments.enterprise.deployment.goal import Target
from bridle.environments.enterprise.deployment.kinds import (
    DATABASE_TEAM,
    PRODUCTION,
    RELEASE_DESK,
    SERVICE_TEAM,
    STAGING,
)
from bridle.environments.enterprise.deployment.rules import STALE
from bridle.environments.enterprise.workflow import ToolCall
from bridle.trace import POLICY_DENIED, resources

View: TypeAlias = Mapping[str, Any]
Record: TypeAlias = Mapping[str, Any]

UNSEEN: Mapping[str, str] = {"release": "REL-0000", "environment": "ENV-0000", "window": "WIN-0000"}
"""Stands, in later steps of a plan, for the number of what is not known yet."""

PATIENCE = 3
"""Calls after which an environment is read again before anything is deployed to it."""

DEFAULT_REASON = "it is as the task says"


class DeploymentPlanner:
    """Plans for some targets. Pure: the plan is a function of the view."""

    def __init__(self, targets: tuple[Target, ...]) -> None:
        """`targets` are what the task's text says, for a machine."""
        self._targets = targets

    def remaining(self, view: View) -> list[ToolCall]:
        """The calls that are left, as far as they can be foreseen; the first is the one to make now."""
        plan: list[ToolCall] = []
        for target in self._targets:
            steps = _left(target, view)
            if steps and _denied(steps[0], view):
                steps = list(_hand_over(target, RELEASE_DESK, "I am not permitted to do the next step"))
            plan += steps
        return [*plan, _call("finish")]

    def instead(self, view: View) -> ToolCall | None:
        """Where a service is to be handed over now because a person is needed: how somebody goes on who misses that."""
        target = next((target for target in self._targets if _left(target, view)), None)
        if target is None or _left(target, view)[0]["tool"] != "hand_over":
            return None
        call = _pressed(target, view)
        if target.occupied:
            unaware = DeploymentPlanner(tuple(replace(target, occupied=False) for target in self._targets))
            call = unaware.instead(view) or unaware.remaining(view)[0]
        return None if call is None or call["tool"] == "hand_over" or _denied(call, view) else call


def _left(target: Target, view: View) -> list[ToolCall]:
    """The steps left for one target; none once its service was handed over."""
    return [] if _handed_over(target, view) else list(_steps(target, view))


def _steps(target: Target, view: View) -> Iterator[ToolCall]:
    """The calls that lead from what is known of the target to its end."""
    if target.occupied:
        if target.service_id not in view["resources"]:
            yield _call("get_service", service_id=target.service_id)
        yield from _hand_over(target, RELEASE_DESK, "another release is under way")
    elif target.end in ("signed", "deleted"):
        yield from _artifact(target, target.artifact_id, view)
    elif target.end in ("approved", "declined"):
        yield from _decision(target, view)
    elif target.environment_id:
        yield from _locking(target, view)
    else:
        yield from _release(target, view)


def _artifact(target: Target, identity: str, view: View) -> Iterator[ToolCall]:
    """Check and sign an artifact, or delete it."""
    artifact = view["resources"].get(identity)
    if artifact is None:
        yield _call("get_artifact", artifact_id=identity)
        artifact = {"state": "validated", "pending": []}
    if target.end == "deleted":
        if artifact["state"] != "deleted":
            yield _call("delete_artifact", artifact_id=identity, reason=target.reason)
        return
    if artifact["state"] == "rejected":
        yield _call("request_rebuild", artifact_id=identity)
    if artifact["state"] == "built":
        for check in artifact["pending"]:
            yield _call("run_check", artifact_id=identity, check=check)
    if artifact["state"] != "signed":
        yield _call("sign_artifact", artifact_id=identity)


def _decision(target: Target, view: View) -> Iterator[ToolCall]:
    """Read a change record and decide it."""
    change = view["resources"].get(target.change_id)
    if change is None:
        yield _call("get_change", change_id=target.change_id)
    if change is not None and change["state"] == target.end:
        return
    if target.end == "approved":
        yield _call("approve_change", change_id=target.change_id)
    else:
        yield _call("decline_change", change_id=target.change_id, reason=target.reason)


def _locking(target: Target, view: View) -> Iterator[ToolCall]:
    """Lock or unlock an environment."""
    environment = view["resources"].get(target.environment_id)
    if environment is None:
        yield _call("get_service", service_id=target.service_id)
    if environment is not None and environment["state"] == target.end:
        return
    if target.end == "locked":
        yield _call("lock_environment", environment_id=target.environment_id, reason=target.reason)
    else:
        yield _call("unlock_environment", environment_id=target.environment_id)


def _release(target: Target, view: View) -> Iterator[ToolCall]:
    """Find or plan the release, have its change record approved, and bring it where it is to be."""
    release = _known_release(target, view)
    if release is None:
        yield from _find(target, view)
        return
    if target.end in ("rolled_back", "cancelled"):
        yield from _ending(target, release)
        return
    if release["state"] in ("planned", "staged", "verified"):
        filing = list(_filing(target, release, view))
        yield from filing
        if target.end == "filed" or any(call["tool"] == "hand_over" for call in filing):
            return
        if release["change_state"] == "filed" and not filing:
            yield _call("get_change", change_id=release["change"]["id"])
    yield from _rollout(target, release, view)


def _known_release(target: Target, view: View) -> Record | None:
    """The target's release as last seen."""
    if target.release_id:
        shown: Record | None = view["resources"].get(target.release_id)
        return shown
    releases = [
        thing
        for thing in view["resources"].values()
        if "strategy" in thing and thing["service_id"] == target.service_id and thing["version"] == target.number
    ]
    return releases[0] if releases else None


def _find(target: Target, view: View) -> Iterator[ToolCall]:
    """Open the release; or plan one, of the one artifact that has the version."""
    if target.release_id:
        yield _call("get_release", release_id=target.release_id)
        if target.end in ("verified", "live"):
            yield from _rollout(target, {"id": target.release_id, "state": "planned"}, view)
        return
    listed = _last(view, "list_artifacts", service_id=target.service_id)
    if listed is None:
        yield _call("list_artifacts", service_id=target.service_id)
        return
    fitting = _of_version(target, listed)
    if len(fitting) != 1:
        yield from _hand_over(target, SERVICE_TEAM, f"{len(fitting)} artifacts have the version {target.number}")
        return
    artifact = view["resources"].get(fitting[0])
    if artifact is None:
        yield _call("get_artifact", artifact_id=fitting[0])
    elif artifact["release_id"]:
        yield _call("get_release", release_id=artifact["release_id"])
        return
    yield _call("plan_release", artifact_id=fitting[0], strategy=target.strategy)
    if target.end in ("verified", "live"):
        yield from _rollout(target, {"id": UNSEEN["release"], "state": "planned"}, view)


def _ending(target: Target, release: Record) -> Iterator[ToolCall]:
    """Roll a release back, or cancel it."""
    if release["state"] == target.end:
        return
    if target.end == "cancelled":
        yield _call("cancel_release", release_id=release["id"], reason=target.reason)
    elif release["reversible"]:
        yield _call("rollback_release", release_id=release["id"], reason=target.reason)
    else:
        yield from _hand_over(target, DATABASE_TEAM, "it has migrated a schema and can't be rolled back")


def _filing(target: Target, release: Record, view: View) -> Iterator[ToolCall]:
    """A change record for the window that is wanted, or for the first that fits."""
    if release["change_state"] in ("filed", "approved"):
        if not target.window_id or release["window_id"] == target.window_id:
            return
        reason = target.reason or DEFAULT_REASON
        yield _call("withdraw_change", change_id=release["change"]["id"], reason=reason)
    windows = _windows(target, view)
    if not windows:
        yield _call("list_windows", service_id=target.service_id)
    fitting = [window for window in _offered(target, windows) if window["minutes"] >= release["rollout_minutes"]]
    if windows and not fitting:
        yield from _hand_over(target, RELEASE_DESK, "no window is long enough for the rollout")
        return
    chosen = min(fitting, key=lambda window: str(window["opens"]))["id"] if fitting else UNSEEN["window"]
    yield _file(release, chosen)


def _offered(target: Target, windows: Sequence[Record]) -> list[Record]:
    """Windows that a change record may be for, however long they are."""
    return [one for one in windows if one["status"] != "closed" and target.window_id in ("", one["id"])]


def _file(release: Record, window_id: str) -> ToolCall:
    summary = f"version {release['version']}"
    return _call("file_change", release_id=release["id"], window_id=window_id, risk=release["risk"], summary=summary)


def _rollout(target: Target, release: Record, view: View) -> Iterator[ToolCall]:
    """From planned to verified or live; back where it fails."""
    state, identity = release["state"], release["id"]
    if state == "failed":
        if release["reversible"]:
            reason = f"not healthy: {release['health']}"
            yield _call("rollback_release", release_id=identity, reason=reason)
        else:
            yield from _hand_over(target, DATABASE_TEAM, "it failed after it had migrated a schema")
        return
    if state in (target.end, "rolled_back", "live"):
        return
    if state == "planned":
        yield from _deploy(identity, target, view)
    if state in ("planned", "staged"):
        yield _call("check_health", release_id=identity)
        if target.end == "verified":
            return
    if state in ("planned", "staged", "verified"):
        yield from _promote(release, target, view)
    yield _call("check_health", release_id=identity)


def _deploy(identity: str, target: Target, view: View) -> Iterator[ToolCall]:
    site = _site(target, STAGING, view)
    if site is None:
        yield _call("get_service", service_id=target.service_id)
    yield _call("deploy_to_staging", release_id=identity, **_stated(site))


def _promote(release: Record, target: Target, view: View) -> Iterator[ToolCall]:
    """Wait for the window, take a backup where one is needed, and promote."""
    window_id = release.get("window_id") or UNSEEN["window"]
    window = view["resources"].get(window_id)
    if window is None:
        yield _call("list_windows", service_id=target.service_id)
    elif window["status"] == "upcoming":
        yield _call("wait_for_window", window_id=window_id)
    site = _site(target, PRODUCTION, view)
    if site is None:
        yield _call("get_service", service_id=target.service_id)
    tool = "promote_release"
    if release.get("migrates"):
        tool = "promote_migration"
        if site is None or site["backup"] != "taken":
            yield _call("take_backup", environment_id=_stated(site)["environment_id"])
    yield _call(tool, release_id=release["id"], window_id=window_id, **_stated(site))


def _pressed(target: Target, view: View) -> ToolCall | None:
    """What looks like the next step where a person is needed: roll back all the same, take the longest of the windows
    that are too short, or the first of the artifacts of one version. None where none of that is how things are."""
    release = _known_release(target, view)
    if release is None:
        listed = _last(view, "list_artifacts", service_id=target.service_id)
        alike = _of_version(target, listed) if listed is not None else []
        if len(alike) < 2:
            return None
        if alike[0] not in view["resources"]:
            return _call("get_artifact", artifact_id=alike[0])
        return _call("plan_release", artifact_id=alike[0], strategy=target.strategy)
    if target.end == "rolled_back" or release["state"] == "failed":
        reason = target.reason or f"not healthy: {release['health']}"
        return None if release["reversible"] else _call("rollback_release", release_id=release["id"], reason=reason)
    windows = _offered(target, _windows(target, view))
    longest = max(windows, key=lambda window: int(window["minutes"]), default=None)
    if longest is None or longest["minutes"] >= release["rollout_minutes"]:
        return None
    return _file(release, longest["id"])


def _of_version(target: Target, listed: Record) -> list[str]:
    """The artifacts listed that have the version."""
    return [row["artifact_id"] for row in listed["artifacts"] if row["version"] == target.number]


def _stated(site: Record | None) -> dict[str, Any]:
    """How a call names an environment and what it expects there."""
    if site is None:
        return {"environment_id": UNSEEN["environment"], "expected_revision": 1}
    return {"environment_id": site["id"], "expected_revision": site["revision"]}


def _site(target: Target, name: str, view: View) -> Record | None:
    """The service's environment as last seen; None where it has to be read, because it moved since."""
    sites = [
        thing
        for thing in view["resources"].values()
        if "revision" in thing and thing["service_id"] == target.service_id and thing["name"] == name
    ]
    return None if not sites or _stale(sites[0], target, view) else sites[0]


def _stale(site: Record, target: Target, view: View) -> bool:
    """Whether it was not shown for a while; or a call was told of another revision, and nobody has looked since."""
    since = 0
    for call in reversed(view["calls"]):
        if call["ok"]:
            if site["id"] in resources(call["result"]):
                break
            since += 1
    return since >= PATIENCE or _outdated(site, target, view)


def _outdated(site: Record, target: Target, view: View) -> bool:
    """Whether a call was told so, and nobody has read the service since."""
    for call in reversed(view["calls"]):
        if call["ok"] and call["tool"] == "get_service" and call["arguments"].get("service_id") == target.service_id:
            return False
        arguments = call["arguments"]
        if not call["ok"] and call["error"]["class"] == STALE and arguments.get("environment_id") == site["id"]:
            return True
    return False


def _windows(target: Target, view: View) -> list[Record]:
    """The service's windows as last seen; none where they were not listed."""
    if _last(view, "list_windows", service_id=target.service_id) is None:
        return []
    return [t for t in view["resources"].values() if "opens" in t and t["service_id"] == target.service_id]


def _hand_over(target: Target, to: str, reason: str) -> Iterator[ToolCall]:
    yield _call("hand_over", service_id=target.service_id, to=to, reason=reason)


def _handed_over(target: Target, view: View) -> bool:
    return _last(view, "hand_over", service_id=target.service_id) is not None


def _last(view: View, tool: str, **named: Any) -> Any:
    """The result of the last successful call of a tool on something; None where there was none."""
    for call in reversed(view["calls"]):
        if call["ok"] and call["tool"] == tool and named.items() <= call["arguments"].items():
            return call["result"]
    return None


def _denied(step: ToolCall, view: View) -> bool:
    """Whether a policy denied this very call."""
    denied = [call for call in view["calls"] if not call["ok"] and call["error"]["class"] == POLICY_DENIED]
    return any(step["tool"] == call["tool"] and step["arguments"] == call["arguments"] for call in denied)


def _call(tool: str, **arguments: Any) -> ToolCall:
    return {"tool": tool, "arguments": arguments}
