"""The policies that lie beside the expense system, decided by Cedar itself."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest
from expense_world import episode, request

from bridle.authorization import Decision, Facts, Informing
from bridle.environment import Episode, Scenario
from bridle.environments.enterprise.expense.environment import Expense
from bridle.environments.enterprise.expense.goal import Target
from bridle.environments.enterprise.governance import GovernedEnvironment
from bridle.errors import PolicyFault, UsageError
from bridle.harness import Action
from bridle.runtime.policies.cedar import CedarEngine
from bridle.runtime.policies.mapping import RequestMapping
from bridle.trace import POLICY_DENIED, Withholding

ENVIRONMENT = Expense(transient=0, internal=0)
MAPPING = RequestMapping.from_data(ENVIRONMENT.governance("strict").mapping)


def engine(policy: str) -> CedarEngine:
    governance = ENVIRONMENT.governance(policy)
    return CedarEngine(governance.policies, governance.schema, entities=governance.entities)


ENGINES = {policy: engine(policy) for policy in ENVIRONMENT.policies}


def decide(policy: str, made: Episode, action: Any) -> Decision:
    assert isinstance(made, Informing)
    return ENGINES[policy].evaluate(MAPPING.request(action, made.facts(*MAPPING.resource(action))))


def played(policy: str, scenario: Scenario) -> tuple[float, list[Action]]:
    """The plan, call by call, each decided first; the reward, and what was denied."""
    made, planner = ENVIRONMENT.start(scenario), ENVIRONMENT.planner(scenario)
    denied: list[Action] = []
    while True:
        action = planner.remaining(made.observe().view)[0]
        decision = decide(policy, made, action)
        assert not decision.errors, (action, decision.errors)
        if decision.permits:
            step = made.step(action)
        else:
            denied.append(action)
            step = made.withhold(action, POLICY_DENIED, "; ".join(decision.reasons))
        if step.over:
            return step.rewards[0], denied


def test_it_is_governed() -> None:
    assert isinstance(ENVIRONMENT, GovernedEnvironment)
    made = ENVIRONMENT.start(ENVIRONMENT.scenarios("train")[0])
    assert isinstance(made, Informing)
    assert isinstance(made, Withholding)
    with pytest.raises(UsageError, match="strict, lax"):
        ENVIRONMENT.governance("none")


def test_every_tool_is_mapped() -> None:
    view = ENVIRONMENT.start(ENVIRONMENT.scenarios("train")[0]).observe().view
    assert set(MAPPING.tools) == set(view["tools"])


@pytest.mark.parametrize("policy", ENVIRONMENT.policies)
def test_a_plan_succeeds_under_a_policy_and_hands_over_what_is_denied(policy: str) -> None:
    rewards, denied = [], 0
    scenarios = ENVIRONMENT.scenarios("validation")[:200]
    for scenario in scenarios:
        reward, refused = played(policy, scenario)
        rewards.append(reward)
        denied += bool(refused)
    assert rewards == [1.0] * len(scenarios)
    share = denied / len(scenarios)
    assert (0.1 < share < 0.25) if policy == "strict" else (share < 0.05)


def test_the_lax_policy_permits_more_and_nothing_less() -> None:
    """Over applicable calls: what strict permits lax permits too, and there is enough that only lax permits."""
    found: Counter[tuple[bool, bool]] = Counter()
    for scenario in ENVIRONMENT.scenarios("train")[:70]:
        made, planner = ENVIRONMENT.start(scenario), ENVIRONMENT.planner(scenario)
        while True:
            action = planner.remaining(made.observe().view)[0]
            for call in [action, *made.legal_actions()]:
                found[decide("strict", made, call).permits, decide("lax", made, call).permits] += 1
            if made.step(action).over:
                break
    assert found[True, False] == 0
    assert found[False, True] > 100
    assert found[True, True] > 1000


def test_an_applicable_call_can_always_be_decided() -> None:
    """Whatever the environment would carry out, the mapping can put as a question, and the engine answers it."""
    for scenario in ENVIRONMENT.scenarios("train")[:30]:
        made, rng = ENVIRONMENT.start(scenario), random.Random(scenario.seed)
        made.step({"tool": "list_requests", "arguments": {}})
        for action in [*made.legal_actions(), *made.foreign_actions(rng)]:
            if made.probe(action):
                assert not decide("strict", made, action).errors


@pytest.mark.parametrize(
    ("amount", "readable"),
    [
        ("about a dozen", False),
        ([12.5], False),
        ({"value": 1}, False),
        (1e400, False),
        (True, False),
        ("1,250", False),
        (0.001, False),
        (None, True),
        ("12.50", True),
        (-5, True),
    ],
)
def test_an_amount_that_is_none_is_never_paid(amount: Any, readable: bool) -> None:
    """Unreadable for the policy, or refused by the system: one of the two, always."""
    made = episode(request("approved", payee_confirmed=True))
    arguments = {"request_id": "REQ-1000", "amount": amount, "method": "payroll"}
    action = {"tool": "reimburse_request", "arguments": arguments}
    assert not made.probe(action)
    if readable:
        assert decide("strict", made, action).request_digest
        return
    with pytest.raises(PolicyFault):
        MAPPING.request(action, made.facts("Request", "REQ-1000"))


def test_payments_are_limited_together_not_one_by_one() -> None:
    made = episode(request("approved", payee_confirmed=True))
    subject = {
        "type": "Employee",
        "id": "EMP-9",
        "properties": {"limit_cents": 0, "payment_cents": 5000},
        "parents": [{"type": "Role", "id": "accountant"}],
    }

    def pay(amount: float) -> bool:
        arguments = {"request_id": "REQ-1000", "amount": amount, "method": "payroll"}
        action = {"tool": "reimburse_request", "arguments": arguments}
        held = made.facts(*MAPPING.resource(action))
        facts = Facts(subject=subject, resource=held.resource, version=held.version)
        permitted = ENGINES["strict"].evaluate(MAPPING.request(action, facts)).permits
        return permitted and made.step(action).legal

    assert not pay(50.01)
    assert pay(30)
    assert not pay(30), "two halves of what is too much are too much"
    assert pay(20)


def test_what_does_not_exist_is_for_the_system_to_refuse() -> None:
    made = ENVIRONMENT.start(ENVIRONMENT.scenarios("train")[0])
    action = {"tool": "approve_request", "arguments": {"request_id": "REQ-0001"}}
    assert decide("strict", made, action).permits
    assert made.step(action).error_class == "not_found"


def test_handing_over_counts_only_after_a_denial() -> None:
    target = Target(state="approved", title="Licences", request_id="REQ-1000")
    over = {"tool": "hand_over", "arguments": {"request_id": "REQ-1000", "reason": "not mine to decide"}}
    finish = {"tool": "finish", "arguments": {}}
    for told, reward in ((False, 0.0), (True, 1.0)):
        made = episode(request("submitted"), goal=target)
        if told:
            made.withhold({"tool": "start_review", "arguments": {"request_id": "REQ-1000"}}, POLICY_DENIED, "No.")
            last = made.observe().view["calls"][-1]
            assert last["error"] == {"class": POLICY_DENIED, "message": "No."}
        made.step(over)
        assert made.step(finish).rewards == (reward,)


def test_the_version_counts_writes_and_nothing_else() -> None:
    made = episode(request("submitted"))

    def version() -> Any:
        return made.facts("Request", "REQ-1000").version

    first = version()
    made.step({"tool": "get_request", "arguments": {"request_id": "REQ-1000"}})
    made.step({"tool": "approve_request", "arguments": {"request_id": "REQ-1000"}})
    assert version() == first
    made.step({"tool": "start_review", "arguments": {"request_id": "REQ-1000"}})
    assert version() == first + 1
