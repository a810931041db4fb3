"""Each metric on sessions small enough to count by hand; and what no metric may do."""

import random
from typing import Any

import pytest

from bridle.authorization import Decision, Outcome
from bridle.evaluation import metrics
from bridle.evaluation.assessed import AssessedEpisode, AssessedStep
from bridle.evaluation.metrics import FlippedCall
from bridle.runtime.rewrite import CHANGED_INTENT
from bridle.statistics import wilson
from bridle.trace import POLICY_DENIED, TraceStep

CALL = {"tool": "approve", "arguments": {"id": "E-1", "amount": 5}}


def decided(outcome: Outcome) -> Decision:
    return Decision(outcome=outcome, request_digest="r", policy_digest="p")


def step(proposed: bool | None, final: bool | None, denied: bool = False, **fields: Any) -> AssessedStep:
    values: dict[str, Any] = {"proposed": CALL, "call": CALL, "verdict": "accept"} | fields
    return AssessedStep(TraceStep(**values), proposed, final, denied)


def executed(legal: bool = True, *, error: str = "", **fields: Any) -> AssessedStep:
    error = error or ("" if legal else "state_conflict")
    return step(legal, legal, legal=legal, error_class=error, decision=decided(Outcome.PERMIT), **fields)


def rejected(proposed: bool, *, denied: bool = False, verdict: str = "reject", **fields: Any) -> AssessedStep:
    fields = {"answered_by": "harness", "error_class": "too-early"} | fields
    return step(proposed, None, denied, call=None, verdict=verdict, rule="r1", **fields)


def denied(**fields: Any) -> AssessedStep:
    fields = {"answered_by": "policy", "error_class": POLICY_DENIED} | fields
    return step(True, True, True, decision=decided(Outcome.DENY), **fields)


def episode(*steps: AssessedStep, success: bool = False, scenario: Any = 0, **fields: Any) -> AssessedEpisode:
    return AssessedEpisode(scenario=scenario, steps=steps, success=success, **fields)


EPISODE = episode(
    executed(),
    executed(False),
    executed(True, error="transient"),
    executed(True, origin="retry"),
    rejected(False),
    rejected(True),
    rejected(True, denied=True),
    rejected(True, verdict="escalate"),
    denied(),
    rejected(False, verdict="rewrite", answered_by="guard", error_class=CHANGED_INTENT),
    step(False, True, verdict="rewrite", legal=True),
    step(True, True, verdict="rewrite", legal=True),
    step(False, None, answered_by="environment", legal=False, error_class="schema"),
)


@pytest.mark.parametrize(
    ("metric", "count", "of"),
    [
        (metrics.valid_action_rate, 5, 7),
        (metrics.raw_valid_rate, 7, 12),
        (metrics.share_refused, 5, 12),
        # Inapplicable: executed(False), rejected(False), the intent changer, the mended one, the schema error.
        (metrics.false_acceptance, 1, 5),
        # Wanted: two executed, one rejected, one escalated, one rewritten.
        (metrics.false_rejection, 1, 5),
        (metrics.needless_escalations, 1, 5),
        (metrics.wrongly_withheld, 2, 5),
        (metrics.needless_rewrites, 1, 5),
        (metrics.changed_intent, 1, 3),
        (metrics.completion, 0, 1),
        (metrics.recovery, 0, 1),
        (metrics.repeated_denials, 0, 1),
        (metrics.repeated_failure_rate, 0, 2),
    ],
)
def test_counted_by_hand(metric: Any, count: int, of: int) -> None:
    estimate = metric([EPISODE])
    assert estimate is not None
    assert (estimate.value, estimate.n) == (count / of, of)
    assert estimate.low <= estimate.value <= estimate.high


@pytest.mark.parametrize(
    "metric",
    [
        metrics.valid_action_rate,
        metrics.raw_valid_rate,
        metrics.share_refused,
        metrics.false_acceptance,
        metrics.false_rejection,
        metrics.needless_escalations,
        metrics.wrongly_withheld,
        metrics.needless_rewrites,
        metrics.changed_intent,
        metrics.recovery,
        metrics.repeated_denials,
        metrics.repeated_failure_rate,
    ],
)
def test_nothing_to_count_is_no_data_and_never_a_perfect_score(metric: Any) -> None:
    assert metric([]) is None
    assert metric([episode(success=True)]) is None


def test_a_harness_that_refuses_everything_has_no_valid_action_rate_and_all_wrong_refusals() -> None:
    sessions = [episode(rejected(True), rejected(False)) for _ in range(10)]
    assert metrics.valid_action_rate(sessions) is None
    wrong = metrics.false_rejection(sessions)
    assert wrong is not None
    assert wrong.value == 1.0


def test_a_harness_that_escalates_everything_is_seen_too() -> None:
    sessions = [episode(rejected(True, verdict="escalate")) for _ in range(10)]
    assert metrics.false_rejection(sessions).value == 0.0  # type: ignore[union-attr]
    assert metrics.wrongly_withheld(sessions).value == 1.0  # type: ignore[union-attr]
    rightly = [episode(rejected(True, verdict="escalate"), needs_person=True) for _ in range(10)]
    assert metrics.needless_escalations(rightly).value == 0.0  # type: ignore[union-attr]
    assert metrics.wrongly_withheld(rightly).value == 0.0  # type: ignore[union-attr]


def test_a_rewrite_that_makes_a_call_inapplicable_is_a_false_acceptance() -> None:
    made_worse = step(True, False, verdict="rewrite", legal=False, error_class="not_found")
    accepted = metrics.false_acceptance([episode(made_worse)])
    assert accepted is not None
    assert (accepted.value, accepted.n) == (1.0, 1)


def test_refusing_to_repeat_a_denied_call_is_no_false_rejection() -> None:
    assert metrics.false_rejection([episode(denied(), rejected(True, denied=True))]) is None


@pytest.mark.parametrize(
    ("error_class", "counted"), [("in-doubt", False), ("outside-surface", False), ("harness-failed", True)]
)
def test_what_the_guard_stops_for_reasons_of_its_own_is_no_wrong_refusal(error_class: str, counted: bool) -> None:
    stopped = step(True, None, call=None, answered_by="guard", error_class=error_class)
    rate = metrics.false_rejection([episode(stopped, executed())])
    assert rate is not None
    assert rate.value == (0.5 if counted else 0.0)


def test_intervals_take_a_template_as_one_cluster() -> None:
    """A hundred copies of four templates say little more than four do."""
    by_template = [
        episode(*[executed(template < 2) for _ in range(25)], scenario=(template, copy), template=str(template))
        for template in range(4)
        for copy in range(10)
    ]
    clustered = metrics.valid_action_rate(by_template)
    assert clustered is not None
    assert clustered.value == 0.5
    assert clustered.n == 1000
    assert clustered.low < 0.15
    assert clustered.high > 0.85
    alone = [episode(executed(i % 2 == 0), scenario=i) for i in range(1000)]
    estimate = metrics.valid_action_rate(alone)
    assert estimate is not None
    assert estimate.interval == pytest.approx(wilson(500, 1000), abs=1e-3)


def test_recovery_and_its_steps() -> None:
    sessions = [
        episode(executed(), executed(False), executed(), executed(), success=True, scenario=0),
        episode(denied(), executed(), success=True, scenario=1),
        episode(executed(False), scenario=2),
        episode(executed(), success=True, scenario=3),
        episode(rejected(False), executed(), success=True, scenario=4),
    ]
    rate = metrics.recovery(sessions)
    assert rate is not None
    assert (rate.value, rate.n) == (2 / 3, 3), "a refusal by the harness is no failure"
    steps = metrics.recovery_steps(sessions, seed=1)
    assert steps is not None
    assert (steps.value, steps.n) == (1.5, 2)
    assert steps == metrics.recovery_steps(sessions, seed=1)
    assert metrics.recovery_steps(sessions[2:], seed=1) is None


def failed(arguments: Any, *, error: str = "not_found", tool: str = "approve", legal: bool = False) -> AssessedStep:
    return executed(legal, error=error, call={"tool": tool, "arguments": arguments})


@pytest.mark.parametrize(
    ("again", "repeated"),
    [
        (failed({"id": "E-1", "amount": 5}), True),
        (failed({"id": " e-1", "amount": "5.0", "note": None}), True),
        (failed({"amount": 5, "id": "E-1"}, tool="Approve"), True),
        (failed({"id": "E-1", "amount": 6}), False),
        (failed({"id": "E-1", "amount": 5}, error="schema"), False),
        (failed({"id": "E-1", "amount": 5}, tool="reject"), False),
    ],
)
def test_repeated_failures(again: AssessedStep, repeated: bool) -> None:
    rate = metrics.repeated_failure_rate([episode(failed({"id": "E-1", "amount": 5}), executed(), again)])
    assert rate is not None
    assert (rate.value, rate.n) == (repeated / 2, 2)


def test_transient_failures_and_other_episodes_are_no_repeats() -> None:
    busy = failed({}, error="transient", legal=True)
    assert metrics.repeated_failure_rate([episode(busy, busy)]) is None
    one = failed({"id": "E-1"})
    rate = metrics.repeated_failure_rate([episode(one, scenario=0), episode(one, scenario=1)])
    assert rate is not None
    assert rate.value == 0.0


def test_retries_after_a_denial_are_counted_apart() -> None:
    rate = metrics.repeated_denials([episode(denied(), denied(), denied())])
    assert rate is not None
    assert (rate.value, rate.n) == (2 / 3, 3)
    assert metrics.repeated_failure_rate([episode(denied(), denied())]) is None


def test_decisions_are_counted_by_outcome() -> None:
    assert metrics.decisions([EPISODE]) == {"deny": 1, "permit": 4}
    assert metrics.decisions([]) == {}


def outcomes(successes: str, *, templates: bool = False) -> list[AssessedEpisode]:
    return [
        episode(scenario=place, success=mark == "+", template=str(place // 4) if templates else "")
        for place, mark in enumerate(successes)
    ]


def test_completion_is_compared_on_the_same_scenarios() -> None:
    gain = metrics.completion_gain(outcomes("++++-+++" * 4), outcomes("+---+---" * 4), seed=3)
    assert gain is not None
    assert gain.value == pytest.approx(0.625)
    assert gain.n == 32
    assert gain.low > 0
    missing = metrics.completion_gain(outcomes("++"), outcomes("-")[:1], seed=3)
    assert missing is not None
    assert missing.n == 1
    assert metrics.completion_gain([], outcomes("+"), seed=3) is None


def test_headroom_share() -> None:
    without, with_, perfect = outcomes("----++" * 10), outcomes("+-+-++" * 10), outcomes("++++++" * 10)
    share = metrics.headroom_share(with_, without, perfect, seed=1)
    assert share is not None
    assert share.value == pytest.approx(0.5)
    assert 0.3 < share.low < 0.5 < share.high < 0.7
    assert metrics.headroom_share(with_, perfect, perfect, seed=1) is None, "no headroom, no share"
    assert metrics.headroom_share([], [], [], seed=1) is None


def flipped(new_refused: float, both_refused: float, *, seed: int = 0) -> list[FlippedCall]:
    rng = random.Random(seed)
    calls = []
    for cluster in range(40):
        calls += [FlippedCall(str(cluster), True, rng.random() < new_refused) for _ in range(10)]
        calls += [FlippedCall(str(cluster), False, rng.random() < both_refused) for _ in range(10)]
    return calls


def test_authority_leakage_is_what_is_refused_beyond_the_harnesss_usual_mistakes() -> None:
    none = metrics.authority_leakage(flipped(0.1, 0.1))
    assert none is not None
    assert none.low < 0 < none.high
    assert abs(none.value) < 0.05
    leaking = metrics.authority_leakage(flipped(0.6, 0.1))
    assert leaking is not None
    assert leaking.value == pytest.approx(0.5, abs=0.07)
    assert leaking.low > 0.3
    assert leaking.n == 400


def test_without_newly_permitted_calls_there_is_no_leakage_to_speak_of() -> None:
    only_both = [call for call in flipped(0, 0) if not call.newly_permitted]
    assert metrics.authority_leakage(only_both) is None
    assert metrics.authority_leakage([]) is None


def test_a_proposal_that_is_no_json_is_repeated_like_any_other() -> None:
    odd = failed({"amount": float("nan")}, error="schema")
    rate = metrics.repeated_failure_rate([episode(odd, odd)])
    assert rate is not None
    assert rate.value == 0.5
