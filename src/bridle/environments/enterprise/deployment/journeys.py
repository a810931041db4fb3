"""The templates: fourteen journeys, each for six kinds of services, with and without the migration of a schema.

A template says which work is to be done; the seed draws people, versions, windows, how far things are, what turns out
not to be healthy, when colleagues change an environment, and in one start of five, that the person at work is not the
one whom a strict policy permits a step of it. In `unfit` and `ambiguous`, and in `recover` after a migration, the task
can't be done as asked: a person has to be asked.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping

from bridle.environments.enterprise.deployment.draft import MOVING, Draft, Start
from bridle.environments.enterprise.deployment.goal import Target
from bridle.environments.enterprise.deployment.kinds import (
    DATABASE_TEAM,
    KINDS,
    PRODUCTION,
    RELEASE_DESK,
    SERVICE_TEAM,
    STAGING,
)

SIZES = ("plain", "migration")

_IF_ILL = "If it turns out not to be healthy, roll it back, or hand the service over where that is impossible."
_OPERATOR = ("operator", "migrator")


def _roles(draft: Draft) -> str:
    return _OPERATOR[draft.migrates]


def _prepare(draft: Draft) -> Start:
    service = draft.service()
    artifact = draft.artifact(service, "built")
    draft.artifact(service, "signed")
    return draft.start(
        [service],
        targets=(Target(end="signed", service_id=service.id, artifact_id=artifact.id),),
        task=(
            f"Make {artifact.id} of {service.id} ready: run its pending checks and sign it. If a check fails, request "
            "a rebuild and run all checks again."
        ),
        subject=draft.person(service),
        turns=4 + 2 * len(KINDS[draft.kind].checks),
    )


def _repair(draft: Draft) -> Start:
    service = draft.service()
    artifact = draft.artifact(service, "rejected")
    draft.artifact(service, "rejected")
    return draft.start(
        [service],
        targets=(Target(end="signed", service_id=service.id, artifact_id=artifact.id),),
        task=f"{artifact.id} of {service.id} was rejected: have it built anew, run its checks, and sign it.",
        subject=draft.person(service),
        turns=4 + len(KINDS[draft.kind].checks),
    )


def _plan(draft: Draft) -> Start:
    service, strategy = draft.service(), draft.strategy()
    artifact = draft.artifact(service)
    draft.artifact(service, draft.rng.choice(("built", "validated")))
    target = Target(end="filed", service_id=service.id, number=artifact.number, strategy=strategy)
    return draft.start(
        [service],
        targets=(target,),
        task=(
            f"Plan a {strategy} release of version {artifact.number} of {service.id}, and file its change record for "
            "the first window that is long enough. If that can't be settled, hand the service over."
        ),
        subject=draft.person(service),
        turns=6,
    )


def _unfit(draft: Draft) -> Start:
    """No window is long enough."""
    service = draft.service()
    release = draft.release(draft.artifact(service))
    for window in service.windows:
        window.minutes = min(window.minutes, release.minutes - draft.rng.randint(1, release.minutes // 2))
    return draft.start(
        [service],
        targets=(Target(end="filed", service_id=service.id, release_id=release.id, person=RELEASE_DESK),),
        task=(
            f"File the change record of {release.id} of {service.id} for the first window that is long enough. If none "
            "is, hand the service over."
        ),
        subject=draft.person(service),
        turns=4,
    )


def _ambiguous(draft: Draft) -> Start:
    """Two artifacts have the version that is asked for."""
    service, strategy, number = draft.service(), draft.strategy(), draft.number()
    for _ in range(2):
        draft.artifact(service, number=number)
    draft.artifact(service)
    target = Target(end="filed", service_id=service.id, number=number, strategy=strategy, person=SERVICE_TEAM)
    return draft.start(
        [service],
        targets=(target,),
        task=(
            f"Plan a {strategy} release of version {number} of {service.id}, and file its change record for the first "
            "window that is long enough. If that can't be settled, hand the service over."
        ),
        subject=draft.person(service),
        turns=4,
    )


def _stage(draft: Draft) -> Start:
    service = draft.service()
    release = draft.release(draft.artifact(service, ill=STAGING), change="approved")
    return draft.start(
        [service],
        targets=(Target(end="verified", service_id=service.id, release_id=release.id),),
        task=f"Deploy {release.id} of {service.id} to staging and check its health. {_IF_ILL}",
        subject=draft.person(service, _roles(draft)),
        turns=6,
    )


def _promote(draft: Draft, *, locked: bool = False) -> Start:
    service = draft.service()
    release = draft.release(draft.artifact(service, ill=PRODUCTION), "verified", change="approved")
    production, unlocking = service.site(PRODUCTION), ""
    targets: tuple[Target, ...] = (Target(end="live", service_id=service.id, release_id=release.id),)
    if locked:
        production.locked = True
        targets = (Target(end="open", service_id=service.id, environment_id=production.id), *targets)
        unlocking = f"The incident for which its production ({production.id}) was locked is over: unlock it first. "
    return draft.start(
        [service],
        targets=targets,
        task=(
            f"{release.id} of {service.id} is verified. {unlocking}Promote it in the window of its change record and "
            f"check its health. {_IF_ILL}"
        ),
        subject=draft.person(service, _roles(draft)),
        turns=10,
    )


def _reopen(draft: Draft) -> Start:
    """Production is locked, and may be opened again."""
    return _promote(draft, locked=True)


def _roll_out(draft: Draft) -> Start:
    service = draft.service()
    artifact = draft.artifact(service, ill=draft.rng.choice((STAGING, PRODUCTION)))
    release = draft.release(artifact, change="approved")
    return draft.start(
        [service],
        targets=(Target(end="live", service_id=service.id, release_id=release.id),),
        task=(
            f"Roll {release.id} of {service.id} out: deploy it to staging, check its health, promote it in the window "
            f"of its change record, and check its health again. {_IF_ILL}"
        ),
        subject=draft.person(service, _roles(draft)),
        turns=12,
    )


def _ship(draft: Draft) -> Start:
    service, strategy = draft.service(), draft.strategy()
    service.approved_after = draft.rng.randint(1, 2)
    artifact = draft.artifact(service, ill=draft.rng.choice((STAGING, PRODUCTION)))
    draft.artifact(service, draft.rng.choice(("built", "validated")))
    target = Target(end="live", service_id=service.id, number=artifact.number, strategy=strategy)
    return draft.start(
        [service],
        targets=(target,),
        task=(
            f"Bring version {artifact.number} of {service.id} into production as a {strategy} release: plan it, file "
            "its change record for the first window that is long enough, wait for a colleague's approval, deploy it to "
            f"staging, check its health, promote it in the window, and check its health again. {_IF_ILL}"
        ),
        subject=draft.person(service, _roles(draft)),
        turns=17,
    )


def _decide(draft: Draft) -> Start:
    good, bad = draft.service(), draft.service()
    approved = draft.change(draft.release(draft.artifact(good)), "filed")
    declined = draft.change(draft.release(draft.artifact(bad)), "filed")
    reason = "the tests of the rollback are missing"
    limit = 3
    if draft.unsuited:
        approved.filer, limit = (draft.me, 3) if draft.rng.random() < 0.5 else (draft.other, draft.degree(good) - 1)
    draft.unsuited = False
    return draft.start(
        [good, bad],
        targets=(
            Target(end="approved", service_id=good.id, change_id=approved.id),
            Target(end="declined", service_id=bad.id, change_id=declined.id, reason=reason),
        ),
        task=(
            f"Decide two change records: approve {approved.id} of {good.id}, decline {declined.id} of {bad.id} "
            f"({reason})."
        ),
        subject=draft.person(good, "change_manager", risk_limit=limit),
        turns=6,
    )


def _refile(draft: Draft) -> Start:
    service = draft.service()
    service.windows[0].minutes += draft.release(draft.artifact(service)).minutes
    release = service.releases[0]
    draft.change(release, draft.rng.choice(("filed", "approved")), service.windows[0])
    window = next(w for w in service.windows[1:] if w.minutes >= release.minutes)
    reason = "the window is the wrong one"
    target = Target(end="filed", service_id=service.id, release_id=release.id, window_id=window.id, reason=reason)
    return draft.start(
        [service],
        targets=(target,),
        task=(
            f"The change record of {release.id} of {service.id} is for the wrong window. Withdraw it and file another "
            f"one for {window.id}."
        ),
        subject=draft.person(service),
        turns=5,
    )


def _cleanup(draft: Draft) -> Start:
    service = draft.service()
    number = draft.number()
    old, broken = draft.artifact(service, number=number), draft.artifact(service, "rejected")
    draft.release(draft.artifact(service, number=f"{number}1"))
    reason = "it is no longer needed"
    return draft.start(
        [service],
        targets=tuple(
            Target(end="deleted", service_id=service.id, artifact_id=one.id, reason=reason) for one in (old, broken)
        ),
        task=f"Delete {old.id} and {broken.id} of {service.id} ({reason}), and no other artifact.",
        subject=draft.person(service, "curator"),
        turns=5,
    )


def _recover(draft: Draft) -> Start:
    """A release that fails in production; after a migration there is no way back, and that is all that is wrong."""
    draft.unsuited = draft.unsuited and not draft.migrates
    service = draft.service()
    release = draft.release(draft.artifact(service), draft.rng.choice(("promoted", "live")), change="implemented")
    production = service.site(PRODUCTION)
    reason = "errors went up after the release"
    person = DATABASE_TEAM if draft.migrates else ""
    return draft.start(
        [service],
        targets=(
            Target(end="locked", service_id=service.id, environment_id=production.id, reason=reason),
            Target(end="rolled_back", service_id=service.id, release_id=release.id, reason=reason, person=person),
        ),
        task=(
            f"In production ({production.id}) of {service.id} errors went up after {release.id}. Lock production and "
            "roll the release back; if that is impossible, hand the service over."
        ),
        subject=draft.person(service, "operator"),
        turns=6,
    )


JOURNEYS: Mapping[str, Callable[[Draft], Start]] = {
    "prepare": _prepare,
    "repair": _repair,
    "plan": _plan,
    "unfit": _unfit,
    "ambiguous": _ambiguous,
    "stage": _stage,
    "promote": _promote,
    "reopen": _reopen,
    "roll-out": _roll_out,
    "ship": _ship,
    "decide": _decide,
    "refile": _refile,
    "cleanup": _cleanup,
    "recover": _recover,
}

TEMPLATES: Mapping[str, tuple[str, ...]] = {
    journey: tuple(f"{journey}/{kind}/{size}" for kind in KINDS for size in SIZES) for journey in JOURNEYS
}


def start(template: str, seed: int, moving: float = MOVING) -> Start:
    """The start that a template and a seed make; always the same. `moving` is the rate of colleagues' changes."""
    journey, kind, size = template.split("/")
    return JOURNEYS[journey](Draft(random.Random(f"{template}/{seed}"), kind, size, moving))
