"""The contract suite of sandboxes.

A sandbox of your own is held to the contract by a subclass in a test file; pytest collects its tests:

    class TestMySandbox(SandboxContract):
        @contextmanager
        def opened(self) -> Iterator[Sandbox]:
            yield MySandbox(...)

It is about what comes back, and that nothing bad is ever raised or mistaken for an answer. That nothing gets *out* is
another matter: `bridle doctor --attack`.
"""

from __future__ import annotations

import time
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

from bridle.errors import Blame, Failure, HarnessFault
from bridle.harness import TOOL_CALL, Call, Harness, Limits, Reply, Sandbox

__all__ = ["LIMITS", "TEXT", "TOOLS", "SandboxContract"]

LIMITS = Limits(call_seconds=0.4, batch_seconds=10.0, load_seconds=3.0)
"""Tight on a single call, so that hanging ones are over soon."""

TEXT = Harness("""
import random


def propose_action(board: str) -> str:
    if board == "hang":
        while True:
            pass
    if board == "raise":
        raise ValueError("no such board")
    if board == "nothing":
        return None
    if board == "surrogate":
        return "\\ud800"
    if board == "chance":
        return str(random.randrange(10**9))
    return f"<{board}>"


def is_legal_action(board: str, action: str) -> bool:
    if action == "one":
        return 1
    return action == f"<{board}>"
""")
"""A `text-action` harness that does on demand whatever a harness can do wrong. Its `raise` is on line 10."""

TOOLS = Harness(
    """
RULES: dict[str, str] = {"echo": "What comes in goes out."}


def review_call(view, call):
    if call["tool"] == "infinite":
        return {"number": float("inf")}
    if call["tool"] == "big":
        return {"number": 2**60}
    if call["tool"] == "set":
        return {"set": {1, 2}}
    if call["tool"] == "change":
        view["seen"] = view.get("seen", 0) + 1
        call["tool"] = "changed"
    return {"view": view, "call": call}


def on_error(view, call, error):
    return {"view": view, "call": call, "error": error}
""",
    contract=TOOL_CALL,
)
"""A `tool-call` harness likewise."""


class SandboxContract:
    """What `Sandbox` and `Loaded` promise. Subclass it and say how a sandbox is opened."""

    def opened(self) -> AbstractContextManager[Sandbox]:
        """A fresh sandbox."""
        raise NotImplementedError

    def test_each_function_answers_a_value_of_its_type(self) -> None:
        """Text is `str`, a check is `bool`, JSON is as `json.loads` gives it."""
        text = self._call(TEXT, "propose_action", "a\nboard é漢😀")
        assert text.value == "<a\nboard é漢😀>"
        assert self._call(TEXT, "is_legal_action", "x", "<x>").value is True
        assert self._call(TEXT, "is_legal_action", "x", "<y>").value is False
        call = {"tool": "pay", "arguments": {"amount": 12.5, "to": ["a", None, True], "n": -3}}
        assert self._call(TOOLS, "review_call", {}, call).value == {"view": {}, "call": call}

    def test_a_batch_keeps_its_order(self) -> None:
        """A hundred calls, of both functions, answered in the order of the calls."""
        calls = [
            Call("propose_action", (str(n),)) if n % 2 else Call("is_legal_action", (str(n), "<4>")) for n in range(100)
        ]
        expected = [f"<{n}>" if n % 2 else n == 4 for n in range(100)]
        assert [reply.value for reply in self._batch(TEXT, calls)] == expected
        assert self._batch(TEXT, []) == []

    def test_a_second_function_is_called_with_the_firsts_result(self) -> None:
        """`then` takes the same values and the result; where the first failed, nothing follows."""
        good, bad = self._batch(TEXT, [Call("propose_action", (b,), then="is_legal_action") for b in ("b", "raise")])
        assert (good.value, good.failure) == ("<b>", None)
        assert good.then == Reply(True)
        assert bad.failure is not None
        assert bad.then is None

    def test_the_second_function_gets_values_of_its_own(self) -> None:
        """What the first one did to its arguments, the second doesn't see."""
        call = Call("review_call", ({"seen": 1}, {"tool": "change"}), then="on_error")
        (reply,) = self._batch(TOOLS, [call])
        assert reply.value == {"view": {"seen": 2}, "call": {"tool": "changed"}}
        assert reply.then is not None
        assert reply.then.value == {"view": {"seen": 1}, "call": {"tool": "change"}, "error": reply.value}

    def test_what_a_harness_raises_is_data(self) -> None:
        """Type, message and line; the blame is the harness's."""
        failure = self._failure("propose_action", "raise")
        assert (failure.blame, failure.kind, failure.line) == (Blame.HARNESS, "exception", 10)
        assert "ValueError" in failure.message
        assert "no such board" in failure.message

    def test_an_answer_of_the_wrong_type_is_a_failure(self) -> None:
        """Also where it would pass for the right one."""
        assert self._failure("propose_action", "nothing").kind == "type"
        assert self._failure("propose_action", "surrogate").kind == "type"
        assert self._failure("is_legal_action", "x", "one").kind == "type"
        for tool in ("infinite", "big", "set"):
            failure = self._call(TOOLS, "review_call", {}, {"tool": tool}).failure
            assert failure is not None
            assert failure.kind == "type", tool

    def test_a_call_that_hangs_fails_alone(self) -> None:
        """Within its time, by itself and in a batch, whose other calls are answered."""
        start = time.monotonic()
        assert self._failure("propose_action", "hang").kind == "timeout"
        assert time.monotonic() - start < LIMITS.call_seconds + 3
        boards = ("a", "hang", "b", "hang", "c")
        replies = self._batch(TEXT, [Call("propose_action", (board,)) for board in boards])
        assert [reply.value for reply in replies] == ["<a>", None, "<b>", None, "<c>"]
        assert [reply.failure.kind for reply in replies if reply.failure] == ["timeout", "timeout"]

    def test_a_batch_ends_in_its_time(self) -> None:
        """However many of its calls hang, and each of those not answered has failed."""
        limits = replace(LIMITS, batch_seconds=1.0)
        start = time.monotonic()
        replies = self._batch(TEXT, [Call("propose_action", ("hang",))] * 30, limits)
        assert time.monotonic() - start < 6
        assert {reply.failure.kind for reply in replies if reply.failure} == {"timeout"}
        assert len(replies) == 30

    def test_chance_is_the_callers(self) -> None:
        """The seed of a call decides, not its place, nor what was called before."""
        calls = [Call("propose_action", ("chance",), seed=seed) for seed in (1, 2, 1, 3)]
        first, again = self._batch(TEXT, calls), self._batch(TEXT, calls[::-1])
        assert [reply.value for reply in first] == [reply.value for reply in again][::-1]
        assert first[0] == first[2]
        assert len({reply.value for reply in first}) == 3

    def test_a_harness_that_breaks_the_rules_is_not_loaded(self) -> None:
        """The refusal names the line."""
        failure = self._refusal(Harness("import os\n" + TEXT.source))
        assert (failure.kind, failure.blame, failure.line) == ("static", Blame.HARNESS, 1)

    def test_a_harness_that_does_not_load_says_why(self) -> None:
        """Broken code, a function that is missing, a top level that fails."""
        assert self._refusal(Harness("def propose_action(board:\n")).line == 1
        assert "is_legal_action" in self._refusal(Harness("def propose_action(board):\n    return ''\n")).message
        failure = self._refusal(Harness("X = 1 / 0\n" + TEXT.source))
        assert (failure.kind, failure.line) == ("load", 1)
        assert "ZeroDivisionError" in failure.message

    def test_an_optional_function_may_be_missing(self) -> None:
        """Calling it is a failure of the harness."""
        failure = self._call(TOOLS, "propose_call", {}).failure
        assert failure is not None
        assert (failure.blame, failure.kind) == (Blame.HARNESS, "type")

    def test_harnesses_know_nothing_of_each_other(self) -> None:
        """Two loaded at once answer as they would alone; closing one, even twice, leaves the other."""
        with self.opened() as sandbox:
            first, second = sandbox.load(TEXT, LIMITS), sandbox.load(TOOLS, LIMITS)
            assert first.call("propose_action", "a").value == "<a>"
            assert second.call("on_error", {}, {}, {}).value == {"view": {}, "call": {}, "error": {}}
            first.close()
            first.close()
            assert second.call("on_error", {}, {}, {"x": 1}).value == {"view": {}, "call": {}, "error": {"x": 1}}
            second.close()
            sandbox.close()

    def _batch(self, harness: Harness, calls: list[Call], limits: Limits = LIMITS) -> list[Reply]:
        with self.opened() as sandbox:
            loaded = sandbox.load(harness, limits)
            try:
                return loaded.batch(calls)
            finally:
                loaded.close()

    def _call(self, harness: Harness, function: str, *values: Any) -> Reply:
        with self.opened() as sandbox:
            loaded = sandbox.load(harness, LIMITS)
            try:
                return loaded.call(function, *values)
            finally:
                loaded.close()

    def _failure(self, function: str, *values: Any) -> Failure:
        reply = self._call(TEXT, function, *values)
        assert reply.failure is not None, f"{function}{values} was answered with {reply.value!r}"
        assert reply.value is None
        return reply.failure

    def _refusal(self, harness: Harness) -> Failure:
        with self.opened() as sandbox:
            try:
                sandbox.load(harness, LIMITS)
            except HarnessFault as fault:
                return fault.failure
        raise AssertionError("the harness was loaded")
