"""H as the paper has it, and what of a trial goes into the evidence."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridle.errors import UsageError
from bridle.evaluation.evidence import Evidence
from bridle.evaluation.objectives import OBJECTIVES, objective
from bridle.harness import TEXT_ACTION, template
from bridle.rollout import Trial
from tables import OUTCOMES, Obedient, Table

HARNESS = template(TEXT_ACTION)
SCRIPTS = st.lists(st.lists(st.sampled_from(sorted(OUTCOMES)), max_size=8), min_size=1, max_size=3)
CLEAN = st.lists(st.lists(st.sampled_from(["legal", "over"]), max_size=8), min_size=1, max_size=3)


class Playable(Obedient):
    """The same, where a random legal player can play too."""

    def start(self, scenario: Any) -> Any:
        episode = super().start(scenario)
        episode.legal_actions = lambda: ["legal"]
        return episode


def measured(name: str, scripts: list[list[str]], steps: int = 8, environment: Obedient | None = None) -> Evidence:
    trial = Trial(lanes=len(scripts), steps=steps)
    return objective(name).measure(environment or Obedient(), HARNESS, Table(scripts), trial)


@given(scripts=SCRIPTS, steps=st.integers(1, 9))
def test_legality_is_legal_over_attempted(scripts: list[list[str]], steps: int) -> None:
    found = measured("legality", scripts, steps)
    legal, attempted = found.counts["legal"], found.counts["attempted"]
    assert found.h == (legal / attempted if attempted else 0.0)
    assert 0 <= legal <= attempted <= found.counts["planned"] == len(scripts) * steps
    assert found.complete == (found.endings == {"planned": len(scripts)})
    assert found.reaches(1.0) == (found.complete and legal == attempted)
    assert sum(found.endings.values()) == len(scripts)


@given(scripts=SCRIPTS, steps=st.integers(1, 9))
def test_policy_is_nothing_with_any_illegal_action_else_half_and_half_the_reward(
    scripts: list[list[str]], steps: int
) -> None:
    found = measured("policy", scripts, steps)
    clean = found.counts["legal"] == found.counts["attempted"] > 0
    assert found.h == (0.5 + 0.5 * (found.reward or 0.0) if clean else 0.0)
    assert (found.reward is None) == (found.counts["rewarded"] == 0)
    if found.counts["rewarded"]:
        assert found.reward == 0.5  # 1 on a scale from 0 to 2


def test_the_reward_of_a_seat_is_scaled_and_bounded() -> None:
    assert measured("policy", [["over"]]).reward == 0.5
    two = Playable(players=2)  # the harness sits first, then second: 1 and 2, on a scale from 0 to 2
    assert measured("policy", [["over", "over"]], environment=two).reward == pytest.approx(0.75)
    two.reward_range = (0.0, 1.5)
    assert measured("policy", [["over", "over"]], environment=two).reward == pytest.approx((1 / 1.5 + 1.0) / 2)


@given(first=SCRIPTS, second=SCRIPTS)
@pytest.mark.parametrize("name", ["legality", "policy"])
def test_both_trials_together_are_pooled(name: str, first: list[list[str]], second: list[list[str]]) -> None:
    one, two = measured(name, first), measured(name, second)
    both = objective(name).merge(one, two)
    assert both.counts == {key: one.counts[key] + two.counts[key] for key in one.counts}
    assert both.complete == (one.complete and two.complete)
    assert sum(both.endings.values()) == len(first) + len(second)
    assert both.failures == one.failures + two.failures
    if name == "legality":
        assert both.h == both.counts["legal"] / max(1, both.counts["attempted"])
    else:
        clean = both.counts["legal"] == both.counts["attempted"] > 0
        assert both.h == (0.5 + 0.5 * (both.reward or 0.0) if clean else 0.0)
        paid = [(e.reward, e.counts["rewarded"]) for e in (one, two) if e.reward is not None]
        total = sum(n for _, n in paid)
        assert both.reward == (pytest.approx(sum(r * n for r, n in paid) / total) if total else None)


def test_rewards_are_weighted_by_games_when_they_are_pooled() -> None:
    two = Playable(players=2)
    one, other = (measured("policy", [["over"] * n], n, two) for n in (1, 2))
    assert (one.reward, other.reward) == (0.5, 0.75)
    assert objective("policy").merge(one, other).reward == pytest.approx((0.5 + 0.5 + 1.0) / 3)


def test_the_environments_faults_are_counted() -> None:
    assert measured("legality", [["fault", "legal", "break"], []]).counts["faults"] == 2


def test_a_harness_whose_check_crashes_is_not_clean() -> None:
    for name in ("legality", "policy"):
        found = measured(name, [["crash-check"]] * 3)
        assert (found.h, found.complete) == (0.0, False)


def test_an_environment_that_never_starts_is_no_perfect_score() -> None:
    found = measured("legality", [[]], environment=Obedient(unstartable=range(1000)))
    assert (found.h, found.complete, found.endings) == (0.0, False, {"environment": 1})


@given(CLEAN)
def test_what_stopped_early_reaches_nothing(scripts: list[list[str]]) -> None:
    assert measured("legality", scripts).reaches(1.0)
    stopped = measured("legality", [*scripts, ["fault"] * 9])
    assert stopped.h in (0.0, 1.0)
    assert not stopped.reaches(0.1)


def test_wrong_refusals_are_seen_though_they_lower_no_score() -> None:
    found = measured("legality", [["refused-legal"] * 3])
    assert (found.h, found.disagrees, found.counts["wrong_refusals"]) == (1.0, True, 3)
    assert not measured("legality", [[]]).disagrees


def test_an_unknown_objective_is_said_with_those_there_are() -> None:
    with pytest.raises(UsageError, match="legality, policy"):
        objective("legal")
    assert all(name == found.name for name, found in OBJECTIVES.items())
