"""How much of the legal set a filter finds: the recall of what it offers, over states that work leads through.

Two calls are the same offer where they are the same act: the same tool on the same resource, as the request mapping
names it. What else a call states (a memo, an amount) is the agent's, and nobody could list it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from typing import Any, NamedTuple, cast

from bridle.environment import Environment
from bridle.evaluation.estimates import pooled
from bridle.evaluation.guarded import tools_of
from bridle.evaluation.legal_set import LegalCall, legal_calls
from bridle.evaluation.slice import Slice
from bridle.harness import Action, Loaded, Reply
from bridle.runtime.candidates import Candidates
from bridle.runtime.effects import Effect, Invoke
from bridle.runtime.policies.mapping import RequestMapping
from bridle.runtime.policies.reading import Unreadable
from bridle.runtime.reviewer import FilteringHarness
from bridle.statistics import Estimate
from bridle.trace import parts


class ShownCandidates:
    """Candidates by the tools that each view declares: the scenarios of a variant have tools of their own."""

    def __init__(self) -> None:
        """None were seen so far."""
        self._by_tools: dict[str, Candidates] = {}

    def __call__(self, view: Any) -> list[dict[str, Any]]:
        """The candidates in this view.

        Raises:
            UsageError: it declares no tools.
        """
        shown = json.dumps(view.get("tools") if isinstance(view, dict) else None, sort_keys=True)
        if shown not in self._by_tools:
            self._by_tools[shown] = Candidates(tools_of(view))
        return self._by_tools[shown](view)


class Offers(NamedTuple):
    """What a filter offered: in how many `states`, how many calls in all, and the `recall` of the legal acts there.

    `recall` is legal acts that were offered ÷ legal acts that were listed, clustered by the scenarios' templates; None
    where none were listed. `missed` counts the legal acts that were not offered by their tool.
    """

    states: int
    offered: int
    recall: Estimate | None
    missed: dict[str, int]


def offers(
    environment: Environment,
    reviewer: FilteringHarness,
    loaded: Loaded,
    mapping: RequestMapping,
    where: Slice,
    *,
    seed: int,
) -> Offers:
    """Ask the filter in the states of a slice's episodes; the environment lists what is legal there."""
    observed: list[tuple[Hashable, bool, bool]] = []
    missed: Counter[str] = Counter()
    offered = states = 0
    for legal in _by_state(legal_calls(environment, where, episodes=where.count, seed=seed)):
        choices = _answered(reviewer, loaded, legal[0].view, seed)
        states, offered = states + 1, offered + len(choices)
        acts = {_act(mapping, call) for call in choices}
        for act in {_act(mapping, one.call): None for one in legal}:
            observed.append((legal[0].cluster, act in acts, True))
            missed[act[0]] += act not in acts
    return Offers(states, offered, pooled(observed), {tool: count for tool, count in missed.items() if count})


def _by_state(calls: Sequence[LegalCall]) -> Iterator[list[LegalCall]]:
    """Legal calls of one state together: they have the same view, the very object."""
    together: list[LegalCall] = []
    for call in calls:
        if together and call.view is not together[0].view:
            yield together
            together = []
        together.append(call)
    if together:
        yield together


def _answered(reviewer: FilteringHarness, loaded: Loaded, view: Any, seed: int) -> tuple[Action, ...]:
    """Drive the filter's search; it asks for nothing but the harness."""
    search = reviewer.offers(view, seed)
    answer: Reply | None = None
    try:
        while True:
            effect: Effect = search.send(answer)
            answer = loaded.batch([cast(Invoke, effect).call])[0]
    except StopIteration as stop:
        return cast("tuple[Action, ...]", stop.value)


def _act(mapping: RequestMapping, call: Action) -> tuple[str, str, str]:
    """Tool and resource; a call that names none is the same act only as itself."""
    name, _ = parts(call)
    try:
        return (name, *mapping.resource(call if isinstance(call, dict) else {}))
    except Unreadable:
        return name, "", repr(call)
