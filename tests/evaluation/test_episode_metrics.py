"""What episodes came to, cost and lost, on sessions small enough to count by hand."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridle.evaluation import costs, drift, escalations, figures, outcomes
from bridle.evaluation.assessed import AssessedEpisode, AssessedStep, Routed, Spent
from bridle.evaluation.estimates import difference, proportion, quotient, rise
from bridle.evaluation.floor import Floor, floor
from bridle.runtime.ruling import HARNESS_FAILED
from bridle.statistics import Estimate
from bridle.trace import TraceStep

CALL = {"tool": "approve", "arguments": {"id": "E-1"}}


def step(legal: bool = True, *, asked: str = "", **fields: Any) -> AssessedStep:
    error = "" if legal else "state_conflict"
    values: dict[str, Any] = {"proposed": CALL, "call": CALL, "legal": legal, "error_class": error} | fields
    return AssessedStep(TraceStep(**values), legal, legal, asked=asked)


def refused(legal: bool, **fields: Any) -> AssessedStep:
    values: dict[str, Any] = {"answered_by": "harness", "verdict": "reject", "rule": "r1", "error_class": "no"} | fields
    return AssessedStep(TraceStep(proposed=CALL, call=None, **values), legal, None)


def episode(*steps: AssessedStep, success: bool = True, scenario: Any = 0, **fields: Any) -> AssessedEpisode:
    fields = {"ending": "done", "rewards": (float(success),)} | fields
    return AssessedEpisode(scenario=scenario, steps=steps, success=success, **fields)


def value(estimate: Estimate | None) -> float:
    assert estimate is not None
    assert estimate.low <= estimate.value <= estimate.high
    return estimate.value


def test_success_is_lost_at_the_first_setback() -> None:
    played = [
        episode(step(), step()),
        episode(step(), step(False), step(), success=True),
        episode(step(), step(False), step(False), success=False),
        episode(refused(False), step(), success=False),
        episode(step(), step(), step(), success=False),
    ]
    assert outcomes.funnel(played) == [
        outcomes.Lost(step=0, reached=5, setbacks=0, lost=1, share=0.2),
        outcomes.Lost(step=1, reached=5, setbacks=1, lost=1, share=0.2),
        outcomes.Lost(step=2, reached=4, setbacks=2, lost=1, share=0.2),
    ]
    assert outcomes.funnel([]) == []


EPISODES = st.lists(
    st.builds(
        lambda legal, success: episode(*map(step, legal), success=success),
        st.lists(st.booleans(), max_size=5),
        st.booleans(),
    ),
    min_size=1,
    max_size=20,
)


@given(EPISODES)
def test_the_funnel_ends_at_completion(played: list[AssessedEpisode]) -> None:
    lost = outcomes.funnel(played)
    assert sum(one.lost for one in lost) == sum(not one.success for one in played)
    assert all(one.lost <= one.setbacks or one.step == 0 for one in lost)
    reached = [one.reached for one in lost]
    assert reached == sorted(reached, reverse=True)


@given(EPISODES, st.integers(1, 4))
def test_every_figure_lies_in_its_interval(played: list[AssessedEpisode], seed: int) -> None:
    for metric in figures.ALONE:
        assert metric.of is not None
        found = metric.of(played, seed)
        if found is not None:
            assert found.low <= found.value <= found.high, metric.name
            assert found.n > 0


def test_rewards_that_are_no_shares_are_averaged() -> None:
    played = [episode(rewards=(reward,), scenario=n) for n, reward in enumerate((-1.0, 0.0, 1.0, 1.0))]
    assert value(outcomes.reward(played, seed=0)) == 0.25
    assert value(outcomes.reward([episode(scenario=n) for n in range(3)], seed=0)) == 1.0
    assert outcomes.reward([episode(rewards=())], seed=0) is None
    perfect = outcomes.reward([episode(scenario=n) for n in range(3)], seed=0)
    assert perfect is not None
    assert perfect.low < 1  # three of three are no proof


def test_wins_draws_and_losses() -> None:
    found = outcomes.win_draw_loss([1.0, 1.0, 0.0, -1.0])
    assert found is not None
    assert [value(one) for one in found] == [0.5, 0.25, 0.25]
    assert outcomes.win_draw_loss([]) is None
    halves = outcomes.win_draw_loss([1.0, 0.5, 0.0], drawn=0.5)
    assert halves is not None
    assert [round(one.value, 3) for one in halves] == [0.333, 0.333, 0.333]


def test_losses_by_illegality_are_among_losses() -> None:
    played = [
        episode(success=False, ending="illegal"),
        episode(success=False, ending="limit"),
        episode(success=False, ending="done"),
        episode(success=True, ending="illegal"),
        episode(success=False, ending=""),
    ]
    assert value(outcomes.losses_by_illegality(played)) == pytest.approx(1 / 3)
    assert outcomes.losses_by_illegality([episode()]) is None


def test_pass_hat_k_is_by_template() -> None:
    played = [episode(success=n < 3, scenario=n, template="a") for n in range(4)]
    played += [episode(success=True, scenario=n, template="b") for n in range(4, 8)]
    played.append(episode(scenario=9, template="c"))
    assert value(outcomes.pass_hat(played, 2, seed=0)) == pytest.approx((3 / 6 + 1) / 2)
    assert outcomes.pass_hat(played, 5, seed=0) is None


def test_rules_are_counted_where_they_were_named() -> None:
    played = [episode(refused(False), step(False, recovery="retry", recovery_rule="again"), refused(True))]
    assert outcomes.rules_named(played) == {"again": 1, "r1": 2}


def test_escalations_are_right_where_a_person_is_needed() -> None:
    asked = refused(True, verdict="escalate")
    played = [
        episode(asked, needs_person=True, scenario=1),
        episode(asked, asked, scenario=2),
        episode(step(), needs_person=True, scenario=3),
        episode(step(), needs_person=True, routed=(Routed("legal", True, True),), scenario=4),
        episode(step(), routed=(Routed("billing", False, False),), scenario=5),
    ]
    assert value(escalations.escalation_precision(played)) == pytest.approx(1 / 3)
    assert value(escalations.escalation_recall(played)) == pytest.approx(2 / 3)
    assert value(escalations.routing_accuracy(played)) == 0.5
    assert escalations.escalation_recall([episode(asked)]) is None


def test_a_person_who_is_asked_after_an_error_is_asked() -> None:
    asked = step(False, recovery="escalate", recovery_rule="stuck")
    played = [episode(asked, needs_person=True, scenario=1), episode(asked, scenario=2)]
    assert value(escalations.escalation_precision(played)) == 0.5
    assert value(escalations.escalation_recall(played)) == 1.0


def test_a_success_costs_what_the_failures_cost_too() -> None:
    played = [
        episode(step(), step(), step(origin="retry"), scenario=1),
        episode(step(), step(), step(), step(), success=False, scenario=2),
    ]
    assert value(costs.per_episode(played, "calls", seed=0)) == 3
    assert value(costs.per_success(played, "calls", seed=0)) == 6
    assert costs.per_success(played[1:], "calls", seed=0) is None
    assert costs.calls(episode(step(origin="harness"))) == 0


def test_unknown_tokens_and_money_are_never_zero() -> None:
    known = episode(step(), spent=Spent(calls=3, tokens=100, usd=0.5), scenario=1)
    unknown = episode(step(), spent=Spent(calls=1), scenario=2)
    other = episode(step(), spent=Spent(calls=3, tokens=100, usd=1.0), scenario=3)
    assert value(costs.per_episode([known, other], "usd", seed=0)) == 0.75
    assert costs.per_episode([known], "usd", seed=0) is None, "one cluster has no interval"
    assert costs.per_episode([known, unknown], "tokens", seed=0) is None
    assert costs.per_episode([episode(step())], "tokens", seed=0) is None
    assert value(costs.per_episode([known, unknown], "calls", seed=0)) == 2


def test_a_harness_pays_for_its_synthesis_by_what_it_saves() -> None:
    without = [episode(step(), step(), success=n == 0, scenario=n) for n in range(4)]  # 8 calls for 1 success
    with_ = [episode(step(), step(), scenario=n) for n in range(4)]  # 8 calls for 4, worth 32 without
    assert costs.decisions_to_pay(with_, without, 30, "calls") == 10  # (32 - 8) / 8 saved with each decision
    assert costs.decisions_to_pay(with_, without, 0, "calls") == 0
    assert costs.decisions_to_pay(without, with_, 30, "calls") is None
    assert costs.decisions_to_pay(with_, without, None, "calls") is None
    assert costs.decisions_to_pay(with_, without, 30, "tokens") is None


def test_latencies_are_nearest_ranks() -> None:
    assert costs.latency([0.001 * n for n in range(100, 0, -1)]) == (0.05, 0.099, 100)
    assert costs.latency([]) is None


def test_drift_is_paired_by_scenario_and_clustered_as_the_nominal_one() -> None:
    nominal = [episode(step(), scenario=n, template=f"t{n % 4}") for n in range(16)]
    changed = [
        episode(step() if n % 4 else refused(True), success=n % 4 > 0, scenario=n, template=f"t{n % 4}", change="x")
        for n in range(16)
    ]
    assert value(drift.drift_robustness(changed, nominal, seed=0)) == -0.25
    rose = drift.false_rejection_rise(changed, nominal, seed=0)
    assert value(rose) == 0.25
    assert rose is not None
    assert rose.n == 16
    steady = drift.false_rejection_rise(nominal, nominal, seed=0)
    assert steady is not None
    assert steady.low < 0 == steady.value < steady.high  # no claim of an exact zero
    assert drift.false_rejection_rise(changed, [], seed=0) is None


def test_a_gap_is_a_difference_of_independent_figures() -> None:
    found = difference(Estimate(0.9, 0.8, 0.95, 100), Estimate(0.5, 0.4, 0.6, 50))
    assert found is not None
    assert found.value == pytest.approx(0.4)
    assert found.low == pytest.approx(0.4 - (0.1**2 + 0.1**2) ** 0.5)
    assert found.high == pytest.approx(0.4 + (0.05**2 + 0.1**2) ** 0.5)
    assert difference(None, found) is None


def test_one_question_with_two_truths_is_beyond_any_harness() -> None:
    played = [
        episode(step(asked="a"), step(False, asked="a"), step(asked="b")),
        episode(step(False, asked="a"), step(asked="c"), step(asked="c"), step()),
    ]
    assert floor(played) == Floor(wrong=1, asked=6, repeated=5)
    assert floor([episode(step())]) is None


def test_failures_of_the_harness_are_among_what_it_was_shown() -> None:
    broke = refused(True, answered_by="guard", error_class=HARNESS_FAILED, verdict="", rule="", harness="d")
    assert value(figures.harness_failures([episode(broke, step(harness="d"), step())])) == 0.5
    assert figures.harness_failures([episode(step())]) is None


@given(
    st.dictionaries(
        st.integers(0, 9), st.tuples(st.integers(0, 5), st.integers(0, 5)).map(lambda p: (min(p), max(p))), max_size=8
    )
)
def test_a_proportion_lies_in_its_interval_however_unlike_the_clusters(counts: dict[Any, tuple[int, int]]) -> None:
    found = proportion(counts)
    assert (found is None) == (sum(n for _, n in counts.values()) == 0)
    if found is not None:
        assert 0 <= found.low <= found.value <= found.high <= 1
        assert found.low < found.high


def test_a_proportion_of_large_clusters_that_disagree_with_small_ones() -> None:
    counts: dict[Any, tuple[int, int]] = dict.fromkeys(range(16), (0, 2)) | {"big": (60, 60), "huge": (50, 55)}
    found = proportion(counts)
    assert found is not None
    assert found.low <= found.value == 110 / 147 <= found.high


def test_sums_have_no_quotient_without_a_whole() -> None:
    assert quotient([("a", 1.0, 0.0)], seed=0) is None
    assert quotient([], seed=0) is None
    assert rise({"a": (1, 2)}, {"b": (1, 2)}, seed=0) is None
