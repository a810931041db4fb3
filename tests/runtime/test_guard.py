"""The guard from the outside: an agent's calls, a harness that answers, an engine that decides, tools that do."""

from dataclasses import replace
from typing import Any

import pytest
from payments import HARNESS, MAPPING_DATA, TOOLS, CountingEngine, FakeLoaded, Office, conduct, crash, guard_for

from bridle.authorization import AuthorizationRequest, Decision, Outcome
from bridle.environment import Step
from bridle.errors import Blame, Failure, HarnessFault, PolicyFault, SandboxFault, UsageError
from bridle.harness import Harness
from bridle.runtime.gate import Gate
from bridle.runtime.guard import Active, Guard, Pinned
from bridle.runtime.policies.function import FunctionEngine, no_policy
from bridle.runtime.policies.mapping import RequestMapping
from bridle.runtime.reviewer import Unreviewed
from bridle.runtime.session import ToolFailure, ToolSession
from bridle.runtime.surface import Surface
from bridle.trace import POLICY_DENIED

PAY = {"account": "A", "amount": 12.5}
BUSY = ToolFailure("transient", "busy", applicable=True)


def reject(view: Any, call: Any) -> dict[str, Any]:
    return {"verdict": "reject", "rule": "r1", "code": "too-early", "hint": "open it first", "try_again": True}


def rewriting(**arguments: Any) -> FakeLoaded:
    """Rewrites what is not yet as it wants it, and accepts that."""

    def review(view: Any, call: dict[str, Any]) -> dict[str, Any]:
        wanted = {"tool": call["tool"], "arguments": call["arguments"] | arguments}
        return {"verdict": "accept"} if wanted == call else {"verdict": "rewrite", "rule": "r1", "call": wanted}

    return FakeLoaded(review)


def on_error(reply: dict[str, Any]) -> FakeLoaded:
    return FakeLoaded(on_error=lambda view, call, error: reply)


# --- the order --------------------------------------------------------------------------------------------------------


def test_an_accepted_and_permitted_call_is_executed_and_traced() -> None:
    office, loaded, engine = Office(), FakeLoaded(), CountingEngine()
    guard = guard_for(office, loaded, engine)
    answer = guard.call("pay", PAY)
    assert answer.ok
    assert answer.result == {"id": "A", "balance": 100}
    assert office.done == [("pay", PAY)]
    (record,) = answer.records
    assert record.verdict == "accept"
    assert record.harness == HARNESS.digest
    assert record.legal is True
    assert record.decision is not None
    assert record.decision.request_digest == engine.asked[0].digest
    assert record.call_digest == record.proposed_digest
    assert guard.records == [record]  # type: ignore[attr-defined]
    assert len(loaded.calls) == 1, "one round trip to the harness"


def test_the_policy_engine_sees_the_final_call_and_not_the_proposed_one() -> None:
    office, engine = Office(), CountingEngine()
    answer = guard_for(office, rewriting(channel="wire"), engine).call("pay", PAY | {"channel": "Wire"})
    assert answer.ok
    assert engine.asked[-1].context["channel"] == "wire"
    assert office.done == [("pay", PAY | {"channel": "wire"})]
    assert answer.records[0].verdict == "rewrite"
    assert answer.records[0].rule == "r1"
    assert answer.records[0].call_digest != answer.records[0].proposed_digest


def test_acceptance_by_the_harness_authorises_nothing() -> None:
    office = Office()
    answer = guard_for(office, FakeLoaded()).call("pay", {"account": "A", "amount": 100.01})
    assert not answer.ok
    assert answer.error_class == POLICY_DENIED
    assert "within-limit" in answer.message
    assert answer.records[0].verdict == "accept"
    assert answer.records[0].answered_by == "policy"
    assert answer.records[0].legal is None
    assert office.done == []


def test_a_refused_call_reaches_neither_engine_nor_tool() -> None:
    office, engine = Office(), CountingEngine()
    answer = guard_for(office, FakeLoaded(reject), engine).call("pay", PAY)
    assert (answer.ok, answer.error_class, answer.message) == (False, "too-early", "open it first")
    assert (office.done, engine.asked) == ([], [])
    assert answer.records[0].call is None
    assert answer.records[0].answered_by == "harness"


def test_a_call_that_does_not_fit_its_schema_is_never_put_to_the_engine() -> None:
    office, engine = Office(), CountingEngine()
    guard = guard_for(office, FakeLoaded(), engine)
    for arguments in ({"account": "A"}, PAY | {"amount": "12.50"}, PAY | {"colour": "red"}):
        answer = guard.call("pay", arguments)
        assert answer.error_class == "schema"
        assert answer.records[0].legal is False
        assert answer.records[0].answered_by == "environment"
    assert guard.call("paye", PAY).error_class == "unknown_tool"
    assert (office.done, engine.asked) == ([], [])


def test_a_tool_without_a_mapping_is_never_executed() -> None:
    office = Office()
    answer = guard_for(office, FakeLoaded()).call("unmapped", {})
    assert answer.error_class == POLICY_DENIED
    decision = answer.records[0].decision
    assert decision is not None
    assert decision.outcome is Outcome.INDETERMINATE
    assert "unmapped" in decision.errors[0]
    assert office.done == []


def test_without_a_harness_the_policy_still_decides() -> None:
    office = Office()
    guard = guard_for(office, None, reviewer=Unreviewed())
    assert guard.call("pay", PAY).ok
    assert guard.call("pay", PAY | {"amount": 1000}).error_class == POLICY_DENIED
    assert [record.verdict for record in guard.records] == ["", ""]  # type: ignore[attr-defined]


def test_the_agent_and_the_tool_can_not_change_the_call_behind_the_guards_back() -> None:
    office = Office()
    mine: dict[str, Any] = {"account": "A", "amount": 12.5}

    class Meddling(CountingEngine):
        def evaluate(self, request: AuthorizationRequest) -> Decision:
            mine["amount"] = 99.0
            return super().evaluate(request)

    answer = guard_for(office, FakeLoaded(), Meddling()).propose({"tool": "pay", "arguments": mine})
    assert office.done == [("pay", {"account": "A", "amount": 12.5})]
    office.done[0][1]["amount"] = 0
    record = answer.records[0]
    assert isinstance(record.call, dict)
    assert record.call["arguments"]["amount"] == 12.5


@pytest.mark.parametrize(
    "proposal",
    ["", "pay", {"tool": "pay"}, {"arguments": {}}, {"tool": "pay", "arguments": {"amount": float("nan")}}, {}],
)
def test_malformed_proposals_are_refused_with_a_sentence(proposal: Any) -> None:
    office = Office()
    for loaded, changes in ((FakeLoaded(), {}), (None, {"reviewer": Unreviewed()})):
        answer = guard_for(office, loaded, **changes).propose(proposal)
        assert not answer.ok
        assert answer.error_class in ("schema", "unknown_tool")
        assert answer.message
    assert office.done == []


@pytest.mark.parametrize("arguments", [None, [1], "amount", 5])
def test_arguments_that_are_no_object_are_refused_with_a_sentence(arguments: Any) -> None:
    office = Office()
    answer = guard_for(office, FakeLoaded()).call("pay", arguments)
    assert (answer.ok, answer.error_class) == (False, "schema")
    assert office.done == []


# --- rewrites ---------------------------------------------------------------------------------------------------------


def test_a_rewrite_may_mend_a_spelling() -> None:
    office = Office()
    answer = guard_for(office, rewriting(amount=12.5)).call("pay", PAY | {"amount": " 12.50 "})
    assert answer.ok
    assert office.done == [("pay", PAY)]


def test_a_rewrite_may_change_what_the_policy_does_not_read() -> None:
    office = Office()
    assert guard_for(office, rewriting(memo="checked")).call("pay", PAY).ok
    assert office.done == [("pay", PAY | {"memo": "checked"})]


@pytest.mark.parametrize(
    ("proposed", "rewrite"),
    [
        ({"amount": 1000}, {"amount": 99.99}),
        ({"amount": 12.5}, {"amount": 12.51}),
        ({"amount": "1,250"}, {"amount": 1.25}),
        ({"account": "A"}, {"account": "B"}),
        ({}, {"channel": "card"}),
        ({"channel": "wire"}, {"channel": "card"}),
    ],
)
def test_a_rewrite_that_changes_what_the_policy_reads_is_the_harnesss_failure(
    proposed: dict[str, Any], rewrite: dict[str, Any]
) -> None:
    office, engine = Office(), CountingEngine()
    answer = guard_for(office, rewriting(**rewrite), engine).call("pay", PAY | proposed)
    assert answer.error_class == "changed-intent"
    assert answer.records[0].answered_by == "guard"
    assert answer.records[0].verdict == "rewrite"
    assert (office.done, engine.asked) == ([], [])


def test_a_missing_amount_is_not_the_harnesss_to_fill_in() -> None:
    office = Office()
    assert guard_for(office, rewriting(amount=1)).call("pay", {"account": "A"}).error_class == "changed-intent"
    assert office.done == []


def test_another_tool_is_another_intent() -> None:
    def review(view: Any, call: dict[str, Any]) -> dict[str, Any]:
        return {"verdict": "rewrite", "rule": "r1", "call": {"tool": "hold", "arguments": {"account": "A"}}}

    assert guard_for(Office(), FakeLoaded(review)).call("pay", PAY).error_class == "changed-intent"


def test_a_rewrite_that_the_harness_would_not_accept_is_none() -> None:
    def review(view: Any, call: dict[str, Any]) -> dict[str, Any]:
        memo = call["arguments"].get("memo", "")
        return {"verdict": "rewrite", "rule": "r1", "call": {"tool": "pay", "arguments": PAY | {"memo": memo + "x"}}}

    office = Office()
    assert guard_for(office, FakeLoaded(review)).call("pay", PAY).error_class == "rewrite"
    assert office.done == []


def test_a_rewrite_has_to_fit_the_schema() -> None:
    answer = guard_for(Office(), rewriting(memo=5)).call("pay", PAY)
    assert answer.error_class == "rewrite"
    assert "does not fit its tool's schema: memo" in answer.message


# --- a harness that fails ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("review", [crash, lambda view, call: {"verdict": "allow"}, lambda view, call: None])
def test_a_failing_harness_accepts_nothing(review: Any) -> None:
    office, engine = Office(), CountingEngine()
    answer = guard_for(office, FakeLoaded(review), engine).call("hold", {"account": "A"})
    assert answer.error_class == "harness-failed"
    assert answer.escalation is None
    assert (office.done, engine.asked) == ([], [])


def test_by_tool_a_failing_harness_leads_to_a_person_or_straight_to_the_policy() -> None:
    office = Office()
    ways: dict[str, Any] = {"pay": "escalate", "hold": "direct"}
    guard = guard_for(office, FakeLoaded(crash), on_failure=ways)
    assert guard.call("pay", PAY).escalation is not None
    assert guard.call("hold", {"account": "A"}).ok
    assert guard.call("label", {"account": "A", "text": "x"}).error_class == "harness-failed"
    assert office.done == [("hold", {"account": "A"})]
    office.frozen.add("A")
    assert guard.call("hold", {"account": "A"}).error_class == POLICY_DENIED


@pytest.mark.parametrize("tool", ["pay", "label"])
def test_what_can_not_be_undone_never_goes_unreviewed(tool: str) -> None:
    with pytest.raises(UsageError, match="without a review"):
        conduct(on_failure={tool: "direct"})


def test_the_way_around_a_crash_is_no_way_around_the_rewrite_rule() -> None:
    office = Office()
    guard = guard_for(office, rewriting(account="B"), on_failure={"hold": "direct"})
    assert guard.call("hold", {"account": "A"}).error_class == "changed-intent"
    assert office.done == []


class Mute(Exception):
    """One that can't even say what it is."""

    def __str__(self) -> str:
        raise RuntimeError("not even that")


def test_engines_and_sources_that_raise_what_can_not_be_told_fail_closed() -> None:
    class Engine:
        def evaluate(self, request: AuthorizationRequest) -> Decision:
            raise Mute

    def decide(request: AuthorizationRequest) -> bool:
        raise Mute

    class Source:
        def active(self) -> Active:
            raise Mute

    office, held = Office(), conduct()
    for engine in (Engine(), FunctionEngine(decide, name="mute")):
        open_ = replace(held, reviewer=Unreviewed())
        answer = Guard(Gate(office.session(), held.mapping, engine), open_).call("pay", PAY)
        assert answer.error_class == "policy_denied"
    answer = Guard(Gate(office.session(), held.mapping, CountingEngine()), held, harness=Source()).call("pay", PAY)
    assert answer.error_class == "harness-failed"
    assert "Mute: it has no readable message" in answer.message
    assert office.done == []


def test_a_sandbox_that_fails_or_a_harness_that_can_not_be_had_fails_closed() -> None:
    class Broken(FakeLoaded):
        def batch(self, calls: Any) -> Any:
            raise SandboxFault("the zygote is gone")

    office = Office()
    assert guard_for(office, Broken()).call("pay", PAY).error_class == "harness-failed"

    class Nowhere:
        def __init__(self, fault: Exception) -> None:
            self.fault = fault

        def active(self) -> Active:
            raise self.fault

    unloadable = HarnessFault(Failure(blame=Blame.HARNESS, kind="load", message="does not load"))
    for fault in (unloadable, SandboxFault("no namespaces"), OSError("the registry's disk is gone")):
        held = conduct()
        gate = Gate(office.session(), held.mapping, CountingEngine())
        answer = Guard(gate, held, harness=Nowhere(fault)).call("pay", PAY)
        assert answer.error_class == "harness-failed"
        assert str(fault).split(": ")[-1] in answer.message
    assert office.done == []


# --- attempts, escalation, surface ------------------------------------------------------------------------------------


def test_refusals_in_a_row_end_with_a_person() -> None:
    office = Office()
    guard = guard_for(office, FakeLoaded(reject), attempts=3)
    answers = [guard.call("pay", PAY) for _ in range(6)]
    assert [answer.escalation is not None for answer in answers] == [False, False, True] * 2
    escalation = answers[2].escalation
    assert escalation is not None
    assert escalation.by == "guard"
    assert "3 proposals in a row" in escalation.why
    assert guard.escalations == [answers[2].escalation, answers[5].escalation]  # type: ignore[attr-defined]


def test_a_call_that_is_answered_starts_the_count_anew() -> None:
    guard = guard_for(Office(), FakeLoaded(lambda v, c: reject(v, c) if c["tool"] == "pay" else {"verdict": "accept"}))
    for _ in range(3):
        assert guard.call("pay", PAY).escalation is None
        assert guard.call("pay", PAY).escalation is None
        assert guard.call("get_account", {"account": "A"}).ok


def test_an_escalation_says_what_a_person_needs() -> None:
    def review(view: Any, call: Any) -> dict[str, Any]:
        return {"verdict": "escalate", "rule": "r2", "to": "treasury", "missing": ["cost centre"]}

    office = Office()
    guard = guard_for(office, FakeLoaded(review))
    answer = guard.call("pay", PAY)
    escalation = answer.escalation
    assert escalation is not None
    assert (escalation.by, escalation.to, escalation.missing) == ("harness", "treasury", ("cost centre",))
    assert "r2" in escalation.why
    assert escalation.call == {"tool": "pay", "arguments": PAY}
    assert escalation.otherwise == "The call is not executed."
    assert "treasury" in answer.message
    assert office.done == []


def test_a_call_outside_the_surface_is_neither_reviewed_nor_executed() -> None:
    office, loaded = Office(), FakeLoaded()
    surface = Surface({"pay": {"properties": {"amount": {"maximum": 50}}}, "get_account": {}})
    guard = guard_for(office, loaded, pinned={"surface": surface})
    assert guard.call("pay", PAY).ok
    reviewed = len(loaded.calls)
    outside = guard.call("hold", {"account": "A"})
    assert outside.error_class == "outside-surface"
    assert outside.escalation is not None
    assert len(loaded.calls) == reviewed
    beyond = guard.call("pay", PAY | {"amount": 50.01})
    assert beyond.error_class == "outside-surface"
    assert "amount" in beyond.message
    assert office.done == [("pay", PAY)]


def test_a_surface_that_is_no_schema_is_refused() -> None:
    with pytest.raises(UsageError, match="surface of pay"):
        Surface({"pay": {"type": "nonsense"}})


# --- errors and what may be repeated ----------------------------------------------------------------------------------


def test_a_transient_failure_is_retried_within_the_turn() -> None:
    office, engine = Office(), CountingEngine()
    office.faults = [BUSY, BUSY]
    answer = guard_for(office, on_error({"verdict": "retry", "rule": "r1", "after": 0}), engine).call("pay", PAY)
    assert answer.ok
    assert [record.origin for record in answer.records] == ["agent", "retry", "retry"]
    assert [record.recovery for record in answer.records] == ["retry", "retry", ""]
    assert answer.records[0].recovery_rule == "r1"
    assert len(engine.asked) == 3, "each execution has a permit of its own"
    assert office.done == [("pay", PAY)]


def test_automatic_retries_are_bounded() -> None:
    office = Office()
    office.faults = [BUSY] * 10
    guard = guard_for(office, on_error({"verdict": "retry", "rule": "r1", "after": 0}), retries=2)
    answer = guard.call("pay", PAY)
    assert not answer.ok
    assert len(answer.records) == 3
    assert "spent" in answer.message


def test_a_later_retry_is_left_to_the_agent() -> None:
    office = Office()
    office.faults = [BUSY]
    answer = guard_for(office, on_error({"verdict": "retry", "rule": "r1", "after": 4})).call("pay", PAY)
    assert len(answer.records) == 1
    assert "after 4 further steps" in answer.message


@pytest.mark.parametrize("fault", [RuntimeError("boom"), TimeoutError(), ToolFailure("novel", "hm", applicable=True)])
@pytest.mark.parametrize("word", ["retry", "revise"])
def test_an_irreversible_call_of_unknown_outcome_is_never_repeated(fault: Exception, word: str) -> None:
    reply: dict[str, Any] = {"verdict": "retry", "rule": "r1", "after": 0}
    if word == "revise":
        reply = {
            "verdict": "revise",
            "rule": "r1",
            "hint": "",
            "call": {"tool": "pay", "arguments": PAY | {"memo": "2"}},
        }
    office = Office()
    office.faults = [fault]
    guard = guard_for(office, on_error(reply))
    answer = guard.call("pay", PAY)
    assert len(answer.records) == 1
    assert "unknown" in answer.message
    again = guard.call("pay", PAY | {"memo": "again"})
    assert again.error_class == "in-doubt", "nor when the agent asks, as long as nobody looked"
    assert again.escalation is not None
    assert office.done == [("pay", PAY)]


def test_doubt_ends_when_what_the_call_named_was_seen_anew() -> None:
    office = Office()
    guard = guard_for(office, FakeLoaded())
    guard.call("get_account", {"account": "A"})
    office.faults = [RuntimeError("boom")]
    assert guard.call("pay", PAY).error_class == "internal"
    assert guard.call("pay", PAY).error_class == "in-doubt"
    assert guard.call("pay", PAY | {"amount": 13}).ok, "another payment is another act"
    guard.call("get_account", {"account": "A"})
    assert guard.call("pay", PAY).ok


def test_doubt_about_a_call_that_named_nothing_known_ends_with_a_look() -> None:
    """At anything, where the call can be undone; else at what speaks of what it spoke of."""
    office = Office()
    guard = guard_for(office, FakeLoaded())
    for tool, arguments in (("hold", {"account": "new"}), ("pay", {"account": "new", "amount": 1})):
        office.faults = [RuntimeError("boom")]
        assert guard.call(tool, arguments).error_class == "internal"
        assert guard.call(tool, arguments).error_class == "in-doubt"
    office.faults = [TimeoutError()]
    assert not guard.call("get_account", {"account": "other"}).ok
    assert guard.call("hold", {"account": "new"}).error_class == "in-doubt", "a look that failed is none"
    assert guard.call("get_account", {"account": "other"}).ok
    assert guard.call("hold", {"account": "new"}).ok
    assert guard.call("pay", {"account": "new", "amount": 1}).error_class == "in-doubt"


@pytest.mark.parametrize(
    ("tool", "arguments"), [("label", {"account": "A", "text": "x"}), ("get_account", {"account": "A"})]
)
def test_what_is_idempotent_or_reads_may_be_repeated(tool: str, arguments: dict[str, Any]) -> None:
    office = Office()
    office.faults = [RuntimeError("boom")]
    assert guard_for(office, on_error({"verdict": "retry", "rule": "r1", "after": 0})).call(tool, arguments).ok
    assert len(office.done) == 2


def test_an_idempotency_key_makes_a_call_repeatable() -> None:
    keyed = tuple(replace(tool, idempotency_key="memo") if tool.name == "pay" else tool for tool in TOOLS)
    office = Office()
    office.faults = [RuntimeError("boom")]
    guard = guard_for(office, on_error({"verdict": "retry", "rule": "r1", "after": 0}), tools=keyed)
    assert guard.call("pay", PAY | {"memo": "key-1"}).ok
    office.faults = [RuntimeError("boom")]
    assert not guard.call("pay", PAY).ok, "without its key it is not"


def test_a_revision_is_held_to_the_rules_of_a_rewrite() -> None:
    def revise(**arguments: Any) -> FakeLoaded:
        call = {"tool": "pay", "arguments": PAY | arguments}
        return on_error({"verdict": "revise", "rule": "r2", "hint": "so", "call": call})

    office = Office()
    office.faults = [ToolFailure("missing_precondition", "a memo is needed")]
    answer = guard_for(office, revise(memo="m")).call("pay", PAY)
    assert answer.ok
    assert [(r.origin, r.verdict, r.rule) for r in answer.records] == [
        ("agent", "accept", ""),
        ("revision", "rewrite", "r2"),
    ]
    office = Office()
    office.faults = [ToolFailure("missing_precondition", "too much")]
    answer = guard_for(office, revise(amount=1)).call("pay", PAY)
    assert answer.error_class == "changed-intent"
    assert office.done == [("pay", PAY)]


def test_a_hint_and_a_person_after_an_error() -> None:
    office = Office()
    office.faults = [ToolFailure("state_conflict", "closed"), ToolFailure("state_conflict", "closed")]
    hinting = guard_for(office, on_error({"verdict": "revise", "rule": "r1", "hint": "reopen it"}))
    assert hinting.call("pay", PAY).message == "closed reopen it"
    asking = guard_for(office, on_error({"verdict": "escalate", "rule": "r1", "to": "ops", "missing": []}))
    answer = asking.call("pay", PAY)
    assert answer.escalation is not None
    assert answer.escalation.to == "ops"
    assert answer.records[0].recovery == "escalate"
    assert answer.message == "closed A person is asked (ops).", "the agent is told, too"


@pytest.mark.parametrize("reply", [None, {"verdict": "accept"}, {"verdict": "retry", "rule": "nobody's", "after": 0}])
def test_nonsense_after_an_error_does_nothing(reply: Any) -> None:
    office = Office()
    office.faults = [BUSY]
    answer = guard_for(office, on_error(reply)).call("pay", PAY)
    assert answer.error_class == "transient"
    assert office.done == []


def test_a_harness_is_not_asked_about_a_denial() -> None:
    loaded = on_error({"verdict": "retry", "rule": "r1", "after": 0})
    guard = guard_for(Office(), loaded)
    assert guard.call("pay", PAY | {"amount": 1000}).error_class == POLICY_DENIED
    assert [call.function for call in loaded.calls] == ["review_call"]


# --- denials ----------------------------------------------------------------------------------------------------------

DENIED = {"account": "A", "amount": 1000}


def test_a_denial_stands_against_an_engine_that_changes_its_mind() -> None:
    class Wavering(CountingEngine):
        def evaluate(self, request: AuthorizationRequest) -> Decision:
            decision = super().evaluate(request)
            return decision if len(self.asked) == 1 else replace(decision, outcome=Outcome.PERMIT)

    office, engine = Office(), Wavering()
    guard = guard_for(office, FakeLoaded(), engine)
    assert guard.call("pay", DENIED).error_class == POLICY_DENIED
    for arguments in (DENIED, DENIED | {"memo": "please"}):
        again = guard.call("pay", arguments)
        assert again.error_class == POLICY_DENIED
        assert "denied before" in again.message
    assert office.done == []
    assert guard.call("pay", PAY).ok


@pytest.mark.parametrize("change", ["version", "policy", "context", "subject", "resource"])
def test_a_denial_ends_when_what_it_hung_on_has_changed(change: str) -> None:
    office = Office()

    class Once(CountingEngine):
        def evaluate(self, request: AuthorizationRequest) -> Decision:
            decision = super().evaluate(request)
            return replace(decision, outcome=Outcome.DENY if len(self.asked) == 1 else Outcome.PERMIT)

    engine = Once()
    guard = guard_for(office, FakeLoaded(), engine)
    assert guard.call("pay", PAY).error_class == POLICY_DENIED
    assert guard.call("pay", PAY).error_class == POLICY_DENIED
    if change == "version":
        office.version = 2
    elif change == "policy":
        engine.digest = "p2"
    elif change == "context":
        office.context = {"approved_by": "the board"}
    elif change == "subject":
        office.subject = {**office.subject, "properties": {"limit": 20_000}}
    else:
        office.frozen.add("A")
    assert guard.call("pay", PAY).ok


def test_a_clock_in_the_context_opens_nothing_anew() -> None:
    office, engine, held = Office(), CountingEngine(), conduct()
    gate = Gate(office.session(), held.mapping, engine, volatile=["now"])
    guard = Guard(gate, held, harness=Pinned(HARNESS, FakeLoaded()))
    office.context = {"now": 1}
    assert guard.call("pay", DENIED).error_class == POLICY_DENIED
    office.context, office.subject = {"now": 2}, office.subject
    assert "denied before" not in guard.call("get_account", {"account": "A"}).message
    engine.evaluate = lambda request: replace(  # type: ignore[method-assign]
        CountingEngine.evaluate(engine, request), outcome=Outcome.PERMIT
    )
    assert "denied before" in guard.call("pay", DENIED).message


def test_an_engine_that_knows_its_digest_is_not_asked_twice_about_a_denial() -> None:
    class Knowing(CountingEngine):
        @property
        def policy_digest(self) -> str:
            return self.digest

    engine = Knowing()
    guard = guard_for(Office(), FakeLoaded(), engine)
    guard.call("pay", DENIED)
    guard.call("pay", DENIED)
    assert len(engine.asked) == 1


def test_no_decision_denies_nothing_for_good() -> None:
    class Tired(CountingEngine):
        def evaluate(self, request: AuthorizationRequest) -> Decision:
            decision = super().evaluate(request)
            return (
                decision if len(self.asked) > 1 else replace(decision, outcome=Outcome.INDETERMINATE, errors=("late",))
            )

    guard = guard_for(Office(), FakeLoaded(), Tired())
    first = guard.call("pay", PAY)
    assert first.error_class == POLICY_DENIED
    assert "no decision" in first.message
    assert guard.call("pay", PAY).ok


# --- engines that lie or break ----------------------------------------------------------------------------------------


def _faulty(kind: str) -> Any:
    class Faulty(CountingEngine):
        def evaluate(self, request: AuthorizationRequest) -> Any:
            decision = replace(super().evaluate(request), outcome=Outcome.PERMIT)
            if kind == "raises":
                raise RuntimeError("engine down")
            if kind == "times out":
                raise TimeoutError
            if kind == "answers True":
                return True
            if kind == "another request":
                return replace(decision, request_digest="0" * 64)
            if kind == "with errors":
                return replace(decision, errors=("policy7 failed",))
            return replace(decision, outcome=Outcome.INDETERMINATE)

    return Faulty()


@pytest.mark.parametrize(
    "kind", ["raises", "times out", "answers True", "another request", "with errors", "indeterminate"]
)
def test_a_faulty_engine_permits_nothing(kind: str) -> None:
    office = Office()
    answer = guard_for(office, FakeLoaded(), _faulty(kind)).call("pay", PAY)
    assert answer.error_class == POLICY_DENIED
    assert office.done == []
    decision = answer.records[0].decision
    assert decision is not None
    assert not decision.permits


# --- the gate ---------------------------------------------------------------------------------------------------------


def test_a_permit_is_for_one_execution_of_exactly_one_call() -> None:
    office = Office()
    gate = Gate(office.session(), RequestMapping.from_data(MAPPING_DATA), CountingEngine())
    pay = {"tool": "pay", "arguments": PAY}
    with pytest.raises(PolicyFault):
        gate.execute(pay)
    assert gate.authorise(pay).permits
    with pytest.raises(PolicyFault):
        gate.execute({"tool": "pay", "arguments": PAY | {"amount": 12.51}})
    with pytest.raises(PolicyFault):
        gate.execute(pay)
    assert gate.authorise(pay).permits
    assert not gate.authorise({"tool": "pay", "arguments": DENIED}).permits
    with pytest.raises(PolicyFault):
        gate.execute(pay)
    assert gate.authorise(pay).permits
    assert gate.execute(pay).legal
    with pytest.raises(PolicyFault):
        gate.execute(pay)
    assert office.done == [("pay", PAY)]


@pytest.mark.parametrize("kind", ["with errors", "indeterminate", "another request", "raises"])
def test_the_gate_itself_trusts_no_faulty_decision(kind: str) -> None:
    office = Office()
    gate = Gate(office.session(), RequestMapping.from_data(MAPPING_DATA), _faulty(kind))
    pay = {"tool": "pay", "arguments": PAY}
    gate.authorise(pay)
    with pytest.raises(PolicyFault):
        gate.execute(pay)
    assert office.done == []


def test_what_a_tool_does_with_its_arguments_stays_with_the_tool() -> None:
    """It gets a copy of the object that was decided on: neither the mode's object nor the trace's."""

    class Careless(ToolSession):
        def step(self, action: Any) -> Step:
            step = super().step(action)
            action["arguments"]["amount"] = 0
            return step

    office, held = Office(), conduct()
    session = Careless({tool.name: (tool, office.function(tool.name)) for tool in TOOLS}, office)
    guard = Guard(Gate(session, held.mapping, CountingEngine()), held, harness=Pinned(HARNESS, FakeLoaded()))
    record = guard.call("pay", PAY).records[0]
    assert isinstance(record.call, dict)
    assert record.call["arguments"] == PAY
    pay = {"tool": "pay", "arguments": dict(PAY)}
    gate = Gate(session, held.mapping, CountingEngine())
    assert gate.authorise(pay).permits
    gate.execute(pay)
    assert pay == {"tool": "pay", "arguments": PAY}


def test_guard_and_gate_speak_of_the_same_mapping() -> None:
    gate = Gate(Office().session(), RequestMapping.plain(["pay"]), no_policy())
    with pytest.raises(UsageError, match="different request mappings"):
        Guard(gate, conduct())


# --- a harness that acts alone, and one that is exchanged --------------------------------------------------------------


def test_a_harness_that_acts_alone_still_passes_the_policy() -> None:
    office = Office()
    calls = iter([{"tool": "pay", "arguments": PAY}, {"tool": "pay", "arguments": DENIED}])
    guard = guard_for(office, FakeLoaded(propose=lambda view: next(calls)), pinned={"alone": True})
    assert guard.act().ok
    denied = guard.act()
    assert denied.error_class == POLICY_DENIED
    assert denied.records[0].origin == "harness"
    assert office.done == [("pay", PAY)]


def test_a_harness_that_acts_alone_and_crashes_does_nothing() -> None:
    guard = guard_for(Office(), FakeLoaded(propose=crash), pinned={"alone": True})
    answer = guard.act()
    assert answer.error_class == "harness-failed"
    with pytest.raises(UsageError, match="no proposal"):
        guard_for(Office(), FakeLoaded()).act()


def test_the_source_decides_before_every_turn_which_harness_is_in_force() -> None:
    class Alias:
        def __init__(self) -> None:
            self.now = Pinned(HARNESS, FakeLoaded(reject)).active()

        def active(self) -> Active:
            return self.now

    office, held, alias = Office(), conduct(), Alias()
    guard = Guard(Gate(office.session(), held.mapping, CountingEngine()), held, harness=alias)
    assert guard.call("pay", PAY).error_class == "too-early"
    other = Harness(HARNESS.source + "\n# v2\n", contract=HARNESS.contract)
    alias.now = Pinned(other, FakeLoaded()).active()
    answer = guard.call("pay", PAY)
    assert answer.ok
    assert answer.records[0].harness == other.digest


def test_normalise_view_comes_first_where_there_is_one() -> None:
    source = HARNESS.source + "\ndef normalise_view(raw):\n    return raw\n"
    harness = Harness(source, contract=HARNESS.contract)
    loaded = FakeLoaded(lambda view, call: {"verdict": "accept"} if view == {"normal": True} else crash())
    loaded.functions["normalise_view"] = lambda raw: {"normal": True}
    held = conduct()
    guard = Guard(Gate(Office().session(), held.mapping, CountingEngine()), held, harness=Pinned(harness, loaded))
    assert guard.call("pay", PAY).ok
    assert [call.function for call in loaded.calls] == ["normalise_view", "review_call"]
    loaded.functions["normalise_view"] = crash
    assert guard.call("pay", PAY).error_class == "harness-failed"


def test_the_view_is_the_fold_over_what_was_answered() -> None:
    views: list[Any] = []

    def review(view: Any, call: Any) -> Any:
        views.append(view)
        return reject(view, call) if call["tool"] == "hold" else {"verdict": "accept"}

    guard = guard_for(Office(), FakeLoaded(review))
    guard.call("get_account", {"account": "A"})
    guard.call("hold", {"account": "A"})
    guard.call("pay", DENIED)
    guard.call("pay", {"account": "A"})
    guard.call("get_account", {"account": "A"})
    assert [(call["tool"], call.get("error", {}).get("class", "")) for call in views[-1]["calls"]] == [
        ("get_account", ""),
        ("pay", POLICY_DENIED),
        ("pay", "schema"),
    ]
    assert views[-1]["resources"] == {"A": {"id": "A", "balance": 100}}
    assert "'ann'" not in str(views[-1]), "the view knows no subject"
