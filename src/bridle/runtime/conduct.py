"""How calls are conducted: by which reviewer, with which tools and mapping, within which bounds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, TypeAlias, get_args

from bridle.arguments import ArgumentCheck
from bridle.errors import UsageError
from bridle.runtime.keys import key_argument
from bridle.runtime.policies.mapping import RequestMapping
from bridle.runtime.reviewer import Reviewer
from bridle.runtime.rewrite import RewriteRules
from bridle.runtime.surface import Surface
from bridle.runtime.tally import Expected, sound
from bridle.trace import Tool, ToolEffect

OnFailure: TypeAlias = Literal["reject", "escalate", "direct"]
"""What becomes of a call when the harness crashes, hangs or answers nonsense: the agent is told, a person is asked, or
the call goes to the policy engine unreviewed."""

DIRECT_EFFECTS = frozenset((ToolEffect.READ_ONLY, ToolEffect.REVERSIBLE))
"""Effects with which a tool's calls may go unreviewed."""


@dataclass(frozen=True, kw_only=True)
class Conduct:
    """What holds for every turn of a session.

    Bounds: `attempts` the proposals that may be refused in a row before a person is asked, `retries` the automatic
    calls that one turn may make after its first one failed, `repairs` the calls of one turn that the harness may
    change, `escalations` those of the session after which it waits for a person, `calls` those that the session may
    execute.

    A person is asked as well where the agent's own `confidence`, if it states one, lies below this, and where a metric
    leaves its `expected` range. `addressee` is whom the guard's own escalations go to. `on_failure` says, tool by tool,
    what a failure of the harness leads to (reject where it says nothing). `surface` is what the release may touch; None
    is everything. `session` names the session in idempotency keys, and has to be its alone; without it none are made.
    """

    reviewer: Reviewer
    tools: Sequence[Tool]
    mapping: RequestMapping
    attempts: int = 3
    retries: int = 2
    surface: Surface | None = None
    on_failure: Mapping[str, OnFailure] = field(default_factory=dict)
    repairs: int = 3
    escalations: int | None = None
    calls: int | None = None
    confidence: float = 0.0
    expected: Mapping[str, Expected] = field(default_factory=dict)
    addressee: str = ""
    session: str = ""

    def __post_init__(self) -> None:
        """UsageError where a bound makes no sense, or an unreviewed call could not be undone."""
        if self.attempts < 1 or self.retries < 0 or self.repairs < 0:
            raise UsageError("There is at least one attempt, and no negative number of retries or repairs.")
        if any(bound is not None and bound < 0 for bound in (self.escalations, self.calls)):
            raise UsageError("There is no negative number of escalations or calls; None stands for no bound.")
        if not 0.0 <= self.confidence <= 1.0:
            raise UsageError(f"A confidence lies from 0 to 1, and {self.confidence} does not; 0 asks for none.")
        sound(self.expected)
        if len(self.by_name) != len(self.tools):
            raise UsageError("Two tools have one name; give one of them another.")
        for tool in self.tools:
            if tool.idempotency_key is not None and key_argument(tool) is None:
                raise UsageError(f"{tool.name} takes no argument {tool.idempotency_key}, so that can't be its key.")
            if tool.compensation is not None and tool.compensation not in self.by_name:
                raise UsageError(f"{tool.name} is undone by {tool.compensation}, and there is no such tool; add it.")
        self._sound_ways()

    def _sound_ways(self) -> None:
        for name, way in self.on_failure.items():
            tool = self.by_name.get(name)
            if tool is None:
                raise UsageError(f"There is no tool {name!r} to say what a failure of the harness leads to.")
            if way not in get_args(OnFailure):
                raise UsageError(f"A failure on {name} can't lead to {way!r}; say {', '.join(get_args(OnFailure))}.")
            if way == "direct" and tool.effect not in DIRECT_EFFECTS:
                raise UsageError(
                    f"Calls of {name} are {tool.effect}: without a review they can't go on; use reject or escalate."
                )

    @cached_property
    def by_name(self) -> dict[str, Tool]:
        """The tools by their names."""
        return {tool.name: tool for tool in self.tools}

    @cached_property
    def fits(self) -> ArgumentCheck:
        """Tells whether a call fits its tool's schema."""
        return ArgumentCheck(self.tools)

    @cached_property
    def rewrites(self) -> RewriteRules:
        """The rules for rewrites."""
        return RewriteRules(mapping=self.mapping, fits=self.fits, tools=self.by_name.keys())
