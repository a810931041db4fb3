"""What review makes of a call: the final call that may go on, or who stopped it and why."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, NamedTuple

from bridle.errors import Failure
from bridle.runtime.conduct import Conduct
from bridle.runtime.effects import Effect
from bridle.runtime.frozen import FrozenCall, freeze, own
from bridle.runtime.rewrite import BAD_REWRITE, CHANGED_INTENT
from bridle.runtime.turn import Attempt, Condition, Escalation
from bridle.runtime.verdict import Verdict
from bridle.trace import Answerer

HARNESS_FAILED = "harness-failed"
OUTSIDE_SURFACE = "outside-surface"
ESCALATED = "escalated"
IN_DOUBT = "in-doubt"
UNSURE = "unsure"
BUDGET_SPENT = "budget-spent"
REPAIRS_SPENT = "repairs-spent"
UNEXPECTED = "unexpected"
SUSPENDED = "suspended"
"""Error classes of calls that the guard or the harness stopped. A rejection has the code that the harness gave it."""


LONGEST_FAILURE = 300
"""Characters of a failure's message that the agent and the trace are given."""


class Ruling(NamedTuple):
    """Where `final` is None the call goes no further: `answered_by` says who stopped it.

    `again` is False where the harness says that another try is not worth it.
    """

    final: FrozenCall | None
    answered_by: Answerer = "harness"
    verdict: str = ""
    rule: str = ""
    error_class: str = ""
    message: str = ""
    again: bool = True
    failure: Failure | None = None
    escalation: Escalation | None = None


def ruled(conduct: Conduct, view: Any, attempt: Attempt, seed: int) -> Generator[Effect, Any, Ruling]:
    """Review the attempt's call."""
    frozen = attempt.frozen if attempt.call is attempt.proposed else freeze(attempt.call)
    if isinstance(frozen, str):
        by: Answerer = "guard" if conduct.reviewer.reviews else "environment"
        return Ruling(None, by, error_class="schema", message=frozen)
    surface = conduct.surface
    if surface is not None and frozen.tool in conduct.by_name and not surface.holds(frozen.tool):
        return outside_surface(frozen, f"the release may not touch {frozen.tool}")
    if attempt.origin == "revision":
        return (yield from _rewritten(conduct, view, attempt, frozen, Verdict(word="rewrite", rule=attempt.rule), seed))
    word = yield from conduct.reviewer.review(view, own(frozen.call), seed)
    if isinstance(word, Failure):
        return _failed(conduct, frozen, word)
    if word.word == "accept":
        return Ruling(frozen, verdict="accept" if conduct.reviewer.reviews else "")
    if word.word == "rewrite":
        return (yield from _rewritten(conduct, view, attempt, frozen, word, seed))
    if word.word == "escalate":
        return escalated(frozen.call, word)
    return Ruling(
        None,
        verdict=word.word,
        rule=word.rule,
        error_class=word.code or "rejected",
        message=word.hint or word.rule,
        again=word.try_again,
    )


def escalated(call: Any, word: Verdict) -> Ruling:
    """The harness asks for a person."""
    missing = f"; missing: {', '.join(word.missing)}" if word.missing else ""
    why = f"the harness escalates by its rule {word.rule}{missing}"
    escalation = Escalation("harness", word.to, why, call, word.missing, rule=word.rule)
    message = f"A person is asked ({word.to or 'nobody in particular'}){missing}."
    return Ruling(
        None, verdict="escalate", rule=word.rule, error_class=ESCALATED, message=message, escalation=escalation
    )


def outside_surface(frozen: FrozenCall, why: str) -> Ruling:
    """The guard asks for a person: the release has no business with this call."""
    return stopped(frozen.call, OUTSIDE_SURFACE, "surface", why)


def stopped(call: Any, error_class: str, condition: Condition, why: str, *, message: str = "") -> Ruling:
    """The guard asks for a person for a reason of its own."""
    return Ruling(
        None,
        "guard",
        error_class=error_class,
        message=message or f"Not executed: {why}.",
        escalation=Escalation("guard", "", why, call, condition=condition),
    )


def _rewritten(
    conduct: Conduct, view: Any, attempt: Attempt, frozen: FrozenCall, word: Verdict, seed: int
) -> Generator[Effect, Any, Ruling]:
    """The rewrite in the place of what the agent proposed, where the rules allow it."""
    assert isinstance(attempt.frozen, FrozenCall), "a call that can't be frozen is never reviewed"
    rewritten = frozen.call if word.call is None else word.call
    final = yield from conduct.rewrites.check(conduct.reviewer, view, attempt.frozen, rewritten, seed)
    if isinstance(final, Failure):
        return _failed(conduct, frozen, final, word)
    return Ruling(final, verdict="rewrite", rule=word.rule)


def _failed(conduct: Conduct, frozen: FrozenCall, failure: Failure, word: Verdict | None = None) -> Ruling:
    """The harness failed: by the tool's declared way, and never an acceptance."""
    way = conduct.on_failure.get(frozen.tool, "reject")
    broke_a_rule = failure.kind in (CHANGED_INTENT, BAD_REWRITE)
    if way == "direct" and not broke_a_rule:
        return Ruling(frozen, failure=failure)
    why = f"the harness failed ({failure.kind}: {failure.message[:LONGEST_FAILURE]})"
    return Ruling(
        None,
        "guard",
        verdict="rewrite" if word is not None else "",
        rule=word.rule if word is not None else "",
        error_class=failure.kind if broke_a_rule else HARNESS_FAILED,
        message=f"Not executed: {why}.",
        failure=failure,
        escalation=Escalation("guard", "", why, frozen.call, condition="harness-failed") if way == "escalate" else None,
    )
