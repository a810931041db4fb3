"""The deployment system: which call is applicable in the present state of the books. Implements `System`."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

from bridle.environment import Truth
from bridle.environments.enterprise.deployment.books import KEYS, Books
from bridle.environments.enterprise.deployment.candidates import candidates
from bridle.environments.enterprise.deployment.goal import (
    Target,
    artifacts_of,
    met,
    releases_of,
    right_person,
    stuck,
)
from bridle.environments.enterprise.deployment.kinds import DATABASE_TEAM, RISKS
from bridle.environments.enterprise.deployment.operations import OPERATIONS, READING
from bridle.environments.enterprise.deployment.records import Change, Release, Service
from bridle.environments.enterprise.deployment.rules import FINE, LOOKING, NEEDS, READERS, Named, Need
from bridle.environments.enterprise.existence import unfounded
from bridle.environments.enterprise.routing import Need as PersonNeeded
from bridle.environments.enterprise.routing import Routing
from bridle.environments.enterprise.workflow import ToolCall
from bridle.harness import JSON, Action
from bridle.trace import parts, strings


class Pipeline:
    """The books, their rules, and the goal of the task at hand."""

    def __init__(self, books: Books, targets: Sequence[Target]) -> None:
        """`targets` are looked at by `achieved`, and what they name the task names."""
        self.books, self._targets = books, tuple(targets)
        self._rules: Mapping[str, Sequence[Need]] = NEEDS
        books.named.update(identity for target in targets for identity in target.identities)
        self._before = self._versions()

    def check(self, tool: str, arguments: Mapping[str, Any], known: Mapping[str, Any]) -> Truth:
        """Existence, then whether this session was shown the thing, then what the tool needs."""
        readers = {} if tool in LOOKING else READERS
        things = ((argument, self.books.register(argument), readers.get(argument, "")) for argument in KEYS)
        if (error := unfounded(arguments, things, known)) is not None:
            return error
        named = Named(self.books, tool, arguments, known)
        if self._promoted(arguments):
            return FINE
        for need in self._rules.get(tool, ()):
            if (error := need(named)) is not None:
                return error
        return FINE

    def apply(self, tool: str, arguments: Mapping[str, Any]) -> JSON:
        """Carry out an applicable call; every write counts up the version of its record, and time goes on.

        What colleagues do meanwhile happens before a thing is read, and after it was written.
        """
        reading = tool in READING
        if reading:
            self.books.tick()
        result = OPERATIONS[tool](self.books, arguments)
        self.books.named.update(strings(result))
        if not reading:
            self.books.tick()
        return result

    def candidates(self, rng: random.Random) -> list[ToolCall]:
        """For every tool a few calls on things that exist, of those that the session has heard of."""
        return candidates(self.books, rng)

    def achieved(self, denied: Sequence[Action]) -> dict[str, bool]:
        """Each target, and `others`: nothing was changed that the task does not speak of, and nothing made twice."""
        arguments = [given for call in denied if isinstance(given := parts(call)[1], dict)]
        blocked = {service.id for given in arguments if (service := self.books.subject_of(given)) is not None}
        found: dict[str, bool] = {}
        spoken_of: set[str] = set()
        for target in self._targets:
            service = self.books.services[target.service_id]
            spoken_of |= self._concerned(target, service)
            left = bool(service.handed_to) and service.id in blocked
            found[target.label] = met(target, self.books) or left
        mine = [target.service_id for target in self._targets]
        after = self._versions()
        found["others"] = all(
            version == self._before.get(identity)
            for identity, version in after.items()
            if identity not in spoken_of and not self._followed(identity, mine)
        )
        return found

    def properties(self, kind: str, identity: str) -> tuple[dict[str, Any], int | None]:
        """What a policy may read of a record: its service's team, and the risk and the filer of a release's change."""
        if kind == "Workplace":
            return {}, None
        service = self.books.service_of(identity)
        if service is None:
            return {"known": False}, None
        held: dict[str, Any] = {"known": True, "team": {"__entity": {"type": "Team", "id": service.team}}}
        record: Any = next(r[identity] for name in KEYS if identity in (r := self.books.register(name)))
        release = record if isinstance(record, Release) else record.release if isinstance(record, Change) else None
        if release is not None:
            held["risk"] = RISKS.index(release.risk) + 1
        change = record if isinstance(record, Change) else release.change if release else None
        if change is not None:
            held["filer"] = {"__entity": {"type": "Employee", "id": change.filer}}
        version = getattr(record, "version", getattr(record, "revision", None))
        return held, version if isinstance(version, int) else None

    def govern(self, rules: Mapping[str, Sequence[Need]]) -> None:
        """From now on tools need this."""
        self._rules = rules

    def routing(self, tool: str, arguments: Mapping[str, Any]) -> Routing | None:
        """Services that are handed over, to whom."""
        service = self.books.services.get(arguments.get("service_id", ""))
        if service is None or tool != "hand_over":
            return None
        return Routing(service.id, arguments["to"], right_person(self._targets, service), person=True)

    def need(self) -> PersonNeeded | None:
        """The database team, once a release of a service of the task has failed after it had migrated a schema."""
        mine = {target.service_id for target in self._targets}
        return PersonNeeded(DATABASE_TEAM) if any(stuck(self.books.services[one]) for one in mine) else None

    def shown(self, identity: str) -> JSON:
        """As a tool that works on the artifact or the release shows it."""
        if identity in self.books.artifacts:
            return {"artifact": self.books.artifacts[identity].snapshot()}
        return {"release": self.books.releases[identity].snapshot()}

    def state_of(self, identity: str) -> str:
        """The artifact's or the release's state, empty where there is none."""
        record = self.books.artifacts.get(identity) or self.books.releases.get(identity)
        return record.state if record is not None else ""

    def touch(self, identity: str) -> None:
        """Count up the version of the artifact or the release."""
        record = self.books.artifacts.get(identity) or self.books.releases[identity]
        record.version += 1

    def _concerned(self, target: Target, service: Service) -> set[str]:
        """The ids of what a target may change."""
        if target.occupied:
            return {service.id}
        found = {*target.identities, *(artifact.id for artifact in artifacts_of(target, service))}
        for release in releases_of(target, service):
            found |= {release.id, release.artifact.id}
            found |= {change.id for change in self.books.changes.values() if change.release is release}
        return found

    def _promoted(self, arguments: Mapping[str, Any]) -> bool:
        """Whether the call repeats a promotion by its key."""
        key = arguments.get("deploy_key")
        return key is not None and self.books.promotions.get(key) == arguments["release_id"]

    def _versions(self) -> dict[str, Any]:
        """What nobody but this session changes, by id."""
        books = self.books
        found: dict[str, Any] = {site.id: site.locked for site in books.sites.values()}
        for register in (books.artifacts, books.releases, books.changes, books.services):
            found.update({identity: record.version for identity, record in register.items()})
        found.update({f"{window.id} open": window.status for window in books.windows.values()})
        return found

    def _followed(self, identity: str, services: Sequence[str]) -> bool:
        """Whether a change of it belongs to the work on a target's service: windows that were waited for."""
        window = self.books.windows.get(identity.removesuffix(" open"))
        return window is not None and window.service.id in services
