"""The three modes and the code's own play, driven by hand: whatever drives them, they ask for the same."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridle.environment import Observation, Step
from bridle.harness import Reply
from bridle.runtime.effects import Effect, Execute, Invoke, Mode, Propose
from bridle.runtime.modes import ILLEGAL, Turn, filtered, own_play, policy, verifier
from tables import FAILED

BOARD = Observation(1, "a board")


def drive(mode: Mode, answers: Callable[[Effect], Any]) -> tuple[Turn, list[Effect]]:
    """Run a mode to its end; what it returned and all that it asked for."""
    asked: list[Effect] = []
    answer = None
    while True:
        try:
            effect = mode.send(answer)
        except StopIteration as stop:
            return stop.value, asked
        asked.append(effect)
        answer = answers(effect)


def world(
    proposals: list[str] | None = None,
    legal: set[str] | None = None,
    accepts: Callable[[str], Any] = lambda action: True,
    code: list[str | None] | None = None,
) -> Callable[[Effect], Any]:
    """An agent, an environment and a harness. `code` is what propose_action gives; None is a crash."""
    told, written = list(proposals or []), list(code or [])

    def check(action: str) -> Reply:
        said = accepts(action)
        return Reply(failure=FAILED) if said is None else Reply(said)

    def answer(effect: Effect) -> Any:
        if isinstance(effect, Propose):
            return told.pop(0) if told else effect.choices[-1]
        if isinstance(effect, Execute):
            return Step(legal is None or effect.action in legal)
        assert isinstance(effect, Invoke)
        if effect.call.function == "is_legal_action":
            assert effect.call.values[0] == BOARD.view
            return check(effect.call.values[1])
        action = written.pop(0)
        if action is None:
            return Reply(failure=FAILED)
        return Reply(action, then=check(action) if effect.call.then else None)

    return answer


@pytest.mark.parametrize(("accepted", "legal"), [(True, True), (True, False), (False, True), (False, False)])
def test_own_play_executes_what_its_own_check_refuses(accepted: bool, legal: bool) -> None:
    turn, asked = drive(
        own_play(BOARD, seed=5), world(legal={"x"} if legal else set(), accepts=lambda a: accepted, code=["x"])
    )
    assert (turn.action, turn.verdict, turn.failure) == ("x", accepted, None)
    assert turn.step is not None
    assert turn.step.legal is legal
    assert [type(effect) for effect in asked] == [Invoke, Execute]
    assert asked[0].call.seed == 5


def test_own_play_tells_a_crash_of_the_proposer_from_one_of_the_check() -> None:
    turn, asked = drive(own_play(BOARD), world(code=[None]))
    assert (turn.step, turn.failure, len(asked)) == (None, FAILED, 1)
    turn, _ = drive(own_play(BOARD), world(code=["x"], accepts=lambda a: None))
    assert turn.step is not None
    assert (turn.action, turn.verdict, turn.failure) == ("x", None, FAILED)


def test_policy_asks_nobody_else() -> None:
    turn, asked = drive(policy(BOARD), world(code=["x"]))
    assert (turn.action, turn.verdict, [type(e) for e in asked]) == ("x", None, [Invoke, Execute])
    assert asked[0].call.then is None
    turn, asked = drive(policy(BOARD), world(code=[None]))
    assert (turn.action, turn.step, turn.failure, len(asked)) == (None, None, FAILED, 1)


PROPOSALS = st.lists(st.sampled_from("abc"), min_size=6, max_size=6)


@given(proposals=PROPOSALS, attempts=st.integers(1, 6), good=st.sets(st.sampled_from("abc")), broken=st.booleans())
def test_the_verifier_asks_until_its_check_accepts(
    proposals: list[str], attempts: int, good: set[str], broken: bool
) -> None:
    def accepts(action: str) -> bool | None:
        return True if action in good else None if broken else False

    turn, asked = drive(verifier(BOARD, attempts=attempts), world(proposals, accepts=accepts))
    first = next((n for n, action in enumerate(proposals[:attempts]) if action in good), attempts - 1)
    assert turn.action == proposals[first]
    assert turn.verdict == accepts(proposals[first])
    assert turn.refused == tuple(proposals[:first])
    executed = [effect.action for effect in asked if isinstance(effect, Execute)]
    assert executed == [turn.action]
    assert (turn.failure is not None) == (broken and (first > 0 or turn.action not in good))
    asks = [effect for effect in asked if isinstance(effect, Propose)]
    for number, ask in enumerate(asks):  # every request tells of all refusals before it
        assert [(r.action, r.reason) for r in ask.refusals] == [(a, ILLEGAL) for a in proposals[:number]]


@given(
    code=st.lists(st.none() | st.sampled_from("abcd"), min_size=8, max_size=8),
    good=st.sets(st.sampled_from("abcd")),
    choice=st.sampled_from("abcdz"),
)
def test_the_filter_offers_what_the_check_accepts_and_executes_nothing_else(
    code: list[str | None], good: set[str], choice: str
) -> None:
    turn, asked = drive(filtered(BOARD, draws=8), world([choice], accepts=lambda a: a in good, code=code))
    offered = tuple(dict.fromkeys(action for action in code if action in good))
    (ask,) = [effect for effect in asked if isinstance(effect, Propose)]
    assert ask.choices == offered
    assert turn.action == (choice if choice in offered or not offered else offered[0])
    assert turn.refused == (() if turn.action == choice else (choice,))
    assert turn.verdict is (True if offered else None)
    assert (turn.failure is not None) == (None in code)
    assert len({effect.call.seed for effect in asked if isinstance(effect, Invoke)}) == 8  # each draw may differ


def test_actions_that_are_calls_pass_the_filter_too() -> None:
    call = {"tool": "t", "arguments": {"n": 1}}
    turn, _ = drive(filtered(BOARD, draws=2), world([call], code=[call, dict(call)]))  # type: ignore[list-item]
    assert turn.action == call
    assert turn.refused == ()
