"""The contract suite of models, and the fakes that it is run with.

A model of your own is held to the contract by a subclass in a test file; pytest collects its tests:

    class TestMyModel(ModelContract):
        @contextmanager
        def opened(self) -> Iterator[Model]:
            yield MyModel(...)        # answers `reply(prompt)` to every prompt of `PROMPTS`
"""

from __future__ import annotations

import math
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager

from bridle.errors import ModelFault
from bridle.models.model import Completion, Model, Request
from bridle.models.scripted import Scripted
from bridle.testing.fake_provider import FakeProvider

__all__ = [
    "PROMPTS",
    "REQUESTS",
    "SILENT",
    "FakeProvider",
    "ModelContract",
    "Scripted",
    "check_completion",
    "fault_of",
    "reply",
]

SILENT = "Say nothing."
"""The prompt that is answered with nothing: a fault in every kind of model."""

PROMPTS = (
    "one",
    "Several lines,\n\n\twith white space at their ends \r\n  \n",
    "Beyond ASCII: äß → ♜ 漢字 😀 \u2028 \x7f",
    "Quotes \" ' ` \\ $HOME %s {} ```python\nprint()\n```",
    "long " * 200_000,
)
"""What the suite asks: the last is a megabyte, more than any pipe holds."""

REQUESTS = (
    *(Request(prompt=prompt) for prompt in PROMPTS),
    *(Request(prompt=f"At once, number {number}.", sample=number) for number in range(24)),
)
"""Every request that must be answered."""


def reply(prompt: str) -> str:
    """What the model under test answers: easy to write in any language, and different for every prompt."""
    return "" if prompt == SILENT else f"You said ({len(prompt)}):\n{prompt[:2000]}"


class ModelContract:
    """What `Model.complete` promises. Subclass it and say how a model is opened that answers `reply(prompt)`."""

    def opened(self) -> AbstractContextManager[Model]:
        """A fresh model that answers every one of `REQUESTS` by `reply`, and `SILENT` with nothing."""
        raise NotImplementedError

    def attempts(self) -> int | None:
        """How often whatever answers was really asked since `opened`; None where nobody can tell."""
        return None

    def test_the_answer_is_verbatim(self) -> None:
        """No trimming, no mended line ends, no lost characters."""
        with self.opened() as model:
            for request in REQUESTS[: len(PROMPTS)]:
                assert model.complete(request).text == reply(request.prompt)

    def test_a_completion_is_whole_and_knows_what_it_does_not_know(self) -> None:
        """Labelled, timed, and with counts above zero or none at all."""
        with self.opened() as model:
            check_completion(model.complete(REQUESTS[0]))
            assert model.name
            assert model.name.isprintable()

    def test_threads_get_their_own_answers(self) -> None:
        """24 requests by 8 threads at once, each answered for itself."""
        with self.opened() as model, ThreadPoolExecutor(8) as pool:
            requests = REQUESTS[len(PROMPTS) :]
            gate = threading.Barrier(8)

            def ask(request: Request) -> str:
                if request.sample < 8:
                    gate.wait(30)
                return model.complete(request).text

            assert list(pool.map(ask, requests)) == [reply(request.prompt) for request in requests]

    def test_nothing_is_a_fault_after_exactly_one_attempt(self) -> None:
        """An empty answer is no completion; and the model still answers afterwards."""
        with self.opened() as model:
            sentence = str(fault_of(model, Request(prompt=SILENT)))
            assert len(sentence) > 10
            assert "\n" not in sentence
            assert self.attempts() in (1, None)
            assert model.complete(REQUESTS[0]).text == reply(REQUESTS[0].prompt)
            assert self.attempts() in (2, None)

    def test_closing_twice_is_no_error_and_a_closed_model_stays_closed(self) -> None:
        """Only for models that can be closed and hold something."""
        with self.opened() as model:
            close = getattr(model, "close", None)
            if close is None:
                return
            model.complete(REQUESTS[0])
            close()
            close()


def fault_of(model: Model, request: Request) -> ModelFault:
    """The fault that the request ends in; AssertionError where it is answered."""
    try:
        completion = model.complete(request)
    except ModelFault as fault:
        return fault
    raise AssertionError(f"{model.name} answered with {completion}")


def check_completion(completion: Completion) -> None:
    """Assert what holds for every completion."""
    assert completion.text.strip()
    assert completion.model
    assert math.isfinite(completion.seconds)
    assert completion.seconds >= 0
    if completion.usage is not None:
        assert completion.usage.input_tokens > 0
        assert completion.usage.output_tokens > 0
    if completion.usd is not None:
        assert completion.usage is not None, "a price without a count of tokens"
        assert math.isfinite(completion.usd)
        assert completion.usd >= 0
