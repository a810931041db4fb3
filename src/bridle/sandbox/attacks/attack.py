"""An attack: hostile source, how it is set off, and what would show, outside the sandbox, that it got out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple, TypeAlias

from bridle.errors import Failure
from bridle.harness import TEXT_ACTION, Contract, Limits, Loaded, Reply
from bridle.harness import Result as Kind
from bridle.sandbox.audit import Observed
from bridle.sandbox.stopwatch import PATIENCE

LIMITS = Limits(call_seconds=0.3, batch_seconds=1.0, load_seconds=1.0, memory_bytes=256 << 20, cpu_seconds=30)
"""What an attack may use, unless it says otherwise: little, so that those that only waste time end soon."""

SLACK_SECONDS = 4.0
"""How much longer than its limits an attack may hold its caller: a fresh worker takes a while."""


class Family(StrEnum):
    """What an attack goes for."""

    FILES = "files"
    NETWORK = "network"
    PROCESSES = "processes"
    MEMORY = "memory"
    EXHAUSTION = "exhaustion"
    PRIVILEGE = "privilege"
    FORGING = "forging"
    ANSWERS = "answers"
    BOMBS = "bombs"
    STALLS = "stalls"
    NUMPY = "numpy"
    STATE = "state"
    CONDUCT = "conduct"


class Outcome(StrEnum):
    """How an attack ended."""

    CONTAINED = "contained"
    ESCAPED = "escaped"
    NOT_APPLICABLE = "not applicable"


class Answer(NamedTuple):
    """One reply that the parent accepted, and the kind of value it had to be."""

    kind: Kind
    reply: Reply


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """What the parent saw of an attack.

    `answers` are the replies in the order of the calls, follow-ups included; `refused` says why the harness was not
    loaded, `audited` what the audit found; `raised` is what the sandbox raised that it should not have; `killed`
    workers died as if killed from outside; `seconds` is how long it took, of at most `bound`.
    """

    answers: tuple[Answer, ...] = ()
    refused: Failure | None = None
    audited: Failure | None = None
    raised: Exception | None = None
    rules: object = None
    printed: int = 0
    killed: int = 0
    seconds: float = 0.0
    bound: float = 0.0

    @property
    def failures(self) -> list[Failure]:
        """Every failure, the loading's first."""
        found = [answer.reply.failure for answer in self.answers if answer.reply.failure is not None]
        return found if self.refused is None else [self.refused, *found]


@dataclass(frozen=True, kw_only=True)
class Trigger:
    """How an attack is set off: `run` calls the loaded harness with a bait.

    `calls` bounds how many time-outs fit. `pinned`: its worker shares the caller's CPU, as is usual; else there can be
    two batches on their way at once.
    """

    run: Callable[[Loaded, Attack, str], Sequence[Observed]]
    calls: int = 1
    pinned: bool = True


Oracle: TypeAlias = Callable[[Attempt], str | None]
"""Looks at an attempt besides the tripwires that every attack is held against: the escape, or None."""


@dataclass(frozen=True, kw_only=True)
class Attack:
    """One attack. `source` is hostile and runs in the sandbox only, without the static gate.

    `function` is the contract's function that is called; empty: its first. `oracle` says what else, besides the
    tripwires, is an escape. `audited`: the audit asks the calls again, as it would in use. `numpy`: it needs that.
    """

    name: str
    family: Family
    source: str
    trigger: Trigger
    contract: Contract = TEXT_ACTION
    function: str = ""
    oracle: Oracle | None = None
    limits: Limits = field(default=LIMITS)
    audited: bool = False
    numpy: bool = False

    @property
    def bound(self) -> float:
        """The longest that it may hold its caller, in seconds, on the busiest machine that is waited for."""
        limits, calls = self.limits, self.trigger.calls
        waits = limits.load_seconds + min(calls * (limits.call_seconds + limits.load_seconds), 2 * limits.batch_seconds)
        return PATIENCE * waits + SLACK_SECONDS


@dataclass(frozen=True, kw_only=True)
class Finding:
    """An attack's outcome. `how` says what stopped it, or what it did; `gated`: the static gate alone refuses it."""

    name: str
    family: str
    outcome: Outcome
    how: str
    gated: bool
    seconds: float
