"""Retry discipline: what to do after an error, from what became of calls that were made again.

Read from the views themselves: their `calls` show which call failed with which class, and whether the same call, made
again later, went well. Whether a call of unknown outcome may be repeated is the tool's declared effect's to say, which
a harness reads from the view. A denial by policy is never asked again; that rule is not learned.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bridle.synthesis.learner.example import Example, sessions
from bridle.synthesis.learner.rule import Recovery
from bridle.synthesis.learner.wording import tame
from bridle.trace import POLICY_DENIED, UNKNOWN_OUTCOME

MOST_WAIT = 3
"""Calls in between after which a repeated call is still looked at."""

ENOUGH = 3
"""Errors of a class, and repeated calls, from which anything is concluded."""

TRANSIENT = "transient"
TEMPORARY = frozenset((TRANSIENT, *UNKNOWN_OUTCOME))
"""Classes whose very meaning is that the call was in order: the first changed nothing, of the others nobody knows."""

MOSTLY = 0.5
"""The share of repeated calls that have to go well for a retry to be worth it."""


@dataclass
class _Tally:
    """What became of one class of errors. `again` maps calls in between to (repeated, succeeded)."""

    seen: int = 0
    again: dict[int, list[int]] = field(default_factory=dict)


def recoveries(examples: Iterable[Example]) -> list[Recovery]:
    """One rule for each class of errors that was seen often enough, but denials; temporary ones are, once seen."""
    tallies: dict[str, _Tally] = {}
    for view in sessions(examples):
        _count(view, tallies)
    for example in examples:
        if not example.accepted and example.error_class:
            tallies.setdefault(example.error_class, _Tally()).seen += 1
    telling = {name: tally for name, tally in tallies.items() if tally.seen >= ENOUGH or name in TEMPORARY}
    return [_rule(name, tally) for name, tally in sorted(telling.items()) if tame(name)]


def _count(view: Mapping[str, Any], tallies: dict[str, _Tally]) -> None:
    """Count a session's errors, and what became of equal calls after the first one that failed.

    Where another call went well in between, it may have changed something, and the repeated one was no repetition.
    """
    calls = view["calls"]
    streak: set[int] = set()
    for place, call in enumerate(calls):
        if call["ok"] or call["error"]["class"] == POLICY_DENIED:
            continue
        tally = tallies.setdefault(call["error"]["class"], _Tally())
        tally.seen += 1
        if place in streak:
            continue
        for wait, later in enumerate(calls[place + 1 : place + 2 + MOST_WAIT]):
            if later["tool"] == call["tool"] and later["arguments"] == call["arguments"]:
                counts = tally.again.setdefault(wait, [0, 0])
                counts[0] += 1
                counts[1] += later["ok"]
                if later["ok"] or later["error"]["class"] != call["error"]["class"]:
                    break
                streak.add(place + 1 + wait)
            elif later["ok"]:
                break


def _rule(name: str, tally: _Tally) -> Recovery:
    """Retry where repeated calls mostly went well, soonest first, or where the class means that it may; else revise."""
    again = [
        (wait, repeated, succeeded)
        for wait, (repeated, succeeded) in sorted(tally.again.items())
        if repeated >= ENOUGH and succeeded >= MOSTLY * repeated
    ]
    repeated = sum(counts[0] for counts in tally.again.values())
    succeeded = sum(counts[1] for counts in tally.again.values())
    if not again and name in TEMPORARY and succeeded >= MOSTLY * repeated:
        again = [(0, repeated, succeeded)]
    if not again:
        return Recovery(
            id=f"after-{name}",
            error_class=name,
            verdict="revise",
            repeated=repeated,
            succeeded=succeeded,
            seen=tally.seen,
            sentence=f"Do not repeat a call that failed with {name}: change it, or do first what it needs.",
        )
    wait, repeated, succeeded = again[0]
    careful = name != TRANSIENT
    when = "at once" if wait == 0 else f"after {wait} other call{'s' if wait > 1 else ''}"
    what = f"A call that failed with {name} may be made again {when}"
    if careful:
        what += ", if its tool only reads or may be repeated; else find out first what it did"
    return Recovery(
        id=f"after-{name}",
        error_class=name,
        verdict="retry",
        careful=careful,
        after=wait,
        repeated=repeated,
        succeeded=succeeded,
        seen=tally.seen,
        sentence=f"{what}.",
    )
