"""The command line: what a person or a script sees. Commands run in this process, as `main` runs them."""

import json
import sys
from pathlib import Path

import pytest
from doors import ALWAYS_FOUR, RIGHT, answer

DOORS = "bridle.testing.toy:Doors"


def model(folder: Path, *codes: str) -> str:
    """A program that stands for a model: answers with one code after the other, then with the last."""
    for number, code in enumerate(codes):
        (folder / f"answer-{number}.md").write_text(answer(code))
    program = folder / "model.py"
    program.write_text(
        "import pathlib, sys\n"
        "sys.stdin.read()\n"
        f"folder = pathlib.Path({str(folder)!r})\n"
        "count = folder / 'count'\n"
        "n = int(count.read_text()) if count.exists() else 0\n"
        "count.write_text(str(n + 1))\n"
        f"print((folder / f'answer-{{min(n, {len(codes) - 1})}}.md').read_text())\n"
    )
    return f"cmd:{sys.executable} {program}"


SMALL = ("--lanes", 3, "--steps", 40, "--executor", "inline")


def test_a_search_a_check_and_a_report(bridle, tmp_path: Path) -> None:
    run = tmp_path / "run"
    spec = model(tmp_path, ALWAYS_FOUR, RIGHT)
    code, out, err = bridle("synthesize", DOORS, "--model", spec, "--run", run, *SMALL, "--json")
    found = json.loads(out)
    assert (code, found["stop"], found["reached"], err) == (0, "target", True, "")
    code, out, _ = bridle("check", run / "harness.py", DOORS, "--lanes", 2, "--steps", 50, "--rows", 200, "--json")
    checked = json.loads(out)
    assert (code, checked["clean"], checked["legality"]["illegal"]) == (0, True, 0)
    assert checked["foreign"]["false_acceptance"]["count"] == 0
    code, out, _ = bridle("report", run)
    assert code == 0
    html = Path(out.strip()).read_text()
    assert "<svg" in html
    assert "http" not in html.replace("http-equiv", "")


def test_plain_progress_says_what_happened_and_exit_3_means_below_target(bridle, tmp_path: Path) -> None:
    spec = model(tmp_path, ALWAYS_FOUR)
    run = tmp_path / "run"
    code, out, err = bridle("synthesize", DOORS, "--model", spec, "--run", run, *SMALL, "--iterations", 2)
    assert code == 3
    assert "node 1 from 0: H = " in err
    assert "the iterations are used up" in out
    assert f"bridle resume {run}" in out
    code, out, _ = bridle("resume", run, "--iterations", 3, "--executor", "inline", "--json")
    assert (code, json.loads(out)["stop"]) == (3, "iterations")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("synthesize", "textarena/Ches-v0", "--model", "cmd:true"), "textarena/Chess-v0"),
        (("synthesize", DOORS, "--model", "nonsense"), "model"),
        (("synthesize", DOORS, "--model", "cmd:true", "--objective", "beauty"), "no objective 'beauty'"),
        (("synthesize", DOORS, "--model", "cmd:true", "--max-time", "soon"), "is no time"),
        (("synthesize", DOORS, "--model", "cmd:true", "--executor", "moon"), "no executor 'moon'"),
        (("synthesize", DOORS, "--model", "cmd:true", "--max-usd", "1"), "price of cmd:true is unknown"),
        (("resume", "nowhere"), "There is no run in nowhere"),
        (("report", "nowhere"), "There is no run in nowhere"),
        (("check", "nowhere.py", DOORS), "can't be read"),
        (("environments", "--check", "no.such.module:Thing"), "There is no module"),
    ],
)
def test_a_wrong_input_is_one_sentence_and_no_traceback(
    bridle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], sentence: str
) -> None:
    monkeypatch.chdir(tmp_path)
    code, _, err = bridle(*words)
    assert code in (1, 2)
    assert sentence in err
    assert "Traceback" not in err
    assert len(err.strip().splitlines()) == 1


def test_environments_are_listed_and_checked(bridle) -> None:
    code, out, _ = bridle("environments", "--match", "TicTacToe-v0", "--json")
    assert code == 0
    assert "textarena/TicTacToe-v0" in [entry["id"] for entry in json.loads(out)["environments"]]
    assert bridle("environments", "--check", DOORS)[0] == 0


def test_help_has_examples_and_version_prints(bridle) -> None:
    assert "Exit codes" in bridle("--help")[1]
    assert "Example:" in bridle("synthesize", "--help")[1]
    assert bridle("--version")[1].strip()[0].isdigit()
