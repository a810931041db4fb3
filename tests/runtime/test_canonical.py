"""The fast writer of canonical JSON against the reference implementation."""

import hashlib
from types import MappingProxyType
from typing import Any

import pytest
import rfc8785
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bridle.authorization import AuthorizationRequest
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
