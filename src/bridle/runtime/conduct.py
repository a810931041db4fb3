"""How calls are conducted: by which reviewer, with which tools and mapping, within which bounds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, TypeAlias

from bridle.arguments import ArgumentCheck
from bridle.errors import UsageError
from bridle.runtime.policies.mapping import RequestMapping
from bridle.runtime.reviewer import Reviewer
from bridle.runtime.rewrite import RewriteRules
from bridle.runtime.surface import Surface
from bridle.trace import Tool, ToolEffect

OnFailure: TypeAlias = Literal["reject", "escalate", "direct"]
"""What becomes of a call when the harness crashes, hangs or answers nonsense: the agent is told, a person is asked, or
the call goes to the policy engine unreviewed."""

DIRECT_EFFECTS = frozenset((ToolEffect.READ_ONLY, ToolEffect.REVERSIBLE))
"""Effects with which a tool's calls may go unreviewed."""


@dataclass(frozen=True, kw_only=True)
class Conduct:
    """What holds for every turn of a session.

    `attempts` bounds the proposals that may be refused in a row before a person is asked; `retries` the automatic calls
    that one turn may make after its first one failed. `on_failure` says, tool by tool, what a failure of the harness
    leads to (reject where it says nothing). `surface` is what the release may touch; None is everything.
    """

    reviewer: Reviewer
    tools: Sequence[Tool]
    mapping: RequestMapping
    attempts: int = 3
    retries: int = 2
    surface: Surface | None = None
    on_failure: Mapping[str, OnFailure] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """UsageError where a bound makes no sense, or an unreviewed call could not be undone."""
        if self.attempts < 1 or self.retries < 0:
            raise UsageError("There is at least one attempt, and no negative number of retries.")
        for name, way in self.on_failure.items():
            tool = self.by_name.get(name)
            if tool is None:
                raise UsageError(f"There is no tool {name!r} to say what a failure of the harness leads to.")
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
        return RewriteRules(mapping=self.mapping, fits=self.fits)
