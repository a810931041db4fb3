"""A denial is terminal: the same question gets the same answer until something that could change it has changed.

What could change it: the resource's version, the policy's digest, the declared context, and whatever else the policy is
told (who asks, the resource's properties). A question is the same however the call is spelled, and whatever it says in
arguments that the policy does not read.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from bridle.authorization import AuthorizationRequest, Decision, Outcome
from bridle.harness import digest

DENIED_BEFORE = "denied before, and nothing that the policy reads has changed"
"""The reason that is added when a denial is repeated from memory."""


class Denials:
    """The denials of one session. It only grows: a forgotten one could be asked again until it is permitted."""

    def __init__(self, volatile: Iterable[str] = ()) -> None:
        """`volatile` names keys of the context that change by themselves, such as a clock: they open nothing anew."""
        self._volatile = frozenset(volatile)
        self._denied: dict[tuple[str, str], Decision] = {}

    def question(self, request: AuthorizationRequest, version: str | int | None) -> str:
        """A digest that is the same for the same question on the same version of the resource."""
        asked = request.digest
        if self._volatile & request.context.keys():
            context = {key: value for key, value in request.context.items() if key not in self._volatile}
            asked = replace(request, context=context).digest
        return asked if version is None else digest([asked, version])

    def settled(self, question: str, policy_digest: str, request_digest: str) -> Decision | None:
        """The denial that this policy has already given to this question, if it has."""
        denial = self._denied.get((question, policy_digest))
        if denial is None:
            return None
        reasons = (*denial.reasons, DENIED_BEFORE)
        return replace(denial, request_digest=request_digest, reasons=reasons)

    def note(self, question: str, decision: Decision) -> None:
        """Remember a denial; an indeterminate decision denies nothing for good."""
        if decision.outcome is Outcome.DENY:
            self._denied.setdefault((question, decision.policy_digest), decision)
