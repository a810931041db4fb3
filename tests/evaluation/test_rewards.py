"""Whole matches of a policy: how many are played, what each brought, and what they are measured against."""

import json
import re
from statistics import stdev
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridle.environment import Observation, Step
from bridle.errors import UsageError
from bridle.evaluation.evidence import Evidence
from bridle.evaluation.objectives import objective
from bridle.evaluation.rewards import LOOP, REFERENCE_MATCHES, WORST, reference
from bridle.harness import TEXT_ACTION, template
from bridle.rollout import SHORT, Trial
from bridle.synthesis.critic import QUOTAS, criticise
from bridle.testing.toy import Doors
from tables import Obedient, Table

HARNESS = template(TEXT_ACTION)


def measured(script: list[str], *, lanes: int = 1, environment: Any = None, **size: int) -> Evidence:
    """The same script in every lane, over and over where it is a loop."""
    trial = Trial(lanes=lanes, **size)
    table = Table([list(script) for _ in range(lanes)])
    return objective("policy").measure(environment or Obedient(), HARNESS, table, trial)


def match(steps: int) -> list[str]:
    return ["legal"] * (steps - 1) + ["over"]


def test_short_matches_are_played_until_there_are_many() -> None:
    found = measured(match(3) * 1000, lanes=2, steps=1000, matches=4)
    matches = -(-SHORT // 3)
    assert found.counts["attempted"] == 2 * 3 * matches
    assert found.rewards is not None
    assert found.rewards.values == (1.0,) * (2 * matches)
    assert found.complete
    assert found.counts["planned"] == found.counts["attempted"]
    assert found.counts["rewarded"] == 2 * matches


def test_long_matches_are_played_to_their_ends_and_no_more_than_asked_for() -> None:
    found = measured(match(150) * 10, steps=1000, matches=4)
    assert (found.counts["attempted"], found.counts["rewarded"]) == (600, 4)
    assert found.rewards is not None
    assert found.rewards.endings == {"over": 4}


def test_no_match_begins_after_the_steps_and_one_that_never_ends_is_cut_and_counts_as_the_lowest() -> None:
    found = measured(match(60) * 2 + ["legal"] * 999, steps=100, matches=50)
    assert found.rewards is not None
    assert found.counts["attempted"] == 120
    assert found.rewards.values == (1.0, 1.0)
    cut = measured(match(60) + ["legal"] * 999, steps=100, matches=50)
    assert cut.rewards is not None
    assert cut.counts["attempted"] == 200 == Trial(lanes=1, steps=100, matches=50).planned
    assert cut.rewards.values == (1.0, 0.0)
    assert cut.rewards.endings == {"cut": 1, "over": 1}
    assert cut.reward == 0.25
    assert cut.complete


def test_without_matches_a_trial_is_the_papers() -> None:
    found = measured(match(60) * 4, steps=100)
    assert (found.counts["attempted"], found.reward, found.rewards) == (100, 0.5, None)
    with pytest.raises(UsageError, match="Matches"):
        Trial(matches=0)


class Paying(Obedient):
    """Pays what stands in the scenario's number, where a random legal player can play."""

    reward_range = (-1.0, 1.0)

    def start(self, scenario: Any) -> Any:
        episode = super().start(scenario)
        step = episode.step

        def paid(action: Any) -> Step:
            found = step(action)
            value = [-1.0, 0.0, 1.0][scenario.index % 3]
            return found._replace(rewards=(value,) * self.players) if found.over else found

        episode.step = paid
        episode.legal_actions = lambda: ["over"]
        return episode


def test_the_mean_has_a_standard_error_and_the_worst_and_best_are_kept() -> None:
    found = measured(match(20) * 9, steps=100, matches=9, environment=Paying())
    rewards = found.rewards
    assert rewards is not None
    assert rewards.values == (-1.0, 0.0, 1.0, -1.0, 0.0)
    on_scale = [0.0, 0.5, 1.0, 0.0, 0.5]
    assert rewards.mean == pytest.approx(sum(on_scale) / 5)
    assert rewards.error == pytest.approx(stdev(on_scale) / 5**0.5)
    assert len(rewards.worst) == WORST
    assert rewards.worst[0].reward == -1.0
    assert rewards.best is not None
    assert (rewards.best.reward, rewards.best.steps, rewards.best.action) == (1.0, 20, "over")
    assert rewards.worst[0].observation == "0/19"


def test_the_reference_is_a_random_legal_player_on_the_same_scenarios() -> None:
    found = reference(Paying(), Trial(lanes=3, steps=100, matches=2))
    assert found is not None
    assert (found.matches, found.worst.reward, found.best.reward) == (REFERENCE_MATCHES, -1.0, 1.0)
    # lanes 0, 1, 2 of match m play scenarios 3m, 3m + 1, 3m + 2: as many of each reward, but for the last two
    assert found.mean == pytest.approx((7 * 0.0 + 7 * 0.5 + 6 * 1.0) / 20)
    assert reference(Obedient(), Trial(lanes=3)) is None  # nobody knows there what is legal


def test_one_reference_for_all_candidates_and_none_for_confirmations() -> None:
    train = measured(match(20) * 9, steps=100, matches=9, environment=Paying())
    assert train.rewards is not None
    assert train.rewards.reference is not None
    assert train.rewards.reference.matches == REFERENCE_MATCHES
    table, goal = Table([match(20) * 9]), objective("policy")
    trial = Trial(split="validation", lanes=1, steps=100, matches=9)
    fresh = goal.measure(Paying(), HARNESS, table, trial)
    assert fresh.rewards is not None
    assert fresh.rewards.reference is None
    both = goal.merge(train, fresh)
    assert both.rewards is not None
    assert both.rewards.values == train.rewards.values + fresh.rewards.values
    assert both.rewards.reference == train.rewards.reference
    assert both.reward == both.rewards.mean


class Circling(Obedient):
    """Shows the same after every action."""

    def start(self, scenario: Any) -> Any:
        episode = super().start(scenario)
        episode.observe = lambda: Observation(0, f"{scenario.index}/the same board")
        return episode


def test_news_that_come_back_are_counted() -> None:
    looped = measured(match(LOOP + 1) * 2 + match(LOOP), steps=3 * LOOP + 2, matches=3, environment=Circling())
    assert looped.rewards is not None
    assert looped.rewards.loops == 2
    assert max(end.repeats for end in looped.rewards.worst) == LOOP


@given(st.lists(st.sampled_from([1, 2, 5, 40]), min_size=1, max_size=9), st.integers(1, 60), st.integers(1, 5))
def test_every_match_that_was_begun_counts_once_and_records_read_back(
    lengths: list[int], steps: int, matches: int
) -> None:
    found = measured([o for n in lengths for o in match(n)], steps=steps, matches=matches, environment=Paying())
    assert found.rewards is not None
    assert sum(found.rewards.endings.values()) == len(found.rewards.values) == found.counts["rewarded"]
    assert found.counts["attempted"] <= 2 * steps
    assert found.complete
    assert Evidence.from_record(json.loads(json.dumps(found.record()))) == found


def told(evidence: Evidence) -> str:
    return criticise(evidence, quotas=QUOTAS).text


def test_the_critic_says_what_a_policy_search_needs() -> None:
    text = told(measured(match(20) * 9, steps=100, matches=9, environment=Paying()))
    assert "mean final reward 0.400 ± 0.187 (standard error) on a scale from 0 to 1, over 5 matches" in text
    assert "the environment's rewards go from -1 to 1, and yours went from -1 to 1" in text
    assert re.search(
        r"a random legal player gets 0\.475 ± 0\.09\d \(standard error\), over 20 matches of the same", text
    )
    assert "that is more than yours" in text
    assert text.count("### A match that went badly") == WORST
    assert "### The match that went best: reward 1 after 20 steps; it ended by the rules" in text
    cut = told(measured(match(60) + ["legal"] * 999, steps=100, matches=50))
    assert "1 of the matches: it had not ended after so many steps and was cut" in cut
    looped = told(measured(match(9) * 99, steps=100, matches=3, environment=Circling()))
    assert "the very same news came back 4 times or more" in looped
    assert "the same news came back 8 times in it" in looped


def test_as_long_as_steps_fail_no_match_is_shown() -> None:
    text = told(measured([*match(20), "illegal-accepted"], steps=100, matches=9, environment=Paying()))
    assert "### Problem 1" in text
    assert "### A match" not in text


def test_before_the_first_answer_the_random_players_matches_are_shown() -> None:
    found = reference(Doors(), Trial(lanes=10, steps=100, matches=4))
    assert found is not None
    text = criticise(None, starts=[(0, "a start")], quotas=QUOTAS, reference=found).text
    assert "### What is to be beaten\n\n- a random legal player gets" in text
    assert "### A random legal player's worst match: reward" in text


@pytest.mark.parametrize("preset", ["default", "paper"])
def test_the_papers_preset_plays_no_whole_matches(preset: str) -> None:
    from bridle.synthesis.plan import Plan, paper

    plan = Plan(environment=None, objective="policy", matches=4)
    assert (paper(plan) if preset == "paper" else plan).trial().matches == (None if preset == "paper" else 4)
