import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridle.errors import UsageError
from bridle.synthesis.budget import UNITS, Budget, Limit

AMOUNTS = st.dictionaries(st.sampled_from(UNITS), st.floats(0, 50), max_size=5)
LIMITS = st.builds(
    Limit,
    iterations=st.none() | st.integers(0, 100),
    calls=st.none() | st.integers(0, 100),
    tokens=st.none() | st.integers(0, 1000),
    usd=st.none() | st.floats(0, 10),
    steps=st.none() | st.integers(0, 1000),
)


@given(limit=LIMITS, orders=st.lists(st.tuples(AMOUNTS, st.floats(0, 1), st.integers(0, 4)), max_size=20))
def test_never_more_is_set_aside_than_there_is(limit: Limit, orders: list[tuple[dict[str, float], float, int]]) -> None:
    """Whatever is dispatched and settled in whatever order, each costing at most what was set aside for it."""
    budget, open_orders, spent = Budget(limit), [], dict.fromkeys(UNITS, 0.0)
    for amounts, share, settled in orders:
        unit = budget.short(amounts)
        if unit is None:
            budget.reserve(amounts)
            open_orders.append((amounts, {name: amount * share for name, amount in amounts.items()}))
        else:
            assert amounts[unit] > budget.left(unit)
        for _ in range(min(settled, len(open_orders))):
            reserved, cost = open_orders.pop(0)
            budget.settle(reserved, cost)
            for name, amount in cost.items():
                spent[name] += amount
        for name in UNITS:
            most = limit.of(name)
            assert budget.spent[name] == pytest.approx(spent[name])
            if most is not None:
                assert budget.worst(name) <= most + 1e-6
                assert budget.left(name) == pytest.approx(most - budget.worst(name))
            else:
                assert budget.left(name) == float("inf")
    for reserved, cost in open_orders:
        budget.settle(reserved, cost)
    assert all(amount == pytest.approx(0.0, abs=1e-9) for amount in budget.reserved.values())


def test_what_cost_more_than_was_set_aside_leaves_no_room() -> None:
    budget = Budget(Limit(tokens=100))
    budget.reserve({"tokens": 60.0})
    budget.settle({"tokens": 60.0}, {"tokens": 130.0, "unknown_usage": 2.0})
    assert budget.spent["tokens"] == 130.0
    assert budget.left("tokens") == -30.0
    assert budget.short({"tokens": 0.0}) == "tokens"
    assert budget.short({"usd": 5.0}) == "tokens"  # even for what needs none


def test_a_limit_of_nothing_has_no_room() -> None:
    assert Budget(Limit(iterations=0)).short({"iterations": 1.0}) == "iterations"
    assert Budget(Limit(iterations=None)).short({"iterations": 1e9}) is None


@pytest.mark.parametrize("limit", [{"usd": float("nan")}, {"calls": -1}, {"seconds": float("inf")}, {"tokens": -0.5}])
def test_what_is_no_limit_is_refused(limit: dict[str, float]) -> None:
    with pytest.raises(UsageError, match=next(iter(limit))):
        Limit(**limit)  # type: ignore[arg-type]
