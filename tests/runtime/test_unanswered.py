"""Whoever got no answer knows of no call: what was done behind his back is not done again before somebody has looked."""

import asyncio
import sys
import threading
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from payments import TOOLS, CountingEngine, FakeLoaded, Office, conduct, guard_for
from test_retry_safety import Bank, guard_of

from bridle import runtime
from bridle.authorization import AuthorizationRequest, Decision
from bridle.errors import UsageError
from bridle.runtime.async_guard import AsyncGuard
from bridle.runtime.gate import Gate
from bridle.runtime.guard import Guard
from bridle.runtime.reviewer import Unreviewed
from bridle.runtime.session import AsyncToolSession, ToolFailure

PAY = {"account": "A", "amount": 5}
LOOK = {"account": "A"}


class Sink:
    """Writes down what it is told, and fails as often as it is set to."""

    def __init__(self, *errors: BaseException) -> None:
        self.told: list[Any] = []
        self.errors = list(errors)

    def __call__(self, what: Any) -> None:
        self.told.append(what)
        if self.errors:
            raise self.errors.pop(0)


def guarded(office: Office, sink: Any = None, asked: Any = None, **changes: Any) -> Guard:
    held = conduct(reviewer=Unreviewed(), **changes)
    return Guard(Gate(office.session(), held.mapping, CountingEngine()), held, on_record=sink, on_escalation=asked)


@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt(), SystemExit()])
def test_a_sink_that_fails_after_a_payment_does_not_lead_to_another(error: BaseException) -> None:
    office = Office()
    guard = guarded(office, Sink(error))
    with pytest.raises(type(error)):
        guard.call("pay", PAY)
    assert guard.call("pay", PAY).error_class == "in-doubt"
    assert guard.call("pay", PAY | {"memo": "again"}).error_class == "in-doubt"
    assert len(office.done) == 1
    assert guard.call("get_account", LOOK).ok
    assert guard.call("pay", PAY).ok, "somebody has looked"


def test_what_took_no_effect_or_may_be_repeated_leaves_no_doubt_behind_a_sink_that_fails() -> None:
    office = Office()
    guard = guarded(office, Sink(*[OSError("disk full")] * 3))
    office.faults = [ToolFailure("transient", "busy", applicable=True)]
    for tool, arguments in (("pay", PAY), ("label", {**LOOK, "text": "x"}), ("pay", PAY | {"amount": 1000})):
        with pytest.raises(OSError, match="disk full"):
            guard.call(tool, arguments)
    assert guard.call("pay", PAY).ok
    assert guard.call("label", {**LOOK, "text": "x"}).ok


def test_a_retry_that_succeeds_behind_one_that_did_nothing_is_in_doubt_all_the_same() -> None:
    bank, sink = Bank(), Sink(OSError("disk full"))
    guard = guard_of(bank, FakeLoaded(on_error=lambda *_: {"verdict": "retry", "rule": "r1", "after": 0}))
    guard._on_record = sink
    bank.faults = [ToolFailure("transient", "busy", applicable=True)]
    with pytest.raises(OSError, match="disk full"):
        guard.call("burn", LOOK)
    assert len(sink.told) == 2
    assert guard.call("burn", LOOK).error_class == "in-doubt"
    assert len(bank.done) == 1


def test_everybody_is_told_everything_before_what_a_listener_raised_is_raised() -> None:
    office = Office()
    office.faults = [ToolFailure("transient", "busy", applicable=True)] * 3
    sink, asked = Sink(OSError("disk full"), OSError("still full")), Sink(ValueError("no such person"))
    loaded = FakeLoaded(on_error=lambda *_: {"verdict": "escalate", "rule": "r1", "to": "", "missing": []})
    guard = guard_for(office, loaded)
    guard._on_record, guard._on_escalation = sink, asked
    with pytest.raises(OSError, match="disk full") as failed:
        guard.call("pay", PAY)
    assert (len(sink.told), len(asked.told)) == (1, 1)
    assert failed.value.__notes__ == ["Besides, a listener raised ValueError: no such person"]


def test_a_listener_whose_answer_nobody_awaits_is_not_taken_for_told() -> None:
    async def tell(what: Any) -> None: ...

    guard = guarded(Office(), asked=lambda what: tell(what), confidence=0.5)
    with pytest.raises(UsageError, match="AsyncGuard"):
        guard.call("pay", PAY, confidence=0.1)


def interrupting(line: int) -> Any:
    """Traces the guard's own code, and interrupts it before its so-manieth line."""
    own = str(Path(runtime.__file__).parent)
    left = line

    def trace(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal left
        if not frame.f_code.co_filename.startswith(own):
            return None
        if event == "line":
            left -= 1
            if left < 0:
                raise KeyboardInterrupt
        return trace

    return trace


def test_an_interrupt_anywhere_in_a_turn_leaves_no_second_payment_and_a_session_that_goes_on() -> None:
    """Also in the guard's own code, where no tool, engine or listener is being asked: before any line of it."""
    line, through, doubted = 0, False, 0
    while not through:
        office = Office()
        guard = guarded(office, Sink())
        before = sys.gettrace()
        try:
            sys.settrace(interrupting(line))
            guard.call("pay", PAY)
            through = True
        except KeyboardInterrupt:
            line += 1
        finally:
            sys.settrace(before)
        again = guard.call("pay", PAY)
        if not through:
            assert again.ok or again.error_class == "in-doubt"
            assert len([name for name, _ in office.done if name == "pay"]) <= 1
            doubted += not again.ok
        assert guard.call("get_account", LOOK).ok
    assert 100 < doubted < line


def test_the_trace_is_in_the_order_of_the_session_whoever_calls() -> None:
    """A turn's steps are told before the next turn begins, also by a sink that takes its time."""
    office, order = Office(), []
    first = threading.Event()

    def sink(record: Any) -> None:
        if not order:
            first.set()
            other.join(0.2)
        order.append((record.call["arguments"]["text"], len(office.done)))

    guard = guarded(office, sink)
    other = threading.Thread(target=lambda: (first.wait(5), guard.call("label", {**LOOK, "text": "second"})))
    other.start()
    guard.call("label", {**LOOK, "text": "first"})
    other.join()
    assert order == [("first", 1), ("second", 2)]


# --- awaited ----------------------------------------------------------------------------------------------------------


class Slow(CountingEngine):
    async def evaluate(self, request: AuthorizationRequest) -> Decision:  # type: ignore[override]
        await asyncio.sleep(0)
        return CountingEngine.evaluate(self, request)


def awaiting(function: Any) -> Any:
    async def run(**arguments: Any) -> Any:
        await asyncio.sleep(0)
        result = function(**arguments)
        await asyncio.sleep(0)
        return result

    return run


@pytest.mark.parametrize("sync_tool", [False, True])
def test_cancelled_at_any_moment_nothing_is_paid_twice_and_the_trace_has_all(sync_tool: bool) -> None:
    """The call is cancelled after so many steps of the loop, until it is through before that."""

    async def cancelled_after(steps: int) -> bool:
        office, held, told = Office(), conduct(reviewer=Unreviewed()), []
        office.blocks = False  # type: ignore[attr-defined]

        async def tell(what: Any) -> None:
            await asyncio.sleep(0)
            told.append(what)
            await asyncio.sleep(0)

        tools = {
            tool.name: (tool, office.function(tool.name) if sync_tool else awaiting(office.function(tool.name)))
            for tool in TOOLS
        }
        guard = AsyncGuard(Gate(AsyncToolSession(tools, office), held.mapping, Slow()), held, on_record=tell)
        task = asyncio.create_task(guard.call("pay", PAY))
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        again = await guard.call("pay", PAY)
        if not task.cancelled():
            assert task.result().ok
            return False
        await asyncio.get_running_loop().shutdown_default_executor()
        assert len(office.done) <= 1
        assert again.ok or again.error_class == "in-doubt"
        traced = [record for record in told if record.decision is not None and record.answered_by == "environment"]
        assert len(traced) >= len(office.done), "the trace has every execution"
        return True

    steps = 0
    while asyncio.run(cancelled_after(steps)) and steps < 200:
        steps += 1
    assert steps > 3


def test_who_is_told_is_told_also_behind_a_cancellation_and_a_person_is_not_waited_for_then() -> None:
    async def play() -> None:
        told: list[str] = []
        begun, go_on, never = asyncio.Event(), asyncio.Event(), asyncio.Event()

        async def tell(record: Any) -> None:
            begun.set()
            await go_on.wait()
            told.append("record")

        async def ask(escalation: Any) -> None:
            told.append("person")
            await never.wait()

        office, held = Office(), conduct(reviewer=Unreviewed(), confidence=0.5)
        session = AsyncToolSession({tool.name: (tool, office.function(tool.name)) for tool in TOOLS}, office)
        gate = Gate(session, held.mapping, CountingEngine())
        guard = AsyncGuard(gate, held, on_record=tell, on_escalation=ask)
        task = asyncio.create_task(guard.call("pay", PAY, confidence=0.1))
        await begun.wait()
        task.cancel()
        await asyncio.sleep(0)
        assert not task.done(), "the trace is written first"
        go_on.set()
        async with asyncio.timeout(30):
            while "person" not in told:
                await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task], timeout=30)
        assert task.cancelled()
        assert told == ["record", "person"]

    asyncio.run(play())


def test_a_cancellation_by_nobody_is_an_error_of_the_tool_or_of_the_engine() -> None:
    async def gone(**arguments: Any) -> Any:
        raise asyncio.CancelledError

    class Gone(CountingEngine):
        async def evaluate(self, request: AuthorizationRequest) -> Decision:  # type: ignore[override]
            raise asyncio.CancelledError

    async def play(tool: Any, engine: Any) -> Any:
        held = conduct(reviewer=Unreviewed())
        tools = {one.name: (one, tool) for one in TOOLS}
        guard = AsyncGuard(Gate(AsyncToolSession(tools, Office()), held.mapping, engine), held)
        return (await guard.call("pay", PAY)), (await guard.call("pay", PAY))

    first, second = asyncio.run(play(gone, CountingEngine()))
    assert (first.error_class, second.error_class) == ("internal", "in-doubt")
    denied, _ = asyncio.run(play(gone, Gone()))
    assert denied.error_class == "policy_denied"


def test_a_tool_whose_thread_has_not_begun_when_its_call_is_cancelled_never_runs() -> None:
    from concurrent.futures import ThreadPoolExecutor

    office, free = Office(), threading.Event()
    office.blocks = False  # type: ignore[attr-defined]

    async def play() -> None:
        pool = ThreadPoolExecutor(max_workers=1)
        asyncio.get_running_loop().set_default_executor(pool)
        held, engine = conduct(reviewer=Unreviewed()), CountingEngine()
        engine.blocks = False  # type: ignore[attr-defined]
        tools = {tool.name: (tool, office.function(tool.name)) for tool in TOOLS}
        guard = AsyncGuard(Gate(AsyncToolSession(tools, office), held.mapping, engine), held)
        pool.submit(free.wait, 10)
        task = asyncio.create_task(guard.call("pay", PAY))
        for _ in range(20):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()
        free.set()
        await asyncio.to_thread(lambda: None)
        assert (await guard.call("pay", PAY)).error_class == "in-doubt", "nobody can tell that it had not begun"

    asyncio.run(play())
    assert office.done == []
