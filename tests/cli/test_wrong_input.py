"""What somebody who is wrong is told: one sentence that names the thing, the right exit code, and nothing left behind."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from doors import ALWAYS_FOUR, answer

from bridle.cli import main

DOORS, POTTERY = "bridle.testing.toy:Doors", "bridle.testing.toy_tools:Pottery"
ACCEPTS = """RULES = {"no": "No."}


def review_call(view, call):
    return {"verdict": "accept"}


def on_error(view, call, error):
    return {"verdict": "give_up", "rule": "no", "hint": "No."}
"""
EVALUATION = ("evaluate", POTTERY, "--model", "none", "--scenarios", 2, "--slice", "nominal", "--executor", "inline")

Bridle = Callable[..., tuple[int, str, str]]


def search(bridle: Bridle, run: str, *words: object) -> tuple[int, str, str]:
    """A small search with a program for a model that never gets it right."""
    program = Path("model.py")
    program.write_text(f"import sys\nsys.stdin.read()\nprint({answer(ALWAYS_FOUR)!r})\n")
    spec = f"cmd:{sys.executable} {program.resolve()}"
    small = ("--lanes", 2, "--steps", 20, "--executor", "inline", "--iterations", 1)
    return bridle("synthesize", DOORS, "--model", spec, "--run", run, *small, *words)


@pytest.mark.parametrize("command", ["check", "lint", "evaluate"])
@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("missing.py", None, "The harness missing.py can't be read (No such file or directory)"),
        ("folder", None, "The harness folder/harness.py can't be read"),
        ("bytes.py", b"\xc6\xff", "The harness bytes.py can't be read (it is not UTF-8 text)"),
        ("broken.py", b"x = 1\ndef (", "The harness broken.py is no Python (line 2: invalid syntax)"),
        ("null.py", b"x = 1\0", "The harness null.py is no Python"),
        ("deep.py", b"(" * 5000, "The harness deep.py is no Python"),
    ],
)
def test_a_harness_that_can_t_be_read(
    bridle: Bridle, command: str, name: str, content: bytes | None, sentence: str
) -> None:
    Path("folder").mkdir()
    if content is not None:
        Path(name).write_bytes(content)
    words = ("evaluate", POTTERY, "--harness", name) if command == "evaluate" else (command, name, POTTERY)
    code, out, err = bridle(*words)
    assert (code, out) == (2, "")
    assert sentence in err
    assert len(err.strip().splitlines()) == 1


def test_a_harness_that_is_refused_is_said_to_be_one_and_was_not_run(bridle: Bridle) -> None:
    Path("clock.py").write_text("import time\n" + ACCEPTS)
    code, _, err = bridle("check", "clock.py", POTTERY)
    assert code == 1
    assert err.startswith("bridle: The harness can't be loaded, and nothing of it was run: line 1 [clock] `time`")


def test_a_run_s_folder_stands_for_its_harness(bridle: Bridle) -> None:
    Path("run").mkdir()
    Path("run/harness.py").write_text(ACCEPTS)
    assert bridle("lint", "run")[0] == bridle("lint", "run/harness.py")[0] == 0


@pytest.mark.parametrize("words", [("resume", "DIR"), ("report", "DIR"), ("export", "DIR", "--to", "x")])
def test_a_folder_without_a_run(bridle: Bridle, words: tuple[str, ...]) -> None:
    Path("empty").mkdir()
    Path("file").write_text("x")
    for place in ("empty", "file", "nowhere"):
        code, _, err = bridle(*(place if word == "DIR" else word for word in words))
        assert code == 2
        assert err.startswith(f"bridle: There is no run in {place};")
    assert not Path("x").exists()


def test_a_search_and_an_evaluation_don_t_share_a_folder(bridle: Bridle) -> None:
    assert bridle(*EVALUATION, "--run", "evaluation")[0] == 0
    assert search(bridle, "search")[0] == 3
    before = {path: path.read_bytes() for path in Path().glob("*/*") if path.suffix in (".html", ".py")}
    assert "holds a search" in bridle(*EVALUATION, "--run", "search")[2]
    assert "holds an evaluation" in search(bridle, "evaluation")[2]
    for words in (("resume", "evaluation"), ("report", "evaluation"), ("export", "evaluation", "--to", "x")):
        code, _, err = bridle(*words)
        assert code == 2
        assert "evaluation holds an evaluation and no search" in err
    assert before == {path: path.read_bytes() for path in before}


@pytest.mark.parametrize(
    "words", [("--objective", "beauty"), ("--executor", "moon"), ("--objective", "workflow"), ("--model", "rules")]
)
def test_a_search_that_could_not_begin_leaves_its_folder_free(bridle: Bridle, words: tuple[str, ...]) -> None:
    code, _, err = search(bridle, "run", *words)
    assert code == 2, err
    assert not Path("run").exists()
    Path("run").mkdir()
    Path("run/journal.txt").write_text("mine")
    assert search(bridle, "run", *words)[0] == 2
    assert [path.name for path in Path("run").iterdir()] == ["journal.txt"]
    code, _, err = search(bridle, "run")
    assert code == 3, err


def test_a_limit_of_nothing_is_one(bridle: Bridle) -> None:
    code, out, _ = search(bridle, "run", "--iterations", 0)
    assert code == 3
    assert "Spent: 0 expansions, 0 model calls" in out


def test_what_to_do_next_depends_on_why_a_run_ended(bridle: Bridle) -> None:
    assert "bridle resume run --iterations N" in search(bridle, "run")[1]
    assert "bridle resume calls --max-calls N" in search(bridle, "calls", "--iterations", 9, "--max-calls", 0)[1]
    assert "To start anew from what was found" in search(bridle, "plateau", "--iterations", 9, "--plateau", 1)[1]


def test_an_export_replaces_only_what_an_export_wrote(bridle: Bridle) -> None:
    search(bridle, "run")
    Path("tests").mkdir()
    Path("tests/harness.py").write_text("mine")
    code, _, err = bridle("export", "run", "--to", "tests")
    assert code == 2
    assert "tests/harness.py would be replaced" in err
    assert Path("tests/harness.py").read_text() == "mine"
    assert "is a file" in bridle("export", "run", "--to", "model.py")[2]
    assert bridle("export", "run", "--to", "exported")[0] == 0
    assert bridle("export", "run", "--to", "exported")[0] == 0


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--agent", "nobody"), "There is no agent 'nobody'"),
        (("--slice", "mutated"), "has none of the slices mutated"),
        (("--csv", "nowhere/figures.csv"), "There is no folder nowhere for figures.csv"),
        (("--run", "file"), "can't be written"),
    ],
)
def test_an_evaluation_says_what_is_wrong_before_it_plays(
    bridle: Bridle, words: tuple[str, ...], sentence: str
) -> None:
    Path("file").write_text("x")
    kept = [word for word in EVALUATION if word not in ("--slice", "nominal")] if "--slice" in words else EVALUATION
    code, out, err = bridle(*kept, *words)
    assert (code, out) == (2, "")
    assert sentence in err
    assert "parts played" not in err


def test_a_workflow_without_a_policy_can_be_checked_and_a_harness_that_only_talks_is_not_of_use(bridle: Bridle) -> None:
    """More is completed, since simulated agents take any word after an error for a hint; but nothing is stopped."""
    Path("accepts.py").write_text(ACCEPTS)
    code, out, err = bridle("check", "accepts.py", POTTERY, "--json")
    assert (code, err) == (3, "")
    record = json.loads(out)
    assert record["policy"] == ""
    assert record["gain in completion"]["low"] > 0
    assert record["conditions"]["with the harness"]["false acceptance"]["value"] == 1


def test_an_interrupt_ends_with_a_word_and_130(bridle: Bridle, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("bridle.environments.catalog.listing", interrupted)
    assert bridle("environments") == (130, "", "bridle: Interrupted.\n")


def test_nothing_found_and_no_traces_are_said(bridle: Bridle) -> None:
    assert "contains 'zzz'" in bridle("environments", "--match", "zzz")[1]
    code, _, err = bridle("assess", "traces.jsonl")
    assert code == 2
    assert "There is no file traces.jsonl" in err


BROKEN = """from bridle.testing.toy_tools import Pottery


class Starts(Pottery):
    def start(self, scenario):
        raise ValueError("the kiln is cold")


class Made(Pottery):
    def __init__(self):
        super().__init__()
        {}["oven"]
"""


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("assess", "cold_kiln:Starts"), "ValueError: the kiln is cold (cold_kiln.py, line 6, in start)"),
        (("evaluate", "cold_kiln:Starts", *EVALUATION[2:]), "(cold_kiln.py, line 6, in start)"),
        (("evaluate", "cold_kiln:Starts", *EVALUATION[2:-1], "processes:1"), "(cold_kiln.py, line 6, in start)"),
        (("environments", "--check", "cold_kiln:Made"), "KeyError: 'oven' (cold_kiln.py, line 12, in __init__)"),
        (("environments", "--check", "no_kiln:X"), "RuntimeError (no_kiln.py, line 1, in <module>)"),
    ],
)
def test_what_an_environment_raises_is_said_with_its_place(
    bridle: Bridle, monkeypatch: pytest.MonkeyPatch, words: tuple[object, ...], sentence: str
) -> None:
    Path("cold_kiln.py").write_text(BROKEN)
    Path("no_kiln.py").write_text("raise RuntimeError\n")
    monkeypatch.delitem(sys.modules, "cold_kiln", raising=False)
    code, _, err = bridle(*words)
    assert code == 1
    assert err.splitlines()[-1].startswith("bridle: Code of yours raised ")
    assert sentence in err
    assert "Traceback" not in err
    sys.modules.pop("cold_kiln", None)


def test_an_environment_without_a_scenario_to_play_is_said(bridle: Bridle) -> None:
    Path("bare.py").write_text(
        "from bridle.testing.toy_tools import Pottery\n\n\n"
        "class Bare(Pottery):\n    def scenarios(self, split):\n        return []\n"
    )
    for words in (("synthesize", "bare:Bare", "--model", "rules"), ("assess", "bare:Bare")):
        code, _, err = bridle(*words)
        assert (code, err.splitlines()[-1]) == (
            2,
            "bridle: toy/pottery has no train scenario, so there is nothing to play; give it some.",
        )
    sys.modules.pop("bare", None)


def test_a_defect_of_bridle_s_own_is_shown_in_full(bridle: Bridle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bridle.environments.catalog.listing", None)
    monkeypatch.setattr(sys, "argv", ["bridle", "environments"])
    with pytest.raises(TypeError):
        main()


GOVERNED = """from pathlib import Path

from bridle.environments.enterprise.governance import Governance
from bridle.testing.toy_tools import Pottery, TOOLS

SCHEMA = "entity Potter; entity Tool = {known: Bool}; " + "".join(
    f"action {tool.name} appliesTo {{ principal: Potter, resource: Tool }}; " for tool in TOOLS
)


class House(Pottery):
    policies = ("house",)

    def governance(self, policy):
        mapping = {
            tool.name: {"action": tool.name, "resource": {"type": "Tool", "id": {"value": "any"}}} for tool in TOOLS
        }
        text = Path("house.cedar").read_text()
        return Governance(name=policy, policies=text, schema=SCHEMA, entities=[], mapping=mapping)
"""


def test_an_evaluation_under_another_policy_is_another_one(bridle: Bridle) -> None:
    Path("house.py").write_text(GOVERNED)
    words = ("evaluate", "house:House", *EVALUATION[2:])

    def evaluated(policy: str, *more: object) -> tuple[int, str, str]:
        Path("house.cedar").write_text(policy)
        return bridle(*words, *more)

    code, first, err = evaluated("permit (principal, action, resource);")
    assert code == 0, err
    assert evaluated("permit (principal, action, resource);")[1] == first
    code, second, err = evaluated('permit (principal, action == Action::"look_around", resource);')
    assert code == 0, err
    assert second != first
    assert len(list(Path(".bridle/evaluations").iterdir())) == 2
    code, out, err = evaluated('permit (principal, action == Action::"fly", resource);')
    assert (code, out) == (1, "")
    assert "don't fit their schema" in err
    assert evaluated("permit (principal, action, resource);", "--run", "mine")[0] == 0
    code, _, err = evaluated("forbid (principal, action, resource);", "--run", "mine")
    assert code == 2
    assert "mine holds another evaluation" in err
    sys.modules.pop("house", None)
