import random
from itertools import product
from math import sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridle.statistics import (
    Interval,
    bootstrap,
    clustered_wilson,
    mcnemar,
    paired_difference,
    pass_all,
    student,
    wilson,
)


def test_wilson_on_the_figures_that_everybody_quotes() -> None:
    assert wilson(0, 300).high == pytest.approx(0.0126, abs=5e-5)
    assert wilson(0, 1000).high == pytest.approx(0.0038, abs=5e-5)
    assert wilson(0, 0) == Interval(0.0, 1.0)
    assert wilson(7, 7).high == 1.0
    # The worked example of Wilson's interval for 8 of 10.
    assert wilson(8, 10) == pytest.approx((0.4902, 0.9433), abs=1e-4)


@given(st.integers(1, 500), st.data())
def test_wilson_holds_its_share_and_narrows(n: int, data: st.DataObject) -> None:
    count = data.draw(st.integers(0, n))
    low, high = wilson(count, n)
    assert 0 <= low <= count / n <= high <= 1
    wider = wilson(count, n, confidence=0.99)
    assert wider.low <= low
    assert high <= wider.high
    assert wilson(10 * count, 10 * n).high - wilson(10 * count, 10 * n).low < high - low


def test_clusters_of_one_are_independent_observations_but_for_students_quantile() -> None:
    clusters = [(1, 1)] * 30 + [(0, 1)] * 70
    plain, clustered = wilson(30, 100), clustered_wilson(clusters)
    assert clustered.low <= plain.low
    assert clustered.high >= plain.high
    assert clustered == pytest.approx(plain, abs=0.005)


def test_copies_of_an_observation_add_nothing() -> None:
    """50 clusters of 20 equal steps say what 50 observations say, not what 1000 do."""
    alike = clustered_wilson([(20, 20)] * 15 + [(0, 20)] * 35)
    assert alike == pytest.approx(wilson(15, 50), abs=0.01)
    assert (alike.high - alike.low) > 3 * (wilson(300, 1000).high - wilson(300, 1000).low)


def test_clusters_that_agree_entirely_get_the_plain_interval() -> None:
    assert clustered_wilson([(0, 25)] * 40) == wilson(0, 1000)
    assert clustered_wilson([(3, 3)]) == wilson(3, 3)
    assert clustered_wilson([(0, 0), (2, 5)]) == wilson(2, 5)
    assert clustered_wilson([]) == Interval(0.0, 1.0)


def test_the_clustered_interval_covers_what_it_says() -> None:
    """Clusters with rates of their own around 0.2: a 95 % interval misses the mean rarely, the plain one often."""
    rng = random.Random(5)
    missed, plainly = 0, 0
    for _ in range(300):
        clusters = []
        for _ in range(25):
            rate = rng.betavariate(1, 4)
            clusters.append((sum(rng.random() < rate for _ in range(20)), 20))
        low, high = clustered_wilson(clusters)
        missed += not low <= 0.2 <= high
        low, high = wilson(sum(c for c, _ in clusters), 500)
        plainly += not low <= 0.2 <= high
    assert missed <= 27, "about 15 of 300 are expected"
    assert plainly > 60


def test_bootstrap_is_a_function_of_its_seed_and_agrees_with_theory() -> None:
    rng = random.Random(1)
    values = [rng.gauss(3, 1) for _ in range(200)]

    def mean(sample: list[float]) -> float:
        return sum(sample) / len(sample)

    interval = bootstrap(values, mean, seed=7)
    assert interval is not None
    assert interval == bootstrap(values, mean, seed=7)
    assert interval != bootstrap(values, mean, seed=8)
    deviation = sqrt(sum((v - mean(values)) ** 2 for v in values) / 199)
    half = 1.96 * deviation / sqrt(200)
    assert interval == pytest.approx((mean(values) - half, mean(values) + half), abs=0.03)


def test_bootstrap_without_data_has_no_interval() -> None:
    assert bootstrap([], lambda sample: 1.0, seed=0) is None
    assert bootstrap([1, 2], lambda sample: None, seed=0) is None


def test_paired_difference_sees_what_an_unpaired_one_would_not() -> None:
    rng = random.Random(2)
    levels = [rng.random() * 10 for _ in range(60)]
    difference = paired_difference([x + 0.2 + rng.gauss(0, 0.2) for x in levels], levels, seed=1, unit=10)
    assert difference is not None
    assert difference.low > 0
    assert difference.value == pytest.approx(0.2, abs=0.1)
    assert difference.n == 60


def test_paired_difference_counts_clusters_not_pairs() -> None:
    first = [1.0, 0.0, 1.0, 1.0, 0.0, 1.0, 0.0, 1.0, 1.0, 0.0]
    second = [0.0, 0.0, 1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0]
    alone = paired_difference(first, second, seed=3)
    copied = paired_difference(first * 10, second * 10, seed=3, clusters=list(range(10)) * 10)
    assert alone is not None
    assert copied is not None
    assert alone.interval == copied.interval
    assert copied.n == 100


def test_equal_pairs_give_no_certainty() -> None:
    same = paired_difference([1.0] * 20, [1.0] * 20, seed=0)
    assert same is not None
    assert same.value == 0
    assert same.high == pytest.approx(wilson(0, 20).high)
    assert same.low == -same.high
    better = paired_difference([1.0] * 20, [0.0] * 20, seed=0)
    assert better is not None
    assert 0 < better.low < better.high == 1.0
    assert paired_difference([], [], seed=0) is None
    with pytest.raises(ValueError, match="one length"):
        paired_difference([1.0], [1.0, 2.0], seed=0)


def test_mcnemar_against_counting_every_outcome() -> None:
    for n in range(9):
        for b in range(n + 1):
            extreme = sum(min(sum(toss), n - sum(toss)) <= min(b, n - b) for toss in product((0, 1), repeat=n))
            assert mcnemar(b, n - b) == pytest.approx(min(1.0, extreme / 2**n)) or 2 * b == n
    assert mcnemar(0, 0) == 1.0
    assert mcnemar(5, 5) == 1.0
    assert mcnemar(0, 10) == pytest.approx(2 / 1024)
    assert mcnemar(0, 3000) == 0.0


def test_mcnemar_and_student_against_scipy() -> None:
    stats = pytest.importorskip("scipy.stats")
    for b, c in [(1, 9), (12, 30), (250, 300), (1000, 1100), (4, 4)]:
        assert mcnemar(b, c) == pytest.approx(stats.binomtest(b, b + c).pvalue, rel=1e-9)
    for degrees in [1, 2, 3, 4, 5, 9, 19, 60, 1000]:
        assert student(0.975, degrees) == pytest.approx(stats.t.ppf(0.975, degrees), rel=0.002)
        assert student(0.995, degrees) == pytest.approx(stats.t.ppf(0.995, degrees), rel=0.03)


def test_pass_all() -> None:
    assert pass_all([(4, 4), (2, 4)], 1) == pytest.approx(0.75)
    assert pass_all([(4, 4), (2, 4)], 2) == pytest.approx((1 + 1 / 6) / 2)
    assert pass_all([(4, 4), (1, 1)], 4) == 1.0
    assert pass_all([(1, 1)], 2) is None
