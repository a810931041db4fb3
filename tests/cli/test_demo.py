"""The demo's game: its recorded answers still fit what the search asks, and its harness holds on sealed scenarios."""

import json
from pathlib import Path

from bridle.cli import demo_game
from bridle.models.replay import read_replay


def test_the_recorded_search_is_replayed_to_its_target_and_holds(tmp_path: Path) -> None:
    """When this fails because a prompt, the critic or the sandbox's draws changed: record the search anew."""
    record = demo_game.show(tmp_path / "run", seed=3, quiet=True)
    assert record["reached"], record
    assert record["legality"]["illegal"] == 0
    assert record["foreign"]["false_acceptance"]["high"] < 0.01
    without, with_harness = record["players"]
    assert without["player"].startswith("simulated")
    assert float(with_harness["illegal turns"].split()[0]) < float(without["illegal turns"].split()[0])
    assert json.loads(json.dumps(record)) == record


def test_who_answered_is_said() -> None:
    _, answers = read_replay(demo_game.REPLAY)
    assert {completion.model for _, completion in answers} == {"assistant"}
