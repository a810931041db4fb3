"""What a learned harness is worth in front of simulated agents, on sealed scenarios."""

import ast
from collections.abc import Iterator
from pathlib import Path

import page
import pytest
from harbour import Harbour

import bridle.synthesis.learner
from bridle.agents.simulated import simulated
from bridle.environment import Environment, unsealed
from bridle.environments.enterprise.expense.environment import Expense
from bridle.evaluation import metrics
from bridle.evaluation.comparison import Comparison
from bridle.evaluation.examples import judged_calls
from bridle.evaluation.guarded import play, played, setting
from bridle.harness import Harness, Limits, Loaded
from bridle.runtime.reviewer import HarnessReviewer, Unreviewed
from bridle.sandbox import LocalSandbox
from bridle.synthesis import run
from bridle.synthesis.budget import Limit
from bridle.synthesis.learner.book import rulebook
from bridle.synthesis.learner.example import examples
from bridle.synthesis.learner.merit import Demands
from bridle.synthesis.learner.rendering import render
from bridle.synthesis.plan import Plan
from bridle.testing.environment import check_environment

pytestmark = pytest.mark.timeout(600)  # the first test of each kind waits for what is learned


def learned(environment: Environment, count: int) -> Harness:
    return render(rulebook(examples(judged_calls(environment, "train", count=count, seed=0)), Demands()))


@pytest.fixture(scope="module")
def expense() -> Harness:
    return render(page.learned())


@pytest.fixture(scope="module")
def loaded(expense: Harness) -> Iterator[Loaded]:
    with LocalSandbox(pinned=False) as sandbox:
        yield sandbox.load(expense, Limits())


@pytest.fixture(scope="module")
def comparison(expense: Harness, loaded: Loaded) -> Comparison:
    return page.compared(expense, loaded)


@pytest.fixture(scope="module")
def flipped() -> list[metrics.FlippedCall]:
    governed = render(page.learned_under("strict"))
    with LocalSandbox(pinned=False) as sandbox:
        return page.flipped(governed, sandbox.load(governed, Limits()))


def test_sealed_expenses_behind_the_learned_harness(comparison: Comparison) -> None:
    assert comparison.with_harness.proposals >= 1000
    episodes = comparison.with_harness.episodes
    valid, accepted = metrics.valid_action_rate(episodes), metrics.false_acceptance(episodes)
    withheld, gain = metrics.wrongly_withheld(episodes), comparison.gain(seed=1)
    assert valid is not None
    assert valid.value >= 0.97
    assert accepted is not None
    assert accepted.value <= 0.02
    assert withheld is not None
    assert withheld.value <= 0.02
    assert gain is not None
    assert gain.low > 0
    intent = metrics.changed_intent(episodes)
    assert intent is not None
    assert intent.value == 0
    assert sum(metrics.decisions(episodes).values()) > 1000


def test_a_laxer_policy_finds_nothing_in_its_way(flipped: list[metrics.FlippedCall]) -> None:
    leakage = metrics.authority_leakage(flipped)
    assert leakage is not None
    assert leakage.n >= 1000
    assert -0.01 <= leakage.low <= 0 <= leakage.high <= 0.01
    assert not any(call.refused for call in flipped if call.newly_permitted)


def test_denials_in_training_were_there_to_be_learned_from() -> None:
    rows = page.governed_rows("strict", count=2500)
    denied = [row for row in rows if row.error_class == "policy_denied"]
    assert len(denied) >= 10
    assert any(
        call["error"]["class"] == "policy_denied" for row in rows for call in row.view["calls"] if not call["ok"]
    )
    with_them, without = (
        render(rulebook(examples(given), Demands())) for given in (rows, [row for row in rows if row not in denied])
    )
    assert with_them == without


def test_the_page_shows_what_is_learned(
    expense: Harness, comparison: Comparison, flipped: list[metrics.FlippedCall]
) -> None:
    text = page.PAGE.read_text("utf-8")
    parts = {"figures": page.table(comparison, flipped), "harness": page.block(expense)}
    assert page.renewed(text, parts) == text, "renew it with  python tests/learner/page.py"


def test_the_facade_that_a_search_is_handed_changes_nothing() -> None:
    rows = judged_calls(unsealed(Expense()), "train", count=600, seed=0)
    assert rows == judged_calls(Expense(), "train", count=600, seed=0)


def test_the_plug_in_keeps_the_contract() -> None:
    assert list(check_environment(Harbour()).findings) == []


def test_a_workflow_with_other_words_is_learned_all_the_same() -> None:
    environment = Harbour()
    harness = learned(environment, 9000)
    agents = simulated(environment)
    with LocalSandbox(pinned=False) as sandbox:
        loaded = sandbox.load(harness, Limits())
        behind = played(play(setting(environment, agents, HarnessReviewer(harness)), page.SEALED, loaded, episodes=20))
    alone = played(play(setting(environment, agents, Unreviewed()), page.SEALED, episodes=20))
    valid, raw = metrics.valid_action_rate(behind), metrics.valid_action_rate(alone)
    withheld, gain = metrics.wrongly_withheld(behind), metrics.completion_gain(behind, alone, seed=1)
    assert raw is not None
    assert raw.value < 0.7
    assert valid is not None
    assert valid.value >= 0.95
    assert withheld is not None
    assert withheld.value <= 0.02
    assert gain is not None
    assert gain.low > 0


def test_the_learner_speaks_of_no_environment() -> None:
    """No noun of any workflow stands in the learner's code."""
    nouns = ("expense", "request", "receipt", "reimburse", "ticket", "pot", "ship", "berth", "approve", "draft")
    for path in Path(bridle.synthesis.learner.__path__[0]).glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            strings = [node.value] if isinstance(node, ast.Constant) and isinstance(node.value, str) else []
            names = [node.id] if isinstance(node, ast.Name) else []
            for text in [*names, *(text for text in strings if "\n" not in text and " " not in text)]:
                assert text not in nouns, (path.name, text)


@pytest.mark.slow
def test_a_search_mends_what_one_induction_missed(tmp_path: Path) -> None:
    """Failures in play become examples: the tree gets better until a node is confirmed, without a model call."""
    plan = Plan(
        environment=None,
        objective="workflow",
        model="rules",
        selector="greedy",
        steps=100,
        target=0.99,
        strict=False,
        plateau=4,
        examples=900,
        limit=Limit(iterations=8),
    )
    outcome = run.start(plan, tmp_path / "run", environment=Harbour(), executor="inline")
    first = outcome.tree[1]
    assert outcome.stop == "target"
    assert outcome.best.h > first.h > 0.8
    assert outcome.best.confirmed
    assert outcome.spent["calls"] == 0
