"""Every one of the 145 games: the contract, exact probes, no hints, and whatever text it is given."""

from __future__ import annotations

import random
import re
import time

import pytest
from textarena_play import environment, families, random_play, start

from bridle.environments.textarena.games import games
from bridle.environments.textarena.hints import HINTS, KEPT
from bridle.environments.textarena.rules import LONGEST_ACTION
from bridle.testing.environment import Effort, check_environment

FIRST = set(families().values())
HEAVY = ("Sokoban-v0-medium", "Tak-v0-hard", "Battleship-v0-extreme")


def cases(*, fast: bool = True) -> list[object]:
    """One game of each family, and the others marked as slow."""
    return [game if fast and game in FIRST else pytest.param(game, marks=pytest.mark.slow) for game in games()]


def test_the_list_is_the_papers() -> None:
    assert len(games()) == 145
    assert sum(game.evaluated for game in games().values()) == 32
    assert sum(game.players == 1 for game in games().values()) == 44


@pytest.mark.parametrize("game", cases())
def test_it_keeps_the_contract(game: str) -> None:
    effort = Effort(scenarios=2, steps=14, every=6) if game in FIRST else Effort(steps=40, every=8)
    report = check_environment(environment(game), effort)
    assert report.findings == []
    assert report.capabilities == ("probe", "legal_actions", "foreign_actions")


@pytest.mark.slow
@pytest.mark.parametrize("game", games())
@pytest.mark.parametrize("query", [{"history": "board"}, {"corrections": "none"}], ids=["board", "as shipped"])
def test_its_variants_keep_the_contract(game: str, query: dict[str, str]) -> None:
    report = check_environment(environment(game, **query), Effort(steps=20, every=10))
    assert report.findings == []


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("game", games())
def test_a_probe_says_what_a_step_does(game: str) -> None:
    """At least 500 legal and 500 illegal actions, each stepped on a replayed copy."""
    made, rng = environment(game), random.Random(7)
    compared = {True: 0, False: 0}
    seed = 0
    while min(compared.values()) < 500 and seed < 400:
        scenario = made.scenarios("validation")[seed % 25]
        episode, prefix = made.start(scenario), list[str]()
        for action, step in random_play(episode, rng, rng.randint(0, 14)):
            if step.over:
                break
            prefix.append(action)
        episode = made.start(scenario)
        for action in prefix:
            episode.step(action)
        sample = [*episode.foreign_actions(rng), *rng.sample(legal := episode.legal_actions(), min(len(legal), 12))]
        for action in sample:
            truth = episode.probe(action)
            if compared[truth.legal] >= 500 and min(compared.values()) < 500:
                continue
            copy = made.start(scenario)
            for earlier in prefix:
                copy.step(earlier)
            step = copy.step(action)
            assert truth.legal == step.legal, (scenario, prefix, action)
            assert truth.legal or truth.feedback == step.feedback, (scenario, prefix, action)
            compared[truth.legal] += 1
        seed += 1
    assert min(compared.values()) >= 500, compared


ODD_TEXTS = (
    "",
    " ",
    "\x00",
    "[]",
    "[[[[]]]]",
    "][",
    "[" * 4000,
    "[" + " " * 4000 + "]",
    "[１ １]",
    "[１, １]",
    "[a１ a２]",
    "９",
    "²",
    "[\u2028]",
    "[ſ]",
    "[move (a,b) {(0,1): [F0]}]",
    "[place () {(0): [F0]}]",
    "[place () {(0,0): []}]",
    "[place () {(0,0,0): [F0]}]",
    "[move (0,0) {x: 1}]",
    "[play]",
    "[discard]",
    "[A0 A0]",
    "[e2e2]",
    "[-1]",
    "[1e9]",
    "[99999999999999999999 99999999999999999999]",
    "[" + "9" * 4000 + "]",
    "I would play [0], then [1 1], [a1 a2] or [up].",
    "\ud800",
    "a" * 1_000_000,
    "[" + "1 " * 500_000 + "]",
)


@pytest.mark.parametrize("game", cases())
def test_no_text_breaks_it(game: str) -> None:
    """Whatever the text, probe and step answer, the same, and soon. Random bytes too."""
    rng = random.Random(11)
    odd = [*ODD_TEXTS, *(bytes(rng.randrange(256) for _ in range(40)).decode("latin-1") for _ in range(10))]
    played = [str(action) for action, step in random_play(start(game, 1), rng, 2) if not step.over]
    slowest = 0.0
    for text in odd:
        episode = start(game, 1)
        for action in played:
            episode.step(action)
        began = time.perf_counter()
        truth, step = episode.probe(text), episode.step(text)
        slowest = max(slowest, time.perf_counter() - began)
        assert truth.legal == step.legal, text[:80]
        assert len(episode.observe().view) < 2_500_000 if not step.over else True
        if len(text) > LONGEST_ACTION:
            assert not step.legal
    assert slowest < 5


def listed(line: str, legal: list[str]) -> int:
    """How many of the legal actions a line names, in brackets, or as words."""
    named = set(re.findall(r"\[[^\[\]]*\]", line)) | {f"[{word}]" for word in re.findall(r"\b[A-Za-z]{3,}\b", line)}
    return len({action for action in legal if action in named})


@pytest.mark.parametrize("game", cases())
def test_no_observation_lists_the_legal_actions(game: str) -> None:
    """No line that a game adds in play names nearly all of three or more legal actions, but for what the package keeps."""
    made = environment(game, history="board")
    family = made._rules.loaded.family
    for seed in range(3):
        episode, rng = made.start(made.scenarios("train")[seed]), random.Random(seed)
        for _, step in random_play(episode, rng, 25):
            if step.over:
                break
            legal = [str(action) for action in episode.legal_actions()]
            seen = episode.observe()
            news = seen.view.removeprefix(episode._history._prompts[seen.player]).split("\n")
            own = [line for line in news if not re.match(r"\[(?!GAME)[^\]]*\] ", line)]
            for line in own if len(legal) >= 3 else ():
                if listed(line, legal) >= 0.8 * len(legal):
                    assert family in KEPT, line


@pytest.mark.parametrize("game", cases())
def test_no_error_text_lists_the_legal_actions(game: str) -> None:
    made = environment(game)
    episode, rng = made.start(made.scenarios("train")[2]), random.Random(2)
    for _, step in random_play(episode, rng, 10):
        if step.over:
            break
        legal = [str(action) for action in episode.legal_actions()]
        for action in episode.foreign_actions(rng) if len(legal) >= 3 else ():
            if listed(episode.probe(action).feedback, legal) >= 0.8 * len(legal):
                assert made._rules.loaded.family in KEPT, episode.probe(action)


@pytest.mark.parametrize("family", HINTS)
def test_what_is_removed_is_gone(family: str) -> None:
    """In play with errors, no message holds what the table of hints says is removed."""
    game = families()[family]
    words = [hint.start for hint in HINTS[family].listings] + (["Valid moves:"] if HINTS[family].options else [])
    for seed in range(4):
        episode, rng = start(game, seed), random.Random(seed)
        for number, (_, step) in enumerate(random_play(episode, rng, 40)):
            if not step.over and number % 3 == 0:
                step = episode.step(rng.choice(episode.foreign_actions(rng)))
            if step.over:
                break
            view = episode.observe().view + step.feedback
            assert not [word for word in words if word in view]
