"""A played session with the truth beside it: what the metrics are computed from."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, TypeAlias

from bridle.authorization import Decision, Outcome
from bridle.harness import canonical
from bridle.runtime.ruling import IN_DOUBT, OUTSIDE_SURFACE
from bridle.trace import TraceStep

Ending: TypeAlias = Literal["", "done", "limit", "illegal"]
"""How an episode ended: by its own rules, by a limit, by a limit at an inapplicable call; empty where nobody said."""


_UNREAD = ("result", "proposed_digest", "call_digest")
_SAME = "="


class Spent(NamedTuple):
    """What an agent spent on an episode. Tokens and US dollars are None where they are not known, never 0."""

    calls: int
    tokens: int | None = None
    usd: float | None = None


class Routed(NamedTuple):
    """A decision where something goes. `person` says that a person was asked, rather than work moved on."""

    to: str
    correct: bool
    person: bool


class AssessedStep(NamedTuple):
    """A traced step, and what a probe and the policy said of its calls at that moment, whatever became of them.

    `proposed_legal` and `final_legal` are the environment's truth on the proposal and on the final call: None where
    there is no such call, or nobody knows. `denied` is True where the policy denies, or would deny, the call. `asked`
    is the digest of all that a view showed with the proposal: two steps with one digest are the same question. Empty
    where nobody needs it.
    """

    step: TraceStep
    proposed_legal: bool | None
    final_legal: bool | None
    denied: bool = False
    asked: str = ""

    @property
    def proposal(self) -> bool:
        """Whether the step is a proposal of its own."""
        return self.step.origin in ("agent", "harness")

    @property
    def refused(self) -> bool:
        """Whether harness or guard let nothing through."""
        return self.step.answered_by in ("harness", "guard")

    @property
    def escalated(self) -> bool:
        """Whether the harness asked for a person instead."""
        return self.step.verdict == "escalate"

    @property
    def asks_person(self) -> bool:
        """Whether the harness asked for a person: instead of the call, or after it had failed."""
        return self.escalated or self.step.recovery == "escalate"

    @property
    def wanted(self) -> bool:
        """Whether the proposal is applicable, not denied, and nothing that the guard stops for reasons of its own."""
        stopped = self.step.answered_by == "guard" and self.step.error_class in (IN_DOUBT, OUTSIDE_SURFACE)
        return self.proposal and self.proposed_legal is True and not self.denied and not stopped

    def to_json(self) -> dict[str, Any]:
        """As a JSON object, without what the call returned and without digests: they are most of a trace, and no metric
        reads them.
        """
        step = self.step.to_json() | dict.fromkeys(_UNREAD)
        if step["decision"] is not None:
            step["decision"] = step["decision"]["outcome"]
        for name in ("proposed", "call"):
            if not _is_json(step[name]):
                step[name] = repr(step[name])
        if step["call"] == step["proposed"]:
            step["call"] = _SAME
        return {
            "step": {name: value for name, value in step.items() if value not in ("", None)},
            "truth": [self.proposed_legal, self.final_legal],
            "denied": self.denied,
            "asked": self.asked,
        }

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> AssessedStep:
        """The step that `to_json` wrote."""
        fields = {"proposed": None, "call": None, **record["step"]}
        if fields["call"] == _SAME:
            fields["call"] = fields["proposed"]
        if "decision" in fields:
            outcome = Outcome(fields["decision"])
            fields["decision"] = Decision(outcome=outcome, request_digest="", policy_digest="")
        step = TraceStep(**fields)
        proposed, final = record["truth"]
        return cls(step, proposed, final, record["denied"], record["asked"])


@dataclass(frozen=True, kw_only=True)
class AssessedEpisode:
    """One episode, as it was played.

    `scenario` identifies it for pairing and `template` clusters it; without one it is a cluster of its own. `change`
    names what was changed in it, where the environment is a variant.
    `needs_person` says that it can't be completed without a person, so that escalating is right, and `person` who that
    is. `routed` are the decisions where work or a question goes, each with whether it went where it belongs. `rewards`
    are the environment's, `spent` what the agent used, where it knows.
    """

    scenario: Hashable
    steps: tuple[AssessedStep, ...]
    success: bool
    template: str = ""
    change: str = ""
    needs_person: bool = False
    person: str = ""
    routed: tuple[Routed, ...] = ()
    ending: Ending = ""
    rewards: tuple[float, ...] = ()
    spent: Spent | None = None

    @property
    def cluster(self) -> Hashable:
        """What the episode's steps and outcome are clustered by."""
        return self.template or self.scenario

    def to_json(self) -> dict[str, Any]:
        """As a JSON object; a scenario has to be a tuple of JSON values."""
        record: dict[str, Any] = {name: getattr(self, name) for name in self.__dataclass_fields__}
        record["steps"] = [step.to_json() for step in self.steps]
        record["scenario"] = list(record["scenario"])
        record["rewards"] = list(self.rewards)
        record["routed"] = [list(routed) for routed in self.routed]
        record["spent"] = None if self.spent is None else list(self.spent)
        return record

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> AssessedEpisode:
        """The episode that `to_json` wrote."""
        fields = dict(record)
        fields["steps"] = tuple(AssessedStep.from_json(step) for step in record["steps"])
        fields["scenario"], fields["rewards"] = tuple(record["scenario"]), tuple(record["rewards"])
        fields["routed"] = tuple(Routed(*routed) for routed in record["routed"])
        fields["spent"] = None if record["spent"] is None else Spent(*record["spent"])
        return cls(**fields)


def _is_json(value: Any) -> bool:
    """Whether a proposal can be kept as it is; agents propose what they like."""
    try:
        canonical(value)
    except (ValueError, TypeError, RecursionError):
        return False
    return True
