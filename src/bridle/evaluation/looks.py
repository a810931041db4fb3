"""Looks at sealed data, counted: a sealed split that was looked at often enough is not sealed any more.

One ledger for each environment, hash-chained like every journal. It lies where the evaluations are made: a check
against habit, not against malice. The same evaluation made again shows nothing new; it is written down and not counted.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from bridle.harness import digest
from bridle.journal import Journal

LEDGERS = Path(".bridle/sealed")
LOOK = "look"


class Looks(NamedTuple):
    """Different looks at an environment's sealed split so far, and those of them that saw some of these scenarios."""

    all: int
    here: int


def look(
    environment: str, *, offset: int, count: int, harnesses: Sequence[str], seed: int, what: str, folder: Path = LEDGERS
) -> Looks:
    """Write a look down, before it happens, and count.

    Raises:
        JournalBusy: another process is writing it down at this moment.
        UsageError: the folder can't be written.
    """
    name = environment.partition("?")[0]
    entry: dict[str, Any] = {
        "environment": environment,
        "offset": offset,
        "count": count,
        "harnesses": sorted(harnesses),
        "seed": seed,
        "what": what,
    }
    with Journal(folder / f"{re.sub(r'[^A-Za-z0-9_.-]+', '-', name)}.sqlite") as ledger:
        ledger.append(LOOK, digest(entry), entry)
        entries = {event.key: event.payload or {} for event in ledger.events(LOOK)}
    here = sum(
        one.get("offset", 0) < offset + count and offset < one.get("offset", 0) + one.get("count", 0)
        for one in entries.values()
    )
    return Looks(len(entries), here)
