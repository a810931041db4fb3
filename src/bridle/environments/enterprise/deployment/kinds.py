"""The vocabulary of the deployment system: kinds of services, checks, strategies and states."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

CHECKS = ("unit", "integration", "contract", "security", "load")
STRATEGIES = ("rolling", "blue_green", "canary")
RISKS = ("low", "medium", "high")
STAGING, PRODUCTION = "staging", "production"
RELEASE_DESK, SERVICE_TEAM, DATABASE_TEAM = "release_desk", "service_team", "database_team"
COLLEAGUES = (RELEASE_DESK, SERVICE_TEAM, DATABASE_TEAM)
"""To whom work is handed over."""

ARTIFACT_STATES = ("built", "rejected", "validated", "signed", "deleted")
CHANGE_STATES = ("filed", "approved", "declined", "withdrawn", "implemented")
RELEASE_STATES = ("planned", "staged", "verified", "promoted", "live", "failed", "rolled_back", "cancelled")


@dataclass(frozen=True, kw_only=True)
class Kind:
    """What a kind of service asks for.

    `checks` have to pass before an artifact is validated; a rollout takes `minutes`, and half as long again where it
    migrates a schema; `risk` is that of a release that does not, one that does is a degree riskier.
    """

    checks: tuple[str, ...]
    minutes: int
    risk: str


KINDS: Mapping[str, Kind] = {
    "web": Kind(checks=("unit", "integration"), minutes=20, risk="low"),
    "api": Kind(checks=("unit", "contract"), minutes=30, risk="medium"),
    "batch": Kind(checks=("unit",), minutes=40, risk="low"),
    "data": Kind(checks=("unit", "integration", "security"), minutes=60, risk="medium"),
    "edge": Kind(checks=("unit", "load"), minutes=24, risk="medium"),
    "core": Kind(checks=("unit", "security"), minutes=50, risk="medium"),
}


def rollout_minutes(kind: str, migrates: bool) -> int:
    """How long a release of a service of this kind takes to roll out."""
    minutes = KINDS[kind].minutes
    return minutes * 3 // 2 if migrates else minutes


def risk(kind: str, migrates: bool) -> str:
    """The risk of a release of a service of this kind."""
    return RISKS[RISKS.index(KINDS[kind].risk) + migrates]
