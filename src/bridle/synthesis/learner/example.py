"""An example: a call in a view, and whether the environment accepted it. What rules are induced from.

A denial by a policy engine is no example of anything: it is censored here, at the only entrance.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bridle.evaluation.examples import AGENT
from bridle.evaluation.judged import Row
from bridle.trace import POLICY_DENIED

BEFALLING = frozenset(("transient", "internal", "timeout"))
"""Error classes that befall applicable calls: they say nothing about the call."""

WITHHELD = 4
"""One scenario of this many is withheld, to validate rules on."""


@dataclass(frozen=True, kw_only=True, eq=False, slots=True)
class Example:
    """One judged call. `id` is short, and the same for the same call in the same view.

    `tool` is empty and `arguments` None where the call has none that could be read. `scenario` tells scenarios apart;
    `withheld` examples are for validation, all of a scenario or none.
    """

    id: str
    tool: str
    arguments: Any
    call: Any
    view: Mapping[str, Any]
    accepted: bool
    error_class: str = ""
    by_agent: bool = False
    scenario: str = ""
    withheld: bool = False


def examples(rows: Iterable[Row]) -> list[Example]:
    """The rows as examples, distinct, in order, without those that prove nothing.

    Left out: policy denials; rejections whose class befalls applicable calls; and rows that contradict each other or
    are marked undecidable, the same call in the same view once accepted and once not: no rule can decide them.
    """
    found: dict[str, Example] = {}
    contradicted: set[str] = set()
    shown: Any = None
    for row in rows:
        befell = not row.legal and row.error_class in BEFALLING
        if row.error_class == POLICY_DENIED or befell or row.undecidable:
            continue
        if shown is None or shown.view is not row.view:
            shown = _Shown(row.view)
        example = _example(row, shown)
        known = found.setdefault(example.id, example)
        if known.accepted != example.accepted:
            contradicted.add(example.id)
    return [example for identity, example in found.items() if identity not in contradicted]


def example_id(view: Any, call: Any) -> str:
    """`c-` and eight hex digits of a digest over what was seen and proposed (the opaque handle left out)."""
    return _Shown(view).identity(call)


def longest(examples: Iterable[Example]) -> dict[str, Mapping[str, Any]]:
    """The view with the longest list of calls of each scenario."""
    views: dict[str, Mapping[str, Any]] = {}
    for example in examples:
        known = views.get(example.scenario)
        if "calls" in example.view and (known is None or len(example.view["calls"]) > len(known["calls"])):
            views[example.scenario] = example.view
    return views


def sessions(examples: Iterable[Example]) -> list[Mapping[str, Any]]:
    """The longest views, one of each scenario."""
    return list(longest(examples).values())


class _Shown:
    """A view, and what is computed once for all the calls in it."""

    def __init__(self, view: Any) -> None:
        self.view = view
        self.seen: Mapping[str, Any] = view if isinstance(view, dict) else {}
        told = [self.seen.get(name) for name in ("task", "calls", "sources")]
        self._digest = hashlib.sha256(_text(told if self.seen else view))
        self.scenario = hashlib.sha256(_text([self.seen.get("task"), self.seen.get("me")])).hexdigest()[:12]

    def identity(self, call: Any) -> str:
        """The id of a call in this view."""
        digest = self._digest.copy()
        digest.update(_text(call))
        return f"c-{digest.hexdigest()[:8]}"


def _example(row: Row, shown: _Shown) -> Example:
    call = row.action
    tool = call.get("tool") if isinstance(call, dict) else None
    arguments = call.get("arguments") if isinstance(call, dict) else None
    return Example(
        id=shown.identity(call),
        tool=tool if isinstance(tool, str) else "",
        arguments=arguments if isinstance(arguments, dict) else None,
        call=call,
        view=shown.seen,
        accepted=row.legal,
        error_class="" if row.legal else row.error_class,
        by_agent=row.proposer == AGENT,
        scenario=shown.scenario,
        withheld=int(shown.scenario, 16) % WITHHELD == 0,
    )


def _text(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, default=repr).encode()
