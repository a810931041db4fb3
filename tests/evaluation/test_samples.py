from typing import Any

import pytest

from bridle.environment import Observation, Step
from bridle.evaluation.samples import MIDDLE, sample_observations
from bridle.testing.toy import Doors
from tables import Obedient


def test_the_start_and_a_state_under_way_are_shown() -> None:
    samples = sample_observations(Doors(), seed=3)
    assert [player for player, _ in samples] == [0, 0]
    start, later = (view for _, view in samples)
    assert "You " not in start
    assert "You " in later
    assert samples == sample_observations(Doors(), seed=3)
    assert samples != sample_observations(Doors(), seed=4)


class Turns(Obedient):
    """Two players who may do anything."""

    def start(self, scenario: Any) -> Any:
        episode = super().start(scenario)
        episode.legal_actions = lambda: ["legal"]
        return episode


def test_every_seat_is_shown() -> None:
    samples = sample_observations(Turns(players=2), seed=0)
    assert [player for player, _ in samples] == [0, 0, 1]
    assert {view.split("/")[1] for _, view in samples[1:]} == {str(MIDDLE), str(MIDDLE - 1)}


def test_without_a_way_to_play_on_the_start_has_to_do() -> None:
    assert sample_observations(Obedient(), seed=0) == ((0, "0/0"),)


@pytest.mark.parametrize("error", [KeyError("x"), ZeroDivisionError()])
def test_an_environment_that_breaks_leaves_the_samples_so_far(error: Exception) -> None:
    class Breaking(Turns):
        def start(self, scenario: Any) -> Any:
            episode = super().start(scenario)
            observe = episode.observe

            def broken() -> Observation:
                if len(episode.taken) > 3:
                    raise error
                return observe()

            episode.observe = broken
            return episode

    assert sample_observations(Breaking(), seed=0) == ((0, "0/0"), (0, "0/3"))


def test_a_game_that_ends_at_once_is_no_trouble() -> None:
    class Short(Turns):
        def start(self, scenario: Any) -> Any:
            episode = super().start(scenario)
            episode.step = lambda action: Step(True, terminated=True)
            return episode

    assert sample_observations(Short(), seed=0) == ((0, "0/0"),)
