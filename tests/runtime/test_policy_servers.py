"""OPA and AuthZEN engines against servers on loopback, well-behaved and not."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

import policy_servers as servers
import pytest

from bridle.authorization import Outcome, PolicyEngine
from bridle.errors import PolicyFault
from bridle.runtime.policies import authzen, opa
from bridle.runtime.policies.remembered import Decisions
from bridle.testing.policy import PERMITTED, TOO_MUCH, PolicyEngineContract

PATIENT = 30.0
"""A deadline that nobody misses, however busy the machine is."""

AuthzenEngine = partial(authzen.AuthzenEngine, seconds=PATIENT)
OpaEngine = partial(opa.OpaEngine, seconds=PATIENT)


def seconds(fault: str) -> float:
    return 0.3 if fault in servers.SLOW else PATIENT


class TestOpa(PolicyEngineContract):
    @contextmanager
    def opened(self) -> Iterator[PolicyEngine]:
        with servers.serving(servers.opa) as served:
            yield OpaEngine(served.url, "office/allow")


class TestAuthzen(PolicyEngineContract):
    @contextmanager
    def opened(self) -> Iterator[PolicyEngine]:
        with servers.serving(servers.authzen) as served:
            yield AuthzenEngine(served.url)


@pytest.mark.parametrize("fault", servers.FAULTS)
@pytest.mark.parametrize("protocol", ["opa", "authzen"])
def test_a_server_that_misbehaves_permits_nothing(protocol: str, fault: str) -> None:
    """What hangs would be answered with a permit in the end, so it is the deadline that says no."""

    def asking(url: str, within: float) -> PolicyEngine:
        if protocol == "opa":
            return OpaEngine(url, "office/allow", seconds=within)
        return AuthzenEngine(url, seconds=within)

    with servers.serving(getattr(servers, protocol)) as served:
        engine = asking(served.url, seconds(fault))
        served.fault = servers.FAULTS[fault]
        decision = engine.evaluate(PERMITTED)
        assert not served.released.is_set()
        assert decision.outcome is Outcome.INDETERMINATE
        assert decision.errors
        assert decision.request_digest == PERMITTED.digest
        served.fault = None
        assert asking(served.url, PATIENT).evaluate(PERMITTED).permits, "and afterwards it is asked as before"


def test_an_answer_in_pieces_is_one() -> None:
    def pieces(handler: Any) -> None:
        handler.protocol_version = "HTTP/1.1"
        servers.begin(handler, Transfer_Encoding="chunked")
        for byte in servers.GOOD:
            handler.wfile.write(b"1\r\n%c\r\n" % byte)
        handler.wfile.write(b"0\r\n\r\n")

    with servers.serving(servers.opa) as served:
        served.fault = pieces
        assert OpaEngine(served.url, "office/allow").evaluate(PERMITTED).permits


def test_nobody_there_is_no_decision() -> None:
    with servers.serving(servers.opa) as served:
        url = served.url
    for engine in (OpaEngine(url, "office/allow"), AuthzenEngine(url)):
        assert engine.evaluate(PERMITTED).outcome is Outcome.INDETERMINATE


# --- OPA --------------------------------------------------------------------------------------------------------------


def test_opa_is_asked_as_its_document_says() -> None:
    with servers.serving(servers.opa) as served:
        OpaEngine(served.url + "/", "/office/allow/", headers={"Authorization": "Bearer t"}).evaluate(PERMITTED)
        ((path, headers, body),) = served.asked
    assert path == "/v1/data/office/allow?provenance=true&strict-builtin-errors=true"
    assert headers["authorization"] == "Bearer t"
    assert body == {
        "input": {
            "subject": PERMITTED.subject,
            "action": PERMITTED.action,
            "resource": PERMITTED.resource,
            "context": PERMITTED.context,
        }
    }


@pytest.mark.parametrize(
    ("result", "outcome", "reasons"),
    [
        ({"allow": True, "reasons": ["within limit"]}, Outcome.PERMIT, ("within limit",)),
        ({"allow": False, "reasons": ["too much", 5]}, Outcome.DENY, ("too much",)),
        ({"allow": False}, Outcome.DENY, ("office/allow is false",)),
        ({"allow": False, "obligations": ["log"]}, Outcome.DENY, ("office/allow is false",)),
        ({"allow": False, "errors": ["lookup failed"]}, Outcome.INDETERMINATE, None),
        ({"allow": False, "errors": []}, Outcome.DENY, ("office/allow is false",)),
        ({"allow": True, "obligations": ["redact"]}, Outcome.INDETERMINATE, None),
        ({"allow": True, "condition": "x < 5"}, Outcome.INDETERMINATE, None),
        ({"allow": True, "errors": ["lookup failed"]}, Outcome.INDETERMINATE, None),
        ({"allow": True, "errors": {"lookup": "failed"}}, Outcome.INDETERMINATE, None),
        ({"allow": "yes"}, Outcome.INDETERMINATE, None),
        ({"reasons": []}, Outcome.INDETERMINATE, None),
        ([True], Outcome.INDETERMINATE, None),
        ("undefined", Outcome.INDETERMINATE, None),
    ],
)
def test_opa_results(result: Any, outcome: Outcome, reasons: tuple[str, ...] | None) -> None:
    with servers.serving(servers.opa) as served:
        served.answer = {"result": result}
        decision = OpaEngine(served.url, "office/allow").evaluate(PERMITTED)
    assert decision.outcome is outcome
    assert decision.permits is (outcome is Outcome.PERMIT)
    if reasons is not None:
        assert decision.reasons == reasons


def test_opa_undefined_is_no_decision_and_says_so() -> None:
    with servers.serving(servers.opa) as served:
        served.answer = {}
        decision = OpaEngine(served.url, "office/alow").evaluate(PERMITTED)
    assert decision.outcome is Outcome.INDETERMINATE
    assert decision.errors == ("the document office/alow is undefined",)


def test_opa_another_revision_is_another_policy() -> None:
    with servers.serving(servers.opa) as served:
        engine = OpaEngine(served.url, "office/allow")
        first = engine.evaluate(PERMITTED).policy_digest
        assert engine.evaluate(TOO_MUCH).policy_digest == first
        served.revision = {"office": {"revision": "r2"}}
        assert engine.evaluate(PERMITTED).policy_digest != first
        served.revision = None
        without = engine.evaluate(PERMITTED).policy_digest
        assert OpaEngine(served.url, "office/allow", version="2").evaluate(PERMITTED).policy_digest != without


def test_opa_says_more_than_is_read() -> None:
    with servers.serving(servers.opa) as served:
        served.answer = {"result": True, "decision_id": "d-1", "metrics": {"timer_rego_query_eval_ns": 1}}
        assert OpaEngine(served.url, "office/allow").evaluate(PERMITTED).permits


def test_opa_the_revision_of_an_old_server_counts_too() -> None:
    with servers.serving(servers.opa) as served:
        engine = OpaEngine(served.url, "office/allow")
        digests = set()
        for revision in ("r1", "r2"):
            served.answer = {"result": True, "provenance": {"version": "0.10.8", "revision": revision}}
            digests.add(engine.evaluate(PERMITTED).policy_digest)
    assert len(digests) == 2


def test_opa_that_got_no_input_has_decided_another_question() -> None:
    """Such a server answers 200 and a result, with a warning beside it."""
    with servers.serving(servers.opa) as served:
        served.answer = {
            "result": True,
            "warning": {"code": "api_usage_warning", "message": "'input' key missing from the request"},
        }
        decision = OpaEngine(served.url, "office/allow").evaluate(PERMITTED)
    assert decision.outcome is Outcome.INDETERMINATE
    assert "input" in decision.errors[0]


def test_opa_a_wrong_path_does_not_pour_its_documents_into_the_trace() -> None:
    with servers.serving(servers.opa) as served:
        for result in ("x" * 100_000, {"allow": "x" * 100_000}, {"allow": True, "x" * 100_000: 1}):
            served.answer = {"result": result}
            decision = OpaEngine(served.url, "office").evaluate(PERMITTED)
            assert decision.outcome is Outcome.INDETERMINATE
            assert len(str(decision)) < 1000


# --- AuthZEN ----------------------------------------------------------------------------------------------------------


def test_authzen_is_asked_as_the_specification_says() -> None:
    with servers.serving(servers.authzen) as served:
        AuthzenEngine(served.url, headers={"Authorization": "Bearer t"}).evaluate(PERMITTED)
        ((path, headers, body),) = served.asked
    assert path == "/access/v1/evaluation"
    assert headers["content-type"] == "application/json"
    assert headers["authorization"] == "Bearer t"
    assert headers["x-request-id"].startswith(PERMITTED.digest)
    assert set(body) == {"subject", "action", "resource", "context"}
    for entity in (body["subject"], body["resource"]):
        assert set(entity) <= {"type", "id", "properties"}, "there is no place for anything else"
    assert body["subject"]["properties"]["parents"] == PERMITTED.subject["parents"]


def test_authzen_reasons_for_administrators_stay_there() -> None:
    with servers.serving(servers.authzen) as served:
        decision = AuthzenEngine(served.url).evaluate(TOO_MUCH)
    assert decision.outcome is Outcome.DENY
    assert decision.reasons == ("beyond your limit",)
    assert "secret" not in str(decision)


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ({"decision": True}, Outcome.PERMIT),
        ({"decision": True, "context": {}}, Outcome.PERMIT),
        ({"decision": True, "context": {"id": "0", "reason_user": {"en": "ok"}}}, Outcome.PERMIT),
        ({"decision": True, "page": {}}, Outcome.PERMIT),
        ({"decision": True, "context": {"obligations": [{"id": "mfa"}]}}, Outcome.INDETERMINATE),
        ({"decision": True, "context": {"step_up": "mfa"}}, Outcome.INDETERMINATE),
        ({"decision": True, "context": None}, Outcome.INDETERMINATE),
        ({"decision": True, "context": "obligations"}, Outcome.INDETERMINATE),
        ({"decision": False, "context": {"obligations": []}}, Outcome.DENY),
        ({"decision": False}, Outcome.DENY),
        ({"context": {}}, Outcome.INDETERMINATE),
        ({"decision": "permit"}, Outcome.INDETERMINATE),
    ],
)
def test_authzen_answers(answer: Any, outcome: Outcome) -> None:
    with servers.serving(servers.authzen) as served:
        served.answer = answer
        decision = AuthzenEngine(served.url).evaluate(PERMITTED)
    assert decision.outcome is outcome
    assert decision.permits is (outcome is Outcome.PERMIT)


def test_authzen_keys_that_bind_nobody_can_be_named() -> None:
    with servers.serving(servers.authzen) as served:
        served.answer = {"decision": True, "context": {"trace": "abc"}}
        assert not AuthzenEngine(served.url).evaluate(PERMITTED).permits
        assert AuthzenEngine(served.url, informative=["trace"]).evaluate(PERMITTED).permits


@pytest.mark.parametrize("echo", ["", "another"])
def test_authzen_an_answer_to_another_request_is_none(echo: str) -> None:
    with servers.serving(servers.authzen) as served:
        served.fault = lambda handler: servers.send(handler, {"decision": True}, X_Request_ID=echo)
        decision = AuthzenEngine(served.url).evaluate(PERMITTED)
    assert decision.outcome is Outcome.INDETERMINATE
    assert "not the one that was asked" in decision.errors[0]


def test_authzen_a_server_that_never_says_to_which_request_is_asked_without_an_identifier() -> None:
    """An identifier is whoever asks's to give or not; where it is given, it has to come back."""

    def silent(handler: Any) -> None:
        del handler.headers["X-Request-ID"]
        servers.send(handler, {"decision": True})

    with servers.serving(servers.authzen) as served:
        served.fault = silent
        decision = AuthzenEngine(served.url).evaluate(PERMITTED)
        assert decision.outcome is Outcome.INDETERMINATE
        assert "identified=False" in decision.errors[0]
        assert AuthzenEngine(served.url, identified=False).evaluate(PERMITTED).permits
        assert "x-request-id" not in served.asked[-1][1]
        served.fault = None
        assert AuthzenEngine(served.url, identified=False).evaluate_all(BATCH)[0].permits


def test_authzen_an_answer_to_an_earlier_asking_is_none() -> None:
    """The same question is asked under another identifier: whoever keeps answers on the way can't pass them on."""
    with servers.serving(servers.authzen) as served:
        engine = AuthzenEngine(served.url)
        assert engine.evaluate(PERMITTED).permits
        earlier = served.asked[0][1]["x-request-id"]
        served.fault = lambda handler: servers.send(handler, {"decision": True}, X_Request_ID=earlier)
        assert engine.evaluate(PERMITTED).outcome is Outcome.INDETERMINATE


def test_authzen_two_identifiers_are_none() -> None:
    def both(handler: Any) -> None:
        echo = handler.headers["X-Request-ID"]
        handler.send_response(200)
        for name, value in (("Content-Type", "application/json"), ("X-Request-ID", "b"), ("X-Request-ID", echo)):
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(b'{"decision": true}')

    with servers.serving(servers.authzen) as served:
        served.fault = both
        assert AuthzenEngine(served.url).evaluate(PERMITTED).outcome is Outcome.INDETERMINATE


PARENTS = [{"type": "Role", "id": "manager"}]


@pytest.mark.parametrize(
    ("part", "says"),
    [
        ({"subject": {"id": "ann"}}, "type of the subject"),
        ({"subject": {"type": "User", "id": 7}}, "id of the subject"),
        ({"subject": {**PERMITTED.subject, "suspended": True}}, "suspended"),
        ({"subject": {"type": "User", "id": "a", "parents": [], "properties": {"parents": PARENTS}}}, "parents twice"),
        ({"subject": {"type": "User", "id": "a", "properties": ["x"]}}, "properties of the subject"),
        ({"resource": {**PERMITTED.resource, "id": 7}}, "id of the resource"),
        ({"resource": {**PERMITTED.resource, "disputed": True}}, "disputed"),
        ({"action": {"name": ["approve"]}}, "name of the action"),
        ({"action": {"name": "approve", "method": "POST"}}, "method"),
    ],
)
def test_authzen_what_the_protocol_has_no_place_for_is_not_asked(part: dict[str, Any], says: str) -> None:
    """A server has to ignore it, and would decide without it."""
    with servers.serving(servers.authzen) as served:
        decision = AuthzenEngine(served.url).evaluate(replace(PERMITTED, **part))
        assert served.asked == []
    assert decision.outcome is Outcome.INDETERMINATE
    assert says in decision.errors[0]


def test_authzen_properties_of_an_action_are_sent() -> None:
    with servers.serving(servers.authzen) as served:
        action = {"name": "approve", "properties": {"period": "2W"}}
        AuthzenEngine(served.url).evaluate(replace(PERMITTED, action=action))
        assert served.asked[0][2]["action"] == action


def test_authzen_another_reading_of_a_servers_contexts_is_another_policy() -> None:
    plain, lenient = (AuthzenEngine("https://pdp.internal", version="1", informative=keys) for keys in ([], ["trace"]))
    assert plain.policy_digest != lenient.policy_digest
    assert AuthzenEngine("https://pdp.internal", version="1", informative=["id"]).policy_digest == plain.policy_digest


def test_authzen_a_version_is_a_policy() -> None:
    one, two = (AuthzenEngine("https://pdp.internal", version=version) for version in ("1", "2"))
    assert one.policy_digest != two.policy_digest


def test_authzen_without_a_version_nothing_can_be_remembered() -> None:
    with servers.serving(servers.authzen) as served:
        unnamed, named = AuthzenEngine(served.url), AuthzenEngine(served.url, version="7")
        for engine in (unnamed, named):
            decided, remembered = engine.evaluate(PERMITTED), Decisions(seconds=60)
            assert decided.permits
            assert decided.policy_digest
            remembered.keep(PERMITTED, 1, decided)
            assert bool(remembered.known(PERMITTED, 1, engine.policy_digest)) is (engine is named)


@pytest.mark.parametrize(
    "error", ["risk_engine_unavailable", {"status": 404, "message": "Resource not found"}, True, 0, ["x"]]
)
def test_authzen_a_server_that_could_not_decide_has_denied_nothing_for_good(error: Any) -> None:
    for decision in (False, True):
        with servers.serving(servers.authzen) as served:
            served.answer = {"decision": decision, "context": {"error": error}}
            answered = AuthzenEngine(served.url).evaluate(PERMITTED)
        assert answered.outcome is Outcome.INDETERMINATE
        assert "could not decide" in answered.errors[0]


# --- several at once --------------------------------------------------------------------------------------------------

UNDECIDED = replace(PERMITTED, context={})
BATCH = [PERMITTED, TOO_MUCH, UNDECIDED, PERMITTED]


def test_authzen_a_batch_is_asked_as_the_specification_says() -> None:
    with servers.serving(servers.authzen) as served:
        engine = AuthzenEngine(served.url, version="7")
        decisions = engine.evaluate_all(BATCH)
        ((path, headers, body),) = served.asked
        alone = [engine.evaluate(request) for request in BATCH]
    assert path == "/access/v1/evaluations"
    assert headers["x-request-id"]
    assert body["options"] == {"evaluations_semantic": "execute_all"}
    assert [set(one) for one in body["evaluations"]] == [{"subject", "action", "resource", "context"}] * 4
    outcomes = [Outcome.PERMIT, Outcome.DENY, Outcome.INDETERMINATE, Outcome.PERMIT]
    assert [decision.outcome for decision in decisions] == outcomes == [decision.outcome for decision in alone]
    assert [decision.request_digest for decision in decisions] == [request.digest for request in BATCH]
    assert {decision.policy_digest for decision in decisions} == {engine.policy_digest}
    assert decisions[1].reasons == ("beyond your limit",)


PERMITS = {"decision": True}


@pytest.mark.parametrize(
    ("answer", "outcomes"),
    [
        ({"evaluations": [PERMITS] * 4}, "pppp"),
        ({"evaluations": [PERMITS] * 4, "decision": False}, "pppp"),
        ({"evaluations": [PERMITS] * 3}, "????"),
        ({"evaluations": [PERMITS] * 5}, "????"),
        ({"evaluations": []}, "????"),
        ({"evaluations": {"0": PERMITS}}, "????"),
        ({"decision": True}, "????"),
        ({}, "????"),
        ({"evaluations": [PERMITS, True, None, {"decision": "true"}]}, "p???"),
        ({"evaluations": [{"decision": True, "context": {"obligations": ["mfa"]}}, PERMITS, PERMITS, PERMITS]}, "?ppp"),
        ({"evaluations": [{"decision": False}, PERMITS, {"context": {}}, {"decision": True, "context": None}]}, "dp??"),
    ],
)
def test_authzen_batch_answers(answer: Any, outcomes: str) -> None:
    """Nothing is permitted by its neighbour, and where the count does not fit nobody knows which is which."""
    words = {"p": Outcome.PERMIT, "d": Outcome.DENY, "?": Outcome.INDETERMINATE}
    with servers.serving(servers.authzen) as served:
        served.answer = answer
        decisions = AuthzenEngine(served.url).evaluate_all(BATCH)
    assert [decision.outcome for decision in decisions] == [words[letter] for letter in outcomes]
    assert all(decision.errors for decision in decisions if decision.outcome is Outcome.INDETERMINATE)


@pytest.mark.parametrize("fault", servers.FAULTS)
def test_a_batch_of_a_server_that_misbehaves_permits_nothing(fault: str) -> None:
    with servers.serving(servers.authzen) as served:
        engine = AuthzenEngine(served.url, seconds=seconds(fault))
        served.fault = servers.FAULTS[fault]
        decisions = engine.evaluate_all(BATCH)
        assert not served.released.is_set()
    assert [decision.outcome for decision in decisions] == [Outcome.INDETERMINATE] * 4
    assert [decision.request_digest for decision in decisions] == [request.digest for request in BATCH]


def test_what_is_no_question_is_indeterminate_by_itself_and_not_asked() -> None:
    unaskable = [
        replace(PERMITTED, context={"a": {1}}),
        replace(PERMITTED, resource={**PERMITTED.resource, "id": 7}),
    ]
    with servers.serving(servers.authzen) as served:
        decisions = AuthzenEngine(served.url).evaluate_all([unaskable[0], PERMITTED, unaskable[1], TOO_MUCH])
        ((_, _, body),) = served.asked
    outcomes = [Outcome.INDETERMINATE, Outcome.PERMIT, Outcome.INDETERMINATE, Outcome.DENY]
    assert [decision.outcome for decision in decisions] == outcomes
    assert decisions[2].request_digest == unaskable[1].digest
    assert len(body["evaluations"]) == 2


def test_nothing_is_asked_where_there_is_no_question() -> None:
    """Without evaluations the request would be that of a single one, which it is not."""
    with servers.serving(servers.authzen) as served:
        engine = AuthzenEngine(served.url)
        assert engine.evaluate_all([]) == []
        assert engine.evaluate_all([replace(PERMITTED, action={})])[0].outcome is Outcome.INDETERMINATE
        assert served.asked == []


# --- paths ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["", "/", "a//b", "a/../b", "."])
def test_a_path_that_is_none_is_refused(path: str) -> None:
    with pytest.raises(PolicyFault, match="no path"):
        OpaEngine("https://opa.internal", path)


def test_a_path_is_quoted() -> None:
    with servers.serving(servers.opa) as served:
        OpaEngine(served.url, "office/allow?x=1").evaluate(replace(PERMITTED))
        assert served.asked[0][0].startswith("/v1/data/office/allow%3Fx%3D1?")
