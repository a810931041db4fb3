"""The public truth of a case: whether it needs a person, and where its work belongs. For figures, never for a view."""

from __future__ import annotations

from typing import Literal, NamedTuple, Protocol, TypeAlias, runtime_checkable

Why: TypeAlias = Literal["information", "authority"]
"""Why a case needs a person: something that nobody can infer is missing or contradicts itself, or the strict policy
permits somebody else a step that the subject of the session is not permitted."""


class Need(NamedTuple):
    """Who has to look at a case (a queue, a specialist, a role), and why."""

    to: str
    why: Why = "information"


class Routing(NamedTuple):
    """One call that sent something somewhere: what, where to, and where it belongs (empty: nowhere else than it was).

    `person` says that the call asked for a person, as a hand-over does, rather than moved work on.
    """

    subject: str
    chosen: str
    right: str
    person: bool = False

    @property
    def correct(self) -> bool:
        """Whether it was sent where it belongs."""
        return bool(self.right) and self.chosen == self.right


class CaseTruth(NamedTuple):
    """What is true of an episode's case. `routings` are the routing calls that reached the system so far, in order,
    applicable or not."""

    need: Need | None = None
    routings: tuple[Routing, ...] = ()

    @property
    def needs_person(self) -> bool:
        """Whether the case can't be completed without a person, whatever any policy permits.

        Authority is the policy engine's: a case that only needs somebody else's rights is none of these.
        """
        return self.need is not None and self.need.why == "information"


@runtime_checkable
class Disclosing(Protocol):
    """An episode that tells the truth about its case."""

    def truth(self) -> CaseTruth:
        """Whether a person is needed and who, and the routing decisions so far."""


@runtime_checkable
class RoutingSystem(Protocol):
    """A system in which calls send work somewhere."""

    def routing(self, tool: str, arguments: dict[str, object]) -> Routing | None:
        """Where the call, which fits its schema, sends what; None where it sends nothing, or nothing that exists."""


@runtime_checkable
class NeedingSystem(Protocol):
    """A system in which it can turn out on the way that a person is needed."""

    def need(self) -> Need | None:
        """Who is needed by now because of what has happened; None where nobody is."""
