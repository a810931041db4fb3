import random
from collections.abc import Sequence
from itertools import combinations, product
from math import sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridle.statistics import (
    Estimate,
    Interval,
    bootstrap,
    clustered,
    clustered_difference,
    e_value,
    fisher,
    holm,
    mcnemar,
    non_inferior,
    paired_difference,
    pass_all,
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


def test_clusters_of_one_are_independent_observations() -> None:
    """Nothing can be alike within one: the posterior under Jeffreys' prior, near Wilson's interval."""
    assert clustered([(1, 1)] * 30 + [(0, 1)] * 70) == pytest.approx(wilson(30, 100), abs=0.005)
    assert clustered([(0, 1)] * 100).high == pytest.approx(0.0247, abs=2e-4)  # Beta(0.5, 100.5), 97.5 %


def test_copies_of_an_observation_add_nothing() -> None:
    """50 clusters of 20 equal steps say what 50 observations say, not what 1000 do."""
    alike = clustered([(20, 20)] * 15 + [(0, 20)] * 35)
    assert alike == pytest.approx(wilson(15, 50), abs=0.06)
    assert (alike.high - alike.low) > 3 * (wilson(300, 1000).high - wilson(300, 1000).low)


def test_clusters_that_differ_no_more_than_chance_would_are_as_good_as_independent() -> None:
    assert clustered([(490, 500)] * 26) == pytest.approx(wilson(490 * 26, 500 * 26), abs=2e-4)


def test_nothing_counted_in_any_cluster_is_no_claim_of_independence() -> None:
    """Unlike Wilson's, the bound is about clusters more than about observations."""
    low, high = clustered([(0, 60)] * 26)
    assert low == 0
    assert high > 5 * wilson(0, 26 * 60).high
    assert high > clustered([(0, 60)] * 52).high > clustered([(0, 60)] * 200).high
    assert clustered([(60, 60)] * 26) == pytest.approx((1 - high, 1.0))


def test_no_clusters_to_compare() -> None:
    assert clustered([(3, 3)]) == wilson(3, 3)
    assert clustered([(0, 0), (2, 5)]) == wilson(2, 5)
    assert clustered([]) == Interval(0.0, 1.0)


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), min_size=1, max_size=12))
def test_the_clustered_interval_holds_its_share_and_has_a_mirror_image(pairs: list[tuple[int, int]]) -> None:
    clusters = [(min(pair), max(pair)) for pair in pairs]
    total, n = sum(count for count, _ in clusters), sum(size for _, size in clusters)
    low, high = clustered(clusters)
    assert 0 <= low <= high <= 1
    assert clustered([(size - count, size) for count, size in clusters]) == pytest.approx((1 - high, 1 - low), abs=1e-6)
    if n and total in (0, n):
        assert low <= total / n <= high


@pytest.mark.parametrize(("rate", "clusters", "size"), [(0.2, 25, 20), (0.97, 12, 50), (0.99, 12, 40)])
def test_the_clustered_interval_covers_what_it_says(rate: float, clusters: int, size: int) -> None:
    """Clusters with rates of their own, a correlation of 0.2 within: a 95 % interval misses rarely, Wilson's often."""
    rng = random.Random(5)
    missed, plainly = 0, 0
    for _ in range(100):
        rates = [rng.betavariate(rate * 4, (1 - rate) * 4) for _ in range(clusters)]
        counts = [(sum(rng.random() < one for _ in range(size)), size) for one in rates]
        low, high = clustered(counts)
        missed += not low <= rate <= high
        low, high = wilson(sum(count for count, _ in counts), clusters * size)
        plainly += not low <= rate <= high
    assert missed <= 11, "about 5 of 100 are expected"
    assert plainly > 11


@given(
    st.lists(st.tuples(st.integers(0, 30), st.integers(1, 30)), min_size=2, max_size=8),
    st.lists(st.tuples(st.integers(0, 30), st.integers(1, 30)), min_size=2, max_size=8),
)
def test_the_difference_of_clustered_proportions_has_a_mirror_image(
    one: list[tuple[int, int]], other: list[tuple[int, int]]
) -> None:
    first, second = ([(min(pair), max(pair)) for pair in pairs] for pairs in (one, other))
    found, turned = clustered_difference(first, second), clustered_difference(second, first)
    assert found is not None
    assert turned is not None
    assert -1 <= found.low < found.high <= 1
    assert turned == pytest.approx((-found.high, -found.low), abs=2e-3)


def test_a_difference_is_narrower_than_its_ends_combined_and_wider_than_either_alone() -> None:
    none, some = [(0, 40)] * 30, [(4, 40)] * 30
    apart = clustered_difference(none, none)
    assert apart is not None
    assert apart.high < clustered(none).high
    assert apart.low == pytest.approx(-apart.high, abs=1e-3)
    rose = clustered_difference(some, none)
    assert rose is not None
    assert 0.05 < rose.low < 0.1 < rose.high
    assert rose.high - rose.low > clustered(some).high - clustered(some).low


def test_a_single_cluster_tells_no_difference() -> None:
    assert clustered_difference([(0, 40), (0, 0)], [(0, 40)] * 30) is None
    assert clustered_difference([(0, 40)] * 30, []) is None


@pytest.mark.parametrize(("leakage", "clusters"), [(0.0, 25), (0.05, 25), (0.05, 60)])
def test_the_difference_of_clustered_proportions_covers_what_it_says(leakage: float, clusters: int) -> None:
    """Clusters with rates of their own, which befall both groups; bootstrapping clusters misses more often."""
    rng = random.Random(7)
    missed = resampled = 0
    for _ in range(80):
        both = []
        for _ in range(clusters):
            usual = rng.betavariate(0.02 * 4, 0.98 * 4)
            more = rng.betavariate(leakage * 4, (1 - leakage) * 4) if leakage else 0.0
            new, old = rng.randint(1, 40), rng.randint(1, 80)
            counts = [
                (sum(rng.random() < rate for _ in range(n)), n)
                for rate, n in ((1 - (1 - usual) * (1 - more), new), (usual, old))
            ]
            both.append((counts[0], counts[1]))
        true = leakage * 0.98
        interval = clustered_difference([one for one, _ in both], [other for _, other in both])
        assert interval is not None
        missed += not interval.low <= true <= interval.high
        drawn = bootstrap(both, _rise, seed=1, resamples=200)
        assert drawn is not None
        resampled += not drawn.low <= true <= drawn.high
    assert missed <= 8, "about 4 of 80 are expected"
    assert missed <= resampled


def _rise(both: Sequence[tuple[tuple[int, int], tuple[int, int]]]) -> float:
    rates = [sum(pair[side][0] for pair in both) / sum(pair[side][1] for pair in both) for side in (0, 1)]
    return rates[0] - rates[1]


def test_holm_multiplies_the_smallest_most_and_never_reorders() -> None:
    assert holm({"a": 0.01, "b": 0.04, "c": 0.03, "d": 0.005}) == pytest.approx(
        {"a": 0.03, "b": 0.06, "c": 0.06, "d": 0.02}
    )
    assert holm({"a": 0.9, "b": 0.8}) == {"a": 1.0, "b": 1.0}
    assert holm({}) == {}


def test_the_e_value_by_hand_and_its_promise() -> None:
    assert e_value(0, 0) == pytest.approx(1.0)
    assert e_value(1, 0) == pytest.approx(1.5)  # the mean of 2p over p from 1/2 to 1
    assert e_value(0, 1) == pytest.approx(0.5)
    assert e_value(40, 10) > 1000 > 20 > 1 > e_value(10, 40)
    rng, crossed = random.Random(11), 0
    for _ in range(400):
        wins = losses = 0
        for _ in range(300):
            won = rng.random() < 0.5
            wins, losses = wins + won, losses + (not won)
            if e_value(wins, losses) >= 20:
                crossed += 1
                break
    assert crossed <= 20 + 9, "at most 5 % of 400, give or take two standard errors"


def test_non_inferiority_asks_for_the_whole_interval() -> None:
    assert non_inferior(Estimate(0.0, -0.009, 0.02, 500), 0.01)
    assert not non_inferior(Estimate(0.03, -0.011, 0.07, 50), 0.01)


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


def test_fisher_against_counting_every_outcome() -> None:
    """Every way to choose who is hit, given how many are."""
    for of, of_others in ((3, 4), (5, 2), (1, 6)):
        for drawn in range(of + of_others + 1):
            ways = list(combinations(range(of + of_others), drawn))
            for hits in range(max(0, drawn - of_others), min(of, drawn) + 1):
                as_many = sum(sum(one < of for one in way) >= hits for way in ways)
                assert fisher(hits, of, drawn - hits, of_others) == pytest.approx(as_many / len(ways))
    # Fisher's lady, who told all eight cups.
    assert fisher(4, 4, 0, 4) == pytest.approx(1 / 70)


def test_mcnemar_against_counting_every_outcome() -> None:
    for n in range(9):
        for b in range(n + 1):
            extreme = sum(min(sum(toss), n - sum(toss)) <= min(b, n - b) for toss in product((0, 1), repeat=n))
            assert mcnemar(b, n - b) == pytest.approx(min(1.0, extreme / 2**n)) or 2 * b == n
    assert mcnemar(0, 0) == 1.0
    assert mcnemar(5, 5) == 1.0
    assert mcnemar(0, 10) == pytest.approx(2 / 1024)
    assert mcnemar(0, 3000) == 0.0


def test_mcnemar_against_scipy() -> None:
    stats = pytest.importorskip("scipy.stats")
    for b, c in [(1, 9), (12, 30), (250, 300), (1000, 1100), (4, 4)]:
        assert mcnemar(b, c) == pytest.approx(stats.binomtest(b, b + c).pvalue, rel=1e-9)


def test_pass_all() -> None:
    assert pass_all([(4, 4), (2, 4)], 1) == pytest.approx(0.75)
    assert pass_all([(4, 4), (2, 4)], 2) == pytest.approx((1 + 1 / 6) / 2)
    assert pass_all([(4, 4), (1, 1)], 4) == 1.0
    assert pass_all([(1, 1)], 2) is None
