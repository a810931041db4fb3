"""The fast writer of canonical JSON against the reference implementation."""

import hashlib
from dataclasses import FrozenInstanceError, replace
from types import MappingProxyType
from typing import Any

import pytest
import rfc8785
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bridle.authorization import AuthorizationRequest, Decision, Outcome
from bridle.harness import canonical, canonical_members, canonical_object

VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**53) + 1, 2**53 - 1),
        st.floats(allow_nan=False, allow_infinity=False),
        st.floats(1e-8, 1e-3),
        st.floats(1e14, 1e22),
        st.text(),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=4), inner, max_size=4)),
    max_leaves=15,
)


@settings(max_examples=600, deadline=None)
@given(VALUES)
@example({"b": 12.5, "a": [1.0, -0.0, 0.0001, 0.00009, 1e16, 1e15 + 0.5, 123456789.125, -0.25]})
@example({"\ue000": 1, "\U0001f600": 2, "é": 3, "z": 4})
@example('\x00\x1f\x7f\u2028"\\/\b\f\n\r\t')
def test_the_same_bytes_as_the_reference(value: Any) -> None:
    assert canonical(value) == rfc8785.dumps(value)


OBJECTS = st.dictionaries(st.text(max_size=4), VALUES, max_size=5)
ENTITIES = st.fixed_dictionaries(
    {"type": st.text(max_size=6), "id": VALUES}, optional={"properties": OBJECTS, "parents": VALUES, "größe": VALUES}
)


@settings(max_examples=400, deadline=None)
@given(OBJECTS)
@example({"\ue000": 1, "\U0001f600": 2, "é": "\u2028", "z": '"\\', 'a"b': 4})
def test_an_object_put_together_from_its_members_is_the_references(value: dict[str, Any]) -> None:
    members = canonical_members(value)
    assert canonical_object(members).encode() == rfc8785.dumps(value)
    assert {name: text.encode() for name, text in members.items()} == {n: rfc8785.dumps(v) for n, v in value.items()}


@settings(max_examples=300, deadline=None)
@given(ENTITIES, st.fixed_dictionaries({"name": VALUES}), ENTITIES, OBJECTS)
def test_a_requests_digest_is_that_of_the_references_writing(
    subject: dict[str, Any], action: dict[str, Any], resource: dict[str, Any], context: dict[str, Any]
) -> None:
    whole = rfc8785.dumps({"subject": subject, "action": action, "resource": resource, "context": context})
    parts = {"subject": subject, "action": action, "resource": resource, "context": context}
    for request in (
        AuthorizationRequest(**parts),
        AuthorizationRequest(**{name: MappingProxyType(part) for name, part in parts.items()}),
    ):
        assert request.canonical == whole
        assert request.digest == hashlib.sha256(whole).hexdigest()


def digest_of(subject: Any) -> str:
    return AuthorizationRequest(subject=subject, action={"name": "a"}, resource={"type": "T", "id": "1"}).digest


def test_subjects_that_are_equal_to_python_only_have_digests_of_their_own() -> None:
    """The text of a subject is remembered; 1, 1.0 and true, or 0 and -0, are equal keys of a dict."""
    for value in (1, True, "1", [1], {"1": 1}, {"a": 1, "b": 2}, {"b": 2, "a": 1}, 0.5, None, 2, False):
        subject = {"type": "User", "id": "ann", "properties": {"limit": value}}
        parts = {"subject": subject, "action": {"name": "a"}, "resource": {"type": "T", "id": "1"}, "context": {}}
        for _ in range(2):
            assert digest_of(subject) == hashlib.sha256(rfc8785.dumps(parts)).hexdigest()
    assert len({digest_of({"limit": value}) for value in (1, True, "1", [1], None)}) == 5
    assert digest_of({"limit": 1}) == digest_of({"limit": 1.0}), "one number to JSON"


def test_a_subject_that_was_changed_is_another_one() -> None:
    subject: dict[str, Any] = {"type": "User", "id": "ann", "parents": [{"type": "Role", "id": "clerk"}]}
    before = digest_of(subject)
    subject["parents"].append({"type": "Role", "id": "manager"})
    assert digest_of(subject) != before


@pytest.mark.parametrize(
    "value", [float("nan"), 2**53, {1: 2}, object(), b"x", bytearray(b"x"), memoryview(b"x"), {"a"}, 1j, ..., "\ud800"]
)
def test_what_is_not_json_in_a_subject_is_refused_each_time(value: Any) -> None:
    for _ in range(2):
        with pytest.raises(ValueError):  # noqa: PT011
            digest_of({"type": "User", "id": "ann", "properties": {"x": value}})


def test_a_request_is_a_value_that_nobody_changes() -> None:
    one = AuthorizationRequest(subject={"id": "a"}, action={"name": "b"}, resource={"id": "c"})
    assert one == AuthorizationRequest(subject={"id": "a"}, action={"name": "b"}, resource={"id": "c"}, context={})
    assert one.digest != replace(one, context={"d": 1}).digest
    with pytest.raises(FrozenInstanceError):
        one.context = {}  # type: ignore[misc]
    decision = Decision(outcome=Outcome.PERMIT, request_digest=one.digest, policy_digest="p")
    assert decision.permits
    assert not replace(decision, errors=("e",)).permits
    with pytest.raises(FrozenInstanceError):
        decision.outcome = Outcome.DENY  # type: ignore[misc]


@pytest.mark.parametrize("value", [{1: 2}, {"a": 1, 2: 3}, {"a": object()}, {"a": 2**53}, {"a": float("nan")}])
def test_members_that_json_does_not_carry_are_refused(value: dict[Any, Any]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        canonical_members(value)


@pytest.mark.parametrize("value", ["\ud800", {"\ud800": 1}])
def test_a_request_that_is_no_unicode_has_no_digest(value: Any) -> None:
    for name in ("subject", "action", "resource", "context"):
        parts: dict[str, Any] = {"subject": {}, "action": {}, "resource": {}, "context": {}} | {name: {"id": value}}
        with pytest.raises(ValueError):  # noqa: PT011
            _ = AuthorizationRequest(**parts).digest


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), 2**53, -(2**60), {1: 2}, {"a": object()}, "\ud800", {"\ud800": 1}]
)
def test_what_json_does_not_carry_exactly_is_refused(value: Any) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        canonical(value)
