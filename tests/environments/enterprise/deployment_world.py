"""Helpers of the deployment tests: a hand-made start, and a checker that knows the rules but sees only the view."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import jsonschema

from bridle.environment import Step
from bridle.environments.enterprise.deployment.books import Books
from bridle.environments.enterprise.deployment.goal import Target
from bridle.environments.enterprise.deployment.pipeline import Pipeline
from bridle.environments.enterprise.deployment.records import Artifact, Change, Release, Service, Site, Window
from bridle.environments.enterprise.deployment.tools import FINISH, TOOLS
from bridle.environments.enterprise.workflow import Allowance, Case, Mishaps, WorkflowEpisode, Workplace

WORKPLACE = Workplace(TOOLS)
NO_MISHAPS = Mishaps(transient=0.0, internal=0.0)

ARTIFACT, RELEASE, CHANGE = {"artifact_id": "ART-1001"}, {"release_id": "REL-1001"}, {"change_id": "CHG-1001"}
STAGING = {"environment_id": "ENV-1001", "expected_revision": 10}
PRODUCTION = {"environment_id": "ENV-1002", "expected_revision": 20}
WINDOW = {"window_id": "WIN-1001"}
REASON = {"reason": "because of a rule"}


def service(number: int = 1, *, kind: str = "api") -> Service:
    """`SVC-1001` with `ENV-1001` (staging, revision 10), `ENV-1002` (production, 20), an open and a later window."""
    made = Service(id=f"SVC-{number}001", name="billing", kind=kind, team="north")
    for place, name in enumerate(("staging", "production"), 1):
        made.sites.append(
            Site(id=f"ENV-{number}00{place}", name=name, service=made, revision=10 * place, running="1.0.0")
        )
    for place, status in enumerate(("open", "upcoming"), 1):
        made.windows.append(
            Window(
                id=f"WIN-{number}00{place}", service=made, opens=f"2025-03-1{place}T20:00", minutes=60, status=status
            )
        )
    return made


def artifact(of: Service, state: str = "signed", *, migrates: bool = False, **fields: Any) -> Artifact:
    """`ART-1001` of the service."""
    made = Artifact(id=f"ART-{of.id[4]}001", service=of, number="2.0.0", migrates=migrates, state=state, **fields)
    of.artifacts.append(made)
    return made


def release(of: Service, state: str = "planned", change: str = "approved", **fields: Any) -> Release:
    """`REL-1001` of `ART-1001`, with `CHG-1001` for the first window where `change` is a state."""
    made = Release(id=f"REL-{of.id[4]}001", artifact=artifact(of, **fields), strategy="rolling", state=state)
    if change:
        made.change = Change(
            id=f"CHG-{of.id[4]}001", release=made, window=of.windows[0], summary="x", filer="EMP-1", state=change
        )
    of.releases.append(made)
    return made


def episode(
    *services: Service,
    targets: Sequence[Target] = (),
    moves: Sequence[tuple[int, Site]] = (),
    turns: int = 80,
    mishaps: Mishaps = NO_MISHAPS,
    opened: bool = True,
    task: str = "Do it.",
    seed: int = 1,
) -> WorkflowEpisode:
    """An episode over these services, with everything already shown where `opened`."""
    books = Books(actor="EMP-9", services=services, moves=moves)
    books.named.update(books.services)
    case = Case(
        task=task,
        me="me-0",
        subject={"type": "Employee", "id": "EMP-9"},
        system=Pipeline(books, targets),
        allowance=Allowance(turns=turns, invalid=turns),
        mishaps=mishaps,
        finish=FINISH,
        seed=seed,
    )
    made = WorkflowEpisode(case, WORKPLACE)
    for one in services if opened else ():
        call(made, "get_service", service_id=one.id)
        call(made, "list_windows", service_id=one.id)
        for held in one.artifacts:
            call(made, "get_artifact", artifact_id=held.id)
        for going in one.releases:
            call(made, "get_release", release_id=going.id)
    return made


def call(made: WorkflowEpisode, tool: str, **arguments: Any) -> Step:
    """Make one call."""
    return made.step({"tool": tool, "arguments": arguments})


_STATES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "run_check": ("artifact_id", ("built",)),
    "sign_artifact": ("artifact_id", ("validated",)),
    "request_rebuild": ("artifact_id", ("rejected",)),
    "delete_artifact": ("artifact_id", ("built", "rejected", "validated", "signed")),
    "plan_release": ("artifact_id", ("signed",)),
    "cancel_release": ("release_id", ("planned",)),
    "file_change": ("release_id", ("planned", "staged", "verified")),
    "deploy_to_staging": ("release_id", ("planned",)),
    "check_health": ("release_id", ("staged", "promoted")),
    "promote_release": ("release_id", ("verified",)),
    "promote_migration": ("release_id", ("verified",)),
    "rollback_release": ("release_id", ("staged", "verified", "promoted", "live", "failed")),
    "withdraw_change": ("change_id", ("filed", "approved")),
    "approve_change": ("change_id", ("filed",)),
    "decline_change": ("change_id", ("filed",)),
    "lock_environment": ("environment_id", ("open",)),
    "unlock_environment": ("environment_id", ("locked",)),
}
_KEYS = ("artifact_id", "release_id", "change_id", "environment_id", "window_id")


def looks_applicable(view: Mapping[str, Any], action: Any) -> bool:
    """What somebody who knows every rule of the deployment system can say of a call from the view alone."""
    if not isinstance(action, dict) or set(action) != {"tool", "arguments"} or action["tool"] not in view["tools"]:
        return False
    tool, arguments = action["tool"], action["arguments"]
    if not jsonschema.Draft202012Validator(view["tools"][tool]["schema"]).is_valid(arguments):
        return False
    if tool.startswith(("get_", "list_")) or tool == "hand_over":
        return {arguments[key] for key in arguments if key.endswith("_id")} <= _named(view)
    if any(arguments[key] not in view["resources"] for key in _KEYS if key in arguments):
        return False
    seen = {key: view["resources"][arguments[key]] for key in _KEYS if key in arguments}
    key, states = _STATES.get(tool, ("", ()))
    if states and seen[key]["state"] not in states:
        return False
    return all(check(tool, arguments, seen) for check in (_artifact, _filing, _going, _window))


def _artifact(tool: str, arguments: Mapping[str, Any], seen: Mapping[str, Any]) -> bool:
    if tool == "run_check":
        return arguments["check"] in seen["artifact_id"]["pending"]
    return tool not in ("plan_release", "delete_artifact") or not seen["artifact_id"]["in_use"]


def _filing(tool: str, arguments: Mapping[str, Any], seen: Mapping[str, Any]) -> bool:
    if tool != "file_change":
        return True
    going = seen["release_id"]
    free = going["change_state"] in ("none", "declined", "withdrawn")
    return free and arguments["risk"] == going["risk"] and seen["window_id"]["status"] != "closed"


def _going(tool: str, arguments: Mapping[str, Any], seen: Mapping[str, Any]) -> bool:
    if tool == "rollback_release":
        return bool(seen["release_id"]["reversible"])
    if tool == "take_backup":
        return bool(seen["environment_id"]["name"] == "production")
    if "expected_revision" not in arguments:
        return True
    going, site = seen["release_id"], seen["environment_id"]
    if tool != "deploy_to_staging" and going["migrates"] != (tool == "promote_migration"):
        return False
    if tool == "promote_migration" and site["backup"] != "taken":
        return False
    wanted = "staging" if tool == "deploy_to_staging" else "production"
    there = (site["name"], site["state"], site["revision"], site["service_id"])
    expected = (wanted, "open", arguments["expected_revision"], going["service_id"])
    return bool(going["change_state"] == "approved" and there == expected)


def _window(tool: str, arguments: Mapping[str, Any], seen: Mapping[str, Any]) -> bool:
    window = seen.get("window_id")
    if window is None:
        return True
    if tool == "wait_for_window":
        return bool(window["status"] == "upcoming")
    going = seen["release_id"]
    if window["service_id"] != going["service_id"] or window["minutes"] < going["rollout_minutes"]:
        return False
    promoting = tool.startswith("promote_")
    return not promoting or (window["status"] == "open" and window["id"] == going["window_id"])


def _named(view: Mapping[str, Any]) -> set[str]:
    """Ids that the task or a result speaks of."""
    texts = [view["task"], str([made["result"] for made in view["calls"] if made["ok"]])]
    return {identity for text in texts for identity in re.findall("[A-Z]{3}-[0-9]{4}", text)}
