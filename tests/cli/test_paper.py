"""`bridle paper` over a small collection, from the command line."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bridle.cli.app import app
from bridle.evaluation.paper import published
from bridle.harness import Harness, write

GUESS = """
import random

def propose_action(board):
    return f"[{random.randint(1, 20)}]"

def is_legal_action(board, action):
    return True
"""
FREE = """
import random, re

def propose_action(board):
    return "[" + random.choice(re.findall(r"(?<![0-9.])([0-8])(?![0-9.])", board.rsplit("Current Board:", 1)[1])) + "]"

def is_legal_action(board, action):
    return True
"""


@pytest.fixture
def collection(tmp_path: Path) -> Path:
    rows = []
    for game, objective, source in (("GuessTheNumber-v0", "policy", GUESS), ("TicTacToe-v0", "verifier", FREE)):
        harness = Harness(source)
        (tmp_path / f"{game}.py").write_text(write(harness, "for a test"))
        rows.append(
            {
                "environment": f"textarena/{game}",
                "objective": objective,
                "file": f"{game}.py",
                "digest": harness.digest,
                "model": "nobody",
                "calls": 3,
            }
        )
    (tmp_path / "index.json").write_text(json.dumps({"harnesses": rows}))
    return tmp_path


def paper(collection: Path, *more: str) -> tuple[int, str]:
    small = ["--matches", "4", "--lanes", "2", "--steps", "30", "--rows", "60", "--executor", "inline"]
    result = CliRunner().invoke(app, ["paper", str(collection), "--out", str(collection / "out"), *small, *more])
    return result.exit_code, result.stdout


def test_the_papers_tables_with_ours_beside_them_and_nothing_is_played_twice(collection: Path) -> None:
    code, first = paper(collection)
    assert code == 0, first
    assert "GuessTheNumber-v0\t2\t3\tpolicy" in first
    assert "TicTacToe-v0\t4\t3\tverifier\t0 of 60" in first
    assert "policy, harness" in first
    assert "2048-v0\t-\t-\t-\t-\t0.912\t0.745\tnot run" in first
    kept = collection / "out" / "rows.jsonl"
    written = kept.read_text()
    # A row cut short by a crash is played again; the others are not.
    kept.write_text(written[: len(written) - 40])
    code, again = paper(collection)
    assert (code, again) == (0, first)
    assert sorted(kept.read_text().splitlines()) == sorted(written.splitlines())
    assert "| GuessTheNumber-v0 |" in (collection / "out" / "paper.md").read_text()


def test_rows_are_kept_as_they_are_played(collection: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Interrupted after two parts, two are kept, and the rest is played the next time."""
    from bridle.evaluation.paper import campaign

    play, played = campaign.run, []

    def interrupted(job: campaign.PaperJob) -> dict[str, object]:
        if len(played) == 2:
            raise KeyboardInterrupt
        played.append(job)
        return play(job)

    monkeypatch.setattr(campaign, "run", interrupted)
    assert paper(collection)[0] == 130
    assert len((collection / "out" / "rows.jsonl").read_text().splitlines()) == 2
    monkeypatch.setattr(campaign, "run", lambda job: played.append(job) or play(job))
    code, whole = paper(collection)
    assert code == 0
    assert "policy, harness" in whole
    assert len(played) == len({job.key for job in played}) > 2


def test_the_manifest_says_with_what_to_repeat_it_and_two_runs_are_the_same(collection: Path, tmp_path: Path) -> None:
    code, text = paper(collection, "--json", "--game", "TicTacToe-v0")
    assert code == 0
    record = json.loads(text)
    assert record["manifest"]["versions"]["textarena"] == "0.7.4"
    assert record["manifest"]["split"] == "sealed"
    assert [one["digest"] for one in record["manifest"]["harnesses"]] == [Harness(FREE).digest]
    duel = next(row for row in record["rows"] if row["part"] == "duel")
    assert duel["wins"] + duel["draws"] + duel["losses"] == duel["matches"] == 4
    (collection / "out" / "rows.jsonl").unlink()
    assert paper(collection, "--json", "--game", "TicTacToe-v0")[1] == text


def test_a_model_plays_alone_verified_and_filtered(collection: Path) -> None:
    command = 'cmd?label=echo:printf "Action: [7]"'
    code, text = paper(collection, "--json", "--game", "GuessTheNumber-v0", "--model", command)
    assert code == 0, text
    kinds = [row["kind"] for row in json.loads(text)["rows"] if row["part"] == "rewards"]
    assert kinds == 2 * ["policy", "model", "model + verifier", "model + filter", "random legal"]


def test_wrong_inputs_are_sentences(collection: Path, tmp_path: Path) -> None:
    assert "is no collection" in str(
        CliRunner().invoke(app, ["paper", str(tmp_path / "none")], standalone_mode=False).exception
    )
    (collection / "TicTacToe-v0.py").write_text(write(Harness(FREE + "\n# changed\n"), "x"))
    assert "is not the harness" in str(
        CliRunner().invoke(app, ["paper", str(collection)], standalone_mode=False).exception
    )


def test_a_figure_is_matched_where_our_interval_holds_the_papers() -> None:
    assert published.outcome(0.8, 0.95, 0.912) == "matched"
    assert published.outcome(0.92, 0.95, 0.912) == "better"
    assert published.outcome(0.1, 0.2, 0.912) == "worse"
    assert published.outcome(None, None, 0.912) == "not run"
    assert len(published.rewards()) == 16
