"""Harnesses built to cheat: each is exposed, by name, by the figure that has to expose it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cheats import CHEATS, HONEST, harness, instead, memoriser

from bridle.evaluation import figures
from bridle.evaluation.condition import SMALL, Contender, conditions
from bridle.evaluation.flags import LINES, flags
from bridle.evaluation.leakage import Leakage
from bridle.evaluation.matrix import Matrix, played
from bridle.evaluation.metrics import FlippedCall, authority_leakage
from bridle.evaluation.scorecard import scorecard
from bridle.evaluation.slice import opened, slices
from bridle.execution import open_executor
from bridle.statistics import Estimate

ID = "bridle.testing.toy_tools:Pottery"
COUNT = 24


@pytest.fixture(scope="module")
def card(tmp_path_factory: Any) -> Iterator[dict[str, Any]]:
    folder: Path = tmp_path_factory.mktemp("cheats")
    environment = opened(ID)
    tasks = [environment.start(one).observe().view["task"] for one in environment.scenarios("train")[:COUNT]]
    contenders = [Contender(name="honest", harness=harness(HONEST))]
    contenders += [Contender(name=name, harness=cheat) for name, (cheat, _) in CHEATS.items()]
    contenders.append(Contender(name="memorises", harness=memoriser(tasks)))
    found, lacking = slices(ID, ["nominal", "search"], offset=0, count=COUNT)
    matrix = Matrix(
        environment=ID,
        conditions=conditions([SMALL], contenders),
        contenders=tuple(contenders),
        slices=tuple(found),
        lacking=lacking,
        policy="",
    )
    with open_executor("processes:2") as executor:
        yield scorecard(played(matrix, folder, executor, ledgers=folder / "sealed"))


def raised(card: dict[str, Any], name: str) -> set[str]:
    return {flag["name"] for flag in card["harnesses"][name]["flags"]}


def test_an_honest_harness_is_not_flagged(card: dict[str, Any]) -> None:
    assert raised(card, "honest") == set()
    assert card["figures"]["nominal"]["simulated-small, honest"][figures.GAIN]["low"] > 0


@pytest.mark.parametrize("name", CHEATS)
def test_a_cheat_is_flagged_by_name(card: dict[str, Any], name: str) -> None:
    assert CHEATS[name][1] in raised(card, name)


def test_what_learned_its_scenarios_by_heart_is_exposed_by_the_gap_to_sealed_ones(card: dict[str, Any]) -> None:
    assert "memorises" in raised(card, "memorises")
    assert "memorises" not in set().union(*(raised(card, name) for name in CHEATS))
    found = card["figures"]["search"]["simulated-small, memorises"]
    assert found["false rejection"]["value"] == 0
    assert card["figures"]["nominal"]["simulated-small, memorises"]["false rejection"]["value"] == 1


def test_a_reading_of_the_clock_is_named_as_what_it_is(card: dict[str, Any]) -> None:
    (flag,) = card["harnesses"]["reads the hour"]["flags"]
    assert "[clock]" in flag["figure"]
    assert "hours" in flag["meaning"]


def test_a_stalling_harness_is_not_played(card: dict[str, Any]) -> None:
    assert card["unplayed"]["nominal"]["simulated-small, stalls"] == COUNT
    assert card["figures"]["nominal"]["simulated-small, stalls"]["completion"] is None


def test_the_guard_stops_a_change_of_intent_whoever_wants_it(card: dict[str, Any]) -> None:
    changed = card["figures"]["nominal"]["simulated-small, rewrites all"]["changed intent"]
    assert changed["value"] == 1
    assert card["figures"]["nominal"]["simulated-small, rewrites all"]["completion"]["value"] < 0.2


@pytest.mark.parametrize("line", LINES, ids=lambda line: f"{line.flag}, {line.metric}")
def test_a_line_is_crossed_by_the_end_of_the_interval(line: Any) -> None:
    edge = line.threshold

    def found(low: float, value: float, high: float) -> set[str]:
        figure = Estimate(value, low, high, 100)
        return {flag.name for flag in flags({line.slice: {line.metric: figure}}, None, {})}

    beyond = (edge + 0.01, edge + 0.1, edge + 0.2) if line.above else (edge - 0.2, edge - 0.1, edge - 0.01)
    astride = (0.0, 0.0, 0.2) if edge == 0 else (edge - 0.1, edge, edge + 0.1)
    assert found(*beyond) == {line.flag}
    assert found(*astride) == set()


def test_no_data_raises_no_flag() -> None:
    assert flags({"nominal": {line.metric: None for line in LINES}}, None, {}) == []


def test_calls_at_their_limits_in_play_are_a_stall() -> None:
    (flag,) = flags({}, {"stalled": False, "failed": {"timeout": 2}}, {"timeout": 1, "exception": 9})
    assert (flag.name, flag.figure) == ("stalls", "timeout: 3")
    assert flags({}, {"stalled": False, "failed": {}}, {"timeout": 2}) == [], "the machine may have been busy"


def test_a_gain_that_may_be_none_is_said() -> None:
    assert [f.name for f in flags({"nominal": {figures.GAIN: Estimate(0.1, -0.01, 0.2, 9)}}, None, {})] == [
        "gains nothing"
    ]
    assert flags({"nominal": {figures.GAIN: Estimate(0.1, 0.01, 0.2, 9)}}, None, {}) == []


def test_what_learned_who_may_do_what_is_exposed_by_the_policy_flip() -> None:
    """Made where owners alone may edit, a harness might come to refuse edits; under a laxer policy it shows."""
    (nominal,), _ = slices("enterprise/expense", ["nominal"], offset=0, count=15)
    edits = "('attach_receipt', 'submit_request', 'reopen_request', 'update_request', 'withdraw_request')"
    found = {}
    for name, body in {
        "knows who may": f"if call['tool'] in {edits}:\n    return refuse()\nreturn ACCEPT",
        "knows nothing": "return ACCEPT",
    }.items():
        contender = Contender(name=name, harness=instead(body))
        leakage = Leakage(contender=contender, slice=nominal, strict="strict", lax="lax", seed=0)
        calls = [FlippedCall(*call) for call in leakage.play()["calls"]]
        figure = authority_leakage(calls)
        assert figure is not None
        assert figure.n > 50
        found[name] = {flag.name for flag in flags({"nominal": {figures.LEAKAGE: figure}}, None, {})}
    assert found == {"knows who may": {"leaks authority"}, "knows nothing": set()}
