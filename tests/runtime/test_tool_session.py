from typing import Any

import pytest
from payments import TOOLS, Office

from bridle.errors import EnvironmentFault
from bridle.runtime.session import ToolFailure, ToolSession
from bridle.trace import Source, Withholding


def session(office: Office, **changes: Any) -> ToolSession:
    tools = {tool.name: (tool, office.function(tool.name)) for tool in TOOLS}
    return ToolSession(tools, office, **changes)


READ = {"tool": "get_account", "arguments": {"account": "A"}}


def test_results_are_folded_into_the_view() -> None:
    office = Office()
    live = session(office, task="pay the bill", me="agent-1")
    step = live.step(READ)
    assert step.legal
    view = live.observe().view
    assert view["task"] == "pay the bill"
    assert view["me"] == "agent-1"
    assert view["resources"] == {"A": {"id": "A", "balance": 100}}
    assert view["tools"]["pay"]["effect"] == "irreversible"


@pytest.mark.parametrize(
    ("fault", "legal", "error_class", "feedback"),
    [
        (ToolFailure("state_conflict", "closed"), False, "state_conflict", "closed"),
        (ToolFailure("transient", "busy", applicable=True), True, "transient", "busy"),
        (TimeoutError(), True, "timeout", "The tool did not answer in time."),
        (TimeoutError("30 s"), True, "timeout", "30 s"),
        (KeyError("x"), True, "internal", "KeyError: 'x'"),
    ],
)
def test_errors_are_typed(fault: Exception, legal: bool, error_class: str, feedback: str) -> None:
    office = Office()
    office.faults = [fault]
    live = session(office)
    step = live.step(READ)
    assert (step.legal, step.error_class, step.feedback) == (legal, error_class, feedback)
    assert live.observe().view["calls"][-1]["error"] == {"class": error_class, "message": feedback}


def test_a_call_that_does_not_fit_never_reaches_its_function() -> None:
    office = Office()
    live = session(office)
    for call, error_class in (
        ({"tool": "get_account", "arguments": {}}, "schema"),
        ({"tool": "get_account", "arguments": {"account": "A", "self": 1}}, "schema"),
        ({"tool": "nothing", "arguments": {}}, "unknown_tool"),
        ("get_account", "schema"),
    ):
        step = live.step(call)
        assert (step.legal, step.error_class) == (False, error_class)
    assert office.done == []


def test_a_result_that_is_no_json_is_shown_as_text() -> None:
    live = ToolSession({"get_account": (TOOLS[0], lambda account: {"when": Office, "n": (1, 2)})}, Office())
    result: Any = live.step(READ).result
    assert result["n"] == [1, 2]
    assert isinstance(result["when"], str)


def test_the_view_shows_denials_and_the_interfaces_refusals_and_nothing_else_that_was_withheld() -> None:
    live = session(Office())
    assert isinstance(live, Withholding)
    for error_class in ("policy_denied", "schema", "unknown_tool", "too-early", "harness-failed"):
        step = live.withhold(READ, error_class, "no")
        assert (step.legal, step.error_class, step.feedback) == (False, error_class, "no")
    shown = [call["error"]["class"] for call in live.observe().view["calls"]]
    assert shown == ["policy_denied", "schema", "unknown_tool"]


def test_declared_sources_are_read_each_time() -> None:
    state = {"n": 0}

    def sources() -> list[Source]:
        state["n"] += 1
        return [Source(name="queue", value=state["n"])]

    live = session(Office(), sources=sources)
    assert live.observe().view["sources"] == {"queue": 1}
    assert live.observe().view["sources"] == {"queue": 2}


def test_sources_that_can_not_be_read_are_a_fault_that_says_so() -> None:
    def sources() -> list[Source]:
        raise KeyError("queue")

    with pytest.raises(EnvironmentFault, match=r"sources can't be read \(KeyError: 'queue'\)"):
        session(Office(), sources=sources).observe()


class Mute(Exception):
    def __str__(self) -> str:
        raise RuntimeError("not even that")


def test_an_exception_that_can_not_say_what_it_is_leaves_an_unknown_outcome_like_any_other() -> None:
    office = Office()
    office.faults = [Mute()]
    live = session(office)
    step = live.step(READ)
    assert (step.legal, step.error_class, step.feedback) == (True, "internal", "Mute: it has no readable message")
    assert len(live.observe().view["calls"]) == 1


def test_after_an_unknown_outcome_what_was_known_is_not_known_any_more() -> None:
    office = Office()
    live = session(office)
    live.step(READ)
    office.faults = [RuntimeError("lost")]
    live.step({"tool": "pay", "arguments": {"account": "A", "amount": 1}})
    assert live.observe().view["resources"] == {}
