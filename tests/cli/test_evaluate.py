"""`bridle evaluate` as a person or a script sees it."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

POTTERY = "bridle.testing.toy_tools:Pottery"
ACCEPTS = """RULES = {"no": "No."}


def review_call(view, call):
    return {"verdict": "accept"}


def on_error(view, call, error):
    return {"verdict": "give_up", "rule": "no", "hint": "No."}
"""


@pytest.fixture(autouse=True)
def accepts(tmp_path: Path) -> None:
    (tmp_path / "accepts.py").write_text(ACCEPTS)


SMALL = ["--scenarios", 12, "--slice", "nominal", "--agent", "simulated:small", "--executor", "inline"]


def test_tables_files_and_report(bridle) -> None:
    code, out, err = bridle("evaluate", POTTERY, "--harness", "accepts.py", *SMALL, "--csv", "all.csv")
    assert code == 0
    assert "simulated-small, accepts\t" in out
    assert "lets everything through" in out
    assert "no model proposed anything here" in out
    assert "look 1 at this environment's sealed split" in out
    assert "parts played" in err
    (folder,) = Path(".bridle/evaluations").iterdir()
    figures = json.loads((folder / "figures.json").read_text())
    completion = figures["figures"]["nominal"]["simulated-small, accepts"]["completion"]
    assert completion.keys() == {"value", "low", "high", "n"}
    assert completion["n"] == 12
    assert (folder / "figures.csv").read_text() == Path("all.csv").read_text()
    assert "<h1>bridle.testing.toy_tools:Pottery</h1>" in (folder / "report.html").read_text()
    assert list(Path(".bridle/sealed").glob("*.sqlite"))


def test_a_harness_as_a_filter_stands_in_the_same_table(bridle) -> None:
    words = ["evaluate", POTTERY, "--harness", "accepts.py", *SMALL, "--mode", "verifier", "--mode", "filter"]
    code, out, _ = bridle(*words)
    assert code == 0
    columns = out.splitlines()[1].split("\t")
    assert columns[2:4] == ["simulated-small, accepts", "simulated-small, accepts (filter)"]
    recall = next(line for line in out.splitlines() if line.startswith("recall of offers")).split("\t")
    assert (recall[2], "[" in recall[3]) == ("no data", True)
    assert "accepts as a filter: " in out
    (folder,) = Path(".bridle/evaluations").iterdir()
    report = (folder / "report.html").read_text()
    assert "accepts (filter)" in report
    assert "recall of offers" in report
    assert bridle("evaluate", POTTERY, "--mode", "veto")[2].startswith("bridle: There is no mode 'veto'; use verifier")


def test_asked_for_again_it_is_read_and_not_played(bridle) -> None:
    words = ["evaluate", POTTERY, "--harness", "accepts.py", *SMALL, "--json"]
    first, again = bridle(*words), bridle(*words)
    assert json.loads(first[1]) == json.loads(again[1])
    assert first[2] == ""


def test_fresh_scenarios_are_others(bridle) -> None:
    words = ["evaluate", POTTERY, "--harness", "accepts.py", *SMALL, "--json"]
    usual, fresh = (json.loads(bridle(*words, *more)[1]) for more in ([], ["--fresh"]))
    assert usual["slices"]["nominal"]["offset"] == 0
    assert fresh["slices"]["nominal"]["offset"] > 1_000_000
    assert (fresh["fresh"], fresh["looks"]) == (True, {"all": 2, "here": 1})


def test_a_model_is_an_agent_whose_calls_are_counted_and_whose_tokens_are_not_made_up(bridle) -> None:
    answer = json.dumps({"tool": "close_studio", "arguments": {}})
    Path("model.py").write_text(f"import sys\nsys.stdin.read()\nprint({answer!r})\n")
    agent = f"model:cmd:{sys.executable} model.py"
    words = ["evaluate", POTTERY, "--model", "none", "--agent", agent, "--slice", "nominal", "--scenarios", 4]
    card = json.loads(bridle(*words, "--executor", "inline", "--json")[1])
    alone = card["figures"]["nominal"][f"cmd:{sys.executable} model.py, no harness"]
    assert alone["model calls an episode"]["value"] == 1
    assert alone["completion"]["value"] == 0
    assert alone["tokens an episode"] is None
    assert alone["US$ an episode"] is None
    assert not any(condition["simulated"] for condition in card["conditions"].values())
    assert card["times"]["model_latency"][f"cmd:{sys.executable} model.py, no harness"]["n"] == 4


def test_a_model_that_never_answers_ends_the_evaluation_or_its_episodes(bridle) -> None:
    words = ["evaluate", POTTERY, "--model", "none", "--agent", "model:replay:nothing.jsonl", "--scenarios", 4]
    code, _, err = bridle(*words, "--slice", "nominal", "--executor", "inline")
    assert code in (1, 2)
    assert "nothing.jsonl" in err


def test_without_a_harness_named_the_rule_learner_makes_one_and_keeps_it(bridle) -> None:
    words = ["evaluate", POTTERY, *SMALL, "--json"]
    first = json.loads(bridle(*words)[1])
    harness = Path(".bridle/runs/learned/bridle.testing.toy-tools-Pottery/harness.py")
    assert first["harnesses"]["rules"]["digest"] in harness.read_text()
    assert first["harnesses"]["rules"]["synthesis"]["calls"] == 0
    written = harness.stat().st_mtime_ns
    bridle(*words)
    assert harness.stat().st_mtime_ns == written
    assert json.loads(bridle(*words, "--model", "none")[1])["harnesses"] == {}


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["textarena/TicTacToe-v0"], "bridle check"),
        ([POTTERY, "--harness", "nowhere.py"], "nowhere.py can't be read"),
        ([POTTERY, "--model", "none", "--agent", "medium"], "use simulated:small, simulated:large or model:MODEL"),
        ([POTTERY, "--model", "none", "--slice", "sealed"], "There is no slice 'sealed'"),
        ([POTTERY, "--model", "none", "--policy", "strict"], "has no policy 'strict'"),
        ([POTTERY, "--model", "gpt-9"], "Only rules makes a harness here"),
        ([POTTERY, "--model", "none", "--scenarios", "0"], "one scenario at least"),
        ([POTTERY, POTTERY, "--run", "here"], "One folder holds one evaluation"),
        (["enterprise/expense", "--model", "none", "--policy", "none"], "has no policy 'none'"),
    ],
)
def test_what_can_t_be_evaluated_is_said(bridle, words: list[str], sentence: str) -> None:
    code, out, err = bridle("evaluate", *words, "--executor", "inline")
    assert (code, out) == (2, "")
    assert sentence in err


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_interrupted_for_real_and_asked_for_again_it_gives_the_same_table(tmp_path: Path) -> None:
    (tmp_path / "accepts.py").write_text(ACCEPTS)
    words = ["evaluate", "enterprise/expense", "--harness", "accepts.py", "--scenarios", "60", "--slice", "nominal"]
    command = [sys.executable, "-c", "from bridle.cli import main; main()", *words, "--executor", "processes:2"]

    def table(folder: Path) -> dict:
        done = subprocess.run([*command, "--json", "--run", str(folder)], cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return {name: value for name, value in json.loads(done.stdout).items() if name != "times"}

    whole = table(tmp_path / "whole")
    started = subprocess.Popen(
        [*command, "--run", str(tmp_path / "broken")], cwd=tmp_path, stderr=subprocess.PIPE, text=True
    )
    assert started.stderr is not None
    for line in started.stderr:
        if line.startswith("1") and "parts played" in line:
            time.sleep(0.5)
            os.kill(started.pid, signal.SIGINT)
            break
    rest = started.stderr.read()
    assert started.wait(60) == 130
    assert "what was played is kept" in rest
    assert table(tmp_path / "broken") == whole
    assert len(whole["conditions"]) >= 6
    nominal = next(iter(whole["figures"]["nominal"].values()))
    assert len(nominal) >= 12


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", ["expense", "support", "deployment"])
def test_every_workflow_is_evaluated_in_all_its_slices(bridle, name: str) -> None:
    code, out, _ = bridle("evaluate", f"enterprise/{name}", "--model", "none", "--scenarios", 30, "--json")
    card = json.loads(out)
    assert code == 0
    assert list(card["figures"]) == ["nominal", "search", "mutated", "adversarial"]
    assert card["lacking"] == {}
    assert {"simulated-small, manual", "simulated-large, no harness"} < set(card["conditions"])
    assert all(found["shared"] == 0 for found in card["unseen"].values())
    assert all(n == 0 for of in card["unplayed"].values() for n in of.values())
