"""Hostile harnesses, random calls, faulty engines, failing tools, a moving world: nobody gets around the policy.

What is checked is written down here a second time, without the code under test: a witness sits in the engine and in the
tools and compares what was executed with what was permitted.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from payments import FakeLoaded, Office, crash, guard_for

from bridle.authorization import AuthorizationRequest, Decision, Outcome
from bridle.runtime.guard import Guard
from bridle.runtime.session import ToolFailure

CASES = 2_500
CALLS = 6

ACCOUNTS = ["A", "A", "A", "B", "B", " A", "a", "", "A\n", "C"]
SENSIBLE: list[Any] = [5, 12.5, 20, 99.99, 100, 100.01, 1000]
AMOUNTS: list[Any] = [*SENSIBLE, 0, "12.50", " 5 ", "1e3", "1,000", None, True, -1, 2**60, 0.001, []]
TOOLS = ["pay", "pay", "pay", "hold", "label", "get_account", "unmapped", "Pay", "nothing"]
LOST = [RuntimeError("lost"), TimeoutError(), ToolFailure("odd", "who knows", applicable=True)]


def question(tool: str, arguments: dict[str, Any]) -> tuple[Any, ...] | None:
    """What a call asks of the policy: (tool, account, cents, channel). Written without the mapping under test."""
    account = arguments.get("account")
    if tool not in ("pay", "hold", "label", "get_account") or not isinstance(account, str):
        return None
    if tool != "pay":
        return (tool, account, None, None)
    cents = Decimal(str(arguments["amount"])) * 100
    assert cents == int(cents)
    return (tool, account, int(cents), arguments.get("channel"))


class Witness:
    """Sees every decision and every execution."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.permits: list[tuple[Any, ...]] = []
        self.denied: set[Any] = set()
        self.violations: list[str] = []
        self.counts: Counter[str] = Counter()

    def decided(self, request: AuthorizationRequest, decision: Any) -> None:
        self.permits.clear()
        tool = {"read": "get_account"}.get(request.action["name"], request.action["name"])
        asked = (tool, request.resource["id"], request.context.get("amount"), request.context.get("channel"))
        if not isinstance(decision, Decision) or decision.request_digest != request.digest:
            return
        world = (request.digest, self.office.version, decision.policy_digest)
        if decision.outcome is Outcome.DENY:
            self.denied.add(world)
            self.counts["denied"] += 1
        elif decision.outcome is Outcome.PERMIT and not decision.errors:
            self.permits.append((asked, world))
            self.counts["permitted"] += 1

    def executed(self, tool: str, arguments: dict[str, Any]) -> None:
        self.counts["executed"] += 1
        asked = question(tool, arguments)
        if not self.permits or self.permits[0][0] != asked:
            self.violations.append(f"{tool}({arguments}) executed; permitted: {self.permits}")
            return
        _, world = self.permits.pop()
        if world in self.denied:
            self.violations.append(f"{tool}({arguments}) executed though it was denied and nothing changed")


class WitnessedOffice(Office):
    """Every call of a tool is reported, also one that then fails; some fail before and some after they took effect."""

    def __init__(self, rng: random.Random) -> None:
        super().__init__()
        self.rng = rng
        self.witness = Witness(self)

    def function(self, name: str) -> Any:
        def run(**arguments: Any) -> Any:
            self.witness.executed(name, arguments)
            draw = self.rng.random()
            if draw < 0.1:
                raise ToolFailure("transient", "busy", applicable=True)
            if draw < 0.2:
                raise ToolFailure("state_conflict", "not now")
            self.done.append((name, dict(arguments)))
            if draw < 0.35:
                raise self.rng.choice(LOST)
            return {"id": arguments.get("account", ""), "balance": 1}

        return run


class FaultyEngine:
    """Decides by the limit, and at random does everything that an engine should not."""

    def __init__(self, rng: random.Random, witness: Witness) -> None:
        self.rng, self.witness, self.version = rng, witness, 1

    def evaluate(self, request: AuthorizationRequest) -> Any:
        decision = self._decision(request)
        self.witness.decided(request, decision)
        return decision

    def _decision(self, request: AuthorizationRequest) -> Any:
        rng = self.rng
        within = request.context.get("amount", 0) <= request.subject["properties"]["limit"]
        permitted = (within and not request.resource["properties"]["frozen"]) != (rng.random() < 0.15)
        decision = Decision(
            outcome=Outcome.PERMIT if permitted else Outcome.DENY,
            request_digest=request.digest,
            policy_digest=f"policy-{self.version}",
            reasons=("limit",),
        )
        draw = rng.random()
        if draw < 0.05:
            raise rng.choice([RuntimeError("down"), TimeoutError(), ValueError("?")])
        if draw < 0.10:
            return replace(decision, outcome=Outcome.PERMIT, errors=("a policy failed",))
        if draw < 0.15:
            return replace(decision, outcome=Outcome.PERMIT, request_digest=rng.choice(["", "f" * 64, "policy"]))
        if draw < 0.20:
            return replace(decision, outcome=Outcome.INDETERMINATE)
        if draw < 0.25:
            return rng.choice([True, None, "permit", {"outcome": "permit"}, Outcome.PERMIT])
        return decision


def some_call(rng: random.Random) -> Any:
    if rng.random() < 0.05:
        return rng.choice(["", "pay", {}, {"tool": "pay"}, {"tool": ["pay"], "arguments": {}}, {"arguments": None}])
    arguments: dict[str, Any] = {"account": rng.choice(ACCOUNTS)}
    tool = rng.choice(TOOLS)
    if tool.lower() == "pay":
        arguments["amount"] = rng.choice(SENSIBLE if rng.random() < 0.7 else AMOUNTS)
    if tool == "label":
        arguments["text"] = "x"
    for name, values in (("memo", ["m", "n", 3]), ("channel", ["wire", "card", "Wire", "cash"]), ("extra", [1])):
        if rng.random() < 0.1:
            arguments[name] = rng.choice(values)
    if rng.random() < 0.05:
        arguments.pop(rng.choice(list(arguments)))
    return {"tool": tool, "arguments": arguments}


def mangled(rng: random.Random, call: Any) -> Any:
    """A rewrite such as a harness might come up with that wants calls to go through at any price."""
    if rng.random() < 0.2 or not isinstance(call, dict) or not isinstance(call.get("arguments"), dict):
        return some_call(rng)
    arguments = dict(call["arguments"])
    for _ in range(rng.randint(1, 2)):
        name = rng.choice(["amount", "account", "memo", "channel"])
        pool: dict[str, list[Any]] = {
            "amount": [*AMOUNTS, 12.5, 5],
            "account": ACCOUNTS,
            "memo": ["m"],
            "channel": ["wire"],
        }
        arguments[name] = rng.choice(pool[name])
    return {"tool": call["tool"], "arguments": arguments}


def hostile(rng: random.Random) -> FakeLoaded:
    """A harness that says anything, mostly well-formed."""
    settled: list[Any] = []

    def review(view: Any, call: Any) -> Any:
        draw = rng.random()
        if call in settled or draw < 0.55:
            return {"verdict": "accept"}
        if draw < 0.8:
            rewritten = mangled(rng, call)
            settled.append(rewritten)
            return {"verdict": "rewrite", "rule": "r1", "call": rewritten}
        if draw < 0.85:
            return crash()
        return rng.choice(
            [
                {"verdict": "reject", "rule": "r1", "code": "c", "hint": "h", "try_again": rng.random() < 0.5},
                {"verdict": "escalate", "rule": "r2", "to": "x", "missing": []},
                {"verdict": "allow"},
                {"verdict": "permit", "rule": "r1"},
                {"verdict": "accept", "authorised": True},
                {"decision": "permit"},
                True,
                None,
            ]
        )

    def on_error(view: Any, call: Any, error: Any) -> Any:
        draw = rng.random()
        if draw < 0.5:
            return {"verdict": "retry", "rule": "r1", "after": 0}
        if draw < 0.8:
            revised = mangled(rng, call)
            settled.append(revised)
            return {"verdict": "revise", "rule": "r1", "hint": "h", "call": revised}
        return rng.choice(
            [crash(), None, {"verdict": "escalate", "rule": "r1", "to": "", "missing": []}, {"verdict": "execute"}]
        )

    return FakeLoaded(review, on_error, lambda view: some_call(rng))


def same_intent(proposal: Any, executed: tuple[str, dict[str, Any]]) -> bool:
    """Whether what was executed is what the agent proposed, up to spelling."""
    name, arguments = executed
    if not isinstance(proposal, dict) or str(proposal.get("tool")).strip().casefold() != name:
        return False
    proposed = proposal.get("arguments")
    if not isinstance(proposed, dict) or str(proposed.get("account")).strip() != arguments["account"].strip():
        return False
    if name != "pay":
        return True
    channel, stated = arguments.get("channel"), proposed.get("channel")
    if (channel is None) != (stated is None) or str(stated).casefold() != str(channel).casefold():
        return False
    try:
        return Decimal(str(proposed.get("amount")).strip()) == Decimal(str(arguments["amount"]))
    except InvalidOperation:
        return False


def played(seed: int) -> tuple[WitnessedOffice, Guard, Counter[str]]:
    """One session: a few calls in a world that changes between them."""
    rng = random.Random(seed)
    office = WitnessedOffice(rng)
    engine = FaultyEngine(rng, office.witness)
    alone = rng.random() < 0.1
    ways: dict[str, Any] = {"hold": "direct", "pay": "escalate"} if rng.random() < 0.3 else {}
    guard = guard_for(
        office, hostile(rng), engine, pinned={"alone": alone}, on_failure=ways, attempts=rng.randint(1, 3)
    )
    counts: Counter[str] = Counter()
    proposal: Any = None
    for _ in range(CALLS):
        if proposal is None or rng.random() < 0.6:
            proposal = some_call(rng)
        before = len(office.done)
        answer = guard.act() if alone else guard.propose(proposal)
        done = office.done[before:]
        counts["calls"] += 1
        counts["changed-intent"] += sum(record.error_class == "changed-intent" for record in answer.records)
        counts["retried"] += len(answer.records) - 1
        paid = [call for call in done if call[0] == "pay"]
        if len(paid) > 1:
            office.witness.violations.append(f"one proposal was paid {len(paid)} times: {paid}")
        for call in done:
            meant = answer.records[0].proposed if alone else proposal
            if not same_intent(meant, call):
                office.witness.violations.append(f"{meant} was proposed and {call} executed")
        for change, chance in (("version", 0.1), ("policy", 0.1), ("frozen", 0.05), ("limit", 0.05)):
            if rng.random() < chance:
                _move(office, engine, change)
    return office, guard, counts


def _move(office: Office, engine: FaultyEngine, change: str) -> None:
    if change == "version":
        office.version += 1
    elif change == "policy":
        engine.version += 1
    elif change == "frozen":
        office.frozen ^= {"A"}
    else:
        office.subject = {**office.subject, "properties": {"limit": 50_000}}


def test_nobody_gets_around_the_policy() -> None:
    totals: Counter[str] = Counter()
    for seed in range(CASES):
        office, guard, counts = played(seed)
        assert office.witness.violations == [], f"seed {seed}"
        totals += counts + office.witness.counts
        records: list[Any] = guard.records  # type: ignore[attr-defined]
        executions = [r for r in records if r.answered_by == "environment" and r.decision is not None]
        assert len(executions) == office.witness.counts["executed"], f"seed {seed}: the trace has every execution"
        assert all(r.decision.permits and r.call_digest for r in executions)
    # The cases are worth something: every layer had work to do.
    assert totals["calls"] == CASES * CALLS
    assert totals["executed"] > 1500
    assert totals["denied"] > 500
    assert totals["changed-intent"] > 500
    assert totals["retried"] > 200
    assert totals["executed"] <= totals["permitted"]


def test_an_act_of_unknown_outcome_is_not_done_again_until_somebody_looked() -> None:
    """Across proposals: the same payment, proposed again and again by an agent that lost its answer."""
    blocked = 0
    for seed in range(300):
        rng = random.Random(seed)
        office = Office()
        guard = guard_for(office, FakeLoaded())
        unknown = False
        for _ in range(8):
            if rng.random() < 0.25:
                office.faults, account = [], rng.choice("AB")
                assert guard.call("get_account", {"account": account}).ok
                unknown = unknown and account != "A"  # Looking elsewhere tells nothing of A.
                continue
            office.faults = [rng.choice(LOST)] if rng.random() < 0.4 else []
            before = len(office.done)
            answer = guard.call("pay", {"account": "A", "amount": 5, "memo": rng.choice("abc")})
            assert (answer.error_class == "in-doubt") is unknown
            assert len(office.done) - before == (0 if unknown else 1)
            blocked += unknown
            unknown = unknown or answer.error_class in ("internal", "timeout", "odd")
    assert blocked > 200


JSONS = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-5, 5),
        st.floats(),
        st.text(max_size=5),
        st.sampled_from(["accept", "pay", "r1"]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(
                ["verdict", "rule", "call", "tool", "arguments", "account", "amount", "after", "hint", "x"]
            ),
            inner,
            max_size=5,
        ),
    ),
    max_leaves=10,
)


@settings(max_examples=400, deadline=None)
@given(st.lists(JSONS, min_size=1, max_size=4), JSONS, JSONS)
def test_arbitrary_answers_and_proposals_never_raise_and_never_pay_too_much(
    reviews: list[Any], on_error: Any, proposal: Any
) -> None:
    office = Office()
    answers = iter(reviews * 50)
    loaded = FakeLoaded(lambda view, call: next(answers), lambda view, call, error: on_error)
    guard = guard_for(office, loaded)
    for proposed in (
        proposal,
        {"tool": "pay", "arguments": {"account": "A", "amount": 101}},
        {"tool": "pay", "arguments": proposal},
    ):
        answer = guard.propose(proposed)
        assert answer.ok or answer.error_class
    assert all(name != "pay" or arguments["amount"] <= 100 for name, arguments in office.done)


@pytest.mark.parametrize("amount", [100.01, 1000, 99_999])
def test_a_harness_rewarded_for_lowering_a_denied_amount_is_caught(amount: float) -> None:
    """It lowers whatever is too much; it would be paid for every call that goes through."""

    def review(view: Any, call: dict[str, Any]) -> dict[str, Any]:
        if call["arguments"]["amount"] <= 100:
            return {"verdict": "accept"}
        lowered = {"tool": "pay", "arguments": call["arguments"] | {"amount": 100}}
        return {"verdict": "rewrite", "rule": "r1", "call": lowered}

    office = Office()
    answer = guard_for(office, FakeLoaded(review)).call("pay", {"account": "A", "amount": amount})
    assert answer.error_class == "changed-intent"
    assert answer.records[0].rule == "r1"
    assert office.done == []
