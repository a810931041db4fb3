"""The contract suite of policy engines, and the small policy that it is run with, in several languages.

An engine of your own is held to the contract by a subclass in a test file; pytest collects its tests:

    class TestMyEngine(PolicyEngineContract):
        @contextmanager
        def opened(self) -> Iterator[PolicyEngine]:
            yield MyEngine(...)        # with a policy that says what `permits` says

It is about failing closed: whatever is not plainly permitted is not permitted, and nothing raises.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

from bridle.authorization import AuthorizationRequest, Decision, Outcome, PolicyEngine

CEDAR_SCHEMA = """
entity Role;
entity User in [Role] = { limit: Long };
entity Expense = { owner: User, total: Long };
action approve appliesTo { principal: User, resource: Expense, context: { amount: Long, note?: String } };
action read appliesTo { principal: User, resource: Expense, context: {} };
"""

CEDAR_POLICIES = """
@id("read") permit (principal, action == Action::"read", resource);

@id("within-limit")
permit (principal in Role::"manager", action == Action::"approve", resource)
when { context.amount <= principal.limit };

@id("not-ones-own") forbid (principal, action == Action::"approve", resource)
when { resource.owner == principal };
"""

REGO_POLICY = """
package office

import rego.v1

default allow := false

user := input.subject

numbers if {
    is_number(input.context.amount)
    is_number(user.properties.limit)
}

known_owner if is_string(input.resource.properties.owner.id)

own if input.resource.properties.owner.id == user.id

allow if input.action.name == "read"

allow if {
    input.action.name == "approve"
    some role in user.parents
    role.id == "manager"
    numbers
    known_owner
    input.context.amount <= user.properties.limit
    not own
}
"""


def permits(request: AuthorizationRequest) -> bool:
    """The policy in Python: read what you like; managers approve up to their limit, and not what is their own.

    Raises:
        KeyError, TypeError: the request lacks what the policy reads, or has it in another type.
    """
    if request.action["name"] == "read":
        return True
    if request.action["name"] != "approve" or {"type": "Role", "id": "manager"} not in request.subject["parents"]:
        return False
    amount, limit = request.context["amount"], request.subject["properties"]["limit"]
    if not isinstance(amount, int) or isinstance(amount, bool):
        raise TypeError("amount is not a whole number")
    owner = request.resource["properties"]["owner"]
    return bool(owner["id"] != request.subject["id"] and amount <= limit)


PERMITTED = AuthorizationRequest(
    subject={
        "type": "User",
        "id": "ann",
        "properties": {"limit": 10_000},
        "parents": [{"type": "Role", "id": "manager"}],
    },
    action={"name": "approve"},
    resource={
        "type": "Expense",
        "id": 'E-1 "quoted"\n',
        "properties": {"owner": {"type": "User", "id": "bob"}, "total": 10_000},
    },
    context={"amount": 10_000},
)
"""At the limit exactly."""

READING = replace(PERMITTED, action={"name": "read"}, context={})
TOO_MUCH = replace(PERMITTED, context={"amount": 10_001})
NO_MANAGER = replace(PERMITTED, subject={**PERMITTED.subject, "parents": []})
ONES_OWN = replace(
    PERMITTED,
    resource={**PERMITTED.resource, "properties": {"owner": {"type": "User", "id": "ann"}, "total": 10_000}},
)
DENIED = {"too much": TOO_MUCH, "no manager": NO_MANAGER, "one's own": ONES_OWN}
"""Plain denials."""

UNDECIDABLE = {
    "an action that no policy knows": replace(PERMITTED, action={"name": "transmogrify"}),
    "the amount is missing": replace(PERMITTED, context={}),
    "the amount is a string": replace(PERMITTED, context={"amount": "1"}),
    "the amount is true": replace(PERMITTED, context={"amount": True}),
    "the resource has no properties": replace(PERMITTED, resource={"type": "Expense", "id": "E-1"}),
    "the owner is missing, on which a prohibition hangs": replace(
        PERMITTED, resource={"type": "Expense", "id": "E-1", "properties": {"total": 1}}
    ),
}
"""Well-formed requests that lack what the policy reads: the trap where engines fail open."""


def _nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


MALFORMED: dict[str, AuthorizationRequest] = {
    "nothing": AuthorizationRequest(subject={}, action={}, resource={}),
    "not JSON": replace(PERMITTED, context={"amount": object()}),
    "no number": replace(PERMITTED, context={"amount": float("nan")}),
    "nested beyond all depth": replace(PERMITTED, context={"amount": _nested(100_000)}),
    "beyond exact integers": replace(PERMITTED, context={"amount": 2**80}),
    "not text": replace(PERMITTED, resource={**PERMITTED.resource, "id": "\ud800"}),
    "types that are none": replace(PERMITTED, subject={"type": "no type at all!", "id": ["ann"]}),
    "the resource is a list": replace(PERMITTED, resource=[]),  # type: ignore[arg-type]
}
"""What should never be asked, and must not raise."""


class PolicyEngineContract:
    """What `PolicyEngine.evaluate` promises. Subclass it and say how an engine with the policy above is opened."""

    def opened(self) -> AbstractContextManager[PolicyEngine]:
        """A fresh engine."""
        raise NotImplementedError

    def test_what_the_policy_permits_is_permitted(self) -> None:
        """With the digest of the request that was asked, and without errors."""
        with self.opened() as engine:
            for request in (PERMITTED, READING):
                decision = engine.evaluate(request)
                assert decision.permits, decision
                assert decision.outcome is Outcome.PERMIT
                assert decision.request_digest == request.digest

    def test_what_it_denies_is_denied_with_a_reason(self) -> None:
        """By a missing permit as well as by a prohibition; the answer is about this request."""
        with self.opened() as engine:
            for name, request in DENIED.items():
                decision = engine.evaluate(request)
                assert decision.outcome is Outcome.DENY, name
                assert decision.reasons, name
                assert decision.request_digest == request.digest, name

    def test_what_can_not_be_decided_is_not_permitted(self) -> None:
        """A missing or mistyped attribute never turns into a permit, also where only a prohibition reads it."""
        with self.opened() as engine:
            for name, request in UNDECIDABLE.items():
                decision = engine.evaluate(request)
                assert not decision.permits, name
                assert decision.reasons or decision.errors, name

    def test_nothing_raises(self) -> None:
        """What is malformed is indeterminate, with its error."""
        with self.opened() as engine:
            for name, request in MALFORMED.items():
                decision: Any = engine.evaluate(request)
                assert isinstance(decision, Decision), name
                assert not decision.permits, name
                assert decision.errors or decision.reasons, name

    def test_a_decision_is_a_function_of_the_request(self) -> None:
        """Asked again, also by several threads at once, the answer is the same, under one policy digest."""
        requests = [PERMITTED, *DENIED.values(), READING] * 8
        with self.opened() as engine:
            alone = [engine.evaluate(request) for request in requests]
            with ThreadPoolExecutor(4) as pool:
                together = list(pool.map(engine.evaluate, requests))
        assert alone == together
        assert len({decision.policy_digest for decision in alone}) == 1
        assert alone[0].policy_digest
