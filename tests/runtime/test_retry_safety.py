"""What may be made again, under which key, and what undoes what was done."""

import random
from collections import Counter
from typing import Any

import pytest
from payments import HARNESS, CountingEngine, FakeLoaded, Office

from bridle.authorization import AuthorizationRequest, Decision, Outcome
from bridle.errors import UsageError
from bridle.runtime.conduct import Conduct
from bridle.runtime.gate import Gate
from bridle.runtime.guard import Guard, Pinned
from bridle.runtime.policies.mapping import RequestMapping
from bridle.runtime.reviewer import HarnessReviewer
from bridle.runtime.session import ToolFailure, ToolSession
from bridle.trace import Tool, ToolEffect

ACCOUNT = {"type": "string"}


def tool(name: str, effect: ToolEffect, required: list[str], **more: Any) -> Tool:
    properties = {"account": ACCOUNT, "amount": {"type": "number"}, "memo": {"type": "string"}, "hold": ACCOUNT}
    if "idempotency_key" in more:
        properties[more["idempotency_key"]] = {"type": "string"}
    schema = {"type": "object", "properties": properties, "required": required, "additionalProperties": False}
    return Tool(name=name, description=name, schema=schema, effect=effect, **more)


TOOLS = (
    tool("pay", ToolEffect.IRREVERSIBLE, ["account", "amount"], idempotency_key="key"),
    tool("hold", ToolEffect.REVERSIBLE, ["account"], compensation="free", identity="hold"),
    tool("free", ToolEffect.IDEMPOTENT, ["account", "hold"]),
    tool("burn", ToolEffect.IRREVERSIBLE, ["account"]),
    tool("mark", ToolEffect.REVERSIBLE, ["account"], compensation="unmark"),
    tool("unmark", ToolEffect.IDEMPOTENT, ["account", "memo"]),
    tool("look", ToolEffect.READ_ONLY, ["account"]),
)
MAPPING = RequestMapping.from_data(
    {
        t.name: {
            "action": t.name,
            "resource": {"type": "Account", "id": {"from": "account", "as": "text"}},
            "context": {"amount": {"from": "amount", "as": "decimal", "scale": 2}} if t.name == "pay" else {},
        }
        for t in TOOLS
    }
)
RETRY = {"verdict": "retry", "rule": "r1", "after": 0}


class Bank(Office):
    """A service that knows keys: what comes under a key that it has seen is not done again."""

    def __init__(self) -> None:
        super().__init__()
        self.received: list[dict[str, Any]] = []
        self.effects: Counter[Any] = Counter()

    def function(self, name: str) -> Any:
        def run(**arguments: Any) -> Any:
            self.received.append({"tool": name, **arguments})
            fault = self.faults.pop(0) if self.faults else None
            if isinstance(fault, ToolFailure):
                raise fault
            seen = arguments.get("key")
            if not seen or not any(key == seen for _, key in self.effects):
                self.effects[name, seen or len(self.received)] += 1
                self.done.append((name, arguments))
            if fault is not None:
                raise fault
            return {"id": arguments["account"], "hold": "H-1"}

        return run


def guard_of(
    bank: Bank, loaded: FakeLoaded, engine: Any = None, *, pinned: dict[str, Any] | None = None, **changes: Any
) -> Guard:
    fields: dict[str, Any] = {
        "reviewer": HarnessReviewer(HARNESS),
        "tools": TOOLS,
        "mapping": MAPPING,
        "session": "s-1",
        "attempts": 99,
    }
    session = ToolSession({t.name: (t, bank.function(t.name)) for t in TOOLS}, bank)
    guard = Guard(
        Gate(session, MAPPING, engine or CountingEngine()),
        Conduct(**(fields | changes)),
        harness=Pinned(HARNESS, loaded, **(pinned or {})),
        on_escalation=(escalations := []).append,
    )
    guard.escalations = escalations  # type: ignore[attr-defined]
    return guard


PAY = {"account": "A", "amount": 5}


def test_an_automatic_retry_carries_the_same_key_and_the_payment_happens_once() -> None:
    bank = Bank()
    bank.faults = [RuntimeError("lost"), TimeoutError()]
    answer = guard_of(bank, FakeLoaded(on_error=lambda *_: RETRY)).call("pay", PAY)
    assert answer.ok
    assert [record.origin for record in answer.records] == ["agent", "retry", "retry"]
    keys = {received["key"] for received in bank.received}
    assert len(bank.received) == 3
    assert len(keys) == 1
    assert len(bank.done) == 1
    digests = {record.call_digest for record in answer.records}
    assert len(digests) == 1
    assert digests != {answer.records[0].proposed_digest}, "the digest is of the call that is executed, key and all"


def test_keys_are_made_of_session_and_call_and_of_nothing_else() -> None:
    def key(session: str, **arguments: Any) -> str:
        bank = Bank()
        assert guard_of(bank, FakeLoaded(), session=session).call("pay", arguments).ok
        found: str = bank.received[0]["key"]
        return found

    assert key("s-1", **PAY) == key("s-1", **PAY)
    assert len({key("s-1", **PAY), key("s-2", **PAY), key("s-1", account="A", amount=6)}) == 3


def test_a_second_payment_that_is_meant_as_one_has_another_key() -> None:
    bank = Bank()
    guard = guard_of(bank, FakeLoaded())
    assert guard.call("pay", PAY).ok
    assert guard.call("pay", PAY).ok
    assert len({received["key"] for received in bank.received}) == 2
    assert len(bank.done) == 2


def test_proposed_again_after_an_unknown_outcome_it_is_the_same_payment() -> None:
    bank = Bank()
    bank.faults = [RuntimeError("lost")]
    guard = guard_of(bank, FakeLoaded())
    assert guard.call("pay", PAY).error_class == "internal"
    assert guard.call("pay", PAY).ok
    assert len({received["key"] for received in bank.received}) == 1
    assert len(bank.done) == 1
    assert guard.call("pay", PAY).ok, "and it is settled: the next one is another"
    assert len(bank.done) == 2


@pytest.mark.parametrize("change", [{"memo": "again"}, {"key": "mine"}])
def test_the_same_act_under_another_key_waits_for_a_look(change: dict[str, Any]) -> None:
    bank = Bank()
    bank.faults = [RuntimeError("lost")]
    guard = guard_of(bank, FakeLoaded())
    guard.call("look", {"account": "A"})
    bank.faults = [RuntimeError("lost")]
    guard.call("pay", PAY)
    assert guard.call("pay", PAY | change).error_class == "in-doubt"
    assert guard.call("look", {"account": "A"}).ok
    assert guard.call("pay", PAY | change).ok


def test_the_agents_own_key_is_kept_and_a_harness_has_no_say_in_it() -> None:
    rng = random.Random(1)

    def review(view: Any, call: Any) -> Any:
        if call["tool"] == "pay" and call["arguments"].get("memo") != "settled":
            other = call["arguments"] | {"key": str(rng.random()), "memo": "settled"}
            return {"verdict": "rewrite", "rule": "r1", "call": {"tool": "pay", "arguments": other}}
        return {"verdict": "accept"}

    def on_error(view: Any, call: Any, error: Any) -> Any:
        other = {name: value for name, value in call["arguments"].items() if name != "key"} | {"memo": "settled"}
        if rng.random() < 0.5:
            other["key"] = "new"
        return {"verdict": "revise", "rule": "r1", "hint": "", "call": {"tool": "pay", "arguments": other}}

    for own in ({"key": "mine"}, {}):
        bank = Bank()
        bank.faults = [RuntimeError("lost"), TimeoutError()]
        guard_of(bank, FakeLoaded(review, on_error)).call("pay", PAY | own)
        keys = {received.get("key") for received in bank.received}
        assert len(bank.received) == 3
        assert len(keys) == 1
        assert keys == {"mine"} or not own
        assert len(bank.done) == 1


@pytest.mark.parametrize("session", ["s-1", ""])
def test_a_harness_has_no_say_in_the_key_of_a_revised_call(session: str) -> None:
    """Under an old key the service would take the payment for one that it has made already."""
    bank = Bank()
    other = {"tool": "pay", "arguments": PAY | {"memo": "m", "key": "an old one"}}
    loaded = FakeLoaded(on_error=lambda *_: {"verdict": "revise", "rule": "r1", "hint": "", "call": other})
    guard = guard_of(bank, loaded, session=session)
    bank.faults = [ToolFailure("missing_precondition", "a memo is needed")]
    assert guard.call("pay", PAY).ok
    assert [received.get("memo") for received in bank.received] == [None, "m"]
    assert "an old one" not in {received.get("key") for received in bank.received}


def test_a_denial_without_reasons_is_one_by_default() -> None:
    class Silent(CountingEngine):
        def evaluate(self, request: AuthorizationRequest) -> Decision:
            return Decision(outcome=Outcome.DENY, request_digest=request.digest, policy_digest="p1")

    answer = guard_of(Bank(), FakeLoaded(), Silent()).call("pay", PAY)
    assert answer.message == "Denied by policy: no matching permit. Asking again changes nothing."


def test_without_a_name_for_the_session_no_key_is_made() -> None:
    bank = Bank()
    bank.faults = [RuntimeError("lost")]
    guard = guard_of(bank, FakeLoaded(on_error=lambda *_: RETRY), session="")
    assert guard.call("pay", PAY).error_class == "internal"
    assert len(bank.received) == 1
    assert "key" not in bank.received[0]


@pytest.mark.parametrize(
    ("name", "fault", "times"),
    [
        ("look", RuntimeError("lost"), 3),
        ("free", RuntimeError("lost"), 3),
        ("pay", RuntimeError("lost"), 3),
        ("hold", RuntimeError("lost"), 1),
        ("burn", RuntimeError("lost"), 1),
        ("burn", ToolFailure("odd", "?", applicable=True), 1),
        ("burn", ToolFailure("transient", "busy", applicable=True), 3),
        ("burn", ToolFailure("state_conflict", "no"), 3),
    ],
)
def test_what_is_repeated_automatically_hangs_on_effect_key_and_outcome(
    name: str, fault: Exception, times: int
) -> None:
    bank = Bank()
    bank.faults = [fault] * 9
    arguments = {"account": "A"} | ({"amount": 5} if name == "pay" else {}) | ({"hold": "H"} if name == "free" else {})
    guard_of(bank, FakeLoaded(on_error=lambda *_: RETRY), retries=2).call(name, arguments)
    assert len(bank.received) == times


# --- compensations ----------------------------------------------------------------------------------------------------


def test_what_undoes_a_call_is_offered_with_it_and_made_through_every_layer() -> None:
    bank, engine, loaded = Bank(), CountingEngine(), FakeLoaded()
    guard = guard_of(bank, loaded, engine)
    held = guard.call("hold", {"account": "A"})
    assert held.undo == {"tool": "free", "arguments": {"account": "A", "hold": "H-1"}}
    undone = guard.undo(held.records[0])
    assert undone.ok
    (record,) = undone.records
    assert (record.origin, record.verdict) == ("compensation", "accept")
    assert engine.asked[-1].action == {"name": "free"}
    assert record.decision is not None
    assert record.decision.permits
    assert loaded.calls[-1].values[1] == {"tool": "free", "arguments": {"account": "A", "hold": "H-1"}}
    assert bank.done[-1] == ("free", {"account": "A", "hold": "H-1"})


class NoFreeing(CountingEngine):
    def evaluate(self, request: AuthorizationRequest) -> Decision:
        decision = super().evaluate(request)
        if request.action["name"] != "free":
            return decision
        return Decision(
            outcome=Outcome.DENY, request_digest=request.digest, policy_digest="p1", reasons=("nobody frees",)
        )


def test_an_undoing_that_is_not_authorised_does_not_happen_and_a_person_is_asked() -> None:
    bank = Bank()
    guard = guard_of(bank, FakeLoaded(), NoFreeing(), addressee="desk")
    held = guard.call("hold", {"account": "A"})
    answer = guard.undo(held.records[0])
    assert answer.error_class == "policy_denied"
    (escalation,) = guard.escalations  # type: ignore[attr-defined]
    assert answer.escalation == escalation
    assert (escalation.condition, escalation.to, escalation.call["tool"]) == ("compensation", "desk", "hold")
    assert "nobody frees" in escalation.why
    assert escalation.undo == held.undo
    assert [name for name, _ in bank.done] == ["hold"]


def test_escalations_about_what_could_not_be_undone_count_as_well() -> None:
    guard = guard_of(Bank(), FakeLoaded(), NoFreeing(), escalations=1)
    held = guard.call("hold", {"account": "A"})
    guard.undo(held.records[0])
    assert guard.suspended == "its 1 escalations are spent"
    assert guard.call("look", {"account": "A"}).error_class == "suspended"


def test_what_can_not_be_undone_says_why() -> None:
    bank = Bank()
    guard = guard_of(bank, FakeLoaded())
    with pytest.raises(UsageError, match="declares no compensation"):
        guard.undo(guard.call("burn", {"account": "A"}).records[0])
    marked = guard.call("mark", {"account": "A"})
    assert marked.undo is None
    with pytest.raises(UsageError, match="memo would have to be known"):
        guard.undo(marked.records[0])
    refused = guard.call("pay", {"account": "A", "amount": 500})
    with pytest.raises(UsageError, match="not executed"):
        guard.undo(refused.records[0])
    assert guard.call("look", {"account": "A"}).ok, "and the session goes on"


def test_in_doubt_about_a_reversible_call_a_person_is_told_how_to_undo_it() -> None:
    bank = Bank()
    bank.faults = [RuntimeError("lost")]
    guard = guard_of(bank, FakeLoaded())
    guard.call("hold", {"account": "A", "hold": "H-7"})
    guard.call("hold", {"account": "A", "hold": "H-7"})
    (escalation,) = guard.escalations  # type: ignore[attr-defined]
    assert escalation.condition == "in-doubt"
    assert escalation.undo == {"tool": "free", "arguments": {"account": "A", "hold": "H-7"}}
    assert "stays unknown" in escalation.otherwise
    assert "To undo it, if it happened" in escalation.text
