"""What episodes came to: rewards, wins and losses, what illegality cost, where success was lost, pass^k."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from typing import NamedTuple

from bridle.evaluation.estimates import Episodes, mean, pooled
from bridle.evaluation.metrics import first_setback
from bridle.statistics import Estimate, bootstrap, pass_all, wilson


class WinDrawLoss(NamedTuple):
    """Shares of matches that were won, drawn and lost, each with its interval; they add up to 1."""

    win: Estimate
    draw: Estimate
    loss: Estimate


class Lost(NamedTuple):
    """One step of the funnel: `reached` episodes had got so far without a setback; of them `lost` had theirs here.

    `share` is `lost` ÷ all episodes: the completion that is lost here. Step 0 holds what failed without any setback.
    """

    step: int
    reached: int
    setbacks: int
    lost: int
    share: float


def reward(episodes: Episodes, *, seed: int) -> Estimate | None:
    """The first player's reward, averaged over the episodes that have one; a proportion where all are 0 or 1."""
    if all(reward in (0.0, 1.0) for e in episodes for reward in e.rewards[:1]):
        return pooled((e.cluster, e.rewards[0] == 1.0, True) for e in episodes if e.rewards)
    return mean(((e.cluster, e.rewards[0]) for e in episodes if e.rewards), seed=seed)


def win_draw_loss(rewards: Sequence[float], *, drawn: float = 0.0) -> WinDrawLoss | None:
    """What some rewards of two-player matches mean: above `drawn` is won, below is lost. Intervals are Wilson's."""
    if not rewards:
        return None
    n = len(rewards)
    counts = (
        sum(r > drawn for r in rewards),
        sum(r == drawn for r in rewards),
        sum(r < drawn for r in rewards),
    )
    return WinDrawLoss(*(Estimate(count / n, *wilson(count, n), n) for count in counts))


def losses_by_illegality(episodes: Episodes) -> Estimate | None:
    """Failed episodes that ended at an inapplicable call ÷ failed episodes whose ending is known."""
    return pooled((e.cluster, e.ending == "illegal", not e.success and bool(e.ending)) for e in episodes)


def funnel(episodes: Episodes) -> list[Lost]:
    """Success lost at each step: a failed episode is lost at its first failed, denied or refused call.

    A failed episode without any such call is lost at step 0, where nothing was seen to go wrong. The shares add up to
    1 - completion.
    """
    setbacks, lost = defaultdict[int, int](int), defaultdict[int, int](int)
    lengths: list[int] = []
    for episode in episodes:
        first = first_setback(episode, refusals=True)
        place = 0 if first is None else first + 1
        if place:
            setbacks[place] += 1
        lengths.append(len(episode.steps) if first is None else place)
        lost[place] += not episode.success
    return [
        Lost(
            step=place,
            reached=sum(length >= place for length in lengths),
            setbacks=setbacks[place],
            lost=lost[place],
            share=lost[place] / len(lengths),
        )
        for place in range(max((*setbacks, 0)) + 1)
        if setbacks[place] or lost[place]
    ]


def pass_hat(episodes: Episodes, k: int, *, seed: int) -> Estimate | None:
    """pass^k: the chance that k trials of a task all succeed. A task is a template, its trials are its scenarios.

    Source: tau-bench (Yao et al. 2024). `n` is the number of tasks with k trials or more.
    """
    tasks: dict[Hashable, list[int]] = {}
    for episode in episodes:
        pair = tasks.setdefault(episode.cluster, [0, 0])
        pair[0] += episode.success
        pair[1] += 1
    told = [(successes, trials) for successes, trials in tasks.values() if trials >= k]
    value = pass_all(told, k)
    interval = bootstrap(told, lambda drawn: pass_all(drawn, k), seed=seed)
    if value is None or interval is None:
        return None
    low, high = interval
    if low == high:  # all tasks alike: resampling says nothing of how wide it is
        low, high = wilson(round(value * len(told)), len(told))
    return Estimate(value, min(low, value), max(high, value), len(told))


def rules_named(episodes: Episodes) -> dict[str, int]:
    """How often each rule of a harness was named, in reviews and after errors."""
    named = defaultdict[str, int](int)
    for rule in _rules(episodes):
        named[rule] += 1
    return dict(sorted(named.items()))


def _rules(episodes: Episodes) -> Iterable[str]:
    for episode in episodes:
        for assessed in episode.steps:
            yield from (rule for rule in (assessed.step.rule, assessed.step.recovery_rule) if rule)
