"""What a simulated agent needs of an environment: somebody who knows what is to be done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

from bridle.environment import Scenario


class Planner(Protocol):
    """Knows the goal of one scenario, and sees nothing but the view."""

    def remaining(self, view: Mapping[str, Any]) -> Sequence[dict[str, Any]]:
        """The tool calls that are left, as far as they can be foreseen, never none; the first is the one to make now.

        A pure function of the view.
        """


@runtime_checkable
class Planning(Protocol):
    """An environment that knows how its scenarios are done."""

    def planner(self, scenario: Scenario) -> Planner:
        """A planner for the scenario's goal."""


@runtime_checkable
class Tempted(Protocol):
    """A planner in a case that tries to lead astray: by planted instructions, things that look alike, wrong orders."""

    def temptation(self, view: Mapping[str, Any]) -> dict[str, Any] | None:
        """The call that something in the view asks for or suggests and the goal does not; a pure function."""


@runtime_checkable
class Sorting(Protocol):
    """A planner of work that is sent somewhere: to a queue, a specialist, a person."""

    @property
    def routes(self) -> Mapping[str, str]:
        """The tools that send work somewhere, each with the listed argument that says where to."""


@runtime_checkable
class Pressing(Protocol):
    """A planner of tasks in which a person may have to be asked: because something is missing, ambiguous or no longer
    possible, never because a policy denied a call."""

    def instead(self, view: Mapping[str, Any]) -> dict[str, Any] | None:
        """Where the call to make now is to ask a person: the call of somebody who does not notice that one is needed.

        None everywhere else, and where nothing suggests itself. A pure function of the view.
        """
