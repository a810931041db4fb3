"""After a call failed: what the harness says to do, within the bounds of the turn and of what may be repeated."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from typing import Any, NamedTuple, cast

from bridle.environment import Observation
from bridle.errors import Failure
from bridle.runtime.conduct import Conduct
from bridle.runtime.effects import Effect, Refusal
from bridle.runtime.frozen import FrozenCall, own
from bridle.runtime.keys import key_argument, same_key, without_key
from bridle.runtime.ruling import escalated
from bridle.runtime.tally import was_executed
from bridle.runtime.turn import Attempt, Doubt, Escalation
from bridle.runtime.verdict import Verdict
from bridle.trace import UNKNOWN_OUTCOME, Tool, ToolEffect, TraceStep, parts, resources, strings

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
    error = {"class": failed.error_class, "message": failed.message}
    talk = conduct.reviewer.recover(observation.view, own(cast(dict[str, Any], failed.call)), error, seed)
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
        asked = escalated(call, word)
        return Onward(note=Refusal(call, asked.message), escalation=asked.escalation)
    again = _attempt(conduct, attempt, call, word)
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
    """The doubt that a call of unknown outcome leaves; None where it leaves none.

    One that carries its idempotency key leaves one too: the same act under another key would be done twice.
    """
    if step.decision is None or not isinstance(step.call, dict) or not unknown_outcome(step):
        return None
    return _doubted(conduct, observation, step.call, len(_calls(observation)) + 1)


def unanswered(
    conduct: Conduct, observation: Observation, handed: Sequence[FrozenCall], records: Iterable[TraceStep]
) -> tuple[Doubt, ...]:
    """The doubts that a turn leaves whose caller got no answer: whoever makes its calls again knows of none of them.

    `handed` are the calls that the environment was handed since `observation`. Those of which `records` say that they
    took no effect leave none.
    """
    executed = [record for record in records if was_executed(record)]
    took = {record.call_digest for record in executed if record.ok or unknown_outcome(record)}
    took |= {call.digest for call in handed} - {record.call_digest for record in executed}
    since = len(_calls(observation)) + len(handed)
    found = [_doubted(conduct, observation, call.call, since) for call in handed if call.digest in took]
    return tuple(doubt for doubt in found if doubt is not None)


def _doubted(conduct: Conduct, observation: Observation, call: dict[str, Any], since: int) -> Doubt | None:
    """The doubt about a call that may have taken effect; None where it may be repeated."""
    tool = conduct.by_name.get(str(call.get("tool")))
    if tool is not None and tool.effect in (ToolEffect.READ_ONLY, ToolEffect.IDEMPOTENT):
        return None
    named = frozenset(strings(call.get("arguments"))) & _known(observation)
    return Doubt(own(call), named, since)


def settled(conduct: Conduct, doubts: tuple[Doubt, ...], step: TraceStep) -> tuple[Doubt, ...]:
    """The doubts that are left after a call: one that succeeded settles what went before it under the same key."""
    if not step.ok or not isinstance(step.call, dict):
        return doubts
    call, tool = step.call, conduct.by_name.get(str(step.call.get("tool")))
    return tuple(doubt for doubt in doubts if not (_of(tool, doubt.call) and same_key(tool, doubt.call, call)))


def remaining(conduct: Conduct, doubts: tuple[Doubt, ...], observation: Observation) -> tuple[Doubt, ...]:
    """The doubts that are still open; a doubt ends when somebody has looked.

    That is when all known resources that the call named have been seen anew. Where it named none, as a call that makes
    something new, a later successful reading call ends it: any, if the call can be undone, and else one that speaks of
    what the call spoke of.
    """
    return tuple(doubt for doubt in doubts if not _looked(conduct, doubt, observation))


def _looked(conduct: Conduct, doubt: Doubt, observation: Observation) -> bool:
    later = [call for call in _calls(observation)[doubt.since :] if call.get("ok") is True]
    if doubt.named:
        return doubt.named <= {identity for call in later for identity in _shown(conduct, call)}
    name, arguments = parts(doubt.call)
    reversible = name in conduct.by_name and conduct.by_name[name].effect is ToolEffect.REVERSIBLE
    spoken = set(strings(arguments))
    for call in later:
        tool = conduct.by_name.get(str(call.get("tool")))
        if tool is None or tool.effect is not ToolEffect.READ_ONLY:
            continue
        if reversible or not spoken.isdisjoint(strings([call.get("arguments"), call.get("result")])):
            return True
    return False


def _shown(conduct: Conduct, call: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The resources that a call's result showed, by id."""
    tool = conduct.by_name.get(str(call.get("tool")))
    return resources(call.get("result"), tool.identity if tool is not None else "id")


def in_doubt(conduct: Conduct, doubts: tuple[Doubt, ...], call: dict[str, Any]) -> bool:
    """Whether this call, or one that is the same to the policy, is of unknown outcome, and not the same by its key."""
    tool = conduct.by_name.get(str(call.get("tool")))
    bare = without_key(tool, call)
    return any(
        _of(tool, doubt.call)
        and conduct.mapping.same_act(without_key(tool, doubt.call), bare)
        and not same_key(tool, doubt.call, call)
        for doubt in doubts
    )


def _attempt(conduct: Conduct, attempt: Attempt, call: Any, word: Verdict) -> Attempt | None:
    if word.word == "retry" and word.after == 0:
        return attempt._replace(call=call, origin="retry", rule="")
    if word.word == "revise" and word.call is not None:
        revised = _same_act(conduct, call, dict(word.call))
        return attempt._replace(call=revised, origin="revision", rule=word.rule)
    return None


def _of(tool: Tool | None, call: dict[str, Any]) -> bool:
    return tool is not None and call.get("tool") == tool.name


def _same_act(conduct: Conduct, failed: Any, revised: dict[str, Any]) -> dict[str, Any]:
    """The revised call under the failed one's key, since to the service it is the same act, and under no other."""
    tool = conduct.by_name.get(str(revised.get("tool")))
    bare, argument = without_key(tool, revised), key_argument(tool)
    key = failed.get("arguments", {}).get(argument) if _of(tool, failed) else None
    return {**bare, "arguments": {**bare["arguments"], argument: key}} if key else bare


def _told(word: Verdict) -> str:
    if word.word == "retry":
        return f"Try it again after {word.after} further steps." if word.after else ""
    return word.hint or word.rule


def _calls(observation: Observation) -> list[dict[str, Any]]:
    """The calls that the view shows."""
    view = observation.view
    shown = view.get("calls") if isinstance(view, dict) else None
    return shown if isinstance(shown, list) else []


def _known(observation: Observation) -> frozenset[str]:
    """Ids of the resources that the view shows."""
    view = observation.view
    shown = view.get("resources") if isinstance(view, dict) else None
    return frozenset(shown) if isinstance(shown, dict) else frozenset()
