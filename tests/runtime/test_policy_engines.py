import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bridle.authorization import AuthorizationRequest, Outcome, PolicyEngine
from bridle.errors import PolicyFault
from bridle.runtime.policies.cedar import NO_MATCH, CedarEngine
from bridle.runtime.policies.function import FunctionEngine, no_policy
from bridle.testing.policy import (
    CEDAR_POLICIES,
    CEDAR_SCHEMA,
    DENIED,
    NO_MANAGER,
    ONES_OWN,
    PERMITTED,
    TOO_MUCH,
    PolicyEngineContract,
    permits,
)


class TestCedar(PolicyEngineContract):
    @contextmanager
    def opened(self) -> Iterator[PolicyEngine]:
        yield CedarEngine(CEDAR_POLICIES, CEDAR_SCHEMA)


class TestFunction(PolicyEngineContract):
    @contextmanager
    def opened(self) -> Iterator[PolicyEngine]:
        yield FunctionEngine(permits, name="office")


CEDAR = CedarEngine(CEDAR_POLICIES, CEDAR_SCHEMA)


def test_cedar_names_the_policies_that_decided() -> None:
    assert CEDAR.evaluate(PERMITTED).reasons == ("within-limit",)
    assert CEDAR.evaluate(ONES_OWN).reasons == ("not-ones-own",)
    assert CEDAR.evaluate(TOO_MUCH).reasons == (NO_MATCH,)
    assert CEDAR.evaluate(NO_MANAGER).reasons == ("no matching permit",)


def test_a_prohibition_that_errors_does_not_open_the_door() -> None:
    """Cedar skips a `forbid` that errors and answers Allow: here its attribute is optional and missing."""
    schema = CEDAR_SCHEMA.replace("owner: User", "owner?: User")
    policies = CEDAR_POLICIES.replace(
        "resource.owner == principal", "resource has owner && resource.owner == principal"
    )
    sound = CedarEngine(policies, schema)
    without = replace(PERMITTED, resource={"type": "Expense", "id": "E-1", "properties": {"total": 1}})
    assert sound.evaluate(without).permits, "a policy that provides for it may permit"

    unknown_owner = {"type": "Expense", "id": "E-2", "properties": {"owner": {"type": "User", "id": "eve"}, "total": 1}}
    through = CEDAR_POLICIES.replace("resource.owner == principal", "resource.owner.limit < 0")
    decision = CedarEngine(through, CEDAR_SCHEMA).evaluate(replace(PERMITTED, resource=unknown_owner))
    assert decision.outcome is Outcome.INDETERMINATE
    assert not decision.permits
    assert "User::" in decision.errors[0]
    assert decision.reasons == ("within-limit",), "Cedar itself allowed it"


def test_a_denial_by_error_alone_is_no_denial_for_good() -> None:
    through = '@id("p") permit (principal, action, resource) when { resource.owner.limit > 0 };'
    unknown_owner = {"type": "Expense", "id": "E-2", "properties": {"owner": {"type": "User", "id": "eve"}, "total": 1}}
    decision = CedarEngine(through, CEDAR_SCHEMA).evaluate(replace(PERMITTED, resource=unknown_owner))
    assert decision.outcome is Outcome.INDETERMINATE
    assert decision.errors


@pytest.mark.parametrize(
    ("policies", "schema", "says"),
    [
        ("permit (principal, action, resource", CEDAR_SCHEMA, "policies can't be used"),
        (CEDAR_POLICIES, "entity {", "schema can't be used"),
        (CEDAR_POLICIES, "", "don't fit their schema"),
        ("permit (principal, action, resource) when { context.salary > 1 };", CEDAR_SCHEMA, "salary"),
        ('permit (principal, action == Action::"aprove", resource);', CEDAR_SCHEMA, "aprove"),
    ],
)
def test_what_does_not_fit_together_is_no_engine(policies: str, schema: str, says: str) -> None:
    with pytest.raises(PolicyFault, match=says):
        CedarEngine(policies, schema)


@pytest.mark.parametrize("effect", ["forbid", "permit"])
def test_a_template_that_nobody_links_is_no_policy(effect: str) -> None:
    """Cedar parses and validates it, and then leaves it out: a prohibition among them would prohibit nothing."""
    template = f'@id("barred") {effect} (principal == ?principal, action == Action::"approve", resource);'
    with pytest.raises(PolicyFault, match="template"):
        CedarEngine(CEDAR_POLICIES + template, CEDAR_SCHEMA)


@pytest.mark.parametrize(
    ("part", "says"),
    [
        ({"subject": {**PERMITTED.subject, "suspended": True}}, "User"),
        ({"resource": {**PERMITTED.resource, "disputed": True}}, "Expense"),
        ({"action": {"name": "approve", "properties": {"on_behalf_of": "eve"}}}, "an action is a name"),
    ],
)
def test_what_no_policy_could_read_is_not_left_out(part: dict[str, Any], says: str) -> None:
    """A prohibition that looks for an attribute must not miss it because it was stated in the wrong place."""
    schema = CEDAR_SCHEMA.replace("limit: Long", "limit: Long, suspended?: Bool").replace(
        "total: Long", "total: Long, disputed?: Bool"
    )
    barred = """
        @id("barred") forbid (principal, action, resource)
        when { (principal has suspended && principal.suspended) || (resource has disputed && resource.disputed) };
    """
    engine = CedarEngine(CEDAR_POLICIES + barred, schema)
    assert engine.evaluate(PERMITTED).permits
    for _ in range(2):
        decision = engine.evaluate(replace(PERMITTED, **part))
        assert decision.outcome is Outcome.INDETERMINATE
        assert says in decision.errors[0]
    placed = {**PERMITTED.subject, "properties": {"limit": 10_000, "suspended": True}}
    assert engine.evaluate(replace(PERMITTED, subject=placed)).reasons == ("barred",)


def test_a_schema_in_a_namespace() -> None:
    schema = """
        namespace Office {
            entity User;
            entity Paper;
            action reading;
            action view in [reading] appliesTo { principal: User, resource: Paper };
        }
    """
    policies = '@id("view") permit (principal, action in Office::Action::"reading", resource);'
    request = AuthorizationRequest(
        subject={"type": "Office::User", "id": "ann"},
        action={"name": "view"},
        resource={"type": "Office::Paper", "id": "P-1"},
    )
    spoken, plain = CedarEngine(policies, schema, namespace="Office"), CedarEngine(policies, schema)
    assert spoken.evaluate(request).reasons == ("view",)
    assert spoken.evaluate(request).permits
    assert plain.evaluate(request).outcome is Outcome.INDETERMINATE
    assert spoken.policy_digest != plain.policy_digest


def test_entities_in_either_of_cedars_forms() -> None:
    uid = {"type": "User", "id": "ann"}
    ann = {"attrs": {"limit": 5}, "parents": [{"type": "Role", "id": "manager"}]}
    for form in (uid, {"__entity": uid}):
        engine = CedarEngine(CEDAR_POLICIES, CEDAR_SCHEMA, entities=[{**ann, "uid": form}])
        assert engine.evaluate(replace(PERMITTED, subject=uid, context={"amount": 5})).permits


@pytest.mark.parametrize("entities", [[{}], [{"uid": "ann"}], [{"uid": {1}}], [None], [{"uid": {"type": "User"}}]])
def test_entities_that_are_none_are_refused(entities: Any) -> None:
    with pytest.raises(PolicyFault, match="entities can't be used"):
        CedarEngine(CEDAR_POLICIES, CEDAR_SCHEMA, entities=entities)


def test_entities_are_held_to_the_schema_when_the_engine_is_built() -> None:
    ann: dict[str, Any] = {"uid": {"type": "User", "id": "ann"}, "attrs": {"limit": "lots"}, "parents": []}
    with pytest.raises(PolicyFault, match="entities can't be used"):
        CedarEngine(CEDAR_POLICIES, CEDAR_SCHEMA, entities=[ann])


def test_a_directory_of_entities_is_used_and_can_not_be_overruled_by_a_request() -> None:
    ann = {
        "uid": {"type": "User", "id": "ann"},
        "attrs": {"limit": 5},
        "parents": [{"type": "Role", "id": "manager"}],
    }
    engine = CedarEngine(CEDAR_POLICIES, CEDAR_SCHEMA, entities=[ann])
    by_name = {"type": "User", "id": "ann"}
    assert engine.evaluate(replace(PERMITTED, subject=by_name, context={"amount": 5})).permits
    assert engine.evaluate(replace(PERMITTED, subject=by_name, context={"amount": 6})).outcome is Outcome.DENY
    overruled = engine.evaluate(PERMITTED)
    assert overruled.outcome is Outcome.INDETERMINATE
    assert "ann" in overruled.errors[0]


def test_an_entity_may_be_subject_and_resource() -> None:
    """What is kept of one subject is never taken for another's, nor left out where it is a resource."""
    schema = "entity User = { rank: Long }; action rename appliesTo { principal: User, resource: User };"
    policy = '@id("rank") permit (principal, action, resource) when { principal.rank >= resource.rank };'
    engine = CedarEngine(policy, schema)

    def user(name: str, rank: int) -> dict[str, Any]:
        return {"type": "User", "id": name, "properties": {"rank": rank}}

    def renames(one: dict[str, Any], other: dict[str, Any]) -> Outcome:
        return engine.evaluate(AuthorizationRequest(subject=one, action={"name": "rename"}, resource=other)).outcome

    for _ in range(2):
        assert renames(user("a", 2), user("b", 1)) is Outcome.PERMIT
        assert renames(user("b", 1), user("a", 2)) is Outcome.DENY
        assert renames(user("a", 2), user("a", 2)) is Outcome.PERMIT
        assert renames(user("a", 1), user("b", 2)) is Outcome.DENY
        assert renames(user("a", 1), user("a", 2)) is Outcome.INDETERMINATE, "two descriptions of one"
    for number in range(600):
        assert renames(user(f"u{number}", 3), user("b", 3)) is Outcome.PERMIT


NAMES = st.sampled_from(["ann", "bob", 'a "quoted"\n', "größe", "\U0001f600", "}],{", ""])
ENTITY_TYPES = st.sampled_from(["User", "Expense", "Role", "No such"])
AMOUNTS = st.one_of(st.integers(-5, 5), st.sampled_from(["1", True, None, 1.5, 2**53 - 1]))
REFERENCES = st.fixed_dictionaries({"type": ENTITY_TYPES, "id": NAMES})
SUBJECTS = st.fixed_dictionaries(
    {"type": st.one_of(st.just("User"), ENTITY_TYPES), "id": NAMES},
    optional={
        "properties": st.fixed_dictionaries({"limit": AMOUNTS}, optional={"naïve": AMOUNTS}),
        "parents": st.lists(st.one_of(st.just({"type": "Role", "id": "manager"}), REFERENCES), max_size=2),
    },
)
RESOURCES = st.fixed_dictionaries(
    {"type": st.one_of(st.just("Expense"), ENTITY_TYPES), "id": NAMES},
    optional={
        "properties": st.fixed_dictionaries({"total": AMOUNTS}, optional={"owner": REFERENCES}),
        "parents": st.lists(REFERENCES, max_size=1),
    },
)
CONTEXTS = st.fixed_dictionaries({}, optional={"amount": AMOUNTS, "note": NAMES, "other": AMOUNTS})


def cedar_itself(request: AuthorizationRequest) -> tuple[str, list[str]] | None:
    """Decision and errors of the evaluator, everything written and parsed for this request; None where it raises."""
    import cedarpy

    both: list[Any] = [request.subject, request.resource]
    entities = [
        {
            "uid": {"type": one["type"], "id": one["id"]},
            "attrs": one.get("properties", {}),
            "parents": one.get("parents", []),
        }
        for number, one in enumerate(both)
        if one not in both[:number]
    ]
    question = {
        "principal": {"type": request.subject["type"], "id": request.subject["id"]},
        "action": {"type": "Action", "id": request.action["name"]},
        "resource": {"type": request.resource["type"], "id": request.resource["id"]},
        "context": dict(request.context),
    }
    try:
        parsed = cedarpy.Entities.from_json_str(json.dumps(entities), CEDAR_SCHEMA)
        result = cedarpy.is_authorized(question, CEDAR_POLICIES, parsed, CEDAR_SCHEMA)
    except ValueError:
        return None
    return result.decision.value, list(result.diagnostics.errors)


@settings(max_examples=250, deadline=None)
@given(SUBJECTS, st.sampled_from(["approve", "read", "other"]), RESOURCES, CONTEXTS)
@example(
    {"type": "User", "id": "ann", "properties": {"limit": 1}, "parents": [{"type": "Role", "id": "manager"}]},
    "approve",
    {"type": "Expense", "id": "", "properties": {"total": 1, "owner": {"type": "User", "id": "}],{"}}},
    {"amount": 1},
)
def test_what_is_kept_parsed_changes_no_decision(
    subject: dict[str, Any], action: str, resource: dict[str, Any], context: dict[str, Any]
) -> None:
    """One engine that has seen all the requests before decides as the evaluator that is given everything as text."""
    request = AuthorizationRequest(subject=subject, action={"name": action}, resource=resource, context=context)
    decision, alone = CEDAR.evaluate(request), cedar_itself(request)
    permitted = alone is not None and alone[0] == "Allow" and not alone[1]
    assert decision.permits is permitted, (decision, alone)
    assert (decision.outcome is Outcome.DENY) is (alone is not None and alone[0] == "Deny" and not alone[1]), decision
    assert decision.request_digest == request.digest


def test_a_subject_that_changes_while_it_is_decided_on_is_not_kept() -> None:
    """What stands in the digest is what is kept parsed under it, or nothing is."""
    engine = CedarEngine(CEDAR_POLICIES, CEDAR_SCHEMA)
    mutable: dict[str, Any] = {**PERMITTED.subject, "properties": {"limit": 1}}
    request = replace(PERMITTED, subject=mutable)
    assert request.digest
    mutable["properties"] = {"limit": 1_000_000}
    assert engine.evaluate(request).outcome is Outcome.INDETERMINATE
    mutable["properties"] = {"limit": 1}
    assert engine.evaluate(request).outcome is Outcome.DENY


def test_the_policy_digest_covers_everything_that_decides() -> None:
    ann = {"uid": {"type": "User", "id": "ann"}, "attrs": {"limit": 5}, "parents": []}
    engines = [
        CEDAR,
        CedarEngine(CEDAR_POLICIES + "\n", CEDAR_SCHEMA),
        CedarEngine(CEDAR_POLICIES, CEDAR_SCHEMA + "\n"),
        CedarEngine(CEDAR_POLICIES, CEDAR_SCHEMA, entities=[ann]),
    ]
    assert len({engine.policy_digest for engine in engines}) == 4
    assert CedarEngine(CEDAR_POLICIES, CEDAR_SCHEMA).policy_digest == CEDAR.policy_digest


def test_cedar_and_the_callable_agree() -> None:
    callable_ = FunctionEngine(permits, name="office")
    for request in (PERMITTED, *DENIED.values()):
        assert CEDAR.evaluate(request).permits == callable_.evaluate(request).permits


@pytest.mark.parametrize("answer", [None, 1, "yes", Outcome.PERMIT, object()])
def test_a_callable_permits_by_true_and_by_nothing_else(answer: Any) -> None:
    decision = FunctionEngine(lambda request: answer, name="odd").evaluate(PERMITTED)
    assert decision.outcome is Outcome.INDETERMINATE
    assert decision.errors


def test_a_callable_whose_answer_can_not_even_be_shown_permits_nothing() -> None:
    class Unspeakable:
        def __repr__(self) -> str:
            raise RuntimeError("no")

    answer: Any = Unspeakable()
    decision = FunctionEngine(lambda request: answer, name="odd").evaluate(PERMITTED)
    assert decision.errors == ("it answered Unspeakable, not True or False",)


def test_a_callable_that_raises_or_times_out_permits_nothing() -> None:
    def late(request: AuthorizationRequest) -> bool:
        raise TimeoutError("too late")

    decision = FunctionEngine(late, name="late").evaluate(PERMITTED)
    assert not decision.permits
    assert decision.errors == ("TimeoutError: too late",)


def test_no_policy_says_so() -> None:
    assert no_policy().evaluate(PERMITTED).reasons == ("no policy",)


def test_a_new_version_of_a_callable_is_another_policy() -> None:
    one, two = (FunctionEngine(permits, name="office", version=version) for version in ("1", "2"))
    assert one.policy_digest != two.policy_digest
