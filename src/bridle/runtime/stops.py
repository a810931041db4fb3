"""The guard's own reasons against a final call that review let through: structural, and none is about authority."""

from __future__ import annotations

from typing import TypeGuard, cast

from bridle.runtime.conduct import Conduct
from bridle.runtime.frozen import FrozenCall
from bridle.runtime.recovery import NOT_REPEATED, in_doubt
from bridle.runtime.ruling import (
    BUDGET_SPENT,
    IN_DOUBT,
    SUSPENDED,
    UNEXPECTED,
    UNSURE,
    Ruling,
    outside_surface,
    stopped,
)
from bridle.runtime.tally import Tally, unexpected
from bridle.runtime.turn import Attempt, Carry, Doubt


def suspended(why: str) -> Ruling:
    """The session waits for a person, who has been asked: nothing is reviewed and nobody is asked again."""
    message = f"Not executed: this session waits for a person ({why})."
    return Ruling(None, "guard", error_class=SUSPENDED, message=message, again=False)


def spent(conduct: Conduct, tally: Tally) -> str:
    """Why the session has to wait for a person after this escalation; empty where it does not."""
    if conduct.escalations is not None and tally.escalated >= conduct.escalations:
        return f"its {conduct.escalations} escalations are spent"
    return ""


def stop(
    conduct: Conduct, carry: Carry, tally: Tally, attempt: Attempt, final: FrozenCall, doubts: tuple[Doubt, ...]
) -> Ruling | None:
    """Why the final call is not put to the policy engine; None where nothing speaks against it.

    `tally` is the session's with what this turn has executed already.
    """
    if conduct.surface is not None and (why := conduct.surface.outside(final.tool, final.arguments)):
        return outside_surface(final, why)
    confidence = attempt.confidence
    if conduct.confidence and confidence is not None and not (_number(confidence) and confidence >= conduct.confidence):
        shown = f"{confidence:g}" if _number(confidence) else "no number from 0 to 1"
        why = f"the agent's own confidence is {shown}, and {conduct.confidence:g} is asked for"
        return stopped(final.call, UNSURE, "confidence", why)
    if conduct.calls is not None and tally.executed >= conduct.calls:
        return stopped(final.call, BUDGET_SPENT, "budget", f"the {conduct.calls} calls of this session are spent")
    if why := unexpected(conduct.expected, tally, carry.readings):
        return stopped(final.call, UNEXPECTED, "metric", why)
    if in_doubt(conduct, doubts, final.call):
        why = "the outcome of the same call is unknown"
        return stopped(final.call, IN_DOUBT, "in-doubt", why, message=NOT_REPEATED)
    return None


def _number(confidence: object) -> TypeGuard[float]:
    """Whether what was stated is a confidence at all; 40 is none, whatever was meant by it."""
    return type(confidence) in (int, float) and 0 <= cast(float, confidence) <= 1
