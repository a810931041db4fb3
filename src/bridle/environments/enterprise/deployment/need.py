"""Who is needed for a nominal start besides its subject: what can't be inferred, or a right. For figures only."""

from __future__ import annotations

from bridle.environments.enterprise.deployment.draft import Start
from bridle.environments.enterprise.deployment.kinds import RISKS
from bridle.environments.enterprise.deployment.records import Service
from bridle.environments.enterprise.routing import Need

MEMBERS = ("prepare", "repair", "plan", "unfit", "refile")
OPERATORS = ("stage", "promote", "reopen", "roll-out", "ship", "recover")


def need(journey: str, start: Start) -> Need | None:
    """Who has to look at it, or has the right under the strict policy that the subject lacks."""
    asked = next((target.person for target in start.targets if target.person), "")
    if asked:
        return Need(asked)
    service = start.books.services[start.targets[0].service_id]
    held = {parent["id"] for parent in start.subject["parents"]}
    if journey in MEMBERS:
        return None if service.team in held else Need("service team", "authority")
    if journey in OPERATORS:
        return None if held & {"operator", "migrator"} else Need("operator", "authority")
    if journey == "cleanup":
        return None if "curator" in held else Need("curator", "authority")
    return Need("change manager", "authority") if journey == "decide" and not _may_approve(start, service) else None


def _may_approve(start: Start, service: Service) -> bool:
    """Whether the subject neither filed the change record nor is its risk beyond the limit."""
    change = start.books.changes[start.targets[0].change_id]
    limit: int = start.subject["properties"]["risk_limit"]
    degree = RISKS.index(change.release.risk) + 1
    return change.filer != start.subject["id"] and degree <= limit and change.release.service is service
