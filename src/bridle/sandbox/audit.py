"""The statelessness audit: a harness must answer from its arguments alone.

The kernel can't see state that a process keeps between calls. So a sample of calls, drawn while the harness was in
use, is asked again in a fresh worker in another order; a different answer is a failure of the harness, with an example.
What the sample does not hold is not found: an audit finds state, it can't prove that there is none.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from bridle.errors import Blame, Failure
from bridle.harness import Call, Harness, Limits, Reply, Sandbox
from bridle.sandbox import wire

SAMPLE = 64
"""Calls that an audit asks again, unless told otherwise."""

SHOWN = 200
"""Characters of an argument or answer that a failure's message shows."""

_UNREPEATABLE = frozenset(("timeout", "cpu", "memory", "killed"))


class Observed(NamedTuple):
    """A call and what came of it in use."""

    call: Call
    reply: Reply


class Sampler:
    """Keeps a uniform sample of the calls it is shown, whatever their number (reservoir sampling)."""

    def __init__(self, rng: random.Random, size: int = SAMPLE) -> None:
        """`rng` decides what is kept; `size` is how many calls at most."""
        self._rng, self._size = rng, size
        self._seen = 0
        self.kept: list[Observed] = []

    def see(self, calls: Iterable[Call], replies: Iterable[Reply]) -> None:
        """Take note of a batch and its replies."""
        for call, reply in zip(calls, replies, strict=True):
            self._seen += 1
            if len(self.kept) < self._size:
                self.kept.append(Observed(call, reply))
            else:
                place = self._rng.randrange(self._seen)
                if place < self._size:
                    self.kept[place] = Observed(call, reply)


def audit(
    sandbox: Sandbox, harness: Harness, limits: Limits, sample: Sequence[Observed], rng: random.Random
) -> Failure | None:
    """Ask the sample again in a fresh worker, shuffled by `rng`. The first different answer as a failure, or None.

    Replies that tell of the machine as much as of the harness (time-outs, memory, deaths) are not compared.

    Raises:
        HarnessFault, SandboxFault: as `Sandbox.load`.
    """
    shuffled = [observed for observed in sample if _repeatable(observed.reply)]
    rng.shuffle(shuffled)
    loaded = sandbox.load(harness, limits)
    try:
        for start in range(0, len(shuffled), wire.MAX_BATCH):
            part = shuffled[start : start + wire.MAX_BATCH]
            for observed, again in zip(part, loaded.batch([observed.call for observed in part]), strict=True):
                if _repeatable(again) and _essence(again) != _essence(observed.reply):
                    return _mismatch(observed, again)
    finally:
        loaded.close()
    return None


def _repeatable(reply: Reply) -> bool:
    failure = reply.failure
    if failure is not None and (failure.blame is not Blame.HARNESS or failure.kind in _UNREPEATABLE):
        return False
    return reply.then is None or _repeatable(reply.then)


def _essence(reply: Reply) -> tuple[object, ...]:
    """What must be the same: values with their types, and of failures kind and line (messages hold addresses)."""
    failed = None if reply.failure is None else (reply.failure.kind, reply.failure.line)
    return repr(reply.value), failed, None if reply.then is None else _essence(reply.then)


def _mismatch(observed: Observed, again: Reply) -> Failure:
    call, reply = observed
    values = ", ".join(_short(value) for value in call.values)
    message = (
        f"`{call.function}({values})` gave {_outcome(reply)} in use and {_outcome(again)} when it was asked again in a "
        "fresh process: compute from the arguments alone, keep nothing between calls, read no clock"
    )
    return Failure(blame=Blame.HARNESS, kind="stateful", message=message)


def _outcome(reply: Reply) -> str:
    first = str(reply.failure) if reply.failure is not None else _short(reply.value)
    return first if reply.then is None else f"{first} (then {_outcome(reply.then)})"


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
