"""The mistakes that are made of a call and its schema."""

from __future__ import annotations

import copy
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridle.arguments import ArgumentCheck
from bridle.environments.enterprise.distortion import (
    distortions,
    mistyped,
    near_miss,
    omitted,
    padded,
    respelt,
    unknown_tool,
)
from bridle.environments.enterprise.expense.tools import TOOLS
from bridle.trace import Tool, ToolEffect

BY_NAME = {tool.name: tool for tool in TOOLS}
CHECK = ArgumentCheck(TOOLS)
CALLS: list[dict[str, Any]] = [
    {
        "tool": "add_item",
        "arguments": {"request_id": "REQ-1234", "description": "taxi", "amount": 12.5, "date": "2025-03-01"},
    },
    {"tool": "reimburse_request", "arguments": {"request_id": "REQ-1234", "amount": 90, "method": "bank_transfer"}},
    {"tool": "update_request", "arguments": {"request_id": "REQ-1234", "attendees": 3}},
    {"tool": "attach_receipt", "arguments": {"item_id": "ITM-2000", "receipt_id": "RCT-3000"}},
    {"tool": "finish", "arguments": {}},
]
calls = st.sampled_from(CALLS)
seeds = st.integers(0, 10_000)


@given(calls, seeds)
def test_distortions_are_other_calls_and_leave_theirs_alone(call: dict[str, Any], seed: int) -> None:
    before = copy.deepcopy(call)
    schema = BY_NAME[call["tool"]].schema
    for variant in distortions(random.Random(seed), call, schema):
        assert variant != call
        assert variant["tool"] == call["tool"]
    assert call == before
    assert distortions(random.Random(seed), call, schema) == distortions(random.Random(seed), call, schema)


@given(calls, seeds)
def test_most_are_refused_by_the_schema(call: dict[str, Any], seed: int) -> None:
    rng, schema = random.Random(seed), BY_NAME[call["tool"]].schema
    for variant in (omitted(rng, call, schema), mistyped(rng, call, schema), padded(rng, call)):
        assert variant is None or CHECK(variant).error_class == "schema", variant


@given(calls, seeds)
def test_an_omission_is_one_required_argument(call: dict[str, Any], seed: int) -> None:
    schema = BY_NAME[call["tool"]].schema
    variant = omitted(random.Random(seed), call, schema)
    if variant is None:
        assert not schema["required"]
        return
    (left_out,) = call["arguments"].keys() - variant["arguments"].keys()
    assert left_out in schema["required"]
    assert variant["arguments"].items() <= call["arguments"].items()


def test_respellings_are_what_a_reader_would_take_for_the_same() -> None:
    found: dict[str, set[Any]] = {}
    for seed in range(400):
        for call in CALLS:
            variant = respelt(random.Random(seed), call, BY_NAME[call["tool"]].schema)
            for key, value in (variant or call)["arguments"].items():
                if value != call["arguments"][key] or type(value) is not type(call["arguments"][key]):
                    found.setdefault(f"{call['tool']}.{key}", set()).add(value)
    assert found["add_item.amount"] == {"12.50", "12.5"}
    assert found["add_item.date"] == {"2025/03/01", "2025.03.01"}
    assert found["update_request.attendees"] == {"3", " 3"}
    assert {"BANK_TRANSFER", "bank transfer", " bank_transfer"} <= found["reimburse_request.method"]
    assert {"req-1234", " REQ-1234", "REQ_1234"} <= found["add_item.request_id"]
    assert "add_item.description" not in found


@given(calls, seeds)
def test_a_near_miss_is_one_digit_away(call: dict[str, Any], seed: int) -> None:
    variant = near_miss(random.Random(seed), call)
    if variant is None:
        assert call["tool"] == "finish"
        return
    (changed,) = [key for key in call["arguments"] if variant["arguments"][key] != call["arguments"][key]]
    assert changed.endswith("_id"), "numbers and dates are no ids"
    pairs = zip(variant["arguments"][changed], call["arguments"][changed], strict=True)
    assert sum(a != b for a, b in pairs) == 1


@given(calls, seeds)
def test_an_unknown_tool_is_unknown(call: dict[str, Any], seed: int) -> None:
    assert CHECK(unknown_tool(random.Random(seed), call, BY_NAME)).error_class == "unknown_tool"


@pytest.mark.parametrize(
    "call",
    ["", "finish", {}, {"tool": "finish"}, {"tool": 7, "arguments": {}}, {"tool": "finish", "arguments": {}, "x": 1}],
)
def test_what_is_no_call_is_refused(call: Any) -> None:
    assert CHECK(call).error_class == "schema"


def test_error_sentences_stay_short_and_name_the_argument() -> None:
    tool = Tool(
        name="t",
        description="",
        effect=ToolEffect.READ_ONLY,
        schema={"type": "object", "properties": {"a": {"type": "array", "items": {"maxLength": 3}}}},
    )
    truth = ArgumentCheck([tool])({"tool": "t", "arguments": {"a": ["x" * 100_000]}})
    assert truth.feedback.startswith("a.0: ")
    assert len(truth.feedback) < 400
