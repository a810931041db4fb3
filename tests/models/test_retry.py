"""The retry policy: a pure function, never earlier than the provider asked, never without end."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridle.errors import ModelFault, UsageError
from bridle.models import Retry

policies = st.builds(
    Retry,
    attempts=st.integers(1, 20),
    first=st.floats(0, 100),
    factor=st.floats(1, 10),
    longest=st.floats(0, 1000),
    patience=st.floats(0, 1000),
)
asked = st.none() | st.floats(0, 10_000)


def test_waits_double_and_stop() -> None:
    fault = ModelFault("busy")
    assert [Retry(attempts=8).wait(n, fault) for n in range(1, 9)] == [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, None]


def test_a_permanent_fault_is_not_asked_about_again() -> None:
    assert Retry().wait(1, ModelFault("wrong key", permanent=True, retry_after=1)) is None


def test_more_than_patience_is_given_up_rather_than_slept_over() -> None:
    assert Retry().wait(1, ModelFault("later", retry_after=600)) == 600
    assert Retry().wait(1, ModelFault("tomorrow", retry_after=86400)) is None


@given(policy=policies, after=asked, attempt=st.integers(1, 10_000))
def test_never_earlier_than_asked_and_never_without_end(policy: Retry, after: float | None, attempt: int) -> None:
    fault = ModelFault("busy", retry_after=after)
    wait = policy.wait(attempt, fault)
    assert wait == policy.wait(attempt, fault)
    if attempt >= policy.attempts:
        assert wait is None
    if wait is not None:
        assert math.isfinite(wait)
        assert wait >= (after or 0.0)
        assert wait <= max(policy.longest, policy.patience)


@pytest.mark.parametrize(
    "bad", [{"attempts": 0}, {"first": -1.0}, {"factor": 0.5}, {"longest": -1.0}, {"patience": -1.0}]
)
def test_a_policy_that_cannot_be_meant_is_refused(bad: dict[str, float]) -> None:
    with pytest.raises(UsageError):
        Retry(**bad)  # type: ignore[arg-type]
