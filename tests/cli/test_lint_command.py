"""`bridle lint` as a person or a script sees it."""

import json
import sys
from pathlib import Path

import pytest

from bridle.cli import main

HARNESS = """RULES = {"one": "Only an approver may.", "two": "Never used."}

def review_call(view, call):
    if view["task"] == "x":
        return {"verdict": "reject", "rule": "one", "code": "c", "hint": "h", "try_again": True}
    return {"verdict": "accept"}

def on_error(view, call, error):
    return {"verdict": "give_up", "rule": "one", "hint": ""}
"""


def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *words: object) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "argv", ["bridle", "lint", *map(str, words)])
    with pytest.raises(SystemExit) as stop:
        main()
    captured = capsys.readouterr()
    code = stop.value.code
    return (code if isinstance(code, int) else int(bool(code))), captured.out, captured.err


def test_findings_and_exit_codes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "harness.py"
    path.write_text(HARNESS)
    code, out, _ = run(capsys, monkeypatch, path)
    assert code == 3
    assert [line.split("\t")[:3] for line in out.splitlines()[2:]] == [
        ["1", "authority", ""],
        ["1", "unnamed-rule", "two"],
    ]
    code, out, _ = run(capsys, monkeypatch, path, "--json")
    record = json.loads(out)
    assert (code, len(record["findings"]), record["environment"]) == (3, 2, None)
    assert set(record["findings"][0]) == {"kind", "line", "rule", "message", "instead"}
    code, out, _ = run(capsys, monkeypatch, path, "--ignore", "authority", "--ignore", "unnamed-rule")
    assert (code, out) == (0, f"{path}: nothing found.\n")


def test_in_an_environment(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "harness.py"
    path.write_text(HARNESS)
    code, out, _ = run(
        capsys, monkeypatch, path, "bridle.testing.toy_tools:Pottery", "--json", "--rows", 100, "--episodes", 4
    )
    record = json.loads(out)
    assert code == 3
    assert {finding["kind"] for finding in record["findings"]} == {"authority", "unnamed-rule", "never-exercised"}
    assert record["rules"]["one"]["after_error"] > 10
    assert record["rules"]["two"] == {"inapplicable": 0, "applicable": 0, "after_error": 0, "escalated": 0}


def test_what_can_not_be_done_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "harness.py"
    for words, says in (
        ((path,), "can't be read"),
        ((path, "--ignore", "style"), "no kind of finding style"),
    ):
        code, _, err = run(capsys, monkeypatch, *words)
        assert code == 2
        assert says in err
        assert len(err.splitlines()) == 1
