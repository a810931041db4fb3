"""Recorded answers: a file of them, the model that gives them again, and the recorder that writes them.

A replay file is JSON Lines. The first line says what it is and what it was made with; each other line is one answer:

    {"replay": 1, "about": {"prompts": "3"}}
    {"request": "<digest>", "prompt": "…", "sample": 0, "max_output_tokens": 16000, "settings": {},
     "text": "…", "model": "…", "usage": {"input_tokens": 9, "output_tokens": 3}, "usd": null, "seconds": 1.5}

Everything that the request's digest is made of stands beside it and is checked against it, so that an edited file is
refused. `model` is who answered: a person or an assistant that was asked by hand is labelled `assistant`, a simulated
refiner `simulated`.
"""

from __future__ import annotations

import json
import os
import threading
from collections import Counter, defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bridle.errors import ModelFault, ReplayMiss, UsageError
from bridle.models.answer import excerpt, usable
from bridle.models.model import Completion, Model, Priced, Request, Usage

VERSION = 1


def line_of(request: Request, completion: Completion) -> dict[str, Any]:
    """One answer as it stands in a replay file: JSON values."""
    usage = completion.usage
    return {
        "request": request.digest,
        "prompt": request.prompt,
        "sample": request.sample,
        "max_output_tokens": request.max_output_tokens,
        "settings": dict(request.settings),
        "text": completion.text,
        "model": completion.model,
        "usage": usage and {"input_tokens": usage.input_tokens, "output_tokens": usage.output_tokens},
        "usd": completion.usd,
        "seconds": completion.seconds,
    }


def read_replay(path: Path) -> tuple[dict[str, Any], list[tuple[Request, Completion]]]:
    """What a replay file says about itself, and its answers in order of recording.

    Raises:
        UsageError: the file can't be read, is no replay, is of another version, or has a line that is broken or edited.
    """
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except OSError as error:
        raise UsageError(f"The replay {path} can't be read ({error.strerror}); name a file that exists.") from None
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not a replay: it is not UTF-8 text.") from None
    about = _header(lines[0], path)
    if lines[-1]:
        raise UsageError(f"{path}, line {len(lines)}: cut off in mid-line; delete that line, the others are whole.")
    return about, [_answer(line, f"{path}, line {number}") for number, line in enumerate(lines[1:-1], start=2)]


def _header(line: str, path: Path) -> dict[str, Any]:
    try:
        header = json.loads(line)
        release, about = header["replay"], dict(header["about"])
    except (ValueError, TypeError, KeyError):
        raise UsageError(
            f"{path} is not a replay: its first line is not a replay's header. Record one with  --record FILE  or "
            "bridle.models.Recorder."
        ) from None
    if release != VERSION:
        raise UsageError(f"{path} is a replay of version {release} and this Bridle reads {VERSION}; record it anew.")
    return about


def _answer(line: str, where: str) -> tuple[Request, Completion]:
    try:
        found = json.loads(line)
        request = Request(**{key: found[key] for key in ("prompt", "sample", "max_output_tokens", "settings")})
        completion = Completion(
            text=usable(found["text"], where),
            model=str(found["model"]),
            usage=Usage(**found["usage"]) if found["usage"] else None,
            usd=None if found["usd"] is None else float(found["usd"]),
            seconds=float(found["seconds"]),
        )
        genuine = request.digest == found["request"]
    except (ValueError, TypeError, KeyError, AttributeError, ModelFault) as error:
        raise UsageError(f"{where}: not a recorded answer ({excerpt(str(error))}); record it anew.") from None
    if not genuine:
        raise UsageError(f"{where}: the request was edited after it was recorded; restore the line or record it anew.")
    return request, completion


class Replay:
    """Gives recorded answers again, exactly: text, label, usage, price and seconds are the recorded ones.

    The same request asked again is answered by the next answer that was recorded for it. A request that was not
    recorded, or was not recorded as often, is refused: a replay never makes anything up.
    """

    def __init__(self, path: str | Path) -> None:
        """Read the whole file; see `read_replay` for what it refuses."""
        self.path = Path(path)
        self.name = f"replay:{path}"
        self.about, self._answers = read_replay(self.path)
        self._of: dict[str, list[Completion]] = defaultdict(list)
        for known, completion in self._answers:
            self._of[known.digest].append(completion)
        self._asked: Counter[str] = Counter()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """How many answers the file holds."""
        return len(self._answers)

    def complete(self, request: Request) -> Completion:
        """The next recorded answer to this request.

        Raises:
            ReplayMiss: there is none; says how the request differs from the recorded one that is nearest.
        """
        recorded = self._of.get(request.digest, [])
        with self._lock:
            number = self._asked[request.digest]
            self._asked[request.digest] += 1
        if number < len(recorded):
            return recorded[number]
        if recorded:
            raise ReplayMiss(
                f"{self.path} holds {len(recorded)} answers to this request and it was asked once more; "
                "record a longer run, or ask a live model.",
                permanent=True,
            )
        raise ReplayMiss(f"{self.path} holds no answer to this request. {self._nearest(request)}", permanent=True)

    def _nearest(self, request: Request) -> str:
        """How the request differs from the recorded one whose prompt agrees with it longest, and what to do."""
        remedy = "Run with the seed, prompts and environment it was recorded with, or record it anew with a live model."
        if not self._answers:
            return f"It holds none at all. {remedy}"
        # Character by character is what is meant here.
        prefixes = [len(os.path.commonprefix([known.prompt, request.prompt])) for known, _ in self._answers]  # noqa: RUF071
        best = max(range(len(prefixes)), key=prefixes.__getitem__)
        known, line = self._answers[best][0], best + 2
        if known.prompt == request.prompt:
            return f"Line {line} has its prompt with another sample, output limit or setting. {remedy}"
        row = request.prompt.count("\n", 0, prefixes[best])
        asked, had = (
            excerpt((text.split("\n")[row:] or [""])[0], longest=80) for text in (request.prompt, known.prompt)
        )
        return (
            f"The prompt on line {line} is the nearest: it differs first in its line {row + 1}, "
            f"recorded as “{had}” and now “{asked}”. {remedy}"
        )

    def close(self) -> None:
        """Nothing is held."""


class Recorder:
    """A model whose answers are appended to a replay file as they come: on disk before they are returned."""

    def __init__(self, model: Model, path: str | Path, *, about: Mapping[str, Any] | None = None) -> None:
        """Record what `model` answers to the file at `path`, which is made if it isn't there.

        `about` is kept in the file's first line (JSON values; the versions of the prompts belong there).

        Raises:
            UsageError: the file can't be written, is no replay, or says other things about itself than `about`.
        """
        self.name = model.name
        self.path = Path(path)
        self._model = model
        self._lock = threading.Lock()
        if self.path.exists() and self.path.stat().st_size:
            known, _ = read_replay(self.path)
            if about is not None and dict(about) != known:
                raise UsageError(f"{self.path} was recorded with {known}, not with {dict(about)}; name a new file.")
        else:
            self._append({"replay": VERSION, "about": dict(about or {})})

    def complete(self, request: Request) -> Completion:
        """As the model's; faults pass and are not recorded."""
        completion = self._model.complete(request)
        self._append(line_of(request, completion))
        return completion

    def price(self, usage: Usage) -> float | None:
        """As the model's, where it says."""
        return self._model.price(usage) if isinstance(self._model, Priced) else None

    def _append(self, line: dict[str, Any]) -> None:
        body = json.dumps(line, ensure_ascii=False, allow_nan=False).encode() + b"\n"
        try:
            with self._lock, open(self.path, "ab") as file:
                file.write(body)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise UsageError(
                f"The replay {self.path} can't be written ({error.strerror}); name another file."
            ) from None

    def close(self) -> None:
        """Close the model that is recorded, where it can be closed."""
        if close := getattr(self._model, "close", None):
            close()
