"""Matches as a refiner is told of them: what they brought, what they are measured against, and the ones to look at."""

from __future__ import annotations

from collections.abc import Sequence

from bridle.evaluation.rewards import LOOP, MatchEnd, Reference, Rewards
from bridle.synthesis.excerpts import Room, clipped, shown

ENDS = {
    "over": "it ended by the rules",
    "limit": "a limit of the environment ended it",
    "cut": "it had not ended after so many steps and was cut: that counts as the lowest reward",
    "stuck": "nothing was legal any more, and it did not end: that counts as the lowest reward",
}

Titled = tuple[str, MatchEnd]
"""A match and what is said above it."""


def reward_lines(rewards: Rewards) -> list[str]:
    """The mean with its error, the range, how the matches ended, and the reference."""
    if rewards.mean is None:
        return ["- no match came to an end, so there is no reward"]
    count = len(rewards.values)
    lines = [
        f"- mean final reward {rewards.mean:.3f}{margin(rewards.error)} on a scale from 0 to 1, over {count} matches; "
        f"the environment's rewards go from {rewards.low:g} to {rewards.high:g}, and yours went from "
        f"{min(rewards.values):g} to {max(rewards.values):g}"
    ]
    if rewards.reference is not None:
        lines.append(reference_line(rewards.reference))
        if rewards.reference.mean > rewards.mean:
            lines.append(
                "- that is more than yours: either your choice is worse than chance, or the reward is not what it seems"
            )
    for ending in ("limit", "cut", "stuck"):
        if number := rewards.endings.get(ending, 0):
            lines.append(f"- {number} of the matches: {ENDS[ending]}")
    if rewards.loops:
        lines.append(
            f"- in {rewards.loops} of the matches the very same news came back {LOOP} times or more: perhaps a loop, "
            "or actions that change nothing"
        )
    if not rewards.worst:
        lines.append("- every match brought the highest reward")
    return lines


def reference_line(reference: Reference) -> str:
    """What a random legal player gets."""
    return (
        f"- a random legal player gets {reference.mean:.3f}{margin(reference.error)}, over {reference.matches} matches "
        "of the same scenarios"
    )


def margin(error: float | None) -> str:
    """A standard error behind its mean."""
    return "" if error is None else f" ± {error:.3f} (standard error)"


def worth_showing(rewards: Rewards | None, reference: Reference | None) -> list[Titled]:
    """The matches to look at: those of the code that went worst and one that went best, else the random player's."""
    if rewards is not None:
        titled = [(f"A match that went badly ({number})", end) for number, end in enumerate(rewards.worst, 1)]
        if rewards.best is not None and rewards.best not in rewards.worst:
            titled.append(("The match that went best", rewards.best))
        return titled
    if reference is None:
        return []
    titled = [("A random legal player's worst match", reference.worst)]
    return titled if reference.best == reference.worst else [*titled, ("Its best match", reference.best)]


def match_parts(matches: Sequence[Titled], reference: Reference | None, rules: dict[int, str], room: Room) -> list[str]:
    """The matches in paragraphs; before them the reference, where it stands alone."""
    parts = [] if reference is None else [f"### What is to be beaten\n\n{reference_line(reference)}"]
    for title, end in matches:
        times = f"; the same news came back {end.repeats} times in it" if end.repeats >= LOOP else ""
        parts.append(f"### {title}: reward {end.reward:g} after {end.steps} steps; {ENDS[end.ending]}{times}")
        if end.feedback:
            parts.append(f"What the environment said at the end: {clipped(end.feedback, room)}")
        parts.append(f"The last action (of player {end.player}): {clipped(str(end.action), room)}")
        parts.append(f"The observation before it:\n\n{shown(end.player, end.observation, rules, room)}")
    return parts
