"""`bridle paper`: the paper's protocol over a collection of harnesses."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import typer

from bridle.cli.console import JSON_OPTION, complain, emit, leave, table


def paper(
    collection: Path = typer.Argument(..., help="A folder of harnesses with an index.json, such as harnesses."),
    game: list[str] = typer.Option([], help="Only these games, such as Chess-v0; repeat it."),
    model: str = typer.Option("", help="Also play this model: alone, verified and filtered by the harness."),
    opponent: list[str] = typer.Option(
        ["random legal"], help="For two-player games: random legal, tree search, tree search:100 (playouts), model."
    ),
    matches: int = typer.Option(None, help="Matches of each row (default: the paper's 20, or 40 with two players)."),
    lanes: int = typer.Option(10, help="Legality: seeds."),
    steps: int = typer.Option(1000, help="Legality: steps for each seed."),
    rows: int = typer.Option(2000, help="Legality: judged rows of foreign actions."),
    shipped: bool = typer.Option(True, help="Play one-player games as shipped too, with their defects."),
    seed: int = typer.Option(0, help="Which sealed scenarios."),
    out: Path = typer.Option(Path(".bridle/paper"), help="Where rows, tables and manifest are kept; goes on there."),
    executor: str = typer.Option("processes", help="inline, processes or processes:N."),
    json: bool = JSON_OPTION,
) -> None:
    """Repeat the paper's evaluation.

    Sealed legality (1000 steps, 10 seeds) with foreign actions, one-player rewards over 20 matches, two-player results
    over 40 matches with the seats split, each beside the paper's figure. Interrupted, it goes on where it was.

    Example:  bridle paper harnesses --game PegJump-v0
    """
    from bridle.errors import UsageError
    from bridle.evaluation.paper.campaign import Settings, jobs, manifest, play
    from bridle.evaluation.paper.collection import collected
    from bridle.execution import open_executor

    chosen = [one for one in collected(collection) if not game or one.game in game]
    if not chosen:
        raise UsageError(f"{collection} has no harness for {', '.join(game) or 'any game'}.")
    settings = Settings(
        model=model,
        opponents=tuple(opponent),
        matches=matches,
        lanes=lanes,
        steps=steps,
        rows=rows,
        shipped=shipped,
        seed=seed,
    )
    wanted = jobs(chosen, settings)
    with open_executor(executor) as pool:
        try:
            found = play(wanted, out, pool, told=_progress(quiet=json))
        except KeyboardInterrupt:
            pool.shutdown(cancel_futures=True)
            complain("Interrupted; what was played is kept. The same command goes on.")
            leave(130)
    record = {"rows": found, "manifest": manifest(chosen, wanted, settings)}
    _keep(out, chosen, record)
    if json:
        emit(record)
    else:
        tell(chosen, found, out)
    leave(1 if any("error" in row for row in found) else 0)


def tell(chosen: list[Any], found: list[dict[str, Any]], out: Path) -> None:
    """The paper's tables on the terminal."""
    for title, columns, rows in _tables(chosen, found):
        if rows:
            table(title, columns, rows)
            print()
    for row in found:
        if "error" in row:
            print(f"Not played: {row['part']} of {row['environment']}: {row['error']}")
    print(f"Tables: {out / 'paper.md'}\nManifest: {out / 'manifest.json'}")


def _tables(chosen: list[Any], found: list[dict[str, Any]]) -> list[tuple[str, list[str], list[list[str]]]]:
    from bridle.report import paper as tables

    return [
        ("Sealed legality, and foreign actions", tables.LEGALITY, tables.legality(chosen, found)),
        ("One-player rewards", tables.REWARDS, tables.rewards(found)),
        ("Two-player results", tables.DUELS, tables.duels(found)),
    ]


def _keep(out: Path, chosen: list[Any], record: dict[str, Any]) -> None:
    from json import dumps

    from bridle.evaluation.paper.campaign import MANIFEST
    from bridle.evaluation.paper.published import TWO_PLAYER
    from bridle.report.paper import markdown

    pages = [markdown(title, columns, rows) for title, columns, rows in _tables(chosen, record["rows"]) if rows]
    (out / "paper.md").write_text("\n".join([*pages, TWO_PLAYER + "\n"]), "utf-8")
    (out / MANIFEST).write_text(dumps(record["manifest"], ensure_ascii=False, indent=2) + "\n", "utf-8")


def _progress(*, quiet: bool) -> Any:
    """Tells how far it is, on standard error."""

    def told(done: int, of: int) -> None:
        if not quiet:
            end = "\r" if sys.stderr.isatty() and done < of else "\n"
            print(f"{done} of {of} parts played", end=end, file=sys.stderr, flush=True)

    return told
