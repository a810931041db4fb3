"""Agents that do not notice that a person is needed: at their rate, until the answer to that very call tells them."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

import pytest

from bridle.agents.planner import Pressing
from bridle.agents.simulated import PROFILES, Profile, SimulatedAgent
from bridle.environment import Observation
from bridle.runtime.effects import Refusal

NOTHING = {field: 0.0 for field in Profile.__dataclass_fields__ if field != "name"}
ASK = {"tool": "ask", "arguments": {"what": "which one"}}
TAKE = {"tool": "take", "arguments": {"n": 1, "id": "X-100"}}
DONE = {"tool": "done", "arguments": {}}
SCHEMA = {
    "type": "object",
    "properties": {"n": {"type": "integer"}, "id": {"type": "string"}},
    "required": ["n", "id"],
    "additionalProperties": False,
}


class Plain:
    """A person has to be asked now, and afterwards nothing is left."""

    def remaining(self, view: Mapping[str, Any]) -> list[dict[str, Any]]:
        return [ASK, DONE]


class Needing(Plain):
    """The same, and what somebody does who does not notice: they take one, and are done once it was taken."""

    def instead(self, view: Mapping[str, Any]) -> dict[str, Any]:
        return DONE if any(call["ok"] for call in view["calls"]) else TAKE


def agent(seed: int = 0, planner: Plain | None = None, **rates: float) -> SimulatedAgent:
    profile = Profile(name="test", **{**NOTHING, **rates})
    return SimulatedAgent(planner or Needing(), profile, random.Random(seed))


def seen(*calls: dict[str, Any]) -> Observation:
    return Observation(0, {"tools": {"take": {"schema": SCHEMA}}, "calls": list(calls), "resources": {}})


def answered(call: dict[str, Any], error_class: str = "") -> dict[str, Any]:
    if not error_class:
        return {**call, "ok": True, "result": {}}
    return {**call, "ok": False, "error": {"class": error_class, "message": "It can't be done."}}


def test_it_goes_on_by_itself_to_the_end_or_asks() -> None:
    assert isinstance(Needing(), Pressing)
    for rate, expected in ((1.0, [TAKE, DONE]), (0.0, [ASK, ASK])):
        one = agent(presses_on=rate)
        assert [one.propose(seen()), one.propose(seen(answered(TAKE)))] == expected


def test_it_is_drawn_once_for_an_occasion() -> None:
    """Whoever has noticed asks, however often they are asked to go on; whoever has not, does not."""
    pressed = 0
    for seed in range(400):
        one = agent(seed, presses_on=0.4)
        first = one.propose(seen())
        assert [one.propose(seen()) for _ in range(5)] == [first] * 5
        pressed += first == TAKE
    assert abs(pressed / 400 - 0.4) < 0.08


@pytest.mark.parametrize("name", PROFILES)
def test_nothing_is_drawn_where_nobody_has_to_be_asked(name: str) -> None:
    class Never(Plain):
        def instead(self, view: Mapping[str, Any]) -> None:
            return None

    for seed in range(30):
        one, other = (SimulatedAgent(p, PROFILES[name], random.Random(seed)) for p in (Plain(), Never()))
        for _ in range(20):
            assert one.propose(seen()) == other.propose(seen())


@pytest.mark.parametrize("refused", [True, False])
def test_the_answer_to_the_call_may_tell_it_and_then_it_knows(refused: bool) -> None:
    one = agent(presses_on=1.0, heeds_hint=1.0, heeds_error=1.0)
    assert one.propose(seen()) == TAKE
    if refused:
        told = one.propose(seen(), [Refusal(TAKE, "A person is asked (the desk); missing: which one.")])
    else:
        told = one.propose(seen(answered(TAKE, "state_conflict")))
    assert told == ASK
    assert [one.propose(seen()) for _ in range(3)] == [ASK] * 3


def test_whoever_does_not_listen_goes_on() -> None:
    one = agent(presses_on=1.0)
    one.propose(seen())
    assert one.propose(seen(), [Refusal(TAKE, "A person is asked.")]) == TAKE
    assert one.propose(seen(answered(TAKE, "state_conflict"))) == TAKE


def test_a_hint_about_its_spelling_is_no_hint_that_somebody_is_needed() -> None:
    one = agent(4, presses_on=1.0, omitted=1.0, heeds_hint=1.0)
    wrong: Any = one.propose(seen())
    assert (wrong["tool"], len(wrong["arguments"])) == ("take", 1)
    assert one.propose(seen(), [Refusal(wrong, "State all of it.")]) == TAKE
    assert one.propose(seen(), [Refusal(TAKE, "A person is asked.")]) == ASK


def test_small_agents_press_on_more_often_than_large_ones() -> None:
    assert PROFILES["small"].presses_on > 2 * PROFILES["large"].presses_on > 0
