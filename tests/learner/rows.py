"""Judged rows made by hand: one tool, things with fields, and a rule that decides."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import Any

from bridle.evaluation.judged import Row

Decide = Callable[[Mapping[str, Any], Mapping[str, Any]], str]
"""From a view and the arguments to the error class; empty where the call is accepted."""


def view_of(
    things: Mapping[str, Mapping[str, Any]], calls: list[dict[str, Any]], scenario: int, **more: Any
) -> dict[str, Any]:
    return {
        "task": f"Work order {scenario}: {', '.join(things)}.",
        "me": f"m{scenario}",
        "tools": {"act": {"description": "", "schema": {"type": "object"}, "effect": "irreversible"}},
        "calls": calls,
        "resources": dict(things),
        **more,
    }


def rows_of(
    decide: Decide,
    thing: Callable[[random.Random], dict[str, Any]],
    arguments: Callable[[random.Random, list[str]], dict[str, Any]],
    *,
    count: int = 600,
    seed: int = 0,
    calls: Callable[[random.Random, list[str]], list[dict[str, Any]]] = lambda rng, ids: [],
) -> list[Row]:
    """`count` calls of `act` in as many scenarios, with two or three things in each."""
    rows = []
    for scenario in range(count):
        rng = random.Random(f"{seed}/{scenario}")
        things = {f"T-{rng.randint(100, 999)}": thing(rng) for _ in range(rng.randint(2, 3))}
        view = view_of(things, calls(rng, list(things)), scenario)
        given = arguments(rng, list(things))
        error = decide(view, given)
        rows.append(
            Row(
                player=0,
                view=view,
                action={"tool": "act", "arguments": given},
                legal=not error,
                stratum="",
                error_class=error,
                proposer="agent",
            )
        )
    return rows


def on_one(rng: random.Random, ids: list[str]) -> dict[str, Any]:
    """The arguments of a call on one of the things."""
    return {"thing_id": rng.choice(ids)}


def named(view: Mapping[str, Any], arguments: Mapping[str, Any]) -> Mapping[str, Any]:
    """The thing that a call names."""
    there: Mapping[str, Any] = view["resources"][arguments["thing_id"]]
    return there
