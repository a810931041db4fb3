"""The critic: turns failed steps into consolidated feedback, deterministically.

One example for each cause, with its count; the rules of the game once; of each observation the latest part, cut at the
front, between its messages where it has any, and never silently; the environment's own sentence and the exact action
beside both verdicts.
"""

from __future__ import annotations

import json
import os.path
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from bridle.evaluation.evidence import Evidence
from bridle.rollout import FailedStep

EXAMPLES = 5
"""At most this many failed steps are shown (the paper's figure)."""

OBSERVATION_CHARS = 6000
"""The most of one observation that is shown: its end. Also the most of what all observations begin with."""

TEXT_CHARS = 2000
"""The most of an action, a sentence or a failure that is shown: its beginning and its end."""

MESSAGE = re.compile(r"\[[A-Za-z]{3,}[\w ]*\]")
"""How a message begins in many environments' histories: `[GAME]`, `[Player 1]`."""

ENVIRONMENT = "environment"
"""The kind of failed step that nobody's code is to blame for."""

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
    ENVIRONMENT: "the environment itself failed here: not your code's fault",
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
    if hidden := (len(evidence.failures) if evidence is not None else 0) - sum(cause.count for cause in causes):
        parts.append(f"{hidden} more failed steps, of other causes, are not shown here.")
    return Feedback(text="\n\n".join(parts), causes=causes)


def consolidate(failures: Sequence[FailedStep]) -> tuple[Cause, ...]:
    """One example for each cause, rarest kinds not crowded out: kinds take turns, then causes by count.

    What the environment is to blame for comes last, if there is room.
    """
    groups: dict[tuple[str, ...], list[FailedStep]] = {}
    for failure in failures:
        groups.setdefault(cause_key(failure), []).append(failure)
    queues: dict[str, list[Cause]] = {}
    for key, members in sorted(groups.items(), key=lambda item: -len(item[1])):
        queues.setdefault(key[0], []).append(Cause(example=members[0], count=len(members)))
    chosen: list[Cause] = []
    for kinds in (sorted(queues.keys() - {ENVIRONMENT}), [ENVIRONMENT]):
        while any(queues.get(kind) for kind in kinds):
            chosen += [queues[kind].pop(0) for kind in kinds if queues.get(kind)]
    return tuple(chosen[:EXAMPLES])


def cause_key(failure: FailedStep) -> tuple[str, ...]:
    """What makes failures alike: kind, what was said, how the action is spelled, and the place in the code."""
    action = text_of(failure.action)
    broke = failure.failure
    place = "" if broke is None else f"{broke.kind}@{broke.line} {said(broke.message, action)}"
    return failure.kind, said(failure.feedback, action), spelling(action), place


def said(sentence: str, action: str) -> str:
    """A sentence without what differs from case to case: the action itself, what stands in quotes, numbers."""
    for spelled in {action, action.strip("[] ")} - {""}:
        sentence = re.sub(rf"(?<!\w){re.escape(spelled)}(?!\w)", "…", sentence)
    sentence = re.sub(r"'[^']*'|\"[^\"]*\"", "…", sentence)
    return re.sub(r"\w*\d\w*", "9", sentence)[:TEXT_CHARS]


def spelling(action: str) -> str:
    """The action with words and numbers made alike."""
    return re.sub(r"[A-Za-z]+", "a", re.sub(r"\d+", "9", action))[:200]


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
        lines.append(f"Failure: {clipped(str(step.failure))}")
    if step.action is not None:
        lines.append(f"The exact action: {clipped(text_of(step.action))}")
    if step.feedback:
        lines.append(f"What the environment said: {clipped(step.feedback)}")
    if step.observation is not None:
        where = f"episode step {step.place[2]}, player {step.player} to move"
        lines.append(f"The observation ({where}):\n\n{shown(step.player, step.observation, rules)}")
    return "\n\n".join(lines)


def shared_openings(examples: Sequence[FailedStep], starts: Sequence[tuple[int, Any]]) -> dict[int, str]:
    """For each player the messages with which all shown observations begin: the rules, printed once."""
    views: dict[int, list[str]] = {}
    seen = [(e.player, e.observation) for e in examples if e.observation is not None] + list(starts)
    for player, view in seen:
        views.setdefault(player, []).append(text_of(view))
    openings = {}
    for player, texts in views.items():
        shared = os.path.commonprefix(texts)
        ends = set.intersection(*(set(seams(text)) for text in texts))
        end = max((place for place in ends if place <= min(len(shared), OBSERVATION_CHARS)), default=0)
        if len(texts) > 1 and end > 200:
            openings[player] = shared[:end]
    return openings


def seams(text: str) -> list[int]:
    """Where an observation can be cut: before its messages, else after its empty lines, else before the keys of JSON."""
    starts = [0, *(match.end() for match in re.finditer("\n", text))]
    messages = [start for start in starts if MESSAGE.match(text, start)]
    after_empty = [start for start in starts if text[:start].endswith("\n\n")]
    return messages or after_empty or [start for start in starts if text.startswith(' "', start)]


def shown(player: int, view: Any, rules: dict[int, str]) -> str:
    """An observation: without the opening that was printed once, and only its end where it is long."""
    text, notes = text_of(view), []
    opening = rules.get(player, "")
    if opening and text.startswith(opening):
        text = text[len(opening) :]
        notes.append("(after the opening above)\n")
    if len(text) > OBSERVATION_CHARS:
        first = len(text) - OBSERVATION_CHARS
        lines = [match.end() for match in re.finditer("\n", text[: first + OBSERVATION_CHARS // 2])]
        cut = min(place for place in [*seams(text), len(text)] if place >= first)
        if cut == len(text):  # one message longer than all that can be shown: cut between its lines, if they are short
            cut = min((place for place in lines if place >= first), default=first)
        notes.append(f"(only the end is shown: {cut} characters of history come before it)\n")
        text = text[cut:]
    return "".join(notes) + fence(text)


def clipped(text: str) -> str:
    """A text between markers; of a long one the beginning and the end, saying so."""
    if len(text) <= TEXT_CHARS:
        return fence(text)
    half = TEXT_CHARS // 2
    left_out = len(text) - 2 * half
    return f"({left_out} characters between its beginning and its end are left out)\n{fence(text[:half])}\n…\n{fence(text[-half:])}"


def text_of(value: Any) -> str:
    """Text as it is, anything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=1)


def fence(text: str) -> str:
    """The text between markers that it can't close itself: data, not instructions."""
    ticks = "~" * max(3, max((len(run) for run in re.findall(r"~+", text)), default=0) + 1)
    return f"\n{ticks}text\n{text}\n{ticks}"
