"""When a call is applicable, as a table: for each tool what it needs, in the order in which that is checked.

Who may make a call is no part of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from bridle.environment import Truth
from bridle.environments.enterprise.deployment.books import Books
from bridle.environments.enterprise.deployment.kinds import PRODUCTION, STAGING
from bridle.environments.enterprise.deployment.records import Artifact, Change, Release, Site, Window

FINE = Truth(True)

STALE = "stale"
"""The error class of a call that states what was last shown, and that is no longer so: no view could foretell it."""

READERS: Mapping[str, str] = {
    "release_id": "get_release",
    "artifact_id": "get_artifact",
    "change_id": "get_change",
    "environment_id": "get_service",
    "window_id": "list_windows",
}
"""The tool that shows what an argument names."""

LOOKING = ("get_release", "get_artifact", "get_change")
"""Tools that may name what was not shown yet."""


class Named:
    """The records that a call names. A need reads only what its tool's schema asks for."""

    def __init__(self, books: Books, tool: str, arguments: Mapping[str, Any], known: Mapping[str, Any]) -> None:
        """`arguments` fit the tool's schema, and what they name is there; `known` is what was shown, by id."""
        self.books, self.tool, self.arguments, self.known = books, tool, arguments, known

    @property
    def artifact(self) -> Artifact:
        """The artifact."""
        return self.books.artifacts[self.arguments["artifact_id"]]

    @property
    def release(self) -> Release:
        """The release."""
        return self.books.releases[self.arguments["release_id"]]

    @property
    def change(self) -> Change:
        """The change record."""
        return self.books.changes[self.arguments["change_id"]]

    @property
    def environment(self) -> Site:
        """The environment."""
        return self.books.sites[self.arguments["environment_id"]]

    @property
    def window(self) -> Window:
        """The window."""
        return self.books.windows[self.arguments["window_id"]]


Need: TypeAlias = Callable[[Named], Truth | None]
"""None where it is met, else the error."""


def conflict(sentence: str) -> Truth:
    """The record is in a state that the tool does not work on."""
    return Truth(False, sentence, "state_conflict")


def missing(sentence: str) -> Truth:
    """Something has to be done first."""
    return Truth(False, sentence, "missing_precondition")


def state(record: str, *values: str, field: str = "state") -> Need:
    """A record that the call names is in one of some states."""

    def need(named: Named) -> Truth | None:
        found = getattr(named, record)
        value = getattr(found, field)
        if value in values:
            return None
        return conflict(f"{found.id} is {value}; {named.tool} needs it {' or '.join(values)}.")

    return need


def free(named: Named) -> Truth | None:
    """No release uses the artifact."""
    release = named.artifact.release
    return conflict(f"{named.artifact.id} is used by {release.id}.") if release else None


def pending(named: Named) -> Truth | None:
    """The check is one that is still to be made."""
    artifact, check = named.artifact, named.arguments["check"]
    if check in artifact.pending:
        return None
    return conflict(f"{check} is not pending on {artifact.id}; {', '.join(artifact.pending)} is.")


def unfiled(named: Named) -> Truth | None:
    """The release has no change record that counts."""
    release = named.release
    if release.change_state in ("none", "declined", "withdrawn"):
        return None
    return conflict(f"{release.id} has a change record already, which is {release.change_state}.")


def approved(named: Named) -> Truth | None:
    """The release has a change record, and it is approved."""
    release = named.release
    if release.change_state == "approved":
        return None
    if release.change is None:
        return missing(f"{release.id} has no change record; file one first.")
    return missing(f"The change record of {release.id} is {release.change_state}; it has to be approved first.")


def assessed(named: Named) -> Truth | None:
    """The risk is stated as the release has it."""
    release, given = named.release, named.arguments["risk"]
    return None if given == release.risk else conflict(f"The risk of {release.id} is {release.risk}, not {given}.")


def site(name: str) -> Need:
    """The environment is the release's service's, and the one of that name."""

    def need(named: Named) -> Truth | None:
        release, environment = named.release, named.environment
        if environment.service is not release.service:
            return conflict(f"{environment.id} is not an environment of {release.service.id}.")
        return None if environment.name == name else conflict(f"{environment.id} is {environment.name}, not {name}.")

    return need


def production(named: Named) -> Truth | None:
    """The environment is a production one."""
    environment = named.environment
    return None if environment.name == PRODUCTION else conflict(f"{environment.id} is {environment.name}.")


def current(named: Named) -> Truth | None:
    """The environment is still at the revision that the call expects; `stale` where that was the last one shown."""
    environment, expected = named.environment, named.arguments["expected_revision"]
    if environment.revision == expected:
        return None
    error = conflict(f"{environment.id} is at revision {environment.revision}, not {expected}; read it again.")
    shown = named.known.get(environment.id, {}).get("revision") == expected
    return error._replace(error_class=STALE) if shown else error


def own_window(named: Named) -> Truth | None:
    """The window is one of the release's service."""
    release, window = named.release, named.window
    return None if window.service is release.service else conflict(f"{window.id} is no window of {release.service.id}.")


def filed_window(named: Named) -> Truth | None:
    """The window is the one that the change record says."""
    change = named.release.change
    if change is not None and change.window is named.window:
        return None
    return conflict(f"The change record of {named.release.id} is not for {named.window.id}.")


def long_enough(margin: int) -> Need:
    """As many minutes of the window are left as the rollout takes, and a margin."""

    def need(named: Named) -> Truth | None:
        release, window = named.release, named.window
        if window.minutes >= release.minutes + margin:
            return None
        beyond = f" and {margin} to spare" if margin else ""
        return conflict(f"{window.id} has {window.minutes} minutes left; {release.id} needs {release.minutes}{beyond}.")

    return need


def migrates(wanted: bool) -> Need:
    """The release migrates a schema, or does not."""

    def need(named: Named) -> Truth | None:
        release = named.release
        if release.artifact.migrates is wanted:
            return None
        other = "promote_release" if wanted else "promote_migration"
        return conflict(f"{release.id} migrates {'no' if wanted else 'a'} schema; use {other}.")

    return need


def backed_up(named: Named) -> Truth | None:
    """There is a backup of the environment as it is."""
    environment = named.environment
    if environment.backup == "taken":
        return None
    return missing(f"The backup of {environment.id} is {environment.backup}; take one first.")


def reversible(named: Named) -> Truth | None:
    """The release has not migrated a schema."""
    release = named.release
    return conflict(f"{release.id} has migrated a schema; it can't be rolled back.") if release.migrated else None


def needs(*, margin: int = 0) -> dict[str, tuple[Need, ...]]:
    """What each tool needs; tools that are not here need nothing but that what they name was shown.

    `margin` is how many minutes of a window a rollout has to leave over.
    """
    fits = long_enough(margin)
    target = (approved, site(PRODUCTION), state("environment", "open"), current)
    timing = (filed_window, state("window", "open", field="status"), fits)
    return {
        "run_check": (state("artifact", "built"), pending),
        "sign_artifact": (state("artifact", "validated"),),
        "request_rebuild": (state("artifact", "rejected"),),
        "delete_artifact": (state("artifact", "built", "rejected", "validated", "signed"), free),
        "plan_release": (state("artifact", "signed"), free),
        "cancel_release": (state("release", "planned"),),
        "file_change": (
            state("release", "planned", "staged", "verified"),
            unfiled,
            own_window,
            state("window", "upcoming", "open", field="status"),
            fits,
            assessed,
        ),
        "withdraw_change": (state("change", "filed", "approved"),),
        "approve_change": (state("change", "filed"),),
        "decline_change": (state("change", "filed"),),
        "wait_for_window": (state("window", "upcoming", field="status"),),
        "deploy_to_staging": (
            state("release", "planned"),
            approved,
            site(STAGING),
            state("environment", "open"),
            current,
        ),
        "check_health": (state("release", "staged", "promoted"),),
        "take_backup": (production,),
        "promote_release": (migrates(False), state("release", "verified"), *target, *timing),
        "promote_migration": (migrates(True), state("release", "verified"), *target, backed_up, *timing),
        "rollback_release": (state("release", "staged", "verified", "promoted", "live", "failed"), reversible),
        "lock_environment": (state("environment", "open"),),
        "unlock_environment": (state("environment", "locked"),),
    }


NEEDS = needs()
"""What tools need, as long as the system is as it was."""
