"""The fast writer of canonical JSON against the reference implementation."""

from typing import Any

import pytest
import rfc8785
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bridle.harness import canonical

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


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), 2**53, -(2**60), {1: 2}, {"a": object()}, "\ud800", {"\ud800": 1}]
)
def test_what_json_does_not_carry_exactly_is_refused(value: Any) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        canonical(value)
