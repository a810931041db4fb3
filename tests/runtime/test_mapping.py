from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bridle.authorization import Facts
from bridle.errors import PolicyFault
from bridle.runtime.policies.mapping import RequestMapping
from bridle.runtime.policies.reading import ABSENT, Reading, Unreadable, reading

DATA: dict[str, Any] = {
    "approve": {
        "action": "approve_expense",
        "resource": {"type": "Expense", "id": {"from": "expense.id", "as": "text"}},
        "context": {
            "cents": {"from": "amount", "as": "decimal", "scale": 2},
            "urgent": {"from": "urgent", "as": "boolean", "optional": True},
            "channel": {"value": "agent"},
        },
    }
}
MAPPING = RequestMapping.from_data(DATA)
FACTS = Facts(
    subject={"type": "User", "id": "ann", "properties": {"limit": 1}},
    resource={"type": "Expense", "id": "E-1", "properties": {"owner": "bob"}},
    context={"site": "north"},
    version=3,
)


def call(**arguments: Any) -> dict[str, Any]:
    return {"tool": "approve", "arguments": {"expense": {"id": "E-1"}, "amount": 12.5} | arguments}


def test_a_call_becomes_a_question() -> None:
    request = MAPPING.request(call(urgent=True), FACTS)
    assert MAPPING.resource(call()) == ("Expense", "E-1")
    assert request.subject == FACTS.subject
    assert request.action == {"name": "approve_expense"}
    assert request.resource == {"type": "Expense", "id": "E-1", "properties": {"owner": "bob"}}
    assert request.context == {"site": "north", "cents": 1250, "urgent": True, "channel": "agent"}
    assert "urgent" not in MAPPING.request(call(), FACTS).context


def test_the_resource_asked_about_is_the_one_that_the_call_names() -> None:
    """What the control plane says of another one is not decided by."""
    with pytest.raises(Unreadable, match="id of the Expense"):
        MAPPING.request(call(expense={"id": "E-2"}), FACTS)
    nameless = replace(FACTS, resource={"properties": {"owner": "bob"}})
    assert MAPPING.request(call(expense={"id": "E-2"}), nameless).resource["id"] == "E-2"


@pytest.mark.parametrize("stated", [{"owner": "bob"}, {"type": "Invoice"}, {"attributes": {}}, {"disputed": None}])
def test_what_the_control_plane_says_of_a_resource_is_not_left_out(stated: dict[str, Any]) -> None:
    """A property beside the properties would be missing where a prohibition looks for it."""
    with pytest.raises(Unreadable, match=f"{next(iter(stated))} of the Expense"):
        MAPPING.request(call(), replace(FACTS, resource={**FACTS.resource, **stated}))


@pytest.mark.parametrize(
    "malformed",
    [
        {"tool": "approve", "arguments": {"expense": {"id": "E-1"}}},
        call(amount="12,50"),
        call(amount=12.505),
        call(amount=True),
        call(amount=None),
        call(expense={"id": 1.5}),
        call(expense={"name": "E-1"}),
        call(expense="E-1"),
        call(urgent="yes"),
        {"tool": "other", "arguments": {}},
        {"tool": 7, "arguments": {}},
        {"tool": "approve", "arguments": None},
        {},
    ],
)
def test_what_can_not_be_read_is_no_question(malformed: dict[str, Any]) -> None:
    with pytest.raises(Unreadable):
        MAPPING.request(malformed, FACTS)


def test_the_agent_can_not_speak_over_the_control_plane() -> None:
    with pytest.raises(Unreadable, match="both speak of cents"):
        MAPPING.request(call(), Facts(subject=FACTS.subject, context={"cents": 1}))


@pytest.mark.parametrize(
    ("after", "changed"),
    [
        (call(amount="12.50"), ()),
        (call(amount="12.5"), ()),
        (call(amount=12.51), ("amount",)),
        (call(amount="1,250"), ("amount",)),
        (call(amount=None), ("amount",)),
        (call(expense={"id": " E-1 "}), ()),
        (call(expense={"id": "e-1"}), ("expense.id",)),
        (call(urgent=None), ()),
        (call(urgent=False), ("urgent",)),
        (call(note="anything else"), ()),
        (call() | {"tool": "Approve"}, ("arguments",)),
        (call() | {"tool": "pay"}, ("tool", "arguments")),
    ],
)
def test_what_a_rewrite_changes_of_what_the_policy_reads(after: dict[str, Any], changed: tuple[str, ...]) -> None:
    before = call() if "arguments" not in changed else call(amount=1)
    assert MAPPING.changed(before, after) == changed


def test_a_misspelt_tool_may_be_mended_and_another_may_not() -> None:
    before = call() | {"tool": "APPROVE "}
    assert MAPPING.changed(before, call()) == ()
    assert MAPPING.changed(call() | {"tool": "aprove"}, call()) == ("tool",)


def test_the_same_act() -> None:
    assert MAPPING.same_act(call(note="a"), call(note="b"))
    assert not MAPPING.same_act(call(), call(amount=1))
    plain = RequestMapping.plain(["approve"])
    assert plain.same_act(call(), call())
    assert not plain.same_act(call(note="a"), call(note="b")), "it reads nothing, so only equal calls are the same"


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ({"t": {"action": "a"}}, "resource is missing"),
        ({"t": 3}, "an object is expected"),
        ("mapping.json", "an object of tools, not str"),
        ({"t": {"action": 1, "resource": {"type": "T", "id": {"value": 1}}}}, "are strings"),
        ({"t": {"action": "a", "resource": {"type": "T", "id": {"from": "x", "as": "money"}}}}, "no reading 'money'"),
        ({"t": {"action": "a", "resource": {"type": "T", "id": {"from": "x"}}}}, "as is missing"),
        ({"t": {"action": "a", "resource": {"type": "T", "id": {"value": 1, "as": "text"}}}}, "there is no as"),
        (
            {"t": {"action": "a", "resource": {"type": "T", "id": {"from": "x", "as": "text", "optional": True}}}},
            "can't be optional",
        ),
        (
            {"t": {"action": "a", "resource": {"type": "T", "id": {"from": "x", "as": "integer", "scale": 2}}}},
            "only decimal has one",
        ),
        ({"t": {"action": "a", "resource": {"type": "T", "id": {"value": 1}}, "contexts": {}}}, "no contexts"),
    ],
)
def test_a_mapping_that_makes_no_sense_says_where(data: dict[str, Any], says: str) -> None:
    with pytest.raises(PolicyFault, match=says):
        RequestMapping.from_data(data)


def test_the_digest_is_the_datas() -> None:
    assert RequestMapping.from_data(DATA).digest == MAPPING.digest
    assert RequestMapping.from_data(DATA | {"other": DATA["approve"]}).digest != MAPPING.digest


@pytest.mark.parametrize(
    ("kind", "raw", "value"),
    [
        ("integer", "12", 12),
        ("integer", 12.0, 12),
        ("decimal", "-0.07", -7),
        ("decimal", 1e3, 100_000),
        ("decimal", 0.1, 10),
        ("text", " x ", " x "),
        ("token", "In Review", "In Review"),
        ("date", "2026-02-28", "2026-02-28"),
        ("json", {"a": [1]}, {"a": [1]}),
    ],
)
def test_readings(kind: str, raw: Any, value: Any) -> None:
    assert reading(kind, 2 if kind == "decimal" else 0).value(raw) == value


@pytest.mark.parametrize(
    ("kind", "raw"),
    [
        ("integer", "1e3"),
        ("integer", "١٢"),
        ("integer", 12.5),
        ("integer", 2**70),
        ("decimal", float("inf")),
        ("decimal", "12.5€"),
        ("decimal", ""),
        ("boolean", "true"),
        ("date", "2026-02-30"),
        ("date", "2026/02/28"),
        ("date", "28.02.2026"),
        ("text", 5),
    ],
)
def test_readings_are_strict(kind: str, raw: Any) -> None:
    with pytest.raises(Unreadable):
        reading(kind).value(raw)


PLAIN = st.from_regex(r"[+-]?[0-9]{1,30}(\.[0-9]{1,30})?", fullmatch=True)


@given(st.one_of(st.integers(), st.floats(allow_nan=False, allow_infinity=False), PLAIN), st.integers(0, 12))
@example("1.00000000000000000000000000001", 2)
@example("1.5000", 1)
@example(1e-7, 7)
@example(1.5e17, 0)
@example(-0.05, 2)
@example(2**63 - 1, 0)
@example(2**63, 0)
def test_a_decimal_is_read_exactly_or_not_at_all(raw: float | str, scale: int) -> None:
    """As the number that its text says, in whole units that fit 64 bits."""
    exact = Fraction(repr(raw) if isinstance(raw, float) else raw) * 10**scale
    if exact.denominator == 1 and abs(exact) < 2**63:
        assert reading("decimal", scale).value(raw) == exact
    else:
        with pytest.raises(Unreadable):
            reading("decimal", scale).value(raw)


@pytest.mark.parametrize(
    ("kind", "one", "other", "same"),
    [
        ("token", "In Review", "in_review", True),
        ("token", "IN-review ", "in_review", True),
        ("token", "in review", "review", False),
        ("boolean", "True", True, True),
        ("boolean", 1, True, False),
        ("date", "2026/02/28", "2026-02-28", True),
        ("date", "2026-02-30", "2026/02/30", False),
        ("integer", "007", 7, True),
        ("integer", True, 1, False),
        ("json", {"a": 1, "b": 2}, {"b": 2, "a": 1}, True),
        ("json", [1], [True], False),
        ("text", "a", "A", False),
        ("text", ABSENT, None, True),
        ("text", ABSENT, "", False),
    ],
)
def test_spellings(kind: str, one: Any, other: Any, same: bool) -> None:
    assert reading(kind).same(one, other) is same
    assert reading(kind).same(other, one) is same


RAW = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8), st.just("12.50"), st.just(12.5)
)


@given(st.sampled_from(["text", "token", "integer", "decimal", "boolean", "date"]), RAW, RAW)
def test_what_is_the_same_is_read_as_the_same(kind: str, one: Any, other: Any) -> None:
    """Two spellings that may replace each other never tell the policy two things. (Of a token, it is told the spelling.)"""
    read = Reading(kind, 2 if kind == "decimal" else 0)  # type: ignore[arg-type]
    if read.same(one, other) and kind not in ("token", "text"):
        values = []
        for raw in (one, other):
            try:
                values.append(read.value(raw))
            except Unreadable:
                continue
        assert len(set(values)) <= 1
