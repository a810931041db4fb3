"""What a mode asks for. A mode does no input or output: it yields effects, and whoever drives it sends back answers.

    Propose    → an `Action`, from the agent
    Invoke     → a `Reply`, from the harness in its sandbox
    Authorise  → a `Decision`, from the policy engine
    Execute    → a `Step`, from the environment
    Withhold   → a `Step`, from the environment, that is told of a call that does not reach it
    Observe    → an `Observation`, from the environment
    Probe      → a `Truth`, from the environment (only for the baseline of a perfect harness)

The lockstep rollout answers many modes' effects in batches; the guard answers one mode's as they come. What was tested
is therefore what ships.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, NamedTuple, TypeAlias

from bridle.environment import Observation
from bridle.harness import Action, Call
from bridle.trace import Origin


class Refusal(NamedTuple):
    """A proposal that was not executed, and what the agent is told about it."""

    action: Action
    reason: str


class Proposal(NamedTuple):
    """An agent's action with what it says of it: an answer to `Propose`, where a bare action says nothing.

    `confidence` is the agent's own, from 0 to 1, None where it states none. `origin` is for a guard that makes a call
    of its own, such as one that undoes another.
    """

    action: Action
    confidence: float | None = None
    origin: Origin = "agent"


class Propose(NamedTuple):
    """Ask the agent for an action (or a `Proposal`). `choices`, where not empty, is what it should choose from."""

    observation: Observation
    refusals: tuple[Refusal, ...] = ()
    choices: tuple[Action, ...] = ()


class Invoke(NamedTuple):
    """Call a function of the harness."""

    call: Call


class Authorise(NamedTuple):
    """Ask the policy engine about the final call."""

    action: Action


class Execute(NamedTuple):
    """Let the environment take the final action."""

    action: Action


class Withhold(NamedTuple):
    """This turn's call does not reach the environment: why, as a class and a sentence."""

    action: Action
    error_class: str
    message: str


class Observe(NamedTuple):
    """Observe again, within a turn: after a call that failed."""


class Probe(NamedTuple):
    """Ask the environment whether it would accept the action now."""

    action: Action


class Abandoned(Exception):
    """Thrown into a mode in place of an answer: nobody waits for the turn any more, or what was asked for broke.

    A tool-call mode ends at once and returns what happened so far; a call that was being executed is then one of
    unknown outcome.
    """


Effect: TypeAlias = "Propose | Invoke | Authorise | Execute | Withhold | Observe | Probe"
Mode: TypeAlias = Generator[Effect, Any, "Any"]
"""A mode in progress: yields effects, is sent their answers, returns what became of the turn."""
