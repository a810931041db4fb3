"""After a call failed: what the harness says to do, within the bounds of the turn and of what may be repeated."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, NamedTuple

from bridle.environment import Observation
from bridle.errors import Failure
from bridle.runtime.conduct import Conduct
from bridle.runtime.effects import Effect, Refusal
from bridle.runtime.ruling import escalated
from bridle.runtime.turn import Attempt, Doubt, Escalation
from bridle.runtime.verdict import Verdict
from bridle.trace import UNKNOWN_OUTCOME, TraceStep, parts, strings

NOT_REPEATED = "Its outcome is unknown and it can't be repeated safely: find out what it did first."
SPENT = "The automatic retries of this turn are spent."


class Onward(NamedTuple):
    """How a turn goes on after a failure: with another attempt, or to its end with what the agent is told.

    `word` and `rule` are the harness's, empty where it was not asked or failed.
    """

    attempt: Attempt | None = None
    note: Refusal | None = None
    failure: Failure | None = None
    escalation: Escalation | None = None
    word: str = ""
    rule: str = ""


def onward(
    conduct: Conduct, observation: Observation, attempt: Attempt, failed: TraceStep, made: int, seed: int
) -> Generator[Effect, Any, Onward]:
    """Ask the harness about the `failed` call; `made` calls were already made in this turn."""
    call: Any = failed.call
    error = {"class": failed.error_class, "message": failed.message}
    talk = conduct.reviewer.recover(observation.view, call, error, seed)
    if talk is None:
        return Onward()
    word = yield from talk
    if isinstance(word, Failure):
        return Onward(failure=word)
    return _bounded(conduct, attempt, failed, made, word)._replace(word=word.word, rule=word.rule)


def _bounded(conduct: Conduct, attempt: Attempt, failed: TraceStep, made: int, word: Verdict) -> Onward:
    """What of the harness's word is carried out."""
    call: Any = failed.call
    if word.word == "escalate":
        return Onward(escalation=escalated(call, word).escalation)
    again = _attempt(attempt, call, word)
    if again is None:
        return Onward(note=Refusal(call, _told(word)))
    if unknown_outcome(failed) and not repeatable(conduct, call):
        return Onward(note=Refusal(call, NOT_REPEATED))
    if made > conduct.retries:
        return Onward(note=Refusal(call, f"{_told(word)} {SPENT}".strip()))
    return Onward(attempt=again)


def unknown_outcome(step: TraceStep) -> bool:
    """Whether nobody knows if the executed call took effect.

    An inapplicable call took none, nor did one that failed with `transient`. Any other error of an applicable one, also
    of a class that nobody here has heard of, leaves it open.
    """
    if step.error_class in UNKNOWN_OUTCOME:
        return True
    return step.legal is True and step.error_class not in ("", "transient")


def repeatable(conduct: Conduct, call: Any) -> bool:
    """Whether the call may be made again while its outcome is unknown; what nobody declared may not."""
    name, arguments = parts(call)
    tool = conduct.by_name.get(name)
    return tool is not None and isinstance(arguments, dict) and tool.repeatable(arguments)


def doubt(conduct: Conduct, observation: Observation, step: TraceStep) -> Doubt | None:
    """The doubt that a call of unknown outcome leaves; None where it leaves none."""
    if step.decision is None or not isinstance(step.call, dict):
        return None
    if not unknown_outcome(step) or repeatable(conduct, step.call):
        return None
    return Doubt(step.call, frozenset(strings(step.call.get("arguments"))) & _known(observation))


def remaining(doubts: tuple[Doubt, ...], observation: Observation) -> tuple[Doubt, ...]:
    """The doubts that are still open: a doubt ends when everything that its call named has been seen anew."""
    known = _known(observation) if doubts else frozenset()
    return tuple(doubt for doubt in doubts if not doubt.named or not doubt.named <= known)


def in_doubt(conduct: Conduct, doubts: tuple[Doubt, ...], call: dict[str, Any]) -> bool:
    """Whether this call, or one that is the same to the policy, is of unknown outcome."""
    return any(conduct.mapping.same_act(doubt.call, call) for doubt in doubts)


def _attempt(attempt: Attempt, call: Any, word: Verdict) -> Attempt | None:
    if word.word == "retry" and word.after == 0:
        return Attempt(attempt.proposed, call, "retry")
    if word.word == "revise" and word.call is not None:
        return Attempt(attempt.proposed, word.call, "revision", word.rule)
    return None


def _told(word: Verdict) -> str:
    if word.word == "retry":
        return f"Try it again after {word.after} further steps." if word.after else ""
    return word.hint or word.rule


def _known(observation: Observation) -> frozenset[str]:
    """Ids of the resources that the view shows."""
    view = observation.view
    shown = view.get("resources") if isinstance(view, dict) else None
    return frozenset(shown) if isinstance(shown, dict) else frozenset()
