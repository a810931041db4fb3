"""What may be written for a model, and the sentence for everything else."""

import subprocess
import sys
from pathlib import Path

import pytest

from bridle.errors import MissingExtra, ModelFault, UsageError
from bridle.models import Completion, Request, Scripted, Usage, open_model
from bridle.testing.model import FakeProvider, fault_of

KEYS = ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GOOGLE_API_KEY", "GEMINI_API_KEY", "BRIDLE_API_KEY")


@pytest.fixture(autouse=True)
def _no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for key in KEYS:
        monkeypatch.delenv(key, raising=False)


@pytest.mark.parametrize(
    ("spec", "sentence"),
    [
        ("", "write it as in"),
        ("gpt-5", r"openai:gpt-5, http://127.0.0.1:8000/v1#llama3, cmd:./ask.sh or replay:answers.jsonl"),
        ("two words: x", "write it as in"),
        ("openai:", "write it as in"),
        ("http://127.0.0.1:8000/v1", r"names no model; write it behind a #, as in  http://127.0.0.1:8000/v1#"),
        ("http://127.0.0.1:8000/v1#?timeout=3", "names no model"),
        ("http://user:pw@host/v1#m", "BRIDLE_API_KEY"),
        ("http://[::1/v1#m", "is not a model"),
        ("http://h:99999/v1#m", "is not a model"),
        ("http://#m", "is not a model"),
        ("http://h/v 1#m", "is not a model"),
        ("http://h/ü#m", "is not a model"),
        ("replay:", "needs a file"),
        ("scripted", r"Scripted\("),
        ("scripted:x", r"Scripted\("),
        ("openai:gpt-5?temperature=1", "no option 'temperature'; there are timeout, label and rate"),
        ("openai:gpt-5?timeout=soon", "timeout is a number above 0, not 'soon'"),
        ("openai:gpt-5?timeout=-1", "above 0"),
        ("cmd?rate=0:echo", "rate is a number above 0"),
        ("openai:gpt-5?timeout=nan", "above 0"),
        ("openai:gpt-5?timeout", "can't be read"),
        ("cmd?colour=red:echo", "no option 'colour'"),
    ],
)
def test_anything_else_is_one_clear_sentence(spec: str, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence) as refused:
        open_model(spec)
    assert "\n" not in str(refused.value)


def test_a_replay_takes_no_options(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="takes no options"):
        open_model(f"replay:{tmp_path}/r", timeout=3)


@pytest.mark.parametrize(
    ("spec", "variable"),
    [
        ("openai:gpt-5", "OPENAI_API_KEY"),
        ("anthropic:claude-sonnet-4-5", "ANTHROPIC_API_KEY"),
        ("google:gemini-2.5-pro", "GOOGLE_API_KEY"),
    ],
)
def test_a_missing_key_names_the_variable(spec: str, variable: str) -> None:
    pytest.importorskip("pydantic_ai")
    with pytest.raises(UsageError, match=f"needs {variable}.*export {variable}=") as refused:
        open_model(spec)
    assert not isinstance(refused.value, MissingExtra)


def test_an_unknown_provider() -> None:
    pytest.importorskip("pydantic_ai")
    with pytest.raises(UsageError, match="No provider knows the model nobody:gpt-5"):
        open_model("nobody:gpt-5")


def test_the_extra_is_named_where_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pydantic_ai.models", None)
    monkeypatch.setitem(sys.modules, "pydantic_ai.exceptions", None)
    with pytest.raises(MissingExtra, match=r"pip install 'bridle\[models\]'"):
        open_model("openai:gpt-5")


def test_a_provider_s_own_library_is_named_where_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pydantic_ai")
    monkeypatch.setitem(sys.modules, "groq", None)
    for module in [name for name in sys.modules if name.startswith("pydantic_ai.providers.groq")]:
        monkeypatch.delitem(sys.modules, module)
    with pytest.raises(UsageError, match=r"pip install 'pydantic-ai-slim\[groq\]'"):
        open_model("groq:llama-3")


def test_a_library_that_retries_by_itself_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    models = pytest.importorskip("pydantic_ai.models")
    testing = pytest.importorskip("pydantic_ai.models.test")

    class Stubborn(testing.TestModel):  # type: ignore[misc, name-defined]
        unsupported_settings = frozenset({"max_retries"})

    monkeypatch.setattr(models, "infer_model", lambda _: Stubborn())
    with pytest.raises(UsageError, match="retries by itself"):
        open_model("bedrock:claude")


def test_no_key_is_needed_for_a_server_of_one_s_own() -> None:
    with FakeProvider("fine", model="llama3:8b", latency=lambda number: 20.0 * number) as provider:
        model = open_model(f"{provider.url}/#llama3:8b?timeout=0.25&label=local")
        assert model.name == f"{provider.url}#llama3:8b"
        assert model.complete(Request(prompt="p")).model == "local"
        assert "within 0.25 s" in str(fault_of(model, Request(prompt="p")))


def test_a_key_that_cannot_be_sent_is_refused_without_being_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRIDLE_API_KEY", "sk-one\nsk-two")
    with pytest.raises(UsageError, match="BRIDLE_API_KEY holds a character") as refused:
        open_model("http://127.0.0.1:9/v1#m")
    assert "sk-" not in str(refused.value)


def test_the_argument_goes_before_the_option() -> None:
    assert "within 0.25 s" in str(fault_of(open_model("cmd?timeout=7:sleep 20", timeout=0.25), Request(prompt="p")))
    model = open_model("cmd?timeout=0.01&label=a:echo hello", timeout=9, label="b")
    assert model.complete(Request(prompt="p")).model == "b"


def test_importing_models_loads_no_library() -> None:
    heavy = (
        "pydantic_ai openai anthropic google httpx httpx2 genai_prices asyncio subprocess http.client ssl socket numpy"
    )
    code = f"import sys, bridle.models; print([m for m in {heavy.split()!r} if m in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "[]\n"


class TestScripted:
    def test_a_list_is_used_up_in_order(self) -> None:
        usage = Usage(input_tokens=1, output_tokens=2)
        script = ["a", ModelFault("busy", retry_after=3), Completion(text="b", model="m", usage=usage, usd=0.5)]
        model = Scripted(script, name="simulated: mends one defect in two")
        assert model.complete(Request(prompt="1")) == Completion(text="a", model="simulated: mends one defect in two")
        assert fault_of(model, Request(prompt="2")).retry_after == 3
        assert model.complete(Request(prompt="3")).usage == usage
        fault = fault_of(model, Request(prompt="4"))
        assert fault.permanent
        assert "has 3 answers" in str(fault)
        assert [request.prompt for request in model.requests] == ["1", "2", "3", "4"]

    def test_a_function_sees_the_request(self) -> None:
        assert Scripted(lambda request: f"{request.sample}").complete(Request(prompt="", sample=5)).text == "5"
