"""Prices: from the table that was installed, by address and name, or unknown; and never from the network."""

import subprocess
import sys
from pathlib import Path

import pytest

from bridle.models import Recorder, Scripted, open_model
from bridle.models.model import Priced, Usage
from bridle.models.prices import price, table

pytest.importorskip("genai_prices")

MILLION = Usage(input_tokens=1_000_000, output_tokens=1_000_000)
OPENAI = "https://api.openai.com/v1"


def test_a_known_model_of_a_known_server_has_a_price() -> None:
    whole, half = (
        price(MILLION, "gpt-4o", OPENAI),
        price(Usage(input_tokens=500_000, output_tokens=500_000), "gpt-4o", OPENAI),
    )
    assert whole
    assert half == pytest.approx(whole / 2)
    cheaper = price(MILLION, "gpt-4o", OPENAI, cached=900_000)
    assert cheaper
    assert cheaper < whole


@pytest.mark.parametrize(
    ("model", "url"),
    [
        ("no-such-model", OPENAI),
        ("gpt-4o", "http://127.0.0.1:8000/v1"),
        ("gpt-4o", "https://models.example/v1"),
        ("tts-1", OPENAI),
        ("", OPENAI),
    ],
)
def test_what_the_table_does_not_say_is_unknown_and_not_free(model: str, url: str) -> None:
    assert price(MILLION, model, url) is None


def test_a_model_says_beforehand_what_a_call_would_cost(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    known = price(MILLION, "gpt-4o", OPENAI)
    for spec in (f"{OPENAI}#gpt-4o", f"{OPENAI}#gpt-4o?rate=60", "openai:gpt-4o"):
        model = open_model(spec)
        for asked in (model, Recorder(model, tmp_path / "r.jsonl")):
            assert isinstance(asked, Priced)
            assert asked.price(MILLION) == known
        model.close()
    for unknown in (open_model("http://127.0.0.1:9/v1#gpt-4o?rate=60"), Recorder(Scripted([]), tmp_path / "r.jsonl")):
        assert isinstance(unknown, Priced)
        assert unknown.price(MILLION) is None


def test_without_the_table_every_price_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "genai_prices", None)
    assert price(MILLION, "gpt-4o", OPENAI) is None


def test_the_table_has_a_name_for_the_record() -> None:
    assert str(table()).startswith("genai-prices 0.")


def test_neither_import_nor_use_touches_the_network() -> None:
    """Connections and look-ups of names raise; so would a background thread that fetches a newer table."""
    code = """
import sys
def watch(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"):
        sys.stderr.write(f"NETWORK {event} {arguments}\\n")
        raise RuntimeError(event)
sys.addaudithook(watch)
from bridle.models import open_model
from bridle.models.model import Usage
from bridle.models.prices import price
assert price(Usage(input_tokens=1, output_tokens=1), "gpt-4o", "https://api.openai.com/v1")
for spec in ("openai:gpt-5", "anthropic:claude-sonnet-4-5", "google:gemini-2.5-pro", "http://127.0.0.1:9/v1#m"):
    open_model(spec).close()
import threading
assert threading.active_count() == 1, threading.enumerate()
"""
    keys = {"OPENAI_API_KEY": "k", "ANTHROPIC_API_KEY": "k", "GOOGLE_API_KEY": "k"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=keys, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
