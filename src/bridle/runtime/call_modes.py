"""One turn of a tool-calling agent, as a generator of effects: what the lockstep rollout and the guard both drive.

    propose → review → rewrite rules → schema → surface → authorise the final call → execute
                 ↑                                                                      │ failed
                 └───────────────── on_error: retry, or revise ─────────────────────────┘

The order is fixed here and nowhere else. Which mode it is depends on the reviewer: a harness in front of an agent
(verifier), a harness alone (policy), nobody, or a perfect probe. A harness is never asked about a denial.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from typing import Any, NamedTuple, cast

from bridle.authorization import Decision
from bridle.environment import Observation, Step
from bridle.errors import Failure
from bridle.runtime.conduct import Conduct
from bridle.runtime.effects import Authorise, Effect, Execute, Mode, Observe, Refusal, Withhold
from bridle.runtime.frozen import FrozenCall, freeze
from bridle.runtime.recovery import NOT_REPEATED, Onward, doubt, in_doubt, onward, remaining
from bridle.runtime.ruling import HARNESS_FAILED, IN_DOUBT, Ruling, outside_surface, ruled
from bridle.runtime.turn import Attempt, CallTurn, Carry, Doubt, Escalation
from bridle.trace import POLICY_DENIED, TraceStep


class Passage(NamedTuple):
    """One call's way through the layers. `step` is None where the environment has not heard of it."""

    record: TraceStep
    ruling: Ruling
    step: Step | None = None

    @property
    def failed(self) -> bool:
        """Whether the environment answered with an error, and the episode goes on."""
        record = self.record
        reached = record.answered_by == "environment" and record.call is not None
        return reached and bool(record.error_class) and self.step is not None and not self.step.over


def call_turn(observation: Observation, conduct: Conduct, carry: Carry = Carry(), *, seed: int = 0) -> Mode:
    """One proposal and all that is done on its behalf; returns a `CallTurn`.

    The agent is asked once. A refused proposal ends the turn with `step` None and the next turn asks again, with the
    reason, until `conduct.attempts` are spent; then the environment is told that the turn brought nothing.
    """
    reviewer = conduct.reviewer
    proposed = yield from reviewer.propose(observation, carry.refusals, seed)
    if isinstance(proposed, Failure):
        passage = _unproposed(conduct, proposed)
        return (yield from _stopped(conduct, carry, passage, carry.doubts))
    attempt = Attempt(proposed, proposed, reviewer.origin)
    doubts = remaining(conduct, carry.doubts, observation)
    passages: list[Passage] = []
    while True:
        passage = yield from _passage(conduct, observation, attempt, doubts, seed)
        passages.append(passage)
        new = doubt(conduct, observation, passage.record)
        doubts += () if new is None else (new,)
        if not passage.failed:
            then = Onward()
            break
        observation = cast(Observation, (yield Observe()))
        then = yield from onward(conduct, observation, attempt, passage.record, len(passages), seed)
        passages[-1] = passage._replace(record=replace(passage.record, recovery=then.word, recovery_rule=then.rule))
        if then.attempt is None:
            break
        attempt = then.attempt
    if len(passages) == 1 and passage.step is None:
        return (yield from _stopped(conduct, carry, passage, doubts))
    return _over(passages, then, doubts)


def _passage(
    conduct: Conduct, observation: Observation, attempt: Attempt, doubts: tuple[Doubt, ...], seed: int
) -> Generator[Effect, Any, Passage]:
    """Review the attempt's call, and let what comes of it through, or not."""
    ruling = yield from ruled(conduct, observation.view, attempt, seed)
    final = ruling.final
    if final is None and ruling.answered_by == "environment":
        step = cast(Step, (yield Withhold(attempt.call, ruling.error_class, ruling.message)))
        return Passage(_record(conduct, attempt, ruling, legal=False), ruling, step)
    if final is None:
        return Passage(_record(conduct, attempt, ruling), ruling)
    record = _record(conduct, attempt, ruling, call=final)
    fit = conduct.fits(final.call)
    if not fit:
        step = cast(Step, (yield Withhold(final.call, fit.error_class, fit.feedback)))
        return Passage(replace(record, legal=False, error_class=fit.error_class, message=fit.feedback), ruling, step)
    stop = _stop(conduct, final, doubts)
    if stop is not None:
        stop = stop._replace(verdict=ruling.verdict, rule=ruling.rule, failure=ruling.failure)
        return Passage(_record(conduct, attempt, stop), stop)
    return (yield from _authorised(final, record, ruling))


def _authorised(final: FrozenCall, record: TraceStep, ruling: Ruling) -> Generator[Effect, Any, Passage]:
    """Ask the policy engine about the final call, and execute it on a permit only."""
    decision = cast(Decision, (yield Authorise(final.call)))
    if not decision.permits:
        message = denial_message(decision)
        step = cast(Step, (yield Withhold(final.call, POLICY_DENIED, message)))
        record = replace(record, answered_by="policy", decision=decision, error_class=POLICY_DENIED, message=message)
        return Passage(record, ruling, step)
    step = cast(Step, (yield Execute(final.call)))
    record = replace(
        record,
        decision=decision,
        legal=step.legal,
        result=step.result,
        error_class=step.error_class,
        message=step.feedback if step.error_class else "",
    )
    return Passage(record, ruling, step)


def denial_message(decision: Decision) -> str:
    """What the agent is told of a call that was not permitted."""
    if decision.outcome == "deny":
        return f"Denied by policy: {'; '.join(decision.reasons)}. Asking again changes nothing."
    return "The policy engine gave no decision; the call was not executed."


def _stop(conduct: Conduct, final: FrozenCall, doubts: tuple[Doubt, ...]) -> Ruling | None:
    """The guard's own reasons against a final call: outside the release's surface, or of an outcome still unknown."""
    if conduct.surface is not None and (why := conduct.surface.outside(final.tool, final.arguments)):
        return outside_surface(final, why)
    if in_doubt(conduct, doubts, final.call):
        escalation = Escalation("guard", "", "the outcome of the same call is unknown", final.call)
        return Ruling(None, "guard", error_class=IN_DOUBT, message=NOT_REPEATED, escalation=escalation)
    return None


def _record(
    conduct: Conduct, attempt: Attempt, ruling: Ruling, *, call: FrozenCall | None = None, legal: bool | None = None
) -> TraceStep:
    """The trace of a call as far as review; `call` is the final one where there is one."""
    stopped = call is None
    if call is not None and call.call == attempt.proposed:
        proposed: FrozenCall | str = call
    else:
        proposed = freeze(attempt.proposed)
    return TraceStep(
        proposed=attempt.proposed,
        call=None if call is None else call.call,
        answered_by=ruling.answered_by if stopped else "environment",
        verdict=ruling.verdict,
        rule=ruling.rule,
        legal=legal,
        error_class=ruling.error_class if stopped else "",
        message=ruling.message if stopped else "",
        proposed_digest=proposed.digest if isinstance(proposed, FrozenCall) else "",
        call_digest="" if call is None else call.digest,
        harness=conduct.reviewer.digest,
        origin=attempt.origin,
    )


def _unproposed(conduct: Conduct, failure: Failure) -> Passage:
    """A harness that acts alone failed to propose."""
    message = f"No call: the harness failed ({failure.kind})."
    ruling = Ruling(None, "guard", error_class=HARNESS_FAILED, message=message, failure=failure)
    return Passage(_record(conduct, Attempt("", "", conduct.reviewer.origin), ruling), ruling)


def _stopped(
    conduct: Conduct, carry: Carry, passage: Passage, doubts: tuple[Doubt, ...]
) -> Generator[Effect, Any, CallTurn]:
    """The proposal got nowhere: ask the agent again next turn, or end this one where that is not worth it."""
    ruling, action = passage.ruling, passage.record.proposed
    refusals: tuple[Refusal, ...] = (*carry.refusals, Refusal(action, ruling.message))
    attempts = carry.attempts + 1
    spent = attempts >= conduct.attempts
    escalation = ruling.escalation
    step: Step | None = None
    if spent or escalation is not None or not ruling.again:
        step = cast(Step, (yield Withhold(action, ruling.error_class, ruling.message)))
        refusals, attempts = refusals[-1:], 0
    if spent and escalation is None:
        why = f"{conduct.attempts} proposals in a row were refused; the last: {ruling.message}"
        escalation = Escalation("guard", "", why, action)
    failures = () if ruling.failure is None else (ruling.failure,)
    return CallTurn((passage.record,), step, Carry(refusals, attempts, doubts), failures, escalation)


def _over(passages: list[Passage], then: Onward, doubts: tuple[Doubt, ...]) -> CallTurn:
    """The environment or the policy engine answered; what the agent has to know besides goes into its next proposal."""
    last = passages[-1]
    notes: tuple[Refusal, ...] = () if then.note is None else (then.note,)
    if last.step is None:
        notes += (Refusal(last.record.proposed, last.ruling.message),)
    failures = [p.ruling.failure for p in passages if p.ruling.failure is not None]
    step = next(p.step for p in reversed(passages) if p.step is not None)
    return CallTurn(
        tuple(p.record for p in passages),
        step,
        Carry(notes, 0, doubts),
        tuple(failures) + (() if then.failure is None else (then.failure,)),
        last.ruling.escalation or then.escalation,
    )
