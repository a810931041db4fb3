"""A model that says what it was told to: for tests, examples and simulated refiners."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeAlias

from bridle.errors import ModelFault
from bridle.models.answer import usable
from bridle.models.model import Completion, Request

Answer: TypeAlias = "str | Completion | ModelFault"
"""What a script holds: a text, a whole completion (to set usage and price), or a fault, which is raised."""


class Scripted:
    """Answers in the order of asking from a list, or by a function of the request.

    Where several requests are under way at once, the order of asking is nobody's promise: use a function there, so
    that what is answered depends on the request alone. A list that is used up is a permanent fault.
    """

    def __init__(self, script: Sequence[Answer] | Callable[[Request], Answer], *, name: str = "scripted") -> None:
        """`name` labels every completion; a simulated refiner's is `simulated`, followed by what it simulates."""
        self.name = name
        self._script = script if callable(script) else list(script)
        self._lock = threading.Lock()
        self._requests: list[Request] = []

    @property
    def requests(self) -> tuple[Request, ...]:
        """Every request so far, in the order of asking: the fake's own ledger."""
        return tuple(self._requests)

    def complete(self, request: Request) -> Completion:
        """The script's answer; the model's port says the rest."""
        with self._lock:
            number = len(self._requests)
            self._requests.append(request)
        answer = self._script(request) if callable(self._script) else self._line(number)
        if isinstance(answer, ModelFault):
            raise answer
        if isinstance(answer, str):
            return Completion(text=usable(answer, self.name), model=self.name)
        return replace(answer, text=usable(answer.text, self.name))

    def _line(self, number: int) -> Answer:
        assert not callable(self._script)
        if number >= len(self._script):
            raise ModelFault(
                f"The script of {self.name} has {len(self._script)} answers and was asked for one more; "
                "give it more, or a function of the request.",
                permanent=True,
            )
        return self._script[number]

    def close(self) -> None:
        """Nothing is held."""
