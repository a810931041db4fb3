"""The policies that lie beside the deployment system, decided by Cedar itself."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest
from deployment_world import episode, release, service

from bridle.authorization import Decision, Facts, Informing
from bridle.environment import Episode, Scenario
from bridle.environments.enterprise.deployment.environment import Deployment
from bridle.environments.enterprise.deployment.goal import Target
from bridle.environments.enterprise.deployment.journeys import JOURNEYS
from bridle.environments.enterprise.governance import GovernedEnvironment
from bridle.environments.enterprise.routing import Disclosing
from bridle.errors import UsageError
from bridle.harness import Action
from bridle.runtime.policies.cedar import CedarEngine
from bridle.runtime.policies.mapping import RequestMapping
from bridle.trace import POLICY_DENIED, Withholding

ENVIRONMENT = Deployment(transient=0, internal=0)
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
    scenarios = ENVIRONMENT.scenarios("validation")[:240]
    for scenario in scenarios:
        reward, refused = played(policy, scenario)
        rewards.append(reward)
        denied += bool(refused)
    assert rewards == [1.0] * len(scenarios)
    share = denied / len(scenarios)
    assert (0.1 < share < 0.25) if policy == "strict" else (share < 0.05)


def test_who_is_needed_is_told_as_the_strict_policy_decides() -> None:
    """A start whose plan the strict policy denies a step is one that needs somebody's authority, and no other is."""
    told = Counter[tuple[bool, bool]]()
    for scenario in ENVIRONMENT.scenarios("train")[:240]:
        made = ENVIRONMENT.start(scenario)
        assert isinstance(made, Disclosing)
        need = made.truth().need
        if need is None or need.why == "authority":
            told[bool(played("strict", scenario)[1]), need is not None] += 1
    assert told[True, False] == 0
    assert told[True, True] > 20
    # Whoever may not promote what then fails in staging is never denied.
    assert told[False, True] <= 2


def test_the_lax_policy_permits_more_and_nothing_less() -> None:
    """Over applicable calls: what strict permits lax permits too, and there is enough that only lax permits."""
    found: Counter[tuple[bool, bool]] = Counter()
    for scenario in ENVIRONMENT.scenarios("train")[:48]:
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
    for scenario in ENVIRONMENT.scenarios("train")[: 3 * len(JOURNEYS)]:
        made, rng = ENVIRONMENT.start(scenario), random.Random(scenario.seed)
        made.step(ENVIRONMENT.planner(scenario).remaining(made.observe().view)[0])
        for action in [*made.legal_actions(), *made.foreign_actions(rng)]:
            if made.probe(action):
                assert not decide("strict", made, action).errors


@pytest.mark.parametrize(
    ("role", "limit", "filer", "strict", "lax"),
    [
        ("change_manager", 3, "EMP-1", True, True),
        ("change_manager", 2, "EMP-1", True, True),
        ("change_manager", 1, "EMP-1", False, True),
        ("change_manager", 3, "EMP-9", False, True),
        ("developer", 3, "EMP-1", False, False),
    ],
)
def test_who_may_approve_is_the_policys_matter(role: str, limit: int, filer: str, strict: bool, lax: bool) -> None:
    """A change record's risk and filer decide; the system itself would carry the call out each time."""
    of = service()
    going = release(of, change="filed")
    assert going.change is not None
    going.change.filer = filer
    made = episode(of)
    action = {"tool": "approve_change", "arguments": {"change_id": "CHG-1001"}}
    held = made.facts(*MAPPING.resource(action))
    subject = {
        "type": "Employee",
        "id": "EMP-9",
        "properties": {"risk_limit": limit},
        "parents": [{"type": "Role", "id": role}, {"type": "Team", "id": "north"}],
    }
    question = MAPPING.request(action, Facts(subject=subject, resource=held.resource, version=held.version))
    assert {name: found.evaluate(question).permits for name, found in ENGINES.items()} == {"strict": strict, "lax": lax}
    assert made.probe(action)


def test_what_does_not_exist_is_for_the_system_to_refuse() -> None:
    made = ENVIRONMENT.start(ENVIRONMENT.scenarios("train")[0])
    action = {"tool": "approve_change", "arguments": {"change_id": "CHG-0001"}}
    assert decide("strict", made, action).permits
    assert made.step(action).error_class == "not_found"


def test_handing_over_counts_only_after_a_denial() -> None:
    over = {"tool": "hand_over", "arguments": {"service_id": "SVC-1001", "to": "release_desk", "reason": "not mine"}}
    finish = {"tool": "finish", "arguments": {}}
    for told, reward in ((False, 0.0), (True, 1.0)):
        of = service()
        release(of)
        made = episode(of, targets=[Target(end="verified", service_id=of.id, release_id="REL-1001")])
        if told:
            made.withhold({"tool": "check_health", "arguments": {"release_id": "REL-1001"}}, POLICY_DENIED, "No.")
            last = made.observe().view["calls"][-1]
            assert last["error"] == {"class": POLICY_DENIED, "message": "No."}
        assert made.step(over).legal
        assert made.step(finish).rewards == (reward,)


def test_the_version_counts_writes_and_what_colleagues_do() -> None:
    of = service()
    release(of)
    made = episode(of, moves=[(6, of.site("staging"))], opened=True)

    def version(kind: str, identity: str) -> Any:
        return made.facts(kind, identity).version

    first, site = version("Release", "REL-1001"), version("Environment", "ENV-1001")
    made.step({"tool": "get_release", "arguments": {"release_id": "REL-1001"}})
    made.step({"tool": "get_release", "arguments": {"release_id": "REL-1001"}})
    assert (version("Release", "REL-1001"), version("Environment", "ENV-1001")) == (first, site + 1)
    arguments = {"release_id": "REL-1001", "reason": "planned twice"}
    assert made.step({"tool": "cancel_release", "arguments": arguments}).legal
    assert version("Release", "REL-1001") == first + 1
