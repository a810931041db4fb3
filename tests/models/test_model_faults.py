"""What a provider can do wrong, over real HTTP, by both kinds of model that speak it."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bridle.errors import ModelFault
from bridle.models import OpenedModel, Request, Retry, open_model
from bridle.models.answer import LARGEST
from bridle.testing import fake_provider as fake
from bridle.testing.model import FakeProvider, fault_of

ASK = Request(prompt="Refine this.")

Opened = Callable[..., OpenedModel]


@pytest.fixture(params=["endpoint", "openai-chat", "openai"])
def opened(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Opened]:
    """Opens a model on a fake provider, by its address or through a provider's library."""
    models: list[OpenedModel] = []
    if request.param != "endpoint":
        pytest.importorskip("pydantic_ai")

    def open_on(provider: FakeProvider, **options: float) -> OpenedModel:
        monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
        monkeypatch.setenv("OPENAI_BASE_URL", provider.url)
        spec = provider.spec if request.param == "endpoint" else f"{request.param}:{provider.model}"
        models.append(open_model(spec, **options))  # type: ignore[arg-type]
        return models[-1]

    yield open_on
    for model in models:
        model.close()


@contextmanager
def serving(opened: Opened, *script: fake.Behaviour, **options: float) -> Iterator[tuple[FakeProvider, OpenedModel]]:
    with FakeProvider("fine", script=script) as provider:
        yield provider, opened(provider, **options)


def test_429_says_when_to_come_back_and_is_one_attempt(opened: Opened) -> None:
    with serving(opened, fake.rate_limited(7)) as (provider, model):
        fault = fault_of(model, ASK)
        assert (fault.retry_after, fault.permanent) == (7.0, False)
        assert Retry().wait(1, fault) == 7.0
        assert len(provider.calls) == 1
        assert model.complete(ASK).text == "fine"


@pytest.mark.parametrize("behaviour", [fake.server_error(), fake.refuses(503, "Overloaded."), fake.hang_up()])
def test_the_provider_s_own_troubles_may_pass(opened: Opened, behaviour: fake.Behaviour) -> None:
    with serving(opened, behaviour) as (provider, model):
        fault = fault_of(model, ASK)
        assert not fault.permanent
        assert fault.retry_after is None
        assert len(provider.calls) == 1
        assert model.complete(ASK).text == "fine"


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
def test_a_refusal_of_the_request_itself_is_permanent(opened: Opened, status: int) -> None:
    with serving(opened, fake.refuses(status, "That can't be.")) as (provider, model):
        fault = fault_of(model, ASK)
        assert fault.permanent
        assert "That can't be" in str(fault)
        assert len(provider.calls) == 1


def test_an_exhausted_account_is_permanent_though_it_is_a_429(opened: Opened) -> None:
    with serving(opened, fake.refuses(429, "Pay first.", code="insufficient_quota")) as (_, model):
        assert fault_of(model, ASK).permanent


@pytest.mark.parametrize("behaviour", [fake.garbage(), fake.Behaviour(name="list", body=b"[]")])
def test_garbage_is_a_fault_that_may_pass(opened: Opened, behaviour: fake.Behaviour) -> None:
    with serving(opened, behaviour) as (provider, model):
        fault = fault_of(model, ASK)
        assert not fault.permanent
        assert str(fault).isprintable()
        assert len(provider.calls) == 1
        assert model.complete(ASK).text == "fine"


def test_nothing_is_a_fault(opened: Opened) -> None:
    with serving(opened, fake.empty(), fake.says(" \n ")) as (provider, model):
        assert "nothing" in str(fault_of(model, ASK))
        assert "nothing" in str(fault_of(model, ASK))
        assert len(provider.calls) == 2


def test_half_a_code_block_and_two_megabytes_are_answers(opened: Opened) -> None:
    with serving(opened, fake.half_code_block(), fake.huge()) as (_, model):
        assert model.complete(ASK).text.endswith("return '[")
        completion = model.complete(ASK)
        assert len(completion.text) == 2 << 20
        assert completion.usage
        assert completion.usage.output_tokens == (2 << 20) // 4


def test_uncounted_tokens_are_unknown(opened: Opened) -> None:
    with serving(opened, fake.says("fine", usage=False)) as (_, model):
        completion = model.complete(ASK)
        assert completion.usage is None
        assert completion.usd is None


def test_too_late_is_a_fault(opened: Opened) -> None:
    with FakeProvider("fine", latency=fake.fixed(20.0)) as provider:
        model = opened(provider, timeout=0.3)
        start = time.monotonic()
        fault = fault_of(model, ASK)
        assert time.monotonic() - start < 10
        assert not fault.permanent


def test_closing_ends_what_is_under_way(opened: Opened) -> None:
    with FakeProvider("fine", latency=fake.fixed(30.0)) as provider:
        model = opened(provider)
        faults: list[ModelFault] = []
        threads = [threading.Thread(target=lambda: faults.append(fault_of(model, ASK))) for _ in range(3)]
        for thread in threads:
            thread.start()
        while provider.most_at_once < 3:
            time.sleep(0.01)
        start = time.monotonic()
        model.close()
        for thread in threads:
            thread.join(10)
        assert time.monotonic() - start < 10
        assert len(faults) == 3
        assert all("closed" in str(fault) and fault.permanent for fault in faults)
        assert "closed" in str(fault_of(model, ASK))
        model.close()


def test_nobody_listens(opened: Opened) -> None:
    with FakeProvider() as provider:
        model = opened(provider)
    assert not fault_of(model, ASK).permanent


def test_the_request_is_passed_on_whole(opened: Opened) -> None:
    with serving(opened) as (provider, model):
        model.complete(Request(prompt="p", max_output_tokens=77, settings={"temperature": 0.25}))
        body = provider.calls[0].body
        assert body["temperature"] == 0.25
        assert 77 in (body.get("max_tokens"), body.get("max_completion_tokens"), body.get("max_output_tokens"))
        assert not body.get("stream")


class TestEndpointAlone:
    """What only our own client has to get right."""

    @pytest.fixture(autouse=True)
    def _no_key(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("BRIDLE_API_KEY", raising=False)
        monkeypatch.delenv("OPENAI_API_KEY", raising=False)

    def sent(self) -> dict[str, str]:
        with FakeProvider("fine") as provider:
            open_model(provider.spec).complete(ASK)
            return provider.calls[0].headers

    def test_the_key_comes_from_the_environment_and_is_optional(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert "authorization" not in self.sent()
        monkeypatch.setenv("OPENAI_API_KEY", "sk-general")
        assert self.sent()["authorization"] == "Bearer sk-general"
        monkeypatch.setenv("BRIDLE_API_KEY", "sk-own")
        assert self.sent()["authorization"] == "Bearer sk-own"
        monkeypatch.setenv("BRIDLE_API_KEY", "")
        assert "authorization" not in self.sent()

    def test_no_redirect_is_followed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("BRIDLE_API_KEY", "sk-secret")
        with FakeProvider("elsewhere") as other:
            there = {"Location": f"{other.url}/chat/completions"}
            for status in (301, 302, 307, 308):
                with FakeProvider(script=[fake.refuses(status, "moved", headers=there)]) as provider:
                    fault = fault_of(open_model(provider.spec), ASK)
                    assert fault.permanent
                    assert "edirect" in str(fault)
                    assert "sk-secret" not in str(fault)
            assert other.calls == ()

    def test_a_date_to_come_back_is_relative_to_the_provider_s_clock(self) -> None:
        late = fake.refuses(
            429,
            "Later.",
            headers={"Retry-After": "Wed, 21 Oct 2015 07:28:30 GMT", "Date": "Wed, 21 Oct 2015 07:28:00 GMT"},
        )
        with FakeProvider(script=[late]) as provider:
            assert fault_of(open_model(provider.spec), ASK).retry_after == 30.0

    def test_an_answer_that_never_ends_is_cut(self) -> None:
        with FakeProvider(script=[fake.Behaviour(name="flood", body=b"x" * (LARGEST + 1))]) as provider:
            assert "MiB" in str(fault_of(open_model(provider.spec), ASK))

    def test_text_in_parts_and_odd_counts(self) -> None:
        def chat(content: object, usage: object) -> fake.Behaviour:
            body = {"choices": [{"message": {"content": content}}], "usage": usage}
            return fake.Behaviour(name="odd", body=json.dumps(body).encode())

        script = [
            chat(
                [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}],
                {"prompt_tokens": 3, "completion_tokens": 2},
            ),
            chat("a", {"prompt_tokens": 0, "completion_tokens": 0}),
            chat("a", {"prompt_tokens": True, "completion_tokens": "7"}),
            chat("a", [1]),
            chat("lone \ud83d surrogate", None),
        ]
        with FakeProvider(script=script) as provider:
            model = open_model(provider.spec)
            first = model.complete(ASK)
            assert first.text == "ab"
            assert first.usage
            assert first.model == "fake"
            for _ in range(3):
                assert model.complete(ASK).usage is None
            model.complete(ASK).text.encode()

    def test_settings_cannot_replace_what_makes_the_request(self) -> None:
        with FakeProvider("fine") as provider:
            model = open_model(provider.spec)
            model.complete(
                Request(prompt="p", settings={"model": "other", "stream": True, "messages": "x", "max_tokens": 1})
            )
            body = provider.calls[0].body
            assert (body["model"], body["stream"], body["max_tokens"]) == ("fake", False, 16_000)

    def test_a_query_reaches_the_server_but_not_the_journal(self) -> None:
        with FakeProvider("fine") as provider:
            model = open_model(f"{provider.url}/chat/completions?api-version=1&code=secret#fake?label=mine")
            completion = model.complete(ASK)
            assert provider.calls[0].path == "/v1/chat/completions?api-version=1&code=secret"
            assert "secret" not in model.name
            assert completion.model == "mine"

    def test_a_proxy_is_used_for_others_and_never_for_this_machine(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with FakeProvider("by proxy") as proxy, FakeProvider("direct") as provider:
            address = proxy.url.removesuffix("/v1").replace("http://", "http://me:pw@")
            for name in ("http_proxy", "HTTP_PROXY"):
                monkeypatch.setenv(name, address)
            for name in ("no_proxy", "NO_PROXY"):
                monkeypatch.delenv(name, raising=False)
            assert open_model(provider.spec).complete(ASK).text == "direct"
            assert open_model("http://models.example/v1#fake").complete(ASK).text == "by proxy"
            (call,) = proxy.calls
            assert call.path == "http://models.example/v1/chat/completions"
            assert call.headers["proxy-authorization"].startswith("Basic ")


def test_nothing_else_is_written(tmp_path: Path, capfd: pytest.CaptureFixture[str], opened: Opened) -> None:
    with serving(opened, fake.server_error(), fake.hang_up()) as (_, model):
        fault_of(model, ASK)
        fault_of(model, ASK)
    assert capfd.readouterr() == ("", "")


def test_another_provider_s_library_makes_one_attempt_too(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("anthropic")
    with FakeProvider(script=[fake.server_error()]) as provider:
        monkeypatch.setenv("ANTHROPIC_API_KEY", "k")
        monkeypatch.setenv("ANTHROPIC_BASE_URL", provider.url.removesuffix("/v1"))
        model = open_model(f"anthropic:{provider.model}")
        assert not fault_of(model, ASK).permanent
        assert [call.path for call in provider.calls] == ["/v1/messages"]
        model.close()
