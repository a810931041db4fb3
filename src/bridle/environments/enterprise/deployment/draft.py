"""Draws the parts of one start: services, artifacts, windows, releases, people, and what colleagues will do."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bridle.environments.enterprise.deployment.books import Books
from bridle.environments.enterprise.deployment.goal import Target
from bridle.environments.enterprise.deployment.kinds import (
    KINDS,
    PRODUCTION,
    RISKS,
    STAGING,
    STRATEGIES,
    risk,
    rollout_minutes,
)
from bridle.environments.enterprise.deployment.records import Artifact, Change, Release, Service, Site, Window
from bridle.environments.enterprise.start import CaseStart

UNSUITED = 0.2
"""The share of starts whose subject lacks a right that the strict policy asks for."""

FAILING = 0.25
"""The share of releases that are not healthy where they are deployed, and of artifacts that fail a check."""

MOVING = 0.06
"""How often, at each call that is carried out, somebody changes an environment of the service at work."""

COMPANY = 0.6
"""The share of services at work that have a release of somebody else's."""

HORIZON = 40
"""Calls for which colleagues' moves are drawn."""

_NAMES = ("billing", "search", "catalogue", "checkout", "ledger", "profile", "mailer", "pricing", "stock", "gateway")
_TEAMS = ("north", "south", "harbour", "summit")
_SUMMARIES = ("monthly release", "fix of a defect", "new feature", "library update")


@dataclass(frozen=True, kw_only=True)
class Start(CaseStart):
    """What a journey makes: the books, the targets, the task in words, who works on it, and the turns it takes."""

    books: Books
    targets: tuple[Target, ...]


class Draft:
    """Draws the parts of one start."""

    def __init__(self, rng: random.Random, kind: str, size: str, moving: float = MOVING) -> None:
        """`size` `migration` means releases that migrate a schema; `moving` is the rate of colleagues' changes."""
        self.rng, self.kind, self.migrates, self._moving = rng, kind, size == "migration", moving
        self.unsuited = rng.random() < UNSUITED
        self.me, self.other = (f"EMP-{n}" for n in rng.sample(range(100, 1000), 2))
        self.names, self.teams = rng.sample(_NAMES, 4), rng.sample(_TEAMS, 4)
        self._given: set[str] = set()
        prefixes = ("SVC", "ENV", "WIN", "ART", "REL", "CHG")
        self._numbers = {prefix: iter(rng.sample(range(1001, 9000), 30)) for prefix in prefixes}

    def identity(self, prefix: str) -> str:
        """A fresh id."""
        return f"{prefix}-{next(self._numbers[prefix]):04}"

    def number(self) -> str:
        """A version that nothing else has."""
        while (found := f"{self.rng.randint(1, 4)}.{self.rng.randint(0, 19)}.{self.rng.randint(0, 9)}") in self._given:
            pass
        self._given.add(found)
        return found

    def strategy(self) -> str:
        """A strategy."""
        return self.rng.choice(STRATEGIES)

    def service(self, kind: str = "") -> Service:
        """A service with both environments and three windows, of which at least the last is long enough for it."""
        service = Service(id=self.identity("SVC"), name=self.names.pop(), kind=kind or self.kind, team=self.teams.pop())
        running = self.number()
        for name in (STAGING, PRODUCTION):
            site = Site(
                id=self.identity("ENV"), name=name, service=service, revision=self.rng.randint(10, 90), running=running
            )
            service.sites.append(site)
        needed = rollout_minutes(service.kind, self.migrates)
        days = sorted(self.rng.sample(range(10, 28), 3))
        for place, day in enumerate(days):
            long = place == 2 or self.rng.random() < 0.4
            minutes = needed + self.rng.choice((0, 15, 60)) if long else needed - self.rng.randint(1, needed // 2)
            opens = f"2025-03-{day}T{self.rng.choice(('06', '20', '22'))}:00"
            window = Window(id=self.identity("WIN"), service=service, opens=opens, minutes=minutes)
            service.windows.append(window)
        service.windows[0].status = self.rng.choice(("upcoming", "open"))
        return service

    def artifact(self, service: Service, state: str = "signed", *, number: str = "", ill: str = "") -> Artifact:
        """An artifact; `ill` names the environment in which it may turn out not to be healthy."""
        checks = list(KINDS[service.kind].checks)
        artifact = Artifact(
            id=self.identity("ART"),
            service=service,
            number=number or self.number(),
            migrates=self.migrates,
            state=state,
            build=self.rng.randint(1, 9),
            pending=checks if state == "built" else [],
            message=self.rng.choice(_SUMMARIES),
            version=self.rng.randint(1, 9),
        )
        if state == "built" and self.rng.random() < FAILING:
            artifact.defects = frozenset((self.rng.choice(checks),))
        if state == "rejected":
            artifact.failed = [self.rng.choice(checks)]
        if ill and self.rng.random() < FAILING:
            artifact.ill = frozenset((ill,))
        service.artifacts.append(artifact)
        return artifact

    def release(self, artifact: Artifact, state: str = "planned", *, change: str = "") -> Release:
        """A release of an artifact, with a change record in the state `change` for the first window that fits."""
        release = Release(
            id=self.identity("REL"),
            artifact=artifact,
            strategy=self.strategy(),
            state=state,
            version=self.rng.randint(1, 9),
        )
        artifact.service.releases.append(release)
        if state in ("staged", "verified", "promoted", "live"):
            self._run(release, STAGING)
        if state in ("promoted", "live"):
            self._run(release, PRODUCTION)
            release.migrated = artifact.migrates
        release.health = "passing" if state in ("verified", "live") else "unknown"
        if change:
            self.change(release, change)
        return release

    def change(self, release: Release, state: str, window: Window | None = None) -> Change:
        """A change record of a release, filed by somebody else; where no window fits it has to do with the first."""
        fitting = [w for w in release.service.windows if w.minutes >= release.minutes]
        release.change = Change(
            id=self.identity("CHG"),
            release=release,
            window=window or (fitting or release.service.windows)[0],
            summary=self.rng.choice(_SUMMARIES),
            filer=self.other,
            state=state,
            version=self.rng.randint(1, 9),
        )
        return release.change

    def bystander(self) -> Service:
        """A service that the task does not speak of, with work of other people on it."""
        service = self.service(self.rng.choice(list(KINDS)))
        self.artifact(service, self.rng.choice(("built", "rejected", "validated")))
        self.release(self.artifact(service), "planned", change=self.rng.choice(("filed", "approved")))
        return service

    def colleagues(self, service: Service) -> None:
        """Another release of the service, somewhere on its way."""
        state = self.rng.choice(("planned", "staged", "verified", "verified", "live"))
        change = "implemented" if state == "live" else self.rng.choice(("filed", "approved", "approved"))
        self.release(self.artifact(service), state, change=change)

    def person(self, service: Service, *roles: str, risk_limit: int = 3) -> dict[str, Any]:
        """The subject: a member of the service's team, unless unsuited and without a role to lack."""
        team = "elsewhere" if self.unsuited and not roles else service.team
        held = ("developer",) if self.unsuited else (roles or ("developer",))
        parents = [{"type": "Role", "id": role} for role in held]
        return {
            "type": "Employee",
            "id": self.me,
            "properties": {"risk_limit": risk_limit},
            "parents": [*parents, {"type": "Team", "id": team}],
        }

    def degree(self, service: Service) -> int:
        """The risk of a release of the service, from 1 to 3."""
        return RISKS.index(risk(service.kind, self.migrates)) + 1

    def start(self, services: Sequence[Service], **parts: Any) -> Start:
        """Put the parts together, a bystander among them, in an order that tells nothing."""
        moves = [
            (now, site)
            for now in range(1, HORIZON)
            for service in services
            for site in service.sites
            if self.rng.random() < self._moving
        ]
        for service in services:
            if self.rng.random() < COMPANY:
                self.colleagues(service)
        everything = [*services, self.bystander()]
        self.rng.shuffle(everything)
        for service in everything:
            self.rng.shuffle(service.artifacts)
        return Start(books=Books(actor=self.me, services=everything, moves=moves), **parts)

    def _run(self, release: Release, name: str) -> None:
        site = release.service.site(name)
        release.replaced[name] = site.running
        site.running = release.artifact.number
