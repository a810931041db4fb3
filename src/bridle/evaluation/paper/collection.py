"""A collection: a folder of harnesses with an `index.json` that says of each what it is for and where it came from."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bridle import harness as harnesses
from bridle.environments.catalog import resolve
from bridle.errors import UsageError
from bridle.harness import Harness

INDEX = "index.json"


@dataclass(frozen=True, kw_only=True)
class Collected:
    """One harness of a collection. `objective` is what it was searched for; `calls` the model calls that took."""

    environment: str
    objective: str
    harness: Harness
    model: str = ""
    calls: int | None = None

    @property
    def game(self) -> str:
        """The environment's name without its family."""
        return self.environment.split("/")[-1]


def collected(folder: Path) -> list[Collected]:
    """The harnesses of a collection, in the index's order.

    Raises:
        UsageError: there is no index, it can't be read, or a file is not the harness that it names.
    """
    try:
        rows: list[dict[str, Any]] = json.loads((folder / INDEX).read_text("utf-8"))["harnesses"]
        return [_read(folder, row) for row in rows]
    except OSError as error:
        raise UsageError(f"{folder} is no collection of harnesses: {error}. Name a folder with an {INDEX}.") from None
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(f"The index {folder / INDEX} can't be read ({error!r}).") from None


def _read(folder: Path, row: dict[str, Any]) -> Collected:
    contract = resolve(row["environment"]).contract
    harness = harnesses.read((folder / row["file"]).read_text("utf-8"), contract)
    if harness.digest != row["digest"]:
        raise UsageError(f"{folder / row['file']} is not the harness that {INDEX} names: its digest differs.")
    return Collected(
        environment=row["environment"],
        objective=row["objective"],
        harness=harness,
        model=row.get("model", ""),
        calls=row.get("calls"),
    )
