"""Matches with a player in every seat."""

from functools import partial

from bridle.environments.catalog import resolve
from bridle.evaluation.matches import Player, contest, play, simulated_player
from bridle.harness import Harness, Limits
from bridle.runtime.modes import policy, verifier
from bridle.sandbox import LocalSandbox

FREE = Harness("""
import random, re

def propose_action(board):
    return "[" + random.choice(free(board)) + "]"

def is_legal_action(board, action):
    stated = re.fullmatch("\\[([0-8])\\]", action)
    return stated is not None and stated[1] in free(board)

def free(board):
    return re.findall(r"(?<![0-9.])([0-8])(?![0-9.])", board.rsplit("Current Board:", 1)[1])
""")
MUTE = Harness(
    "def propose_action(board):\n    return [][0]\n\ndef is_legal_action(board, action):\n    return False\n"
)


def test_seats_are_told_apart_and_a_verifier_leaves_no_illegal_turn_to_its_own() -> None:
    environment = resolve("textarena/TicTacToe-v0")
    with LocalSandbox() as sandbox, sandbox.load(FREE, Limits()) as loaded:
        careful = Player(name="a", proposer=simulated_player, mode=partial(verifier, attempts=60), loaded=loaded)
        careless = Player(name="b", proposer=simulated_player)
        matches = [
            contest(environment, scenario, [careful, careless], seed=3)
            for scenario in environment.scenarios("train")[:12]
        ]
        again = [
            contest(environment, scenario, [careful, careless], seed=3)
            for scenario in environment.scenarios("train")[:12]
        ]
    assert matches == again
    assert sum(match.seats[0].illegal for match in matches) == 0
    assert sum(match.seats[0].refused for match in matches) > 0
    assert sum(match.seats[1].illegal for match in matches) > 0
    assert sum(match.seats[1].refused for match in matches) == 0
    lost_by_illegality = [match for match in matches if not match.legal_end]
    assert lost_by_illegality
    assert all(match.last == 1 and match.rewards == (1.0, -1.0) for match in lost_by_illegality)


def test_a_policy_varies_its_draws_from_turn_to_turn_and_a_mute_one_ends_the_match() -> None:
    environment = resolve("textarena/TicTacToe-v0")
    scenarios = environment.scenarios("train")[:6]
    with LocalSandbox() as sandbox, sandbox.load(FREE, Limits()) as free, sandbox.load(MUTE, Limits()) as mute:
        one = Player(name="free", mode=policy, loaded=free)
        ends = {
            contest(environment, scenario, [one, one], seed=number).turns for number, scenario in enumerate(scenarios)
        }
        silent = contest(environment, scenarios[0], [one, Player(name="mute", mode=policy, loaded=mute)])
    assert len(ends) > 1
    assert silent.seats[1].crashed
    assert not silent.seats[0].crashed
    assert silent.rewards == ()


def test_one_player_in_every_seat() -> None:
    environment = resolve("textarena/TicTacToe-v0")
    match = play(environment, environment.scenarios("train")[0], simulated_player, seed=1)
    assert match.turns == sum(seat.turns for seat in match.seats) > 0
