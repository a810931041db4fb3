"""One turn at a time: calls within calls, sessions that outlive an event loop, several loops, several threads."""

import asyncio
import threading
from typing import Any

import pytest
from payments import HARNESS, FakeLoaded, Office, guard_for
from test_retry_safety import Bank, NoFreeing, guard_of

from bridle.errors import UsageError
from bridle.runtime.policies.function import no_policy
from bridle.runtime.reviewer import FilteringHarness
from bridle.runtime.session import ToolFailure
from bridle.runtime.turns import AsyncTurns
from bridle.runtime.wrap import Toolbox

PAY = {"account": "A", "amount": 5}


def within(*, way: str) -> tuple[list[str], Any]:
    """A box whose tool calls the guard of its own session, by way of a task, a thread, a gathering or directly."""
    box, said = Toolbox(no_policy()), []

    @box.tool(effect="irreversible")
    async def outer() -> str:
        guard = tools.guard
        try:
            if way == "gathered":
                await asyncio.gather(guard.call("outer", {}), guard.call("outer", {}))
            elif way == "task":
                await asyncio.create_task(guard.call("outer", {}))
            elif way == "thread":
                await asyncio.to_thread(lambda: asyncio.run(guard.call("outer", {})))
            else:
                await guard.resume()
        except UsageError as error:
            said.append(str(error))
        return "done"

    tools = box.open_async()
    return said, tools


@pytest.mark.parametrize("way", ["gathered", "task", "thread", "resumed"])
def test_a_call_within_a_call_is_told_so_whatever_it_goes_through(way: str) -> None:
    said, tools = within(way=way)

    async def play() -> Any:
        return await asyncio.wait_for(tools["outer"](), 30), await tools["outer"]()

    assert asyncio.run(play()) == ("done", "done")
    assert len(said) == 2
    assert all("wait for itself" in one for one in said)


def test_resuming_within_a_call_is_told_so() -> None:
    box, said = Toolbox(no_policy()), []

    @box.tool(effect="irreversible")
    def outer() -> str:
        try:
            tools.guard.resume()
        except UsageError as error:
            said.append(str(error))
        return "done"

    tools = box.open()
    assert tools["outer"]() == "done"
    assert "wait for itself" in said[0]


def test_whoever_is_asked_after_the_turn_may_call_and_resume() -> None:
    answered: list[Any] = []
    guard = guard_for(Office(), FakeLoaded(), calls=1)

    def asked(escalation: Any) -> None:
        guard.resume()
        answered.append(guard.call("hold", {"account": "A"}))

    guard._on_escalation = asked
    assert guard.call("pay", PAY).ok
    assert guard.call("pay", PAY).error_class == "budget-spent"
    assert answered[0].ok


def test_a_call_to_another_session_within_a_call_is_fine() -> None:
    inner = guard_for(Office(), FakeLoaded())
    box = Toolbox(no_policy())
    box.tool(effect="irreversible", name="outer")(lambda: inner.call("pay", PAY).result)
    assert box.open()["outer"]() == {"id": "A", "balance": 100}


def slow_box() -> Any:
    box = Toolbox(no_policy())

    @box.tool(effect="irreversible")
    async def slow() -> str:
        await asyncio.sleep(0.01)
        return "done"

    return box.open_async()


def test_a_session_outlives_an_event_loop() -> None:
    tools = slow_box()

    async def play() -> list[Any]:
        return await asyncio.gather(*(tools["slow"]() for _ in range(3)))

    for _ in range(2):
        assert asyncio.run(play()) == ["done"] * 3


def test_two_event_loops_at_once_are_told_so() -> None:
    turns, inside, go_on = AsyncTurns(), threading.Event(), threading.Event()

    async def first() -> None:
        async with turns:
            inside.set()
            await asyncio.to_thread(go_on.wait, 30)

    async def second() -> None:
        async with turns:
            raise AssertionError("two at once")

    thread = threading.Thread(target=lambda: asyncio.run(first()))
    thread.start()
    assert inside.wait(30)
    try:
        with pytest.raises(UsageError, match="another event loop"):
            asyncio.run(second())
    finally:
        go_on.set()
        thread.join()

    async def third() -> str:
        async with turns:
            return "through"

    assert asyncio.run(third()) == "through"


# --- whose call a turn is ---------------------------------------------------------------------------------------------


def test_a_call_that_is_stated_is_the_one_that_is_made_also_where_a_harness_acts_alone() -> None:
    office = Office()
    loaded = FakeLoaded(propose=lambda view: {"tool": "pay", "arguments": PAY})
    guard = guard_for(office, loaded, pinned={"alone": True})
    answer = guard.call("get_account", {"account": "B"})
    assert answer.result == {"id": "B", "balance": 100}
    assert (answer.records[0].origin, answer.records[0].verdict) == ("agent", "accept")
    assert office.done == [("get_account", {"account": "B"})]
    assert guard.act().ok
    assert office.done[1:] == [("pay", PAY)]


def test_an_undoing_undoes_also_where_a_harness_acts_alone_or_filters() -> None:
    act = {"tool": "burn", "arguments": {"account": "A"}}
    for pinned in ({"alone": True}, {"reviewer": FilteringHarness(HARNESS, draws=3)}):
        bank = Bank()
        guard = guard_of(bank, loaded := FakeLoaded(propose=lambda view: act), pinned=pinned)
        held = guard.call("hold", {"account": "A"})
        assert guard.undo(held.records[0]).ok
        assert [name for name, _ in bank.done] == ["hold", "free"]
        assert {call.function for call in loaded.calls} == {"review_call"}, "nobody looks for choices in vain"


def test_a_call_is_undone_once() -> None:
    bank = Bank()
    guard = guard_of(bank, FakeLoaded())
    one, other = (guard.call("hold", {"account": "A"}).records[0] for _ in range(2))
    assert one == other
    assert guard.undo(one).ok
    with pytest.raises(UsageError, match="undone already"):
        guard.undo(one)
    assert guard.undo(other).ok, "another call that looks the same is another one"
    assert [name for name, _ in bank.done].count("free") == 2


def test_what_could_not_be_undone_is_counted_with_the_calls_of_other_threads() -> None:
    """The person who is asked suspends the session; a call that was made meanwhile does not undo that."""
    bank = Bank()
    guard = guard_of(bank, FakeLoaded(), NoFreeing(), escalations=1)
    held = guard.call("hold", {"account": "A"}).records[0]
    threads = [threading.Thread(target=lambda: guard.call("look", {"account": "A"})) for _ in range(8)]
    for thread in threads:
        thread.start()
    guard.undo(held)
    for thread in threads:
        thread.join()
    assert guard.suspended == "its 1 escalations are spent"


def test_what_took_no_effect_is_not_undone() -> None:
    """Somebody else holds it: that hold is not this session's to end."""
    bank = Bank()
    guard = guard_of(bank, FakeLoaded())
    for failure in (ToolFailure("state_conflict", "held already"), ToolFailure("transient", "busy", applicable=True)):
        bank.faults = [failure]
        failed = guard.call("hold", {"account": "A", "hold": "H-9"})
        with pytest.raises(UsageError, match="took no effect"):
            guard.undo(failed.records[0])
    bank.faults = [TimeoutError()]
    unknown = guard.call("hold", {"account": "A", "hold": "H-9"})
    assert guard.undo(unknown.records[0]).ok, "it may have happened"
    assert [name for name, _ in bank.done] == ["hold", "free"]


def test_while_a_session_waits_nobody_is_asked_and_nothing_is_reviewed() -> None:
    act = {"tool": "look", "arguments": {"account": "A"}}
    loaded = FakeLoaded(propose=lambda view: act)
    guard = guard_of(Bank(), loaded, pinned={"reviewer": FilteringHarness(HARNESS, draws=3)}, calls=1)
    held = guard.call("hold", {"account": "A"}).records[0]
    assert guard.turn(lambda asked: asked.choices[0]).error_class == "budget-spent"
    reviewed = len(loaded.calls)
    assert guard.turn(lambda asked: act).error_class == "suspended"
    assert guard.undo(held).error_class == "suspended"
    assert len(loaded.calls) == reviewed
    assert len(guard.escalations) == 1  # type: ignore[attr-defined]
    guard.resume()
    assert guard.undo(held).ok
