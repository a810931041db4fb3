"""The rules of the deployment system, one call at a time."""

from __future__ import annotations

import random
from typing import Any

import pytest
from deployment_world import (
    ARTIFACT,
    CHANGE,
    PRODUCTION,
    REASON,
    RELEASE,
    STAGING,
    WINDOW,
    artifact,
    call,
    episode,
    release,
    service,
)

from bridle.environment import Scenario
from bridle.environments.enterprise.deployment.environment import Deployment
from bridle.environments.enterprise.deployment.goal import Target
from bridle.environments.enterprise.deployment.kinds import ARTIFACT_STATES, CHANGE_STATES, RELEASE_STATES
from bridle.environments.enterprise.deployment.records import Service
from bridle.environments.enterprise.workflow import Mishaps, WorkflowEpisode

FILING = {**RELEASE, **WINDOW, "risk": "medium", "summary": "version 2.0.0"}
PROMOTION = {**RELEASE, **PRODUCTION, **WINDOW}

ON_ARTIFACT: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "run_check": ({**ARTIFACT, "check": "unit"}, ("built",)),
    "sign_artifact": (ARTIFACT, ("validated",)),
    "request_rebuild": (ARTIFACT, ("rejected",)),
    "plan_release": ({**ARTIFACT, "strategy": "rolling"}, ("signed",)),
    "delete_artifact": ({**ARTIFACT, **REASON}, ("built", "rejected", "validated", "signed")),
}
ON_RELEASE: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "cancel_release": ({**RELEASE, **REASON}, ("planned",)),
    "deploy_to_staging": ({**RELEASE, **STAGING}, ("planned",)),
    "check_health": (RELEASE, ("staged", "promoted")),
    "promote_release": (PROMOTION, ("verified",)),
    "rollback_release": ({**RELEASE, **REASON}, ("staged", "verified", "promoted", "live", "failed")),
}
ON_CHANGE: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "approve_change": (CHANGE, ("filed",)),
    "decline_change": ({**CHANGE, **REASON}, ("filed",)),
    "withdraw_change": ({**CHANGE, **REASON}, ("filed", "approved")),
}


def judged(made: WorkflowEpisode, tool: str, arguments: dict[str, Any], *, fits: bool, state: str) -> None:
    truth = made.probe({"tool": tool, "arguments": arguments})
    step = call(made, tool, **arguments)
    assert truth.legal is step.legal is fits, step.feedback
    if not fits:
        assert (step.error_class, truth.feedback) == ("state_conflict", step.feedback)
        assert state in step.feedback


@pytest.mark.parametrize("tool", ON_ARTIFACT)
@pytest.mark.parametrize("state", ARTIFACT_STATES)
def test_every_tool_on_every_state_of_an_artifact(tool: str, state: str) -> None:
    of = service()
    artifact(of, state, pending=["unit", "contract"])
    arguments, states = ON_ARTIFACT[tool]
    judged(episode(of), tool, arguments, fits=state in states, state=state)


@pytest.mark.parametrize("tool", ON_RELEASE)
@pytest.mark.parametrize("state", RELEASE_STATES)
def test_every_tool_on_every_state_of_a_release(tool: str, state: str) -> None:
    of = service()
    release(of).state = state
    arguments, states = ON_RELEASE[tool]
    judged(episode(of), tool, arguments, fits=state in states, state=state)


@pytest.mark.parametrize("tool", ON_CHANGE)
@pytest.mark.parametrize("state", CHANGE_STATES)
def test_every_tool_on_every_state_of_a_change_record(tool: str, state: str) -> None:
    of = service()
    release(of, change=state)
    arguments, states = ON_CHANGE[tool]
    judged(episode(of), tool, arguments, fits=state in states, state=state)


def test_from_a_build_to_production() -> None:
    of = service()
    of.approved_after = 2
    artifact(of, "built", pending=["unit", "contract"])
    made = episode(of, targets=[Target(end="live", service_id=of.id, number="2.0.0")])
    new, record = {"release_id": "REL-1001"}, {"change_id": "CHG-1001"}
    for tool, arguments in (
        ("run_check", {**ARTIFACT, "check": "contract"}),
        ("run_check", {**ARTIFACT, "check": "unit"}),
        ("sign_artifact", ARTIFACT),
        ("plan_release", {**ARTIFACT, "strategy": "canary"}),
        ("file_change", {**FILING, **new}),
        ("get_change", record),
        ("get_change", record),
        ("deploy_to_staging", {**new, **STAGING}),
        ("check_health", new),
        ("promote_release", {**PROMOTION, **new}),
        ("check_health", new),
    ):
        step = call(made, tool, **arguments)
        assert step.legal, (tool, step.feedback)
    step = call(made, "finish")
    assert (step.rewards, step.result) == ((1.0,), {"goals": {"2.0.0 live": True, "others": True}})


@pytest.mark.parametrize(
    ("start", "tool", "arguments", "error_class", "words"),
    [
        ({}, "no_such_tool", {}, "unknown_tool", "no tool 'no_such_tool'"),
        ({}, "deploy_to_staging", {**RELEASE}, "schema", "required property"),
        ({}, "deploy_to_staging", {**RELEASE, **STAGING, "expected_revision": "10"}, "schema", "integer"),
        ({}, "get_release", {"release_id": "REL-1002"}, "not_found", "no REL-1002"),
        ({}, "run_check", {**ARTIFACT, "check": "load"}, "state_conflict", "signed"),
        ({}, "plan_release", {**ARTIFACT, "strategy": "rolling"}, "state_conflict", "used by REL-1001"),
        ({}, "delete_artifact", {**ARTIFACT, **REASON}, "state_conflict", "used by REL-1001"),
        ({}, "file_change", FILING, "state_conflict", "already, which is approved"),
        ({"change": ""}, "file_change", {**FILING, "risk": "low"}, "state_conflict", "risk of REL-1001 is medium"),
        ({"change": ""}, "deploy_to_staging", {**RELEASE, **STAGING}, "missing_precondition", "file one first"),
        ({"change": "filed"}, "deploy_to_staging", {**RELEASE, **STAGING}, "missing_precondition", "approved first"),
        ({}, "deploy_to_staging", {**RELEASE, **PRODUCTION}, "state_conflict", "production, not staging"),
        ({}, "deploy_to_staging", {**RELEASE, **STAGING, "expected_revision": 9}, "state_conflict", "revision 10"),
        ({}, "take_backup", {"environment_id": "ENV-1001"}, "state_conflict", "staging"),
        ({}, "unlock_environment", {"environment_id": "ENV-1001"}, "state_conflict", "open"),
        ({}, "wait_for_window", WINDOW, "state_conflict", "open"),
        ({"state": "verified"}, "promote_migration", PROMOTION, "state_conflict", "use promote_release"),
        (
            {"state": "verified"},
            "promote_release",
            {**PROMOTION, "window_id": "WIN-1002"},
            "state_conflict",
            "not for WIN-1002",
        ),
        (
            {"state": "verified", "migrates": True},
            "promote_migration",
            PROMOTION,
            "missing_precondition",
            "backup of ENV-1002 is none",
        ),
    ],
)
def test_typed_errors(
    start: dict[str, Any], tool: str, arguments: dict[str, Any], error_class: str, words: str
) -> None:
    of = service()
    release(of, **start)
    made = episode(of)
    truth = made.probe({"tool": tool, "arguments": arguments})
    step = call(made, tool, **arguments)
    assert (step.legal, step.error_class) == (False, error_class)
    assert words in step.feedback
    assert (truth.legal, truth.feedback, truth.error_class) == (False, step.feedback, step.error_class)


def test_what_was_not_shown_has_to_be_read_first() -> None:
    of = service()
    release(of, "verified")
    made = episode(of, opened=False)
    for reader, arguments in (
        ("get_release", RELEASE),
        ("get_service", {"service_id": "SVC-1001"}),
        ("list_windows", {"service_id": "SVC-1001"}),
    ):
        step = call(made, "promote_release", **PROMOTION)
        assert step.error_class == "missing_precondition"
        assert reader in step.feedback
        assert call(made, reader, **arguments).legal
    assert call(made, "promote_release", **PROMOTION).legal


@pytest.mark.parametrize("what", ["environment_id", "window_id"])
def test_what_belongs_to_another_service_does_not_serve(what: str) -> None:
    of, other = service(), service(2)
    release(of, "verified")
    artifact(other)
    made = episode(of, other)
    wrong = {"environment_id": "ENV-2002", "window_id": "WIN-2001"}[what]
    assert call(made, "promote_release", **{**PROMOTION, what: wrong}).error_class == "state_conflict"
    assert call(made, "promote_release", **PROMOTION).legal


def test_a_window_has_to_be_long_enough_and_its_minutes_are_used_up() -> None:
    of = service()
    release(of, change="")
    of.windows[0].minutes, of.windows[1].minutes = 29, 30
    made = episode(of)
    step = call(made, "file_change", **FILING)
    assert (step.error_class, "29 minutes left; REL-1001 needs 30" in step.feedback) == ("state_conflict", True)
    later = {"window_id": "WIN-1002"}
    assert call(made, "file_change", **{**FILING, **later}).legal
    of.releases[0].state = "verified"
    assert of.releases[0].change is not None
    of.releases[0].change.state = "approved"
    assert "upcoming" in call(made, "promote_release", **{**PROMOTION, **later}).feedback
    shown = call(made, "wait_for_window", **later).result["windows"]
    assert {window["id"]: window["status"] for window in shown} == {"WIN-1001": "closed", "WIN-1002": "open"}
    assert call(made, "promote_release", **{**PROMOTION, **later}).result["window"]["minutes"] == 0


def test_an_environment_that_others_change_has_to_be_read_again() -> None:
    """A stale read: the view still shows the old revision, and a backup of what is no more."""
    of = service()
    release(of, "verified", migrates=True)
    made = episode(of, moves=[(6, of.site("production"))])
    assert call(made, "take_backup", environment_id="ENV-1002").legal
    assert made.observe().view["resources"]["ENV-1002"]["revision"] == 20
    assert call(made, "get_release", **RELEASE).legal
    step = call(made, "promote_migration", **PROMOTION)
    assert (step.error_class, "revision 21, not 20; read it again" in step.feedback) == ("stale", True)
    assert call(made, "promote_migration", **{**PROMOTION, "expected_revision": 19}).error_class == "state_conflict"
    fresh = call(made, "get_service", service_id=of.id).result["service"]["environments"][1]
    assert (fresh["revision"], fresh["backup"]) == (21, "outdated")
    again = {**PROMOTION, "expected_revision": 21}
    assert "outdated" in call(made, "promote_migration", **again).feedback
    assert call(made, "take_backup", environment_id="ENV-1002").legal
    assert call(made, "promote_migration", **again).legal


@pytest.mark.parametrize("migrates", [False, True])
def test_a_release_that_fails_is_rolled_back_unless_it_migrated(migrates: bool) -> None:
    of = service()
    going = release(of, "verified", migrates=migrates, ill=frozenset(("production",)))
    of.site("production").backup = "taken"
    made = episode(of, targets=[Target(end="live", service_id=of.id, release_id=going.id)])
    assert call(made, "promote_migration" if migrates else "promote_release", **PROMOTION).legal
    shown = call(made, "check_health", **RELEASE).result["release"]
    assert (shown["state"], shown["health"], shown["reversible"]) == ("failed", "failing", not migrates)
    step = call(made, "rollback_release", **RELEASE, **REASON)
    assert step.legal is not migrates
    if migrates:
        assert "can't be rolled back" in step.feedback
        assert call(made, "hand_over", service_id=of.id, to="database_team", **REASON).legal
    else:
        assert step.result["environments"][0]["running"] == "1.0.0"
        assert step.result["artifact"]["in_use"] is False
    assert call(made, "finish").rewards == (1.0,)


def test_a_check_that_fails_rejects_and_a_rebuild_begins_anew() -> None:
    of = service()
    artifact(of, "built", pending=["unit", "contract"], defects=frozenset(("unit",)))
    made = episode(of)
    shown = call(made, "run_check", **ARTIFACT, check="unit").result["artifact"]
    assert (shown["state"], shown["failed"], shown["pending"]) == ("rejected", ["unit"], ["contract"])
    assert call(made, "run_check", **ARTIFACT, check="contract").error_class == "state_conflict"
    shown = call(made, "request_rebuild", **ARTIFACT).result["artifact"]
    assert (shown["state"], shown["build"], shown["pending"]) == ("built", 2, ["unit", "contract"])
    assert "not pending" in call(made, "run_check", **ARTIFACT, check="load").feedback
    for check in ("unit", "contract"):
        shown = call(made, "run_check", **ARTIFACT, check=check).result["artifact"]
    assert shown["state"] == "validated"


def test_what_is_deployed_can_be_undone_by_its_compensation() -> None:
    of = service()
    artifact(of)
    made = episode(of)

    def seen(identity: str) -> Any:
        return made.observe().view["resources"][identity]

    assert call(made, "plan_release", **ARTIFACT, strategy="rolling").legal
    assert seen("ART-1001")["release_id"] == "REL-1001"
    assert call(made, "file_change", **FILING).legal
    assert call(made, "withdraw_change", **CHANGE, **REASON).legal
    assert (seen("REL-1001")["change_state"], seen("CHG-1001")["state"]) == ("withdrawn", "withdrawn")
    assert call(made, "file_change", **FILING).result["release"]["change"]["id"] == "CHG-1002"
    assert call(made, "cancel_release", **RELEASE, **REASON).legal
    assert seen("CHG-1002")["state"] == "withdrawn"
    assert seen("ART-1001")["in_use"] is False
    assert call(made, "lock_environment", environment_id="ENV-1001", **REASON).legal
    assert seen("ENV-1001")["state"] == "locked"
    assert call(made, "unlock_environment", environment_id="ENV-1001").legal


def test_nothing_is_deployed_to_a_locked_environment() -> None:
    of = service()
    release(of)
    of.site("staging").locked = True
    made = episode(of)
    assert "locked" in call(made, "deploy_to_staging", **RELEASE, **STAGING).feedback
    assert call(made, "unlock_environment", environment_id="ENV-1001").legal
    assert call(made, "deploy_to_staging", **RELEASE, **STAGING).legal


def test_a_deploy_key_promotes_once() -> None:
    of = service()
    release(of, "verified")
    made = episode(of)
    keyed = {**PROMOTION, "deploy_key": "k1"}
    assert call(made, "promote_release", **keyed).result["environment"]["revision"] == 21
    assert call(made, "promote_release", **keyed).result["environment"]["revision"] == 21
    assert call(made, "promote_release", **{**keyed, "deploy_key": "k2"}).error_class == "state_conflict"


def test_a_failure_of_unknown_outcome_may_have_taken_effect_and_has_to_be_looked_at() -> None:
    outcomes = set()
    for seed in range(60):
        of = service()
        release(of)
        made = episode(of, mishaps=Mishaps(transient=0.0, internal=0.4), opened=False, turns=200, seed=seed)
        for reader, arguments in (("get_service", {"service_id": of.id}), ("get_release", RELEASE)):
            while call(made, reader, **arguments).error_class:
                pass
        step = call(made, "deploy_to_staging", **RELEASE, **STAGING)
        assert step.legal
        if step.error_class != "internal":
            continue
        assert not {"REL-1001", "ENV-1001"} & set(made.observe().view["resources"])
        assert made.probe({"tool": "check_health", "arguments": RELEASE}).error_class == "missing_precondition"
        while (step := call(made, "get_release", **RELEASE)).error_class:
            pass
        outcomes.add(step.result["release"]["state"])
    assert outcomes == {"planned", "staged"}


def test_results_are_not_written_into_later() -> None:
    of = service()
    artifact(of, "built", pending=["unit", "contract"])
    made = episode(of)
    before = made.observe().view
    pending = before["resources"]["ART-1001"]["pending"]
    call(made, "run_check", **ARTIFACT, check="unit")
    assert pending == ["unit", "contract"]
    assert made.observe().view["resources"]["ART-1001"]["pending"] == ["contract"]


def plain(of: Service) -> Any:
    """Everything that a service's records hold."""
    records = [*of.sites, *of.windows, *of.artifacts, *of.releases]
    return [of.snapshot(), *(record.snapshot() for record in records)]


@pytest.mark.parametrize("variant", ["nominal", "mutated", "adversarial"])
def test_truth_is_what_a_step_then_does(variant: str) -> None:
    """Random sessions over all journeys: what `probe` says of a call is what `step` answers, and asking changes nothing."""
    environment = Deployment(transient=0, internal=0, variant=variant)
    legal = illegal = 0
    for number, scenario in enumerate(environment.scenarios("train")[:56]):
        made, rng = environment.start(scenario), random.Random(number)
        while True:
            listed = made.legal_actions()
            calls = made.foreign_actions(rng) if rng.random() < 0.4 else listed[:-1]
            action = rng.choice(calls)
            truths = [made.probe(action), made.probe(action)]
            before = made.observe()
            assert truths[0] == truths[1]
            assert made.observe() == before
            step = made.step(action)
            assert (step.legal, step.feedback, step.error_class) == truths[0], (scenario, action)
            legal, illegal = legal + step.legal, illegal + (not step.legal)
            if step.over:
                break
            if not step.legal:
                assert made.legal_actions() == listed, "an illegal call changes nothing"
    assert min(legal, illegal) > 90


def test_an_inapplicable_call_leaves_every_record_as_it_was() -> None:
    rng = random.Random(7)
    for state in RELEASE_STATES:
        of = service()
        release(of, migrates=state == "live").state = state
        made = episode(of, turns=4000)
        before = plain(of)
        for action in [action for _ in range(30) for action in made.foreign_actions(rng)]:
            if not made.probe(action):
                made.step(action)
        assert plain(of) == before


def test_a_scenario_is_always_the_same() -> None:
    environment = Deployment()
    scenario = Scenario(split="train", index=0, seed=5, template="ship/core/migration")
    one, other = environment.start(scenario), environment.start(scenario)
    for _ in range(12):
        assert one.observe() == other.observe()
        action = environment.planner(scenario).remaining(one.observe().view)[0]
        assert one.step(action) == other.step(action)
