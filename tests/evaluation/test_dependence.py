"""What a harness depends on: one that reads the layout, one that reads a phrase, and one that reads neither."""

import json
import sys
from pathlib import Path

import pytest

from bridle.cli import main
from bridle.environments import catalog
from bridle.errors import EnvironmentFault, UsageError
from bridle.evaluation.dependence import Dependence, dependence, siblings
from bridle.harness import TEXT_ACTION, Harness, Limits, read
from bridle.rollout import Trial
from bridle.sandbox import LocalSandbox

GAME = "textarena/TicTacToe-v0"
TRIAL = Trial(split="sealed", lanes=3, steps=12)

PLAY = """
import re


def propose_action(board):
    return "[%d]" % free(board)[0]


def is_legal_action(board, action):
    found = re.search(r"\\[\\s*(\\d+)\\s*\\]", action if "[" in action or "]" in action else "[" + action + "]")
    return found is not None and int(found.group(1)) in free(board)
"""
BY_CELLS = """
def free(board):
    rows = [line for line in board.split("\\n") if line.count("|") == 2]
    return [int(cell) for row in rows[-3:] for cell in row.split("|") if cell.strip().isdigit()]
"""
BY_LAYOUT = """
def free(board):
    rows = re.findall(r"^ (.) \\| (.) \\| (.) $", board, re.M)
    return [int(cell) for row in rows[-3:] for cell in row if cell.isdigit()]
"""
ANY = "\nANY = range(9)\n"
BY_PHRASE = """
def free(board):
    last = board[board.rindex("Current Board:"):]
    return [int(cell) for cell in re.findall(r"(?<=[ |])\\d(?=[ |])", last)]
"""


def harness(reading: str) -> Harness:
    return read(PLAY + ANY + reading, TEXT_ACTION)


def tried(reading: str) -> Dependence:
    with LocalSandbox(pinned=False) as sandbox:
        return dependence(siblings(GAME), harness(reading), sandbox, trial=TRIAL, rows=150, limits=Limits())


def shown(found: Dependence) -> dict[str, tuple[bool, float]]:
    """Whether it is clean on each variant, and its rate of false rejections."""
    variants = found.record()["variants"]
    return {name: (one["clean"], one["foreign"]["false_rejection"]["rate"]) for name, one in variants.items()}


def test_who_reads_the_rules_alone_is_the_same_on_every_variant() -> None:
    found = tried(BY_CELLS)
    assert found.clean
    assert set(shown(found).values()) == {(True, 0.0)}
    for name, one in found.record()["variants"].items():
        if name == "nominal":
            assert one["difference"] is None
            continue
        for figure in one["difference"].values():
            assert figure["value"] == 0.0
            assert figure["low"] < 0 < figure["high"], "no difference seen is no proof of none"


@pytest.mark.parametrize(("reading", "broken"), [(BY_LAYOUT, "reformatted"), (BY_PHRASE, "reworded")])
def test_what_a_harness_depends_on_is_where_it_breaks(reading: str, broken: str) -> None:
    found = tried(reading)
    rates = shown(found)
    assert rates.pop(broken) == (False, 1.0)
    assert set(rates.values()) == {(True, 0.0)}
    apart = found.record()["variants"][broken]["difference"]
    assert apart["false_rejection"]["value"] == 1.0
    assert apart["false_rejection"]["low"] > 0.5
    assert apart["played"]["value"] == -1.0
    failed = apart["failed_calls"]["value"]
    assert failed > 0.5 if broken == "reworded" else failed == 0.0, "a board without squares is an answer, no crash"
    assert apart["false_acceptance"]["value"] == 0.0, "a check that fails or finds no square accepts nothing"


def test_what_lets_everything_through_where_it_understands_nothing_is_seen() -> None:
    found = tried(BY_LAYOUT.replace("for cell in row if cell.isdigit()]", "for cell in row if cell.isdigit()] or ANY"))
    one = found.record()["variants"]["reformatted"]
    assert one["foreign"]["false_acceptance"]["count"] > 0
    assert one["difference"]["false_acceptance"]["value"] > 0
    assert one["difference"]["false_rejection"]["value"] == one["difference"]["failed_calls"]["value"] == 0.0


def test_pairs_are_the_same_rows() -> None:
    found = tried(BY_CELLS)
    nominal = found.tried["nominal"].rows
    for one in found.tried.values():
        assert [(row.place, row.action, row.legal) for row in one.rows] == [
            (row.place, row.action, row.legal) for row in nominal
        ]
    assert found.tried["reworded"].rows[0].view != nominal[0].view
    assert {row.place[0] for row in nominal} != {0}


def test_environments_that_are_no_siblings_are_refused() -> None:
    strangers = {"nominal": catalog.resolve(GAME), "reworded": catalog.resolve("textarena/WildTicTacToe-v0")}
    with LocalSandbox(pinned=False) as sandbox, pytest.raises(EnvironmentFault, match="reworded"):
        dependence(strangers, harness(BY_CELLS), sandbox, trial=TRIAL, rows=20, limits=Limits())


@pytest.mark.parametrize("one", ["bridle.testing.toy:Doors", "enterprise/expense", f"{GAME}?variant=reworded"])
def test_what_has_no_such_variants_is_said(one: str) -> None:
    with pytest.raises(UsageError, match="variant"):
        siblings(one)


def test_other_options_stay() -> None:
    names = [one.name for one in siblings(f"{GAME}?history=board").values()]
    assert names == [f"{GAME}?history=board" + end for end in ("", "&variant=reformatted", "&variant=reworded")]


@pytest.fixture
def check(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path):
    """Run `bridle check` with a harness of a reading; its exit code and what it printed."""

    def run(reading: str, *words: str) -> tuple[int, str]:
        file = tmp_path / "harness.py"
        file.write_text(PLAY + reading, "utf-8")
        small = ("--lanes", "2", "--steps", "6", "--rows", "60")
        monkeypatch.setattr(sys, "argv", ["bridle", "check", str(file), *words, *small, "--variants"])
        with pytest.raises(SystemExit) as stop:
            main()
        told = capsys.readouterr()
        return int(stop.value.code or 0), told.out + told.err

    return run


def test_the_command_prints_the_variants_side_by_side(check) -> None:
    code, out = check(BY_LAYOUT, GAME)
    lines = [line.split("\t") for line in out.splitlines()]
    assert (code, lines[0][0]) == (3, f"{GAME}, sealed")
    assert lines[1] == ["what", "nominal", "reformatted", "reworded"]
    told = {line[0]: line[1:] for line in lines[2:]}
    assert told["planned steps played legally"] == ["1.0000", "0.0000", "1.0000"]
    assert told["false rejection"][1].startswith("1.0000 (")
    assert [len(line) for line in lines[1:]] == [4] * (len(lines) - 1)


def test_the_command_as_json(check) -> None:
    code, out = check(BY_CELLS, GAME, "--json")
    record = json.loads(out)
    assert (code, record["clean"], list(record["variants"])) == (0, True, ["nominal", "reformatted", "reworded"])
    assert record["variants"]["reworded"]["legality"]["illegal"] == 0


def test_the_command_says_where_there_are_none(check) -> None:
    assert "bridle evaluate" in check(BY_CELLS, "enterprise/expense")[1]
