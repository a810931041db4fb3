"""What a harness's rules do in an environment: which come up, on which calls, and what was copied from observations."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, TypeAlias

from bridle.agents.planner import Planning
from bridle.agents.simulated import simulated
from bridle.environment import Environment, Split
from bridle.errors import UsageError
from bridle.evaluation.examples import judged_calls
from bridle.evaluation.guarded import play, played, setting
from bridle.evaluation.judged import Row
from bridle.evaluation.lint import Finding, rule_lines, triggers
from bridle.harness import Call, Harness, Loaded, Reply
from bridle.rollout import Trial
from bridle.runtime.reviewer import HarnessReviewer
from bridle.runtime.verdict import Verdict, defines, recovery_verdict, review_verdict, rules_of
from bridle.trace import POLICY_DENIED, strings

BATCH = 100
"""Calls in one round trip to the sandbox."""

MISHAPS = ("transient", "internal", "timeout", POLICY_DENIED)
"""How applicable calls fail; a service may deny one by itself, whatever the guard's policy engine permits."""

REPEATED = 5
"""Times that a call has failed before, in some of the views."""

SENTENCE = 3
"""Words from which on a text in an observation is somebody's sentence."""


Question: TypeAlias = tuple[str, Any, tuple[Any, ...]]
"""A function of the harness, the view, and what else it is given."""


class Exercise(NamedTuple):
    """How often a rule stopped or changed an inapplicable call and an applicable one, and spoke after an error.

    `escalated` counts the applicable calls about which it asked a person: no row knows whether one was needed, so that
    speaks neither for the rule nor against it.
    """

    inapplicable: int = 0
    applicable: int = 0
    after_error: int = 0
    escalated: int = 0

    @property
    def total(self) -> int:
        """How often it came up."""
        return self.inapplicable + self.applicable + self.after_error + self.escalated


def exercise(
    environment: Environment, harness: Harness, loaded: Loaded, *, rows: int, episodes: int, seed: int
) -> dict[str, Exercise]:
    """How often each rule came up, on judged calls of the train split, after errors of such, and in guarded episodes.

    Raises:
        UsageError: the environment is none of tool calls.
    """
    if environment.contract.name != "tool-call" or harness.contract.name != "tool-call":
        raise UsageError(f"Rules come up in tool calls, and {environment.name} has none; lint the harness by itself.")
    found = {rule: Exercise() for rule in rules_of(harness)}
    judged = judged_calls(environment, "train", count=rows, seed=seed)
    for row, verdict in _reviewed(harness, loaded, judged):
        if verdict.rule in found:
            count = "inapplicable" if not row.legal else "escalated" if verdict.word == "escalate" else "applicable"
            seen = found[verdict.rule]
            found[verdict.rule] = seen._replace(**{count: getattr(seen, count) + 1})
    after = Counter(verdict.rule for _, verdict in _after_errors(harness, loaded, judged))
    if isinstance(environment, Planning):
        after += _recovered(environment, harness, loaded, episodes=episodes, seed=seed)
    return {rule: seen._replace(after_error=after[rule]) for rule, seen in found.items()}


def lint_in_play(environment: Environment, harness: Harness, exercised: Mapping[str, Exercise]) -> list[Finding]:
    """What the exercise shows, and texts that stand in the environment's observations."""
    lines = rule_lines(ast.parse(harness.source))
    found = [*_by_rule(exercised, lines), *_copied(harness, _sentences(environment))]
    return sorted(found, key=lambda finding: (finding.line, finding.kind, finding.message))


def _by_rule(exercised: Mapping[str, Exercise], lines: Mapping[str, int]) -> Iterator[Finding]:
    for rule, seen in exercised.items():
        if not seen.total:
            yield Finding(
                kind="never-exercised",
                line=lines.get(rule, 1),
                rule=rule,
                message="This rule came up in none of the calls that were tried, and after no error.",
                instead="Take it out, or show a scenario in which it is needed.",
            )
        elif seen.applicable and not seen.inapplicable and not seen.after_error:
            yield Finding(
                kind="only-refuses-legal",
                line=lines.get(rule, 1),
                rule=rule,
                message=f"This rule stopped or changed {seen.applicable} applicable calls and no other.",
                instead="Take it out, or narrow it to what the environment refuses.",
            )


def _copied(harness: Harness, sentences: str) -> Iterator[Finding]:
    """Texts that the code decides by and that stand in a sentence of an observation: of a word or two, too."""
    for line, text in triggers(harness):
        if 2 <= len(text.split()) < SENTENCE and text.lower() in sentences:
            yield Finding(
                kind="copied-text",
                line=line,
                message=f"It decides by words that stand in an observation: {text[:60]!r}.",
                instead="Decide by an error's class, a state or a declared value.",
            )


def _sentences(environment: Environment, split: Split = "train", scenarios: int = 20) -> str:
    """What people wrote: the tasks, and the sentences of errors and results in the views of some episodes."""
    found: list[str] = []
    for row in judged_calls(environment, split, count=40 * scenarios, seed=0):
        if isinstance(row.view, dict):
            said = [row.view.get("task", ""), row.view.get("calls", [])[-1:]]
            found += [text.lower() for text in strings(said) if len(text.split()) >= SENTENCE]
    return "\n".join(dict.fromkeys(found))


def _reviewed(harness: Harness, loaded: Loaded, rows: list[Row]) -> Iterator[tuple[Row, Verdict]]:
    """The harness's verdict on each row's call; rows on which it failed say nothing of its rules."""
    rules = rules_of(harness)
    asked = [row for row in rows if isinstance(row.action, dict)]
    questions: list[Question] = [("review_call", row.view, (row.action,)) for row in asked]
    for row, reply in zip(asked, _answers(harness, loaded, questions), strict=True):
        verdict = reply.failure or review_verdict(reply.value, rules)
        if isinstance(verdict, Verdict):
            yield row, verdict


def _after_errors(harness: Harness, loaded: Loaded, rows: list[Row]) -> Iterator[tuple[Row, Verdict]]:
    """Its word after each row's call has failed: as the environment refused it, or as services fail; once and again."""
    rules = rules_of(harness)
    asked: list[Row] = []
    questions: list[Question] = []
    for number, row in enumerate(rows):
        if not isinstance(row.action, dict) or not isinstance(row.view, dict):
            continue
        if not {"tool", "arguments"} <= row.action.keys():
            continue
        kind = row.error_class if not row.legal else MISHAPS[number % len(MISHAPS)]
        error = {"class": kind, "message": row.feedback}
        failed = {**row.action, "ok": False, "error": error}
        times = REPEATED if number % 5 == 0 else 1
        view = {**row.view, "calls": [*row.view.get("calls", ()), *[failed] * times]}
        asked.append(row)
        questions.append(("on_error", view, (row.action, error)))
    for row, reply in zip(asked, _answers(harness, loaded, questions), strict=True):
        verdict = reply.failure or recovery_verdict(reply.value, rules)
        if isinstance(verdict, Verdict):
            yield row, verdict


def _answers(harness: Harness, loaded: Loaded, questions: list[Question]) -> Iterator[Reply]:
    """A reply to each question, with the view normalised first where the harness has a way to."""
    normalises = defines(harness, "normalise_view")
    for start in range(0, len(questions), BATCH):
        batch = questions[start : start + BATCH]
        views = [view for _, view, _ in batch]
        if normalises:
            views = [reply.value for reply in loaded.batch([Call("normalise_view", (view,)) for view in views])]
        yield from loaded.batch(
            [Call(function, (view, *others)) for (function, _, others), view in zip(batch, views, strict=True)]
        )


def _recovered(environment: Environment, harness: Harness, loaded: Loaded, *, episodes: int, seed: int) -> Counter[str]:
    """How often each rule spoke after an error, while a simulated agent works behind the harness."""
    lanes = max(1, min(4, episodes))
    trial = Trial(split="train", lanes=lanes, steps=100_000, seed=seed)
    agents = simulated(environment, "small")
    lanes_played = play(
        setting(environment, agents, HarnessReviewer(harness)), trial, loaded, episodes=-(-episodes // lanes)
    )
    return Counter(
        assessed.step.recovery_rule
        for episode in played(lanes_played)
        for assessed in episode.steps
        if assessed.step.recovery_rule
    )
