"""The objective `verifier`: what H is made of, that it can be recomputed and added up, and what the refiner is told."""

from __future__ import annotations

import pickle
import random
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numbers_game import Functions, Hangs, MuteNumbers, Numbers, counted, is_legal

from bridle.environment import unsealed
from bridle.errors import EnvironmentFault, UsageError
from bridle.evaluation.evidence import Evidence
from bridle.evaluation.job import Job, measure
from bridle.evaluation.objectives import OBJECTIVES
from bridle.evaluation.verifier import CAUSES_KEPT, EXAMPLES_KEPT, Verifier, fingerprint, value
from bridle.execution import Inline, processes
from bridle.harness import TEXT_ACTION, TOOL_CALL, Harness
from bridle.rollout import Trial
from bridle.synthesis.critic import QUOTAS, consolidate, criticise
from bridle.synthesis.scope import scope
from bridle.testing.toy import Doors

GAME = Numbers()
HARNESS = Harness("")
TRIAL = Trial(lanes=3, steps=30)
SMALL = Verifier(rows=300, confirming_rows=500, positions=8)


def measured(loaded: Functions, trial: Trial = TRIAL, game: Numbers = GAME, verifier: Verifier = SMALL) -> Evidence:
    return verifier.measure(game, HARNESS, loaded, trial)


def test_a_right_harness_is_perfect_and_only_it() -> None:
    right = measured(Functions())
    assert (right.h, right.complete, right.failures) == (1.0, True, ())
    assert measured(Functions(lambda view, action: True)).h == 0.0
    assert measured(Functions(lambda view, action: False)).h == 0.0
    assert 0.0 < measured(Functions(lambda view, action: action.strip("[] ") in counted_bare(view))).h < 1.0


def counted_bare(view: str) -> list[str]:
    return [action.strip("[]") for action in counted(int(view.split()[0]))]


def test_h_is_legality_times_the_worst_stratum_times_variety() -> None:
    def timid(view: str, rng: random.Random) -> str:
        return f"[{int(view.split()[0]) + 1}]"

    def reckless(view: str, rng: random.Random) -> str:
        return f"[{int(view.split()[0]) + rng.choice((1, 2, 3, 4))}]"

    always = measured(Functions(propose=timid))
    counts = always.counts
    assert counts["varied"] * 2 == counts["varied_needed"] > 0
    assert always.h == pytest.approx(0.75)
    (told,) = always.failures
    assert (told.kind, told.count) == ("timid", counts["positions"])
    assert "1 different legal action of 3" in told.feedback
    assert scope(TEXT_ACTION, always.failures, from_root=False) == ("propose_action",)
    strays = measured(Functions(propose=reckless))
    assert strays.counts["varied"] == strays.counts["varied_needed"]
    assert strays.h == pytest.approx(strays.counts["legal"] / strays.counts["attempted"])
    assert not strays.complete


def test_another_spelling_of_a_legal_action_is_no_other_action() -> None:
    def spelled(view: str, rng: random.Random) -> str:
        return rng.choice(("{}", " {}", "{}\n", "{}!")).format(f"[{int(view.split()[0]) + 1}]")

    evidence = measured(Functions(propose=spelled), game=Numbers(lenient=True))
    assert evidence.counts["recalled"] == SMALL.positions
    assert evidence.counts["legal"] == evidence.counts["attempted"]


@st.composite
def verdict_functions(draw: st.DrawFn) -> Functions:
    """Checks and proposers that are wrong, fail or hang here and there, each always at the same places."""
    seed, wrong, fails = draw(st.integers(0, 999)), draw(st.floats(0, 0.3)), draw(st.floats(0, 0.1))

    def check(view: str, action: str) -> bool:
        rng = random.Random(f"{seed}/{view}/{action}")
        if rng.random() < fails:
            raise ValueError(f"no such door: {action}")
        return is_legal(view, action) != (rng.random() < wrong)

    return Functions(check)


@settings(max_examples=25)
@given(verdict_functions(), st.integers(0, 5))
def test_h_can_be_recomputed_and_merging_is_exact(loaded: Functions, offset: int) -> None:
    first = measured(loaded, Trial(lanes=3, steps=30, offset=offset))
    second = measured(loaded, Trial(lanes=2, steps=40, offset=offset, split="validation"))
    for evidence in (first, second):
        again = Evidence.from_record(evidence.record())
        assert again == evidence
        assert value(again.counts) == evidence.h
        assert 0.0 <= evidence.h <= 1.0
    both = SMALL.merge(first, second)
    assert both.counts == dict(Counter(first.counts) + Counter(second.counts)) | {
        name: 0 for name in first.counts if not first.counts[name] + second.counts[name]
    }
    assert both.h == value(both.counts) == SMALL.merge(second, first).h
    assert both.complete == (first.complete and second.complete)
    assert both.counts["rows_legal"] + both.counts["rows_near-miss"] + both.counts["rows_malformed"] == 800


@settings(max_examples=25)
@given(verdict_functions())
def test_every_misjudged_row_is_told_or_counted(loaded: Functions) -> None:
    evidence = measured(loaded)
    foreign = [step for step in evidence.failures if step.place[0] == 0 and step.kind.startswith("foreign")]
    told = Counter[str]()
    for step in foreign:
        told[step.kind] += step.count
        assert (step.kind == "foreign-refused") == is_legal(step.observation, str(step.action))
        assert bool(step.feedback) == (step.kind == "foreign-accepted")
    counts = evidence.counts
    refused = counts["rows_legal"] - counts["right_legal"]
    illegal = sum(counts[f"rows_{name}"] - counts[f"right_{name}"] for name in ("near-miss", "malformed"))
    crashed = sum(step.count for step in evidence.failures if step.kind == "crash-check" and step.feedback)
    kinds = Counter(step.kind for step in foreign)
    if all(number < CAUSES_KEPT for number in kinds.values()):
        assert told["foreign-refused"] + told["foreign-accepted"] + counts["failed_checks"] == refused + illegal
    assert crashed <= counts["failed_checks"]
    assert len(foreign) <= 2 * CAUSES_KEPT * EXAMPLES_KEPT


def test_rows_that_nobody_can_tell_cost_nothing_and_are_said() -> None:
    def propose(view: str, rng: random.Random) -> str:
        return "[heads]" if view.startswith("Heads") else rng.choice(counted(int(view.split()[0])))

    evidence = measured(Functions(propose=propose), game=Numbers(hidden=True))
    assert evidence.counts["undecidable"] == 2
    assert evidence.h == pytest.approx(evidence.counts["legal"] / evidence.counts["attempted"])
    (told,) = [step for step in evidence.failures if step.kind == "undecidable"]
    assert (told.observation, told.count) == ("Heads or tails?", 2)
    text = criticise(evidence, quotas=QUOTAS).text
    assert "2 actions can't be told from the observation" in text
    assert "nobody can tell this from the observation" in text


def test_a_check_that_hangs_is_stopped_and_can_not_be_perfect() -> None:
    def mostly(view: str, action: str) -> bool:
        if view.endswith("2 refusals"):
            raise Hangs
        return is_legal(view, action)

    evidence = measured(Functions(mostly), verifier=Verifier(rows=1500, positions=8))
    assert evidence.counts["unasked"] > 0
    assert not evidence.complete
    assert evidence.h < 1.0
    assert "too slow" in criticise(evidence, quotas=QUOTAS).text


def test_environments_and_contracts_it_is_not_for_are_refused_with_a_sentence() -> None:
    with pytest.raises(UsageError, match="use --objective legality"):
        measured(Functions(), game=MuteNumbers())
    with pytest.raises(UsageError, match="use --objective workflow"):
        SMALL.measure(GAME, Harness("", contract=TOOL_CALL), Functions(), TRIAL)
    with pytest.raises(EnvironmentFault, match="broke in every game"):
        measured(Functions(), game=Numbers(breaks_at=0))


def test_the_tables_are_told_apart_by_what_the_environment_is_made_of() -> None:
    assert fingerprint(Doors(5)) == fingerprint(Doors(5)) != fingerprint(Doors(9))
    assert fingerprint(unsealed(Doors(5))) == fingerprint(unsealed(Doors(5)))
    unpicklable = Numbers()
    unpicklable.check = lambda: None  # type: ignore[attr-defined]
    assert fingerprint(unpicklable) == fingerprint(unpicklable)
    small, large = (SMALL.measure(game, HARNESS, Functions(lambda v, a: True), TRIAL) for game in (Doors(3), Doors(9)))
    assert small.counts["rows_legal"] != large.counts["rows_legal"]


RIGHT_DOORS = (Path(__file__).parent.parent / "synthesis" / "doors.py").read_text()


def doors_program(name: str) -> Harness:
    namespace: dict[str, str] = {}
    exec(RIGHT_DOORS, namespace)  # a test's own constants, not generated code
    return Harness(namespace[name])


def job(name: str, environment: object = "bridle.testing.toy:Doors") -> Job:
    confirm = Trial(split="validation", lanes=3, steps=40, offset=123)
    return Job(
        environment=environment,  # type: ignore[arg-type]
        harness=doors_program(name),
        objective="verifier",
        trial=Trial(lanes=3, steps=40),
        confirm=confirm,
    )


def test_a_right_program_is_confirmed_on_a_fresh_and_larger_table() -> None:
    found = measure(job("RIGHT"))
    verifier = OBJECTIVES["verifier"]
    assert isinstance(verifier, Verifier)
    rows = sum(found.evidence.counts[f"rows_{name}"] for name in ("legal", "near-miss", "malformed"))
    assert (found.confirmed, found.evidence.h) == (True, 1.0)
    assert rows == verifier.rows + verifier.confirming_rows
    assert not measure(job("REACHABLE")).confirmed


def test_workers_measure_what_this_process_measures_whatever_they_are_handed() -> None:
    carried = pickle.loads(pickle.dumps(unsealed(Doors())))
    with Inline() as here, processes(2) as pool:
        jobs = [job(name, where) for name in ("RIGHT", "REACHABLE") for where in ("bridle.testing.toy:Doors", carried)]
        far = [pool.submit(measure, one) for one in jobs]
        near = [here.submit(measure, one).result() for one in jobs]
        assert [future.result() for future in far] == near
        assert near[0] == near[1]


def test_what_was_tried_is_said_of_a_clean_score_too() -> None:
    evidence = measured(Functions())
    told = criticise(evidence, quotas=QUOTAS)
    counts = evidence.counts
    assert told.causes == ()
    for name in ("legal", "near-miss", "malformed"):
        assert f"{counts[f'rows_{name}']} right of {counts[f'rows_{name}']} {name}" in told.text
    assert f"in {counts['judged_states']} states of {counts['judged_games']} games" in told.text


def test_each_group_has_places_of_its_own_filled_up_with_further_examples() -> None:
    def check(view: str, action: str) -> bool:
        if action == "pass":
            raise ValueError("pass")
        return action.strip("[] ") in counted_bare(view)[1:] or action in ("", "[one]")

    evidence = measured(Functions(check))
    causes = consolidate(evidence.failures, quotas=QUOTAS)
    shown = Counter[str]()
    for cause in causes:
        group = cause.example.kind
        shown[group] += 1 + len(cause.further)
        assert all(step.kind == group for step in cause.further)
    assert shown["foreign-accepted"] == QUOTAS["false acceptances"]
    assert 2 <= shown["foreign-refused"] + shown["refused-legal"] <= QUOTAS["false rejections"]
    assert 1 <= shown["crash-check"] <= QUOTAS["crashes"]
    text = criticise(evidence, quotas=QUOTAS).text
    assert text.count("is the one in problem") >= 1
    assert sum(cause.count for cause in causes) <= sum(step.count for step in evidence.failures)
