"""The lives of a workflow's things: one state machine of the `transitions` library for all things of a kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, Protocol, TypeVar

from transitions import Machine

from bridle.environment import Truth


class Living(Protocol):
    """A thing with an id, in one of its kind's states; conditions of triggers are methods of it."""

    id: str
    state: str


ThingT = TypeVar("ThingT", bound=Living)

Unmet = Mapping[str, tuple[str, Callable[[ThingT], str]]]
"""What is said where a condition does not hold, by the condition's name: the class of the error, and its sentence."""


class Lifecycle(Generic[ThingT]):
    """A state machine. It takes a thing on when it is first asked about it."""

    def __init__(
        self, states: Sequence[str], transitions: Sequence[Mapping[str, Any]], *, unmet: Unmet[ThingT]
    ) -> None:
        """A machine without things yet; `unmet` speaks of every condition in `transitions`."""
        self._states, self._unmet = tuple(states), unmet
        self._machine = Machine(
            model=None,
            states=list(states),
            transitions=list(transitions),
            initial=self._states[0],
            auto_transitions=False,
        )

    def check(self, thing: ThingT, trigger: str, **arguments: Any) -> Truth:
        """Whether the trigger can be pulled now; `state_conflict` or `missing_precondition` if not."""
        if self._model(thing).may_trigger(trigger, **arguments):
            return Truth(True)
        found = self._machine.events[trigger].transitions
        if thing.state not in found:
            needed = " or ".join(state for state in self._states if state in found)
            return Truth(False, f"{thing.id} is {thing.state}; {trigger} needs {needed}.", "state_conflict")
        for condition in found[thing.state][-1].conditions:
            name = str(condition.func)
            if not getattr(thing, name)(**arguments):
                error_class, sentence = self._unmet[name]
                return Truth(False, sentence(thing), error_class)
        raise AssertionError(f"{trigger} of {thing.id} can't be pulled, and every condition holds")

    def pull(self, thing: ThingT, trigger: str, **arguments: Any) -> None:
        """Pull an applicable trigger."""
        self._model(thing).trigger(trigger, **arguments)

    def _model(self, thing: ThingT) -> Any:
        """The thing with the methods that the machine gives its models."""
        if thing not in self._machine.models:
            self._machine.add_model(thing, initial=thing.state)
        return thing
