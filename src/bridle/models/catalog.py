"""Which model is meant: from what a person writes to a model that is ready to be asked."""

from __future__ import annotations

import math
import re
from typing import Protocol

from bridle.errors import UsageError
from bridle.models.model import Completion, Request

EXAMPLES = "openai:gpt-5, http://127.0.0.1:8000/v1#llama3, cmd:./ask.sh or replay:answers.jsonl"


class OpenedModel(Protocol):
    """A model that holds something (connections, programs) until it is closed."""

    name: str

    def complete(self, request: Request) -> Completion:
        """As every model's."""

    def close(self) -> None:
        """End what is under way, whose `complete` raises `ModelFault`; closing twice is no error.

        Call it on Ctrl-C before waiting for threads that still ask: a program may take an hour to answer.
        """


def open_model(spec: str, *, timeout: float | None = None, label: str | None = None) -> OpenedModel:
    """The model that `spec` names. Nothing is asked yet, and no other kind's library is loaded.

    Options stand at the end after a question mark, and for a program, whose line may hold anything, after `cmd`:

        openai:gpt-5?timeout=120&rate=60
        http://127.0.0.1:8000/v1#llama3?timeout=900&label=local
        cmd?timeout=7200&label=assistant:./ask.sh --fast
        replay:answers.jsonl

    `timeout` is in seconds for one answer (3600 for a program where it isn't given, else 600), `label` is who answers
    (it goes into every `Completion.model`), `rate` is how many requests may start in a minute.

    Arguments:
        spec: What is meant.
        timeout: Goes before the option of this name.
        label: Goes before the option of this name. A replay keeps the labels that were recorded.

    Raises:
        UsageError: no such model; says why and what would be one.
        MissingExtra: an optional part of Bridle is not installed.
    """
    kind, rest, options = _parsed(spec.strip())
    if unknown := sorted(options.keys() - {"timeout", "label", "rate"}):
        raise UsageError(f"A model has no option {unknown[0]!r}; there are timeout, label and rate.")
    if kind == "replay":
        if timeout is not None or label is not None:
            raise UsageError("A replay takes no options: it answers at once, and in the name that was recorded.")
        from bridle.models.replay import Replay

        return Replay(rest)
    given = options.get("timeout") if timeout is None else timeout
    seconds = None if given is None else _number("timeout", given)
    model = _opened(kind, rest, seconds, label or options.get("label"))
    if "rate" not in options:
        return model
    from bridle.models.pace import Paced

    return Paced(model, per_minute=_number("rate", options["rate"]))


def _opened(kind: str, rest: str, seconds: float | None, label: str | None) -> OpenedModel:
    """A live model."""
    if kind == "cmd":
        from bridle.models import command

        return command.Command(rest, timeout=seconds or command.TIMEOUT, label=label)
    if kind == "url":
        from bridle.models import endpoint

        address, _, model = rest.partition("#")
        return endpoint.Endpoint(address, model, timeout=seconds or endpoint.TIMEOUT, label=label)
    from bridle.models import provider

    return provider.open_provider(rest, timeout=seconds or provider.TIMEOUT, label=label)


def _parsed(spec: str) -> tuple[str, str, dict[str, str]]:
    """The kind (`cmd`, `replay`, `url` or `provider`), what it is given, and the options."""
    if found := re.fullmatch(r"cmd(?:\?([^:]*))?:(.*)", spec, re.DOTALL):
        return "cmd", found[2].strip(), _options(found[1] or "")
    if spec.startswith("replay:"):
        path = spec.removeprefix("replay:")
        if not path:
            raise UsageError("replay: needs a file, as in  replay:answers.jsonl .")
        return "replay", path, {}
    if re.match(r"https?://", spec):
        address, mark, model = spec.partition("#")
        model, _, query = model.partition("?")
        if not model:
            raise UsageError(f"{spec} names no model; write it behind a #, as in  {address}#llama3 .")
        return "url", f"{address}{mark}{model}", _options(query)
    if re.fullmatch(r"scripted(:.*)?", spec):
        raise UsageError("A scripted model is made in Python: bridle.models.Scripted([...]) or of a function.")
    name, _, query = spec.partition("?")
    if not re.fullmatch(r"[a-z][a-z0-9/_-]*:\S+", name):
        raise UsageError(f"{spec!r} is not a model; write it as in {EXAMPLES}.")
    return "provider", name, _options(query)


def _options(query: str) -> dict[str, str]:
    from urllib.parse import parse_qsl

    try:
        return dict(parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query)))
    except ValueError:
        raise UsageError(f"The options {query!r} can't be read; write them as in  timeout=120&rate=60 .") from None


def _number(option: str, given: str | float) -> float:
    try:
        number = float(given)
    except ValueError:
        number = math.nan
    if not (math.isfinite(number) and number > 0):
        raise UsageError(f"A model's {option} is a number above 0, not {given!r}.")
    return number
