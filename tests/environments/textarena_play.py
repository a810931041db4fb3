"""What the tests of TextArena's games share: playing at random, and the bare game beside the adapter's."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import textarena

from bridle.environment import Step
from bridle.environments.textarena import loader
from bridle.environments.textarena.corrections import Corrections, corrections_of
from bridle.environments.textarena.environment import TextArenaEnvironment
from bridle.environments.textarena.episode import TextArenaEpisode
from bridle.environments.textarena.games import games

SLOW = ("Sokoban-v0-medium",)
"""Games that take seconds to deal as shipped."""


def families() -> dict[str, str]:
    """The first game of each family, by family."""
    first: dict[str, str] = {}
    for game in games():
        first.setdefault(loader.registered(game)[0], game)
    return first


def environment(game: str, **options: Any) -> TextArenaEnvironment:
    return TextArenaEnvironment(games()[game], **options)


def start(game: str, seed: int = 0, **options: Any) -> TextArenaEpisode:
    made = environment(game, **options)
    return made.start(made.scenarios("train")[seed])


def random_play(episode: TextArenaEpisode, rng: random.Random, steps: int) -> Iterator[tuple[str, Step]]:
    """Legal actions chosen at random, taken one by one."""
    for _ in range(steps):
        actions = episode._rules.candidates(episode._env)
        rng.shuffle(actions)
        legal = next((action for action in actions if episode._plays(action)), None)
        if legal is None:
            return
        step = episode.step(legal)
        yield legal, step
        if step.over:
            return


def with_hints(game: str, corrections: Corrections = "none") -> TextArenaEnvironment:
    """The environment without removal of hints, to be compared with the bare game."""
    made = environment(game, corrections=corrections)
    family, _, options, _ = loader.registered(game)
    hints, loader.HINTS = loader.HINTS, {}
    try:
        loaded = loader.LoadedGame(family, corrections)
    finally:
        loader.HINTS = hints
    made._rules = replace(made._rules, loaded=loaded, options=options)
    return made


def bare_maker(game: str) -> Callable[[], Any]:
    """TextArena's `make`, or where the game as installed does not compile, the same with its source made to."""
    try:
        textarena.make(game)
    except SyntaxError:
        family, class_name, options, _ = loader.registered(game)
        source = (loader.installed() / "envs" / family / "env.py").read_text(encoding="utf-8")
        for correction in corrections_of(family, "none"):
            source = correction.apply(source)
        scope: dict[str, Any] = {"__name__": f"compiled_{family}"}
        exec("\n".join(line for line in source.splitlines() if ".renderer import" not in line), scope)
        wrappers = textarena.envs.registration.ENV_REGISTRY[game].default_wrappers

        def make() -> Any:
            env = scope[class_name](**options)
            for wrapper in wrappers:
                env = wrapper(env)
            return env

        return make
    return lambda: textarena.make(game)
