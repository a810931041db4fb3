"""Every correction: what it mends, shown to be so with it and not to be so without it."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from textarena_play import environment, random_play, start

from bridle.environments.textarena import loader
from bridle.environments.textarena.corrections import all_corrections, corrections_of
from bridle.environments.textarena.corrections.adapter import ATOMIC, ENDLESS, STEP_LIMIT
from bridle.environments.textarena.corrections.correction import Correction, Edit
from bridle.environments.textarena.episode import TextArenaEpisode
from bridle.errors import EnvironmentFault

Play = Callable[..., TextArenaEpisode]
"""`play(game, seed=0)` starts an episode under the corrections being tested."""

CHECKS: dict[str, Callable[[Play], None]] = {}


def check(name: str) -> Callable[[Callable[[Play], None]], Callable[[Play], None]]:
    def register(function: Callable[[Play], None]) -> Callable[[Play], None]:
        CHECKS[name] = function
        return function

    return register


def take(episode: TextArenaEpisode, *actions: str) -> Any:
    """Take legal actions; the last step."""
    step = None
    for action in actions:
        step = episode.step(action)
        assert step.legal, (action, step)
    return step


def never_stuck(play: Play, game: str, seeds: int, steps: int = 400) -> None:
    """Random legal play always ends by the rules."""
    for seed in range(seeds):
        episode = play(game, seed)
        played = list(random_play(episode, random.Random(seed), steps))
        assert played[-1][1].over, f"stuck after {len(played)} steps of seed {seed}"


@check("Chess/nested-quotes")
def _(play: Play) -> None:
    play("Chess-v0")


@check("Checkers/nested-quotes")
def _(play: Play) -> None:
    play("Checkers-v0")


@check("ReverseTicTacToe/nested-quotes")
def _(play: Play) -> None:
    play("ReverseTicTacToe-v0")


@check("Cryptarithm/swapped-arguments")
def _(play: Play) -> None:
    episode = play("Cryptarithm-v0")
    assert "Leading digit" in episode.step("[S 0]").feedback
    assert episode.step("[S 0]").rewards == (0.0,)


class Dice:
    """Stands for the generator: answers in turn."""

    def __init__(self, answers: list[int]) -> None:
        self.answers = answers

    def randint(self, low: int, high: int) -> int:
        return self.answers.pop(0)


@check("LightsOut/dark-start")
def _(play: Play) -> None:
    """Six presses of one light cancel each other."""
    rules = play("LightsOut-v0")._rules
    rules.loaded.take_over(None, Dice([6, *[0, 0] * 6, 2, 2]))  # type: ignore[arg-type]
    env = rules.make()
    env.reset(num_players=1, seed=0)
    assert any(map(any, env.state.game_state["grid"]))


def counted(env: Any, method: str) -> list[int]:
    """Counts the calls of a method from now on."""
    calls: list[int] = []
    original = getattr(env, method)

    def counting(*args: Any, **kwargs: Any) -> Any:
        calls.append(1)
        return original(*args, **kwargs)

    setattr(env, method, counting)
    return calls


@check("Minesweeper/unseen-board")
def _(play: Play) -> None:
    episode = play("Minesweeper-v0")
    calls = counted(episode._env, "_render_board")
    take(episode, "[0 0]")
    assert len(calls) == 1


@check("Santorini/unseen-moves")
def _(play: Play) -> None:
    episode = play("SantoriniBaseFixed-v0")
    calls = counted(episode._env, "_get_valid_moves")
    take(episode, "[N1C2C1B1]")
    assert len(calls) == 2


@check("SpiteAndMalice/unseen-board")
def _(play: Play) -> None:
    episode = play("SpiteAndMalice-v0")
    calls = counted(episode._env, "_render_board")
    take(episode, "[draw]")
    assert len(calls) == 1


@check("Stratego/unseen-board")
def _(play: Play) -> None:
    episode = play("Stratego-v0")
    legal = str(episode.legal_actions()[0])
    calls = counted(episode._env, "_render_board")
    take(episode, legal)
    assert len(calls) == 1


@check("Sudoku/unseen-board")
def _(play: Play) -> None:
    episode = play("Sudoku-v0")
    legal = str(episode.legal_actions()[0])
    calls = counted(episode._env, "_get_grid_string_with_indices")
    take(episode, legal)
    assert len(calls) == 1


@check("Tak/unseen-board")
def _(play: Play) -> None:
    episode = play("Tak-v0")
    calls = counted(episode._env, "_render_board")
    take(episode, "[place () {(0,0): [F0]}]")
    assert len(calls) == 1


def forbidden(*_: Any, **__: Any) -> Any:
    raise AssertionError("the slow search was called")


@check("RushHour/quick-search")
def _(play: Play) -> None:
    episode = play("RushHour-v0")
    env = episode._rules.make()
    env._is_solvable = forbidden
    env.reset(num_players=1, seed=3)


@check("Sudoku/quick-search")
def _(play: Play) -> None:
    episode = play("Sudoku-v0")
    env = episode._rules.make()
    env._count_solutions = forbidden
    env.reset(num_players=1, seed=3)


@check("Sokoban/quick-search")
def _(play: Play) -> None:
    rules = play("Sokoban-v0")._rules
    rules.loaded._modules[1].__dict__["depth_first_search"] = forbidden
    rules.make().reset(num_players=1, seed=3)


class Unformatted(str):
    """A square that may be joined but not formatted one by one."""

    def __format__(self, spec: str) -> str:
        raise AssertionError("a square was formatted")


@check("Battleship/quick-board")
def _(play: Play) -> None:
    episode = play("Battleship-v0")
    for board in (*episode._state.game_state["board"].values(), *episode._state.game_state["tracking_board"].values()):
        board[:] = [[Unformatted(cell) for cell in row] for row in board]
    assert "Your Ships" in episode._env._render_player_view(0)


@check("Tak/quick-board")
def _(play: Play) -> None:
    episode = play("Tak-v0")
    calls = counted(episode._env, "_format_stack")
    episode._env._render_board()
    assert len(calls) == 16


@check("Chess/null-move")
def _(play: Play) -> None:
    assert play("Chess-v0").step("[e2e2]").feedback == "Illegal move."


@check("Minesweeper/mine-is-an-outcome")
def _(play: Play) -> None:
    episode = play("Minesweeper-v0")
    take(episode, "[0 0]")
    grid = episode._env.grid
    mine = next((r, c) for r in range(8) for c in range(8) if grid[r][c] == -1)
    step = take(episode, f"[{mine[0]} {mine[1]}]")
    assert step.terminated
    assert step.rewards[0] < 1


@check("Othello/pass")
def _(play: Play) -> None:
    for seed in range(10):
        episode = play("Othello-v0-tiny", seed)
        for _, step in random_play(episode, random.Random(seed), 30):
            piece = "BW"[episode._state.current_player_id]
            assert step.over or episode._env._valid_moves(piece)


@check("Poker/check-facing-a-bet")
def _(play: Play) -> None:
    episode = play("Poker-v0")
    episode.step("[Check]")
    assert episode.step("[Check]").terminated


@check("Stratego/lake-as-source")
def _(play: Play) -> None:
    assert "their own pieces" in play("Stratego-v0").step("[E2 F2]").feedback


@check("Breakthrough/no-move")
def _(play: Play) -> None:
    """Black's two men are blocked after White's move."""
    episode = play("Breakthrough-v0-tiny")
    board = [[""] * 5 for _ in range(5)]
    board[2][0], board[3][0], board[2][2], board[4][2] = "W", "B", "W", "B"
    episode._state.game_state["board"] = board
    assert take(episode, "[c3c4]").rewards == (1.0, -1.0)


@check("Checkers/no-move")
def _(play: Play) -> None:
    """Black's last man is blocked after Red's move."""
    episode = play("Checkers-v0")
    board = [["."] * 8 for _ in range(8)]
    board[5][0], board[6][1], board[7][2], board[3][4] = "b", "r", "r", "r"
    episode._state.game_state["board"] = board
    step = take(episode, "[3 4 2 3]")
    assert step.rewards == (1.0, -1.0)


@check("FifteenPuzzle/winning-move")
def _(play: Play) -> None:
    episode = play("FifteenPuzzle-v0")
    episode._env.board[:] = [[1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 12], [13, 14, None, 15]]
    assert take(episode, "[left]").rewards == (1.0,)


@check("IndianPoker/broke")
def _(play: Play) -> None:
    never_stuck(play, "IndianPoker-v0-extreme", 5)


@check("LinesOfAction/no-move")
def _(play: Play) -> None:
    """The last piece of X is shut into its corner."""
    episode = play("LinesOfAction-v0")
    board = [[""] * 8 for _ in range(8)]
    board[7][0], board[7][1], board[6][0], board[6][1], board[0][7] = "X", "O", "O", "O", "O"
    episode._state.game_state["board"] = board
    assert take(episode, "[h8g8]").rewards == (1.0, -1.0)


@check("Poker/last-player")
def _(play: Play) -> None:
    episode = play("Poker-v0")
    episode.step("[nothing]")
    assert episode.step("[nothing]").rewards[episode._state.current_player_id] == -1.0


@check("QuantumTicTacToe/collapse-and-draw")
def _(play: Play) -> None:
    never_stuck(play, "QuantumTicTacToe-v0", 30)


@check("Santorini/eliminated")
def _(play: Play) -> None:
    episode = play("SantoriniBaseFixed-v0")
    for _ in range(10):
        assert not episode.step("[nothing]").over
    assert episode.step("[nothing]").rewards == (-1.0, 1.0)


@check("SpiteAndMalice/stuck-turn")
def _(play: Play) -> None:
    episode = play("SpiteAndMalice-v0")
    env = episode._env
    env.deck.clear()
    env.players[0].update(hand=[], payoff=["9♠"])
    take(episode, "[draw]")
    assert episode.observe().player == 1


@check("Stratego/no-move")
def _(play: Play) -> None:
    """A miner leaves the square of the bomb it defused; then a player with bombs alone loses."""
    episode = play("Stratego-v0")
    env = episode._env
    env.board = [[None] * 10 for _ in range(10)]
    pieces = {(3, 0): "Miner", (0, 0): "Flag", (0, 5): "Scout"}, {(4, 0): "Bomb", (9, 9): "Flag", (9, 5): "Scout"}
    for player, placed in enumerate(pieces):
        env.player_pieces[player][:] = list(placed)
        for (r, c), rank in placed.items():
            env.board[r][c] = {"rank": rank, "player": player}
    take(episode, "[D0 E0]", "[J5 J4]", "[E0 F0]", "[J4 J5]")
    episode = play("Stratego-v0")
    env = episode._env
    for r, c in env.player_pieces[1]:
        env.board[r][c] = {"rank": "Bomb", "player": 1}
    assert next(random_play(episode, random.Random(0), 1))[1].rewards == (1.0, -1.0)


@check("Tak/winning-move")
def _(play: Play) -> None:
    moves = [f"[place () {{({row},{column}): [F{row // 3}]}}]" for column in range(4) for row in (0, 3)]
    assert take(play("Tak-v0"), *moves[:-1]).rewards == (1.0, -1.0)


@check("Tak/no-move")
def _(play: Play) -> None:
    episode = play("Tak-v0")
    env = episode._env
    env.players[1].update(stones=0, capstones=0)
    env.board[1][1].append("F0")
    assert take(episode, "[place () {(3,3): [F0]}]").rewards == (1.0, -1.0)


@check("UltimateTicTacToe/draw")
def _(play: Play) -> None:
    episode = play("UltimateTicTacToe-v0")
    for board in episode._state.game_state["board"]:
        board[:] = [list("XOX"), list("XOO"), list("OXX")]
    episode._state.game_state["board"][0][0][0] = " "
    assert take(episode, "[0 0]").rewards == (0.0, 0.0)


@check("Bandit/regret")
def _(play: Play) -> None:
    paid = []
    for rank in (0, -1):
        episode = play("Bandit-v0")
        means = episode._state.game_state["ground_truth"]
        answer = sorted(means, key=means.__getitem__, reverse=True)[rank]
        paid += take(episode, *["[red]"] * 20, f"[{answer}]").rewards
    assert paid[0] == 1.0
    assert 0 <= paid[1] < 1


@check("Cryptarithm/history")
def _(play: Play) -> None:
    episode = play("Cryptarithm-v0")
    take(episode, "[S 9]")
    assert "[Player] [S 9]" in episode.observe().view


@check("FifteenPuzzle/solvable")
def _(play: Play) -> None:
    for seed in range(20):
        flat = [tile for row in play("FifteenPuzzle-v0", seed)._env.board for tile in row]
        order = [tile for tile in flat if tile]
        inversions = sum(a > b for i, a in enumerate(order) for b in order[i + 1 :])
        assert (inversions + 3 - flat.index(None) // 4) % 2 == 0


@check("HighSociety/net-worth")
def _(play: Play) -> None:
    """Ten prestige and one of cash against six and ten."""
    episode = play("HighSociety-v0")
    state = episode._state.game_state
    state["prestige_deck"].clear()
    state.update(current_prize=1, player_prestige={0: 10, 1: 5}, player_money={0: [1], 1: [10, 11]})
    assert take(episode, "[1]", "[11]").rewards == (-1.0, 1.0)


@check("LightsOut/negative-share")
def _(play: Play) -> None:
    episode = play("LightsOut-v0")
    state = episode._state.game_state
    state.update(moves_made=19, grid=[[True] * 5 for _ in range(5)])
    assert take(episode, "[2 2]").rewards == (0.0,)


def playing_with(monkeypatch: pytest.MonkeyPatch, chosen: Callable[[Correction], bool]) -> Play:
    """Start episodes of games loaded with the chosen corrections alone."""
    monkeypatch.setattr(
        loader, "corrections_of", lambda family, which: [c for c in corrections_of(family, which) if chosen(c)]
    )

    def play(game: str, seed: int = 0) -> TextArenaEpisode:
        made = environment(game)
        family = made._rules.loaded.family
        made._rules = replace(made._rules, loaded=loader.LoadedGame(family, "applied"), step_limit=None)
        return made.start(made.scenarios("train")[seed])

    return play


def name_of(correction: Correction) -> str:
    return f"{correction.family}/{correction.name}"


def test_every_correction_has_a_check() -> None:
    assert {name_of(c) for c in all_corrections()} == set(CHECKS)


@pytest.mark.parametrize("name", CHECKS)
def test_with_the_correction(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    CHECKS[name](playing_with(monkeypatch, lambda correction: True))


@pytest.mark.parametrize("name", CHECKS)
def test_without_the_correction(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fails where the correction is taken out, so that it is the correction that mends it."""
    compiles = name.endswith("nested-quotes") and sys.version_info >= (3, 12)
    loader.load.cache_clear()
    play = playing_with(monkeypatch, lambda correction: name_of(correction) != name)
    if compiles:
        CHECKS[name](play)
    else:
        with pytest.raises((AssertionError, EnvironmentFault, IndexError, SyntaxError, ZeroDivisionError)):
            CHECKS[name](play)
    loader.load.cache_clear()


def test_a_correction_does_not_fit_another_source() -> None:
    correction = Correction(family="Nim", name="x", reason="y", edits=(Edit(old="not there", new=""),))
    with pytest.raises(EnvironmentFault, match=r"textarena==0\.7\.4"):
        correction.apply("source")


@pytest.mark.parametrize(
    ("game", "text"), [("TowerOfHanoi-v0", "[A C] [A C]"), ("SpiteAndMalice-v0", "[draw] [play A♠ 0] [play 5♠ 0]")]
)
def test_a_text_of_several_actions_is_refused_as_a_whole(game: str, text: str) -> None:
    assert environment(game)._rules.loaded.family in ATOMIC
    before, shipped = start(game), start(game, corrections="none")
    episode = start(game)
    state = str(before._state.game_state)
    assert not episode.step(text).legal
    assert str(episode._state.game_state) == state
    assert episode.legal_actions() == before.legal_actions()
    assert episode.observe().view.startswith(before.observe().view)
    shipped.step(text)
    if game == "TowerOfHanoi-v0":
        assert str(shipped._state.game_state) != state


CIRCLES: dict[str, list[str]] = {"HighSociety-v0": ["[11]"], "SpiteAndMalice-v0": ["[draw]"]}


@pytest.mark.parametrize("game", CIRCLES)
def test_what_never_ends_is_cut_short(game: str) -> None:
    assert environment(game)._rules.loaded.family in ENDLESS
    episode = start(game)
    for number in range(1, STEP_LIMIT + 1):
        step = episode.step(CIRCLES[game][0])
        assert step.legal
        assert step.over == (number == STEP_LIMIT)
    assert step.truncated
    assert step.rewards == (0.0, 0.0)


def test_a_puzzle_cut_short_pays_its_share() -> None:
    for seed in range(20):
        episode, rng = start("RushHour-v0", seed), random.Random(seed)
        _, step = list(random_play(episode, rng, STEP_LIMIT + 1))[-1]
        assert step.over
        if step.truncated:
            assert 0 <= step.rewards[0] < 1
            return
    pytest.fail("every board was solved by chance")
