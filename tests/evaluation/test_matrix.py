"""The matrix: the same wherever it is played, interrupted or not; looks at sealed data are counted."""

import json
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

import pytest
from cheats import HONEST, harness

from bridle.errors import UsageError
from bridle.evaluation.assessed import AssessedEpisode
from bridle.evaluation.condition import LARGE, SMALL, Condition, Contender, conditions
from bridle.evaluation.looks import look
from bridle.evaluation.matrix import Matrix, Progress, played
from bridle.evaluation.scorecard import scorecard
from bridle.evaluation.slice import FRESHEST, fresh_offset, opened, slices, varied
from bridle.evaluation.unseen import Unseen
from bridle.execution import Inline, open_executor
from bridle.journal import Journal
from bridle.runtime.reviewer import PerfectProbe, Unreviewed

ID = "bridle.testing.toy_tools:Pottery"
HONEST_ONE = Contender(name="honest", harness=harness(HONEST), calls=12)


def matrix(count: int = 40, names: tuple[str, ...] = ("nominal", "search"), **changed: Any) -> Matrix:
    found, lacking = slices(ID, names, offset=0, count=count)
    fields: dict[str, Any] = {
        "environment": ID,
        "conditions": conditions([SMALL], [HONEST_ONE]),
        "contenders": (HONEST_ONE,),
        "slices": tuple(found),
        "lacking": lacking,
        "policy": "",
    }
    return Matrix(**{**fields, **changed})


def card(matrix: Matrix, folder: Path, executor: Executor | None = None) -> dict[str, Any]:
    record = scorecard(played(matrix, folder, executor or Inline(), ledgers=folder / "sealed"))
    assert record.pop("times")["review_latency"]["honest"]["n"] > 0
    return record


class Interrupted(BaseException):
    """Somebody pressed Ctrl-C."""


@pytest.fixture(scope="module")
def whole(tmp_path_factory: Any) -> tuple[dict[str, Any], int]:
    folder = tmp_path_factory.mktemp("whole")
    record = card(matrix(), folder)
    with Journal(folder / "journal.sqlite", write=False) as journal:
        return record, sum(1 for _ in journal.events("part"))


def test_two_runs_are_the_same_to_the_byte_but_for_times(whole: tuple[dict[str, Any], int], tmp_path: Path) -> None:
    with open_executor("processes:2") as executor:
        again = card(matrix(), tmp_path, executor)
    assert json.dumps(again) == json.dumps(whole[0])


def test_an_interrupted_evaluation_goes_on_and_plays_nothing_twice(
    whole: tuple[dict[str, Any], int], tmp_path: Path
) -> None:
    def interrupt(progress: Progress) -> None:
        if progress.done == 4:
            raise Interrupted

    with pytest.raises(Interrupted):
        played(matrix(), tmp_path, Inline(), ledgers=tmp_path / "sealed", on_part=interrupt)
    seen: list[Progress] = []
    done = played(matrix(), tmp_path, Inline(), ledgers=tmp_path / "sealed", on_part=seen.append)
    record = scorecard(done)
    del record["times"]
    assert json.dumps(record) == json.dumps(whole[0])
    assert (seen[0].done, len(seen), seen[-1].done) == (5, whole[1] - 4, whole[1])


def test_a_folder_holds_one_evaluation(tmp_path: Path) -> None:
    small = matrix(count=4, names=("nominal",))
    played(small, tmp_path, Inline(), ledgers=tmp_path / "sealed")
    with pytest.raises(UsageError, match="another evaluation"):
        played(matrix(count=5, names=("nominal",)), tmp_path, Inline(), ledgers=tmp_path / "sealed")


def test_conditions_are_compared_on_the_same_scenarios(whole: tuple[dict[str, Any], int]) -> None:
    record, _ = whole
    nominal = record["figures"]["nominal"]
    assert list(nominal) == ["simulated-small, no harness", "simulated-small, honest", "simulated-small, perfect probe"]
    alone, behind, perfect = nominal.values()
    assert behind["gain in completion"]["n"] == behind["completion"]["n"] == 40
    assert alone["completion"]["value"] < behind["completion"]["value"]
    assert behind["gain in completion"]["value"] == pytest.approx(
        behind["completion"]["value"] - alone["completion"]["value"]
    )
    assert behind["false acceptance"]["value"] == perfect["false acceptance"]["value"] == 0
    assert behind["false acceptance"]["high"] > 0  # a claim of zero has its bound
    assert alone["false acceptance"]["value"] > 0.9
    assert alone["gain in completion"] is None
    test = record["tests"]["nominal"]["simulated-small, honest"]
    assert test["only_with"] - test["only_without"] == pytest.approx(40 * behind["gain in completion"]["value"])
    assert 0 < test["p"] <= test["holm"] < 0.05 < 20 < test["e"]


def test_the_scorecard_says_what_was_not_tried(whole: tuple[dict[str, Any], int]) -> None:
    honest = whole[0]["harnesses"]["honest"]
    assert honest["rules"] == 5
    assert set(honest["never_exercised"]) == {"ask", "other", "stage"}
    assert honest["decisions_until_paid"]["calls"] > 0
    assert honest["decisions_until_paid"]["usd"] is None
    assert whole[0]["floor"]["nominal"]["wrong"] == 0
    assert whole[0]["floor"]["nominal"]["repeated"] > 100
    assert whole[0]["unseen"]["nominal"] == {
        "shared": 0,
        "sealed": 40,
        "open": 1000,
        "templates_shared": [],
        "templates": 4,
    }


def test_what_is_lost_at_the_steps_adds_up(whole: tuple[dict[str, Any], int]) -> None:
    for name, steps in whole[0]["funnel"]["nominal"].items():
        lost = sum(step["share"] for step in steps)
        assert lost == pytest.approx(1 - whole[0]["figures"]["nominal"][name]["completion"]["value"])


def test_scenarios_that_a_search_could_have_seen_are_found_out() -> None:
    (found,), _ = slices(ID, ["search"], offset=0, count=10)
    assert Unseen(slice=found).play()["shared"] == 10


def test_a_slice_that_an_environment_lacks_is_named() -> None:
    found, lacking = slices(ID, ["nominal", "mutated"], offset=7, count=3)
    assert [(one.name, one.split, one.offset, one.count) for one in found] == [("nominal", "sealed", 7, 3)]
    assert "variant" in lacking["mutated"]
    with pytest.raises(UsageError, match="slice 'sealed'"):
        slices(ID, ["sealed"], offset=0, count=1)
    assert varied("a/b?x=1", "mutated") == "a/b?x=1&variant=mutated"


def test_variants_play_the_same_cases() -> None:
    found, _ = slices("enterprise/expense", ["nominal", "mutated", "search"], offset=5, count=3)
    nominal, mutated, search = found
    assert (nominal.offset, mutated.offset, search.offset, search.split) == (5, 5, 0, "train")
    one, other = (opened(each.environment).scenarios("sealed")[5] for each in (nominal, mutated))
    assert one.seed == other.seed
    assert other.template.startswith(one.template)


def test_fresh_scenarios_follow_from_what_no_search_can_know() -> None:
    first = fresh_offset(0, ["a" * 64, "b" * 64])
    assert first == fresh_offset(0, ["b" * 64, "a" * 64]) >= FRESHEST
    assert len({first, fresh_offset(1, ["a" * 64, "b" * 64]), fresh_offset(0, ["a" * 64])}) == 3


def test_looks_are_counted_and_a_repetition_is_none(tmp_path: Path) -> None:
    def seen(offset: int, digest: str = "d") -> tuple[int, int]:
        return look("a/b", offset=offset, count=10, harnesses=[digest], seed=0, what="evaluation", folder=tmp_path)

    assert seen(0) == (1, 1)
    assert seen(0) == (1, 1)
    assert seen(0, "other") == (2, 2)
    assert seen(5) == (3, 3)
    assert seen(15) == (4, 1 + 0)
    assert look("a/c", offset=0, count=1, harnesses=[], seed=0, what="evaluation", folder=tmp_path) == (1, 1)


def test_conditions_name_who_works_behind_what() -> None:
    found = conditions([SMALL, LARGE], [HONEST_ONE])
    assert [one.name for one in found] == [
        "simulated-small, no harness",
        "simulated-small, honest",
        "simulated-small, perfect probe",
        "simulated-large, no harness",
        "simulated-large, honest",
        "simulated-large, perfect probe",
    ]
    acts = Contender(name="acts", harness=harness(HONEST + "\n\ndef propose_call(view):\n    return {}\n"))
    assert [one.name for one in conditions([SMALL], [acts])][-1] == "acts alone"
    every = [one.name for one in conditions([SMALL], [acts], ["policy", "filter", "verifier"])]
    assert every[1:3] == ["simulated-small, acts", "simulated-small, acts (filter)"]
    assert [one.manner for one in conditions([SMALL], [acts], ["policy"])] == ["none", "probe", "alone"]
    with pytest.raises(UsageError, match="honest defines no propose_call"):
        conditions([SMALL], [acts, HONEST_ONE], ["policy"])
    with pytest.raises(UsageError, match="no mode 'alone'; use verifier, filter, policy"):
        conditions([SMALL], [], ["alone"])
    model = Condition(agent="model:openai:gpt-5", manner="none")
    assert (model.name, model.simulated) == ("openai:gpt-5, no harness", False)
    assert isinstance(found[0].reviewer(), Unreviewed)
    assert isinstance(found[2].reviewer(), PerfectProbe)


def test_a_filter_is_measured_beside_the_verifier_and_has_its_recall(tmp_path: Path) -> None:
    found = conditions([SMALL], [HONEST_ONE], ["verifier", "filter"])
    small = matrix(count=8, names=("nominal",), conditions=found)
    record, again = (card(small, tmp_path / name) for name in ("one", "two"))
    assert json.dumps(record) == json.dumps(again)
    assert record["conditions"]["simulated-small, honest (filter)"]["manner"] == "filter"
    nominal = record["figures"]["nominal"]
    verifier, filtered = (nominal[f"simulated-small, honest{mode}"] for mode in ("", " (filter)"))
    assert filtered["completion"]["n"] == filtered["gain in completion"]["n"] == 8
    assert filtered["headroom captured"] is not None
    assert filtered["false acceptance"]["value"] == 0, "what is proposed beside the offer is reviewed as ever"
    assert filtered["raw proposer's valid rate"]["value"] > verifier["raw proposer's valid rate"]["value"]
    assert verifier["recall of offers"] is None
    # What stands in no view can't be offered: grams, hours, cones.
    offers = record["harnesses"]["honest"]["offers"]
    assert offers["missed"].keys() <= {"throw_pot", "dry_pot", "fire_pot"}
    missed = sum(offers["missed"].values()) / filtered["recall of offers"]["n"]
    assert 0 < missed < 1
    assert filtered["recall of offers"]["value"] == pytest.approx(1 - missed)
    assert offers["offered"] > offers["states"] > 8


def test_a_filter_that_does_not_load_is_said_and_offers_nothing(tmp_path: Path) -> None:
    one = Contender(name="clock", harness=harness(f"import time\n{HONEST}"))
    found = conditions([SMALL], [one], ["filter"])
    record = scorecard(
        played(
            matrix(count=4, names=("nominal",), contenders=(one,), conditions=found),
            tmp_path,
            Inline(),
            ledgers=tmp_path / "sealed",
        )
    )
    assert record["figures"]["nominal"]["simulated-small, clock (filter)"]["recall of offers"] is None
    assert record["unplayed"]["nominal"]["simulated-small, clock (filter)"] == 4
    assert "does not load" in [flag["name"] for flag in record["harnesses"]["clock"]["flags"]]


def test_a_harness_that_acts_alone_is_judged_by_what_it_proposes(tmp_path: Path) -> None:
    lazy = """
def propose_call(view):
    if not view["calls"]:
        return {"tool": "look_around", "arguments": {}}
    tool = "close_studio" if view["calls"][-1]["tool"] == "dry_pot" else "dry_pot"
    return {"tool": tool, "arguments": {} if tool == "close_studio" else {"pot": "pot_0", "hours": 2}}
"""
    accepts = HONEST.replace("def review_call", "def unused") + "\n\ndef review_call(view, call):\n    return ACCEPT\n"
    one = Contender(name="lazy", harness=harness(accepts + lazy))
    record = scorecard(
        played(
            matrix(count=8, names=("nominal",), contenders=(one,), conditions=conditions([SMALL], [one])),
            tmp_path,
            Inline(),
            ledgers=tmp_path / "sealed",
        )
    )
    assert not record["conditions"]["lazy alone"]["simulated"]
    alone = record["figures"]["nominal"]["lazy alone"]
    assert alone["raw proposer's valid rate"]["n"] == alone["valid-action rate"]["n"] == 24
    assert alone["raw proposer's valid rate"]["value"] == alone["valid-action rate"]["value"] == pytest.approx(2 / 3)
    assert alone["false acceptance"]["value"] == 1
    assert alone["model calls an episode"]["value"] == 0
    assert alone["tools never offered"]["value"] == pytest.approx(6 / 9)
    assert record["harnesses"]["lazy"]["acts_alone"]


def test_an_episode_is_read_back_from_its_record(tmp_path: Path) -> None:
    small = matrix(count=4, names=("nominal",))
    done = played(small, tmp_path, Inline(), ledgers=tmp_path / "sealed")
    for condition in small.conditions:
        for episode in done.episodes(condition, small.slices[0]):
            record = json.loads(json.dumps(episode.to_json()))
            assert AssessedEpisode.from_json(record) == episode
            assert all(step.asked for step in episode.steps if step.proposal)
