"""What can be asked of a harness without an agent: how fast, how steady, and how much of the legal set it lets pass.

    latency     one call after another, each timed: what a lone caller waits for
    caller      the same question by another caller: only the opaque handle `me` differs, so the answer may not
    again       the same question once more after all the others: a harness has no memory and no clock
    reach       legal actions of states that work leads through, and whether it accepts or rewrites them

A harness that stalls here is not evaluated any further.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bridle.errors import HarnessFault
from bridle.evaluation.condition import Contender
from bridle.evaluation.job import sandbox
from bridle.evaluation.legal_set import LegalCall, legal_calls
from bridle.evaluation.patience import Patient
from bridle.evaluation.slice import Slice, opened
from bridle.harness import Call, Harness, Limits, Loaded, Reply
from bridle.runtime.verdict import Verdict, review_verdict, rules_of

EPISODES = 60
"""Episodes whose states are asked about."""

TIMED = 200
"""Calls that are timed one by one."""

TWINS = 200
"""Questions that are asked in another form."""

STALL = 0.25
"""Seconds: a harness whose median call takes as long is not evaluated any further. Usual is a thousandth of it."""

FIRST = 5
"""Calls after which a stalling harness is known for one."""


@dataclass(frozen=True, kw_only=True)
class Examination:
    """Examine one harness on states of a slice."""

    contender: Contender
    slice: Slice
    seed: int

    @property
    def key(self) -> str:
        """What it is journalled by."""
        return f"examination/{self.slice.name}/{self.contender.name}"

    def play(self) -> dict[str, Any]:
        """What was found, as JSON: see `examined`. `unloadable` says why the harness can't be loaded."""
        harness = self.contender.harness
        try:
            rules = rules_of(harness)
            loaded = Patient(sandbox(os.getpid()).load(harness, Limits()))
        except HarnessFault as fault:
            return {"unloadable": str(fault.failure), "times": {}}
        try:
            rows = legal_calls(opened(self.slice.environment), self.slice, episodes=EPISODES, seed=self.seed)
            return examined(loaded, harness, rules, rows)
        finally:
            loaded.close()


def examined(loaded: Loaded, harness: Harness, rules: dict[str, str], rows: Sequence[LegalCall]) -> dict[str, Any]:
    """Ask, and count: `reach` is (accepted, asked) by template, `kinds` by tool; `twins` (differing, asked).

    `failed` counts failures by kind. Times are apart, since no two runs have the same.
    """
    sample = rows[:: max(1, len(rows) // TIMED)][:TIMED]
    seconds: list[float] = []
    failed: Counter[str] = Counter()
    for row in sample:
        began = time.perf_counter()
        reply = loaded.call("review_call", row.view, row.call)
        seconds.append(time.perf_counter() - began)
        failed.update([reply.failure.kind] if reply.failure is not None else [])
        if len(seconds) == FIRST and sorted(seconds)[FIRST // 2] >= STALL:
            return {"stalled": True, "failed": dict(failed), "times": {"seconds": seconds}}
    replies = _asked(loaded, [(row.view, row.call) for row in rows])
    reach: dict[str, list[int]] = {}
    kinds: dict[str, list[int]] = {}
    for row, reply in zip(rows, replies, strict=True):
        failed.update([reply.failure.kind] if reply.failure is not None else [])
        for pair in (reach.setdefault(row.cluster, [0, 0]), kinds.setdefault(row.kind, [0, 0])):
            pair[0] += _accepted(reply, rules)
            pair[1] += 1
    return {
        "stalled": False,
        "failed": dict(sorted(failed.items())),
        "reach": reach,
        "kinds": dict(sorted(kinds.items())),
        "twins": _twins(loaded, rows, replies),
        "times": {"seconds": seconds},
    }


def _twins(loaded: Loaded, rows: Sequence[LegalCall], replies: Sequence[Reply]) -> dict[str, list[int]]:
    """(differing, asked) for each form that can't matter."""
    places = range(0, len(rows), max(1, len(rows) // TWINS))
    callers = sorted({str(row.view["me"]) for row in rows if "me" in row.view})
    asked: dict[str, list[tuple[int, tuple[Any, Any]]]] = {"again": [(i, (rows[i].view, rows[i].call)) for i in places]}
    if len(callers) > 1:
        asked["caller"] = [
            (i, ({**rows[i].view, "me": _other(callers, rows[i].view["me"], i)}, rows[i].call)) for i in places
        ]
    return {
        form: [
            sum(
                reply != replies[i] for (i, _), reply in zip(pairs, _asked(loaded, [p for _, p in pairs]), strict=True)
            ),
            len(pairs),
        ]
        for form, pairs in asked.items()
    }


def _other(callers: Sequence[str], mine: str, place: int) -> str:
    """Another caller's handle."""
    chosen = callers[place % len(callers)]
    return chosen if chosen != mine else callers[(place + 1) % len(callers)]


def _asked(loaded: Loaded, questions: Sequence[tuple[Any, Any]]) -> list[Reply]:
    replies: list[Reply] = []
    for start in range(0, len(questions), 100):
        replies += loaded.batch([Call("review_call", question) for question in questions[start : start + 100]])
    return replies


def _accepted(reply: Reply, rules: dict[str, str]) -> bool:
    verdict = reply.failure or review_verdict(reply.value, rules)
    return isinstance(verdict, Verdict) and verdict.word in ("accept", "rewrite")
