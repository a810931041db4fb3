"""The sealed check's figures: what is counted where, and that no figure stands without its denominator."""

import pytest

from bridle.evaluation.check import Check
from bridle.evaluation.judged import Row, judge, stratified
from bridle.harness import Call, Reply
from bridle.rollout import Trial, lockstep
from tables import FAILED, Obedient, Table


def rows(actions: dict[str, bool]) -> list[Row]:
    return stratified([Row(player=0, view="v", action=a, legal=legal, stratum="") for a, legal in actions.items()])


class Verdictive:
    """A loaded harness whose check answers from a table; what is not in it fails."""

    def __init__(self, answers: dict[str, bool]) -> None:
        self.answers = answers
        self.sizes: list[int] = []

    def call(self, function: str, *values: object) -> Reply:
        raise NotImplementedError

    def batch(self, calls: list[Call]) -> list[Reply]:
        self.sizes.append(len(calls))
        found = [self.answers.get(call.values[1]) for call in calls]
        return [Reply(failure=FAILED) if answer is None else Reply(answer) for answer in found]

    def close(self) -> None:
        pass


TRUTH = {"[open 1]": True, "[open 2]": True, "[open 3]": False, "[open 44]": False, "open 1": False, "OPEN!": False}


def checked(answers: dict[str, bool], script: list[str] | None = None) -> Check:
    rollout = lockstep(Obedient(), Table([script or []]), Trial(lanes=1, steps=5))
    return Check(rollout=rollout, verdicts=judge(Verdictive(answers), rows(TRUTH)))


def test_rows_are_told_apart_by_their_shape() -> None:
    assert [row.stratum for row in rows(TRUTH)] == [
        "legal",
        "legal",
        "near-miss",
        "near-miss",
        "malformed",
        "malformed",
    ]
    assert [row.stratum for row in rows({"[open 3]": False})] == ["malformed"]


def test_a_perfect_check_has_no_wrong_rows() -> None:
    record = checked(TRUTH).record()
    assert record["clean"]
    assert record["foreign"]["false_acceptance"]["count"] == record["foreign"]["false_rejection"]["count"] == 0
    assert record["foreign"]["by_stratum"] == {
        "legal": {"right": 2, "n": 2},
        "near-miss": {"right": 2, "n": 2},
        "malformed": {"right": 2, "n": 2},
    }


def test_false_acceptances_and_rejections_are_counted_over_their_own_rows() -> None:
    record = checked({**TRUTH, "[open 1]": False, "open 1": True, "[open 3]": True}).record()["foreign"]
    accepted, rejected = record["false_acceptance"], record["false_rejection"]
    assert (accepted["count"], accepted["n"], accepted["rate"]) == (2, 4, 0.5)
    assert (rejected["count"], rejected["n"], rejected["rate"]) == (1, 2, 0.5)
    assert accepted["low"] < 0.5 < accepted["high"]


def test_a_call_that_fails_accepts_nothing() -> None:
    answers = {action: legal for action, legal in TRUTH.items() if action not in ("[open 1]", "open 1")}
    record = checked(answers).record()["foreign"]
    assert record["failed_calls"] == 2
    assert record["false_acceptance"]["count"] == 0
    assert record["false_rejection"]["count"] == 1
    assert record["by_stratum"]["malformed"] == {"right": 1, "n": 2}


def test_without_rows_there_is_no_rate() -> None:
    rollout = lockstep(Obedient(), Table([[]]), Trial(lanes=1, steps=5))
    legal_only = Check(rollout=rollout, verdicts=judge(Verdictive({"a": True}), rows({"a": True}))).record()
    assert legal_only["foreign"]["false_acceptance"] is None
    assert Check(rollout=rollout, verdicts=None).record()["foreign"] is None


@pytest.mark.parametrize(
    ("script", "clean", "illegal"),
    [
        ([], True, 0),
        (["refused-legal"], True, 0),
        (["legal", "illegal-accepted"], False, 1),
        (["crash-propose"], False, 1),
        (["crash-check"], False, 1),
        (["fault"] * 9, False, 0),
    ],
)
def test_clean_means_every_planned_step_played_and_legal(script: list[str], clean: bool, illegal: int) -> None:
    found = checked(TRUTH, script)
    assert (found.clean, found.illegal) == (clean, illegal)
    record = found.record()["legality"]
    assert record["legal"] + record["illegal"] == record["attempted"] <= record["planned"] == 5


def test_a_batch_is_never_larger_than_the_sandbox_takes() -> None:
    harness = Verdictive({f"[open {n}]": True for n in range(450)})
    verdicts = judge(harness, rows({f"[open {n}]": True for n in range(450)}))
    assert verdicts.rate("legal") == (450, 450)
    assert max(harness.sizes) <= 100
