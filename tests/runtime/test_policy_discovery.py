"""Where an AuthZEN server takes questions, as it says itself."""

from functools import partial
from typing import Any

import policy_servers as servers
import pytest

from bridle.authorization import Outcome
from bridle.errors import PolicyFault
from bridle.runtime.policies import authzen, discovery
from bridle.runtime.policies.batch import decide
from bridle.runtime.policies.discovery import WELL_KNOWN, Endpoints
from bridle.runtime.policies.endpoint import Answered
from bridle.testing.policy import PERMITTED, TOO_MUCH

PATIENT = 30.0
"""A deadline that nobody misses, however busy the machine is."""

AuthzenEngine = partial(authzen.AuthzenEngine, seconds=PATIENT)
discover = partial(discovery.discover, seconds=PATIENT)


def published(served: servers.Served, tenant: str = "", **changed: Any) -> str:
    """Publish the metadata of a server with paths of its own; its name."""
    name = served.url + tenant
    stated = {
        "policy_decision_point": name,
        "access_evaluation_endpoint": f"{name}/pdp/one",
        "access_evaluations_endpoint": f"{name}/pdp/evaluations",
        "search_subject_endpoint": f"{name}/pdp/subjects",
        "capabilities": ["urn:ietf:params:authzen:x"],
        "something": "else",
        **changed,
    }
    served.published[WELL_KNOWN + tenant] = {key: value for key, value in stated.items() if value is not None}
    return name


@pytest.mark.parametrize("tenant", ["", "/tenant1"])
def test_questions_go_where_the_metadata_says(tenant: str) -> None:
    with servers.serving(servers.authzen) as served:
        name = published(served, tenant)
        engine = AuthzenEngine(discover(name), version="7")
        assert engine.evaluate(PERMITTED).permits
        assert [one.outcome for one in engine.evaluate_all([PERMITTED, TOO_MUCH])] == [Outcome.PERMIT, Outcome.DENY]
        paths = [path for path, _, _ in served.asked]
    assert paths == [WELL_KNOWN + tenant, f"{tenant}/pdp/one", f"{tenant}/pdp/evaluations"]
    assert engine.policy_digest != AuthzenEngine(served.url, version="7").policy_digest


def test_where_several_are_not_taken_each_is_asked_alone() -> None:
    with servers.serving(servers.authzen) as served:
        engine = AuthzenEngine(discover(published(served, access_evaluations_endpoint=None)))
        served.asked.clear()
        decisions = decide(engine, [PERMITTED, TOO_MUCH])
        assert [path for path, _, _ in served.asked] == ["/pdp/one"] * 2
    assert [decision.outcome for decision in decisions] == [Outcome.PERMIT, Outcome.DENY]


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"policy_decision_point": "https://pdp.example.com"}, "not that of"),
        ({"policy_decision_point": None}, "not that of"),
        ({"access_evaluation_endpoint": None}, "does not say"),
        ({"access_evaluation_endpoint": 5}, "does not say"),
        ({"access_evaluations_endpoint": ["/x"]}, "does not say"),
        ({"access_evaluation_endpoint": "http://elsewhere.example.com/one"}, "not secured"),
        ({"access_evaluations_endpoint": "http://elsewhere.example.com/several"}, "not secured"),
        ({"access_evaluation_endpoint": "/pdp/one"}, "no URL"),
    ],
)
def test_metadata_that_can_not_be_used_is_not(changed: dict[str, Any], says: str) -> None:
    """That of another server least of all: questions and credentials would go there."""
    with servers.serving(servers.authzen) as served:
        name = published(served, **changed)
        with pytest.raises(PolicyFault, match=says):
            discover(name)


def test_the_name_of_a_server_is_exactly_what_it_says() -> None:
    with servers.serving(servers.authzen) as served:
        name = published(served)
        with pytest.raises(PolicyFault, match="not that of"):
            discover(name + "/")


def test_a_server_without_metadata_says_so() -> None:
    with servers.serving(servers.authzen) as served:
        with pytest.raises(PolicyFault, match="status 404"):
            discover(served.url)
        with pytest.raises(PolicyFault, match="no base"):
            discover(f"{served.url}/?tenant=1")
        with pytest.raises(PolicyFault, match="not secured"):
            discover("http://pdp.example.com")
        assert AuthzenEngine(Endpoints(f"{served.url}/one", None)).evaluate(PERMITTED).permits


def test_a_secured_server_does_not_lead_to_one_that_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    name = "https://pdp.example.com"
    stated = {"policy_decision_point": name, "access_evaluation_endpoint": "http://127.0.0.1:9/one"}
    monkeypatch.setattr(discovery.Endpoint, "get", lambda self: Answered(stated, {}))
    with pytest.raises(PolicyFault, match="not secured as"):
        discover(name)
