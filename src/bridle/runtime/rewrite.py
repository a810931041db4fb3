"""What a rewrite must be: schema-valid, a fixpoint, and never another value of anything that the policy reads.

An equivalent spelling of what the policy reads is no other value (`"12.50"` and 12.5); the mapping says what that is.

Without the last rule a harness that is rewarded for completed calls would learn to lower a denied amount.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator
from dataclasses import dataclass
from typing import Any

from bridle.environment import Truth
from bridle.errors import Blame, Failure
from bridle.harness import Action
from bridle.runtime.effects import Effect
from bridle.runtime.frozen import FrozenCall, freeze, own
from bridle.runtime.policies.mapping import RequestMapping
from bridle.runtime.reviewer import Reviewer

CHANGED_INTENT = "changed-intent"
"""The kind of failure of a rewrite that changes a value which the policy reads."""

BAD_REWRITE = "rewrite"
"""The kind of failure of a rewrite that is not schema-valid, or that the harness itself would not accept."""


@dataclass(frozen=True, kw_only=True)
class RewriteRules:
    """The three rules. `fits` tells whether a call fits its tool's schema; `mapping` what the policy reads of it.

    `tools` are the names of all tools: one of them is no spelling of another, however alike they are.
    """

    mapping: RequestMapping
    fits: Callable[[Action], Truth]
    tools: Collection[str]

    def check(
        self, reviewer: Reviewer, view: Any, proposed: FrozenCall, rewritten: Any, seed: int
    ) -> Generator[Effect, Any, FrozenCall | Failure]:
        """The rewritten call where it may take the proposed one's place; else the harness's failure.

        The harness is asked again, to see that it accepts its own work.
        """
        final = freeze(rewritten)
        if isinstance(final, str):
            return _bad(BAD_REWRITE, final)
        fit = self.fits(final.call)
        if not fit:
            return _bad(BAD_REWRITE, f"the rewritten call does not fit its tool's schema: {fit.feedback}")
        changed = self.mapping.changed(proposed.call, final.call)
        if proposed.tool != final.tool and proposed.tool in self.tools:
            changed = ("tool",)
        if changed:
            return _bad(CHANGED_INTENT, f"the rewrite changes what the policy reads: {', '.join(changed)}")
        again = yield from reviewer.review(view, own(final.call), seed)
        if isinstance(again, Failure):
            return again
        if again.word != "accept":
            return _bad(BAD_REWRITE, f"the harness answers {again.word} to its own rewrite (rule {again.rule})")
        return final


def _bad(kind: str, message: str) -> Failure:
    return Failure(blame=Blame.HARNESS, kind=kind, message=message)
