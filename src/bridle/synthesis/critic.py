"""The critic: turns failed steps into consolidated feedback, deterministically.

One example for each cause, with its count, and no kind of failure crowding out another; the rules of the game once;
each observation once, and of a long one the latest part, cut at the front, between its messages where it has any, and
never silently; the environment's own sentence and the exact action beside both verdicts; and what was tried, so that a
clean score says what it is about.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from bridle.evaluation.causes import cause_key, text_of
from bridle.evaluation.evidence import Evidence
from bridle.evaluation.judged import STRATA
from bridle.evaluation.rewards import Reference
from bridle.evaluation.variety import DRAWS
from bridle.rollout import FailedStep
from bridle.synthesis.excerpts import FULL, Room, clipped, fence, shared_openings, shown
from bridle.synthesis.matches import match_parts, reward_lines, worth_showing

EXAMPLES = 5
"""At most this many failed steps are shown (the paper's figure), where there are no quotas."""

QUOTAS: Mapping[str, int] = {"own failures": 5, "false acceptances": 4, "false rejections": 4, "crashes": 3}
"""How many failed steps of each group are shown; of a kind that belongs to none, `OTHERS`."""

OTHERS = 2

GROUPS: Mapping[str, str] = {
    "illegal-accepted": "own failures",
    "illegal-refused": "own failures",
    "invalid-executed": "false acceptances",
    "foreign-accepted": "false acceptances",
    "refused-legal": "false rejections",
    "foreign-refused": "false rejections",
    "wrongly-refused": "false rejections",
    "needless-escalation": "false rejections",
    "crash-propose": "crashes",
    "crash-check": "crashes",
    "crash-load": "crashes",
    "crash-review": "crashes",
    "crash-on-error": "crashes",
}

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
    "timid": "where several actions are legal, your propose_action shows too few of them",
    "undecidable": "nobody can tell this from the observation: the same observation and action were legal in one game "
    "and illegal in another; it is not counted",
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
    """Failed steps that look alike: one to show, how many there are, and further ones where there is room."""

    example: FailedStep
    count: int
    further: tuple[FailedStep, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Feedback:
    """What the refiner is told. `text` is Markdown in which everything from the environment is fenced as data."""

    text: str
    causes: tuple[Cause, ...] = field(default=())


def criticise(
    evidence: Evidence | None,
    *,
    starts: Sequence[tuple[int, Any]] = (),
    quotas: Mapping[str, int] | None = None,
    reference: Reference | None = None,
    room: Room = FULL,
) -> Feedback:
    """The feedback on a node.

    `starts` are sample observations (player, view) for a refiner that has seen none, and `reference` is what a random
    legal player gets, where rewards count. `quotas` say how many failed steps of each group are shown (`QUOTAS`);
    without them it is `EXAMPLES` altogether. Where `room` is less than full, the last paragraph says what was left out.
    """
    failures = evidence.failures if evidence is not None else ()
    causes = consolidate(failures, quotas=quotas, share=room.share)
    # Legality comes first: as long as steps fail, no match is worth the room.
    matches = [] if causes else worth_showing(evidence.rewards if evidence is not None else None, reference)
    matches = matches[: places(len(matches), room.share)]
    steps = [step for cause in causes for step in (cause.example, *cause.further)]
    seen = [(one.player, one.observation) for one in steps if one.observation is not None]
    rules = shared_openings([*seen, *starts, *((end.player, end.observation) for _, end in matches)], room)
    parts = [score(evidence)] if evidence is not None else []
    for player, opening in sorted(rules.items()):
        parts.append(f"### How every observation of player {player} begins\n\n{fence(opening)}")
    for number, (player, view) in enumerate(starts, 1):
        parts.append(f"### Sample observation {number} (player {player} to move)\n\n{shown(player, view, rules, room)}")
    told: dict[str, int] = {}
    for number, cause in enumerate(causes, 1):
        parts.append(described(number, cause, rules, told, room))
    if hidden := sum(step.count for step in failures) - sum(cause.count for cause in causes):
        parts.append(f"{hidden} more failed steps, of other causes, are not shown here.")
    parts += match_parts(matches, reference, rules, room)
    if room != FULL:
        parts.append(room.note)
    return Feedback(text="\n\n".join(parts), causes=causes)


def consolidate(
    failures: Sequence[FailedStep], *, quotas: Mapping[str, int] | None = None, share: float = 1.0
) -> tuple[Cause, ...]:
    """One example for each cause, rarest kinds not crowded out: kinds take turns, then causes by count.

    With `quotas`, each group has places of its own, filled up with further examples of its causes. What the environment
    is to blame for comes last, if there is room. `share` is the share of the places that may be used.
    """
    alike: dict[tuple[str, ...], list[FailedStep]] = {}
    for failure in failures:
        alike.setdefault(cause_key(failure), []).append(failure)
    causes = [Cause(example=m[0], count=sum(step.count for step in m), further=tuple(m[1:])) for m in alike.values()]
    queues: dict[str, list[Cause]] = {}
    for cause in sorted(causes, key=lambda cause: -cause.count):
        queues.setdefault(cause.example.kind, []).append(cause)
    last = [queues.pop(ENVIRONMENT)] if ENVIRONMENT in queues else []
    if quotas is None:
        chosen = [*in_turn([queues[kind] for kind in sorted(queues)]), *in_turn(last)]
        return tuple(replace(cause, further=()) for cause in chosen[: places(EXAMPLES, share)])
    groups: dict[str, list[list[Cause]]] = {}
    for kind in sorted(queues, key=lambda kind: (list(GROUPS).index(kind) if kind in GROUPS else len(GROUPS), kind)):
        groups.setdefault(GROUPS.get(kind, kind), []).append(queues[kind])
    if last:
        groups[ENVIRONMENT] = last
    filled = [filled_up(in_turn(kinds), places(quotas.get(group, OTHERS), share)) for group, kinds in groups.items()]
    return tuple(cause for group in filled for cause in group)


def places(most: int, share: float) -> int:
    """How many of so many places may be used: at least one."""
    return max(1, round(most * share))


def in_turn(queues: Sequence[Sequence[Cause]]) -> list[Cause]:
    """The first of each, then the second of each, and so on."""
    longest = max(map(len, queues), default=0)
    return [queue[place] for place in range(longest) for queue in queues if place < len(queue)]


def filled_up(causes: Sequence[Cause], most: int) -> list[Cause]:
    """As many causes as there are places; where there are more places, further examples of the causes, in turn."""
    chosen = causes[:most]
    left = most - len(chosen)
    taken = [0] * len(chosen)
    for depth in range(1, 1 + max((len(cause.further) for cause in chosen), default=0)):
        for number, cause in enumerate(chosen):
            if left and len(cause.further) >= depth:
                taken[number], left = depth, left - 1
    return [replace(cause, further=cause.further[:n]) for cause, n in zip(chosen, taken, strict=True)]


def score(evidence: Evidence) -> str:
    """H with its denominator, how every lane ended, and what was tried."""
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
    if faults := counts.get("faults", 0):
        lines.append(f"- the environment itself failed {faults} times: not your code's fault, and not counted")
    if evidence.disagrees:
        lines.append(f"- is_legal_action refused {counts['wrong_refusals']} of your own actions that were legal")
    if evidence.rewards is not None:
        lines += reward_lines(evidence.rewards)
    elif evidence.reward is not None:
        lines.append(
            f"- mean final reward {evidence.reward:.3f} on a scale from 0 to 1, over {counts['rewarded']} games"
        )
    return "\n".join(lines + coverage(counts))


def coverage(counts: Mapping[str, int]) -> list[str]:
    """What the check was asked about and how varied the proposer was, where that was measured."""
    if "judged_states" not in counts:
        return []
    strata = "; ".join(f"{counts[f'right_{name}']} right of {counts[f'rows_{name}']} {name}" for name in STRATA)
    lines = [
        f"- your is_legal_action was asked about actions of other players in {counts['judged_states']} states of "
        f"{counts['judged_games']} games: {strata} ones"
    ]
    if needed := counts["varied_needed"]:
        lines.append(
            f"- your propose_action was asked {DRAWS} times in each of {counts['positions']} positions, and showed "
            f"{counts['varied']} of the {needed} different legal actions that are asked for there"
        )
    lines.append("- H is the legal share of your own actions × the worst share in these rows × (1 + variety) ÷ 2")
    if unasked := counts["unasked"]:
        lines.append(f"- your is_legal_action is too slow: it was not asked about {unasked} more, which count as wrong")
    if undecidable := counts["undecidable"]:
        lines.append(f"- {undecidable} actions can't be told from the observation (hidden information): not counted")
    return lines


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


def described(number: int, cause: Cause, rules: dict[int, str], seen: dict[str, int], room: Room) -> str:
    """One cause: what went wrong, how often, and its examples. `seen` holds which problem showed an observation."""
    kind = cause.example.kind
    parts = [f"### Problem {number}: {KINDS.get(kind, kind)} ({cause.count} such)"]
    parts += example(number, cause.example, rules, seen, room)
    for step in cause.further:
        parts += ["Another one:", *example(number, step, rules, seen, room)]
    return "\n\n".join(parts)


def example(number: int, step: FailedStep, rules: dict[int, str], seen: dict[str, int], room: Room) -> list[str]:
    """One failed step, in paragraphs."""
    lines = []
    if step.failure is not None:
        lines.append(f"Failure: {clipped(str(step.failure), room)}")
    if step.action is not None:
        lines.append(f"The exact action: {clipped(text_of(step.action), room)}")
    if step.feedback:
        who = "What was seen" if step.kind == "timid" else "What the environment said"
        lines.append(f"{who}: {clipped(step.feedback, room)}")
    if step.observation is not None:
        view = text_of(step.observation)
        where = f"episode step {step.place[2]}, player {step.player} to move"
        if view in seen:
            lines.append(f"The observation ({where}) is the one in problem {seen[view]}.")
        else:
            seen[view] = number
            lines.append(f"The observation ({where}):\n\n{shown(step.player, step.observation, rules, room)}")
    return lines
