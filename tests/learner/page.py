"""What docs/rule-learner.md shows, made anew. Renew the page with  python tests/learner/page.py"""

from __future__ import annotations

import re
from pathlib import Path

from bridle.environments.enterprise.expense.environment import Expense
from bridle.evaluation.comparison import RATES, Comparison, cedar, compare
from bridle.evaluation.examples import telling_calls
from bridle.evaluation.flip import flip_scenarios, flipped_calls
from bridle.evaluation.judged import Row
from bridle.evaluation.metrics import FlippedCall, authority_leakage
from bridle.harness import Harness, Limits, Loaded
from bridle.rollout import Trial
from bridle.sandbox import LocalSandbox
from bridle.statistics import Estimate
from bridle.synthesis.learner.book import rulebook
from bridle.synthesis.learner.example import examples
from bridle.synthesis.learner.merit import Demands
from bridle.synthesis.learner.rendering import render
from bridle.synthesis.learner.rule import Rulebook
from bridle.testing.governed import Governed

PAGE = Path(__file__).parents[2] / "docs" / "rule-learner.md"
SEALED = Trial(split="sealed", lanes=10, steps=100_000, seed=3)
EPISODES = 24
"""Episodes in each of the ten lanes."""


def learned() -> Rulebook:
    """What the first node of `bridle synthesize enterprise/expense --model rules` is made from."""
    rows = telling_calls(Expense(), "train", count=12_000, seed=0)
    return rulebook(examples(rows), Demands())


def governed_rows(policy: str, *, count: int) -> list[Row]:
    """Judged calls of agents at work under a policy: what it denies is a rejection, and stands in the views."""
    return telling_calls(Governed(Expense(), cedar(Expense(), policy)), "train", count=count, seed=0)


def learned_under(policy: str) -> Rulebook:
    return rulebook(examples(governed_rows(policy, count=12_000)), Demands())


def compared(harness: Harness, loaded: Loaded) -> Comparison:
    return compare(Expense(), harness, loaded, profile="small", policy="strict", trial=SEALED, episodes=EPISODES)


def flipped(harness: Harness, loaded: Loaded) -> list[FlippedCall]:
    environment = Expense()
    return flipped_calls(
        environment,
        harness,
        loaded,
        strict=cedar(environment, "strict"),
        lax=cedar(environment, "lax"),
        scenarios=flip_scenarios(environment, episodes=200, offset=7919),
        seed=1,
    )


def table(comparison: Comparison, calls: list[FlippedCall]) -> str:
    lines = ["| | no harness | rule learner's | perfect probe |", "|---|---|---|---|"]
    for name, rate in RATES.items():
        cells = " | ".join(said(rate(condition.episodes)) for condition in comparison.conditions)
        lines.append(f"| {name} | {cells} |")
    proposals = " | ".join(str(condition.proposals) for condition in comparison.conditions)
    lines += [
        f"| proposals | {proposals} |",
        "",
        f"Completion gained over no harness: {said(comparison.gain(seed=1))}. Share of the headroom: "
        f"{said(comparison.headroom(seed=1))}. Authority leakage: {said(authority_leakage(calls))}, of "
        f"{sum(call.newly_permitted for call in calls)} newly permitted calls; on sealed templates alone "
        f"{said(authority_leakage([call for call in calls if call.sealed]))}.",
    ]
    return "\n".join(lines)


def said(estimate: Estimate | None) -> str:
    return "no data" if estimate is None else f"{estimate.value:.3f} [{estimate.low:.3f}, {estimate.high:.3f}]"


def block(harness: Harness) -> str:
    return f"<!-- not run: the rule learner wrote it -->\n```python\n{harness.source}```"


def renewed(text: str, parts: dict[str, str]) -> str:
    """The page's text with what stands between `<!-- NAME -->` and `<!-- end NAME -->` replaced."""
    for name, part in parts.items():
        pattern = re.compile(rf"(<!-- {name} -->\n).*?(\n<!-- end {name} -->)", re.DOTALL)
        text, count = pattern.subn(lambda match, part=part: f"{match[1]}\n{part}\n{match[2]}", text)  # type: ignore[misc]
        assert count == 1, f"{PAGE} has no place for the {name}"
    return text


if __name__ == "__main__":
    harness, governed = render(learned()), render(learned_under("strict"))
    with LocalSandbox(pinned=False) as sandbox:
        comparison = compared(harness, sandbox.load(harness, Limits()))
        figures = table(comparison, flipped(governed, sandbox.load(governed, Limits())))
    PAGE.write_text(renewed(PAGE.read_text("utf-8"), {"figures": figures, "harness": block(harness)}), "utf-8")
