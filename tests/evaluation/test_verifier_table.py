"""The judged table: the same everywhere, true, from many games, and honest about what nobody can tell."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numbers_game import Functions, Hangs, MuteNumbers, Numbers, is_legal

from bridle.environment import unsealed
from bridle.environments.catalog import resolve
from bridle.errors import EnvironmentFault
from bridle.evaluation.judged import BATCH, SLOW_TOLERATED, STRATA, judge, judged_rows
from bridle.evaluation.variety import DRAWS, Position, sample_positions
from bridle.harness import digest
from bridle.testing.toy import Doors

PRINT_DIGEST = """
import json, sys
sys.path[:0] = json.loads(sys.argv[1])
from test_verifier_table import table_digest
print(table_digest(sys.argv[2]))
"""


def table_digest(environment_id: str) -> str:
    environment = unsealed(resolve(environment_id))
    rows = judged_rows(environment, "train", count=300, seed=5, offset=7)
    positions = sample_positions(environment, "train", count=10, seed=5, offset=7)
    return digest(
        [[r.player, r.view, r.action, r.legal, r.stratum, r.feedback, r.undecidable, *r.place] for r in rows]
        + [[p.view, list(p.legal)] for p in positions]
    )


@pytest.mark.parametrize("environment", ["bridle.testing.toy:Doors", "textarena/TicTacToe-v0", "textarena/Chess-v0"])
def test_every_process_makes_the_same_table(environment: str) -> None:
    path = json.dumps([str(Path(__file__).parent), *sys.path])
    variables = {"PYTHONHASHSEED": "12345"}
    told = subprocess.run(
        [sys.executable, "-c", PRINT_DIGEST, path, environment],
        capture_output=True,
        text=True,
        check=True,
        env=variables,
    )
    assert told.stdout.strip() == table_digest(environment)


@settings(max_examples=15)
@given(count=st.integers(1, 200), seed=st.integers(0, 99), offset=st.integers(0, 10**6))
def test_rows_are_distinct_true_and_of_their_stratum(count: int, seed: int, offset: int) -> None:
    rows = judged_rows(Numbers(), "validation", count=count, seed=seed, offset=offset)
    assert len(rows) == count
    assert len({(row.view, row.action) for row in rows}) == count
    for row in rows:
        assert row.legal == is_legal(row.view, str(row.action))
        assert row.legal == (row.stratum == "legal") == (row.feedback == "")
        assert not row.undecidable
        alike = {re.sub(r"[a-z]+", "a", re.sub(r"\d+", "1", str(other.action))) for other in rows if other.legal}
        assert row.legal or (row.stratum == "near-miss") == (
            re.sub(r"[a-z]+", "a", re.sub(r"\d+", "1", str(row.action))) in alike
        )


def test_another_seed_offset_or_split_is_another_table() -> None:
    def views(**changed: object) -> set[str]:
        arguments = {"split": "train", "count": 100, "seed": 0, "offset": 0, **changed}
        return {row.view + str(row.action) for row in judged_rows(Doors(), **arguments)}  # type: ignore[arg-type]

    tables = [views(), views(seed=1), views(offset=1), views(split="validation")]
    assert all(one != other for place, one in enumerate(tables) for other in tables[:place])


def test_states_come_from_many_games_from_all_their_phases_and_from_after_refusals() -> None:
    rows = judged_rows(Doors(), "train", count=1500, seed=0)
    assert len(rows) == 1500
    assert len({row.place[0] for row in rows}) >= 24
    moves = Counter(row.place[1] for row in rows)
    assert set(range(12)) <= moves.keys()
    assert max(moves.values()) < 400
    assert {row.stratum for row in rows} == set(STRATA)
    assert any("Refused:" in row.view for row in rows)
    late = [row for row in rows if "is locked" in row.feedback or "needs oil" in row.feedback]
    assert late


def test_long_games_are_seen_to_their_end() -> None:
    rows = judged_rows(resolve("textarena/Chess-v0"), "train", count=600, seed=0)
    assert max(row.place[1] for row in rows) > 60
    assert {row.player for row in rows} == {0, 1}


def test_what_nobody_can_tell_is_marked() -> None:
    rows = judged_rows(Numbers(hidden=True), "train", count=200, seed=0)
    marked = {row.action for row in rows if row.undecidable}
    assert marked == {"[heads]", "[tails]"}
    assert all(row.view == "Heads or tails?" for row in rows if row.undecidable)
    verdicts = judge(Functions(), rows)
    assert verdicts.undecidable == 2
    assert verdicts.wrong == ()
    assert sum(n for _, n in verdicts.by_stratum.values()) == len(rows) - 2


def test_an_environment_with_few_distinct_rows_gives_those_and_is_done() -> None:
    began = time.monotonic()
    rows = judged_rows(Numbers(starts=1), "train", count=10**6, seed=0)
    assert 100 < len(rows) < 10_000
    assert time.monotonic() - began < 20


def test_an_environment_that_cannot_probe_gives_no_row() -> None:
    assert judged_rows(MuteNumbers(), "train", count=10, seed=0) == []
    assert sample_positions(MuteNumbers(), "train", count=10, seed=0, offset=0) == []


def test_a_game_that_breaks_ends_and_the_others_go_on() -> None:
    rows = judged_rows(Numbers(breaks_at=15), "train", count=300, seed=0)
    assert len(rows) == 300
    assert max(int(row.view.split()[0]) for row in rows) < 15
    with pytest.raises(EnvironmentFault, match="KeyError: 'the level file is missing'"):
        judged_rows(Numbers(breaks_at=0), "train", count=300, seed=0)


@given(st.sets(st.integers(0, 299)), st.sets(st.integers(0, 299)))
@settings(max_examples=20)
def test_verdicts_are_counted_by_stratum(wrong: set[int], failing: set[int]) -> None:
    rows = judged_rows(Numbers(), "train", count=300, seed=1)
    truth = {(row.view, row.action): (place, row.legal) for place, row in enumerate(rows)}

    def check(view: str, action: str) -> bool:
        place, legal = truth[view, action]
        if place in failing:
            raise IndexError("list index out of range")
        return legal != (place in wrong)

    verdicts = judge(Functions(check), rows)
    assert verdicts.failed == len(failing)
    assert {(m.row.view, m.row.action) for m in verdicts.wrong} == {
        key for key, (place, _) in truth.items() if place in wrong | failing
    }
    assert all((m.failure is not None) == (truth[m.row.view, m.row.action][0] in failing) for m in verdicts.wrong)
    for stratum in STRATA:
        of = [place for place, row in enumerate(rows) if row.stratum == stratum]
        assert verdicts.rate(stratum) == (sum(place not in wrong | failing for place in of), len(of))


def test_a_check_that_hangs_is_not_asked_for_ever() -> None:
    rows = judged_rows(Numbers(), "train", count=1000, seed=1)

    def hangs(view: str, action: str) -> bool:
        raise Hangs

    loaded = Functions(hangs)
    verdicts = judge(loaded, rows)
    assert SLOW_TOLERATED <= loaded.asked <= SLOW_TOLERATED + BATCH
    assert verdicts.unasked == 1000 - loaded.asked
    assert [right for right, _ in verdicts.by_stratum.values()] == [0, 0, 0]
    assert sum(n for _, n in verdicts.by_stratum.values()) == 1000


def test_positions_offer_a_choice_and_stay_where_they_are() -> None:
    positions = sample_positions(Doors(), "train", count=20, seed=0, offset=0)
    assert len(positions) == 20
    assert len({position.move for position in positions}) > 3
    for position in positions:
        assert len(position.legal) >= 2
        assert position.episode.observe().view == position.view


@given(st.integers(2, 5000))
def test_half_of_what_uniform_draws_show_is_enough(n: int) -> None:
    position = Position(player=0, move=0, view="", episode=Mute_, legal=tuple(map(str, range(n))))
    assert 2 <= position.needed <= min(n, DRAWS // 2)


Mute_ = MuteNumbers().start(Numbers().scenarios("train")[0])
