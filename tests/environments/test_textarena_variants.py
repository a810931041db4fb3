"""A game's variants: another layout or other words, and the same game: the same deals, legality, rewards and facts."""

import pickle
import random
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from textarena_play import environment, families, start

from bridle.environment import Observation, Step
from bridle.environments import catalog
from bridle.environments.textarena.episode import TextArenaEpisode
from bridle.environments.textarena.layout import is_row, reformatted
from bridle.environments.textarena.variants import RetoldEpisode
from bridle.environments.textarena.wording import WORDING, reworded, reworded_message
from bridle.testing.environment import Effort, check_environment

VARIANTS = ("reformatted", "reworded")
PLAYED = [
    "Chess-v0",
    "Othello-v0",
    "Tak-v0",
    "KuhnPoker-v0",
    "ConnectFour-v0",
    "Breakthrough-v0",
    "LightsOut-v0",
    "2048-v0",
]
LINES = {
    "SantoriniBaseFixed-v0": "     ┌────────┬─────────┬─────────┬─────────┬───────┐",
    "Chess-v0": "   8  |   r   n   b   q   k   b   n   r  |",
    "Othello-v0": "      0   1   2   3   4   5   6   7",
    "ConnectFour-v0": "  .  .  .  .  .  .  .",
}


def marks(text: str) -> str:
    """What no layout may change: all but spaces and what borders and frames are made of."""
    return re.sub(r"[\s=+─┼┌┬┐├┤└┴┘-]", "", text)


def brackets(text: str) -> list[str]:
    return re.findall(r"\[[^\]]*\]", text.replace("[REFEREE]", "[GAME]"))


def side_by_side(game: str, seed: int, moves: int, **options: str) -> list[dict[str, Observation]]:
    """The same play in each variant, everything but the words compared on the way; what was seen."""
    episodes = {name: start(game, seed, variant=name, **options) for name in ("nominal", *VARIANTS)}
    rng, seen = random.Random(seed), []
    for _ in range(moves):
        seen.append({name: episode.observe() for name, episode in episodes.items()})
        assert len({(view.player, view.no_legal_action) for view in seen[-1].values()}) == 1
        legal = [episode.legal_actions() for episode in episodes.values()]
        made_up = [episode.foreign_actions(random.Random(seed)) for episode in episodes.values()]
        assert legal[0] == legal[1] == legal[2]
        assert made_up[0] == made_up[1] == made_up[2]
        for action in made_up[0][:12]:
            truths = [episode.probe(action) for episode in episodes.values()]
            assert len({(truth.legal, truth.error_class, bool(truth.feedback)) for truth in truths}) == 1, action
        action = rng.choice(made_up[0] if rng.random() < 0.2 or not legal[0] else legal[0])
        steps = [episode.step(action) for episode in episodes.values()]
        assert len({told_nothing(step) for step in steps}) == 1
        assert steps[0].feedback == steps[1].feedback
        if steps[0].over:
            break
    return seen


def told_nothing(step: Step) -> Step:
    return step._replace(feedback="")


@settings(max_examples=25, deadline=None)
@given(game=st.sampled_from(PLAYED), seed=st.integers(0, 10_000), history=st.sampled_from(["full", "board"]))
def test_siblings_are_the_same_game(game: str, seed: int, history: str) -> None:
    for seen in side_by_side(game, seed, 12, history=history):
        views = {name: observation.view for name, observation in seen.items()}
        assert marks(views["nominal"]) == marks(views["reformatted"])
        assert brackets(views["nominal"]) == brackets(views["reworded"])
        assert views["nominal"].count("\n") == views["reworded"].count("\n")
        assert "[GAME]" not in views["reworded"]
        assert len(set(views.values())) == 3


@pytest.mark.parametrize("game", [game for family, game in families().items() if family not in ("Sokoban", "RushHour")])
def test_nothing_that_was_told_is_lost(game: str) -> None:
    seen = [one for seed in (0, 1) for one in side_by_side(game, seed, 8, history="board")]
    for name in VARIANTS:
        told = {one["nominal"].view: one[name].view for one in seen}
        assert len(set(told.values())) == len(told)
        assert all(told[one["nominal"].view] == one[name].view for one in seen)


def test_the_nominal_variant_is_the_game_as_it_was() -> None:
    default, nominal = catalog.resolve("textarena/Chess-v0"), catalog.resolve("textarena/Chess-v0?variant=nominal")
    assert nominal.name == default.name == "textarena/Chess-v0"
    assert pickle.dumps(nominal) == pickle.dumps(default)
    assert len(default.__reduce__()[1]) == 3
    episode = nominal.start(nominal.scenarios("train")[0])
    assert type(episode) is TextArenaEpisode
    assert episode.observe().view.startswith("\n[GAME] You are playing White in a game of Chess.")


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_variant_is_named_pickled_and_dealt_from_the_same_scenarios(variant: str) -> None:
    made = catalog.resolve(f"textarena/Othello-v0?history=board&variant={variant}")
    again = pickle.loads(pickle.dumps(made))
    assert again.name == made.name == f"textarena/Othello-v0?history=board&variant={variant}"
    assert made.scenarios("sealed")[7] == environment("Othello-v0").scenarios("sealed")[7]
    scenario = made.scenarios("train")[3]
    assert again.start(scenario).observe() == made.start(scenario).observe()


def test_another_variant_is_refused() -> None:
    with pytest.raises(Exception, match="nominal, reformatted, reworded"):
        catalog.resolve("textarena/Chess-v0?variant=mutated")


def test_a_copy_goes_on_in_its_variant() -> None:
    episode = start("KuhnPoker-v0", variant="reworded")
    episode.step("[check]")
    twin = episode.copy(random.Random(0))
    assert isinstance(twin, RetoldEpisode)
    assert twin.observe() == episode.observe()
    before = episode.observe()
    twin.step("[bet]")
    assert "move sent: '[bet]'" in twin.observe().view
    assert episode.observe() == before


def test_feedback_is_reworded_where_the_observation_is() -> None:
    for action in ("zz", "[" + "9" * 5000 + "]"):
        plain, worded = start("Tak-v0"), start("Tak-v0", variant="reworded")
        truth = worded.probe(action)
        assert truth.feedback == reworded(plain.probe(action).feedback) != plain.probe(action).feedback
        assert worded.step(action).feedback == truth.feedback


@pytest.mark.parametrize("variant", VARIANTS)
def test_what_a_player_sent_stays_as_it_was_sent(variant: str) -> None:
    sent = "[col 9] You are Player | | |\n0 1 2 3\n0 1 2 3\n0 1 2 3"
    episode = start("ConnectFour-v0", variant=variant)
    episode.step(sent)
    assert f"\n[Player 0] {sent}" in episode.observe().view


@pytest.mark.parametrize(("game", "line"), LINES.items())
def test_boards_are_wider_and_their_indices_stand_above_their_columns(game: str, line: str) -> None:
    view = start(game, variant="reformatted").observe().view
    assert line in view.split("\n")
    rows = [row for row in view.split("\n") if is_row(row)]
    assert set(rows[0]) <= {" ", "="} >= set(rows[-1])
    assert len({len(row) for row in (rows[0], rows[-1])}) == 1


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("\n[GAME] x\n1 2 3\n4 5 6", "\n\n[GAME] x\n1 2 3\n4 5 6"),
        ("\n[GAME] x\n1 2\n3 4\n5 6", "\n\n[GAME] x\n1 2\n3 4\n5 6"),
        ("\n1|2\n-+-\n10|4", "\n\n  ======\n  1| 2\n  -+--\n  10 | 4\n  ======"),
        (
            "\na b c\n-----\n. . .\nthe winner takes it all",
            "\n\n  =======\n  a  b  c\n  -------\n  .  .  .\n  =======\nthe winner takes it all",
        ),
        (
            "\n|10 | 2|\n| 3 |44|\n+---+--+",
            "\n\n  ============\n  | 10  |  2 |\n  |  3  | 44 |\n  +-----+----+\n  ============",
        ),
    ],
)
def test_layout(text: str, told: str) -> None:
    assert reformatted(text) == told


def test_no_number_is_torn_apart() -> None:
    found = reformatted("\n10 11 12\n 1  2 13\n-- -- --")
    assert [re.findall(r"\d+", line) for line in found.split("\n")[2:5]] == [[], ["10", "11", "12"], ["1", "2", "13"]]


def test_wording() -> None:
    assert reworded_message("\n[GAME] Current Board:") == "\n[REFEREE] Position now:"
    assert reworded("Say [Invalid move] or Invalid move") == "Say [Invalid move] or Forbidden move"
    assert not [new for new in WORDING.values() if reworded(new) != new], (
        "what is said instead is said once and for all"
    )
    assert len(set(WORDING.values())) >= len(WORDING) - 2
    assert not any(re.search(r"[\[\]]", phrase + new) for phrase, new in WORDING.items())


@pytest.mark.parametrize("game", ["TicTacToe-v0", "KuhnPoker-v0"])
@pytest.mark.parametrize("variant", VARIANTS)
def test_the_variants_keep_the_contract(game: str, variant: str) -> None:
    report = check_environment(catalog.resolve(f"textarena/{game}?variant={variant}"), Effort(steps=20, every=5))
    assert report.findings == []
    assert report.probed_legal > 5
