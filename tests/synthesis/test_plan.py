import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridle.environment import SeededScenarios
from bridle.errors import UsageError
from bridle.synthesis.budget import Limit
from bridle.synthesis.plan import Plan, paper


def plan(**changes: object) -> Plan:
    return Plan(**{"environment": None, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"preset": "papers"}, "default, paper"),
        ({"order": "random"}, "dispatch or free"),
        ({"concurrency": 0}, "from 1 on"),
        ({"lanes": 101}, "at most 100"),
        ({"steps": 0}, "from 1 on"),
        ({"target": 0.0}, "above 0"),
        ({"target": 1.01}, "up to 1"),
        ({"target": float("nan")}, "up to 1"),
        ({"weight": -1.0}, "weight"),
        ({"weight": float("nan")}, "weight"),
        ({"plateau": 0}, "plateau"),
        ({"seed": 2**53}, "seed"),
    ],
)
def test_what_can_not_be_meant_is_refused_in_a_sentence(change: dict[str, object], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        plan(**change)


def test_every_node_is_trained_on_the_same_scenarios_and_another_seed_on_others() -> None:
    assert plan(seed=3).trial() == plan(seed=3).trial()
    assert plan(seed=3).trial().offset != plan(seed=4).trial().offset
    trial = plan(lanes=7, steps=50, seed=3).trial()
    assert (trial.split, trial.lanes, trial.steps, trial.seed, trial.planned) == ("train", 7, 50, 3, 350)


@given(
    seed=st.integers(-(2**53) + 1, 2**53 - 1),
    programs=st.lists(st.text("0123456789abcdef", min_size=64, max_size=64), min_size=2, max_size=2, unique=True),
)
def test_a_confirmation_is_on_validation_scenarios_of_the_programs_own(seed: int, programs: list[str]) -> None:
    chosen = plan(seed=seed)
    first, second = (chosen.confirmation(program) for program in programs)
    assert first is not None
    assert second is not None
    assert first == chosen.confirmation(programs[0])
    assert first.split == "validation"
    assert (first.offset == second.offset) == (
        (int(programs[0][:8], 16) - int(programs[1][:8], 16)) * 7 % 400_000_000 == 0
    )
    for trial in (first, chosen.trial()):
        assert 0 <= trial.offset < 400_000_000 < len(SeededScenarios(trial.split))
    assert plan(confirm=False).confirmation(programs[0]) is None


def test_the_papers_preset_is_its_method_and_nothing_else() -> None:
    chosen = paper(plan(selector="greedy", weight=20.0, limit=Limit(iterations=None, calls=9)))
    assert (chosen.selector, chosen.weight, chosen.confirm, chosen.strict, chosen.plateau) == (
        "thompson",
        1.0,
        False,
        False,
        None,
    )
    assert (chosen.limit.iterations, chosen.limit.calls) == (256, 9)
    for asked, given_ in ((64, 64), (1000, 256), (0, 0)):
        assert paper(plan(limit=Limit(iterations=asked))).limit.iterations == given_
