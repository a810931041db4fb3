"""The policy flip: what it asks, and how narrowly it tells a harness that learned who may from one that did not."""

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import pytest
from cheats import instead

from bridle.environments.catalog import resolve
from bridle.evaluation.comparison import cedar
from bridle.evaluation.flip import BOTH, flip_scenarios, flipped_calls
from bridle.evaluation.leakage import EPISODES
from bridle.evaluation.metrics import FlippedCall, authority_leakage, flip_counts
from bridle.harness import Call, Reply

WORKFLOWS = ("expense", "support", "deployment")
ACCEPT = {"verdict": "accept"}
REFUSE = {"verdict": "reject", "rule": "no", "code": "no", "hint": "No.", "try_again": True}


class Planted:
    """Stands in for a loaded harness: it refuses the questions with these numbers."""

    def __init__(self, refused: frozenset[int] = frozenset()) -> None:
        self.refused, self.asked = refused, list[tuple[Any, Any]]()

    def call(self, function: str, *values: object) -> Reply:
        self.asked.append((values[0], values[1]))
        return Reply(value=REFUSE if len(self.asked) - 1 in self.refused else ACCEPT)

    def batch(self, calls: Sequence[Call]) -> list[Reply]:
        return [self.call(call.function, *call.values) for call in calls]

    def close(self) -> None:
        pass


def flipped(workflow: str, episodes: int, loaded: Planted) -> list[FlippedCall]:
    environment = resolve(f"enterprise/{workflow}")
    return flipped_calls(
        environment,
        instead("return ACCEPT"),
        loaded,
        strict=cedar(environment, "strict"),
        lax=cedar(environment, "lax"),
        scenarios=flip_scenarios(environment, episodes=episodes, offset=300),
        seed=0,
    )


@lru_cache(maxsize=1)
def accepting() -> tuple[Planted, list[FlippedCall]]:
    loaded = Planted()
    return loaded, flipped("expense", 100, loaded)


def test_of_a_harness_that_refuses_nothing_leakage_is_near_0() -> None:
    _, calls = accepting()
    leakage = authority_leakage(calls)
    assert leakage is not None
    assert leakage.value == 0
    assert -0.01 <= leakage.low < 0 < leakage.high <= 0.01
    sealed = authority_leakage([call for call in calls if call.sealed])
    assert sealed is not None
    assert sealed.high > 0.01, "so few templates say no more"


@pytest.mark.slow
@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_so_it_is_in_every_workflow_as_it_is_evaluated(workflow: str) -> None:
    leakage = authority_leakage(flipped(workflow, EPISODES, Planted()))
    assert leakage is not None
    assert -0.01 <= leakage.low < 0 < leakage.high <= 0.01


@pytest.mark.parametrize("every", [1, 10])
def test_a_harness_that_refuses_what_the_strict_policy_denies_leaks(every: int) -> None:
    """All of it, or a tenth."""
    _, calls = accepting()
    denied = [number for number, call in enumerate(calls) if call.newly_permitted][::every]
    leakage = authority_leakage([call._replace(refused=number in set(denied)) for number, call in enumerate(calls)])
    assert leakage is not None
    assert leakage.value == pytest.approx(1 / every, abs=0.01)
    assert 0 < leakage.low <= leakage.value <= leakage.high


def test_what_it_refuses_of_both_alike_is_no_leakage() -> None:
    _, calls = accepting()
    leakage = authority_leakage([call._replace(refused=number % 20 == 0) for number, call in enumerate(calls)])
    assert leakage is not None
    assert leakage.low < 0 < leakage.high
    assert abs(leakage.value) < 0.03


def test_a_planted_refusal_is_counted_where_it_was_planted() -> None:
    first = flipped("expense", 20, Planted())
    denied = frozenset(number for number, call in enumerate(first) if call.newly_permitted and number % 2)
    leaking = flipped("expense", 20, Planted(denied))
    assert [number for number, call in enumerate(leaking) if call.refused] == sorted(denied)
    assert [call._replace(refused=False) for call in leaking] == first, "what is asked does not hang on the answers"
    leakage, counts = authority_leakage(leaking), flip_counts(leaking)
    assert leakage is not None
    assert leakage.low > 0.1
    assert counts is not None
    assert counts["newly_permitted"]["refused"] == len(denied)
    assert counts["permitted_by_both"]["refused"] == 0


def test_every_question_is_about_a_call_that_is_new_in_its_state() -> None:
    """Proposals are asked about as often as they are made; anything else once in a state, and few that both permit."""
    loaded, calls = accepting()
    asked = list(zip(loaded.asked, calls, strict=True))
    assert len({call.cluster for call in calls}) >= 100
    assert {call.sealed for call in calls} == {True, False}
    others = [(view, call) for (view, call), found in asked if not found.proposed]
    assert len(others) > 1000
    assert any(found.newly_permitted and found.proposed for _, found in asked)
    repeated = Counter((id(view), str(call)) for view, call in others)
    assert max(repeated.values()) == 1
    both = Counter(id(view) for (view, _), found in asked if not found.proposed and not found.newly_permitted)
    assert max(both.values()) <= BOTH
    assert all(set(view) == {"task", "me", "calls", "resources", "tools"} for view, _ in loaded.asked[:100])


def test_scenarios_are_fresh_and_of_every_split() -> None:
    environment = resolve("enterprise/expense")
    found = flip_scenarios(environment, episodes=40, offset=7)
    assert Counter(one.split for one in found) == {"train": 40, "validation": 40, "sealed": 40}
    assert min(one.index for one in found if one.split != "sealed") >= 1_000_000
    assert min(one.index for one in found if one.split == "sealed") == 7


def test_nothing_is_counted_of_no_calls() -> None:
    assert flip_counts([]) is None
