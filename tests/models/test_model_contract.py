"""Every kind of model, held to the same contract."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bridle.models import Completion, Model, Scripted, open_model
from bridle.models.pace import Paced
from bridle.models.replay import Recorder, Replay
from bridle.testing.model import REQUESTS, FakeProvider, ModelContract, reply

PROGRAM = """
import os, sys
with open(os.environ["COUNT_FILE"], "a") as count:
    count.write("x")
prompt = sys.stdin.buffer.read().decode()
answer = "" if prompt == "Say nothing." else f"You said ({len(prompt)}):\\n{prompt[:2000]}"
sys.stdout.buffer.write(answer.encode())
"""


class TestScripted(ModelContract):
    @contextmanager
    def opened(self) -> Iterator[Model]:
        self.model = Scripted(lambda request: reply(request.prompt))
        yield self.model

    def attempts(self) -> int:
        return len(self.model.requests)


class TestPaced(TestScripted):
    @contextmanager
    def opened(self) -> Iterator[Model]:
        self.model = Scripted(lambda request: reply(request.prompt))
        yield Paced(self.model, per_minute=1e6)


class TestReplay(ModelContract):
    @pytest.fixture(autouse=True)
    def _recorded(self, tmp_path: Path) -> None:
        recorder = Recorder(Scripted(lambda request: reply(request.prompt)), tmp_path / "answers.jsonl")
        for request in REQUESTS:
            recorder.complete(request)
        self.path = tmp_path / "answers.jsonl"

    @contextmanager
    def opened(self) -> Iterator[Model]:
        yield open_model(f"replay:{self.path}")


class TestRecorder(ModelContract):
    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.path = tmp_path / "answers.jsonl"

    @contextmanager
    def opened(self) -> Iterator[Model]:
        self.model = Scripted(lambda request: reply(request.prompt))
        yield Recorder(self.model, self.path)

    def attempts(self) -> int:
        return len(self.model.requests)

    def test_what_was_recorded_is_what_was_answered(self) -> None:
        with self.opened() as model:
            answers = [model.complete(request) for request in REQUESTS]
        replay = Replay(self.path)
        assert [replay.complete(request) for request in REQUESTS] == answers


class TestCommand(ModelContract):
    @pytest.fixture(autouse=True)
    def _program(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.program, self.count = tmp_path / "model.py", tmp_path / "count"
        self.program.write_text(PROGRAM)
        monkeypatch.setenv("COUNT_FILE", str(self.count))

    @contextmanager
    def opened(self) -> Iterator[Model]:
        self.count.write_text("")
        model = open_model(f"cmd:{sys.executable} -S '{self.program}'")
        yield model
        model.close()

    def attempts(self) -> int:
        return len(self.count.read_text())


class Served(ModelContract):
    """A model behind the fake provider, over real HTTP."""

    __test__ = False

    def spec(self, provider: FakeProvider) -> str:
        return provider.spec

    @contextmanager
    def opened(self) -> Iterator[Model]:
        with FakeProvider(reply) as self.provider:
            model = open_model(self.spec(self.provider))
            yield model
            model.close()

    def attempts(self) -> int:
        return len(self.provider.calls)

    def test_tokens_are_the_provider_s_own_count_and_an_unknown_price_is_none(self) -> None:
        with self.opened() as model:
            completion = model.complete(REQUESTS[0])
        (call,) = self.provider.calls
        assert completion.usage
        assert (completion.usage.input_tokens, completion.usage.output_tokens) == (
            call.input_tokens,
            call.output_tokens,
        )
        assert completion.usd is None
        assert completion.model == "fake"


class TestEndpoint(Served):
    __test__ = True


class TestProviderChat(Served):
    __test__ = True
    interface = "openai-chat"

    @pytest.fixture(autouse=True)
    def _key(self, monkeypatch: pytest.MonkeyPatch) -> None:
        pytest.importorskip("pydantic_ai")
        monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
        self.monkeypatch = monkeypatch

    def spec(self, provider: FakeProvider) -> str:
        self.monkeypatch.setenv("OPENAI_BASE_URL", provider.url)
        return f"{self.interface}:{provider.model}"


class TestProviderResponses(TestProviderChat):
    interface = "openai"


class TestProviderFunction(ModelContract):
    """pydantic-ai's own fake, which bypasses HTTP."""

    @contextmanager
    def opened(self) -> Iterator[Model]:
        pytest.importorskip("pydantic_ai")
        from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart
        from pydantic_ai.models.function import AgentInfo, FunctionModel
        from pydantic_ai.usage import RequestUsage

        from bridle.models.provider import ProviderModel

        self.asked = 0

        def answer(messages: list[ModelMessage], _: AgentInfo) -> ModelResponse:
            self.asked += 1
            text = reply(str(messages[-1].parts[0].content))  # type: ignore[union-attr]
            parts = [TextPart(text)] if text else []
            return ModelResponse(parts=parts, usage=RequestUsage(unmeasured_requests=1))

        model = ProviderModel(FunctionModel(answer), name="function:answer")
        yield model
        model.close()

    def attempts(self) -> int:
        return self.asked

    def test_unmeasured_is_unknown(self) -> None:
        with self.opened() as model:
            assert model.complete(REQUESTS[0]).usage is None


def test_the_contract_notices_broken_models() -> None:
    """The suite itself can fail: one model for each promise, breaking it."""

    class Broken(ModelContract):
        def __init__(self, answer: object) -> None:
            self.answer = answer

        @contextmanager
        def opened(self) -> Iterator[Model]:
            class Rude:
                name = "rude"
                complete = staticmethod(self.answer)

            yield Rude()  # type: ignore[misc]

    trims = Broken(lambda request: Completion(text=reply(request.prompt).strip(), model="m"))
    with pytest.raises(AssertionError):
        trims.test_the_answer_is_verbatim()
    silent = Broken(lambda request: Completion(text=reply(request.prompt), model="m"))
    with pytest.raises(AssertionError, match="rude answered"):
        silent.test_nothing_is_a_fault_after_exactly_one_attempt()
    unlabelled = Broken(lambda request: Completion(text="x", model=""))
    with pytest.raises(AssertionError):
        unlabelled.test_a_completion_is_whole_and_knows_what_it_does_not_know()
    confused = Broken(lambda request: Completion(text=reply(REQUESTS[0].prompt), model="m"))
    with pytest.raises(AssertionError):
        confused.test_threads_get_their_own_answers()
