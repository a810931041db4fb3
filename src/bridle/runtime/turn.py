"""What one turn of a tool-calling session leaves behind, and what it hands on to the next one."""

from __future__ import annotations

from typing import Any, NamedTuple

from bridle.environment import Step
from bridle.errors import Failure
from bridle.harness import Action
from bridle.runtime.effects import Refusal
from bridle.trace import Origin, TraceStep


class Escalation(NamedTuple):
    """A person is needed. `by` is `harness` or `guard`; `otherwise` says what happens if nobody does anything."""

    by: str
    to: str
    why: str
    call: Any
    missing: tuple[str, ...] = ()
    otherwise: str = "The call is not executed."


class Attempt(NamedTuple):
    """A call on its way: the agent's `proposed` one, and the one to be made of it (again, or as `rule` revised it)."""

    proposed: Action
    call: Any
    origin: Origin
    rule: str = ""


class Doubt(NamedTuple):
    """A call that can't be repeated, whose outcome nobody knows.

    `named` are the ids of known resources that it named; `since` is how many calls the view showed after it.
    """

    call: dict[str, Any]
    named: frozenset[str]
    since: int


class Carry(NamedTuple):
    """What a turn hands on.

    `refusals` are what the agent is told with its next proposal; `attempts` counts the proposals refused in a row;
    `doubts` are the calls of unknown outcome that the session still has to find out about.
    """

    refusals: tuple[Refusal, ...] = ()
    attempts: int = 0
    doubts: tuple[Doubt, ...] = ()


class CallTurn(NamedTuple):
    """One turn: one proposal, and every call that was made on its behalf.

    `records` has a step for the proposal and one for each automatic call after it, in order. `step` is the
    environment's last word, None where it heard nothing of this turn because another proposal is to follow. `failures`
    are those of the harness on the way.
    """

    records: tuple[TraceStep, ...]
    step: Step | None
    carry: Carry
    failures: tuple[Failure, ...] = ()
    escalation: Escalation | None = None
