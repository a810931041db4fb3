"""The recall of a filter: what share of the legal acts it offers."""

from typing import Any

import pytest

from bridle.environments.catalog import resolve
from bridle.errors import UsageError
from bridle.evaluation.guarded import tools_of
from bridle.evaluation.offers import Offers, ShownCandidates, offers
from bridle.evaluation.slice import Slice
from bridle.harness import TOOL_CALL, Harness, Limits
from bridle.runtime.candidates import Candidates
from bridle.runtime.policies.mapping import RequestMapping
from bridle.runtime.reviewer import FilteringHarness
from bridle.sandbox import LocalSandbox

ID = "bridle.testing.toy_tools:Pottery"
WHERE = Slice(name="sealed", environment=ID, split="sealed", offset=0, count=4)


def harness(review: str) -> Harness:
    return Harness(
        f"""
RULES = {{"no": "Not this."}}

def review_call(view, call):
    if {review}:
        return {{"verdict": "accept"}}
    return {{"verdict": "reject", "rule": "no", "code": "no", "hint": "No.", "try_again": True}}

def on_error(view, call, error):
    return {{"verdict": "give_up", "rule": "no", "hint": ""}}
""",
        contract=TOOL_CALL,
    )


def measured(review: str, **options: Any) -> Offers:
    environment = resolve(ID)
    tools = tools_of(environment.start(environment.scenarios("train")[0]).observe().view)
    names = [tool.name for tool in tools]
    mapping = RequestMapping.from_data(
        {
            name: {
                "action": name,
                "resource": {
                    "type": "Pot",
                    "id": {"from": "pot", "as": "text"} if "pot" in tool.schema["properties"] else {"value": name},
                },
            }
            for name, tool in zip(names, tools, strict=True)
        }
    )
    one = harness(review)
    with LocalSandbox() as sandbox, sandbox.load(one, Limits()) as loaded:
        reviewer = FilteringHarness(one, candidates=Candidates(tools, **options))
        return offers(environment, reviewer, loaded, mapping, WHERE, seed=1)


def test_a_filter_that_offers_all_that_it_can_name_and_one_that_offers_nothing() -> None:
    everything = measured("True", most=300)
    assert everything.states > 10
    assert everything.recall is not None
    # What stands in no view: how many grams a new pot has, for how long it dries, at which cone it is fired.
    assert everything.missed.keys() <= {"throw_pot", "dry_pot", "fire_pot"}
    assert everything.recall.value > 0.5
    nothing = measured("False", most=300)
    assert nothing.recall is not None
    assert (nothing.recall.value, nothing.offered) == (0.0, 0)
    assert nothing.states == everything.states


def test_what_a_harness_refuses_is_missed_by_its_tool() -> None:
    without = measured('call["tool"] != "mend_pot" and call["tool"] != "look_around"', most=300)
    assert without.missed.keys() >= {"mend_pot", "look_around"}


def test_candidates_are_of_the_tools_that_a_view_declares() -> None:
    shown = ShownCandidates()
    for options, argument in (("", "request_id"), ("?variant=mutated&mutation=argument-renamed", "request")):
        environment = resolve(f"enterprise/expense{options}")
        view = environment.start(environment.scenarios("train")[0]).observe().view
        view = {**view, "resources": {"REQ-1234": {"id": "REQ-1234"}}}
        calls = [call for call in shown(view) if call["tool"] == "submit_request"]
        assert {"tool": "submit_request", "arguments": {argument: "REQ-1234"}} in calls
    with pytest.raises(UsageError, match="declares no tools"):
        shown({"resources": {}})


def test_a_bound_costs_recall() -> None:
    bounded, free = measured("True", most=3), measured("True", most=300)
    assert bounded.recall is not None
    assert free.recall is not None
    assert bounded.recall.value < free.recall.value
    assert bounded.offered == 3 * bounded.states == pytest.approx(bounded.offered)
