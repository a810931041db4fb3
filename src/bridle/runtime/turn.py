"""What one turn of a tool-calling session leaves behind, and what it hands on to the next one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, TypeAlias

from bridle.environment import Step
from bridle.errors import Failure
from bridle.harness import Action
from bridle.runtime.effects import Refusal
from bridle.runtime.frozen import FrozenCall
from bridle.runtime.tally import Tally
from bridle.trace import Origin, TraceStep

Condition: TypeAlias = Literal[
    "harness", "harness-failed", "surface", "confidence", "attempts", "in-doubt", "budget", "metric", "compensation"
]
"""What led to an escalation: the harness's own word, a failure of the harness on a tool where that asks for a person, a
call outside the release's surface, the agent's own confidence below the threshold, the refused proposals in a row, an
outcome that nobody knows, the session's calls spent, a metric outside its expected range, or a call that was to be
undone and could not be."""

SUSPENDING = frozenset(("budget", "metric"))
"""Conditions of the session and not of one call: until somebody resumes it, no call of the session is executed."""


class Escalation(NamedTuple):
    """A person is needed: who asks whom, about which call, why, what is missing, and what happens otherwise.

    `by` is `harness` or `guard`; `otherwise` says what happens if nobody does anything. `rule` is the harness's rule
    where it named one. `undo` is the call that would undo this one, where its tool declares one and it may have
    happened. `harness` and `call_digest` are those of the trace.
    """

    by: str
    to: str
    why: str
    call: Any
    missing: tuple[str, ...] = ()
    otherwise: str = "The call is not executed."
    condition: Condition = "harness"
    rule: str = ""
    undo: dict[str, Any] | None = None
    harness: str = ""
    call_digest: str = ""

    @property
    def text(self) -> str:
        """For a person, a line for each. What agent and harness said is data, and can't begin a line of its own."""
        lines = [
            f"For: {self.to or 'whoever is responsible for this session'}",
            f"Call: {_json(self.call)}",
            f"Why ({self.condition}): {self.why}",
            *([f"Rule: {self.rule}"] if self.rule else []),
            *([f"Missing: {', '.join(self.missing)}"] if self.missing else []),
            *([f"To undo it, if it happened: {_json(self.undo)}"] if self.undo is not None else []),
            f"If nothing is done: {self.otherwise}",
        ]
        return "\n".join(_line(text) for text in lines)


def _line(text: str) -> str:
    """The text as one line that shows all of itself: what would move a cursor or turn the reading is written out."""
    shown = (c if c.isprintable() else c.encode("unicode_escape").decode() for c in " ".join(text.split()))
    return "".join(shown)


def _json(call: Any) -> str:
    return json.dumps(call, ensure_ascii=False, default=str, sort_keys=True)


class Attempt(NamedTuple):
    """A call on its way: the agent's `proposed` one, and the one to be made of it (again, or as `rule` revised it).

    `frozen` is the proposed one as it is passed on, or why it can't be. `confidence` is the agent's own in its
    proposal, None where it stated none.
    """

    proposed: Action
    frozen: FrozenCall | str
    call: Any
    origin: Origin
    rule: str = ""
    confidence: float | None = None


class Doubt(NamedTuple):
    """A call that can't be repeated as it likes, whose outcome nobody knows.

    `named` are the ids of known resources that it named; `since` is how many calls the view showed after it.
    """

    call: dict[str, Any]
    named: frozenset[str]
    since: int


class Carry(NamedTuple):
    """What a turn hands on.

    `refusals` are what the agent is told with its next proposal; `attempts` counts the proposals refused in a row;
    `doubts` are the calls of unknown outcome that the session still has to find out about. `tally` counts what the
    session did, `readings` are the host's own metrics, and `suspended`, where not empty, says why the session has to
    wait for a person.
    """

    refusals: tuple[Refusal, ...] = ()
    attempts: int = 0
    doubts: tuple[Doubt, ...] = ()
    tally: Tally = Tally()
    readings: Mapping[str, float] = MappingProxyType({})
    suspended: str = ""


class CallTurn(NamedTuple):
    """One turn: one proposal, and every call that was made on its behalf.

    `records` has a step for the proposal and one for each automatic call after it, in order; it is empty where the turn
    was abandoned before there was one. `step` is the environment's last word, None where it heard nothing of this turn
    because another proposal is to follow. `failures` are those of the harness on the way.
    """

    records: tuple[TraceStep, ...]
    step: Step | None
    carry: Carry
    failures: tuple[Failure, ...] = ()
    escalation: Escalation | None = None
