"""What the parent must never accept, whatever a worker sends: the oracles of answers."""

from __future__ import annotations

import math

from bridle.errors import Blame
from bridle.harness import Limits
from bridle.sandbox.attacks.attack import Answer, Attempt

MAX_DEPTH = 64
FORGED = "reply"
"""The kind of failure that disqualifies a harness."""

_LARGEST = 2**53 - 1


def misjudged(attempt: Attempt, limits: Limits) -> list[str]:
    """What the parent accepted, blamed or suffered that it should not have, in words."""
    found = []
    if attempt.raised is not None:
        found.append(f"the parent raised {type(attempt.raised).__name__}: {attempt.raised}")
    if attempt.seconds > attempt.bound:
        found.append(f"held its caller for {attempt.seconds:.1f} s, more than {attempt.bound:.1f}")
    for failure in attempt.failures:
        if failure.blame is not Blame.HARNESS:
            found.append(f"is blamed on the {failure.blame}: {failure.message}")
    if attempt.killed:
        found.append("its worker died as if killed from outside")
    for answer in attempt.answers:
        wrong = ill_formed(answer, limits)
        if wrong:
            found.append(f"was accepted with {wrong}")
    rules = attempt.rules
    if rules is not None and not (
        isinstance(rules, dict) and all(type(text) is str for pair in rules.items() for text in pair)
    ):
        found.append("was accepted with rules that are no sentences")
    return found


def ill_formed(answer: Answer, limits: Limits) -> str:
    """In what way an accepted reply is not a value of its kind; empty if it is."""
    if answer.reply.failure is not None:
        return "a value beside a failure" if answer.reply.value is not None else ""
    value = answer.reply.value
    if answer.kind == "bool":
        return "" if type(value) is bool else f"a {type(value).__name__} for a bool"
    if answer.kind == "text":
        if type(value) is not str:
            return f"a {type(value).__name__} for text"
        return _text(value, limits)
    return _json(value, limits)


def _text(value: str, limits: Limits) -> str:
    try:
        size = len(value.encode())
    except UnicodeEncodeError:
        return "text that is not Unicode"
    return f"{size} bytes" if size > limits.reply_bytes else ""


def _json(value: object, limits: Limits) -> str:
    """By levels, without recursion."""
    level: list[object] = [value]
    for _ in range(MAX_DEPTH + 1):
        below: list[object] = []
        for inner in level:
            wrong = _scalar(inner, limits)
            if wrong:
                return wrong
            if isinstance(inner, dict):
                if not all(type(key) is str for key in inner):
                    return "a key that is no text"
                below += [*inner, *inner.values()]
            elif isinstance(inner, list):
                below += inner
        if not below:
            return ""
        level = below
    return "JSON that is nested too deeply"


def _scalar(value: object, limits: Limits) -> str:
    if type(value) is str:
        return _text(value, limits)
    if type(value) is int:
        return "an integer that JSON does not carry" if abs(value) > _LARGEST else ""
    if type(value) is float:
        return "" if math.isfinite(value) else "a number that is none"
    return "" if value is None or type(value) in (bool, list, dict) else f"a {type(value).__name__} in JSON"


def failing(attempt: Attempt) -> str | None:
    """For attacks that the parent must refuse somewhere: the loading or a call has to fail."""
    return None if attempt.failures else "was not refused"


def refused(attempt: Attempt) -> str | None:
    """For attacks that must not get a single answer accepted: the loading or the first call has to fail."""
    if attempt.refused is not None or (attempt.answers and attempt.answers[0].reply.failure is not None):
        return None
    return "was not refused"


def disqualified(attempt: Attempt) -> str | None:
    """For forged replies: they are recognised as such, and from then on no answer is accepted any more."""
    if attempt.refused is not None:
        return None
    kinds = [None if answer.reply.failure is None else answer.reply.failure.kind for answer in attempt.answers]
    if FORGED not in kinds:
        return "was not recognised"
    return None if set(kinds[kinds.index(FORGED) :]) == {FORGED} else "was trusted again after a forged reply"
