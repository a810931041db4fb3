"""A game's code in modules of its own: corrected, with its own `random`, and quiet.

The source is read from the installed TextArena, edited in memory and run under a private name. So corrections touch
no installed file, two variants of a game live side by side, and whoever else uses TextArena in this process sees
neither our states nor our generator.
"""

from __future__ import annotations

import importlib
import importlib.util
import random
import re
import sys
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from itertools import count
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from bridle.environments.textarena.corrections import VERSION, Corrections, corrections_of
from bridle.environments.textarena.hints import HINTS, cleaner
from bridle.errors import MissingExtra, UsageError

if TYPE_CHECKING:
    from bridle.environments.textarena.episode import TextArenaEpisode


DRAWN = frozenset({"Santorini"})
"""Families whose observations are drawn by their renderer. The others' renderers only draw for people."""


_NUMBERS = count(1)
"""Module names are never reused: pickling finds a class by the name of its module."""


class EpisodeRandom(random.Random):
    """One episode's generator, standing where a game expects the module `random`."""

    Random = random.Random


class LoadedGame:
    """One family's code, ready to make games.

    `random` is the generator that the code uses now, and `owner` the episode that it belongs to: several episodes
    share the code, and whoever is about to run it takes it over first. `draws`: whether the game draws at all.
    """

    def __init__(self, family: str, corrections: Corrections) -> None:
        """Load `textarena.envs.<family>`, corrected."""
        self.family, self.corrected = family, corrections == "applied"
        self.name = f"bridle_textarena_{family}_{corrections}_{next(_NUMBERS)}"
        self.owner: TextArenaEpisode | None = None
        self.random = EpisodeRandom(0)
        self._folder = installed() / "envs" / family
        self._corrections = corrections_of(family, corrections)
        source = self._corrected("env")
        helpers = [
            self._run(f"{self.name}_{name}", self._private(self._corrected(name))) for name in _helpers(source, family)
        ]
        self.draws = re.search(r"^import [^\n]*\brandom\b", source, flags=re.M) is not None
        self._modules = [self._run(self.name, self._private(source)), *helpers]
        self._listen()
        self.take_over(None, self.random)

    def take_over(self, owner: TextArenaEpisode | None, generator: EpisodeRandom) -> None:
        """From now on the code draws from `generator`."""
        self.owner, self.random = owner, generator
        for module in self._modules:
            module.__dict__["random"] = generator

    def make(self, class_name: str, options: dict[str, Any]) -> Any:
        """A game, not yet reset."""
        return getattr(self._modules[0], class_name)(**options)

    def _corrected(self, file: str) -> str:
        source = (self._folder / f"{file}.py").read_text(encoding="utf-8")
        for correction in self._corrections:
            if correction.file == file:
                source = correction.apply(source)
        return source

    def _private(self, source: str) -> str:
        """Without a renderer that only draws for people, and with helpers from private modules.

        Importing a renderer the ordinary way would import the game as installed, which may not even compile.
        """
        if self.family not in DRAWN:
            renderer = rf"^from textarena\.envs\.{self.family}\.renderer import (\w+)[^\n]*"
            source = re.sub(renderer, r"\1 = None", source, flags=re.M)
        return re.sub(rf"\btextarena\.envs\.{self.family}\.(\w+)\b", rf"{self.name}_\1", source)

    def _run(self, name: str, source: str) -> ModuleType:
        module = ModuleType(name)
        module.__dict__["print"] = _silent
        sys.modules[name] = module
        exec(compile(source, f"<{name}>", "exec"), module.__dict__)
        return module

    def _listen(self) -> None:
        """Put listening states where the game's code finds TextArena's."""
        state = importlib.import_module("bridle.environments.textarena.state")
        textarena = importlib.import_module("textarena")
        kinds = dict.fromkeys(hint.kind for hint in (HINTS[self.family].listings if self.family in HINTS else ()))
        cleaners = {kind: cleaner(self.family, kind) for kind in kinds}
        reason = cleaners.pop("error", None)
        scope = {
            "game": self,
            "cleaners": tuple((textarena.ObservationType[kind], clean) for kind, clean in cleaners.items()),
            "clean_reason": None if reason is None else staticmethod(reason),
            "__module__": self.name,
        }
        facade = ModuleType("textarena")
        facade.__dict__.update(textarena.__dict__)
        module = self._modules[0]
        for base in state.STATES:
            listening = type(base.__name__, (state.Listening, base), dict(scope))
            setattr(facade, base.__name__, listening)
            setattr(module, base.__name__, listening)
        module.__dict__["ta"] = facade


def _silent(*_values: object, **_options: object) -> None:
    """What the games print is for their authors; standard output belongs to the caller."""


def _helpers(source: str, family: str) -> list[str]:
    names = re.findall(rf"^from textarena\.envs\.{family}\.(\w+) import", source, flags=re.M)
    return [name for name in names if name != "renderer" or family in DRAWN]


@cache
def installed() -> Path:
    """The folder of the installed TextArena.

    Raises:
        MissingExtra: there is none.
        UsageError: it is not the version that the adapter was written for.
    """
    try:
        found = version("textarena")
    except PackageNotFoundError:
        raise MissingExtra("A TextArena game", "textarena") from None
    if found != VERSION:
        raise UsageError(
            f"TextArena {found} is installed; the games are adapted to {VERSION}: pip install textarena=={VERSION}."
        )
    spec = importlib.util.find_spec("textarena")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent


@cache
def registered(game_id: str) -> tuple[str, str, dict[str, Any], bool]:
    """What TextArena's registry says of an id: family, class, options, and whether actions are put in brackets."""
    installed()
    importlib.import_module("textarena")
    registration = importlib.import_module("textarena.envs.registration")
    wrappers = importlib.import_module("textarena.wrappers")
    entry = registration.ENV_REGISTRY[game_id]
    module, class_name = entry.entry_point.split(":")
    formats = wrappers.ActionFormattingWrapper in (entry.default_wrappers or ())
    return module.split(".")[2], class_name, dict(entry.kwargs), formats


@cache
def load(family: str, corrections: Corrections) -> LoadedGame:
    """The family's code, loaded once per process and variant."""
    return LoadedGame(family, corrections)
