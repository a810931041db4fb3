"""Random workflows: they keep the port's contract, can be worked in, and what is learned in them is held against truth."""

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridle.agents.simulated import simulated
from bridle.environment import unsealed
from bridle.errors import UsageError
from bridle.evaluation.examples import judged_calls
from bridle.synthesis.learner.authority import speaks_of_authority
from bridle.synthesis.learner.book import rulebook
from bridle.synthesis.learner.condition import Condition
from bridle.synthesis.learner.example import examples
from bridle.synthesis.learner.form import Fits
from bridle.synthesis.learner.merit import Demands
from bridle.synthesis.learner.rule import Rule, Rulebook, Support
from bridle.testing.environment import check_environment
from bridle.testing.workflows.drawing import draw
from bridle.testing.workflows.environment import RandomWorkflow
from bridle.testing.workflows.noise import Noise, recorded
from bridle.testing.workflows.rules import KINDS, Of, Scene, Shaped, Within
from bridle.testing.workflows.scoring import fresh_calls, score


def learned(environment: RandomWorkflow, count: int, noise: Noise | None = None) -> Rulebook:
    rows = judged_calls(unsealed(environment), "train", count=count, seed=0)
    return rulebook(examples(recorded(rows, environment.blueprint, noise or Noise(), seed=1)), Demands())


@pytest.mark.parametrize("seed", [0, 1, 6, 23, 77])
def test_it_keeps_the_contract(seed: int) -> None:
    report = check_environment(RandomWorkflow(seed))
    assert report.findings == []
    assert report.capabilities == ("probe", "legal_actions", "foreign_actions")


@given(seed=st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_every_seed_draws_a_workflow_of_its_own(seed: int) -> None:
    one, other = draw(seed), draw(seed + 1)
    assert one == draw(seed)
    assert {plan.name for plan in one.plans} != {plan.name for plan in other.plans}
    assert all(rule.kind in KINDS for rule in one.rules)
    assert {rule.fix for rule in one.rules} <= {plan.name for plan in one.plans} | {""}
    fields = [field.name for kind in one.kinds for field in kind.fields]
    assert not any(map(speaks_of_authority, fields))


def test_all_classes_of_rules_are_drawn() -> None:
    kinds = {rule.kind for seed in range(12) for rule in draw(seed).rules}
    assert kinds == set(KINDS) - {"interface"}
    assert any(rule.person for seed in range(12) for rule in draw(seed).rules)


def test_the_probe_says_what_the_rules_say() -> None:
    environment = RandomWorkflow(3)
    accepted = refused = 0
    for scenario in environment.scenarios("train")[:6]:
        episode, rng = environment.start(scenario), random.Random(1)
        for _ in range(5):
            for call in episode.foreign_actions(rng):
                truth, broken = episode.probe(call), episode.broken(call)
                assert truth.legal == (not broken)
                assert truth.error_class == (broken[0].error_class if broken else "")
                accepted, refused = accepted + truth.legal, refused + (not truth.legal)
            if episode.step(rng.choice(episode.legal_actions())).over:
                break
    assert min(accepted, refused) > 100


def test_a_planner_gets_the_work_done_or_leaves_it_to_a_person() -> None:
    """Somebody who makes no mistakes completes nearly everything, and what only a person can do is left to one."""
    done = people = episodes = 0
    for seed in (0, 1, 4, 7):
        environment = RandomWorkflow(seed, transient=0.0)
        for scenario in environment.scenarios("validation")[:25]:
            episode, planner = environment.start(scenario), environment.planner(scenario)
            people += episode.truth().needs_person
            episodes += 1
            while True:
                step = episode.step(planner.remaining(episode.observe().view)[0])
                assert step.legal
                if step.over:
                    done += step.rewards[0] == 1.0
                    break
    assert done >= 0.9 * episodes
    assert 0 < people < episodes / 2


def test_simulated_agents_fail_in_it_without_a_harness() -> None:
    environment = RandomWorkflow(4)
    illegal = calls = 0
    for scenario in environment.scenarios("train")[:20]:
        episode, agent = environment.start(scenario), simulated(environment)(scenario, 1)
        for _ in range(30):
            step = episode.step(agent.propose(episode.observe()))
            illegal, calls = illegal + (not step.legal), calls + 1
            if step.over:
                break
    assert 0.1 < illegal / calls < 0.7


def test_a_seed_that_is_none_is_refused() -> None:
    with pytest.raises(UsageError, match="whole number"):
        RandomWorkflow("many")
    with pytest.raises(UsageError, match="not a rate"):
        RandomWorkflow(1, transient="2")


def test_what_is_learned_is_held_against_the_truth() -> None:
    """Precision and recall of a rulebook; one without rules finds nothing, and a made-up rule is wrong."""
    environment = RandomWorkflow(4)
    book, fresh = learned(environment, 5000), fresh_calls(environment, count=2000, seed=1)
    found = score(book, environment, fresh)
    assert found.total.precision is not None
    assert found.total.precision >= 0.95
    assert found.total.recall is not None
    assert found.total.recall >= 0.85
    nothing = score(Rulebook(), environment, fresh)
    assert nothing.total.precision is None
    assert nothing.total.recall == 0
    state = next(rule for rule in book.rules if rule.kind == "precondition")
    term = getattr(state.condition, "term", None)
    assert term is not None
    made_up = type(state)(**{**vars(state), "condition": type(state.condition)(term, ("nowhere",))})  # type: ignore[call-arg]
    worse = score(Rulebook(rules=(made_up,)), environment, fresh)
    assert worse.total.right == 0
    assert worse.wrong


def test_of_a_rule_that_no_fresh_call_breaks_nothing_is_said() -> None:
    """Neither right nor wrong, as a true rule that too few calls break is neither found nor missed; it is named."""
    environment = RandomWorkflow(4)
    fresh = fresh_calls(environment, count=600, seed=1)
    finish = environment.blueprint.doing("finish").name
    idle = rule_of(Fits("never", "enum", ("told",)), finish)
    found = score(Rulebook(rules=(idle,)), environment, fresh)
    assert (found.total.learned, found.total.right, found.idle) == (0, 0, [idle.sentence])


def test_the_form_of_an_argument_is_one_rule() -> None:
    """A list of values refuses what is of another type as well, which the service does by a rule of its own."""
    environment = next(e for e in map(RandomWorkflow, range(40)) if hidden(e))
    need = hidden(environment)
    assert need is not None
    listed = rule_of(Fits(need.need.argument, "enum", need.need.form), need.tool)
    found = score(Rulebook(rules=(listed,)), environment, fresh_calls(environment, count=6000, seed=1))
    assert (found.of("shape").right, found.of("shape").learned, found.wrong) == (1, 1, [])
    fewer = rule_of(Fits(need.need.argument, "enum", need.need.form[:1]), need.tool)
    assert score(Rulebook(rules=(fewer,)), environment, fresh_calls(environment, count=6000, seed=1)).wrong


def hidden(environment: RandomWorkflow) -> Any:
    """A rule that an argument is one of some values, where no schema says so, and neither that it is a text."""
    typed = {
        (rule.tool, rule.need.argument)
        for rule in environment.blueprint.rules
        if isinstance(rule.need, Shaped) and rule.need.keyword == "type"
    }
    return next(
        (
            rule
            for rule in environment.blueprint.rules
            if isinstance(rule.need, Shaped)
            and rule.need.keyword == "enum"
            and (rule.tool, rule.need.argument) in typed
        ),
        None,
    )


def rule_of(condition: Condition, tool: str) -> Rule:
    support = Support(count=9, counterexamples=(), accepted=9, refused=0)
    return Rule(
        id="made-up",
        kind="shape",
        tools=(tool,),
        condition=condition,
        sentence="As made up.",
        error_class="",
        support=support,
    )


def test_noise_and_what_befalls_calls_become_no_rules() -> None:
    environment = RandomWorkflow(4)
    noisy = learned(environment, 5000, Noise(refused=0.01, passing=0.03, accepted=0.002))
    found = score(noisy, environment, fresh_calls(environment, count=2000, seed=1))
    assert found.total.precision is not None
    assert found.total.precision >= 0.9
    befalling = {mishap.error_class for mishap in environment.blueprint.mishaps}
    assert not befalling & {rule.error_class for rule in noisy.rules}


def test_needs_speak_of_what_is_there() -> None:
    need = Within(Of("it", "hue"), ("red",))
    scene = Scene(things={"a": {"hue": "red"}, "b": {"hue": "blue"}}, shown={"a"}, done=(), arguments={"it": "a"})
    assert need.holds(scene) is True
    assert need.holds(Scene(things=scene.things, shown=scene.shown, done=(), arguments={"it": "b"})) is False
    assert need.holds(Scene(things=scene.things, shown=scene.shown, done=(), arguments={"it": "c"})) is None
    assert need.holds(Scene(things=scene.things, shown=scene.shown, done=(), arguments={})) is None
