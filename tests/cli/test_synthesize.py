"""`bridle synthesize` and `bridle resume` as a person or a script uses them, beyond the plainest search."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

from doors import ALWAYS_FOUR, RIGHT, answer

DOORS = "bridle.testing.toy:Doors"
SMALL = ("--lanes", 3, "--steps", 40, "--executor", "inline")

Bridle = Callable[..., tuple[int, str, str]]


def says(folder: Path, code: str) -> str:
    """A program that stands for a model and always answers with the same code."""
    program = folder / "model.py"
    program.write_text(f"import sys\nsys.stdin.read()\nprint({answer(code)!r})\n")
    return f"cmd:{sys.executable} {program}"


def test_a_search_from_a_harness_that_is_right_makes_no_call(bridle: Bridle, tmp_path: Path) -> None:
    known = tmp_path / "known.py"
    known.write_text(RIGHT)
    poor = tmp_path / "poor.py"
    poor.write_text(ALWAYS_FOUR)
    words = ("synthesize", DOORS, "--model", "cmd:false", "--from", poor, "--from", known, "--run", tmp_path / "run")
    code, out, err = bridle(*words, *SMALL, "--json")
    found = json.loads(out)
    assert (code, found["stop"], found["spent"]["calls"], err) == (0, "target", 0, "")
    assert found["best"]["root"] == {"node": -2, "from": "known.py"}
    words = (*words[:-1], tmp_path / "again")
    code, out, err = bridle(*words, *SMALL)
    assert code == 0
    assert "It is known.py, as it was." in out
    assert "node -1 from poor.py: H = " in err


def test_a_search_that_descends_from_a_harness_says_so(bridle: Bridle, tmp_path: Path) -> None:
    poor = tmp_path / "poor.py"
    poor.write_text(ALWAYS_FOUR)
    words = ("synthesize", DOORS, "--model", says(tmp_path, RIGHT), "--from", poor, "--selector", "chain")
    code, out, _ = bridle(*words, "--run", tmp_path / "run", *SMALL, "--json")
    assert (code, json.loads(out)["best"]["root"]) == (0, {"node": -1, "from": "poor.py"})
    code, out, _ = bridle(*words, "--run", tmp_path / "again", *SMALL)
    assert "It descends from poor.py." in out


def test_a_runs_counterexamples_are_exported(bridle: Bridle, tmp_path: Path) -> None:
    run, poor = tmp_path / "run", tmp_path / "poor.py"
    poor.write_text(ALWAYS_FOUR)
    words = ("synthesize", DOORS, "--model", says(tmp_path, RIGHT), "--from", poor, "--selector", "chain")
    assert bridle(*words, "--run", run, *SMALL, "--json")[0] == 0
    code, out, _ = bridle("export", run, "--to", tmp_path / "tests", "--json")
    found = json.loads(out)
    assert (code, found["open"], found["ancestors"]["-1"] > 0) == (0, 0, True)
    code, out, _ = bridle("export", run, "--to", tmp_path / "tests")
    assert f"pytest {tmp_path / 'tests' / 'test_counterexamples.py'}" in out
    assert "Its ancestor -1 fails on" in out
