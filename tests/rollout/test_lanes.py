"""What a rollout counts, and how its lanes end, for every way in which a harness or an environment can fail."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridle.errors import Blame, UsageError
from bridle.rollout import (
    FAULTS_KEPT,
    FAULTS_TOLERATED,
    WRONG_REFUSALS_KEPT,
    LaneResult,
    Rollout,
    Trial,
    lockstep,
)
from tables import OUTCOMES, Obedient, Piped, Table

SCRIPTS = st.lists(st.lists(st.sampled_from(sorted(OUTCOMES)), max_size=15), min_size=1, max_size=5)
GENTLE = st.lists(
    st.lists(st.sampled_from(["legal", "over", "refused-legal", "fault", "break"]), max_size=25), min_size=1, max_size=3
)


def play(scripts: Sequence[Sequence[str]], steps: int, *, kind: type[Table] = Table) -> Rollout:
    return lockstep(Obedient(), kind(scripts), Trial(lanes=len(scripts), steps=steps, offset=7 * len(scripts)))


@dataclass
class Expected:
    """What the rules of the paper make of a script."""

    attempted: int = 0
    legal: int = 0
    refusals: int = 0
    faults: int = 0
    ending: str = "planned"
    kinds: list[str] = field(default_factory=list)


def expected(script: Sequence[str], steps: int) -> Expected:
    told, in_a_row = Expected(), 0
    answers = iter([*script, *["legal"] * steps])
    while told.attempted < steps:
        outcome = next(answers)
        if outcome in ("fault", "break"):
            told.faults, in_a_row = told.faults + 1, in_a_row + 1
            told.kinds += ["environment"] if told.faults <= FAULTS_KEPT else []
            if in_a_row == FAULTS_TOLERATED:
                told.ending = "environment"
                break
            continue
        told.attempted, in_a_row = told.attempted + 1, 0
        if outcome in ("legal", "over"):
            told.legal += 1
        elif outcome.startswith("refused"):
            told.legal, told.refusals = told.legal + 1, told.refusals + 1
            told.kinds += ["refused-legal"] if told.refusals <= WRONG_REFUSALS_KEPT else []
        else:
            told.kinds.append("crash-check" if outcome == "crash-both" else outcome)
            told.ending = "crash" if outcome.startswith("crash") else "illegal"
            break
    return told


def check(lane: LaneResult, told: Expected) -> None:
    assert (lane.attempted, lane.legal, lane.wrong_refusals) == (told.attempted, told.legal, told.refusals)
    assert (lane.ending, lane.faults) == (told.ending, told.faults)
    assert [failure.kind for failure in lane.failures] == told.kinds


@settings(max_examples=200)
@given(scripts=st.one_of(SCRIPTS, GENTLE), steps=st.integers(1, 20))
def test_every_lane_counts_and_ends_as_the_paper_has_it(scripts: list[list[str]], steps: int) -> None:
    rollout = play(scripts, steps)
    for lane, script in zip(rollout.lanes, scripts, strict=True):
        check(lane, expected(script, steps))
    assert rollout.attempted == sum(lane.attempted for lane in rollout.lanes)
    assert rollout.legal == sum(lane.legal for lane in rollout.lanes)
    assert rollout.complete == all(lane.attempted == steps and lane.ending == "planned" for lane in rollout.lanes)
    assert sum(rollout.endings.values()) == len(scripts)


@given(scripts=SCRIPTS, steps=st.integers(1, 20))
def test_two_batches_at_once_make_no_difference(scripts: list[list[str]], steps: int) -> None:
    assert play(scripts, steps, kind=Piped) == play(scripts, steps)


@given(scripts=GENTLE, steps=st.integers(1, 20))
def test_neither_wrong_refusals_nor_the_environments_faults_lower_the_score(
    scripts: list[list[str]], steps: int
) -> None:
    rollout = play(scripts, steps)
    assert rollout.legal == rollout.attempted
    for lane in rollout.lanes:
        assert lane.ending in ("planned", "environment")
        assert all(f.failure is not None and f.failure.blame is Blame.ENVIRONMENT for f in lane.failures if f.failure)


def test_both_halves_are_under_way_and_no_batch_is_too_large() -> None:
    piped = Piped([[]] * 100)
    lockstep(Obedient(), piped, Trial(lanes=100, steps=3))
    assert (piped.most, piped.largest) == (2, 50)
    single = Table([[]] * 100)
    lockstep(Obedient(), single, Trial(lanes=100, steps=3))
    assert single.largest == 100


@pytest.mark.parametrize("size", [{"lanes": 0}, {"lanes": 101}, {"steps": 0}])
def test_a_trial_that_can_not_be_played_is_refused(size: dict[str, int]) -> None:
    with pytest.raises(UsageError, match="Lanes and steps"):
        Trial(**size)


def test_a_failed_step_says_where_what_and_why() -> None:
    (lane,) = play([["legal", "over", "legal", "illegal-accepted"]], 9).lanes
    (failure,) = lane.failures
    assert failure.place == (0, 1, 1)
    assert failure.observation == "8/1"
    assert (failure.action, failure.feedback) == ("illegal", "That is against the rules.")
    (lane,) = play([["legal", "crash-check"]], 9).lanes
    assert str(lane.failures[0].failure) == "exception (line 7): ValueError: no"
    assert lane.legal == 1  # what the environment took while the check failed is not counted as legal
    (lane,) = play([["break"]], 1).lanes
    assert "obedient failed with ZeroDivisionError" in str(lane.failures[0].failure)


def test_each_lane_plays_scenarios_of_its_own_one_after_the_other() -> None:
    environment = Obedient()
    lockstep(environment, Table([["over"] * 2, ["over"]]), Trial(lanes=2, steps=3, offset=10))
    assert sorted(environment.started) == [10, 11, 12, 13, 14]


def test_scenarios_without_a_move_or_that_can_not_start_are_passed_over() -> None:
    rollout = lockstep(Obedient(stuck=[10, 12]), Table([[]]), Trial(lanes=1, steps=3, offset=10))
    assert (rollout.lanes[0].ending, rollout.lanes[0].episodes) == ("planned", 2)
    rollout = lockstep(Obedient(unstartable=[10, 11]), Table([[]]), Trial(lanes=1, steps=3, offset=10))
    assert (rollout.lanes[0].ending, rollout.lanes[0].faults) == ("planned", 2)
    rollout = lockstep(Obedient(unstartable=range(99)), Table([[]]), Trial(lanes=1, steps=3))
    assert (rollout.lanes[0].ending, rollout.attempted) == ("environment", 0)
    rollout = lockstep(Obedient(stuck=range(5000)), Table([[]]), Trial(lanes=1, steps=3))
    assert (rollout.lanes[0].ending, rollout.attempted) == ("no-legal-action", 0)
    assert not rollout.complete


def test_an_environment_that_always_fails_ends_the_rollout() -> None:
    rollout = play([["fault"] * 10_000, ["break", "legal"] * 5000], 50)
    assert [lane.ending for lane in rollout.lanes] == ["environment", "planned"]
    assert [lane.faults for lane in rollout.lanes] == [FAULTS_TOLERATED, 50]
    assert len(rollout.failures) == FAULTS_TOLERATED + FAULTS_KEPT


def test_an_opponent_plays_the_other_seats_and_the_harness_is_paid_for_its_own() -> None:
    moves: list[str] = []

    def opponent(episode: object, *rest: object) -> str:
        moves.append(episode.observe().view)  # type: ignore[attr-defined]
        return "legal"

    table = Table([["legal", "over", "legal", "over"]])
    rollout = lockstep(Obedient(players=2), table, Trial(lanes=1, steps=4), opponent=opponent)
    # First episode: seat 0 of the harness moves at 0 and 2. Second: seat 1 moves at 1 and 3.
    assert moves == ["0/1", "1/0", "1/2", "2/1"][: len(moves)]
    assert rollout.rewards == (1.0, 2.0)
    alone = lockstep(Obedient(players=2), Table([["legal", "over"]]), Trial(lanes=1, steps=4))
    assert alone.rewards == (1.0,)


def test_an_opponent_that_breaks_is_the_environments_fault() -> None:
    def opponent(episode: object, *rest: object) -> str:
        raise LookupError("no move found")

    rollout = lockstep(Obedient(players=2), Table([[]]), Trial(lanes=1, steps=4), opponent=opponent)
    assert rollout.legal == rollout.attempted == 4
    assert rollout.lanes[0].faults == 6  # between its moves: once after one, and once where the opponent begins


@given(scripts=SCRIPTS, steps=st.integers(1, 8))
def test_the_same_trial_is_played_the_same(scripts: list[list[str]], steps: int) -> None:
    seeds: list[list[int]] = []

    class Listening(Table):
        def answer(self, call):  # type: ignore[no-untyped-def]
            seeds[-1].append(call.seed)
            return super().answer(call)

    for seed in (1, 1, 2):
        seeds.append([])
        lockstep(Obedient(), Listening(scripts), Trial(lanes=len(scripts), steps=steps, seed=seed))
    assert seeds[0] == seeds[1]
    assert seeds[0] != seeds[2]
