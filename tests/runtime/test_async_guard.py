"""The guard that awaits: the same decisions as the other, and what cancellation leaves behind."""

import asyncio
import random
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from payments import HARNESS, TOOLS, CountingEngine, FakeLoaded, Office, conduct, guard_for
from test_guard_properties import FaultyEngine, WitnessedOffice, hostile, some_call

from bridle.authorization import AuthorizationRequest, Decision, Facts
from bridle.errors import UsageError
from bridle.runtime.async_guard import AsyncGuard
from bridle.runtime.gate import Gate
from bridle.runtime.guard import Guard, Pinned
from bridle.runtime.reviewer import Unreviewed
from bridle.runtime.session import AsyncToolSession, ToolSession

PAY = {"account": "A", "amount": 5}


class AsyncEngine:
    """Asked over a network, so to say."""

    def __init__(self, engine: Any) -> None:
        self.engine = engine

    async def evaluate(self, request: AuthorizationRequest) -> Decision:
        await asyncio.sleep(0)
        return self.engine.evaluate(request)


class AsyncRecords:
    def __init__(self, office: Office) -> None:
        self.office = office

    async def facts(self, resource_type: str, resource_id: str) -> Facts:
        await asyncio.sleep(0)
        return self.office.facts(resource_type, resource_id)


def opened(office: Office, loaded: Any, engine: Any = None, *, alone: bool = False, **changes: Any) -> AsyncGuard:
    """A guard whose tools, engine and records are all asynchronous."""
    held = conduct(**changes)

    def awaiting(function: Callable[..., Any]) -> Callable[..., Any]:
        async def run(**arguments: Any) -> Any:
            await asyncio.sleep(0)
            return function(**arguments)

        return run

    tools = {tool.name: (tool, awaiting(office.function(tool.name))) for tool in TOOLS}
    session = AsyncToolSession(tools, AsyncRecords(office))
    guard = AsyncGuard(
        Gate(session, held.mapping, AsyncEngine(engine or CountingEngine())),
        held,
        harness=Pinned(HARNESS, loaded, alone=alone),
        on_record=(records := []).append,
        on_escalation=(escalations := []).append,
    )
    guard.records, guard.escalations = records, escalations  # type: ignore[attr-defined]
    return guard


def test_the_same_sessions_end_the_same_awaited_or_not() -> None:
    """Hostile harnesses, faulty engines and tools: step by step the same trace, and the same was done."""

    async def awaited(guard: AsyncGuard, calls: list[Any]) -> list[Any]:
        return [(await guard.propose(call))._replace(records=()) for call in calls]

    executed = 0
    for seed in range(150):
        calls = [some_call(random.Random(f"{seed}/{number}")) for number in range(6)]
        worlds = []
        for _ in range(2):
            rng = random.Random(seed)
            office = WitnessedOffice(rng)
            worlds.append((office, FaultyEngine(rng, office.witness), hostile(random.Random(seed + 1))))
        office, engine, loaded = worlds[0]
        guard = guard_for(office, loaded, engine)
        ended = [guard.propose(call)._replace(records=()) for call in calls]
        other, other_engine, other_loaded = worlds[1]
        other_guard = opened(other, other_loaded, other_engine)
        assert asyncio.run(awaited(other_guard, calls)) == ended
        assert other_guard.records == guard.records  # type: ignore[attr-defined]
        assert other_guard.escalations == guard.escalations  # type: ignore[attr-defined]
        assert other.done == office.done
        assert other.witness.violations == []
        executed += len(office.done)
    assert executed > 50


def test_synchronous_parts_are_run_beside_the_loop() -> None:
    loop_thread = threading.get_ident()
    threads: dict[str, int] = {}

    def noting(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def run(*values: Any, **named: Any) -> Any:
            threads[name] = threading.get_ident()
            return function(*values, **named)

        return run

    office, engine = Office(), CountingEngine()
    engine.evaluate = noting("engine", engine.evaluate)  # type: ignore[method-assign]
    office.facts = noting("facts", office.facts)  # type: ignore[method-assign]
    tools = {tool.name: (tool, noting("tool", office.function(tool.name))) for tool in TOOLS}
    loaded = FakeLoaded(noting("harness", lambda view, call: {"verdict": "accept"}))
    held = conduct(reviewer=Unreviewed())
    guard = AsyncGuard(
        Gate(AsyncToolSession(tools, office), held.mapping, engine), held, harness=Pinned(HARNESS, loaded)
    )
    assert asyncio.run(guard.call("pay", PAY)).ok
    assert threads.keys() == {"engine", "facts", "tool", "harness"}
    assert loop_thread not in threads.values()


def test_what_is_told_may_await_and_agents_may_too() -> None:
    told: list[Any] = []

    async def tell(what: Any) -> None:
        await asyncio.sleep(0)
        told.append(what)

    async def agent(asked: Any) -> Any:
        await asyncio.sleep(0)
        return {"tool": "pay", "arguments": {"account": "A", "amount": 5 if asked.refusals else -5}}

    async def play() -> None:
        office, held = Office(), conduct(reviewer=Unreviewed(), calls=1)
        session = AsyncToolSession({tool.name: (tool, office.function(tool.name)) for tool in TOOLS}, office)
        gate = Gate(session, held.mapping, CountingEngine())
        guard = AsyncGuard(gate, held, on_record=tell, on_escalation=tell)
        assert (await guard.turn(agent)).error_class == "schema"
        assert (await guard.call("pay", PAY)).ok
        assert (await guard.call("pay", PAY)).error_class == "budget-spent"
        with pytest.raises(UsageError, match="no proposal"):
            await guard.act()
        assert guard.suspended
        await guard.resume()
        assert (await guard.call("hold", {"account": "A"})).ok

    asyncio.run(play())
    assert len(told) == 5
    assert told[3].condition == "budget"


def test_calls_of_several_tasks_are_made_one_after_another() -> None:
    running, most = 0, 0

    async def play() -> None:
        nonlocal running, most
        office, held = Office(), conduct(reviewer=Unreviewed(), calls=5)

        async def pay(**arguments: Any) -> Any:
            nonlocal running, most
            running += 1
            most = max(most, running)
            await asyncio.sleep(0.001)
            running -= 1
            return {}

        tools = {tool.name: (tool, pay) for tool in TOOLS}
        guard = AsyncGuard(Gate(AsyncToolSession(tools, office), held.mapping, CountingEngine()), held)
        answers = await asyncio.gather(*(guard.call("pay", PAY) for _ in range(8)))
        assert sum(answer.ok for answer in answers) == 5, "the budget holds for all of them together"

    asyncio.run(play())
    assert most == 1


# --- cancelled --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("synchronous", [False, True])
def test_a_call_that_is_cancelled_while_its_tool_runs_is_one_of_unknown_outcome(synchronous: bool) -> None:
    office = Office()
    begun, go_on = threading.Event(), threading.Event()

    def slow(**arguments: Any) -> Any:
        begun.set()
        go_on.wait(5)
        office.done.append(("pay", arguments))
        return {}

    async def awaiting(**arguments: Any) -> Any:
        begun.set()
        await asyncio.sleep(5)

    async def play() -> None:
        held = conduct(reviewer=Unreviewed())
        tools: dict[str, Any] = {tool.name: (tool, office.function(tool.name)) for tool in TOOLS}
        tools["pay"] = (TOOLS[1], slow if synchronous else awaiting)
        records: list[Any] = []
        guard = AsyncGuard(
            Gate(AsyncToolSession(tools, office), held.mapping, CountingEngine()), held, on_record=records.append
        )
        task = asyncio.create_task(guard.call("pay", PAY))
        while not begun.is_set():
            await asyncio.sleep(0.001)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        (record,) = records
        assert (record.error_class, record.legal) == ("timeout", True)
        assert record.decision.permits
        again = await guard.call("pay", PAY)
        assert again.error_class == "in-doubt", "it may have been paid"
        assert (await guard.call("get_account", {"account": "A"})).ok
        go_on.set()

    asyncio.run(play())


def test_a_call_that_is_cancelled_before_its_tool_runs_is_never_made() -> None:
    """Whatever was being waited for: nothing is executed afterwards, no permit is left, and the session goes on."""

    class Slow:
        def __init__(self, engine: Any) -> None:
            self.engine, self.waiting = engine, asyncio.Event()

        async def evaluate(self, request: AuthorizationRequest) -> Decision:
            self.waiting.set()
            await asyncio.sleep(0.05)
            return self.engine.evaluate(request)

    async def play() -> None:
        office, held = Office(), conduct(reviewer=Unreviewed())
        engine = Slow(CountingEngine())
        session = AsyncToolSession({tool.name: (tool, office.function(tool.name)) for tool in TOOLS}, office)
        gate = Gate(session, held.mapping, engine)
        guard = AsyncGuard(gate, held)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.02):
                await guard.call("pay", PAY)
        await asyncio.sleep(0.1)
        assert office.done == []
        with pytest.raises(Exception, match="without a permit"):
            gate.redeem({"tool": "pay", "arguments": PAY})
        assert (await guard.call("pay", PAY)).ok
        assert len(office.done) == 1

    asyncio.run(play())


def test_a_harness_is_never_asked_by_two_at_once_also_after_a_cancellation() -> None:
    inside, most = 0, 0

    def review(view: Any, call: Any) -> Any:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        time.sleep(0.02)
        inside -= 1
        return {"verdict": "accept"}

    async def play() -> None:
        office = Office()
        pinned = Pinned(HARNESS, FakeLoaded(review))
        held = conduct(reviewer=Unreviewed())
        guards = []
        for _ in range(3):
            session = AsyncToolSession({tool.name: (tool, office.function(tool.name)) for tool in TOOLS}, office)
            guards.append(AsyncGuard(Gate(session, held.mapping, CountingEngine()), held, harness=pinned))
        tasks = [asyncio.create_task(guard.call("pay", PAY)) for guard in guards for _ in range(2)]
        await asyncio.sleep(0.03)
        for task in tasks[::2]:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    asyncio.run(play())
    assert most == 1


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, SystemExit])
def test_an_interrupt_in_a_tool_leaves_doubt_in_the_synchronous_guard_too(interrupt: type[BaseException]) -> None:
    office, held = Office(), conduct(reviewer=Unreviewed())

    def pay(**arguments: Any) -> Any:
        office.done.append(("pay", arguments))
        raise interrupt

    tools: dict[str, Any] = {tool.name: (tool, office.function(tool.name)) for tool in TOOLS}
    tools["pay"] = (TOOLS[1], pay)
    records: list[Any] = []
    guard = Guard(Gate(ToolSession(tools, office), held.mapping, CountingEngine()), held, on_record=records.append)
    with pytest.raises(interrupt):
        guard.call("pay", PAY)
    assert records[0].error_class == "timeout"
    assert guard.call("pay", PAY).error_class == "in-doubt"
    assert len(office.done) == 1


def test_an_agent_that_raises_ends_its_turn_and_nothing_else() -> None:
    guard = guard_for(Office(), FakeLoaded())

    def broken(asked: Any) -> Any:
        raise ValueError("no idea")

    with pytest.raises(ValueError, match="no idea"):
        guard.turn(broken)
    assert guard.records == []  # type: ignore[attr-defined]
    assert guard.call("pay", PAY).ok


def test_a_tool_that_calls_its_own_session_does_not_wait_for_itself() -> None:
    from bridle.runtime.policies.function import no_policy
    from bridle.runtime.wrap import Toolbox

    box = Toolbox(no_policy())
    inner: list[Any] = []

    @box.tool(effect="irreversible")
    def outer() -> str:
        try:
            tools["outer"]()
        except UsageError as error:
            inner.append(str(error))
        return "done"

    tools = box.open()
    assert tools["outer"]() == "done"

    later = Toolbox(no_policy())

    @later.tool(effect="irreversible", name="outer")
    async def awaited() -> str:
        try:
            await asynchronous["outer"]()
        except UsageError as error:
            inner.append(str(error))
        return "done"

    async def play() -> Any:
        return await asyncio.wait_for(asynchronous["outer"](), 5)

    asynchronous = later.open_async()
    assert asyncio.run(play()) == "done"
    assert len(inner) == 2
    assert all("wait for itself" in said for said in inner)
    assert tools["outer"]() == "done", "and the session goes on"


def test_an_agent_does_not_say_where_its_call_comes_from() -> None:
    from bridle.runtime.effects import Proposal

    guard = guard_for(Office(), FakeLoaded())
    answer = guard.turn(lambda asked: Proposal({"tool": "pay", "arguments": PAY}, 0.9, "compensation"))
    assert answer.records[0].origin == "agent"
