"""The critic: turns failed steps into consolidated feedback, deterministically.

One example for each cause, with its count; the rules of the game once; of each observation the latest part, cut at the
front and never silently; the environment's own sentence and the exact action beside both verdicts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from bridle.evaluation.evidence import Evidence
from bridle.rollout import FailedStep

EXAMPLES = 5
"""At most this many failed steps are shown (the paper's figure)."""

OBSERVATION_CHARS = 6000
"""The most of one observation that is shown: its end."""

KINDS = {
    "illegal-accepted": "your propose_action returned an illegal action, and your is_legal_action accepted it",
    "illegal-refused": "your propose_action returned an illegal action, which your own is_legal_action refused",
    "refused-legal": "your propose_action returned a legal action, but your is_legal_action refused it",
    "foreign-accepted": "your is_legal_action accepted an action of another player that is illegal",
    "foreign-refused": "your is_legal_action refused an action of another player that is legal",
    "crash-propose": "your propose_action failed",
    "crash-check": "your is_legal_action failed",
    "crash-load": "your module could not be loaded",
    "invalid-executed": "your review_call let a call through that the environment did not accept",
    "wrongly-refused": "your review_call refused a call that the environment would have accepted",
    "needless-escalation": "your review_call asked for a person about a call that the environment would have accepted",
    "bad-rewrite": "your review_call rewrote a call in a way that is not allowed, so nothing was executed",
    "crash-review": "your review_call failed, so nothing was executed",
    "crash-on-error": "your on_error failed",
    "environment": "the environment itself failed here: not your code's fault",
}

ENDINGS = {
    "planned": "played all planned steps",
    "illegal": "ended at an illegal action",
    "crash": "ended because the code failed",
    "environment": "given up because the environment failed",
    "no-legal-action": "found no start that offers a legal action",
    "load": "never started: the module could not be loaded",
}


@dataclass(frozen=True, kw_only=True)
class Cause:
    """Failed steps that look alike: one to show, and how many there are."""

    example: FailedStep
    count: int


@dataclass(frozen=True, kw_only=True)
class Feedback:
    """What the refiner is told. `text` is Markdown in which everything from the environment is fenced as data."""

    text: str
    causes: tuple[Cause, ...] = field(default=())


def criticise(evidence: Evidence | None, *, starts: Sequence[tuple[int, Any]] = ()) -> Feedback:
    """The feedback on a node. `starts` are sample observations (player, view) for a refiner that has seen none."""
    causes = consolidate(evidence.failures) if evidence is not None else ()
    rules = shared_openings([cause.example for cause in causes], starts)
    parts = [score(evidence)] if evidence is not None else []
    for player, opening in sorted(rules.items()):
        parts.append(f"### How every observation of player {player} begins\n\n{fence(opening)}")
    for number, (player, view) in enumerate(starts, 1):
        parts.append(f"### Sample observation {number} (player {player} to move)\n\n{shown(player, view, rules)}")
    for number, cause in enumerate(causes, 1):
        parts.append(described(number, cause, rules))
    return Feedback(text="\n\n".join(parts), causes=causes)


def consolidate(failures: Sequence[FailedStep]) -> tuple[Cause, ...]:
    """One example for each cause, rarest kinds not crowded out: kinds take turns, then causes by count."""
    groups: dict[tuple[str, ...], list[FailedStep]] = {}
    for failure in failures:
        groups.setdefault(cause_key(failure), []).append(failure)
    queues: dict[str, list[Cause]] = {}
    for key, members in sorted(groups.items(), key=lambda item: -len(item[1])):
        queues.setdefault(key[0], []).append(Cause(example=members[0], count=len(members)))
    chosen: list[Cause] = []
    while len(chosen) < EXAMPLES and any(queues.values()):
        for kind in sorted(queues):
            if queues[kind] and len(chosen) < EXAMPLES:
                chosen.append(queues[kind].pop(0))
    return tuple(chosen)


def cause_key(failure: FailedStep) -> tuple[str, ...]:
    """What makes failures alike: kind, the sentence's and the action's shape, and the place in the code."""
    place = "" if failure.failure is None else f"{failure.failure.kind}@{failure.failure.line}"
    message = "" if failure.failure is None else failure.failure.message
    return failure.kind, shape(failure.feedback), shape(text_of(failure.action)), place, shape(message)


def shape(text: str) -> str:
    """The text with words and numbers made alike."""
    return re.sub(r"[A-Za-z]+", "a", re.sub(r"\d+", "9", text))[:200]


def score(evidence: Evidence) -> str:
    """H with its denominator, and how every lane ended."""
    counts = evidence.counts
    lines = (
        [guarded_score(evidence)]
        if "reached" in counts
        else [
            f"H = {evidence.h:.4f}: {counts['legal']} legal of {counts['attempted']} attempted actions; "
            f"{counts['planned']} were planned."
        ]
    )
    lines += [
        f"- {number} of the parallel episodes {ENDINGS.get(end, end)}" for end, number in evidence.endings.items()
    ]
    if evidence.disagrees:
        lines.append(f"- is_legal_action refused {counts['wrong_refusals']} of your own actions that were legal")
    if evidence.reward is not None:
        lines.append(
            f"- mean final reward {evidence.reward:.3f} on a scale from 0 to 1, over {counts['rewarded']} games"
        )
    return "\n".join(lines)


def guarded_score(evidence: Evidence) -> str:
    """H of agents behind the harness, with all that it is made of."""
    counts = evidence.counts
    return (
        f"H = {evidence.h:.4f}: {counts['legal']} of {counts['reached']} calls that reached the environment were "
        "valid; "
        f"{counts['wrongly_withheld']} of {counts['wanted']} applicable proposals were refused; "
        f"{counts['completed']} of {counts['episodes']} episodes were completed, behind a perfect check "
        f"{counts['reference_completed']} of {counts['reference_episodes']}. "
        f"Of {counts['attempted']} proposals {counts['refused']} were refused and {counts['rewritten']} rewritten."
    )


def described(number: int, cause: Cause, rules: dict[int, str]) -> str:
    """One cause: what went wrong, how often, and the example."""
    step = cause.example
    lines = [f"### Problem {number}: {KINDS.get(step.kind, step.kind)} ({cause.count} such)"]
    if step.failure is not None:
        lines.append(f"Failure: {fence(str(step.failure))}")
    if step.action is not None:
        lines.append(f"The exact action: {fence(text_of(step.action))}")
    if step.feedback:
        lines.append(f"What the environment said: {fence(step.feedback)}")
    if step.observation is not None:
        where = f"episode step {step.place[2]}, player {step.player} to move"
        lines.append(f"The observation ({where}):\n\n{shown(step.player, step.observation, rules)}")
    return "\n\n".join(lines)


def shared_openings(examples: Sequence[FailedStep], starts: Sequence[tuple[int, Any]]) -> dict[int, str]:
    """For each player the lines with which all shown observations begin: the rules, printed once."""
    views: dict[int, list[list[str]]] = {}
    seen = [(e.player, e.observation) for e in examples if e.observation is not None] + list(starts)
    for player, view in seen:
        views.setdefault(player, []).append(text_of(view).split("\n"))
    openings = {}
    for player, texts in views.items():
        shared = 0
        while all(shared < len(t) - 1 and t[shared] == texts[0][shared] for t in texts) and len(texts) > 1:
            shared += 1
        opening = "\n".join(texts[0][:shared])
        if len(opening) > 200:
            openings[player] = opening
    return openings


def shown(player: int, view: Any, rules: dict[int, str]) -> str:
    """An observation: without the opening that was printed once, and only its end where it is long."""
    text = text_of(view)
    note = ""
    opening = rules.get(player, "")
    if opening and text.startswith(opening):
        text, note = text[len(opening) :].lstrip("\n"), "(after the opening above)\n"
    if len(text) > OBSERVATION_CHARS:
        cut = text.find("\n", len(text) - OBSERVATION_CHARS)
        cut = cut if cut >= 0 else len(text) - OBSERVATION_CHARS
        note = f"(only the end is shown: {cut} characters of history come before it)\n"
        text = text[cut:].lstrip("\n")
    return note + fence(text)


def text_of(value: Any) -> str:
    """Text as it is, anything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=1)


def fence(text: str) -> str:
    """The text between markers that it can't close itself: data, not instructions."""
    ticks = "~" * max(3, max((len(run) for run in re.findall(r"~+", text)), default=0) + 1)
    return f"\n{ticks}text\n{text}\n{ticks}"
