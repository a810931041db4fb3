"""The tools of the deployment system, with their argument schemas and their effects."""

from __future__ import annotations

from typing import Any

from bridle.environments.enterprise.deployment.kinds import CHECKS, COLLEAGUES, RISKS, STRATEGIES
from bridle.environments.enterprise.schemas import closed
from bridle.trace import Tool, ToolEffect

READ, IDEMPOTENT = ToolEffect.READ_ONLY, ToolEffect.IDEMPOTENT
REVERSIBLE, IRREVERSIBLE = ToolEffect.REVERSIBLE, ToolEffect.IRREVERSIBLE

_TEXT = {"type": "string", "minLength": 1, "maxLength": 200}
_REASON = {"reason": {"type": "string", "minLength": 8, "maxLength": 200}}
_REVISION = {"expected_revision": {"type": "integer", "minimum": 1, "maximum": 100000}}


def _id(noun: str, prefix: str) -> dict[str, Any]:
    return {f"{noun}_id": {"type": "string", "pattern": f"^{prefix}-[0-9]{{4}}$"}}


_SERVICE, _ARTIFACT, _RELEASE = _id("service", "SVC"), _id("artifact", "ART"), _id("release", "REL")
_CHANGE, _ENVIRONMENT, _WINDOW = _id("change", "CHG"), _id("environment", "ENV"), _id("window", "WIN")


def _tool(
    name: str,
    description: str,
    effect: ToolEffect,
    required: dict[str, Any],
    optional: dict[str, Any] | None = None,
    *,
    undo: str | None = None,
    key: str | None = None,
) -> Tool:
    schema = closed(required, optional)
    return Tool(
        name=name, description=description, schema=schema, effect=effect, compensation=undo, idempotency_key=key
    )


FINISH = _tool("finish", "End the task; nothing can be done after it.", IRREVERSIBLE, {}, {"note": {"type": "string"}})

_READING = (
    _tool("get_service", "Show a service with its environments, their revisions, and its releases.", READ, _SERVICE),
    _tool("list_artifacts", "Numbers, versions and states of a service's artifacts.", READ, _SERVICE),
    _tool("get_artifact", "Show an artifact in full.", READ, _ARTIFACT),
    _tool("get_release", "Show a release with its change record.", READ, _RELEASE),
    _tool("get_change", "Show a change record and its release.", READ, _CHANGE),
    _tool("list_windows", "The change windows of a service, with the minutes that are left of each.", READ, _SERVICE),
)

_BUILDING = (
    _tool(
        "run_check",
        "Run a pending check on a built artifact. When all have passed it is validated; when one fails, rejected.",
        IDEMPOTENT,
        {**_ARTIFACT, "check": {"enum": list(CHECKS)}},
    ),
    _tool("sign_artifact", "Sign a validated artifact.", IDEMPOTENT, _ARTIFACT),
    _tool(
        "request_rebuild", "Have a rejected artifact built anew; all checks are to be run again.", IDEMPOTENT, _ARTIFACT
    ),
    _tool(
        "delete_artifact",
        "Delete an artifact that no release uses. It can't be brought back.",
        IRREVERSIBLE,
        {**_ARTIFACT, **_REASON},
    ),
)

_PLANNING = (
    _tool(
        "plan_release",
        "Plan the release of a signed artifact that no other release uses.",
        REVERSIBLE,
        {**_ARTIFACT, "strategy": {"enum": list(STRATEGIES)}},
        undo="cancel_release",
    ),
    _tool("cancel_release", "Give up a release that is not deployed yet.", IDEMPOTENT, {**_RELEASE, **_REASON}),
    _tool(
        "file_change",
        "File the change record of a release, stating its risk, for a window of its service that is not closed and "
        "has as many minutes left as the rollout takes.",
        REVERSIBLE,
        {**_RELEASE, **_WINDOW, "risk": {"enum": list(RISKS)}, "summary": _TEXT},
        undo="withdraw_change",
    ),
    _tool(
        "withdraw_change",
        "Take back a change record that is filed or approved.",
        REVERSIBLE,
        {**_CHANGE, **_REASON},
        undo="file_change",
    ),
    _tool("approve_change", "Approve a filed change record.", IRREVERSIBLE, _CHANGE, {"comment": _TEXT}),
    _tool("decline_change", "Decline a filed change record.", IRREVERSIBLE, {**_CHANGE, **_REASON}),
)

_PROMOTION = {**_RELEASE, **_ENVIRONMENT, **_WINDOW, **_REVISION}

_DEPLOYING = (
    _tool(
        "wait_for_window",
        "Wait until an upcoming window opens; windows of the service that open earlier are closed then.",
        IDEMPOTENT,
        _WINDOW,
    ),
    _tool(
        "deploy_to_staging",
        "Deploy a planned release with an approved change record to its service's staging environment, if that is "
        "open and still at the expected revision.",
        REVERSIBLE,
        {**_RELEASE, **_ENVIRONMENT, **_REVISION},
        undo="rollback_release",
    ),
    _tool(
        "check_health",
        "See whether a release that was staged or promoted is healthy there: it is verified or live, or it failed.",
        IDEMPOTENT,
        _RELEASE,
    ),
    _tool("take_backup", "Take a backup of a production environment as it is now.", IDEMPOTENT, _ENVIRONMENT),
    _tool(
        "promote_release",
        "Roll a verified release that migrates no schema out to its service's production environment, in the open "
        "window of its approved change record, if the minutes suffice and the environment is open and still at the "
        "expected revision.",
        REVERSIBLE,
        _PROMOTION,
        {"deploy_key": _TEXT},
        undo="rollback_release",
        key="deploy_key",
    ),
    _tool(
        "promote_migration",
        "As promote_release, for a release that migrates a schema: production needs a backup that is not outdated, "
        "and the release can't be rolled back afterwards.",
        IRREVERSIBLE,
        _PROMOTION,
        {"deploy_key": _TEXT},
        key="deploy_key",
    ),
    _tool(
        "rollback_release",
        "Put back what ran before a release that is deployed; impossible once it has migrated a schema.",
        IDEMPOTENT,
        {**_RELEASE, **_REASON},
    ),
)

_OPERATING = (
    _tool(
        "lock_environment",
        "Lock an environment, so that nothing is deployed to it.",
        REVERSIBLE,
        {**_ENVIRONMENT, **_REASON},
        undo="unlock_environment",
    ),
    _tool(
        "unlock_environment",
        "Open a locked environment again.",
        REVERSIBLE,
        _ENVIRONMENT,
        undo="lock_environment",
    ),
    _tool(
        "hand_over",
        "Leave the work on a service to a colleague: to the service team where it is not clear which artifact is "
        "meant, to the database team where a migrated schema stands in the way, and to the release desk where no "
        "window fits or you are not permitted a step.",
        IDEMPOTENT,
        {**_SERVICE, "to": {"enum": list(COLLEAGUES)}, **_REASON},
    ),
    FINISH,
)

TOOLS: tuple[Tool, ...] = (*_READING, *_BUILDING, *_PLANNING, *_DEPLOYING, *_OPERATING)
