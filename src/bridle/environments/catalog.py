"""Environments by id: `textarena/Chess-v0?history=board`, `enterprise/expense`, `package.module:Class`.

Nothing optional is imported before an id asks for it.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qsl

from bridle.environment import Environment
from bridle.environments import enterprise
from bridle.environments.textarena.games import games
from bridle.errors import UsageError

_TEXTARENA_OPTIONS: Mapping[str, tuple[str, ...]] = {
    "history": ("full", "board"),
    "corrections": ("applied", "none"),
    "variant": ("nominal", "reformatted", "reworded"),
}


@dataclass(frozen=True, kw_only=True)
class Listed:
    """One environment that comes with Bridle. `learning_steps` and `evaluated` are the paper's, where it has it."""

    id: str
    players: int
    contract: str
    learning_steps: int | None = None
    evaluated: bool = False


def resolve(environment_id: str) -> Environment:
    """The environment that the id names.

    Raises:
        UsageError: no such environment or option; the sentence names the nearest.
        MissingExtra: what it needs is not installed.
    """
    name, _, query = environment_id.partition("?")
    options = _options(query)
    if ":" in name:
        return _by_class(name, options)
    family, _, rest = name.partition("/")
    if family == "textarena":
        return _textarena(rest, options)
    if family == "enterprise":
        return _enterprise(rest, options)
    raise UsageError(_unknown(name))


def listing() -> list[Listed]:
    """Every environment that comes with Bridle, without importing what it needs."""
    listed = [
        Listed(
            id=f"textarena/{game.id}",
            players=game.players,
            contract="text-action",
            learning_steps=game.learning_steps,
            evaluated=game.evaluated,
        )
        for game in games().values()
    ]
    return listed + [Listed(id=f"enterprise/{name}", players=1, contract="tool-call") for name in _workflows()]


def _textarena(game_id: str, options: Mapping[str, str]) -> Environment:
    if game_id not in games():
        raise UsageError(_unknown(f"textarena/{game_id}"))
    for key, value in options.items():
        _check_option(key, value)
    from bridle.environments.textarena.loader import installed

    installed()
    from bridle.environments.textarena.environment import TextArenaEnvironment

    return TextArenaEnvironment(games()[game_id], **cast(Any, dict(options)))


def _check_option(key: str, value: str) -> None:
    if key not in _TEXTARENA_OPTIONS:
        near = get_close_matches(key, _TEXTARENA_OPTIONS, 1)
        hint = f"; did you mean {near[0]!r}" if near else ""
        raise UsageError(f"TextArena's games have no option {key!r}{hint}. Options: {', '.join(_TEXTARENA_OPTIONS)}.")
    if value not in _TEXTARENA_OPTIONS[key]:
        raise UsageError(f"The option {key} is one of {', '.join(_TEXTARENA_OPTIONS[key])}; {value!r} is none of them.")


def _enterprise(name: str, options: Mapping[str, str]) -> Environment:
    """The class `Expense` of `enterprise.expense.environment`, and so on: one package a workflow."""
    if name not in _workflows():
        raise UsageError(_unknown(f"enterprise/{name}"))
    module = importlib.import_module(f"{enterprise.__name__}.{name}.environment")
    class_name = "".join(word.capitalize() for word in name.split("_"))
    return _made(f"enterprise/{name}", getattr(module, class_name), options)


def _workflows() -> list[str]:
    return sorted(module.name for module in pkgutil.iter_modules(enterprise.__path__) if module.ispkg)


def _by_class(name: str, options: Mapping[str, str]) -> Environment:
    """`package.module:Class`, the current folder's modules included; the options are its keywords, as text."""
    module_name, _, class_name = name.partition(":")
    folder = str(Path.cwd())
    if folder not in sys.path:
        sys.path.insert(0, folder)
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        missing = error.name or module_name
        raise UsageError(
            f"There is no module {missing!r} (asked for by {name!r}); looked in {folder} and in the installed packages."
        ) from None
    except (ImportError, SyntaxError, ValueError) as error:
        raise UsageError(f"The module {module_name!r} can't be imported: {error}.") from None
    made = getattr(module, class_name, None)
    if made is None:
        near = get_close_matches(class_name, dir(module), 1)
        hint = f"; did you mean {module_name}:{near[0]}" if near else ""
        raise UsageError(f"The module {module_name!r} has no {class_name!r}{hint}.")
    if not callable(made):
        raise UsageError(f"{name!r} is not a class.")
    return _made(name, made, options)


def _made(name: str, maker: Callable[..., Any], options: Mapping[str, str]) -> Environment:
    """What `maker` makes of the options, if it is an environment."""
    try:
        inspect.signature(maker).bind(**options)
    except TypeError as error:
        raise UsageError(f"{name!r} can't be made from the options {dict(options)}: {error}.") from None
    environment = maker(**options)
    lacking = [part for part in ("scenarios", "start", "contract", "players") if not hasattr(environment, part)]
    if lacking:
        raise UsageError(f"{name!r} is not an environment: it has no {', '.join(lacking)}.")
    return cast(Environment, environment)


def _options(query: str) -> dict[str, str]:
    pairs = parse_qsl(query, keep_blank_values=True)
    if query and (not pairs or len(dict(pairs)) != len(pairs)):
        raise UsageError(f"The options {query!r} can't be read; write them as ?name=value&name=value, each once.")
    return dict(pairs)


def _unknown(name: str) -> str:
    known = [row.id for row in listing()]
    near = get_close_matches(name, known, 3, 0.5) or [one for one in known if name.lower() in one.lower()][:3]
    hint = f" Nearest: {', '.join(near)}." if near else ""
    return (
        f"There is no environment {name!r}.{hint} `bridle environments` lists them; your own is package.module:Class."
    )
