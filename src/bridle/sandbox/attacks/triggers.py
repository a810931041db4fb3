"""The ways to set an attack off: what the parent asks of the hostile harness."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from bridle.harness import Call, Loaded, Pipelining
from bridle.sandbox.attacks.attack import Answer, Attack, Trigger
from bridle.sandbox.audit import Observed

_BATCH = 20
_PADDING = 100_000
"""Characters that make a batch larger than any pipe."""


def _values(attack: Attack, bait: str, function: str) -> tuple[Any, ...]:
    """The bait as the arguments of one of the contract's functions."""
    text = attack.contract.name == "text-action"
    rest: list[Any] = ["" if text else {} for _ in attack.contract.function(function).parameters[1:]]
    return (bait if text else json.loads(bait), *rest)


def _call(attack: Attack, bait: str, then: str | None = None) -> Call:
    function = attack.function or attack.contract.functions[0].name
    return Call(function, _values(attack, bait, function), then)


def answers(attack: Attack, observed: Sequence[Observed]) -> tuple[Answer, ...]:
    """The replies with the kind of value that each had to be, follow-ups after what they follow."""
    found = []
    for call, reply in observed:
        found.append(Answer(attack.contract.function(call.function).result, reply))
        if call.then is not None and reply.then is not None:
            found.append(Answer(attack.contract.function(call.then).result, reply.then))
    return tuple(found)


def _calling(times: int) -> Trigger:
    def run(loaded: Loaded, attack: Attack, bait: str) -> Sequence[Observed]:
        call = _call(attack, bait)
        return [Observed(call, loaded.call(call.function, *call.values)) for _ in range(times)]

    return Trigger(run=run, calls=times)


def _replied(loaded: Loaded, calls: Sequence[Call]) -> Sequence[Observed]:
    return [Observed(*pair) for pair in zip(calls, loaded.batch(calls), strict=True)]


def _batch(loaded: Loaded, attack: Attack, bait: str) -> Sequence[Observed]:
    return _replied(loaded, [_call(attack, bait)] * _BATCH)


def _checked(loaded: Loaded, attack: Attack, bait: str) -> Sequence[Observed]:
    return _replied(loaded, [_call(attack, bait, attack.contract.functions[1].name)] * 2)


def _in_flight(loaded: Loaded, attack: Attack, bait: str) -> Sequence[Observed]:
    if not isinstance(loaded, Pipelining):
        raise TypeError("this sandbox takes one batch at a time")
    calls = [_call(attack, bait)] * 2
    loaded.submit(calls)
    loaded.submit(calls)
    found = [Observed(*pair) for _ in range(2) for pair in zip(calls, loaded.collect(), strict=True)]
    return [*found, *_replied(loaded, calls)]


def _then_heavy(loaded: Loaded, attack: Attack, bait: str) -> Sequence[Observed]:
    light = _call(attack, bait)
    heavy = _call(attack, json.dumps({**json.loads(bait), "padding": "." * _PADDING}))
    return [Observed(light, loaded.call(light.function, *light.values)), *_replied(loaded, [heavy] * _BATCH)]


ONCE, TWICE, OFTEN = _calling(1), _calling(2), _calling(8)
"""One call, two (the second shows what the first left behind), and several."""

BATCH = Trigger(run=_batch, calls=_BATCH)
"""A batch of calls in one round trip."""

CHECKED = Trigger(run=_checked, calls=4)
"""A batch in which each proposal is checked in the same round trip."""

IN_FLIGHT = Trigger(run=_in_flight, calls=6, pinned=False)
"""Two batches on their way at once, and one more when they are back."""

THEN_HEAVY = Trigger(run=_then_heavy, calls=1 + _BATCH)
"""One call, then a batch that no pipe holds."""
