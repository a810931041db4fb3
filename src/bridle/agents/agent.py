"""The agent: whoever proposes actions. It is never trusted, and it sees what the view shows and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from bridle.environment import Observation
from bridle.harness import Action
from bridle.runtime.effects import Refusal


class Agent(Protocol):
    """A proposer in one episode. `name` says what it is; a simulated one's begins with `simulated`."""

    name: str

    def propose(
        self, observation: Observation, refusals: Sequence[Refusal] = (), choices: Sequence[Action] = ()
    ) -> Action:
        """An action for this observation.

        `refusals` are this turn's earlier proposals that were not executed, with what the agent is told about each, the
        latest last. Where `choices` is not empty the agent should answer one of them, or, since the choices of tool
        calls may lack what is needed, its own call; nobody relies on it.
        """
