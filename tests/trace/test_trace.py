"""The trace and the fold that makes the view of it."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridle.authorization import Decision, Outcome
from bridle.environment import Step
from bridle.trace import (
    POLICY_DENIED,
    Source,
    Tool,
    ToolEffect,
    TraceStep,
    ViewBuilder,
    executed,
    fold,
    parts,
    resources,
)

READ = Tool(name="read", description="Reads.", schema={"type": "object"}, effect=ToolEffect.READ_ONLY)
WRITE = Tool(
    name="write",
    description="Writes.",
    schema={"type": "object"},
    effect=ToolEffect.REVERSIBLE,
    compensation="unwrite",
)
ODD = Tool(name="odd", description="Odd ids.", schema={}, effect=ToolEffect.READ_ONLY, identity="ref")
TOOLS = (READ, WRITE, ODD)

ids = st.sampled_from(["a", "b", "c"])
snapshots = st.recursive(
    st.fixed_dictionaries({"id": ids, "n": st.integers(0, 9)}),
    lambda inner: st.fixed_dictionaries({"id": ids, "inner": st.lists(inner, max_size=2)}),
    max_leaves=4,
)
steps = st.builds(
    TraceStep,
    proposed=st.just({"tool": "write", "arguments": {}}),
    call=st.builds(
        lambda tool, thing: {"tool": tool, "arguments": {"thing": thing}},
        st.sampled_from(["read", "write", "odd", "nobody's"]),
        ids,
    )
    | st.none()
    | st.just("not a call"),
    answered_by=st.sampled_from(["environment", "policy", "harness", "guard"]),
    result=st.lists(snapshots, max_size=3),
    error_class=st.sampled_from(["", "", "schema", "internal", "timeout", "transient", POLICY_DENIED]),
    message=st.text(max_size=5),
)


@given(st.lists(steps, max_size=12))
def test_folding_on_equals_folding_all(trace: list[TraceStep]) -> None:
    builder = ViewBuilder(task="t", tools=TOOLS, me="x")
    views, kept = [builder.view()], [copy.deepcopy(builder.view())]
    for length, step in enumerate(trace, 1):
        builder.add(step)
        views.append(builder.view())
        kept.append(copy.deepcopy(builder.view()))
        assert views[-1] == fold("t", TOOLS, "x", trace[:length])
    assert views == kept, "a later step changed an earlier view"


@given(st.lists(steps, max_size=6))
def test_a_stored_trace_gives_the_same_view(trace: list[TraceStep]) -> None:
    stored = json.loads(json.dumps([step.to_json() for step in trace]))
    again = [TraceStep.from_json(record) for record in stored]
    assert again == trace
    assert fold("t", TOOLS, "x", again) == fold("t", TOOLS, "x", trace)


def test_a_decision_survives_storage() -> None:
    decision = Decision(
        outcome=Outcome.DENY, request_digest="q", policy_digest="p", reasons=("limit",), errors=("none",)
    )
    step = TraceStep(proposed={}, call={}, answered_by="policy", decision=decision, error_class=POLICY_DENIED)
    assert TraceStep.from_json(json.loads(json.dumps(step.to_json()))) == step
    assert not step.ok


def test_the_view_shows_calls_as_they_were_answered() -> None:
    call = {"tool": "read", "arguments": {"k": 1}}
    view = fold(
        "do it",
        TOOLS,
        "me-1",
        [
            executed(call, Step(True, result={"id": "a"})),
            executed(call, Step(False, "Wrong.", "schema")),
            executed(call, Step(True, "Busy.", "transient")),
            TraceStep(proposed=call, call=call, answered_by="policy", error_class=POLICY_DENIED, message="No."),
            TraceStep(proposed=call, call=None, answered_by="harness", verdict="reject", error_class="rejected"),
            TraceStep(proposed=call, call=call, answered_by="guard", error_class="surface"),
        ],
    )
    assert view["calls"] == [
        {"tool": "read", "arguments": {"k": 1}, "ok": True, "result": {"id": "a"}},
        {"tool": "read", "arguments": {"k": 1}, "ok": False, "error": {"class": "schema", "message": "Wrong."}},
        {"tool": "read", "arguments": {"k": 1}, "ok": False, "error": {"class": "transient", "message": "Busy."}},
        {"tool": "read", "arguments": {"k": 1}, "ok": False, "error": {"class": POLICY_DENIED, "message": "No."}},
    ]
    assert view.keys() == {"task", "me", "tools", "calls", "resources"}
    assert view["tools"]["write"] == {
        "description": "Writes.",
        "schema": {"type": "object"},
        "effect": "reversible",
        "compensation": "unwrite",
    }


def test_resources_are_the_latest_snapshots_and_the_outermost_of_one_result() -> None:
    first = {"id": "a", "n": 1, "parts": [{"id": "b", "owner": {"id": "a", "stub": True}}]}
    second = {"again": [{"id": "b", "n": 2}], "id": 7}
    view = fold(
        "t",
        TOOLS,
        "m",
        [
            executed({"tool": "read", "arguments": {}}, Step(True, result=first)),
            executed({"tool": "read", "arguments": {}}, Step(True, result=second)),
            executed({"tool": "odd", "arguments": {}}, Step(True, result=[{"ref": "z", "id": "not this"}])),
        ],
    )
    assert view["resources"] == {"a": first, "b": {"id": "b", "n": 2}, "z": {"ref": "z", "id": "not this"}}


@pytest.mark.parametrize("error_class", ["internal", "timeout"])
def test_what_a_call_of_unknown_outcome_named_is_unknown_again(error_class: str) -> None:
    shown = [{"id": "a", "parts": [{"id": "b"}]}, {"id": "c", "parts": [{"id": "d"}]}, {"id": "e"}]
    seen = executed({"tool": "read", "arguments": {}}, Step(True, result=shown))

    def after(tool: str, arguments: Any, failure: str = error_class) -> set[str]:
        failed = executed({"tool": tool, "arguments": arguments}, Step(True, "?", failure))
        return set(fold("t", TOOLS, "m", [seen, failed])["resources"])

    assert after("write", {"what": "a"}) == {"c", "d", "e"}
    assert after("write", {"what": ["d"]}) == {"a", "b", "e"}, "what holds the named thing is in doubt too"
    assert after("unheard of", {"what": "e"}) == {"a", "b", "c", "d"}
    assert after("write", {"what": "nothing known"}) == {"a", "b", "c", "d", "e"}
    assert after("read", {"what": "a"}) == {"a", "b", "c", "d", "e"}, "reading changes nothing"
    assert after("write", {"what": "a"}, "transient") == {"a", "b", "c", "d", "e"}


def test_declared_sources_are_shown_and_undeclared_ones_are_not_there() -> None:
    assert "sources" not in fold("t", TOOLS, "m", [])
    view = fold("t", TOOLS, "m", [], (Source(name="queue", value={"length": 3}),))
    assert view["sources"] == {"queue": {"length": 3}}


def test_deep_results_are_walked_without_recursion() -> None:
    deep: Any = {"id": "bottom"}
    for _ in range(50_000):
        deep = [deep]
    assert resources(deep) == {"bottom": {"id": "bottom"}}


@pytest.mark.parametrize("call", ["", "text", {}, {"tool": 3}, {"tool": None, "arguments": 5}])
def test_malformed_calls_have_parts_too(call: Any) -> None:
    assert parts(call)[0] == ""
    view = fold("t", TOOLS, "m", [executed(call, Step(False, "?", "schema"))])
    assert view["calls"][0]["tool"] == ""


def test_only_what_can_be_repeated_is_repeatable() -> None:
    keyed = Tool(name="pay", description="", schema={}, effect=ToolEffect.IRREVERSIBLE, idempotency_key="payment_key")
    assert READ.repeatable({})
    assert not WRITE.repeatable({})
    assert keyed.repeatable({"payment_key": "k"})
    assert not keyed.repeatable({"payment_key": ""})
    assert not keyed.repeatable({})
