"""Splits that share nothing, and the environment that a search is handed."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridle.environment import SPLITS, Environment, SeededScenarios, unsealed
from bridle.errors import UsageError
from bridle.testing.toy import Doors

INDEX = st.integers(0, 499_999_999)


@given(one=INDEX, other=INDEX)
def test_no_seed_is_in_two_splits_or_twice_in_one(one: int, other: int) -> None:
    seeds = {(split, index): SeededScenarios(split)[index].seed for split in SPLITS for index in (one, other)}
    assert len(set(seeds.values())) == len(seeds)


@given(length=st.integers(0, 20), index=st.integers(-25, 25), start=st.integers(-25, 25), stop=st.integers(-25, 25))
def test_scenarios_are_a_sequence_like_any_other(length: int, index: int, start: int, stop: int) -> None:
    scenarios = SeededScenarios("validation", length=length)
    plain = list(scenarios)
    assert len(plain) == len(scenarios) == length
    assert scenarios[start:stop] == plain[start:stop]
    if -length <= index < length:
        assert scenarios[index] == plain[index]
    else:
        with pytest.raises(IndexError):
            scenarios[index]
    assert all(scenario.split == "validation" for scenario in plain)


def test_an_unknown_split_is_refused() -> None:
    with pytest.raises(UsageError, match="train, validation, sealed"):
        SeededScenarios("test")


@pytest.mark.parametrize(
    "wrap", [unsealed, lambda e: pickle.loads(pickle.dumps(unsealed(e)))], ids=["here", "elsewhere"]
)
def test_the_sealed_split_is_closed_to_a_search(wrap) -> None:  # type: ignore[no-untyped-def]
    environment: Environment = wrap(Doors(5))
    assert (environment.name, environment.players, environment.contract.name) == ("toy/doors", 1, "text-action")
    for split in ("train", "validation"):
        assert "Row" in environment.start(environment.scenarios(split)[0]).observe().view  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="not open to a search"):
        environment.scenarios("sealed")
    with pytest.raises(UsageError, match="not open to a search"):
        environment.start(Doors().scenarios("sealed")[0])
