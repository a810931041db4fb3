"""What a search is where the caller leaves it open."""

from typing import Any

import pytest

from bridle.environment import Environment
from bridle.environments.catalog import resolve
from bridle.errors import UsageError
from bridle.synthesis.budget import Limit
from bridle.synthesis.plan import Plan
from bridle.synthesis.settings import Settings, suited
from bridle.testing.toy import Doors
from bridle.testing.toy_tools import Pottery
from tables import Obedient


def plan(environment: Environment, **chosen: Any) -> Plan:
    return Settings(**chosen).plan(environment, environment_id=None, models=["scripted"])


@pytest.mark.parametrize(
    ("environment", "preset", "objective"),
    [
        (Doors(), "default", "verifier"),
        (Doors(), "paper", "legality"),
        (Obedient(), "default", "legality"),  # its episodes have no probe
        (Pottery(), "default", "workflow"),
        (Pottery(), "paper", "workflow"),
    ],
)
def test_the_objective_is_the_strictest_that_the_environment_can_be_held_to(
    environment: Environment, preset: str, objective: str
) -> None:
    assert suited(environment, preset=preset) == objective == plan(environment, preset=preset).objective
    assert plan(environment, preset=preset, objective="policy").objective == "policy"


def test_the_preset_decides_what_is_left_open() -> None:
    default, paper = plan(Doors()), plan(Doors(), preset="paper")
    assert (default.weight, default.plateau, default.limit.iterations, default.confirm) == (20.0, 24, 64, True)
    assert (paper.weight, paper.plateau, paper.limit.iterations, paper.confirm) == (1.0, None, 256, False)
    assert plan(Doors(), weight=5.0).weight == 5.0
    assert plan(Doors(), limit=Limit(iterations=3)).limit.iterations == 3


def test_whole_matches_are_for_policies_and_the_target_is_lower_for_tool_calls() -> None:
    assert plan(Doors(), objective="policy").matches == 2
    assert plan(Doors(), objective="policy", matches=9).matches == 9
    assert plan(Doors(), objective="policy", preset="paper").matches is None
    assert plan(Doors()).matches is None
    assert (plan(Doors()).target, plan(Pottery()).target, plan(Pottery(), target=0.5).target) == (1.0, 0.97, 0.5)


@pytest.mark.parametrize("chosen", [{"preset": "papers"}, {"order": "random"}, {"lanes": 0}])
def test_nonsense_is_refused(chosen: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        plan(Doors(), **chosen)


def test_the_papers_preset_has_one_model_and_one_parent() -> None:
    with pytest.raises(UsageError, match="one model and one parent"):
        plan(Doors(), preset="paper", two_parents=True)
    with pytest.raises(UsageError, match="one model and one parent"):
        Settings(preset="paper").plan(Doors(), environment_id=None, models=["a", "b"])


def test_a_listed_game_can_be_held_to_the_verifier() -> None:
    assert suited(resolve("textarena/TicTacToe-v0")) == "verifier"


@pytest.mark.parametrize(
    ("environment", "examples"),
    [("enterprise/expense", 12_000), ("enterprise/support", 24_000), ("enterprise/deployment", 24_000)],
)
def test_the_rule_learner_is_given_more_judged_calls_where_there_are_many_tools(
    environment: str, examples: int
) -> None:
    opened = resolve(environment)
    by_rules = Settings().plan(opened, environment_id=None, models=["rules"])
    assert by_rules.examples == examples
    assert plan(opened).examples == 12_000, "a model reads a table of them: more would only cost time"
    assert Settings(examples=0).plan(opened, environment_id=None, models=["rules"]).examples == 0
