"""What an episode of TextArena does beside the contract: views, refusals, faults, stuck states, slow starts."""

from __future__ import annotations

import pickle
import random

import pytest
from textarena_play import environment, random_play, start

from bridle.environments.textarena.rules import LONGEST_ACTION
from bridle.environments.textarena.starts import StartCache
from bridle.errors import EnvironmentFault


def test_the_full_view_is_everything_so_far() -> None:
    episode, rng = start("Chess-v0"), random.Random(0)
    seen = ["", ""]
    for _, step in random_play(episode, rng, 30):
        if step.over:
            break
        player, view, _ = episode.observe()
        assert view.startswith(seen[player])
        seen[player] = view
    assert seen[0].count("Current board:") > 20


def test_the_board_view_is_bounded_and_has_what_happened_since() -> None:
    episode, rng = start("Chess-v0", history="board"), random.Random(0)
    for action, step in random_play(episode, rng, 80):
        if step.over:
            break
        view = episode.observe().view
        assert view.startswith("\n[GAME] You are playing")
        assert view.count("Current board:") == 1
        assert action.strip("[]") in view
        assert len(view) < 1000


def test_a_refused_action_does_not_hide_the_opponents_last() -> None:
    episode = start("Chess-v0", history="board")
    episode.step("[e2e4]")
    episode.step("[e7e5]")
    assert not episode.step("[e4e5]").legal
    view = episode.observe().view
    assert "e7e5" in view
    assert "Illegal move" in view


def test_the_board_view_stays_small_where_the_full_one_grows() -> None:
    sizes = {}
    for history in ("full", "board"):
        episode, rng = start("Battleship-v0-extreme", history=history), random.Random(0)
        sizes[history] = max(len(episode.observe().view) for _ in random_play(episode, rng, 60))
    assert sizes["board"] < 15_000 < 100_000 < sizes["full"]


def test_a_view_without_a_new_board_shows_the_one_before() -> None:
    """PigDice refuses without a new board."""
    episode = start("PigDice-v0", history="board")
    episode.step("[hold]")
    episode.step("[hold]")
    episode.step("[jump]")
    assert episode.observe().view.count("Current Total Scores") == 1


@pytest.mark.parametrize(("game", "who"), [("Snake-v0", "Snake 0"), ("Surround-v0", "Player 0")])
def test_a_player_that_dies_of_an_invalid_move_made_an_illegal_one(game: str, who: str) -> None:
    episode = start(game)
    assert episode.probe("[sideways]").feedback == f"{who} died due to invalid move."
    step = episode.step("[sideways]")
    assert (step.legal, step.feedback, step.terminated) == (False, f"{who} died due to invalid move.", True)
    assert step.rewards == (-1.0, 1.0)


def test_dying_of_a_legal_move_is_legal() -> None:
    episode = start("Snake-v0")
    for _, step in random_play(episode, random.Random(1), 60):
        assert step.legal
    assert step.terminated


def test_a_second_error_in_a_row_ends_the_game() -> None:
    episode = start("TicTacToe-v0")
    assert episode.step("[9]") == (False, "9. Must be between 0 and 8.", "illegal", None, (), False, False)
    step = episode.step("[9]")
    assert (step.legal, step.terminated, sorted(step.rewards)) == (False, True, [-1.0, 1.0])


def test_a_text_that_breaks_the_game_s_parser_leaves_the_game_as_it_was() -> None:
    """Uncorrected, Chess raises on a move to its own square."""
    episode = start("Chess-v0", corrections="none")
    episode.step("[e2e4]")
    legal, board = episode.legal_actions(), str(episode._state.game_state["board"])
    step = episode.step("[e7e7]")
    assert (step.legal, step.feedback) == (False, "The action can't be read.")
    assert (episode.legal_actions(), str(episode._state.game_state["board"])) == (legal, board)
    assert episode.step("[e7e5]").legal
    assert "[White] [e2e4]" in episode.observe().view
    assert episode.step("[e4e4]").legal is False
    assert episode.step("[e4e4]").rewards == (-1.0, 1.0)


def test_too_long_a_text_is_refused_and_the_history_shows_its_beginning() -> None:
    episode = start("TicTacToe-v0")
    step = episode.step("[4]" + "x" * LONGEST_ACTION)
    assert (step.legal, step.feedback) == (False, "The action is too long to be read.")
    assert "[4]xxx" in episode.observe().view
    assert len(episode.observe().view) < 2000
    assert episode.step("[4]").legal


def test_any_other_exception_is_the_environment_s_fault() -> None:
    episode = start("TicTacToe-v0")

    def broken(action: str) -> None:
        raise KeyError("oops")

    episode._env.step = broken
    with pytest.raises(EnvironmentFault, match="KeyError"):
        episode.step("[4]")


def test_a_state_without_a_legal_action_is_marked() -> None:
    """As shipped, Ultimate Tic Tac Toe does not see that a board is full."""
    episode = start("UltimateTicTacToe-v0", corrections="none")
    assert not episode.observe().no_legal_action
    for board in episode._state.game_state["board"]:
        board[:] = [list("XOX"), list("XOO"), list("OXX")]
    episode._state.game_state["board"][0][0][0] = " "
    step = episode.step("[0 0]")
    assert step.legal
    assert not step.over
    assert episode.observe().no_legal_action
    assert episode.legal_actions() == []


def test_legal_actions_say_whether_they_are_all() -> None:
    assert start("Chess-v0").exhaustive
    assert start("Mastermind-v0").exhaustive
    assert not start("Mastermind-v0-extreme").exhaustive
    assert not start("LiarsDice-v0").exhaustive


def test_a_probe_draws_what_the_step_would_and_leaves_it_to_be_drawn() -> None:
    made = environment("PigDice-v0")
    scenario = made.scenarios("train")[0]
    plain, probed = made.start(scenario), made.start(scenario)
    for _ in range(10):
        assert probed.probe("[roll]")
        assert plain.step("[roll]") == probed.step("[roll]")
        assert plain.observe() == probed.observe()


def test_an_environment_can_be_sent_to_another_process() -> None:
    made = environment("Tak-v0", history="board", corrections="none")
    again = pickle.loads(pickle.dumps(made))
    assert (again.name, again.contract) == (made.name, made.contract)
    scenario = made.scenarios("train")[0]
    assert again.start(scenario).observe() == made.start(scenario).observe()


@pytest.mark.parametrize("game", ["Sokoban-v0", "Sudoku-v0", "RushHour-v0"])
def test_a_kept_start_is_the_start(game: str) -> None:
    made, again = environment(game), environment(game)
    scenario = made.scenarios("train")[0]
    first = made.start(scenario)
    rng = random.Random(0)
    taken = [action for action, _ in random_play(first, rng, 5)]
    second, fresh = made.start(scenario), again.start(scenario)
    assert second.observe() == fresh.observe()
    for action in taken:
        assert second.step(action) == fresh.step(action)
        assert second.observe() == fresh.observe()


def test_the_oldest_start_is_forgotten() -> None:
    cache = StartCache(2)
    for seed in (1, 2):
        cache.keep(seed, [seed])
    assert cache.take(1) == [1]
    cache.keep(3, [3])
    assert (cache.take(1), cache.take(2), cache.take(3)) == ([1], None, [3])


def test_every_sample_of_foreign_actions_has_legal_and_illegal_ones_and_odd_spellings() -> None:
    episode = start("Sudoku-v0")
    sample = [str(action) for action in episode.foreign_actions(random.Random(0))]
    verdicts = [bool(episode.probe(action)) for action in sample]
    assert verdicts.count(True) >= 6
    assert verdicts.count(False) >= 6
    assert any("[" not in action and "]" not in action for action in sample)
    assert any(action.count("[") != action.count("]") for action in sample)
    assert any(action.count("[") > 1 for action in sample)
    assert any(not action.isascii() for action in sample)
    assert any("  " in action for action in sample)
    assert any("I think" in action for action in sample)
