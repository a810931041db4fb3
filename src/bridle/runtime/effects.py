"""What a mode asks for. A mode does no input or output: it yields effects, and whoever drives it sends back answers.

    Propose    → an `Action`, from the agent
    Invoke     → a `Reply`, from the harness in its sandbox
    Authorise  → a `Decision`, from the policy engine
    Execute    → a `Step`, from the environment

The lockstep rollout answers many modes' effects in batches; the guard answers one mode's as they come. What was tested
is therefore what ships.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, NamedTuple, TypeAlias

from bridle.environment import Observation
from bridle.harness import Action, Call


class Refusal(NamedTuple):
    """A proposal that was not executed, and what the agent is told about it."""

    action: Action
    reason: str


class Propose(NamedTuple):
    """Ask the agent for an action. `choices`, where not empty, is what it should choose from."""

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


Effect: TypeAlias = "Propose | Invoke | Authorise | Execute"
Mode: TypeAlias = Generator[Effect, Any, "Any"]
"""A mode in progress: yields effects, is sent their answers, returns what became of the turn."""
