"""The ways to set an attack off: what the parent asks of the hostile harness."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from bridle.harness import Call, Loaded, Reply
from bridle.sandbox.attacks.attack import Answer, Attack, Trigger

_BATCH = 20


def _values(attack: Attack, bait: str, function: str) -> tuple[Any, ...]:
    """The bait as the arguments of one of the contract's functions."""
    parameters = attack.contract.function(function).parameters
    first = bait if attack.contract.name == "text-action" else json.loads(bait)
    rest: list[Any] = ["" if attack.contract.name == "text-action" else {} for _ in parameters[1:]]
    return (first, *rest)


def _function(attack: Attack) -> str:
    return attack.function or attack.contract.functions[0].name


def _answers(attack: Attack, function: str, replies: Sequence[Reply], then: str | None = None) -> list[Answer]:
    found = []
    for reply in replies:
        found.append(Answer(attack.contract.function(function).result, reply))
        if then is not None and reply.then is not None:
            found.append(Answer(attack.contract.function(then).result, reply.then))
    return found


def _calling(times: int) -> Trigger:
    def run(loaded: Loaded, attack: Attack, bait: str) -> Sequence[Answer]:
        function = _function(attack)
        replies = [loaded.call(function, *_values(attack, bait, function)) for _ in range(times)]
        return _answers(attack, function, replies)

    return Trigger(run=run, calls=times)


def _batch(loaded: Loaded, attack: Attack, bait: str) -> Sequence[Answer]:
    function = _function(attack)
    replies = loaded.batch([Call(function, _values(attack, bait, function))] * _BATCH)
    if len(replies) != _BATCH:
        raise AssertionError(f"{len(replies)} replies to {_BATCH} calls")
    return _answers(attack, function, replies)


def _checked(loaded: Loaded, attack: Attack, bait: str) -> Sequence[Answer]:
    first, then = (function.name for function in attack.contract.functions[:2])
    replies = loaded.batch([Call(first, _values(attack, bait, first), then=then)] * 2)
    return _answers(attack, first, replies, then)


ONCE, TWICE = _calling(1), _calling(2)
"""One call, and two: the second shows what the first left behind."""

BATCH = Trigger(run=_batch, calls=_BATCH)
"""A batch of calls in one round trip."""

CHECKED = Trigger(run=_checked, calls=4)
"""A batch in which each proposal is checked in the same round trip."""
