"""Do the intervals hold what they say, and does the gate promote only what is better?

Coverage of 95 % intervals for a pooled proportion at rates near 1, with few clusters and observations that are alike
within one (each cluster's rate is drawn from a Beta distribution with the given intra-cluster correlation; sizes vary
by half). Beside `clustered`: Wilson's interval as if all were independent, and the design effect of Korn and Graubard
1998 with Wilson's score and Student's quantile, as survey statistics does it.

Then the same for the difference of two proportions, as authority leakage is one: what is refused of the calls that are
newly permitted, minus what is refused of those that were permitted before, in the same clusters. A cluster's ordinary
refusals befall both; the leakage comes on top. Beside `clustered_difference`: both ends of `clustered` combined as
Newcombe 1998 does it, the bootstrap over clusters, and Newcombe's as if all were independent.

Then the e-value gate: an equal candidate and one that is ten points better, looked at after every pair, beside a z-test
that is looked at as often. Everything is simulated and seeded; nothing depends on this machine. `--trials` sets how
many samples a row has.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Callable, Sequence
from math import pi, sqrt, tan
from statistics import NormalDist, mean

from bridle.statistics import Interval, bootstrap, clustered, clustered_difference, e_value, wilson

Clusters = Sequence[tuple[int, int]]
Method = Callable[[Clusters], Interval]
Differing = Callable[[Clusters, Clusters], Interval]


def independent(clusters: Clusters) -> Interval:
    """Wilson's, as if no two observations were alike."""
    return wilson(sum(count for count, _ in clusters), sum(n for _, n in clusters))


def design_effect(clusters: Clusters) -> Interval:
    """Korn and Graubard's effective sample size in Wilson's score interval."""
    total, n, k = sum(count for count, _ in clusters), sum(n for _, n in clusters), len(clusters)
    if total in (0, n):
        return wilson(total, n)
    share = total / n
    spread = k / (k - 1) * sum((count - share * size) ** 2 for count, size in clusters) / n**2
    effect = max(1.0, spread / (share * (1 - share) / n))
    t, m = student(0.975, k - 1), n / effect
    middle, scale = (share + t * t / (2 * m)) / (1 + t * t / m), 1 + t * t / m
    half = t * sqrt(share * (1 - share) / m + t * t / (4 * m * m)) / scale
    return Interval(max(0.0, middle - half), min(1.0, middle + half))


def student(p: float, degrees: int) -> float:
    """The p-quantile of Student's t; Abramowitz and Stegun 26.7.5."""
    if degrees == 1:
        return tan(pi * (p - 0.5))
    z = NormalDist().inv_cdf(p)
    terms = ((z**3 + z) / 4, (5 * z**5 + 16 * z**3 + 3 * z) / 96, (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384)
    return z + sum(term / degrees**power for power, term in enumerate(terms, start=1))


METHODS: dict[str, Method] = {"clustered": clustered, "design effect": design_effect, "independent": independent}


def posteriors(first: Clusters, second: Clusters) -> Interval:
    """The one under test."""
    found = clustered_difference(first, second)
    assert found is not None, "there are several clusters"
    return found


def ends(first: Clusters, second: Clusters, method: Method = clustered) -> Interval:
    """The ends of two intervals, combined by Newcombe's tenth method."""
    (one, low, high), (other, least, most) = ((pooled(two), *method(two)) for two in (first, second))
    value = one - other
    return Interval(
        value - sqrt((one - low) ** 2 + (most - other) ** 2), value + sqrt((high - one) ** 2 + (other - least) ** 2)
    )


def drawn_together(first: Clusters, second: Clusters) -> Interval:
    """The bootstrap over clusters, both proportions at once."""
    both = list(zip(first, second, strict=True))
    found = bootstrap(
        both, lambda some: pooled([one for one, _ in some]) - pooled([other for _, other in some]), seed=0
    )
    assert found is not None, "no cluster is empty"
    return found


def pooled(clusters: Clusters) -> float:
    return sum(count for count, _ in clusters) / sum(n for _, n in clusters)


DIFFERING: dict[str, Differing] = {
    "posteriors": posteriors,
    "ends combined": ends,
    "bootstrap": drawn_together,
    "independent": lambda first, second: ends(first, second, independent),
}


def two_samples(
    rng: random.Random, *, refused: float, leakage: float, likeness: float, clusters: int, size: int
) -> tuple[Clusters, Clusters]:
    """Counts of newly permitted calls and of five times as many others, which have one rate of refusal by cluster."""
    first, second = [], []
    for _ in range(clusters):
        usual, more = own_rate(rng, refused, likeness), own_rate(rng, leakage / (1 - refused), likeness)
        for found, n, rate in (
            (first, rng.randint(1, 2 * size), 1 - (1 - usual) * (1 - more)),
            (second, rng.randint(1, 10 * size), usual),
        ):
            found.append((sum(rng.random() < rate for _ in range(n)), n))
    return first, second


def differences(trials: int) -> None:
    """Print how often each method's interval holds the leakage, in per cent, and how wide it is on average."""
    print(
        f"{'refused':>7} {'leakage':>8} {'likeness':>8} {'clusters':>8} {'size':>5}",
        *(f"{name:>20}" for name in DIFFERING),
        sep="  ",
    )
    held_by: dict[str, list[float]] = {name: [] for name in DIFFERING}
    for refused, leakage in ((0.0, 0.0), (0.02, 0.0), (0.0, 0.01), (0.0, 0.05), (0.02, 0.05)):
        for likeness in (0.05, 0.2) if refused or leakage else (0.0,):
            for clusters, size in ((25, 10), (25, 50), (100, 10), (100, 50)):
                rng = random.Random(f"{refused}/{leakage}/{likeness}/{clusters}/{size}")
                drawn = [
                    two_samples(rng, refused=refused, leakage=leakage, likeness=likeness, clusters=clusters, size=size)
                    for _ in range(trials)
                ]
                cells = []
                for name, method in DIFFERING.items():
                    intervals = [method(*one) for one in drawn]
                    held = mean(low <= leakage <= high for low, high in intervals)
                    held_by[name].append(held)
                    cells.append(f"{100 * held:9.1f} % / {mean(high - low for low, high in intervals):.3f}")
                print(
                    f"{refused:7} {leakage:8} {likeness:8} {clusters:8} {size:5}",
                    *(f"{cell:>20}" for cell in cells),
                    sep="  ",
                )
    for name, held in held_by.items():
        print(f"{name}: {100 * min(held):.1f} to {100 * max(held):.1f} %, on average {100 * mean(held):.1f} %")
    print("wanted: at least 94 %\n")


def sample(rng: random.Random, *, rate: float, likeness: float, clusters: int, size: int) -> Clusters:
    """Counts of one simulated evaluation."""
    counts = []
    for _ in range(clusters):
        n = rng.randint(size // 2, size * 3 // 2)
        own = own_rate(rng, rate, likeness)
        counts.append((sum(rng.random() < own for _ in range(n)), n))
    return counts


def own_rate(rng: random.Random, rate: float, likeness: float) -> float:
    """A cluster's own rate; `likeness` is the correlation within one."""
    both = (1 - likeness) / likeness if likeness else 0.0
    return rng.betavariate(rate * both, (1 - rate) * both) if likeness and 0 < rate < 1 else rate


def coverage(trials: int) -> None:
    """Print how often each method's interval holds the rate, in per cent, and how wide it is on average."""
    print(f"{'rate':>5} {'likeness':>8} {'clusters':>8} {'size':>5}", *(f"{name:>20}" for name in METHODS), sep="  ")
    held_by: dict[str, list[float]] = {name: [] for name in METHODS}
    for rate in (0.97, 0.99):
        for likeness in (0.0, 0.05, 0.2):
            for clusters, size in ((6, 10), (6, 50), (12, 10), (12, 50), (25, 10), (25, 50)):
                rng = random.Random(f"{rate}/{likeness}/{clusters}/{size}")
                drawn = [sample(rng, rate=rate, likeness=likeness, clusters=clusters, size=size) for _ in range(trials)]
                cells = []
                for name, method in METHODS.items():
                    intervals = [method(one) for one in drawn]
                    held = mean(low <= rate <= high for low, high in intervals)
                    held_by[name].append(held)
                    cells.append(f"{100 * held:9.1f} % / {mean(high - low for low, high in intervals):.3f}")
                print(f"{rate:5} {likeness:8} {clusters:8} {size:5}", *(f"{cell:>20}" for cell in cells), sep="  ")
    for name, held in held_by.items():
        print(f"{name}: {100 * min(held):.1f} to {100 * max(held):.1f} %, on average {100 * mean(held):.1f} %")
    print("wanted: 93 to 97 %\n")


def gate(trials: int, *, pairs: int = 500) -> None:
    """Print how often an equal and a better candidate are promoted, looked at after every pair."""
    print(f"promoted within {pairs} pairs, looked at after each of them   e-value >= 20   z-test, p < 0.05 one-sided")
    for name, better, worse in (("equal", 0.15, 0.15), ("10 points better", 0.20, 0.10)):
        rng, by_e, by_z = random.Random(name), 0, 0
        for _ in range(trials):
            wins = losses = 0
            promoted_e = promoted_z = False
            for _ in range(pairs):
                drawn = rng.random()
                if drawn >= better + worse:
                    continue
                wins, losses = wins + (drawn < better), losses + (drawn >= better)
                promoted_e = promoted_e or e_value(wins, losses) >= 20
                z = (wins - losses) / sqrt(wins + losses)
                promoted_z = promoted_z or (wins + losses >= 10 and z > 1.645)
            by_e, by_z = by_e + promoted_e, by_z + promoted_z
        print(f"{name:58} {by_e / trials:14.1%} {by_z / trials:18.1%}")
    print("wanted: an equal candidate in at most 5 %")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=500)
    parser.add_argument("--part", choices=("all", "proportions", "differences", "gate"), default="all")
    options = parser.parse_args()
    trials = options.trials
    if options.part in ("all", "proportions"):
        coverage(trials)
    if options.part in ("all", "differences"):
        differences(trials)
    if options.part in ("all", "gate"):
        gate(trials)


if __name__ == "__main__":
    main()
