"""`bridle explain`: what a risk officer is shown of a learned harness."""

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path

from doors import RIGHT, answer

from bridle.journal import Journal
from bridle.synthesis.grounds import citations, sentences

POTTERY = "bridle.testing.toy_tools:Pottery"

Bridle = Callable[..., tuple[int, str, str]]


def test_every_citation_is_found_again_with_what_the_environment_said(bridle: Bridle) -> None:
    small = ("--examples", 1500, "--steps", 20, "--lanes", 2, "--iterations", 1, "--executor", "inline")
    assert bridle("synthesize", POTTERY, "--model", "rules", "--run", "run", *small)[0] in (0, 3)
    code, out, _ = bridle("explain", "run", "--json")
    rules = {one["rule"]: one for one in json.loads(out)["rules"]}
    source = Path("run/harness.py").read_text()
    assert code == 0
    assert set(rules) == set(sentences(source))
    assert sum(one["cited"] for one in rules.values()) >= 10
    for one in rules.values():
        assert one["missing"] == []
        assert one["cited"] == len(one["counterexamples"])
        assert all(example["id"] in source for example in one["counterexamples"])
    fired = rules["fire_pot-stage"]
    assert all(example["call"]["tool"] == "fire_pot" for example in fired["counterexamples"])
    assert all("not glazed" in example["feedback"] for example in fired["counterexamples"])
    assert re.match(r"Refuses \d+ of \d+ accepted calls", fired["note"])

    code, out, _ = bridle("explain", "run", "--rule", "fire_pot-stage", "--examples", 1)
    assert code == 0
    assert len([line for line in out.splitlines() if line.startswith("  c-")]) == 1
    code, _, err = bridle("explain", "run", "--rule", "nonsense")
    assert code == 2
    assert "The harness has no rule 'nonsense'; it has " in err


def test_a_citation_that_nothing_answers_to_is_said(bridle: Bridle) -> None:
    small = ("--examples", 300, "--steps", 20, "--lanes", 2, "--iterations", 0, "--executor", "inline")
    Path("known.py").write_text(
        'RULES = {"known": "A tool that there is."}\n\n\ndef review_call(view, call):\n'
        "    # known: c-00000000. Refuses 0 of 9 accepted calls.\n"
        '    if call["tool"] not in view["tools"]:\n'
        '        return {"verdict": "reject", "rule": "known", "code": "tool", "hint": "", "try_again": True}\n'
        '    return {"verdict": "accept"}\n\n\ndef on_error(view, call, error):\n'
        '    return {"verdict": "give_up", "rule": "known", "hint": ""}\n'
    )
    words = ("synthesize", POTTERY, "--model", "rules", "--from", "known.py", "--run", "run", *small)
    assert bridle(*words)[0] == 3
    code, out, _ = bridle("explain", "run")
    assert code == 0
    assert "not found again: c-00000000" in out


def test_games_and_empty_runs_have_no_rules_to_explain(bridle: Bridle) -> None:
    Path("model.py").write_text(f"import sys\nsys.stdin.read()\nprint({answer(RIGHT)!r})\n")
    spec = f"cmd:{sys.executable} {Path('model.py').resolve()}"
    small = ("--lanes", 2, "--steps", 20, "--executor", "inline", "--iterations", 1)
    bridle("synthesize", "bridle.testing.toy:Doors", "--model", spec, "--run", "doors", *small)
    assert "has text actions" in bridle("explain", "doors")[2]
    with Journal(Path("empty/journal.sqlite")) as journal, Journal(Path("doors/journal.sqlite"), write=False) as other:
        begun = other.last("run.started")
        assert begun is not None
        assert begun.payload is not None
        journal.append("run.started", "", begun.payload)
    for words in (("explain", "empty"), ("export", "empty", "--to", "x"), ("report", "empty")):
        code, _, err = bridle(*words)
        assert code == 2
        assert "The run in empty has measured nothing yet" in err
    assert "There is no run in nowhere" in bridle("explain", "nowhere")[2]


def test_citations_are_read_from_comments_without_running_anything() -> None:
    source = (
        'RULES: dict[str, str] = {"a": "First.", "b": "Second."}\n'
        "# a: c-11111111, c-22222222 and\n# 3 more. Refuses nothing.\nx = 1\n"
        'TABLE = {\n    # c-33333333. So spelt.\n    "b": None,\n}\nraise SystemExit\n'
    )
    assert citations(source) == {
        "a": "c-11111111, c-22222222 and 3 more. Refuses nothing.",
        "b": "c-33333333. So spelt.",
    }
    assert sentences("RULES = make()") == sentences("x = 1") == {}
