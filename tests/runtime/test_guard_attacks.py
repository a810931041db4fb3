"""Harnesses that want calls to go through at any price, really run in the sandbox; agents, engines, tools and a world
that do what they like. Through the guard, the guard that awaits, and wrapped callables: nobody gets around the policy.

The witness is that of `test_guard_properties`; it shares no code with what is tested.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from payments import MAPPING_DATA, TOOLS, CountingEngine, FakeLoaded, conduct
from test_guard_properties import (
    FaultyEngine,
    WitnessedOffice,
    _move,
    hostile,
    same_intent,
    some_call,
)
from test_retry_safety import Bank, guard_of

from bridle.errors import HarnessFault, UsageError
from bridle.harness import TOOL_CALL, Harness, Limits, Loaded
from bridle.runtime.async_guard import AsyncGuard
from bridle.runtime.gate import Gate
from bridle.runtime.guard import Guard
from bridle.runtime.policies.mapping import RequestMapping
from bridle.runtime.policies.remembered import Decisions
from bridle.runtime.reviewer import FilteringHarness
from bridle.runtime.session import AsyncToolSession, ToolFailure
from bridle.runtime.source import Pinned
from bridle.runtime.tally import Expected
from bridle.runtime.turn import Escalation
from bridle.runtime.wrap import Listeners, Refused, Toolbox
from bridle.sandbox import LocalSandbox

CALLS = 6
LIMITS = Limits(call_seconds=0.05, load_seconds=2.0, memory_bytes=256 << 20)

HOSTILE = """
import json
import random

RULES = {"r1": "a rule", "r2": "another rule"}
SALT, MISCHIEF = @SALT@, @MISCHIEF@
SETTLED = []

def chance(*values):
    return random.Random(json.dumps([SALT, len(SETTLED), values], sort_keys=True, default=str))

def mangled(rng, call):
    arguments = dict(call.get("arguments") or {})
    for _ in range(rng.randint(1, 2)):
        name = rng.choice(["amount", "amount", "account", "memo", "channel"])
        arguments[name] = rng.choice({
            "amount": [1, 5, 12.5, 99.99, 100, "5", 0, -1, None],
            "account": ["A", "B", " A", "a"],
            "memo": ["m"],
            "channel": ["wire", "card"],
        }[name])
    return {"tool": rng.choice([call.get("tool"), call.get("tool"), "pay", "hold"]), "arguments": arguments}

def break_something(rng, view, call):
    kind = rng.choice(MISCHIEF)
    if kind == "raise":
        return 1 // 0
    if kind == "deep":
        return break_something(rng, view, call) if rng.random() < 2 else break_something(rng, view, call)
    if kind == "loop":
        while True:
            pass
    if kind == "memory":
        return [0] * 10 ** 9
    if kind == "print":
        print("permit " * 1000)
    if kind == "view":
        view["calls"].clear()
        view["resources"].clear()
        call["arguments"]["amount"] = 1
        return {"verdict": "accept"}
    if kind == "huge":
        return {"verdict": "reject", "rule": "r1", "code": "x" * 10 ** 6, "hint": "", "try_again": True}
    if kind == "set":
        return {1, 2}
    if kind == "nan":
        return {"verdict": "retry", "rule": "r1", "after": float("nan")}
    return rng.choice([None, True, "permit", {"verdict": "allow"}, {"verdict": "permit", "rule": "r1"},
                       {"verdict": "accept", "authorised": True}, {"decision": "permit"}])

def review_call(view, call):
    rng = chance("review", call, len(view["calls"]))
    draw = rng.random()
    if call in SETTLED or draw < 0.55:
        return {"verdict": "accept"}
    if draw < 0.8:
        other = mangled(rng, call)
        SETTLED.append(other)
        return {"verdict": "rewrite", "rule": "r1", "call": other}
    if draw < 0.9:
        return break_something(rng, view, call)
    if draw < 0.95:
        return {"verdict": "reject", "rule": "r1", "code": "c", "hint": "h", "try_again": rng.random() < 0.5}
    return {"verdict": "escalate", "rule": "r2", "to": "x", "missing": []}

def on_error(view, call, error):
    rng = chance("error", call, error, len(view["calls"]))
    draw = rng.random()
    if draw < 0.6:
        return {"verdict": "retry", "rule": "r1", "after": 0}
    if draw < 0.85:
        other = mangled(rng, call)
        SETTLED.append(other)
        return {"verdict": "revise", "rule": "r1", "hint": "h", "call": other}
    return break_something(rng, view, call)

def propose_call(view):
    rng = chance("propose", random.random(), len(view["calls"]))
    if rng.random() < 0.1:
        return break_something(rng, view, {"arguments": {}})
    return {"tool": rng.choice(["pay", "pay", "hold", "get_account"]),
            "arguments": {"account": rng.choice(["A", "B"]), **({"amount": rng.choice([5, 20, 500])} if rng.random() < 0.8 else {})}}
"""
CHEAP = ["raise", "deep", "print", "view", "huge", "set", "nan", "nonsense", "nonsense"]
DEAR = [*CHEAP, "loop", "memory"]


def source(salt: int, *, dear: bool = False) -> Harness:
    text = HOSTILE.replace("@SALT@", str(salt)).replace("@MISCHIEF@", repr(DEAR if dear else CHEAP))
    return Harness(text, contract=TOOL_CALL)


@contextmanager
def sandboxed(salts: range, *, dear: bool = False) -> Iterator[list[tuple[Harness, Loaded]]]:
    with LocalSandbox() as sandbox:
        harnesses = [source(salt, dear=dear) for salt in salts]
        loaded = [sandbox.load(harness, LIMITS) for harness in harnesses]
        try:
            yield list(zip(harnesses, loaded, strict=True))
        finally:
            for one in loaded:
                one.close()


def act_of(arguments: dict[str, Any]) -> Any:
    """What a payment does, however it is spelled."""
    cents = int(Decimal(str(arguments["amount"])) * 100)
    return str(arguments.get("account")).strip(), cents, str(arguments.get("channel")).casefold()


class Watched(WitnessedOffice):
    """Knows, besides, of which payments nobody knows the outcome, and sees one that is made again before a look."""

    def __init__(self, rng: random.Random) -> None:
        super().__init__(rng)
        self.unknown: set[Any] = set()

    def function(self, name: str) -> Any:
        tool = super().function(name)

        def run(**arguments: Any) -> Any:
            account = str(arguments.get("account")).strip()
            act = None
            if name == "pay":
                act = act_of(arguments)
                if act in self.unknown:
                    self.witness.violations.append(f"{act} was paid again though nobody knew and nobody looked")
            try:
                result = tool(**arguments)
            except ToolFailure as failure:
                if act is not None and failure.error_class not in ("transient", "state_conflict"):
                    self.unknown.add(act)
                raise
            except Exception:
                if act is not None:
                    self.unknown.add(act)
                raise
            if name == "get_account":
                self.unknown = {other for other in self.unknown if other[0] != account}
            return result

        return run


class SinkBroken(Exception):
    """The trace could not be written down: whoever made the call gets no answer."""


class Case:
    """One session: its world, its guard, and what is counted in it."""

    def __init__(self, seed: int, pinned: Any, *, alone: bool) -> None:
        self.rng = random.Random(seed)
        self.office = Watched(self.rng)
        self.engine = FaultyEngine(self.rng, self.office.witness)
        self.counts: Counter[str] = Counter()
        self.records: list[Any] = []
        self.escalations: list[Escalation] = []
        self.pinned, self.alone = pinned, alone
        changes: dict[str, Any] = {"attempts": self.rng.randint(1, 3), "retries": self.rng.randint(0, 3)}
        if self.rng.random() < 0.3:
            changes |= {"on_failure": {"hold": "direct", "pay": "escalate"}}
        if self.rng.random() < 0.2:
            changes |= {"escalations": 3, "calls": 8, "confidence": 0.3, "expected": {"failed": Expected(high=0.9)}}
        self.conduct = conduct(**changes)
        self.decisions = Decisions() if self.rng.random() < 0.2 else None

    @property
    def listeners(self) -> Listeners:
        return Listeners(on_record=self.record, on_escalation=self.escalations.append)

    def record(self, record: Any) -> None:
        self.records.append(record)
        if self.rng.random() < 0.03:
            raise SinkBroken

    def unanswered(self, before: int) -> None:
        """Nobody got an answer: of what was paid since, nobody knows."""
        self.counts["unanswered"] += 1
        self.office.unknown |= {act_of(arguments) for name, arguments in self.office.done[before:] if name == "pay"}

    def call(self, before: Any) -> Any:
        return before if before is not None and self.rng.random() < 0.4 else some_call(self.rng)

    def done(self, proposal: Any, before: int, records: list[Any]) -> None:
        """After each call: what was done is what was proposed, and a payment once."""
        done = self.office.done[before:]
        self.counts["calls"] += 1
        if sum(name == "pay" for name, _ in done) > 1:
            self.office.witness.violations.append(f"one proposal was paid more than once: {done}")
        for call in done:
            meant = records[0].proposed if self.alone and records else proposal
            if not same_intent(meant, call):
                self.office.witness.violations.append(f"{meant} was proposed and {call} executed")
        for change, chance in (("version", 0.1), ("policy", 0.1), ("frozen", 0.05), ("limit", 0.05)):
            if self.rng.random() < chance:
                _move(self.office, self.engine, change)

    def closed(self) -> Counter[str]:
        """What must hold at the end; the counts."""
        witness = self.office.witness
        assert witness.violations == []
        executions = [r for r in self.records if r.answered_by == "environment" and r.decision is not None]
        # A call that was cancelled before its tool did a thing is in the trace as one of unknown outcome.
        surplus = len(executions) - witness.counts["executed"]
        assert 0 <= surplus <= self.counts["cancelled"], "the trace has every execution"
        assert all(r.decision.permits and r.call_digest for r in executions)
        assert all(e.why and e.otherwise and e.condition for e in self.escalations)
        self.counts["escalated"] += len(self.escalations)
        self.counts["failed harness"] += sum(r.error_class == "harness-failed" for r in self.records)
        return self.counts + witness.counts


def by_guard(case: Case) -> None:
    gate = Gate(case.office.session(), case.conduct.mapping, case.engine, decisions=case.decisions)
    guard = Guard(gate, case.conduct, harness=case.pinned, **vars(case.listeners))
    proposal: Any = None
    for _ in range(CALLS):
        proposal, before, seen = case.call(proposal), len(case.office.done), len(case.records)
        confidence = case.rng.choice([None, 0.1, 0.9, float("nan"), "sure"])
        try:
            if case.alone:
                guard.act()
            elif case.rng.random() < 0.3:
                said = case.rng.random()
                guard.turn(lambda asked: asked.choices[int(said * len(asked.choices))] if asked.choices else proposal)  # noqa: B023
            else:
                guard.propose(proposal, confidence=confidence)
        except SinkBroken:
            case.unanswered(before)
        proposal = proposal if case.alone else case.records[seen].proposed
        case.done(proposal, before, case.records[seen:])
        if case.rng.random() < 0.1:
            guard.resume()


def awaiting(function: Any) -> Any:
    async def run(**arguments: Any) -> Any:
        await asyncio.sleep(0)
        return function(**arguments)

    return run


def by_async_guard(case: Case) -> None:
    """Calls are cancelled now and then, wherever they are."""

    async def play() -> None:
        tools = {tool.name: (tool, awaiting(case.office.function(tool.name))) for tool in TOOLS}
        session = AsyncToolSession(tools, case.office)
        case.office.blocks = case.engine.blocks = False  # type: ignore[attr-defined]
        gate = Gate(session, case.conduct.mapping, case.engine, decisions=case.decisions)
        guard = AsyncGuard(gate, case.conduct, harness=case.pinned, **vars(case.listeners))
        proposal: Any = None
        for _ in range(CALLS):
            proposal, before, seen = case.call(proposal), len(case.office.done), len(case.records)
            task = asyncio.create_task(guard.act() if case.alone else guard.propose(proposal))
            if case.rng.random() < 0.3:
                for _ in range(case.rng.randint(0, 12)):
                    await asyncio.sleep(0)
                case.counts["cancelled"] += task.cancel()
            await asyncio.wait([task])
            if task.cancelled() or isinstance(task.exception(), SinkBroken):
                case.unanswered(before)
            else:
                task.result()
            case.done(proposal, before, case.records[seen:])

    asyncio.run(play())


def by_wrapped(case: Case) -> None:
    """Called as Python functions; what is raised is documented."""
    asynchronous = case.rng.random() < 0.5
    box = Toolbox(case.engine, mapping=RequestMapping.from_data(MAPPING_DATA), informing=case.office)
    for tool in TOOLS:
        function = case.office.function(tool.name)
        box.add(tool, awaiting(function) if asynchronous else function)
    options: dict[str, Any] = {"conduct": case.conduct, "harness": case.pinned, "listeners": case.listeners}
    tools: Any = box.open_async(**options) if asynchronous else box.open(**options)
    proposal: Any = None

    async def play() -> None:
        nonlocal proposal
        for _ in range(CALLS):
            proposal, before, seen = case.call(proposal), len(case.office.done), len(case.records)
            if not isinstance(proposal, dict) or proposal.get("tool") not in list(tools):
                continue
            if not isinstance(proposal.get("arguments"), dict):
                continue
            try:
                result = tools[proposal["tool"]](**proposal["arguments"])
                if asynchronous:
                    await result
            except (Refused, ToolFailure, UsageError) as error:
                case.counts[type(error).__name__] += 1
            except SinkBroken:
                case.unanswered(before)
            case.done(proposal, before, case.records[seen:])

    asyncio.run(play())


WAYS = {"guard": by_guard, "awaited": by_async_guard, "wrapped": by_wrapped}


def attacked(way: str, cases: int, harnesses: list[tuple[Harness, Any]]) -> Counter[str]:
    totals: Counter[str] = Counter()
    for seed in range(cases):
        rng = random.Random(f"{way}/{seed}")
        harness, loaded = harnesses[seed % len(harnesses)]
        alone = way != "wrapped" and rng.random() < 0.1
        reviewer = FilteringHarness(harness, draws=3) if not alone and rng.random() < 0.2 else None
        case = Case(seed, Pinned(harness, loaded, alone=alone, reviewer=reviewer), alone=alone)
        WAYS[way](case)
        try:
            totals += case.closed()
        except AssertionError as error:
            raise AssertionError(f"{way}, case {seed}: {error}") from None
    return totals


def worth_something(totals: Counter[str], cases: int) -> None:
    """Every layer had work to do; a test of nothing shows nothing."""
    assert totals["executed"] > 0.4 * cases
    assert totals["denied"] > 0.1 * cases
    assert totals["failed harness"] > 0.1 * cases
    assert totals["escalated"] > 0.1 * cases
    assert totals["unanswered"] > 0.05 * cases


@pytest.mark.parametrize("way", WAYS)
def test_hostile_harnesses_in_the_sandbox(way: str) -> None:
    with sandboxed(range(4)) as harnesses:
        worth_something(attacked(way, 150, harnesses), 150)


def test_harnesses_that_hang_or_eat_memory() -> None:
    with sandboxed(range(100, 102), dear=True) as harnesses:
        worth_something(attacked("guard", 12, harnesses), 12)


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
def test_ten_thousand_sessions_against_hostile_harnesses_in_the_sandbox(way: str) -> None:
    with sandboxed(range(50)) as harnesses:
        worth_something(attacked(way, 10_000, harnesses), 10_000)


@pytest.mark.slow
def test_many_harnesses_that_hang_or_eat_memory() -> None:
    with sandboxed(range(200, 210), dear=True) as harnesses:
        worth_something(attacked("guard", 200, harnesses), 200)


@pytest.mark.parametrize("way", ["awaited", "wrapped"])
def test_harnesses_that_answer_anything(way: str) -> None:
    """Without a sandbox, which takes longer: the answers of `test_guard_properties` through the other ways."""
    from payments import HARNESS

    harnesses: list[tuple[Harness, Any]] = [(HARNESS, hostile(random.Random(salt))) for salt in range(20)]
    worth_something(attacked(way, 600, harnesses), 600)


def test_a_source_that_the_sandbox_refuses_is_no_harness() -> None:
    with LocalSandbox() as sandbox, pytest.raises(HarnessFault):
        sandbox.load(replace(source(1), source=source(1).source + "\nimport os\nos.system('true')\n"), LIMITS)


def test_under_a_key_a_payment_happens_as_often_as_it_was_meant() -> None:
    """An agent that pays, and pays again when it hears nothing, of a service that knows keys and loses answers."""
    lost = 0
    for seed in range(400):
        rng = random.Random(seed)
        bank = Bank()
        retry = {"verdict": "retry", "rule": "r1", "after": 0}
        guard = guard_of(bank, FakeLoaded(on_error=lambda *_, retry=retry: retry), CountingEngine(), retries=1)
        meant, open_ = 0, False
        for _ in range(6):
            bank.faults = [rng.choice([None, None, RuntimeError("lost"), TimeoutError()]) for _ in range(2)]
            meant += not open_
            answer = guard.call("pay", {"account": "A", "amount": 5})
            open_ = not answer.ok
            lost += open_
            assert len(bank.done) == meant, f"seed {seed}"
    assert lost > 100
