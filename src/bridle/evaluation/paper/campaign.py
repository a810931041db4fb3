"""Which jobs a collection of harnesses makes, and running them so that nothing is played twice."""

from __future__ import annotations

import json
import platform
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, as_completed, wait
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bridle.environments.catalog import resolve
from bridle.errors import BridleError, UsageError
from bridle.evaluation.paper.collection import Collected
from bridle.evaluation.paper.protocol import (
    KINDS,
    ONE_PLAYER_MATCHES,
    PLAYOUTS,
    TWO_PLAYER_MATCHES,
    Contestant,
    PaperJob,
    run,
)
from bridle.harness import TEXT_ACTION
from bridle.sandbox import LocalSandbox

ROWS, MANIFEST = "rows.jsonl", "manifest.json"
AS_SHIPPED = "?corrections=none"
AHEAD = 16
"""Jobs that are submitted before the first of them is done."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What to play. `matches` None: the paper's 20 and 40. `model` adds the model alone, verified and filtered."""

    model: str = ""
    opponents: tuple[str, ...] = ("random legal",)
    matches: int | None = None
    lanes: int = 10
    steps: int = 1000
    rows: int = 2000
    shipped: bool = True
    seed: int = 0


def contestant(text: str, *, model: str = "") -> Contestant:
    """An opponent by its name: `random legal`, `tree search` (`tree search:100` playouts), `model`.

    Raises:
        UsageError: there is none of that name.
    """
    kind, _, playouts = text.replace("-", " ").partition(":")
    if kind not in KINDS or (playouts and not playouts.isdecimal()):
        names = "random legal, tree search, tree search:100, simulated careless or model"
        raise UsageError(f"There is no opponent {text!r}; use {names}.")
    return Contestant(kind=kind, model=model if kind.startswith("model") else "", playouts=int(playouts or PLAYOUTS))


def jobs(collection: Sequence[Collected], settings: Settings) -> list[PaperJob]:
    """The protocol's parts for every game's harness of a collection, in its order. Workflows have no part in it."""
    games = [one for one in collection if one.harness.contract.name == TEXT_ACTION.name]
    return [job for one in games for job in _of(one, settings)]


def _of(one: Collected, settings: Settings) -> Iterator[PaperJob]:
    acting = Contestant(kind="policy", harness=one.harness)
    job = PaperJob(
        part="legality",
        environment=one.environment,
        contestant=acting,
        lanes=settings.lanes,
        steps=settings.steps,
        rows=settings.rows,
        seed=settings.seed,
    )
    yield job
    players = [acting] if one.objective == "policy" or resolve(one.environment).players > 1 else []
    if settings.model:
        kinds = ("model", "model + verifier", "model + filter")
        players += [Contestant(kind=kind, harness=one.harness, model=settings.model) for kind in kinds]
    if resolve(one.environment).players == 1:
        played = replace(job, part="rewards", rows=0, matches=settings.matches or ONE_PLAYER_MATCHES)
        plain = "?" not in one.environment
        names = [one.environment, *([one.environment + AS_SHIPPED] if settings.shipped and plain else [])]
        if players:
            players.append(Contestant(kind="random legal"))
        yield from (replace(played, environment=name, contestant=who) for name in names for who in players)
    else:
        played = replace(job, part="duel", rows=0, matches=settings.matches or TWO_PLAYER_MATCHES)
        for name in settings.opponents:
            opponent = contestant(name, model=settings.model)
            yield from (replace(played, contestant=who, opponent=opponent) for who in players)


def play(
    wanted: Sequence[PaperJob], folder: Path, executor: Executor, *, told: Callable[[int, int], None]
) -> list[dict[str, Any]]:
    """Run the jobs whose rows the folder does not have yet; all rows, in the jobs' order.

    A row is kept as soon as it is there. A part that can't be played is a row with an `error`, and is tried again next
    time. `told` hears how many of how many are done.
    """
    folder.mkdir(parents=True, exist_ok=True)
    known = _kept(folder / ROWS)
    _rewrite(folder / ROWS, known)
    due = {job.key: job for job in wanted if job.key not in known}
    done = len(wanted) - len(due)
    told(done, len(wanted))
    failed: dict[str, dict[str, Any]] = {}
    for future, job in _finished(executor, list(due.values())):
        done += 1
        try:
            row = future.result()
        except BridleError as error:
            failed[job.key] = {"job": job.key, "part": job.part, "environment": job.environment, "error": str(error)}
        else:
            known[job.key] = row
            with (folder / ROWS).open("a", encoding="utf-8") as file:
                file.write(json.dumps(row, ensure_ascii=False) + "\n")
        told(done, len(wanted))
    return [known.get(job.key) or failed[job.key] for job in wanted]


def _finished(executor: Executor, due: Sequence[PaperJob]) -> Iterator[tuple[Future[dict[str, Any]], PaperJob]]:
    """The jobs as they are done. Few are submitted ahead: an executor may run each one before it returns."""
    pending: dict[Future[dict[str, Any]], PaperJob] = {}
    for job in due:
        pending[executor.submit(run, job)] = job
        ready = {future for future in pending if future.done()}
        if not ready and len(pending) >= AHEAD:
            ready = wait(pending, return_when=FIRST_COMPLETED).done
        yield from ((future, pending.pop(future)) for future in ready)
    yield from ((future, pending[future]) for future in as_completed(pending))


def _kept(file: Path) -> dict[str, dict[str, Any]]:
    """The rows that are there already; a last line that was cut short when it was written is none."""
    rows: dict[str, dict[str, Any]] = {}
    if file.exists():
        for line in file.read_text("utf-8").splitlines():
            try:
                row = json.loads(line)
            except ValueError:
                continue
            rows[row["job"]] = row
    return rows


def _rewrite(file: Path, rows: dict[str, dict[str, Any]]) -> None:
    """Put back what was kept, so that a new row never joins a line that was cut short."""
    part = file.with_suffix(".part")
    part.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows.values()), "utf-8")
    part.replace(file)


def manifest(collection: Sequence[Collected], wanted: Sequence[PaperJob], settings: Settings) -> dict[str, Any]:
    """With what anybody repeats it: versions, seeds, splits, digests, models."""
    with LocalSandbox(pinned=False) as sandbox:
        level = f"{sandbox.level} ({sandbox.level.meaning})"
    return {
        "versions": {name: version(name) for name in ("bridle", "textarena")} | {"python": platform.python_version()},
        "sandbox": level,
        "split": "sealed",
        "seed": settings.seed,
        "settings": {
            "lanes": settings.lanes,
            "steps": settings.steps,
            "judged rows": settings.rows,
            "matches": settings.matches or [ONE_PLAYER_MATCHES, TWO_PLAYER_MATCHES],
            "model": settings.model,
            "opponents": list(settings.opponents),
            "corrections": ["applied", "none"] if settings.shipped else ["applied"],
        },
        "harnesses": [
            {
                "environment": one.environment,
                "objective": one.objective,
                "digest": one.harness.digest,
                "model": one.model,
                "calls": one.calls,
            }
            for one in collection
        ],
        "jobs": [job.key for job in wanted],
    }
