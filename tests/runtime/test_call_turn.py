"""The turn as a generator: driven by hand, side by side as a rollout would, and against the guard."""

import random
import subprocess
import sys
from typing import Any

import pytest
from payments import HARNESS, TOOLS, CountingEngine, FakeLoaded, Office, conduct, guard_for

from bridle.environment import Observation, Step, Truth
from bridle.errors import EnvironmentFault, PolicyFault
from bridle.harness import canonical
from bridle.runtime.call_modes import call_turn
from bridle.runtime.effects import Authorise, Execute, Invoke, Observe, Probe, Propose, Withhold
from bridle.runtime.frozen import FrozenCall, freeze
from bridle.runtime.gate import Gate
from bridle.runtime.policies.function import no_policy
from bridle.runtime.policies.mapping import RequestMapping
from bridle.runtime.reviewer import PerfectProbe, Unreviewed
from bridle.runtime.session import ToolFailure
from bridle.runtime.tally import Tally
from bridle.runtime.turn import CallTurn, Carry

PAY = {"tool": "pay", "arguments": {"account": "A", "amount": 12.5}}


def driven(mode: Any, answers: dict[type, Any]) -> tuple[list[str], CallTurn]:
    """The names of the effects, and the turn."""
    names, answer = [], None
    try:
        while True:
            effect = mode.send(answer)
            names.append(type(effect).__name__)
            given = answers[type(effect)]
            answer = given(effect) if callable(given) else given
    except StopIteration as stop:
        return names, stop.value


def answers_of(gate: Gate, proposal: Any, loaded: FakeLoaded | None = None) -> dict[type, Any]:
    given: dict[type, Any] = dict.fromkeys((Authorise, Execute, Withhold, Observe, Probe), gate.answer)
    given[Propose] = lambda effect: proposal
    if loaded is not None:
        given[Invoke] = lambda effect: loaded.batch([effect.call])[0]
    return given


def test_the_order_of_the_layers() -> None:
    held = conduct()
    gate = Gate(Office().session(), held.mapping, CountingEngine())
    names, turn = driven(call_turn(gate.observe(), held), answers_of(gate, PAY, FakeLoaded()))
    assert names == ["Propose", "Invoke", "Authorise", "Execute"]
    assert turn.step is not None
    assert turn.step.legal
    assert turn.carry == Carry(tally=Tally(proposals=1, executed=1))


def test_without_a_harness_there_is_nothing_but_the_policy() -> None:
    held = conduct(reviewer=Unreviewed())
    gate = Gate(Office().session(), held.mapping, CountingEngine())
    assert driven(call_turn(gate.observe(), held), answers_of(gate, PAY))[0] == ["Propose", "Authorise", "Execute"]


def test_a_rewrite_is_reviewed_before_it_is_authorised() -> None:
    def review(view: Any, call: Any) -> Any:
        wanted = {"tool": "pay", "arguments": call["arguments"] | {"memo": "m"}}
        return {"verdict": "accept"} if wanted == call else {"verdict": "rewrite", "rule": "r1", "call": wanted}

    held = conduct()
    gate = Gate(Office().session(), held.mapping, CountingEngine())
    names, _ = driven(call_turn(gate.observe(), held), answers_of(gate, PAY, FakeLoaded(review)))
    assert names == ["Propose", "Invoke", "Invoke", "Authorise", "Execute"]


class Probed:
    """A session with a truth: payments are applicable from account A only."""

    def __init__(self) -> None:
        self.session = Office().session()
        self.withheld: list[str] = []

    def observe(self) -> Observation:
        return self.session.observe()

    def step(self, action: Any) -> Step:
        return self.session.step(action)

    def probe(self, action: Any) -> Truth:
        legal = action.get("arguments", {}).get("account") == "A"
        return Truth(legal, "" if legal else "only from A", "" if legal else "not_found")

    def withhold(self, call: Any, error_class: str, message: str) -> Step:
        self.withheld.append(error_class)
        return Step(False, message, error_class)


def test_a_perfect_probe_refuses_with_the_environments_sentence_and_asks_again() -> None:
    held = conduct(reviewer=PerfectProbe(), attempts=2, mapping=RequestMapping.plain([t.name for t in TOOLS]))
    session = Probed()
    gate = Gate(session, held.mapping, no_policy())
    other = {"tool": "pay", "arguments": {"account": "B", "amount": 1}}
    names, first = driven(call_turn(gate.observe(), held), answers_of(gate, other))
    assert names == ["Propose", "Probe"]
    assert first.step is None
    assert first.carry.refusals[-1].reason == "only from A"
    assert first.records[0].error_class == "not_found"
    assert first.records[0].verdict == "reject"
    names, second = driven(call_turn(gate.observe(), held, first.carry), answers_of(gate, other))
    assert names == ["Propose", "Probe", "Withhold"]
    assert second.step is not None
    assert second.carry.attempts == 0
    assert session.withheld == ["not_found"]
    names, _ = driven(call_turn(gate.observe(), held, second.carry), answers_of(gate, PAY))
    assert names == ["Propose", "Probe", "Authorise", "Execute"]


def test_the_agent_is_told_why_with_its_next_proposal() -> None:
    held = conduct()
    gate = Gate(Office().session(), held.mapping, CountingEngine())
    loaded = FakeLoaded(
        lambda view, call: {"verdict": "reject", "rule": "r1", "code": "c", "hint": "h1", "try_again": True}
    )
    _, turn = driven(call_turn(gate.observe(), held), answers_of(gate, PAY, loaded))
    seen: list[Any] = []
    given = answers_of(gate, PAY, FakeLoaded())
    given[Propose] = lambda effect: seen.append(effect.refusals) or PAY
    driven(call_turn(gate.observe(), held, turn.carry), given)
    assert [(refusal.action, refusal.reason) for refusal in seen[0]] == [(PAY, "h1")]


def test_after_a_failure_the_harness_sees_the_view_with_the_failed_call() -> None:
    office, held = Office(), conduct()
    office.faults = [ToolFailure("state_conflict", "closed")]
    gate = Gate(office.session(), held.mapping, CountingEngine())
    views: list[Any] = []

    def on_error(view: Any, call: Any, error: Any) -> Any:
        views.append((view["calls"], call, error))
        return {"verdict": "give_up", "rule": "r1", "hint": "no use"}

    names, turn = driven(call_turn(gate.observe(), held), answers_of(gate, PAY, FakeLoaded(on_error=on_error)))
    assert names == ["Propose", "Invoke", "Authorise", "Execute", "Observe", "Invoke"]
    ((calls, call, error),) = views
    assert calls[-1]["error"] == {"class": "state_conflict", "message": "closed"} == error
    assert call == PAY
    assert turn.carry.refusals[0].reason == "no use"
    assert turn.records[0].recovery == "give_up"


def test_an_episode_that_is_over_is_not_recovered() -> None:
    class Ending(Probed):
        def step(self, action: Any) -> Step:
            return Step(False, "closed for good", "state_conflict", truncated=True)

    held = conduct()
    gate = Gate(Ending(), held.mapping, no_policy())
    names, turn = driven(call_turn(gate.observe(), held), answers_of(gate, PAY, FakeLoaded()))
    assert names == ["Propose", "Invoke", "Authorise", "Execute"]
    assert turn.step is not None
    assert turn.step.over


def test_side_by_side_or_one_by_one_the_same_turns() -> None:
    """A rollout batches the harness's calls of many sessions; what comes out is what the guard does."""

    def review(view: Any, call: Any) -> Any:
        amount = call["arguments"].get("amount")
        if isinstance(amount, str):
            mended = {"tool": "pay", "arguments": call["arguments"] | {"amount": float(amount)}}
            return {"verdict": "rewrite", "rule": "r1", "call": mended}
        if amount == 5:
            return {"verdict": "reject", "rule": "r2", "code": "odd", "hint": "not 5", "try_again": True}
        return {"verdict": "accept"}

    def retry(view: Any, call: Any, error: Any) -> Any:
        return {"verdict": "retry", "rule": "r1", "after": 0}

    def proposals(lane: int) -> list[Any]:
        rng = random.Random(lane)
        amounts = [5, 12.5, "12.50", 1000, None, 7]
        return [{"tool": "pay", "arguments": {"account": "A", "amount": rng.choice(amounts)}} for _ in range(8)]

    def office_of(lane: int) -> Office:
        office = Office()
        rng = random.Random(lane)
        office.faults = [rng.choice([None, ToolFailure("transient", "busy", applicable=True)]) for _ in range(20)]
        return office

    alone = []
    for lane in range(6):
        guard = guard_for(office_of(lane), FakeLoaded(review, retry))
        alone.append([record for proposal in proposals(lane) for record in guard.propose(proposal).records])

    loaded, held = FakeLoaded(review, retry), conduct()
    gates = [Gate(office_of(lane).session(), held.mapping, CountingEngine()) for lane in range(6)]
    together: list[list[Any]] = [[] for _ in gates]
    carries = [Carry()] * 6
    for turn in range(8):
        modes = [call_turn(gate.observe(), held, carry) for gate, carry in zip(gates, carries, strict=True)]
        waiting: dict[int, Any] = dict.fromkeys(range(6))
        while waiting:
            asked: dict[int, Invoke] = {}
            for lane, answer in list(waiting.items()):
                try:
                    effect = modes[lane].send(answer)
                    while not isinstance(effect, Invoke):
                        proposal = proposals(lane)[turn]
                        given = proposal if isinstance(effect, Propose) else gates[lane].answer(effect)
                        effect = modes[lane].send(given)
                    asked[lane] = effect
                except StopIteration as stop:
                    together[lane] += stop.value.records
                    carries[lane] = stop.value.carry
            replies = loaded.batch([invoke.call for invoke in asked.values()])
            waiting = dict(zip(asked, replies, strict=True))
    assert together == alone


def test_what_is_frozen_is_what_is_digested() -> None:
    original = {"tool": "pay", "arguments": {"amount": 12.0, "list": [1]}}
    frozen = freeze(original)
    assert isinstance(frozen, FrozenCall)
    assert canonical(frozen.call) == canonical(original)
    again = freeze(frozen.call)
    assert isinstance(again, FrozenCall)
    assert again.digest == frozen.digest
    original["arguments"]["list"].append(2)  # type: ignore[index]
    assert frozen.call["arguments"]["list"] == [1]


@pytest.mark.parametrize(
    "value", ["text", None, 5, [], {"a": float("nan")}, {"a": 2**60}, {"a": "\ud800"}, {1: 2}, {"a": {1}}]
)
def test_what_can_not_be_frozen_says_why(value: Any) -> None:
    assert isinstance(freeze(value), str)


def test_what_nests_too_deeply_is_no_call() -> None:
    deep: Any = []
    for _ in range(100_000):
        deep = [deep]
    assert isinstance(freeze({"tool": "pay", "arguments": deep}), str)


def test_a_gate_answers_for_environment_and_policy_only() -> None:
    gate = Gate(Office().session(), conduct().mapping, CountingEngine())
    with pytest.raises(EnvironmentFault, match="Propose"):
        gate.answer(Propose(gate.observe()))
    with pytest.raises(EnvironmentFault, match="no probe"):
        gate.answer(Probe(PAY))
    with pytest.raises(PolicyFault):
        gate.answer(Execute(PAY))


def test_facts_that_can_not_be_had_leave_a_call_undecided() -> None:
    office = Office()
    office.facts = lambda *_: 1 / 0  # type: ignore[method-assign, assignment, return-value]
    answer = guard_for(office, FakeLoaded()).propose(PAY)
    assert answer.error_class == "policy_denied"
    assert "ZeroDivisionError" in answer.records[0].decision.errors[0]  # type: ignore[union-attr]
    assert office.done == []


def test_all_of_the_runtime_loads_no_sdk_no_game_and_no_synthesis() -> None:
    """Every module of the runtime, read from a fresh interpreter."""
    listing = """
import importlib, pkgutil, sys, bridle.runtime as runtime
for found in pkgutil.walk_packages(runtime.__path__, "bridle.runtime."):
    importlib.import_module(found.name)
print("\\n".join(sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", listing], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert {"bridle.runtime.guard", "bridle.runtime.policies.cedar"} <= loaded
    heavy = ("openai", "anthropic", "google.genai", "pydantic", "textarena", "cedarpy", "numpy", "scipy", "transitions")
    above = ("environments", "models", "agents", "evaluation", "synthesis", "registry", "testing", "cli", "rollout")
    unwanted = heavy + tuple(f"bridle.{part}" for part in above)
    assert {name for name in loaded if name.startswith(unwanted)} == set()


def test_harness_digest_is_in_every_record() -> None:
    guard = guard_for(Office(), FakeLoaded())
    assert {record.harness for record in guard.propose(PAY).records} == {HARNESS.digest}
