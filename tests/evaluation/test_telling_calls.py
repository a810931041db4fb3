"""Telling calls: as many judged calls of more scenarios, what abounds thinned."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import pytest

from bridle.environment import Episode, Scenario, unsealed
from bridle.environments.enterprise.expense.environment import Expense
from bridle.errors import EnvironmentFault, UsageError
from bridle.evaluation.examples import AGENT, judged_calls, telling_calls
from bridle.evaluation.judged import Row
from bridle.harness import Action
from bridle.testing.toy import Doors
from bridle.testing.toy_tools import Pottery
from bridle.testing.workflows.environment import RandomWorkflow
from bridle.trace import INTERFACE, parts

COUNT = 2400


@pytest.fixture(scope="module")
def plain() -> list[Row]:
    return judged_calls(unsealed(Expense()), "train", count=COUNT, seed=4)


@pytest.fixture(scope="module")
def telling() -> list[Row]:
    return telling_calls(unsealed(Expense()), "train", count=COUNT, seed=4)


def scenarios(rows: Sequence[Row]) -> set[str]:
    return {row.view["me"] for row in rows}


def share(rows: Sequence[Row], counts: Callable[[Row], bool]) -> float:
    return sum(map(counts, rows)) / len(rows)


def test_as_many_calls_of_more_scenarios(plain: list[Row], telling: list[Row]) -> None:
    assert 0.95 * COUNT <= len(telling) <= COUNT
    assert len(scenarios(telling)) > 1.5 * len(scenarios(plain))


def test_every_tool_is_seen_accepted_in_several_scenarios(telling: list[Row]) -> None:
    """However far from an episode's start it comes into play; a third of these tools only do at its end."""
    for tool in telling[0].view["tools"]:
        assert len(scenarios([row for row in telling if row.legal and parts(row.action)[0] == tool])) >= 10, tool


def test_what_abounds_is_thinned_and_what_agents_propose_is_not(plain: list[Row], telling: list[Row]) -> None:
    def interface(row: Row) -> bool:
        return row.error_class in INTERFACE

    def proposed(row: Row) -> bool:
        return row.proposer == AGENT

    assert share(telling, interface) < 0.6 * share(plain, interface)
    assert share(telling, proposed) > share(plain, proposed)
    made_up = [row for row in telling if not row.proposer and not row.legal and not interface(row)]
    alike = Counter((parts(row.action)[0], row.error_class) for row in made_up)
    assert max(alike.values()) <= 1.5 * len(made_up) / len(alike)


def test_what_only_the_service_knows_of_a_form_is_not_thinned_like_what_a_schema_declares() -> None:
    """Its tools declare no forms; what is not well formed it answers as if they did."""
    environment = RandomWorkflow(2)
    assert not any(form for plan in environment.blueprint.plans for form in plan.tool.schema["properties"].values())
    assert any(rule.kind == "shape" and rule.error_class == "schema" for rule in environment.blueprint.rules)
    made_up = Counter(
        row.error_class for row in telling_calls(environment, "train", count=1200, seed=0) if not row.proposer
    )
    assert made_up["schema"] > 0.5 * made_up["not_found"]


def test_calls_refused_beside_accepted_ones_are_not_lost_among_the_others(telling: list[Row]) -> None:
    """On a thing with which the tool was accepted, as it stood: refused for what the others don't tell."""

    def things(row: Row) -> set[tuple[str, str, str, str]]:
        tool, arguments = parts(row.action)
        named = [value for value in arguments.values() if isinstance(value, str)] if isinstance(arguments, dict) else []
        shown = row.view["resources"]
        return {(row.view["me"], tool, value, repr(shown[value])) for value in named if value in shown}

    fine = {thing for row in telling if row.legal for thing in things(row)}
    refused = [row for row in telling if not row.legal and not row.proposer and row.error_class not in INTERFACE]
    assert sum(bool(things(row) & fine) for row in refused) > 0.03 * len(refused)


def test_rows_stand_in_the_order_of_play(telling: list[Row]) -> None:
    """A learner reads each view once where its calls stand side by side."""
    order = [row.view["me"] for row in telling]
    assert sum(a != b for a, b in pairwise(order)) == len(set(order)) - 1
    far = [len(row.view["calls"]) for row in telling if row.view["me"] == order[0]]
    assert far == sorted(far)


def test_the_same_calls_again_others_with_another_seed() -> None:
    again = [telling_calls(Pottery(), "train", count=300, seed=seed) for seed in (0, 0, 1)]
    assert again[0] == again[1]
    assert again[0] != again[2]


def test_few_are_few_and_nothing_is_sealed() -> None:
    environment = unsealed(Pottery())
    assert 0 < len(telling_calls(environment, "train", count=12, seed=0)) <= 12
    with pytest.raises(UsageError, match="sealed"):
        telling_calls(environment, "sealed", count=10, seed=0)
    assert telling_calls(Doors(), "train", count=50, seed=0) == []


@dataclass
class Brittle:
    """An episode that breaks at its second step."""

    episode: Any
    steps: int = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.episode, name)

    def probe(self, action: Action) -> Any:
        return self.episode.probe(action)

    def foreign_actions(self, rng: Any) -> Any:
        return self.episode.foreign_actions(rng)

    def step(self, action: Action) -> Any:
        self.steps += 1
        if self.steps == 2:
            raise EnvironmentFault("The kiln is out of order.")
        return self.episode.step(action)


class BrittlePottery(Pottery):
    def start(self, scenario: Scenario) -> Episode:  # type: ignore[override]
        return Brittle(super().start(scenario))


def test_what_an_episode_told_before_it_broke_is_true() -> None:
    rows = telling_calls(BrittlePottery(), "train", count=200, seed=0)
    assert {len(row.view["calls"]) for row in rows} == {0, 1}
    assert len(scenarios(rows)) >= 20
