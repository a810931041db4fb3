"""One turn of a tool-calling agent, as a generator of effects: what the lockstep rollout and the guard both drive.

    propose → review → rewrite rules → key → schema → the guard's own stops → authorise the final call → execute
                 ↑                                                                                      │ failed
                 └─────────────────────── on_error: retry, or revise ────────────────────────────────────┘

The order is fixed here and nowhere else. Which mode it is depends on the reviewer: a harness in front of an agent
(verifier), one that first offers the agent what it may choose from (filter), a harness alone (policy), nobody, or a
perfect probe. A harness is never asked about a denial.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from typing import Any, NamedTuple, cast

from bridle.authorization import Decision
from bridle.environment import Observation, Step
from bridle.errors import Failure
from bridle.runtime.compensation import offered
from bridle.runtime.conduct import Conduct
from bridle.runtime.effects import Abandoned, Authorise, Effect, Execute, Mode, Observe, Proposal, Refusal, Withhold
from bridle.runtime.frozen import FrozenCall, freeze, taken
from bridle.runtime.keys import keyed
from bridle.runtime.recovery import Onward, doubt, onward, remaining, settled
from bridle.runtime.reviewer import Reviewer, Unreviewed
from bridle.runtime.ruling import HARNESS_FAILED, REPAIRS_SPENT, Ruling, ruled, stopped
from bridle.runtime.stops import spent, stop, suspended
from bridle.runtime.turn import SUSPENDING, Attempt, CallTurn, Carry, Doubt, Escalation
from bridle.trace import POLICY_DENIED, TraceStep

ABANDONED = "The call was abandoned while it ran: nobody knows whether it took effect."
"""What is known of a call whose execution nobody waited for."""


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


class Progress:
    """What a turn has come to so far, kept where it survives that the turn is abandoned."""

    def __init__(self, conduct: Conduct, carry: Carry, doubts: tuple[Doubt, ...]) -> None:
        """At its start."""
        self.conduct, self.carry, self.doubts = conduct, carry, doubts
        self.passages: list[Passage] = []

    @property
    def records(self) -> tuple[TraceStep, ...]:
        """The trace so far."""
        return tuple(passage.record for passage in self.passages)

    def add(self, passage: Passage, observation: Observation) -> None:
        """Note one call, with the doubt that it leaves or ends."""
        self.passages.append(passage)
        new = doubt(self.conduct, observation, passage.record)
        self.doubts = settled(self.conduct, self.doubts, passage.record) + (() if new is None else (new,))


def call_turn(
    observation: Observation,
    conduct: Conduct,
    carry: Carry = Carry(),
    *,
    seed: int = 0,
    proposal: Proposal | None = None,
) -> Mode:
    """One proposal and all that is done on its behalf; returns a `CallTurn`.

    The agent, or a harness that acts alone, is asked once, where no `proposal` is stated beforehand. A refused proposal
    ends the turn with `step` None and the next turn asks again, with the reason, until `conduct.attempts` are spent;
    then the environment is told that the turn brought nothing.
    """
    progress = Progress(conduct, carry, remaining(conduct, carry.doubts, observation))
    try:
        return (yield from _turn(observation, progress, proposal, seed))
    except Abandoned:
        failures = tuple(p.ruling.failure for p in progress.passages if p.ruling.failure is not None)
        return _ended(progress, CallTurn(progress.records, None, carry._replace(doubts=progress.doubts), failures))


def _turn(
    observation: Observation, progress: Progress, proposal: Proposal | None, seed: int
) -> Generator[Effect, Any, CallTurn]:
    conduct, reviewer = progress.conduct, progress.conduct.reviewer
    if progress.carry.suspended and reviewer.origin == "agent":
        asking: Reviewer = Unreviewed()  # A harness that looks for choices would review them.
    else:
        asking = reviewer
    proposed = proposal or (yield from asking.propose(observation, progress.carry.refusals, seed))
    if isinstance(proposed, Failure):
        progress.passages.append(_unproposed(conduct, proposed))
        return (yield from _stopped(progress))
    said = proposed if isinstance(proposed, Proposal) else Proposal(proposed, None, reviewer.origin)
    action, frozen = taken(said.action)
    attempt = Attempt(action, frozen, action, said.origin, confidence=said.confidence)
    while True:
        passage = yield from _passage(progress, observation, attempt, seed)
        progress.add(passage, observation)
        if not passage.failed:
            then = Onward()
            break
        observation = cast(Observation, (yield Observe()))
        then = yield from onward(conduct, observation, attempt, passage.record, len(progress.passages), seed)
        record = replace(passage.record, recovery=then.word, recovery_rule=then.rule)
        progress.passages[-1] = passage._replace(record=record)
        if then.attempt is None:
            break
        attempt = then.attempt
    if len(progress.passages) == 1 and passage.step is None:
        return (yield from _stopped(progress))
    return _over(progress, then)


def _passage(
    progress: Progress, observation: Observation, attempt: Attempt, seed: int
) -> Generator[Effect, Any, Passage]:
    """Review the attempt's call, and let what comes of it through, or not."""
    conduct = progress.conduct
    if progress.carry.suspended:
        ruling = suspended(progress.carry.suspended)
        return Passage(_record(conduct, attempt, ruling), ruling)
    ruling = yield from ruled(conduct, observation.view, attempt, seed)
    final = ruling.final
    if final is None and ruling.answered_by == "environment":
        step = cast(Step, (yield Withhold(attempt.call, ruling.error_class, ruling.message)))
        return Passage(_record(conduct, attempt, ruling, legal=False), ruling, step)
    if final is None:
        return Passage(_record(conduct, attempt, ruling), ruling)
    final = keyed(conduct.by_name.get(final.tool), conduct.session, observation, attempt.call, final)
    record = _record(conduct, attempt, ruling, call=final)
    fit = conduct.fits(final.call)
    if not fit:
        step = cast(Step, (yield Withhold(final.call, fit.error_class, fit.feedback)))
        return Passage(replace(record, legal=False, error_class=fit.error_class, message=fit.feedback), ruling, step)
    halted = _halted(progress, attempt, ruling, final)
    if halted is not None:
        halted = halted._replace(verdict=ruling.verdict, rule=ruling.rule, failure=ruling.failure)
        return Passage(_record(conduct, attempt, halted), halted)
    return (yield from _authorised(final, record, ruling))


def _halted(progress: Progress, attempt: Attempt, ruling: Ruling, final: FrozenCall) -> Ruling | None:
    """What stops a call that review let through: the turn's repairs are spent, or one of the guard's own reasons."""
    conduct, records = progress.conduct, progress.records
    repaired = sum(record.verdict == "rewrite" and record.call is not None for record in records)
    if ruling.verdict == "rewrite" and repaired >= conduct.repairs:
        why = f"the harness would change it once more, and {conduct.repairs} repairs are all that a turn has"
        return stopped(final.call, REPAIRS_SPENT, "attempts", why)
    tally = progress.carry.tally.counted(records, escalated=False) if records else progress.carry.tally
    return stop(conduct, progress.carry, tally, attempt, final, progress.doubts)


def _authorised(final: FrozenCall, record: TraceStep, ruling: Ruling) -> Generator[Effect, Any, Passage]:
    """Ask the policy engine about the final call, and execute it on a permit only."""
    decision = cast(Decision, (yield Authorise(final.call)))
    if not decision.permits:
        message = denial_message(decision)
        step = cast(Step, (yield Withhold(final.call, POLICY_DENIED, message)))
        record = replace(record, answered_by="policy", decision=decision, error_class=POLICY_DENIED, message=message)
        return Passage(record, ruling, step)
    try:
        step = cast(Step, (yield Execute(final.call)))
    except Abandoned:
        step = Step(legal=True, feedback=ABANDONED, error_class="timeout", truncated=True)
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
        return f"Denied by policy: {'; '.join(decision.reasons) or 'no matching permit'}. Asking again changes nothing."
    return "The policy engine gave no decision; the call was not executed."


def _record(
    conduct: Conduct, attempt: Attempt, ruling: Ruling, *, call: FrozenCall | None = None, legal: bool | None = None
) -> TraceStep:
    """The trace of a call as far as review; `call` is the final one where there is one."""
    stopped = call is None
    return TraceStep(
        proposed=attempt.proposed,
        call=None if call is None else call.call,
        answered_by=ruling.answered_by if stopped else "environment",
        verdict=ruling.verdict,
        rule=ruling.rule,
        legal=legal,
        error_class=ruling.error_class if stopped else "",
        message=ruling.message if stopped else "",
        proposed_digest=attempt.frozen.digest if isinstance(attempt.frozen, FrozenCall) else "",
        call_digest="" if call is None else call.digest,
        harness=conduct.reviewer.digest,
        origin=attempt.origin,
    )


def _unproposed(conduct: Conduct, failure: Failure) -> Passage:
    """A harness that acts alone failed to propose."""
    message = f"No call: the harness failed ({failure.kind})."
    ruling = Ruling(None, "guard", error_class=HARNESS_FAILED, message=message, failure=failure)
    return Passage(_record(conduct, Attempt("", message, "", conduct.reviewer.origin), ruling), ruling)


def _stopped(progress: Progress) -> Generator[Effect, Any, CallTurn]:
    """The proposal got nowhere: ask the agent again next turn, or end this one where that is not worth it."""
    conduct, carry, passage = progress.conduct, progress.carry, progress.passages[-1]
    ruling, action = passage.ruling, passage.record.proposed
    refusals: tuple[Refusal, ...] = (*carry.refusals, Refusal(action, ruling.message))
    attempts = carry.attempts + 1
    spent = attempts >= conduct.attempts and not carry.suspended
    escalation = ruling.escalation
    step: Step | None = None
    if spent or escalation is not None or not ruling.again:
        step = cast(Step, (yield Withhold(action, ruling.error_class, ruling.message)))
        refusals, attempts = refusals[-1:], 0
    if spent and escalation is None:
        why = f"{conduct.attempts} proposals in a row were refused; the last: {ruling.message}"
        escalation = Escalation("guard", "", why, action, condition="attempts", rule=ruling.rule)
    failures = () if ruling.failure is None else (ruling.failure,)
    carry = carry._replace(refusals=refusals, attempts=attempts, doubts=progress.doubts)
    return _ended(progress, CallTurn((passage.record,), step, carry, failures, escalation))


def _over(progress: Progress, then: Onward) -> CallTurn:
    """The environment or the policy engine answered; what the agent has to know besides goes into its next proposal."""
    passages = progress.passages
    last = passages[-1]
    notes: tuple[Refusal, ...] = () if then.note is None else (then.note,)
    if last.step is None:
        notes += (Refusal(last.record.proposed, last.ruling.message),)
    failures = [p.ruling.failure for p in passages if p.ruling.failure is not None]
    step = next(p.step for p in reversed(passages) if p.step is not None)
    turn = CallTurn(
        progress.records,
        step,
        progress.carry._replace(refusals=notes, attempts=0, doubts=progress.doubts),
        tuple(failures) + (() if then.failure is None else (then.failure,)),
        last.ruling.escalation or then.escalation,
    )
    return _ended(progress, turn)


def _ended(progress: Progress, turn: CallTurn) -> CallTurn:
    """The turn with its escalation complete, counted, and the session suspended where it has to be."""
    conduct, escalation = progress.conduct, turn.escalation
    tally = turn.carry.tally.counted(turn.records, escalated=escalation is not None)
    carry = turn.carry._replace(tally=tally)
    if escalation is None:
        return turn._replace(carry=carry)
    if escalation.condition in SUSPENDING:
        carry = carry._replace(suspended=escalation.why)
    else:
        carry = carry._replace(suspended=carry.suspended or spent(conduct, tally))
    return turn._replace(carry=carry, escalation=_complete(conduct, escalation, turn.records[-1], carry.suspended))


def _complete(conduct: Conduct, escalation: Escalation, record: TraceStep, waiting: str) -> Escalation:
    """With what only the whole turn knows: whom the guard asks, the digests, and how to undo what may have happened."""
    frozen = freeze(escalation.call)
    happened = escalation.condition == "in-doubt"
    otherwise = escalation.otherwise
    if happened:
        otherwise = "The call is not made again; whether it took effect the first time stays unknown."
    if waiting:
        otherwise += " No further call of this session is executed until it is resumed."
    return escalation._replace(
        to=escalation.to or (conduct.addressee if escalation.by == "guard" else ""),
        otherwise=otherwise,
        undo=offered(conduct.by_name, escalation.call) if happened else None,
        harness=record.harness,
        call_digest=frozen.digest if isinstance(frozen, FrozenCall) else "",
    )
