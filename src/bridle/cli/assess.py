"""`bridle assess`: whether a place is one for a harness."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from bridle.cli.console import JSON_OPTION, emit, leave, table

if TYPE_CHECKING:
    from bridle.evaluation.suitability import Assessment


def assess(
    place: str = typer.Argument(..., help="An environment's id, or a file of traces (one assessed episode a line)."),
    episodes: int = typer.Option(100, min=1, help="Episodes to play, twice: alone, and behind a perfect probe."),
    seed: int = typer.Option(0, help="Which train scenarios, and the agents' chances."),
    json: bool = JSON_OPTION,
) -> None:
    """Say whether a place is one for a harness.

    Measures how much feedback there is, whether it contradicts itself, whether failures are operational or of
    judgement, and what could be gained; exit code 3 where it is not suitable, or where that is unclear.

    Example:  bridle assess enterprise/expense
    """
    found = _assessed(place, episodes, seed)
    if json:
        emit(found.record())
    else:
        tell(found)
    leave(0 if found.word == "suitable" else 3)


def _assessed(place: str, episodes: int, seed: int) -> Assessment:
    from bridle.environments.catalog import resolve
    from bridle.errors import UsageError
    from bridle.evaluation import suitability
    from bridle.evaluation.course import recorded

    file = Path(place)
    if file.is_file():
        return suitability.assess_traces(place, recorded(file))
    if file.suffix in (".json", ".jsonl", ".ndjson"):
        raise UsageError(f"There is no file {place}; name a file of traces, or an environment's id.")
    return suitability.assess(resolve(place), episodes=episodes, seed=seed)


def tell(found: Assessment) -> None:
    """The assessment as a table and a verdict."""
    rows = []
    for finding in found.findings:
        known = finding.estimate
        figure = "no data" if known is None else f"{known.value:.3f} [{known.low:.3f}, {known.high:.3f}], n = {known.n}"
        rows.append([finding.name, figure, finding.says])
    if found.delay is not None:
        rows.append(["steps until a failure that nothing announced", f"{found.delay:.1f}", "note"])
    title = f"{found.place}: {found.episodes} episodes, {found.proposals} proposals, {found.agents}"
    table(title, ["what", "figure", "a harness"], rows)
    print(f"\n{found.word.capitalize()} for a harness.")
    for reason in found.reasons:
        print(f"- {reason}")
